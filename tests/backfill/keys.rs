//! Going through tables by keys of every kind: each row once, in chunks far smaller than the table.

use super::process::dunlin;
use super::shop::{self, assert_each_touched_once};
use super::support::{Database, Project, ServerKind, databases};

/// Runs a counting batch over a table by a key.
#[track_caller]
fn count_up(database: &Database, table: &str, key: &str, sql: &str) -> serde_json::Value {
    let project = Project::new();
    let mut arguments =
        vec!["--format", "json", "backfill", "run", "count", "--table", table, "--size", "70", "--sql", sql];
    if !key.is_empty() {
        arguments.extend(["--key", key]);
    }
    let done = dunlin(&project, database, &arguments).success().json();
    dunlin(&project, database, &["backfill", "forget", "count"]).success();
    done
}

#[test]
fn a_table_is_gone_through_by_its_primary_key() {
    for database in databases() {
        shop::orders(&database, 1_000);
        let sql = "UPDATE orders SET touched = touched + 1 WHERE id BETWEEN :from AND :to";
        let done = count_up(&database, "orders", "", sql);
        assert_each_touched_once(&database, "orders", 1_000);
        assert_eq!((done["rows"].as_u64(), done["changed"].as_u64()), (Some(1_000), Some(1_000)));
        assert!(done["chunks"].as_u64().unwrap() >= 15, "{done}");
        assert!(shop::tables_left(&database).is_empty(), "{:?}", shop::tables_left(&database));
    }
}

#[test]
fn keys_may_have_several_columns() {
    for database in databases() {
        shop::orders(&database, 900);
        database.sql(
            "CREATE TABLE order_lines (order_id bigint NOT NULL, line varchar(10) NOT NULL, product integer NOT NULL,
                touched integer NOT NULL DEFAULT 0, PRIMARY KEY (order_id, line, product));
             INSERT INTO order_lines (order_id, line, product)
             SELECT id / 50, 'line', id FROM orders WHERE id <= 450;
             INSERT INTO order_lines (order_id, line, product) SELECT id / 50, 'other', id FROM orders WHERE id <= 450;",
        );
        count_up(&database, "order_lines", "", "UPDATE order_lines SET touched = touched + 1 WHERE :range");
        assert_each_touched_once(&database, "order_lines", 900);
        if database.kind() != ServerKind::MariaDb && database.kind() != ServerKind::MySql {
            let sql = "UPDATE order_lines SET touched = touched - 1 WHERE (order_id, line, product) >= (:from_order_id, :from_line, \
                       :from_product) AND (order_id, line, product) <= (:to_order_id, :to_line, :to_product)";
            count_up(&database, "order_lines", "order_id,line,product", sql);
            assert_eq!(database.query("SELECT min(touched), max(touched) FROM order_lines"), [["0", "0"]]);
        }
    }
}

#[test]
fn keys_may_be_uuids() {
    for database in databases() {
        shop::orders(&database, 500);
        let (uuid, random) = match database.kind() {
            ServerKind::Postgres => ("uuid", "gen_random_uuid()"),
            ServerKind::MariaDb => ("uuid", "uuid()"),
            ServerKind::MySql => ("binary(16)", "uuid_to_bin(uuid())"),
            ServerKind::Sqlite => ("blob", "randomblob(16)"),
        };
        database.sql(&format!(
            "CREATE TABLE payments (id {uuid} NOT NULL PRIMARY KEY, touched integer NOT NULL DEFAULT 0);
             INSERT INTO payments (id) SELECT {random} FROM orders;"
        ));
        count_up(
            &database,
            "payments",
            "",
            "UPDATE payments SET touched = touched + 1 WHERE id BETWEEN :from AND :to",
        );
        assert_each_touched_once(&database, "payments", 500);
    }
}

