use super::*;
use crate::alembic::test_graph::{DIAMOND, TWO_BASES, graph, owned};
use crate::model::{Dialect, Quoting, Server};

/// The changes of each step, and the rows in the end.
fn steps(
    graph: &Graph,
    rows: &[&str],
    steps: impl IntoIterator<Item = VersionStep>,
) -> (Vec<String>, Vec<String>) {
    let mut rows = Rows::new(&owned(rows));
    let changes = steps.into_iter().map(|step| {
        let changes = rows.advance(graph, &step).unwrap();
        let shown: Vec<String> = changes
            .iter()
            .map(|change| match change {
                Change::Insert(id) => format!("+{id}"),
                Change::Delete(id) => format!("-{id}"),
                Change::Update { from, to } => format!("{from}>{to}"),
            })
            .collect();
        shown.join(" ")
    });
    let changes = changes.collect();
    let mut rows = rows.ids().to_vec();
    rows.sort();
    (changes, rows)
}

fn up(graph: &Graph, rows: &[&str], destination: &str) -> (Vec<String>, Vec<String>) {
    let nodes = graph.upgrade(destination, &owned(rows), &mut Vec::new()).unwrap();
    steps(graph, rows, nodes.into_iter().map(VersionStep::Upgrade))
}

fn down(graph: &Graph, rows: &[&str], destination: &str) -> (Vec<String>, Vec<String>) {
    let nodes = graph.downgrade(destination, &owned(rows), &mut Vec::new()).unwrap();
    steps(graph, rows, nodes.into_iter().map(VersionStep::Downgrade))
}

fn stamp(graph: &Graph, rows: &[&str], destinations: &[&str]) -> (Vec<String>, Vec<String>) {
    let stamps = graph.stamp(&owned(destinations), &owned(rows)).unwrap();
    steps(graph, rows, stamps.into_iter().map(VersionStep::Stamp))
}

fn expected(changes: &[&str], rows: &[&str]) -> (Vec<String>, Vec<String>) {
    (owned(changes), owned(rows))
}

#[test]
fn branches_get_a_row_each_and_a_merge_makes_them_one() {
    let graph = graph(&DIAMOND);
    assert_eq!(up(&graph, &[], "d"), expected(&["+a", "a>c", "+b", "-b c>d"], &["d"]));
    assert_eq!(down(&graph, &["d"], "base"), expected(&["+b d>c", "-b", "c>a", "-a"], &[]));
    assert_eq!(down(&graph, &["d"], "b").1, ["b", "c"]);
}

#[test]
fn what_a_row_depends_on_has_no_row_itself() {
    let graph = graph(&TWO_BASES);
    assert_eq!(up(&graph, &[], "bx@head"), expected(&["+a1", "a1>a2", "+b1", "-b1 a2>b2"], &["b2"]));
    assert_eq!(up(&graph, &["b2"], "ax@head"), expected(&["+a3"], &["a3", "b2"]));
    assert_eq!(down(&graph, &["b2", "a3"], "bx@b1"), expected(&["b2>b1"], &["a3", "b1"]));
    assert_eq!(down(&graph, &["b2"], "bx@b1"), expected(&["+b1 b2>a2"], &["a2", "b1"]));
    assert_eq!(down(&graph, &["a2", "b1"], "bx@base"), expected(&["-b1"], &["a2"]));
    assert_eq!(down(&graph, &["a3", "b2"], "-1"), expected(&["-a3"], &["b2"]));
}

#[test]
fn stamps_move_rows_up_down_and_beside() {
    let graph = graph(&TWO_BASES);
    assert_eq!(stamp(&graph, &["b2"], &["ax@a2"]), expected(&["b2>a2"], &["a2"]));
    assert_eq!(stamp(&graph, &["b2"], &["heads"]), expected(&["+a3"], &["a3", "b2"]));
    assert_eq!(stamp(&graph, &[], &["heads"]), expected(&["+b2", "+a3"], &["a3", "b2"]));
    assert_eq!(stamp(&graph, &["a1", "b1"], &["base"]), expected(&["-a1", "-b1"], &[]));
    assert_eq!(stamp(&graph, &["a1"], &["a3", "b1"]), expected(&["a1>a3", "+b1"], &["a3", "b1"]));
    assert_eq!(stamp(&graph, &["a3"], &["a3"]), expected(&[], &["a3"]));
    assert_eq!(stamp(&graph, &["a3"], &[]), expected(&["-a3"], &[]));
}

