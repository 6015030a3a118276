use insta::assert_snapshot;

use super::*;

#[test]
fn repair_accepts_edits_follows_renames_and_forgets_what_is_gone() {
    let shop = project(&SHOP);
    let mut renamed = row(&shop, "2");
    renamed[1] = Some("purchases".to_owned());
    let rows = history(vec![
        row_of("1", "customers", "migration", Some("0000")),
        renamed,
        row(&shop, "3"),
        row_of("4", "gone", "migration", Some("0000")),
    ]);
    let server = server(Dialect::Mysql);
    let plan =
        shop.repair(&Context { server: &server, history: &rows, answers: &[], unfinished: None }).unwrap();
    assert_snapshot!(setups(&plan).join("\n"), @"
    Accepting 1_customers as the file is now
    UPDATE `shop`.`dunlin_migrations` SET name = 'customers', checksum = '8515f9c237ccbca9ce6097f88dbf15a6d25a998941bd30fd83ae9367fda5429c' WHERE version = '1'
    Renaming 2_purchases to 2_orders
    UPDATE `shop`.`dunlin_migrations` SET name = 'orders', checksum = 'd0a4125f8977e5e13d27170e2a78eb7ec02771484b27da99067e53ba223e7d34' WHERE version = '2'
    Forgetting 4_gone, whose file is gone
    DELETE FROM `shop`.`dunlin_migrations` WHERE version = '4'
    ");
}

#[test]
fn repair_does_not_forget_a_whole_history() {
    let rows = history(vec![
        row_of("1", "customers", "migration", Some("0000")),
        row_of("2", "orders", "migration", Some("0000")),
    ]);
    let server = server(Dialect::Sqlite);
    let error = project(&[])
        .repair(&Context { server: &server, history: &rows, answers: &[], unfinished: None })
        .unwrap_err();
    assert_snapshot!(shown(&error), @"
    none of the 2 applied migrations has a file; nothing was repaired
      Check that this is the right project and database, and what `migrations` in dunlin.toml says.
    ");
}

#[test]
fn a_baseline_begins_an_empty_history_at_a_version() {
    let shop = project(&SHOP);
    let server = server(Dialect::Postgres);
    let baseline = |history: &History, version| {
        shop.baseline(&Context { server: &server, history, answers: &[], unfinished: None }, version)
    };
    let plan = baseline(&History::default(), Some("02")).unwrap();
    assert_snapshot!(setups(&plan)[1].replace(env!("CARGO_PKG_VERSION"), "VERSION"), @r#"
    Starting the history at baseline 2
    INSERT INTO "public"."dunlin_migrations" (version, name, kind, checksum, batch, execution_ms, applied_at, applied_by, dunlin_version) VALUES ('2', 'orders', 'baseline', NULL, 0, 0, pg_catalog.clock_timestamp(), 'shop', 'VERSION')
    "#);
    assert_eq!(
        baseline(&History::default(), Some("9")).unwrap().warnings,
        ["no migration file has version 9"]
    );

    let again = history(vec![row_of("2", "orders", "baseline", None)]);
    assert!(baseline(&again, Some("2")).unwrap().steps.is_empty());
    for (history, version) in
        [(&again, Some("3")), (&History::default(), None), (&History::default(), Some("0"))]
    {
        assert!(matches!(baseline(history, version), Err(AdapterError::Refused { .. })), "{version:?}");
    }
}
