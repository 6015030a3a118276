//! `dunlin graph`: a schema and a project's migrations as pictures.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use insta::assert_snapshot;
use support::{Database, Project, databases};

const CUSTOMERS: &str = "-- migrate:up\nCREATE TABLE customers (id integer NOT NULL PRIMARY KEY, city varchar(40) NOT NULL, note varchar(80));\n";

const ORDERS: &str = "-- migrate:up\nCREATE TABLE orders (id integer NOT NULL PRIMARY KEY, customer_id integer NOT NULL, parent_id \
                      integer, FOREIGN KEY (customer_id) REFERENCES customers (id), FOREIGN KEY (parent_id) REFERENCES orders \
                      (id));\nCREATE TABLE invoices (order_id integer NOT NULL UNIQUE, FOREIGN KEY (order_id) REFERENCES orders (id));\n";

fn shop() -> Project {
    Project::with(&[
        ("migrations/1_customers.sql", CUSTOMERS),
        ("migrations/2_orders.sql", ORDERS),
        ("migrations/3_more.sql", "-- migrate:up\nDROP TABLE invoices;\n"),
    ])
}

#[test]
fn a_schema_shows_tables_columns_and_keys_and_no_history() {
    let mut pictures = Vec::new();
    for database in databases() {
        let project = shop();
        let url = database.url();
        project.dunlin(&["up", "--steps", "2", "--url", &url]).success();
        let picture = project.dunlin(&["graph", "--as", "mermaid", "--url", &url]).success().stdout;
        // Only the names of types differ.
        let types = [("character_varying", "varchar"), ("int(11)", "integer"), (" int ", " integer ")];
        pictures.push(types.iter().fold(picture, |text, (from, to)| text.replace(from, to)));
    }
    assert!(pictures.iter().all(|picture| *picture == pictures[0]), "{pictures:#?}");
    assert_snapshot!(pictures[0]);
}

#[test]
fn an_svg_is_well_formed_and_has_every_name_escaped() {
    let database = Database::sqlite();
    let project = shop();
    let url = database.url();
    project.dunlin(&["up", "--steps", "2", "--url", &url]).success();
    database.sql("CREATE TABLE \"a<b>&c\" (\"d\"\"e\" integer)");
    project.dunlin(&["graph", "--output", "schema.svg", "--url", &url]).success();
    let svg = project.read("schema.svg");
    assert!(svg.contains("a&lt;b&gt;&amp;c") && svg.contains("d&quot;e"), "{svg}");
    assert_is_xml(&svg);
    for name in ["customers", "orders", "invoices", "customer_id"] {
        assert!(svg.contains(name), "{name}: {svg}");
    }
    assert!(!svg.contains("dunlin_migrations"), "{svg}");
    // A line for each foreign key.
    assert_eq!(svg.matches("class=\"key\"").count(), 3);
}

/// Python reads it; a test that cannot be judged is none.
fn assert_is_xml(text: &str) {
    use std::io::Write;
    let mut child = std::process::Command::new("python3")
        .args(["-c", "import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.stdin.buffer)"])
        .stdin(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "{text}");
}

#[test]
fn migrations_stand_in_their_order_with_their_states() {
    let database = Database::sqlite();
    let project = shop();
    let url = database.url();
    project.dunlin(&["up", "--steps", "2", "--url", &url]).success();
    assert_snapshot!(project.dunlin(&["graph", "migrations", "--as", "mermaid", "--url", &url]).success().stdout, @r#"
    flowchart TD
        m0["1 customers (applied)"]:::applied
        m1["2 orders (applied)"]:::applied
        m2["3 more (pending)"]:::pending
        m0 --> m1
        m1 --> m2
        classDef applied stroke:#2e7d32,stroke-width:2px
        classDef pending stroke:#1565c0,stroke-width:2px
    "#);
    assert_is_xml(&project.dunlin(&["graph", "migrations", "--url", &url]).success().stdout);
}

#[test]
fn branches_and_merges_of_alembic_are_drawn() {
    let revision = |id: &str, down: &str| {
        format!(
            "\"\"\"{id}\"\"\"\nrevision = \"{id}\"\ndown_revision = {down}\n\n\ndef upgrade():\n    pass\n"
        )
    };
    let project = Project::with(&[(
        "alembic.ini",
        "[alembic]\nscript_location = alembic\nsqlalchemy.url = sqlite:///clinic.db\n",
    )]);
    project.write(
        "alembic/env.py",
        "from alembic import context\nfrom sqlalchemy import engine_from_config\n\nconfig = context.config\nconnectable = \
         engine_from_config(config.get_section(config.config_ini_section), prefix=\"sqlalchemy.\")\nwith connectable.connect() as \
         connection:\n    context.configure(connection=connection, target_metadata=None)\n    with context.begin_transaction():\n        \
         context.run_migrations()\n",
    );
    for (id, down) in [("a1", "None"), ("b1", "\"a1\""), ("b2", "\"a1\""), ("c1", "(\"b1\", \"b2\")")] {
        project.write(&format!("alembic/versions/{id}_x.py"), revision(id, down));
    }
    let database = Database::sqlite();
    let picture = project
        .dunlin(&["graph", "migrations", "--as", "mermaid", "--url", &database.url()])
        .success()
        .stdout;
    let number = |id: &str| {
        let line = picture
            .split('\n')
            .find(|line| line.contains(&format!("[\"{id}")))
            .unwrap_or_else(|| panic!("{id}: {picture}"));
        line.trim().split('[').next().unwrap().to_owned()
    };
    for (parent, child) in [("a1", "b1"), ("a1", "b2"), ("b1", "c1"), ("b2", "c1")] {
        let line = format!("{} --> {}\n", number(parent), number(child));
        assert!(picture.contains(&line), "{line}{picture}");
    }
    assert_eq!(picture.matches("-->").count(), 4, "{picture}");
}
