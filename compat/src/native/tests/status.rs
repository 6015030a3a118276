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
