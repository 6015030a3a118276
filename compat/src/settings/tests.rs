//! Every key is read, and what is wrong is named.

use insta::assert_snapshot;

use super::alembic::EnvPy;
use super::lint::{NamePattern, NamedObject, RuleSeverity, StopsUp};
use super::rails::SchemaFormat;
use super::*;

fn parsed(text: &str) -> Settings {
    Settings::parse(Path::new("dunlin.toml"), text).unwrap()
}

fn error(text: &str) -> String {
    Settings::parse(Path::new("dunlin.toml"), text).unwrap_err().to_string()
}

#[test]
fn without_a_file_everything_has_its_default() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(Settings::load(folder.path()).unwrap(), Settings::default());
    assert_eq!(parsed(""), Settings::default());
}

#[test]
fn every_key_is_read() {
    let settings = parsed(
        "tool = \"flyway\"\nurl = \"sqlite:shop.db\"\nmigrations = \"db/changes\"\ntable = \"ops.history\"\n\
         lock-timeout = \"500ms\"\nlock-wait = \"2m\"\nretries = 9\ncarrier = \"host\"\nenvironment = [\"TENANT\"]\ncode-time-limit = \"90s\"\ncode-memory-limit = \"512MiB\"\n\n\
         [carriers]\n3f2a9c41d7be = \"sandbox\"\n\n[flyway]\nundo-row = \"UNDO_SQL\"\n\n[flyway.stand-in]\n\"1.2\" = \"stand-in/V1.2.sql\"\n",
    );
    let expected = Settings {
        tool: Some(Tool::Flyway),
        url: Some(Url("sqlite:shop.db".into())),
        migrations: Some("db/changes".into()),
        table: "ops.history".parse().unwrap(),
        lock_timeout: Duration::from_millis(500),
        lock_wait: Duration::from_secs(120),
        retries: 9,
        carrier: Some(Carrier::Host),
        carriers: BTreeMap::from([("3f2a9c41d7be".into(), Carrier::Sandbox)]),
        environment: vec!["TENANT".into()],
        code_time_limit: Duration::from_secs(90),
        code_memory_limit: 512 << 20,
        flyway: FlywaySettings {
            stand_in: BTreeMap::from([("1.2".into(), "stand-in/V1.2.sql".into())]),
            undo_row: UndoRow::UndoSql,
        },
        alembic: AlembicSettings::default(),
        knex: KnexSettings::default(),
        rails: RailsSettings::default(),
        lint: LintSettings::default(),
        plugin: BTreeMap::new(),
    };
    assert_eq!(settings, expected);
}

#[test]
fn every_key_of_the_safety_rules_is_read() {
    let settings = parsed(
        "[lint]\noff = [\"wide-index\"]\non = [\"unqualified-table\"]\nplugins = [\"require-index\"]\nup = \"never\"\n\n\
         [lint.severity]\ndrop-column = \"error\"\n[lint.naming]\nforeign-key = \".+_fkey\"\n",
    );
    let expected = LintSettings {
        off: vec!["wide-index".into()],
        on: vec!["unqualified-table".into()],
        plugins: vec!["require-index".into()],
        up: StopsUp::Never,
        severity: BTreeMap::from([("drop-column".into(), RuleSeverity::Error)]),
        naming: BTreeMap::from([(
            NamedObject::ForeignKey,
            NamePattern::try_from(".+_fkey".to_owned()).unwrap(),
        )]),
    };
    assert_eq!(settings.lint, expected);
    assert!(error("[lint]\nof = []\n").contains("did you mean `lint.off`?"));
}

