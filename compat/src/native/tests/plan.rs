use insta::assert_snapshot;

use super::*;
use crate::backfill::Work;
use crate::model::Body;

#[test]
fn up_runs_what_is_pending_as_far_as_asked() {
    let shop = project(&SHOP);
    let none = History::default();
    assert_eq!(titles(&shop, &none, &Request::default()), ["1_customers", "2_orders", "3_index"]);
    for to in ["2", "002", "2_orders", "2_orders.sql"] {
        assert_eq!(titles(&shop, &none, &up(Some(to), None)), ["1_customers", "2_orders"], "{to}");
    }
    assert_eq!(titles(&shop, &none, &up(None, Some(1))), ["1_customers"]);
    let out_of_order = history(vec![row(&shop, "1"), row(&shop, "3")]);
    assert_eq!(titles(&shop, &out_of_order, &Request::default()), ["2_orders"]);
}

#[test]
fn up_creates_the_history_only_when_it_has_something_to_record() {
    let shop = project(&SHOP);
    let plan = plan_on(Dialect::Sqlite, &shop, &History::default(), &Request::default()).unwrap();
    assert!(matches!(plan.steps[0], Step::Setup(_)));
    let plan = plan_on(Dialect::Sqlite, &shop, &history(vec![row(&shop, "1")]), &Request::default()).unwrap();
    assert!(matches!(plan.steps[0], Step::Migration(_)));
    let plan = plan_on(Dialect::Sqlite, &project(&[]), &History::default(), &Request::default()).unwrap();
    assert_eq!(plan, Plan::default());
}

#[test]
fn up_to_what_is_applied_does_nothing_and_says_so() {
    let shop = project(&SHOP);
    let plan =
        plan_on(Dialect::Sqlite, &shop, &history(vec![row(&shop, "1")]), &up(Some("1"), None)).unwrap();
    assert_eq!(plan.warnings, ["1_customers is applied; nothing up to it is pending"]);
    assert!(plan.steps.is_empty());
}

#[test]
fn blocks_keep_place_and_transaction_rule() {
    let shop = project(&SHOP);
    let plan =
        plan_on(Dialect::Sqlite, &shop, &history(vec![row(&shop, "1")]), &up(Some("3"), None)).unwrap();
    let index = plan.migrations().nth(1).unwrap();
    assert_eq!(index.blocks.len(), 1);
    assert_eq!(index.blocks[0].transaction, TransactionRule::Never);
    assert_eq!(index.blocks[0].source.first_line, 2);
    assert_eq!(index.blocks[0].source.path, Path::new("migrations/3_index.sql"));
    assert_eq!(index.blocks[0].source.text, "CREATE INDEX i ON orders (id);\n");
}

#[test]
fn all_of_one_run_share_the_next_batch() {
    let shop = project(&SHOP);
    let plan = plan_on(Dialect::Sqlite, &shop, &history(vec![row(&shop, "1")]), &Request::default()).unwrap();
    let records: Vec<String> =
        plan.migrations().map(|step| step.record.success[0].with_elapsed("7")).collect();
    assert!(records.iter().all(|record| record.contains(", 2, 7, strftime(")), "{records:?}");
    assert_eq!(records.len(), 2);
}