#[test]
fn keys_may_be_text_in_any_collation() {
    for database in databases() {
        shop::orders(&database, 400);
        let text = match database.kind() {
            ServerKind::Postgres => "text COLLATE \"C\"",
            ServerKind::MariaDb | ServerKind::MySql => {
                "varchar(60) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci"
            }
            ServerKind::Sqlite => "text COLLATE NOCASE",
        };
        let name = match database.kind() {
            ServerKind::MariaDb | ServerKind::MySql => {
                "CONCAT(CASE id % 4 WHEN 0 THEN 'Élan \\\\' WHEN 1 THEN 'b''quote ' WHEN 2 THEN 'B' ELSE 'ß 漢' END, id)"
            }
            _ => {
                "(CASE id % 4 WHEN 0 THEN 'Élan \\' WHEN 1 THEN 'b''quote ' WHEN 2 THEN 'B' ELSE 'ß 漢' END) || id"
            }
        };
        database.sql(&format!(
            "CREATE TABLE customers (nr integer NOT NULL PRIMARY KEY, name {text} NOT NULL UNIQUE, touched integer NOT NULL DEFAULT 0);
             INSERT INTO customers (nr, name) SELECT id, {name} FROM orders;"
        ));
        count_up(
            &database,
            "customers",
            "name",
            "UPDATE customers SET touched = touched + 1 WHERE name BETWEEN :from AND :to",
        );
        assert_each_touched_once(&database, "customers", 400);
        count_up(&database, "customers", "nr", "UPDATE customers SET touched = touched - 1 WHERE :range");
        assert_eq!(database.query("SELECT min(touched), max(touched) FROM customers"), [["0", "0"]]);
    }
}

#[test]
fn postgres_orders_text_by_the_columns_own_collation() {
    let Some(database) = Database::create(ServerKind::Postgres) else { return };
    shop::orders(&database, 300);
    database.sql(
        "CREATE COLLATION upper_first (provider = icu, locale = 'en-u-kf-upper');
         CREATE TABLE words (word text COLLATE upper_first PRIMARY KEY, touched integer NOT NULL DEFAULT 0);
         INSERT INTO words (word) SELECT CASE id % 3 WHEN 0 THEN 'ab' WHEN 1 THEN 'AB' ELSE 'Ab-' END || id FROM orders;",
    );
    count_up(&database, "words", "", "UPDATE words SET touched = touched + 1 WHERE :range");
    assert_each_touched_once(&database, "words", 300);
}

#[test]
fn an_empty_table_is_done_at_once() {
    for database in databases() {
        shop::orders(&database, 10);
        database.sql("DELETE FROM orders;");
        let done = count_up(&database, "orders", "", shop::COUNT_UP);
        assert_eq!((done["rows"].as_u64(), done["chunks"].as_u64()), (Some(0), Some(0)));
    }
}

#[test]
fn what_cannot_be_gone_through_is_refused_with_the_way_out() {
    for database in databases() {
        database.sql(
            "CREATE TABLE visits (at integer, mail varchar(40) UNIQUE, nr integer NOT NULL UNIQUE);
             INSERT INTO visits VALUES (1, NULL, 1);",
        );
        let project = Project::new();
        let refused = |table: &str, key: &[&str], sql: &str| {
            let mut arguments = vec!["backfill", "run", "x", "--table", table, "--sql", sql];
            arguments.extend(key);
            let output = dunlin(&project, &database, &arguments).exits(1);
            output.stderr
        };
        let sql = "UPDATE visits SET at = 1 WHERE :range";
        let told = refused("visits", &[], sql);
        assert!(told.contains("no primary key") && told.contains("key=nr"), "{told}");
        assert!(refused("visits", &["--key", "mail"], sql).contains("may be NULL"));
        assert!(refused("nothing", &[], sql).contains("there is no table nothing"));
        assert!(refused("visits", &["--key", "nr"], "UPDATE visits SET at = 1").contains("whole table"));
        assert!(
            refused("visits", &["--key", "nr"], "UPDATE visits SET at = :now WHERE :range")
                .contains("`:now`")
        );
        assert!(shop::tables_left(&database).is_empty(), "a refusal leaves nothing");
    }
}

#[test]
fn tables_without_transactions_are_refused() {
    for kind in [ServerKind::MariaDb, ServerKind::MySql] {
        let Some(database) = Database::create(kind) else { continue };
        database.sql("CREATE TABLE visits (nr integer NOT NULL PRIMARY KEY) ENGINE = MyISAM;");
        let sql = "UPDATE visits SET nr = nr WHERE :range";
        let output =
            dunlin(&Project::new(), &database, &["backfill", "run", "x", "--table", "visits", "--sql", sql]);
        assert!(output.exits(1).stderr.contains("has no transactions"));
    }
}