#[test]
fn every_key_of_alembic_is_read() {
    let settings = parsed(
        "[alembic]\nurl = \"postgresql+psycopg2://shop@db/shop\"\nsection = \"shop\"\nenv = \"run\"\n\
         version-table = \"history\"\nversion-table-schema = \"ops\"\nversion-table-pk = false\n\
         transaction-per-migration = true\ntransactional-ddl = false\ncarrier = \"host\"\n\
         python = \".venv/bin/python\"\nsite-packages = [\"lib\"]\nsession = [\"SET jit = off\"]\n\
         naming-convention = { ix = \"ix_%(column_0_label)s\" }\n\
         [alembic.carriers]\na1 = \"sandbox\"\n[alembic.stand-in]\nb2 = \"stand-in/b2.sql\"\n",
    );
    let expected = AlembicSettings {
        url: Some(Url("postgresql+psycopg2://shop@db/shop".into())),
        section: Some("shop".into()),
        env: EnvPy::Run,
        version_table: Some("history".into()),
        version_table_schema: Some("ops".into()),
        version_table_pk: Some(false),
        transaction_per_migration: Some(true),
        transactional_ddl: Some(false),
        naming_convention: Some(BTreeMap::from([("ix".into(), "ix_%(column_0_label)s".into())])),
        carrier: Some(Carrier::Host),
        carriers: BTreeMap::from([("a1".into(), Carrier::Sandbox)]),
        stand_in: BTreeMap::from([("b2".into(), "stand-in/b2.sql".into())]),
        python: Some(".venv/bin/python".into()),
        site_packages: vec!["lib".into()],
        session: Some(vec!["SET jit = off".to_owned()]),
    };
    assert_eq!(settings.alembic, expected);
}

#[test]
fn every_key_of_rails_is_read() {
    let settings = parsed(
        "[rails]\nurl = \"postgres://db/shop\"\nenvironment = \"staging\"\nrelease = \"7.1\"\nmigrations = [\"engines/tags/db/migrate\"]\n\
         table-name-prefix = \"app_\"\ntable-name-suffix = \"_v2\"\nschema-migrations-table = \"versions\"\n\
         internal-metadata-table = \"metadata\"\nschema-format = \"sql\"\nschema-ignore-tables = [\"tmp\"]\n\
         dump-schema-after-migration = false\nstructure-dump-flags = [\"--no-tablespaces\"]\nstructure-load-flags = []\n\
         timestamped-migrations = true\nvalidate-migration-timestamps = true\nacronyms = [\"API\"]\nload = \"config/environment\"\n\
         ruby = \"bin/ruby\"\ngems = [\"vendor/bundle\"]\ncarrier = \"host\"\n\
         [rails.carriers]\n20240101000000 = \"sandbox\"\n[rails.stand-in]\n20240102000000 = \"stand-in/a.sql\"\n",
    );
    let expected = RailsSettings {
        url: Some(Url("postgres://db/shop".into())),
        environment: Some("staging".into()),
        release: Some("7.1".into()),
        migrations: vec!["engines/tags/db/migrate".into()],
        table_name_prefix: Some("app_".into()),
        table_name_suffix: Some("_v2".into()),
        schema_migrations_table: Some("versions".into()),
        internal_metadata_table: Some("metadata".into()),
        schema_format: Some(SchemaFormat::Sql),
        schema_ignore_tables: Some(vec!["tmp".into()]),
        dump_schema_after_migration: Some(false),
        structure_dump_flags: Some(vec!["--no-tablespaces".into()]),
        structure_load_flags: Some(Vec::new()),
        timestamped_migrations: Some(true),
        validate_migration_timestamps: Some(true),
        acronyms: Some(vec!["API".into()]),
        load: Some("config/environment".into()),
        ruby: Some("bin/ruby".into()),
        gems: vec!["vendor/bundle".into()],
        carrier: Some(Carrier::Host),
        carriers: BTreeMap::from([("20240101000000".into(), Carrier::Sandbox)]),
        stand_in: BTreeMap::from([("20240102000000".into(), "stand-in/a.sql".into())]),
    };
    assert_eq!(settings.rails, expected);
    assert_eq!(settings.rails_carrier("20240101000000"), Carrier::Sandbox);
    assert_eq!(settings.rails_carrier("1"), Carrier::Host);
}

