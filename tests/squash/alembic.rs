//! Alembic projects, with the original beside us.

use std::path::Path;
use std::process::Command;

use crate::is_thorough;
use crate::support::{Database, Need, Output, Project, ServerKind, command, copy_folder, needs, run};

/// The original, by a Python of its own.
fn alembic(project: &Project, database: &Database, arguments: &[&str]) -> Output {
    point(project, database);
    let mut command: Command = command(Need::Alembic.setting().unwrap(), &project.home());
    command.current_dir(project.path()).args(["-m", "alembic"]).args(arguments);
    // env.py is written anew within a second, which a compiled one would not notice.
    command.env("PYTHONDONTWRITEBYTECODE", "1");
    run(command, "")
}

pub fn project_of(database: &Database) -> Project {
    let project = Project::new();
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic_race"), &project.path());
    point(&project, database);
    project.write("migrations/versions/0004_hard.py", hard(database.kind()));
    project.write(
        "migrations/versions/0005_later.py",
        "\"\"\"later\"\"\"\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = \"0005\"\ndown_revision = \"0004\"\n\n\n\
         def upgrade():\n    op.create_table(\"later\", sa.Column(\"id\", sa.Integer()))\n\n\n\
         def downgrade():\n    op.drop_table(\"later\")\n",
    );
    project
}

/// Has env.py migrate this database.
fn point(project: &Project, database: &Database) {
    let text = project.read("migrations/env.py");
    let line = |line: &str| match line.starts_with("url = ") {
        true => format!("url = {:?}", database.sqlalchemy_url(None)),
        false => line.to_owned(),
    };
    let lines: Vec<String> = text.split('\n').map(line).collect();
    project.write("migrations/env.py", lines.join("\n"));
}

/// Text that SQLAlchemy, a driver or Python could take for something else.
fn hard(kind: ServerKind) -> String {
    let body = match kind {
        ServerKind::Postgres => {
            "op.execute(r\"\"\"CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $$ SELECT '\\:y %'::text; $$\"\"\")"
        }
        ServerKind::Sqlite => {
            "op.execute(\"CREATE TRIGGER f AFTER INSERT ON ledger BEGIN SELECT 1; SELECT 2; END\")"
        }
        _ => "op.execute(\"CREATE PROCEDURE f() BEGIN SELECT 1; SELECT 2; END\")",
    };
    format!(
        "\"\"\"hard\"\"\"\nimport sqlalchemy as sa\nfrom alembic import op\nrevision = \"0004\"\ndown_revision = \"0003\"\n\
         branch_labels = (\"shop\",)\n\n\ndef upgrade():\n    {body}\n    \
         op.get_bind().execute(sa.text(\"INSERT INTO ledger (entry) VALUES (:a), (:b)\"), \
         {{\"a\": \"it's :x \\\\:y a::b 10:20\", \"b\": \"50% ${{z}} \\\"\\\"\\\" {{w}}\\n- \\\\\"}})\n\n\n\
         def downgrade():\n    raise NotImplementedError\n"
    )
}

