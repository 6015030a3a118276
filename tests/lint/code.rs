//! Migrations that are code, run on a scratch database for their statements.

use super::found;
use super::support::{Database, Need, Project, ServerKind, needs};

fn shop(database: &Database) -> Project {
    let (client, address) = database.knex_connection();
    let connection = if database.kind() == ServerKind::Sqlite {
        format!("{{ filename: '{address}' }}")
    } else {
        format!("'{address}'")
    };
    let project = Project::new();
    project.use_node_modules();
    project.write(
        "knexfile.js",
        format!(
            "module.exports = {{ client: '{client}', connection: {connection}, useNullAsDefault: true }};\n"
        ),
    );
    project.write(
        "migrations/20240101000000_orders.js",
        "exports.up = (knex) => knex.schema.createTable('orders', (table) => { table.integer('id').primary(); table.string('status'); \
         });\nexports.down = (knex) => knex.schema.dropTable('orders');\n",
    );
    project.write(
        "migrations/20240102000000_state.js",
        "exports.up = (knex) => knex.schema.alterTable('orders', (table) => { table.renameColumn('status', 'state'); \
         });\nexports.down = () => {};\n",
    );
    project
}

#[test]
fn what_code_sends_is_checked_and_leaves_nothing() {
    if !needs(&[Need::Knex]) {
        return;
    }
    for kind in [ServerKind::Sqlite, ServerKind::Postgres, ServerKind::MariaDb] {
        let Some(database) = Database::create(kind) else { continue };
        let project = shop(&database);
        let unseen = project.dunlin(&["lint", "--format", "json"]).success().json();
        assert_eq!(unseen["unseen"].as_array().unwrap().len(), 2, "{unseen:#}");
        project.dunlin(&["knex", "migrate:up"]).success();
        database.sql("INSERT INTO orders (id, status) VALUES (1, 'new')");
        let before = database.tables();
        let output = project.dunlin(&["lint", "--run-code", "--format", "json"]);
        assert_eq!(output.status, 5, "{kind:?}: {output}");
        assert!(found(&output).contains(&"rename-column error".to_owned()), "{kind:?}: {output}");
        let document = output.json();
        assert_eq!(document["unseen"].as_array().unwrap().len(), 0, "{document:#}");
        assert_eq!(document["findings"][0]["path"], "migrations/20240102000000_state.js");
        assert_eq!(database.tables(), before);
        assert_eq!(database.query("SELECT status FROM orders"), [["new"]]);
    }
}

/// Two statements that differ in a name of the same length, and a run that stops in the last migration.
#[test]
fn each_statement_of_code_is_checked_and_a_run_that_stops_is_told() {
    if !needs(&[Need::Knex]) {
        return;
    }
    let database = Database::sqlite();
    let project = shop(&database);
    project.write(
        "migrations/20240101500000_people.js",
        "exports.up = async (knex) => { for (const name of ['people', 'places']) await knex.schema.createTable(name, (table) => { \
         table.integer('id').primary(); table.string('status'); }); };\nexports.down = () => {};\n",
    );
    project.dunlin(&["knex", "migrate:up"]).success();
    project.dunlin(&["knex", "migrate:up"]).success();
    database.sql("INSERT INTO people (id) VALUES (1); INSERT INTO places (id) VALUES (1);");
    project.write(
        "migrations/20240102000000_state.js",
        "exports.up = async (knex) => { for (const name of ['people', 'places']) await knex.schema.alterTable(name, (table) => { \
         table.renameColumn('status', 'state'); }); await knex.raw('SELECT nothing FROM nowhere'); };\nexports.down = () => {};\n",
    );
    let output = project.dunlin(&["lint", "--run-code"]).exits(5);
    for table in ["people", "places"] {
        assert!(output.stdout.contains(&format!("code that names {table}.status")), "{table}\n{output}");
    }
    assert!(output.stdout.contains("stopped, and what would have been sent is not checked"), "{output}");
}