#[test]
fn the_nearest_carrier_counts() {
    let text = "carrier = \"host\"\n[carriers]\na1 = \"auto\"\nb2 = \"host\"\n[alembic]\ncarrier = \"sandbox\"\n\
                [alembic.carriers]\nb2 = \"sandbox\"\n";
    let settings = parsed(text);
    let carriers = ["a1", "b2", "c3"].map(|revision| settings.alembic_carrier(revision));
    assert_eq!(carriers, [Carrier::Auto, Carrier::Sandbox, Carrier::Sandbox]);
    assert_eq!(parsed("carrier = \"host\"\n").alembic_carrier("c3"), Carrier::Host);
    assert_eq!(parsed("").alembic_carrier("c3"), Carrier::Auto);
}

#[test]
fn a_wrong_key_or_value_is_named_with_its_line() {
    let cases = [
        "\ntabel = \"a\"\n",
        "lock_timeout = \"5s\"\n",
        "colour = 1\n",
        "[flyway]\nstandin = 1\n",
        "[alembic]\nversion_table = 'x'\n",
        "[alembic]\nenv = 'maybe'\n",
        "tool = \"liquibase\"\n",
        "\n\nretries = -1\n",
        "lock-timeout = 5\n",
        "lock-timeout = \"0s\"\n",
        "lock-wait = \"soon\"\n",
        "lock-wait = \"-5s\"\n",
        "table = \"a.b.c\"\n",
        "retries = 1\nretries = 2\n",
        "code-time-limit = \"0s\"\n",
        "code-memory-limit = \"5GB\"\n",
        "code-memory-limit = \"5GiB\"\n",
    ];
    let errors: Vec<String> = cases.into_iter().map(error).collect();
    assert_snapshot!(errors.join("\n"), @r#"
dunlin.toml:2: unknown key `tabel`; did you mean `table`?
dunlin.toml:1: unknown key `lock_timeout`; did you mean `lock-timeout`?
dunlin.toml:1: unknown key `colour`; known are tool, url, migrations, table, lock-timeout, lock-wait, retries, carrier, carriers, environment, code-time-limit, code-memory-limit, flyway, alembic, knex, rails, lint, plugin
dunlin.toml:2: unknown key `flyway.standin`; did you mean `flyway.stand-in`?
dunlin.toml:2: unknown key `alembic.version_table`; did you mean `alembic.version-table`?
dunlin.toml:2: `alembic.env`: unknown variant `maybe`, expected `static` or `run`
dunlin.toml:1: `tool`: unknown variant `liquibase`, expected one of `native`, `flyway`, `alembic`, `knex`, `rails`
dunlin.toml:3: `retries`: invalid value: integer `-1`, expected u32
dunlin.toml:1: `lock-timeout`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"
dunlin.toml:1: `lock-timeout`: the time must be above 0: without it others queue behind a waiting change
dunlin.toml:1: `lock-wait`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"
dunlin.toml:1: `lock-wait`: write a time with its unit in quotes, as in "500ms", "5s" or "2m", up to "24h"
dunlin.toml:1: `table`: `a.b.c` is not the name of a table: write `table` or `schema.table`, without quotes
dunlin.toml:2: duplicate key
dunlin.toml:1: `code-time-limit`: the time must be above 0
dunlin.toml:1: `code-memory-limit`: write a size with its unit in quotes, as in "512MiB" or "1GiB", up to "4GiB"
dunlin.toml:1: `code-memory-limit`: write a size with its unit in quotes, as in "512MiB" or "1GiB", up to "4GiB"
"#);
}

#[test]
fn no_message_shows_the_url() {
    let broken = [
        "url = \"postgres://shop:s3cret@db\nretries = 1\n",
        "url = 'postgres://shop:s3cret@db\n",
        "url = postgres://shop:s3cret@db\n",
        "url = [\"postgres://shop:s3cret@db\"]\n",
        "url = \"postgres://shop:s3cret\\q\"\n",
        "url = { a = \"s3cret\" }\n",
    ];
    for text in broken {
        let message = error(text);
        assert!(!message.contains("s3cret"), "{message}");
    }
    let settings = parsed("url = \"postgres://shop:s3cret@db\"\n");
    assert!(!format!("{settings:?}").contains("s3cret"));
}
