//! What Flyway itself shows for chosen histories: each expectation was compared with `flyway info` and `validate`.

use super::*;
use crate::flyway::config::IgnorePattern;
use crate::flyway::history::AppliedMigration;
use crate::flyway::validate::validate;

/// A file; the id is a version, or `R:` and a description.
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

fn failed(rank: i64, id: &str) -> AppliedMigration {
    row(rank, MigrationType::Sql, id, Some(1), false)
}

fn deletion(rank: i64, id: &str) -> AppliedMigration {
    row(rank, MigrationType::Delete, id, Some(1), true)
}

fn rules(target: &str) -> Rules {
    Rules { target: MigrationVersion::parse(target).unwrap(), ..Rules::latest() }
}

fn id(info: &MigrationInfo) -> String {
    info.version().map_or_else(|| info.description().to_owned(), ToString::to_string)
}

/// Lines as `id state`.
fn lines(files: &[Resolved], rows: &[AppliedMigration], rules: &Rules) -> Vec<String> {
    let infos = Infos::new(files, rows, rules).unwrap();
    infos.all.iter().map(|info| format!("{} {}", id(info), info.state)).collect()
}

fn check(files: &[Resolved], rows: &[AppliedMigration], expected: &[&str]) {
    assert_eq!(lines(files, rows, &Rules::latest()), expected);
}

/// Findings as `id CODE`.
fn findings(files: &[Resolved], rows: &[AppliedMigration], ignore: &[&str]) -> Vec<String> {
    let ignore = ignore.iter().map(|text| IgnorePattern::parse(text).unwrap()).collect();
    let infos = Infos::new(files, rows, &Rules { ignore, ..Rules::latest() }).unwrap();
    let name = |version: &Option<String>, description: &str| {
        version.clone().unwrap_or_else(|| description.to_owned())
    };
    validate(&infos)
        .iter()
        .map(|finding| format!("{} {}", name(&finding.version, &finding.description), finding.code))
        .collect()
}

#[test]
fn files_without_rows_are_pending_in_order() {
    check(&[], &[], &[]);
    let files = [sql("R:b"), sql("2"), sql("R:B"), sql("10"), sql("1.1")];
    check(&files, &[], &["1.1 Pending", "2 Pending", "10 Pending", "B Pending", "b Pending"]);
}

#[test]
fn a_file_below_what_was_applied_is_ignored_unless_out_of_order() {
    let (files, rows) = ([sql("1"), sql("2"), sql("3")], [done(1, "2")]);
    check(&files, &rows, &["2 Success", "1 Ignored", "3 Pending"]);
    let out_of_order = Rules { out_of_order: true, ..Rules::latest() };
    assert_eq!(lines(&files, &rows, &out_of_order), ["2 Success", "1 Pending", "3 Pending"]);
    check(&files, &[done(1, "2"), done(2, "1")], &["2 Success", "1 Out of Order", "3 Pending"]);
}

#[test]
fn rows_without_files_are_missing_below_the_last_file_and_future_above() {
    let rows =
        [done(1, "1"), failed(2, "1.5"), done(3, "2"), done(4, "3"), failed(5, "4"), done(6, "R:gone")];
    let expected =
        ["1 Missing", "1.5 Failed (Missing)", "2 Success", "3 Future", "4 Failed (Future)", "gone Missing"];
    check(&[sql("2")], &rows, &expected);
    check(&[], &[done(1, "1")], &["1 Future"]);
}

#[test]
fn types_are_part_of_what_matches() {
    let files = [file(MigrationType::Script, "1", 1)];
    check(&files, &[done(1, "1")], &["1 Future", "1 Pending"]);
}

#[test]
fn a_history_begins_with_its_baseline() {
    let files = [sql("1"), sql("2"), sql("3")];
    let rows = [row(1, MigrationType::Baseline, "2", None, true)];
    check(&files, &rows, &["1 Below Baseline", "2 Ignored (Baseline)", "2 Baseline", "3 Pending"]);
}