#[test]
fn drift_stops_up_before_anything_runs() {
    let shop = project(&SHOP);
    let rows = vec![
        row_of("1", "customers", "migration", Some("0000")),
        row_of("02", "gone", "migration", Some("0000")),
    ];
    let two = project(&[SHOP[0], SHOP[2]]);
    assert_snapshot!(refusal(&two, &history(rows), &Request::default()), @"
    the history does not fit the migration files; nothing was run
      CHECKSUM_MISMATCH migrations/1_customers.sql: 1_customers was changed after it had been applied. Undo the change and put it into a new migration, or accept the file as it is with `dunlin repair`.
      MISSING_FILE 02_gone has been applied, but its file is gone. Bring the file back, or forget the migration with `dunlin repair`, which leaves what it did to the database.
    ");
    let server = server(Dialect::Sqlite);
    let edited = history(vec![row_of("1", "customers", "migration", Some("0000"))]);
    let context = Context { server: &server, history: &edited, answers: &[], unfinished: None };
    assert_eq!(shop.validate(&context).unwrap()[0].code, "CHECKSUM_MISMATCH");
}

#[test]
fn an_unknown_target_offers_what_is_near() {
    let shop = project(&[("20240101_customers.sql", SHOP[0].1), ("20240102_orders.sql", SHOP[1].1)]);
    assert_snapshot!(refusal(&shop, &History::default(), &up(Some("20240103"), None)), @"
    there is no migration 20240103
      Did you mean 20240102_orders, 20240101_customers?
    ");
    assert_snapshot!(refusal(&shop, &History::default(), &up(Some("x"), None)), @"
    there is no migration x
      `dunlin status` lists the migrations.
    ");
    assert_snapshot!(refusal(&project(&[]), &History::default(), &down(Some("1"), None)), @"
    there is no migration 1
      There are no migrations.
    ");
}

#[test]
fn down_reverts_one_unless_told_otherwise_from_the_highest_version_on() {
    let shop = project(&SHOP);
    let all = history(vec![row(&shop, "1"), row(&shop, "2"), row(&shop, "3")]);
    let cases = [
        (down(None, None), vec!["3_index"]),
        (down(None, Some(2)), vec!["3_index", "2_orders"]),
        (down(Some("1"), None), vec!["3_index", "2_orders"]),
        (down(Some("1"), Some(1)), vec!["3_index"]),
        (down(Some("0"), None), vec!["3_index", "2_orders", "1_customers"]),
        (down(Some("3"), None), vec![]),
    ];
    for (request, expected) in cases {
        assert_eq!(titles(&shop, &all, &request), expected, "{request:?}");
    }
    assert!(titles(&shop, &History::default(), &down(None, None)).is_empty());
}

#[test]
fn down_removes_the_row_as_the_history_spells_it() {
    let shop = project(&SHOP);
    let plan = plan_on(Dialect::Sqlite, &shop, &history(vec![row(&shop, "001")]), &down(None, None)).unwrap();
    let step = first_step(&plan);
    assert_eq!(step.id, "001");
    assert_eq!(step.blocks[0].source.text, "DROP TABLE customers;\n");
    assert_snapshot!(
        step.record.success[0].with_elapsed("7"),
        @r#"DELETE FROM "main"."dunlin_migrations" WHERE version = '001'"#
    );
}

#[test]
fn down_blocks_run_in_written_order() {
    let text = "-- migrate:down\nDROP INDEX i;\n-- migrate:up\nSELECT 1;\n-- migrate:down\nDROP TABLE t;\n";
    let one = project(&[("1_a.sql", text)]);
    let plan = plan_on(Dialect::Sqlite, &one, &history(vec![row(&one, "1")]), &down(None, None)).unwrap();
    let texts: Vec<&str> = first_step(&plan).blocks.iter().map(|block| block.source.text.as_str()).collect();
    assert_eq!(texts, ["DROP INDEX i;\n", "DROP TABLE t;\n"]);
}

#[test]
fn a_migration_that_cannot_be_reverted_refuses_the_whole_down() {
    let shop = project(&[
        ("1_no_down.sql", "-- migrate:up\nSELECT 1;\n"),
        ("2_blank_down.sql", "-- migrate:up\nSELECT 1;\n\n-- migrate:down\n\n"),
        ("3_index.sql", SHOP[2].1),
    ]);
    let rows = |versions: &[&str]| history(versions.iter().map(|version| row(&shop, version)).collect());
    assert_snapshot!(refusal(&shop, &rows(&["1", "3"]), &down(Some("0"), None)), @"
    migrations/1_no_down.sql:1: 1_no_down cannot be reverted: it has no `-- migrate:down`; nothing was run
      Write what reverts it under `-- migrate:down`; a comment there says that nothing needs to be done.
    ");
    assert_snapshot!(refusal(&shop, &rows(&["2", "3"]), &down(Some("0"), None)), @"
    migrations/2_blank_down.sql:4: 2_blank_down cannot be reverted: its down is empty; nothing was run
      Write what reverts it under `-- migrate:down`; a comment there says that nothing needs to be done.
    ");
    let gone = history(vec![row_of("2", "gone", "migration", Some("0000"))]);
    assert_snapshot!(refusal(&project(&[]), &gone, &down(None, None)), @"
    2_gone cannot be reverted: its file is gone; nothing was run
      Bring the file back, or forget the migration with `dunlin repair`.
    ");
}

#[test]
fn a_comment_in_down_says_that_nothing_needs_to_be_done() {
    let one = project(&[("1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n-- data stays\n")]);
    assert_eq!(titles(&one, &history(vec![row(&one, "1")]), &down(None, None)), ["1_a"]);
}

#[test]
fn an_edited_migration_is_reverted_with_a_warning() {
    let shop = project(&SHOP);
    let edited = history(vec![row_of("1", "customers", "migration", Some("0000"))]);
    let plan = plan_on(Dialect::Sqlite, &shop, &edited, &down(None, None)).unwrap();
    assert_eq!(
        plan.warnings,
        ["1_customers was changed after it had been applied; its down is run as the file says now"]
    );
}

#[test]
fn a_baseline_is_never_reverted() {
    let shop = project(&SHOP);
    let rows = history(vec![row_of("2", "orders", "baseline", None), row(&shop, "3")]);
    assert_eq!(titles(&shop, &rows, &down(None, Some(9))), ["3_index"]);
    assert_eq!(titles(&shop, &rows, &down(Some("2"), None)), ["3_index"]);
    let plan = plan_on(Dialect::Sqlite, &shop, &rows, &down(Some("0"), None)).unwrap();
    assert_eq!(plan.warnings, ["what was there at baseline 2 stays"]);
    assert_snapshot!(refusal(&shop, &rows, &down(Some("1"), None)), @"
    cannot go down to 1_customers: the history begins at baseline 2
      `down --to 2` reverts all that was applied since.
    ");
}

#[test]
fn an_up_must_say_at_least_that_it_does_nothing() {
    let blank = project(&[("1_a.sql", "-- migrate:up\n\n-- migrate:down\n\n")]);
    assert_snapshot!(refusal(&blank, &History::default(), &Request::default()), @"
    migrations/1_a.sql:1: the up of 1_a is empty; nothing was run
      Write the SQL, or a comment under `-- migrate:up` if there is nothing to do.
    ");
    let comment = project(&[("1_a.sql", "-- migrate:up\n-- kept for its number\n")]);
    assert_eq!(titles(&comment, &History::default(), &Request::default()), ["1_a"]);
}

#[test]
fn batches_are_blocks_named_by_their_place_in_the_file() {
    let text = "-- migrate:up\nSELECT 1;\n-- migrate:batch table=orders key=id size=500\nUPDATE orders SET a = 1 WHERE :range;\n\
                -- migrate:backfill plugin=status table=orders\n-- migrate:down\nSELECT 2;\n\
                -- migrate:batch table=orders direction=down\nUPDATE orders SET a = NULL WHERE :range;\n";
    let shop = project(&[SHOP[0], ("4_status.sql", text)]);
    let blocks = |history: &History, request: &Request| {
        let plan = plan_on(Dialect::Sqlite, &shop, history, request).unwrap();
        let step = plan.migrations().last().unwrap().clone();
        step.blocks.into_iter().map(|block| block.body).collect::<Vec<Body>>()
    };
    let ups = blocks(&History::default(), &Request::default());
    let [Body::Sql, Body::Backfill(batch), Body::Backfill(plugin)] = ups.as_slice() else {
        panic!("{ups:?}")
    };
    assert_eq!((batch.name.as_str(), batch.pace.size), ("4_status/1", Some(500)));
    assert_eq!(batch.change.work, Work::Sql { text: "UPDATE orders SET a = 1 WHERE :range;".into() });
    assert_eq!(plugin.name, "4_status/2");
    assert_eq!(plugin.change.work, Work::Plugin { name: "status".into(), inverse: false });

    let downs = blocks(&history(vec![row(&shop, "4")]), &down(None, None));
    let [Body::Sql, Body::Backfill(batch)] = downs.as_slice() else { panic!("{downs:?}") };
    assert_eq!(batch.name, "4_status/3");

    let server = server(Dialect::Sqlite);
    let context = Context { server: &server, history: &History::default(), answers: &[], unfinished: None };
    assert_eq!(shop.status(&context).unwrap()[1].kind, "backfill");
}
