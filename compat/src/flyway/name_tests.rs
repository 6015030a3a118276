//! Names and what Flyway 13.0.0 makes of them.

use proptest::prelude::*;

use super::*;

/// Flyway's open edition, with which the expectations were recorded.
fn flyway() -> NameParser {
    NameParser::new(Naming { undo_prefix: None, ..Naming::default() })
}

/// Prefix, version, description and suffix.
fn parts(name: &ResourceName) -> (&str, String, &str, &str) {
    let version = name.version.as_ref().map_or(String::new(), ToString::to_string);
    (&name.prefix, version, &name.description, &name.suffix)
}

/// All of it is what Flyway 13.0.0 answers.
#[test]
fn reads_good_names() {
    for (file_name, prefix, version, description, suffix) in [
        ("V1__a.sql", "V", "1", "a", ".sql"),
        ("V1.sql", "V", "1", "", ".sql"),
        ("V1__.sql", "V", "1", "", ".sql"),
        ("V1_1__my_desc_.sql", "V", "1.1", "my desc ", ".sql"),
        ("V1__a__b.sql", "V", "1", "a  b", ".sql"),
        ("V1___a.sql", "V", "1", " a", ".sql"),
        ("V001.2__x.sql", "V", "001.2", "x", ".sql"),
        ("V1__a.sql.sql", "V", "1", "a.sql", ".sql"),
        ("V1__a.SQL", "V", "1", "a", ".SQL"),
        ("V1__a.\u{17F}ql", "V", "1", "a", ".\u{17F}ql"),
        ("V1__😀 é.sql", "V", "1", "😀 é", ".sql"),
        ("V-1__x.sql", "V", "-1", "x", ".sql"),
        ("Vlatest__x.sql", "V", "<< Latest Version >>", "x", ".sql"),
        ("V\u{661}__x.sql", "V", "\u{661}", "x", ".sql"),
        ("R__a.sql", "R", "", "a", ".sql"),
        ("R__.sql", "R", "", "", ".sql"),
        ("R____.sql", "R", "", "  ", ".sql"),
        ("B1_2__x.sql", "B", "1.2", "x", ".sql"),
        ("afterMigrate.sql", "afterMigrate", "", "", ".sql"),
        ("afterMigrate__x_y.sql", "afterMigrate", "", "x y", ".sql"),
        ("afterMigrateError.sql", "afterMigrateError", "", "", ".sql"),
        ("beforeMigrate__1__2.sql", "beforeMigrate", "", "1  2", ".sql"),
        ("afterEachMigrateStatementError.sql", "afterEachMigrateStatementError", "", "", ".sql"),
    ] {
        let name = flyway().sql(file_name).unwrap_or_else(|| panic!("{file_name}"));
        assert_eq!(parts(&name), (prefix, version.to_owned(), description, suffix), "{file_name}");
    }
}

#[test]
fn says_what_is_wrong_with_bad_names() {
    let repeatable = "Invalid repeatable migration / callback name format: ";
    let versioned = "Invalid versioned migration name format: ";
    for (file_name, message) in [
        ("foo.sql", "Unrecognised migration name format: foo.sql".to_owned()),
        (".sql", "Unrecognised migration name format: .sql".to_owned()),
        ("v1__a.sql", "Unrecognised migration name format: v1__a.sql".to_owned()),
        ("U1__u.sql", "Unrecognised migration name format: U1__u.sql".to_owned()),
        ("beforeDeploy.sql", "Unrecognised migration name format: beforeDeploy.sql".to_owned()),
        ("aftermigrate.sql", "Unrecognised migration name format: aftermigrate.sql".to_owned()),
        (
            "README.sql",
            format!(
                "{repeatable}README.sql (It cannot contain a version and should look like this: R__description.sql)"
            ),
        ),
        (
            "R1__a.sql",
            format!(
                "{repeatable}R1__a.sql (It cannot contain a version and should look like this: R__a.sql)"
            ),
        ),
        (
            "afterMigrateErrorx.sql",
            format!(
                "{repeatable}afterMigrateErrorx.sql (It cannot contain a version and should look like this: \
                 afterMigrateError__description.sql)"
            ),
        ),
        (
            "V.sql",
            format!(
                "{versioned}V.sql (It must contain a version and should look like this: V1.2__description.sql)"
            ),
        ),
        (
            "B__b.sql",
            format!("{versioned}B__b.sql (It must contain a version and should look like this: B1.2__b.sql)"),
        ),
        ("VIEW.sql", format!("{versioned}VIEW.sql (could not recognise version number IEW)")),
        ("V1_a.sql", format!("{versioned}V1_a.sql (could not recognise version number 1_a)")),
    ] {
        let parser = flyway();
        assert_eq!(parser.parse(file_name).unwrap_err().to_string(), message, "{file_name}");
        assert_eq!(parser.sql(file_name), None, "{file_name}");
    }
}