#[test]
fn rows_that_do_not_fit_are_refused() {
    let graph = graph(&DIAMOND);
    let mut rows = Rows::new(&owned(&["c"]));
    let step = VersionStep::Downgrade(graph.get("b").unwrap());
    let error = rows.advance(&graph, &step).unwrap_err();
    assert_eq!(error.to_string(), "the version table has no row for revision b");
}

fn server(dialect: Dialect, version: (u32, u32, u32)) -> Server {
    Server {
        dialect,
        version,
        version_text: String::new(),
        database: "clinic".to_owned(),
        schema: "clinic".to_owned(),
        user: "clinic".to_owned(),
        search_path: String::new(),
        session_id: 0,
        quoting: Quoting::of(dialect).into(),
        session_settings: Vec::new(),
        beginning: Vec::new(),
        reported_settings: Vec::new(),
    }
}

#[test]
fn statements_are_those_of_sqlalchemy() {
    let table = VersionTable::default();
    let cases = [
        (Dialect::Postgres, (12, 0, 0), " RETURNING alembic_version.version_num"),
        (Dialect::Mariadb, (10, 5, 0), " RETURNING alembic_version.version_num"),
        (Dialect::Mariadb, (10, 4, 34), ""),
        (Dialect::Mysql, (8, 4, 0), ""),
        (Dialect::Sqlite, (3, 50, 0), " RETURNING version_num"),
    ];
    for (dialect, version, returning) in cases {
        let server = server(dialect, version);
        assert_eq!(
            table.change(&Change::Insert("ae10".to_owned()), &server),
            format!("INSERT INTO alembic_version (version_num) VALUES ('ae10'){returning}")
        );
        assert_eq!(
            table.change(&Change::Update { from: "ae10".to_owned(), to: "27c6".to_owned() }, &server),
            "UPDATE alembic_version SET version_num='27c6' WHERE alembic_version.version_num = 'ae10'"
        );
        assert_eq!(
            table.change(&Change::Delete("ae10".to_owned()), &server),
            "DELETE FROM alembic_version WHERE alembic_version.version_num = 'ae10'"
        );
        assert_eq!(
            table.create(dialect),
            "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL, \n\tCONSTRAINT alembic_version_pkc \
             PRIMARY KEY (version_num)\n)"
        );
        assert_eq!(table.queries(&server).rows, "SELECT alembic_version.version_num FROM alembic_version");
        assert_eq!(table.purge(dialect), "DELETE FROM alembic_version");
    }
}

#[test]
fn a_table_without_a_key_returns_nothing() {
    let table = VersionTable { has_primary_key: false, ..VersionTable::default() };
    let server = server(Dialect::Postgres, (15, 0, 0));
    assert_eq!(
        table.create(server.dialect),
        "CREATE TABLE alembic_version (\n\tversion_num VARCHAR(32) NOT NULL\n)"
    );
    assert_eq!(
        table.change(&Change::Insert("ae10".to_owned()), &server),
        "INSERT INTO alembic_version (version_num) VALUES ('ae10')"
    );
}

#[test]
fn names_are_quoted_where_sqlalchemy_quotes_them() {
    let named = |schema: &str, name: &str| VersionTable {
        name: name.to_owned(),
        schema: Some(schema.to_owned()),
        has_primary_key: true,
    };
    let cases = [
        (Dialect::Postgres, "odd Schema", "My Table", r#""odd Schema"."My Table""#),
        (Dialect::Postgres, "clinic", "order", r#"clinic."order""#),
        (Dialect::Postgres, "1st", "versions_$", r#""1st".versions_$"#),
        (Dialect::Mysql, "clinic", "rank", "clinic.`rank`"),
        (Dialect::Mariadb, "clinic", "rank", "clinic.rank"),
        (Dialect::Sqlite, "temp", "größe", r#""temp"."größe""#),
    ];
    for (dialect, schema, name, expected) in cases {
        assert_eq!(named(schema, name).quoted(dialect), expected);
    }
    assert_eq!(
        named("odd", "My Table").create(Dialect::Postgres),
        "CREATE TABLE odd.\"My Table\" (\n\tversion_num VARCHAR(32) NOT NULL, \n\tCONSTRAINT \"My Table_pkc\" PRIMARY \
         KEY (version_num)\n)"
    );
}
