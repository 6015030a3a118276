use super::*;

#[test]
fn without_a_history_everything_is_pending() {
    let states = states(&project(&SHOP), &History::default());
    assert!(states.iter().all(|(_, state, standing)| state == "pending" && *standing == Standing::Pending));
    assert_eq!(states.len(), 3);
}

#[test]
fn status_names_every_state() {
    let shop = project(&SHOP);
    let rows = vec![
        row_of("01", "customers", "migration", Some("0000")),
        row(&shop, "3"),
        row_of("4", "gone", "migration", Some("0000")),
    ];
    let seen = states(&shop, &history(rows));
    let expected = [
        ("01", "edited", Standing::Drifted),
        ("2", "pending (out of order)", Standing::Pending),
        ("3", "applied", Standing::Applied),
        ("4", "missing", Standing::Drifted),
    ];
    let expected = expected.map(|(id, state, standing)| (id.to_owned(), state.to_owned(), standing));
    assert_eq!(seen, expected);
}

#[test]
fn below_a_baseline_nothing_is_pending() {
    let seen = states(&project(&SHOP), &history(vec![row_of("2", "orders", "baseline", None)]));
    let expected = [
        ("1", "below baseline", Standing::Skipped),
        ("2", "baseline", Standing::Applied),
        ("3", "pending", Standing::Pending),
    ];
    let expected = expected.map(|(id, state, standing)| (id.to_owned(), state.to_owned(), standing));
    assert_eq!(seen, expected);
}

/// A baseline in the place of the first two migrations.
const SQUASHED: [(&str, &str); 2] = [
    (
        "2_baseline.sql",
        "-- migrate:baseline\nCREATE TABLE orders (id int);\n-- migrate:down\nDROP TABLE orders;\n",
    ),
    ("3_index.sql", "-- migrate:up\nCREATE INDEX i ON orders (id);\n"),
];

#[test]
fn a_baseline_file_stands_for_what_was_applied() {
    let squashed = project(&SQUASHED);
    let old =
        history(vec![row_of("1", "a", "migration", Some("00")), row_of("02", "b", "migration", Some("00"))]);
    let new = history(vec![row_of("2", "baseline", "baseline", Some(&squashed.files()[0].checksum()))]);
    let stopped = history(vec![row_of("1", "a", "migration", Some("00"))]);
    let marked = history(vec![row_of("2", "b", "baseline", None)]);
    let cases: [(&str, History, &[&str]); 5] = [
        ("empty", History::default(), &["pending", "pending"]),
        ("before the squash", old, &["replaced", "replaced", "pending"]),
        ("since", new, &["applied", "pending"]),
        ("stopped before it", stopped, &["replaced", "behind", "pending"]),
        ("marked", marked, &["baseline", "pending"]),
    ];
    for (name, history, expected) in cases {
        let found: Vec<String> = states(&squashed, &history).into_iter().map(|(_, state, _)| state).collect();
        assert_eq!(found, expected, "{name}");
    }
}
