//! Statements that are safe where they stand.

use dunlin::ddl::ServerVersion;
use dunlin::lint::Severity;
use dunlin_compat::model::Dialect;

use crate::{database, linted, measure};

/// Migrations, each headed by `-- migration: …`; blocks in it that share no transaction are divided by `-- apart`.
const SAFE: &str = include_str!("safe.sql");

/// The schema that they stand on.
const SCHEMA: &str = include_str!("schema.sql");

/// A migration's name, and its statements with their transactions.
type Safe = (String, Vec<(String, Option<usize>)>);

fn migrations() -> Vec<Safe> {
    SAFE.split("-- migration: ")
        .skip(1)
        .map(|migration| {
            let (name, body) = migration.split_once('\n').unwrap();
            let mut all = Vec::new();
            for (index, block) in body.split("-- apart\n").enumerate() {
                let texts = measure::statements(block);
                let alone = texts.iter().any(|text| measure::is_alone(text));
                all.extend(texts.into_iter().map(|text| (text, (!alone).then_some(index))));
            }
            (name.to_owned(), all)
        })
        .collect()
}

#[test]
fn nothing_is_said_against_safe_statements() {
    let mut wrong = Vec::new();
    let mut count = 0;
    for version in [(15, 0, 0), (18, 0, 0)] {
        let server = ServerVersion { dialect: Dialect::Postgres, version };
        for (name, statements) in migrations() {
            count += statements.len();
            for finding in linted::findings(linted::migration(&statements), server, "") {
                if finding.severity > Severity::Note {
                    let (rule, statement) = (&finding.rule, &finding.statement);
                    wrong.push(format!("{name}: {rule} in {statement}: {}", finding.message));
                }
            }
        }
    }
    assert!(count >= 2 * 60, "{count}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_server_takes_the_safe_statements() {
    let Some(database) = database() else { return };
    database.sql(SCHEMA);
    for (name, statements) in migrations() {
        // One session, as a temporary table is one session's.
        let script: Vec<String> = statements
            .iter()
            .map(|(text, _)| format!("{};\n", text.replace(":from", "0").replace(":to", "1000")))
            .collect();
        let ran = database.try_sql(&script.concat());
        assert_eq!(ran.status, 0, "{name}: {ran}");
    }
}