#[test]
fn a_root_revision_takes_the_place_of_old_ones() {
    if !needs(&[Need::Alembic, Need::Pack]) {
        return;
    }
    let all = [ServerKind::Postgres, ServerKind::MySql, ServerKind::Sqlite];
    let chosen = if is_thorough() { &all[..] } else { &all[..2] };
    for kind in chosen.iter().copied() {
        let (Some(old), Some(by_them), Some(by_us)) =
            (Database::create(kind), Database::create(kind), Database::create(kind))
        else {
            continue;
        };
        let project = project_of(&old);
        alembic(&project, &old, &["upgrade", "0004"]).success();
        let before = old.contents();
        point(&project, &old);
        let output = project.dunlin(&["squash", "--archive", "attic"]).success();
        assert!(output.stdout.contains("Wrote migrations/versions/0004_baseline.py\n"), "{output}");
        assert_eq!(old.contents(), before);
        assert!(project.path().join("attic/migrations/versions/0001_orders.py").exists());

        let said = alembic(&project, &old, &["current"]).success();
        assert!(said.stdout.starts_with("0004"), "{said}");
        let history = alembic(&project, &old, &["history"]).success();
        assert_eq!(
            history.stdout, "0004 -> 0005 (shop) (head), later\n<base> -> 0004 (shop), baseline\n",
            "{history}"
        );
        alembic(&project, &old, &["upgrade", "shop@head"]).success();

        alembic(&project, &by_them, &["upgrade", "head"]).success();
        point(&project, &by_us);
        project.dunlin(&["up"]).success();
        assert_eq!(by_them.contents(), by_us.contents(), "{kind:?}");
        assert_eq!(by_them.table_rows("ledger"), old.table_rows("ledger"), "{kind:?}");
        assert_eq!(by_them.table_rows("alembic_version"), old.table_rows("alembic_version"), "{kind:?}");
        let same = project.dunlin(&["diff", &old.url(), &by_them.url()]);
        assert_eq!(same.stdout, "The schemas are the same.\n", "{kind:?} {same}");

        alembic(&project, &by_them, &["downgrade", "base"]).success();
        assert_eq!(by_them.tables(), ["alembic_version"], "{kind:?}");
        let other = if kind == ServerKind::Sqlite { ServerKind::Postgres } else { ServerKind::Sqlite };
        let Some(other) = Database::create(other) else { continue };
        let refused = alembic(&project, &other, &["upgrade", "head"]).fails();
        assert!(refused.stderr.contains("this baseline is for "), "{refused}");
    }
}

#[test]
fn a_revision_that_branches_off_before_is_named() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let database = Database::sqlite();
    let project = project_of(&database);
    project.dunlin(&["up", "--to", "0004"]).success();
    project.write(
        "migrations/versions/0006_beside.py",
        "\"\"\"beside\"\"\"\nrevision = \"0006\"\ndown_revision = \"0002\"\n\n\ndef upgrade():\n    pass\n\n\ndef downgrade():\n    pass\n",
    );
    let refused = project.dunlin(&["squash", "--delete"]).fails();
    assert!(refused.stderr.contains("0006_beside.py:3"), "{refused}");
    assert!(refused.stderr.contains("`down_revision` names 0002, which would be gone"), "{refused}");
    assert!(refused.stderr.contains("--to 0002"), "{refused}");
    // Up to where it branches off, nothing stands in the way.
    project.dunlin(&["squash", "--delete", "--to", "0002"]).success();
    project.dunlin(&["status"]).success();
}

/// Twenty revisions of a project that does what Alembic can, and the forty that come after them.
#[test]
fn the_beginning_of_a_clinic_is_squashed() {
    if !is_thorough() || !needs(&[Need::Alembic, Need::Pack]) {
        return;
    }
    for kind in [ServerKind::Postgres, ServerKind::MySql, ServerKind::MariaDb, ServerKind::Sqlite] {
        let (Some(old), Some(new)) = (Database::create(kind), Database::create(kind)) else { continue };
        let project = Project::new();
        copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/alembic"), &project.path());
        let original = |database: &Database| {
            let mut command = command(Need::Alembic.setting().unwrap(), &project.home());
            command.current_dir(project.path()).args(["-m", "alembic", "upgrade", "heads"]);
            command.env("CLINIC_DATABASE_URL", database.sqlalchemy_url(None));
            run(command, "").success();
        };
        let dunlin = |arguments: &[&str]| {
            project.use_carrier("host");
            let settings = project.read("dunlin.toml");
            project.write("dunlin.toml", format!("environment = [\"CLINIC_DATABASE_URL\"]\n{settings}"));
            project.dunlin_with(arguments, |command| {
                command.env("CLINIC_DATABASE_URL", old.sqlalchemy_url(None));
            })
        };
        original(&old);
        let refused = dunlin(&["squash", "--delete", "--to", "c6880ef2a76b"]).fails();
        assert!(refused.stderr.contains("--to 40cecca82377"), "{refused}");
        let output = dunlin(&["squash", "--delete", "--to", "40cecca82377"]).success();
        assert!(output.stdout.contains("gives what 20 migrations gave"), "{output}");
        original(&new);
        original(&old);
        let same = dunlin(&["diff", &old.url(), &new.url()]);
        assert_eq!(same.stdout, "The schemas are the same.\n", "{kind:?} {same}");
    }
}
