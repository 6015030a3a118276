//! Migrations of each tool that cannot be taken back, as far as their files tell.

use super::found;
use super::support::Project;

fn missing(project: &Project, dialect: &str) -> Vec<String> {
    let output = project.dunlin(&["lint", "--no-database", "--dialect", dialect, "--format", "json"]);
    assert!([0, 5].contains(&output.status), "{output}");
    let document = output.json();
    let findings = document["findings"].as_array().unwrap().iter();
    let missing = findings.filter(|finding| finding["rule"] == "missing-down");
    missing.map(|finding| format!("{}:{}", finding["path"].as_str().unwrap(), finding["line"])).collect()
}

#[test]
fn alembic_revisions_whose_downgrade_does_nothing() {
    let revision = |id: &str, down: &str, body: &str| {
        format!(
            "revision = '{id}'\ndown_revision = {down}\n\n\ndef upgrade():\n    op.drop_index('x')\n\n\ndef downgrade():\n    {body}\n"
        )
    };
    let project = Project::with(&[
        (
            "alembic.ini",
            "[alembic]\nscript_location = migrations\nsqlalchemy.url = postgresql://localhost/shop\n",
        ),
        (
            "migrations/env.py",
            "from alembic import context\n\ncontext.configure(url='postgresql://localhost/shop')\nwith context.begin_transaction():\n    context.run_migrations()\n",
        ),
        ("migrations/versions/a1_first.py", &revision("a1", "None", "pass")),
        ("migrations/versions/a2_second.py", &revision("a2", "'a1'", "op.create_index('x', 't', ['c'])")),
    ]);
    assert_eq!(missing(&project, "postgres"), ["migrations/versions/a1_first.py:9"]);
}

#[test]
fn knex_migrations_without_a_down() {
    let project = Project::with(&[
        ("knexfile.js", "module.exports = { client: 'pg', connection: 'postgres://localhost/shop' };\n"),
        (
            "migrations/1_a.js",
            "exports.up = (knex) => knex.schema.dropTable('a');\nexports.down = () => {};\n",
        ),
        (
            "migrations/2_b.js",
            "exports.up = (knex) => knex.schema.dropTable('b');\nexports.down = (knex) => knex.raw('x');\n",
        ),
        ("node_modules/knex/package.json", "{ \"name\": \"knex\", \"version\": \"3.1.0\" }\n"),
    ]);
    assert_eq!(missing(&project, "postgres"), ["migrations/1_a.js:2"]);
}

#[test]
fn rails_migrations_that_cannot_be_reversed() {
    let project = Project::with(&[
        ("config/database.yml", "development:\n  adapter: postgresql\n  database: shop\n"),
        ("Gemfile.lock", "GEM\n  specs:\n    activerecord (7.1.3)\n    rails (7.1.3)\n"),
        (
            "db/migrate/20240101000000_drop_note.rb",
            "class DropNote < ActiveRecord::Migration[7.1]\n  def change\n    remove_column :orders, :note\n  end\nend\n",
        ),
        (
            "db/migrate/20240102000000_add_note.rb",
            "class AddNote < ActiveRecord::Migration[7.1]\n  def change\n    add_column :orders, :note, :text\n  end\nend\n",
        ),
    ]);
    assert_eq!(missing(&project, "postgres"), ["db/migrate/20240101000000_drop_note.rb:3"]);
}

#[test]
fn flyway_migrations_without_an_undo_where_others_have_one() {
    let project = Project::with(&[
        ("flyway.conf", "flyway.url=jdbc:postgresql://localhost/shop\nflyway.locations=filesystem:sql\n"),
        ("sql/V1__a.sql", "CREATE TABLE a (id bigint PRIMARY KEY);\n"),
        ("sql/V2__b.sql", "CREATE TABLE b (id bigint PRIMARY KEY);\n"),
    ]);
    assert_eq!(missing(&project, "postgres"), Vec::<String>::new());
    project.write("sql/U1__a.sql", "DROP TABLE a;\n");
    assert_eq!(missing(&project, "postgres"), ["sql/V2__b.sql:1"]);
    // What is found at a file that is SQL is allowed there.
    project.write(
        "sql/V2__b.sql",
        "-- dunlin:allow-file missing-down: it is the baseline of the branch\nCREATE TABLE b (id bigint PRIMARY KEY);\n",
    );
    let output = project.dunlin(&["lint", "--no-database", "--dialect", "postgres", "--format", "json"]);
    assert_eq!(found(&output), Vec::<String>::new());
}
