use insta::assert_snapshot;

use super::*;

#[test]
fn a_history_that_dunlin_did_not_write_is_refused() {
    let shop = project(&SHOP);
    let cases = [
        vec![row_of("abc", "customers", "migration", None)],
        vec![row_of("1", "customers", "undo", None)],
        vec![vec![Some("1".to_owned())]],
        vec![row_of("1", "customers", "migration", None), row_of("01", "customers", "migration", None)],
    ];
    for rows in cases {
        let refused = refusal(&shop, &history(rows.clone()), &Request::default());
        assert!(refused.starts_with("the history has "), "{rows:?}: {refused}");
    }
}

/// What is sent to a server of this dialect around the first migration.
fn statements(dialect: Dialect) -> String {
    let shop = project(&[SHOP[0]]);
    let server = server(dialect);
    let queries = shop.history_queries(&server);
    let plan = plan_on(dialect, &shop, &History::default(), &Request::default()).unwrap();
    let step = first_step(&plan);
    let shown = [
        queries.exists,
        queries.rows,
        setups(&plan).join("\n"),
        step.session.join("; "),
        step.record.success[0].with_elapsed("7"),
    ];
    shown.join("\n").replace(env!("CARGO_PKG_VERSION"), "VERSION")
}

#[test]
fn each_server_gets_its_own_statements() {
    assert_snapshot!(statements(Dialect::Postgres), @r#"
    SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relname = 'dunlin_migrations' AND c.relkind IN ('r', 'p', 'v', 'f')
    SELECT version, name, kind, checksum, batch, pg_catalog.to_char(applied_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), plugin_sha256 FROM "public"."dunlin_migrations"
    Creating history table "public"."dunlin_migrations"
    CREATE TABLE IF NOT EXISTS "public"."dunlin_migrations" (version text NOT NULL PRIMARY KEY, name text NOT NULL, kind text NOT NULL, checksum text, batch bigint NOT NULL, applied_at timestamp with time zone NOT NULL, execution_ms bigint NOT NULL, applied_by text, dunlin_version text NOT NULL, plugin_name text, plugin_version text, plugin_sha256 text)
    RESET SESSION AUTHORIZATION; RESET ROLE; RESET ALL; SELECT pg_catalog.set_config('search_path', '"$user", public', false)
    INSERT INTO "public"."dunlin_migrations" (version, name, kind, checksum, batch, execution_ms, applied_at, applied_by, dunlin_version) VALUES ('1', 'customers', 'migration', '8515f9c237ccbca9ce6097f88dbf15a6d25a998941bd30fd83ae9367fda5429c', 1, 7, pg_catalog.clock_timestamp(), 'shop', 'VERSION')
    "#);
    assert_snapshot!(statements(Dialect::Mysql), @"
    SELECT 1 FROM information_schema.tables WHERE table_schema = 'shop' AND table_name = 'dunlin_migrations'
    SELECT version, name, kind, checksum, batch, DATE_FORMAT(applied_at, '%Y-%m-%dT%H:%i:%sZ'), plugin_sha256 FROM `shop`.`dunlin_migrations`
    Creating history table `shop`.`dunlin_migrations`
    CREATE TABLE IF NOT EXISTS `shop`.`dunlin_migrations` (version varchar(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL PRIMARY KEY, name varchar(255) NOT NULL, kind varchar(16) NOT NULL, checksum varchar(64), batch bigint NOT NULL, applied_at datetime(3) NOT NULL, execution_ms bigint NOT NULL, applied_by varchar(255), dunlin_version varchar(64) NOT NULL, plugin_name varchar(255), plugin_version varchar(64), plugin_sha256 varchar(64)) ENGINE = InnoDB CHARACTER SET utf8mb4
    SET SESSION sql_mode = DEFAULT, foreign_key_checks = DEFAULT, unique_checks = DEFAULT, sql_safe_updates = DEFAULT, time_zone = DEFAULT; USE `shop`
    INSERT INTO `shop`.`dunlin_migrations` (version, name, kind, checksum, batch, execution_ms, applied_at, applied_by, dunlin_version) VALUES ('1', 'customers', 'migration', '8515f9c237ccbca9ce6097f88dbf15a6d25a998941bd30fd83ae9367fda5429c', 1, 7, UTC_TIMESTAMP(3), 'shop', 'VERSION')
    ");
    assert_snapshot!(statements(Dialect::Sqlite), @r#"
    SELECT 1 FROM "main".sqlite_master WHERE type IN ('table', 'view') AND name = 'dunlin_migrations' COLLATE NOCASE
    SELECT version, name, kind, checksum, batch, applied_at, plugin_sha256 FROM "main"."dunlin_migrations"
    Creating history table "main"."dunlin_migrations"
    CREATE TABLE IF NOT EXISTS "main"."dunlin_migrations" (version TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL, kind TEXT NOT NULL, checksum TEXT, batch INTEGER NOT NULL, applied_at TEXT NOT NULL, execution_ms INTEGER NOT NULL, applied_by TEXT, dunlin_version TEXT NOT NULL, plugin_name TEXT, plugin_version TEXT, plugin_sha256 TEXT)

    INSERT INTO "main"."dunlin_migrations" (version, name, kind, checksum, batch, execution_ms, applied_at, applied_by, dunlin_version) VALUES ('1', 'customers', 'migration', '8515f9c237ccbca9ce6097f88dbf15a6d25a998941bd30fd83ae9367fda5429c', 1, 7, strftime('%Y-%m-%dT%H:%M:%SZ', 'now'), NULL, 'VERSION')
    "#);
    assert_eq!(statements(Dialect::Mariadb), statements(Dialect::Mysql));
}

#[test]
fn a_table_can_be_named_with_its_schema() {
    let table: TableName = "ops.history".parse().unwrap();
    assert_eq!(table.quoted(&server(Dialect::Postgres)), "\"ops\".\"history\"");
    for text in ["", "a.b.c", "a.", "\"a\"", "a b"] {
        assert!(text.parse::<TableName>().is_err(), "{text:?}");
    }
}

#[test]
fn without_a_schema_there_is_nowhere_for_the_history() {
    let shop = project(&SHOP);
    let mut server = server(Dialect::Postgres);
    server.schema = String::new();
    let context = Context { server: &server, history: &History::default(), answers: &[], unfinished: None };
    let error = shop.plan(&context, &Request::default()).unwrap_err();
    assert_snapshot!(shown(&error), @r#"
    there is no current schema to create the history table in: the session's search path names no schema that exists, or no database is selected
      Name the database in the URL, create the schema, or set `table = "<schema>.dunlin_migrations"` in dunlin.toml.
    "#);
}
