//! What a scan finds in small projects, compared with what Flyway 13.0.0 found in the same.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::flyway::callback::Event;

/// A project with these files, below `sql`.
fn project(files: &[(&str, &str)]) -> TempDir {
    let directory = TempDir::new().unwrap();
    for (path, text) in files {
        let path = directory.path().join("sql").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
    directory
}

fn options(project: &TempDir) -> ScanOptions {
    ScanOptions::new(project.path(), &["filesystem:sql"])
}

fn scripts(scan: &Scan) -> Vec<&str> {
    scan.migrations.iter().map(|migration| migration.script.as_str()).collect()
}

fn placeholders() -> (Placeholders, Placeholders) {
    let mut sql = Placeholders::new("${", "}", ":");
    sql.set("x", "VIEW");
    let programs = sql.for_programs("FP__", "__");
    (sql, programs)
}

/// Types and checksums are those of Flyway 13.0.0.
#[test]
fn finds_migrations_of_all_kinds() {
    let project = project(&[
        ("V1__a.sql", "select 1;"),
        ("sub/V1.1__c.sql", "select 1;"),
        ("B2__base.sql", "select 1;"),
        ("V6__s.sh", "echo FP__x__"),
        ("R__r.sh", "echo FP__x__ $x"),
        ("sub/deep/R__view.sql", "create ${x} ${flyway:filename};"),
        ("U1__a.sql", "select 1;"),
        ("V3__directory.sql/V4__in.sql", "select 1;"),
        (".hidden/V9__h.sql", "select 1;"),
    ]);
    let mut scan = scan(&options(&project)).unwrap();
    let (sql, programs) = placeholders();
    scan.replace_placeholders(&sql, &programs).unwrap();
    let found: Vec<_> = scan
        .migrations
        .iter()
        .map(|migration| (migration.script.as_str(), migration.type_name, migration.recorded_checksum()))
        .collect();
    assert_eq!(
        found,
        [
            ("V1__a.sql", "SQL", -690524359),
            ("U1__a.sql", "UNDO_SQL", -690524359),
            ("sub/V1.1__c.sql", "SQL", -690524359),
            ("B2__base.sql", "SQL_BASELINE", -690524359),
            ("V3__directory.sql/V4__in.sql", "SQL", -690524359),
            ("V6__s.sh", "SCRIPT", 618888869),
            ("R__r.sh", "SCRIPT", -2089911126),
            ("sub/deep/R__view.sql", "SQL", 2023683882),
        ]
    );
    let view = scan.migrations.last().unwrap();
    assert_eq!(view.checksum, -738979365);
    assert!(view.checksum_matches(Some(-738979365)) && view.checksum_matches(Some(2023683882)));
    assert!(!view.checksum_matches(None) && !view.checksum_matches(Some(0)));
    assert_eq!(view.load_sql(&sql).unwrap(), "create VIEW R__view.sql;");
}

#[test]
fn orders_repeatable_migrations_by_utf16_code_units() {
    let project = project(&[
        ("R__b.sql", ""),
        ("R__a.sql", ""),
        ("R__B.sql", ""),
        ("R__\u{FF5E}.sql", ""),
        ("R__😀.sql", ""),
    ]);
    let scan = scan(&options(&project)).unwrap();
    assert_eq!(scripts(&scan), ["R__B.sql", "R__a.sql", "R__b.sql", "R__😀.sql", "R__\u{FF5E}.sql"]);
}

#[test]
fn one_file_in_two_locations_counts_once() {
    let project = project(&[("a/V1__x.sql", "select 1;"), ("b/V1__x.sql", "select 1;")]);
    let scan = scan(&ScanOptions::new(project.path(), &["filesystem:sql/b", "filesystem:sql/a"])).unwrap();
    assert_eq!(scan.migrations.len(), 1);
    assert_eq!(scan.migrations[0].path, project.path().join("sql/a/V1__x.sql"));
}

#[test]
fn refuses_two_migrations_for_one_place() {
    for (first, second, code) in [
        ("V1__x.sql", "V1.0__y.sql", "DUPLICATE_VERSIONED_MIGRATION"),
        ("V1__x.sql", "sub/V1__x.sql", "DUPLICATE_VERSIONED_MIGRATION"),
        ("V1__x.sql", "V1__x.sh", "DUPLICATE_VERSIONED_MIGRATION"),
        ("V1__x.sql", "B1__x.sh", "DUPLICATE_VERSIONED_MIGRATION"),
        ("B1__x.sql", "B1__y.sql", "DUPLICATE_VERSIONED_MIGRATION"),
        ("U1__x.sql", "U1__y.sql", "DUPLICATE_VERSIONED_MIGRATION"),
        ("R__x_y.sql", "R__x y.sql", "DUPLICATE_REPEATABLE_MIGRATION"),
    ] {
        let project = project(
            &[(first, "1"), (second, "2"), ("B1__between.sql", "3")]
                [..if first == "V1__x.sql" { 3 } else { 2 }],
        );
        let error = scan(&options(&project)).unwrap_err();
        assert_eq!(error.code(), code, "{first} {second}: {error}");
    }
    let project = project(&[("R__x.sql", ""), ("sub/R__x.sql", "")]);
    let sql = project.path().join("sql");
    assert_eq!(
        scan(&options(&project)).unwrap_err().to_string(),
        format!(
            "Found more than one repeatable migration with description x\nOffenders:\n-> {} (SQL)\n-> {} (SQL)",
            sql.join("R__x.sql").display(),
            sql.join("sub/R__x.sql").display()
        )
    );
}

#[test]
fn versioned_baseline_and_undo_may_share_a_version() {
    let project = project(&[("V1__x.sql", ""), ("B1__x.sql", ""), ("U1__x.sql", "")]);
    assert_eq!(scripts(&scan(&options(&project)).unwrap()), ["V1__x.sql", "B1__x.sql", "U1__x.sql"]);
}

#[test]
fn reports_bad_names_as_flyway_does() {
    let project =
        project(&[("foo.sql", ""), ("README.sql", ""), ("V1__a.sql", ""), ("notes.txt", ""), ("R.sql", "")]);
    let scan = scan(&options(&project)).unwrap();
    assert_eq!(
        scan.bad_names_message(true).unwrap(),
        "Invalid SQL filenames found:\r\nInvalid repeatable migration / callback name format: README.sql (It cannot \
         contain a version and should look like this: R__description.sql)\r\nUnrecognised migration name format: \
         foo.sql"
    );
    assert!(scan.bad_names_message(false).unwrap().starts_with("2 SQL migrations were detected but not run"));
}

#[test]
fn wildcards_show_only_the_first_file_of_a_relative_path() {
    let project = project(&[
        ("a/sql/V1__x.sql", "1"),
        ("b/sql/V1__x.sql", "2"),
        ("b/sql/sub/V2__y.sql", ""),
        ("V3__z.sql", ""),
    ]);
    let scan = scan(&ScanOptions::new(project.path(), &["filesystem:sql/**/sql"])).unwrap();
    assert_eq!(scripts(&scan), ["V1__x.sql", "sub/V2__y.sql"]);
    assert!(scan.notices[0].text.contains("already has a file 'V1__x.sql'"));
}

#[test]
fn a_missing_location_is_said_or_fails() {
    let project = project(&[("V1__a.sql", "")]);
    let directory = project.path().display();
    let hint = format!(
        "Resolved to '{directory}/nope'. If this is not where your migrations are, check that your working directory \
         is set correctly (working directory: '{directory}')."
    );
    let mut options = ScanOptions::new(project.path(), &["filesystem:nope"]);
    let notices = scan(&options).unwrap().notices;
    assert_eq!(notices[0].level, NoticeLevel::Error);
    assert_eq!(notices[0].text, format!("Skipping filesystem location: nope (not found) {hint}"));
    options.fail_on_missing_locations = true;
    assert_eq!(
        scan(&options).unwrap_err().to_string(),
        format!("Failed to find filesystem location: nope (not found) {hint}")
    );
    options.locations = vec!["filesystem:sql/V1__a.sql".to_owned()];
    assert!(scan(&options).unwrap_err().to_string().contains("(not a directory)"));
}

#[test]
fn the_class_path_is_looked_up_in_the_project() {
    let project = TempDir::new().unwrap();
    let resources = project.path().join("src/main/resources/db/migration");
    fs::create_dir_all(&resources).unwrap();
    fs::write(resources.join("V1__a.sql"), "").unwrap();
    let found = scan(&ScanOptions::new(project.path(), &["db/migration"])).unwrap();
    assert_eq!(scripts(&found), ["V1__a.sql"]);
    assert!(found.notices[0].text.contains("src/main/resources"));
    let missing = scan(&ScanOptions::new(project.path(), &["classpath:nope"])).unwrap();
    assert!(missing.notices[0].text.starts_with("Unable to resolve location classpath:nope. Looked for '"));
}

#[test]
fn script_configurations_apply() {
    let project = project(&[
        ("R__b.sql", "${x}"),
        ("R__b.sql.conf", "placeholderReplacement=false"),
        ("V2__b.sql", ""),
        ("V2__b.sql.conf", "executeInTransaction=false"),
    ]);
    fs::write(project.path().join("sql/V1__a.sql"), b"\xE9").unwrap();
    fs::write(project.path().join("sql/V1__a.sql.conf"), "encoding=ISO-8859-1").unwrap();
    let mut scan = scan(&options(&project)).unwrap();
    let empty = Placeholders::new("${", "}", ":");
    scan.replace_placeholders(&empty, &empty).unwrap();
    assert_eq!(scan.migrations[0].checksum, 235179326);
    assert_eq!(scan.migrations[0].load_text().unwrap(), "é");
    assert_eq!(scan.migrations[1].config.as_ref().unwrap().execute_in_transaction, Some(false));
    assert_eq!(scan.migrations[2].recorded_checksum(), -1612538181);
    assert_eq!(scan.migrations[2].load_sql(&empty).unwrap(), "${x}");
}

#[test]
fn a_configuration_of_another_location_applies_too() {
    let project = project(&[("a/R__a.sql", "${x}"), ("b/r__a.sql.conf", "placeholderReplacement=false")]);
    let scan = scan(&ScanOptions::new(project.path(), &["filesystem:sql/a", "filesystem:sql/b"])).unwrap();
    assert!(!scan.migrations[0].placeholder_replacement);
}

#[test]
fn a_bad_configuration_fails_beside_any_file() {
    let project = project(&[("notes.txt", ""), ("notes.txt.conf", "bogus=1")]);
    let error = scan(&options(&project)).unwrap_err();
    assert_eq!(error.code(), "CONFIGURATION");
    assert!(error.to_string().contains("notes.txt.conf"));
}

#[test]
fn undecodable_files_are_named_with_line_and_byte() {
    let project = project(&[]);
    fs::create_dir(project.path().join("sql")).unwrap();
    fs::write(project.path().join("sql/V1__a.sql"), b"a\n\xFF").unwrap();
    let mut options = options(&project);
    let error = scan(&options).unwrap_err();
    assert!(error.to_string().contains("byte 2 (line 2) is not valid UTF-8"), "{error}");
    assert_eq!(error.place(), Some((project.path().join("sql/V1__a.sql").as_path(), 2)));
    assert!(error.flyway_message().starts_with("Unable to calculate checksum of V1__a.sql\nPlease ensure"));
    options.detect_encoding = true;
    assert_eq!(scan(&options).unwrap().migrations[0].checksum, 224219797);
}

#[test]
fn an_unknown_placeholder_is_named_with_its_line() {
    let project = project(&[("R__a.sql", "x\n${y}")]);
    let mut scan = scan(&options(&project)).unwrap();
    let (sql, programs) = placeholders();
    let error = scan.replace_placeholders(&sql, &programs).unwrap_err();
    assert_eq!(error.place().unwrap().1, 2);
    assert_eq!(error.flyway_message(), "No value provided for placeholder: ${y}.  Check your configuration!");
}

#[test]
fn callbacks_come_by_event_and_description_programs_first() {
    let project = project(&[
        ("afterMigrate.sql", ""),
        ("afterMigrate__b.sql", ""),
        ("beforeMigrate__z.sql", ""),
        ("afterMigrate__a.sh", ""),
        ("beforeConnect.sql", ""),
        ("V1__a.sql", ""),
    ]);
    let scan = scan(&options(&project)).unwrap();
    let found: Vec<_> = scan.callbacks.iter().map(|callback| callback.script.as_str()).collect();
    assert_eq!(
        found,
        ["afterMigrate__a.sh", "beforeMigrate__z.sql", "afterMigrate.sql", "afterMigrate__b.sql"]
    );
    assert!(scan.notices[0].text.contains("beforeConnect runs programs"));
}

#[test]
fn two_callbacks_of_one_name_are_refused() {
    for second in ["sub/afterInfo__a_b.sql", "afterInfo__a b.sql"] {
        let project = project(&[("afterInfo__a_b.sql", ""), (second, "")]);
        let error = scan(&options(&project)).unwrap_err().to_string();
        assert!(
            error
                .starts_with("Found more than 1 SQL callback script called afterInfo__a b!\nOffenders:\n-> ")
        );
    }
}

#[test]
fn callback_locations_replace_locations_but_for_before_connect() {
    let project = project(&[
        ("m/V1__x.sql", ""),
        ("m/afterMigrate.sql", ""),
        ("m/beforeConnect.sh", ""),
        ("c/afterMigrate__c.sql", ""),
        ("c/V2__y.sql", ""),
    ]);
    let mut options = ScanOptions::new(project.path(), &["filesystem:sql/m"]);
    options.callback_locations = vec!["filesystem:sql/c".to_owned(), "filesystem:nope".to_owned()];
    let scan = scan(&options).unwrap();
    assert_eq!(scripts(&scan), ["V1__x.sql"]);
    let events: Vec<_> = scan.callbacks.iter().map(|callback| callback.event).collect();
    assert_eq!(events, [Event::BeforeConnect, Event::AfterMigrate]);
    assert_eq!(scan.notices[0].text, "Skipping callback location nope as it does not exist");
}

#[test]
fn a_file_changed_since_the_scan_is_not_run() {
    let project = project(&[("V1__a.sql", "select 1;")]);
    let scan = scan(&options(&project)).unwrap();
    fs::write(project.path().join("sql/V1__a.sql"), "drop table customers;").unwrap();
    assert!(matches!(scan.migrations[0].load_text(), Err(ScanError::Changed { .. })));
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn follows_links_but_not_in_circles() {
        let project = project(&[("real/V1__x.sql", ""), ("m/V2__y.sql", "")]);
        let sql = project.path().join("sql");
        symlink(Path::new("../real"), sql.join("m/linked")).unwrap();
        symlink(Path::new("nowhere"), sql.join("m/V3__dangling.sql")).unwrap();
        symlink(Path::new(".."), sql.join("real/up")).unwrap();
        let scan = scan(&ScanOptions::new(project.path(), &["filesystem:sql/m"])).unwrap();
        assert!(scripts(&scan).starts_with(&["linked/V1__x.sql"]), "{:?}", scripts(&scan));
        assert!(scan.notices.iter().any(|notice| notice.text.contains("V3__dangling.sql")));
    }

    #[test]
    fn skips_names_that_are_no_text() {
        let project = project(&[("V1__a.sql", "")]);
        fs::write(project.path().join("sql").join(OsStr::from_bytes(b"V2__\xFF.sql")), "").unwrap();
        let scan = scan(&options(&project)).unwrap();
        assert_eq!(scripts(&scan), ["V1__a.sql"]);
        assert!(scan.notices[0].text.contains("not valid UTF-8"));
    }
}
