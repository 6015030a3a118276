use std::fs;

use insta::assert_snapshot;
use tempfile::TempDir;

use super::*;

const UP: &str = "-- migrate:up\nSELECT 1;\n";

fn folder(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        fs::write(folder.path().join(name), text).unwrap();
    }
    folder
}

fn titles(folder: &TempDir) -> Vec<String> {
    load(folder.path()).unwrap().iter().map(MigrationFile::title).collect()
}

/// Every error with its advice, the folder's path left out.
fn errors(folder: &TempDir) -> String {
    let errors = load(folder.path()).unwrap_err();
    let shown: Vec<String> = errors.iter().map(|error| format!("{error}\n  {}", error.advice())).collect();
    shown.join("\n").replace(&folder.path().display().to_string(), "migrations")
}

fn checksum(text: &str) -> String {
    arrange([(PathBuf::from("1_a.sql"), text.to_owned())]).unwrap()[0].checksum()
}

#[test]
fn files_are_ordered_by_the_value_of_their_versions() {
    let folder =
        folder(&[("10_c.sql", UP), ("9_b.sql", UP), ("001_a.sql", UP), ("20240102030405_d.sql", UP)]);
    assert_eq!(titles(&folder), ["001_a", "9_b", "10_c", "20240102030405_d"]);
}

#[test]
fn names_may_have_dots_hyphens_and_letters_of_any_script() {
    let folder = folder(&[("1_v1.2-größe_注文.sql", UP)]);
    assert_eq!(titles(&folder), ["1_v1.2-größe_注文"]);
}

#[test]
fn other_files_hidden_files_and_other_folders_are_left_alone() {
    let folder = folder(&[("1_a.sql", UP), ("README.md", "…"), (".2_b.sql", "…"), ("2_b.sql~", "…")]);
    fs::create_dir(folder.path().join("archive")).unwrap();
    fs::write(folder.path().join("archive/3_c.sql"), UP).unwrap();
    fs::create_dir(folder.path().join("old.sql")).unwrap();
    assert_eq!(titles(&folder), ["1_a"]);
}

#[test]
fn every_file_that_does_not_fit_is_named_with_the_way_out() {
    let folder = folder(&[
        ("0_zero.sql", UP),
        ("1.sql", UP),
        ("2-a.sql", UP),
        ("3_a b.sql", UP),
        ("4_a.SQL", UP),
        ("5_a.sql", UP),
        ("05_b.sql", UP),
        ("6_a.sql", "-- migrate:up\n-- migrate:dwon\n-- migrate:up transation=none\n"),
        ("V1__flyway.sql", UP),
    ]);
    fs::create_dir(folder.path().join("7_folder.sql")).unwrap();
    fs::write(folder.path().join("8_latin1.sql"), b"-- migrate:up\n\nSELECT '\xe9';\n").unwrap();
    assert_snapshot!(errors(&folder), @"
    migrations/0_zero.sql: version 0 means the state before the first migration; begin with 1
      Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.
    migrations/1.sql: after the version the name must go on with `_` and what the migration is about
      Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.
    migrations/2-a.sql: after the version the name must go on with `_` and what the migration is about
      Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.
    migrations/3_a b.sql: the name may have letters, digits, `_`, `.` and `-` only
      Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.
    migrations/4_a.SQL: the name must end in `.sql`, in lower case
      Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.
    migrations/05_b.sql and migrations/5_a.sql have the same version
      Give one of them another version.
    migrations/6_a.sql:2: unknown directive `-- migrate:dwon`
      Did you mean `-- migrate:down`?
    migrations/6_a.sql:3: unknown option `transation` of `-- migrate:up`
      Did you mean `transaction`?
    migrations/7_folder.sql is a folder, but is named like a migration
      Rename the folder.
    migrations/8_latin1.sql:3: not UTF-8 at byte 23
      Save the file as UTF-8.
    migrations/V1__flyway.sql: the name must begin with a version, which is a number
      Rename it to `<version>_<name>.sql`, as in `20240102030405_orders.sql`; other SQL files belong in another folder.
    ");
}

#[test]
fn a_folder_that_is_not_there_says_how_to_make_it() {
    let folder = folder(&[]);
    let errors = load(&folder.path().join("migrations")).unwrap_err();
    assert_snapshot!(
        errors[0].advice(),
        @"`dunlin new <name>` creates it with a first migration; `migrations` in dunlin.toml names another."
    );
    assert!(matches!(errors.as_slice(), [LayoutError::NoFolder { .. }]));
}

#[test]
fn one_error_is_refused_at_its_place_and_several_are_listed() {
    let parse_error = |line| LayoutError::Parse {
        path: "migrations/1_a.sql".into(),
        error: ParseError { line, reason: crate::native::Reason::Indented },
    };
    let one = as_adapter_error(vec![parse_error(3)]).unwrap();
    assert!(matches!(&one, AdapterError::Refused { place: Some((_, 3)), advice: Some(_), .. }), "{one:?}");
    assert_snapshot!(one, @"migrations/1_a.sql:3: a directive must start at the beginning of its line");
    let two = as_adapter_error(vec![parse_error(3), parse_error(4)]).unwrap();
    assert!(matches!(&two, AdapterError::Invalid { problems, .. } if problems.len() == 2), "{two:?}");
}

#[test]
fn the_checksum_is_that_of_what_up_runs() {
    let checksum_of_up = checksum("-- migrate:up\nSELECT 1;\n");
    let same = [
        "-- migrate:up\r\nSELECT 1;\r\n",
        "\u{feff}-- a licence\n\n--migrate:up transaction=auto\n\nSELECT 1;\n\n-- migrate:down\nSELECT 2;\n",
        "-- migrate:down\nSELECT 2;\n-- migrate:up\nSELECT 1;",
    ];
    for text in same {
        assert_eq!(checksum(text), checksum_of_up, "{text:?}");
    }
    let different = [
        "-- migrate:up\nSELECT 2;\n",
        "-- migrate:up\nSELECT  1;\n",
        "-- migrate:up transaction=none\nSELECT 1;\n",
        "-- migrate:up\n-- migrate:up\nSELECT 1;\n",
    ];
    for text in different {
        assert_ne!(checksum(text), checksum_of_up, "{text:?}");
    }
}

#[test]
fn the_checksum_never_changes_between_releases() {
    // printf -- '-- migrate:up\nSELECT 1;\n' | sha256sum
    assert_eq!(checksum(UP), "2be38f331755cac1a312dea121c3da64832ace82d37707cfd1a81ccd39dffbdf");
    // printf -- '-- migrate:up\n\n-- migrate:batch table="a ""b""" key="id"\nSELECT 1;\n' | sha256sum
    assert_eq!(
        checksum("-- migrate:up\n-- migrate:batch key=id size=5 table=\"a \"\"b\"\"\"\nSELECT 1;\n"),
        "046c83b8037b40e4fc52b0218c6c47a53f40e99857609b6c7d78e2de8d661953"
    );
}
