//! What `env.py` sends by itself on the connection of the revisions.

use crate::clinic::LOGGING;
use crate::listings::files_on;
use crate::support::ServerKind;

const ENV: &str = r#"
from logging.config import fileConfig

from alembic import context
from sqlalchemy import engine_from_config, pool, text

config = context.config
fileConfig(config.config_file_name)
ward = context.get_x_argument(as_dictionary=True).get("ward", "north")

connectable = engine_from_config(config.get_section("alembic"), prefix="sqlalchemy.", poolclass=pool.NullPool)
with connectable.connect() as connection:
    BEFORE
    connection.commit()
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"#;

const REVISION: &str = "from alembic import op\nimport sqlalchemy as sa\n\nrevision = \"a1\"\ndown_revision = None\n\n\n\
                        def upgrade():\n    op.create_table(\"beds\", sa.Column(\"id\", sa.Integer, primary_key=True))\n\n\n\
                        def downgrade():\n    op.drop_table(\"beds\")\n";

const TABLES: &str = "SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN ('public', 'north', 'south') AND tablename NOT LIKE 'dunlin%' ORDER BY 1, 2";

fn files(before: &str) -> Vec<(String, String)> {
    let ini = format!("[alembic]\nscript_location = %(here)s/db\nsqlalchemy.url = @url@\n{LOGGING}");
    [
        ("alembic.ini", ini),
        ("db/env.py", ENV.replace("BEFORE", before)),
        ("db/script.py.mako", String::new()),
        ("db/versions/a1_beds.py", REVISION.to_owned()),
    ]
    .map(|(name, text)| (name.to_owned(), text))
    .to_vec()
}

#[test]
fn revisions_run_where_env_py_has_names_looked_up() {
    for before in [
        "connection.execute(text('set search_path to \"%s\"' % ward))",
        "connection.execute(text(f'CREATE SCHEMA IF NOT EXISTS {ward}'))\n    connection.execute(text(f'SET search_path TO {ward}'))",
    ] {
        let Some(mut pair) = files_on(ServerKind::Postgres, &files(before)) else { return };
        if !before.contains("CREATE SCHEMA") {
            pair.sql("CREATE SCHEMA north;\nCREATE SCHEMA south;\n");
        }
        for line in ["upgrade head", "current", "-x ward=south upgrade head", "-x ward=south downgrade base"]
        {
            pair.all_same(&[line]).same_rows(TABLES);
        }
        // Our own commands see what Alembic did, and try it where it is.
        let status = pair.dunlin(&["status", "--format", "json"]).success().json();
        assert_eq!(status["migrations"][0]["state"], "current", "{status}");
        pair.dunlin(&["verify", "--all"]).success();
        pair.all_same(&["downgrade base", "upgrade head", "current"]).same_rows(TABLES).done();
    }
}

#[test]
fn what_cannot_be_told_of_a_session_is_refused_until_dunlin_toml_says_it() {
    for (before, reason) in [
        ("connection.execute(text(open('session.sql').read()))", "db/env.py:13"),
        (
            "connection.execute(text('SELECT pg_advisory_lock(7)'))",
            "it executes `SELECT pg_advisory_lock(7)`",
        ),
        ("connection.execute(text('SET LOCAL search_path TO south'))", "it executes `SET LOCAL"),
        (
            "connection = connection.execution_options(schema_translate_map={None: 'south'})",
            "`schema_translate_map`",
        ),
    ] {
        let Some(mut pair) = files_on(ServerKind::Postgres, &files(before)) else { return };
        pair.sql("CREATE SCHEMA north;\n");
        for arguments in [&["status"][..], &["up"], &["alembic", "current"], &["alembic", "upgrade", "head"]]
        {
            let output = pair.dunlin(arguments).fails();
            assert!(output.stderr.contains(reason), "{output}");
            assert!(output.stderr.contains("`session = [\"SET …\"]` under [alembic]"), "{output}");
        }
        pair.dunlin(&["alembic", "heads"]).success();
        pair.configure("session = [\"SET search_path TO north\"]\n");
        pair.dunlin(&["alembic", "upgrade", "head"]).success();
        assert!(pair.dunlin(&["status"]).success().stdout.contains("1 applied"));
        assert_eq!(pair.our_rows(TABLES), [["north", "alembic_version"], ["north", "beds"]]);
        pair.done();
    }
}
