//! What people see of a difference, and how `diff` ends.

use insta::assert_snapshot;

use crate::support::{Database, Project, ServerKind, databases};

#[test]
fn a_difference_reads_like_a_patch() {
    let Some(first) = Database::create(ServerKind::Postgres) else { return };
    let second = Database::create(ServerKind::Postgres).unwrap();
    let setup = "CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL, city text);
        CREATE INDEX customers_city ON customers (city);
        CREATE FUNCTION total(a int) RETURNS int LANGUAGE sql AS $$\n  SELECT a\n    + 1;\n$$;";
    first.sql(setup);
    second.sql(setup);
    second.sql(
        "DROP INDEX customers_city; ALTER TABLE customers ADD email text DEFAULT '' NOT NULL, ALTER name TYPE varchar(80);
         COMMENT ON TABLE customers IS 'who buys';
         CREATE OR REPLACE FUNCTION total(a int) RETURNS int LANGUAGE sql AS $$\n  SELECT a\n    + 2;\n$$;
         CREATE VIEW cities AS SELECT DISTINCT city FROM customers;",
    );
    let output = Project::new().dunlin(&["diff", &first.url(), &second.url()]).exits(3);
    assert_snapshot!(output.stdout, @"
    ~ function public.total(integer)
      ~ definition
          AS $function$
            SELECT a
        -     + 1;
        +     + 2;
          $function$
    ~ table public.customers
      + comment: who buys
      - index customers_city: CREATE INDEX customers_city ON public.customers USING btree (city)
      ~ column name
        ~ type: text → character varying(80)
      + column email: text, default ''::text, not null
    + view public.cities
      +  SELECT DISTINCT customers.city
      +    FROM public.customers;
      + column city: text
    ");
}

#[test]
fn a_database_is_compared_with_the_projects_own() {
    for database in databases() {
        let project = Project::with(&[(
            "migrations/1_orders.sql",
            "-- migrate:up\nCREATE TABLE orders (id integer);\n-- migrate:down\nDROP TABLE orders;\n",
        )]);
        let other = Database::create(database.kind()).unwrap();
        other.sql("CREATE TABLE orders (id integer);");
        let diff = |arguments: &[&str]| {
            let (other, own) = (other.url(), database.url());
            let arguments = [&["diff", &other, "--url", &own], arguments].concat();
            project.dunlin(&arguments)
        };
        let missing = diff(&[]).exits(3);
        assert!(missing.stdout.starts_with("- table "), "{missing}");
        project.dunlin(&["up", "--url", &database.url()]).success();
        // Its history is no part of what migrations are about, unless it is asked for.
        assert_eq!(diff(&[]).exits(0).stdout, "The schemas are the same.\n");
        assert!(diff(&["--with-history"]).exits(3).stdout.contains("dunlin_migrations"));
    }
}

#[test]
fn databases_of_two_kinds_are_not_compared() {
    let Some(first) = Database::create(ServerKind::Postgres) else { return };
    let output = Project::new().dunlin(&["diff", &first.url(), "sqlite:no.db"]).exits(2);
    assert!(
        output.stderr.contains("a PostgreSQL database cannot be compared with one of SQLite"),
        "{output}"
    );
}

#[test]
fn nothing_is_not_compared_with_nothing() {
    let output = Project::new().dunlin(&["diff", "sqlite:nowhere.db", "sqlite:neither.db"]).exits(1);
    assert!(output.stderr.contains("neither a file nowhere.db nor neither.db"), "{output}");
}