#[test]
fn only_the_highest_baseline_migration_of_an_empty_history_is_pending() {
    let baseline = |id| file(MigrationType::SqlBaseline, id, 1);
    let files = [sql("1"), baseline("1"), sql("2"), baseline("2"), sql("3")];
    let expected = ["1 Below Baseline", "1 Below Baseline", "2 Ignored (Baseline)", "2 Pending", "3 Pending"];
    check(&files, &[], &expected);
    let begun = ["1 Success", "1 Ignored", "2 Pending", "2 Ignored", "3 Pending"];
    check(&files, &[done(1, "1")], &begun);
    let applied = [row(1, MigrationType::SqlBaseline, "2", Some(1), true)];
    let after = ["1 Below Baseline", "1 Below Baseline", "2 Ignored (Baseline)", "2 Baseline", "3 Pending"];
    check(&files, &applied, &after);
}

#[test]
fn a_deletion_takes_the_newest_row_of_its_version_and_disappears() {
    let files = [sql("1"), sql("2")];
    check(&files, &[done(1, "1"), done(2, "2"), deletion(3, "2")], &["1 Success", "2 Deleted", "2 Pending"]);
    let redone = [done(1, "1"), done(2, "2"), deletion(3, "2"), done(4, "2")];
    check(&files, &redone, &["1 Success", "2 Deleted", "2 Success"]);
    let twice = [done(1, "1"), deletion(2, "1"), deletion(3, "1")];
    let error = Infos::new(&files, &twice, &Rules::latest()).unwrap_err();
    assert_eq!(error.to_string(), "Corrupted schema history: multiple delete entries for version 1");
    assert_eq!(error.code(), "DUPLICATE_DELETED_MIGRATION");
}

#[test]
fn a_deletion_of_a_repeatable_migration_stays_listed() {
    let rows = [done(1, "R:view"), deletion(2, "R:view")];
    check(&[sql("R:view")], &rows, &["view Deleted", "view Success", "view Pending"]);
}

#[test]
fn a_repeatable_migration_is_pending_again_when_it_changed() {
    let old = row(1, MigrationType::Sql, "R:view", Some(7), true);
    check(&[sql("R:view")], std::slice::from_ref(&old), &["view Outdated", "view Pending"]);
    check(&[sql("R:view")], &[old, done(2, "R:view")], &["view Superseded", "view Success"]);
}

#[test]
fn a_repeatable_migration_also_matches_by_its_text_before_replacement() {
    let replaced = Resolved { equivalent_checksum: Some(7), ..sql("R:view") };
    let rows = [row(1, MigrationType::Sql, "R:view", Some(7), true)];
    check(&[replaced], &rows, &["view Success"]);
}

#[test]
fn an_undo_that_commercial_flyway_recorded_makes_its_migration_pending_again() {
    let undo_row = row(3, MigrationType::UndoSql, "2", Some(5), true);
    let files = [sql("1"), sql("2"), file(MigrationType::UndoSql, "2", 5)];
    let expected = ["1 Success", "2 Undone", "2 Success", "2 Pending", "2 Available"];
    check(&files, &[done(1, "1"), done(2, "2"), undo_row], &expected);
}

#[test]
fn targets_limit_versioned_migrations_only() {
    let files = [sql("1"), sql("2"), sql("3"), sql("R:view")];
    let rows = [done(1, "1")];
    let target = |text: &str| lines(&files, &rows, &rules(text));
    assert_eq!(target("2"), ["1 Success", "2 Pending", "3 Above Target", "view Pending"]);
    assert_eq!(target("next"), ["1 Success", "2 Pending", "3 Above Target", "view Pending"]);
    assert_eq!(target("current"), ["1 Success", "2 Above Target", "3 Above Target", "view Pending"]);
    let missing = Infos::new(&files, &rows, &rules("2.5")).unwrap_err();
    assert!(missing.to_string().starts_with("No migration with a target version 2.5 could be found."));
    let tolerated = Rules { fail_on_missing_target: false, ..rules("2.5") };
    assert!(Infos::new(&files, &rows, &tolerated).is_ok());
}

