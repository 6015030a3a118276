//! What another tool's migration does, done by a batch, a plugin over rows and a plugin's step instead; the history has the
//! original. Neither Java nor Python is needed for it.

use std::fs;
use std::path::Path;

use super::process::dunlin;
use super::shop::tables_left;
use super::support::{Database, Output, Project, ServerKind, databases};

const ROWS: usize = 500;

/// Orders with a customer each, as the statements of a migration.
fn orders(kind: ServerKind) -> String {
    let text = if kind.is_mysql_like() { "varchar(80)" } else { "text" };
    let rows: Vec<String> = (1..=ROWS).map(|id| format!("({id}, 'Ada Lovelace')")).collect();
    format!(
        "CREATE TABLE orders (id integer NOT NULL PRIMARY KEY, customer {text} NOT NULL, touched integer NOT NULL DEFAULT 0);\n\
         INSERT INTO orders (id, customer) VALUES {};\n",
        rows.join(", ")
    )
}

/// What stands in for the second migration.
fn fill(kind: ServerKind, batch: &str) -> String {
    let text = if kind.is_mysql_like() { "varchar(80)" } else { "text" };
    format!(
        "-- migrate:up
ALTER TABLE orders ADD COLUMN given_name {text};
ALTER TABLE orders ADD COLUMN family_name {text};
CREATE TABLE unit (id integer NOT NULL PRIMARY KEY, parent_id integer, name {text} NOT NULL, path {text});
INSERT INTO unit VALUES (1, NULL, 'shop', 'shop'), (2, 1, 'garden', NULL), (3, 1, 'tools', NULL), (4, 3, 'saws', NULL);
-- migrate:batch table=orders size=100
{batch};
-- migrate:backfill plugin=split-name table=orders size=200
-- migrate:step plugin=reparent-tree
-- migrate:step plugin=reparent-tree direction=down
-- migrate:batch table=orders size=100 direction=down
UPDATE orders SET touched = touched - 1 WHERE :range;
-- migrate:down
ALTER TABLE orders DROP COLUMN given_name;
ALTER TABLE orders DROP COLUMN family_name;
DROP TABLE unit;
"
    )
}

fn project(settings: &str) -> Project {
    let project = Project::new();
    for plugin in ["split-name", "reparent-tree"] {
        let file = format!("plugins/{plugin}.wasm");
        let compiled = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        project.write(&file, fs::read(compiled).unwrap());
    }
    project.write(
        "dunlin.toml",
        format!(
            "{settings}\n[plugin.split-name.options]\nfull = \"customer\"\n\
             [plugin.reparent-tree.options]\ntable = \"unit\"\nbranch = 4\nfrom = 3\nto = 2\n"
        ),
    );
    project
}

#[track_caller]
fn assert_filled(database: &Database) {
    let kind = database.kind();
    let done =
        "SELECT count(*) FROM orders WHERE touched = 1 AND given_name = 'Ada' AND family_name = 'Lovelace'";
    assert_eq!(database.query(done), [[ROWS.to_string()]], "{kind:?}");
    assert_eq!(database.query("SELECT path FROM unit WHERE id = 4"), [["shop/garden/saws"]], "{kind:?}");
    assert!(tables_left(database).is_empty(), "{kind:?} {:?}", tables_left(database));
}

#[test]
fn blocks_stand_in_for_a_java_class() {
    for database in databases() {
        let kind = database.kind();
        let project = project("[flyway.stand-in]\n2 = \"stand-in/fill_totals.sql\"\n");
        project.write("sql/V1__orders.sql", orders(kind));
        project.write("sql/V3__more.sql", "CREATE TABLE more (id integer);\n");
        project.write("src/main/java/db/migration/V2__Fill_totals.java", "class V2__Fill_totals {}\n");
        // Flyway's placeholders are replaced in it as in any file.
        let batch = "UPDATE orders SET touched = touched + ${step} WHERE :range";
        project.write("stand-in/fill_totals.sql", fill(kind, batch));
        let flyway = |command: &str| -> Output {
            let mut arguments = vec!["flyway".to_owned()];
            arguments.extend(database.flyway_arguments());
            arguments.push("-locations=filesystem:sql,classpath:db/migration".to_owned());
            arguments.extend(["-placeholders.step=1".to_owned(), command.to_owned()]);
            project.dunlin(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
        };
        flyway("migrate").success();
        assert_filled(&database);
        let recorded =
            "SELECT version, description, type, script, checksum FROM flyway_schema_history ORDER BY version";
        let row = ["2", "Fill totals", "JDBC", "db.migration.V2__Fill_totals"].map(str::to_owned);
        assert_eq!(database.query(recorded)[1][..4], row, "{kind:?}");
        flyway("validate").success();
    }
}

const ENVIRONMENT: &str = "\
from alembic import context
from sqlalchemy import create_engine

with create_engine(context.config.get_main_option(\"sqlalchemy.url\")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
";

fn revision(id: &str, before: &str) -> String {
    format!(
        "\"\"\"{id}\"\"\"\n\nrevision = \"{id}\"\ndown_revision = {before}\n\n\ndef upgrade():\n    raise NotImplementedError\n"
    )
}

#[test]
fn blocks_stand_in_for_a_revision_up_and_down() {
    for database in databases() {
        let kind = database.kind();
        let stand_ins = "[alembic.stand-in]\na1 = \"stand-in/a1.sql\"\nb2 = \"stand-in/b2.sql\"\nc3 = \"stand-in/c3.sql\"\n";
        let project = project(stand_ins);
        let url = database.sqlalchemy_url(None);
        let ini = format!("[alembic]\nscript_location = %(here)s/alembic\nsqlalchemy.url = {url}\n");
        project.write("alembic.ini", ini);
        project.write("alembic/env.py", ENVIRONMENT);
        for (id, before) in [("a1", "None"), ("b2", "\"a1\""), ("c3", "\"b2\"")] {
            project.write(&format!("alembic/versions/{id}.py"), revision(id, before));
        }
        // Plain SQL has no down.
        project.write("stand-in/a1.sql", orders(kind));
        project.write("stand-in/b2.sql", fill(kind, "UPDATE orders SET touched = touched + 1 WHERE :range"));
        let more = "-- migrate:up\nCREATE TABLE more (id integer);\n-- migrate:down\nDROP TABLE more;\n";
        project.write("stand-in/c3.sql", more);
        project.dunlin(&["alembic", "upgrade", "head"]).success();
        assert_filled(&database);
        assert_eq!(database.query("SELECT version_num FROM alembic_version"), [["c3"]], "{kind:?}");

        dunlin(&project, &database, &["down", "--to", "a1"]).success();
        assert_eq!(database.query("SELECT version_num FROM alembic_version"), [["a1"]], "{kind:?}");
        assert_eq!(database.query("SELECT sum(touched), count(*) FROM orders"), [["0", "500"]], "{kind:?}");
        assert!(!database.tables().iter().any(|table| table == "unit" || table == "more"), "{kind:?}");
        let refused = dunlin(&project, &database, &["down", "--to", "0"]).exits(1);
        assert!(refused.stderr.contains("has no down; nothing was run"), "{kind:?} {refused}");

        project.write("dunlin.toml", "[alembic.stand-in]\nb9 = \"stand-in/a1.sql\"\n");
        let refused = dunlin(&project, &database, &["up"]).exits(1);
        assert!(refused.stderr.contains("the stand-in for b9 fits no revision"), "{kind:?} {refused}");
    }
}