#[test]
fn neither_picks_up_nor_blames_what_is_too_short() {
    assert_eq!(flyway().sql("R.sql"), None);
    assert!(flyway().parse("R.sql").is_ok());
    assert!(!flyway().has_sql_suffix(".sql"));
}

#[test]
fn only_looks_at_configured_suffixes() {
    for file_name in ["V1__a.txt", "V1__a.sql.conf", "V1__a", "V1__a.sql\u{DF}"] {
        assert_eq!(flyway().sql(file_name), None, "{file_name}");
        assert!(!flyway().has_sql_suffix(file_name), "{file_name}");
    }
}

#[test]
fn tells_programs_by_their_extension() {
    for (file_name, description, suffix) in [
        ("V1__a.sh", "a", ".sh"),
        ("V1__a.SH", "a", ".SH"),
        ("V1__a.bash", "a", ".bash"),
        ("V1__a.b.py", "a.b", ".py"),
        ("R.sh", "", ".sh"),
        ("B1__x.ps1", "x", ".ps1"),
        ("V1__a.txt|x.sh", "a.txt|x", ".sh"),
        ("afterMigrate__x.cmd", "x", ".cmd"),
        ("beforeConnect.bat", "", ".bat"),
    ] {
        let name = flyway().program(file_name).unwrap_or_else(|| panic!("{file_name}"));
        assert_eq!((name.description.as_str(), name.suffix.as_str()), (description, suffix), "{file_name}");
    }
    for file_name in [
        "V1__a.sql",
        "V1__a.exe",
        "V1__a.sh.txt",
        "V.sh",
        "V1.2__a",
        "V1.2",
        "V1__a.b.",
        "README",
        "foo.sh",
        "R__a.conf",
    ] {
        assert_eq!(flyway().program(file_name), None, "{file_name}");
    }
}

#[cfg(not(windows))]
#[test]
fn takes_files_without_extension_for_programs() {
    for (file_name, description) in [
        ("V1__a", "a"),
        ("V1__a.", "a."),
        ("V1", ""),
        ("R__x", "x"),
        ("V1__a|b", "a|b"),
        ("afterMigrate", ""),
    ] {
        assert_eq!(flyway().program(file_name).unwrap().description, description, "{file_name}");
    }
    assert_eq!(flyway().program("R"), None);
}

#[test]
fn undo_files_are_known_unless_switched_off() {
    let name = NameParser::new(Naming::default()).sql("U1_2__u.sql").unwrap();
    assert_eq!((name.kind, name.version), (NameKind::Undo, MigrationVersion::parse("1.2").ok()));
}

#[test]
fn rebuilds_the_name_for_the_placeholder() {
    for (file_name, rebuilt) in [("V1__a_b.SQL", "V1__a_b.SQL"), ("V1__.sql", "V1.sql"), ("R__.sql", "R.sql")]
    {
        assert_eq!(flyway().sql(file_name).unwrap().file_name(), rebuilt);
    }
    assert_eq!(flyway().sql("afterInfo__a_b.sql").unwrap().name_without_suffix(), "afterInfo__a b");
}

#[test]
fn every_event_names_its_callback() {
    for event in Event::ALL {
        let name = flyway().sql(&format!("{event}__x.sql")).unwrap();
        assert_eq!(name.kind, NameKind::Callback(*event));
    }
}

proptest! {
    #[test]
    fn never_panics(name in "(V|R|B|U|afterMigrate)?[0-9_.]{0,4}\\PC{0,6}(\\.sql|\\.SQL|\\.sh|ﬀ|ß)?", suffix in "\\PC{0,3}") {
        let parser = NameParser::new(Naming { suffixes: vec![suffix, ".sql".to_owned()], ..Naming::default() });
        let _ = (parser.parse(&name), parser.sql(&name), parser.program(&name), parser.has_sql_suffix(&name));
    }
}