#[test]
fn the_current_version_counts_failures_but_not_what_was_taken_back() {
    let current = |rows: &[AppliedMigration]| {
        Infos::new(&[], rows, &Rules::latest()).unwrap().current_version().to_string()
    };
    assert_eq!(current(&[]), "<< Empty Schema >>");
    assert_eq!(current(&[done(1, "R:view")]), "<< Empty Schema >>");
    assert_eq!(current(&[done(1, "1"), failed(2, "2")]), "2");
    assert_eq!(current(&[done(1, "1"), done(2, "2"), deletion(3, "2")]), "1");
}

#[test]
fn picked_migrations_come_in_their_own_order() {
    let picked = Rules { cherry_pick: Some(CherryPick::new(&["3", "1"])), ..Rules::latest() };
    let files = [sql("1"), sql("2"), sql("3")];
    let infos = Infos::new(&files, &[], &picked).unwrap();
    assert_eq!(infos.pending().map(id).collect::<Vec<_>>(), ["3", "1"]);
}

#[test]
fn validation_reports_each_line_by_its_first_problem() {
    let changed =
        [sql("1"), file(MigrationType::Sql, "2", 9), Resolved { description: "new".to_owned(), ..sql("3") }];
    let rows = [done(1, "1"), done(2, "2"), done(3, "3")];
    assert_eq!(findings(&changed, &rows, &[]), ["2 CHECKSUM_MISMATCH", "3 DESCRIPTION_MISMATCH"]);
    let gone = [done(1, "1"), done(2, "2"), failed(3, "3"), done(4, "R:view")];
    let expected = [
        "1 APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED",
        "3 FAILED_VERSIONED_MIGRATION",
        "view APPLIED_REPEATABLE_MIGRATION_NOT_RESOLVED",
    ];
    assert_eq!(findings(&[sql("2"), sql("3")], &gone, &[]), expected);
}

#[test]
fn validation_ignores_what_patterns_name() {
    let (files, rows) = ([sql("1"), sql("3"), sql("4")], [done(1, "2"), done(2, "3"), done(3, "5")]);
    let all = [
        "2 APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED",
        "5 APPLIED_VERSIONED_MIGRATION_NOT_RESOLVED",
        "1 RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED",
        "4 RESOLVED_VERSIONED_MIGRATION_NOT_APPLIED",
    ];
    assert_eq!(findings(&files, &rows, &[]), all);
    assert_eq!(findings(&files, &rows, &["*:future"]), [all[0], all[2], all[3]]);
    assert_eq!(findings(&files, &rows, &["*:missing", "versioned:ignored"]), [all[1]]);
    assert_eq!(findings(&files, &rows, &["*:*"]), Vec::<String>::new());
}

#[test]
fn what_lies_below_the_baseline_may_differ() {
    let rows =
        [row(1, MigrationType::Baseline, "2", None, true), row(2, MigrationType::Sql, "1", Some(7), true)];
    assert_eq!(findings(&[sql("1")], &rows, &[]), Vec::<String>::new());
}

#[test]
fn a_checksum_that_was_never_recorded_matches_every_file() {
    let rows = [row(1, MigrationType::Sql, "1", None, true)];
    assert_eq!(findings(&[sql("1")], &rows, &[]), Vec::<String>::new());
    let zero = [row(1, MigrationType::Sql, "1", Some(0), true)];
    assert_eq!(findings(&[sql("1")], &zero, &[]), ["1 CHECKSUM_MISMATCH"]);
}

#[test]
fn messages_are_flyway_s() {
    let infos =
        Infos::new(&[sql("1")], &[row(1, MigrationType::Sql, "1", Some(7), true)], &Rules::latest()).unwrap();
    assert_eq!(
        validate(&infos)[0].message,
        "Migration checksum mismatch for migration version 1\n-> Applied to database : 7\n-> Resolved locally    : 1\n\
         Either revert the changes to the migration, or run repair to update the schema history."
    );
}
