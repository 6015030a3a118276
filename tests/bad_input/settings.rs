//! `dunlin.toml`, URLs, and passwords in the wrong place.

use insta::assert_snapshot;

use crate::clinic::Clinic;

#[test]
fn settings_that_are_wrong() {
    let cases = [
        "\nmigratoins = \"changes\"\n",
        "lock-timeout = 5\n",
        "url = \"postgres://clinic:s3cret@db\nretries = 1\n",
        "url = \"postgres://clinic:s3cret@db:port/clinic\"\n",
        "url = \"postgres://clinic:${NOT_SET}@db/clinic\"\n",
        "migrations = \"nowhere\"\n",
        "tool = \"liquibase\"\n",
        "tool = \"rails\"\n",
    ];
    let clinic = Clinic::new();
    let said = cases.iter().map(|text| {
        clinic.project.write("dunlin.toml", text);
        let output = clinic.project.dunlin(&["status"]).fails();
        assert!(!format!("{output}").contains("s3cret"), "{output}");
        format!("# {}\n{}", text.trim().replace("s3cret", "…"), clinic.shown(&output))
    });
    assert_snapshot!(said.collect::<Vec<String>>().join("\n"), @r#"
    # migratoins = "changes"
    exit 1
      error: dunlin.toml:2: unknown key `migratoins`; did you mean `migrations`?

    # lock-timeout = 5
    exit 1
      error: dunlin.toml:1: `lock-timeout`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"

    # url = "postgres://clinic:…@db
    retries = 1
    exit 1
      error: dunlin.toml:1: invalid basic string, expected `"`

    # url = "postgres://clinic:…@db:port/clinic"
    exit 1
      error: dunlin.toml: the port in the database URL is not a number from 1 to 65535 (in 'postgres://clinic:***@db:port/clinic')
      help: write special characters of a password percent-encoded: ':' as %3A, '/' as %2F, '@' as %40

    # url = "postgres://clinic:${NOT_SET}@db/clinic"
    exit 1
      error: `url` in dunlin.toml uses ${NOT_SET}, but the environment variable NOT_SET is not set; set it, or give --url

    # migrations = "nowhere"
    exit 1
      error: there is no folder nowhere
      help: `dunlin new <name>` creates it with a first migration; `migrations` in dunlin.toml names another.

    # tool = "liquibase"
    exit 1
      error: dunlin.toml:1: `tool`: unknown variant `liquibase`, expected one of `native`, `flyway`, `alembic`, `knex`, `rails`

    # tool = "rails"
    exit 1
      error: Could not load database configuration. No such file - ["config/database.yml"]
      help: Write config/database.yml, or set DATABASE_URL.
    "#);
}

#[test]
fn urls_that_are_wrong() {
    let cases = [
        "",
        "clinic.db",
        "oracle://clinic:s3cret@db/clinic",
        "postgres://clinic:s3cret@db:port/clinic",
        "postgres://clinic:s3%cret@db/clinic",
        "jdbc:sqlserver://db;user=clinic;password=s3cret",
        "postgres://clinic@db/clinic?sslmode=perhaps&password=s3cret",
    ];
    let clinic = Clinic::new();
    let said = cases.iter().map(|url| {
        let output = clinic.project.dunlin(&["status", "--url", url]).exits(2);
        assert!(!output.stderr.contains("s3cret") && !output.stderr.contains("s3%cret"), "{output}");
        format!("# {}\n{}", url.replace("s3cret", "…").replace("s3%cret", "…"), clinic.shown(&output))
    });
    assert_snapshot!(said.collect::<Vec<String>>().join("\n"), @r#"
    # 
    exit 2
      error: no database is named
      help: Give --url, set DATABASE_URL, or write `url = "…"` into dunlin.toml.

    # clinic.db
    exit 2
      error: the scheme of the database URL is not known (in 'clinic.db')
      help: If it is a SQLite file, write sqlite:clinic.db

    # oracle://clinic:…@db/clinic
    exit 2
      error: the scheme of the database URL is not known (in 'oracle://clinic:***@db/clinic')
      help: dunlin speaks postgres://, mysql://, mariadb:// and sqlite: URLs, their SQLAlchemy and Rails spellings, and jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: and jdbc:sqlite:

    # postgres://clinic:…@db:port/clinic
    exit 2
      error: the port in the database URL is not a number from 1 to 65535 (in 'postgres://clinic:***@db:port/clinic')
      help: write special characters of a password percent-encoded: ':' as %3A, '/' as %2F, '@' as %40

    # postgres://clinic:…@db/clinic
    exit 2
      error: the password in the database URL holds a '%' that is not followed by two hexadecimal digits (in 'postgres://clinic:***@db/clinic')
      help: write '%' as '%25'

    # jdbc:sqlserver://db;user=clinic;password=…
    exit 2
      error: the scheme of the database URL is not known (in 'jdbc:sqlserver://db;user=clinic;password=***')
      help: dunlin speaks postgres://, mysql://, mariadb:// and sqlite: URLs, their SQLAlchemy and Rails spellings, and jdbc:postgresql:, jdbc:mysql:, jdbc:mariadb: and jdbc:sqlite:

    # postgres://clinic@db/clinic?sslmode=perhaps&password=…
    exit 2
      error: the sslmode of the database URL is not known (in 'postgres://clinic@db/clinic?sslmode=perhaps&password=***')
      help: one of disable, allow, prefer, require, verify-ca, verify-full
    "#);
    let output = clinic.project.dunlin(&["up"]).exits(2);
    assert_snapshot!(clinic.shown(&output), @r#"
    exit 2
      error: no database is named
      help: Give --url, set DATABASE_URL, or write `url = "…"` into dunlin.toml.
    "#);
}

#[test]
fn a_password_in_the_wrong_place_is_not_shown() {
    let clinic = Clinic::new();
    for arguments in [
        &["postgres://clinic:s3cret@db/clinic"][..],
        &["status", "postgres://clinic:s3cret@db/clinic"],
        &["status", "--format", "postgres://clinic:s3cret@db/clinic"],
        &["status", "--format", "json", "postgres://clinic:s3cret@db/clinic"],
        &["-C", "postgres://clinic:s3cret@db/clinic", "status"],
        &["up", "--to", "postgres://clinic:s3cret@db/clinic"],
        &["up", "--url", "postgres://clinic:s3cret@127.0.0.1:1/clinic"],
        &["doctor", "--url", "postgres://clinic:s3cret@127.0.0.1:1/clinic"],
        &["doctor", "--format", "json", "--url", "mysql://clinic:s3cret@127.0.0.1:1/clinic"],
    ] {
        let output = clinic.run(arguments).fails();
        assert!(!output.stdout.contains("s3cret") && !output.stderr.contains("s3cret"), "{output}");
    }
}
