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
