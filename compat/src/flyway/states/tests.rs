use super::*;
use crate::flyway::history::AppliedMigration;

/// `V1 SQL 10` style: type, version or `R:description`, checksum.
fn file(kind: MigrationType, id: &str, checksum: i32) -> Resolved {
    let version = (!id.starts_with("R:")).then(|| MigrationVersion::parse(id).unwrap());
    Resolved {
        description: id.trim_start_matches("R:").to_owned(),
        version,
        kind,
        script: format!("{id}.sql"),
        checksum: Some(checksum),
        equivalent_checksum: None,
        path: format!("/shop/{id}.sql"),
        should_execute_expression: None,
        should_execute: true,
        index: 0,
    }
}

fn sql(id: &str) -> Resolved {
    file(MigrationType::Sql, id, 1)
}

fn row(rank: i64, kind: MigrationType, id: &str, checksum: Option<i32>, success: bool) -> AppliedMigration {
    let version = (!id.starts_with("R:")).then(|| MigrationVersion::parse(id).unwrap());
    AppliedMigration {
        rank,
        version,
        description: id.trim_start_matches("R:").to_owned(),
        kind,
        script: format!("{id}.sql"),
        checksum,
        installed_on: None,
        installed_by: String::new(),
        execution_time: 0,
        success,
    }
}

fn done(rank: i64, id: &str) -> AppliedMigration {
    row(rank, MigrationType::Sql, id, Some(1), true)
}

/// Lines as `id state`.
fn lines(files: &[Resolved], rows: &[AppliedMigration], rules: &Rules) -> Vec<String> {
    let infos = Infos::new(files, rows, rules).unwrap();
    infos
        .all
        .iter()
        .map(|info| {
            let id = info
                .version()
                .map_or_else(|| info.description().to_owned(), ToString::to_string);
            format!("{id} {} {}", info.kind(), info.state)
        })
        .collect()
}

fn check(files: &[Resolved], rows: &[AppliedMigration], expected: &[&str]) {
    assert_eq!(lines(files, rows, &Rules::latest()), expected);
}

#[test]
fn an_empty_project_has_nothing() {
    check(&[], &[], &[]);
}
