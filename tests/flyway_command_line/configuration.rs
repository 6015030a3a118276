//! Where settings come from: files, variables, arguments; and what is wrong with them.

use crate::compare::{CONFIG, Scene};
use crate::states::CLINIC;
use crate::support::flyway_is_here;

fn scene() -> Scene {
    Scene::new(CLINIC, |_| {})
}

#[test]
fn explicit_files() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(
        &[
            CLINIC,
            &[
                ("flyway.toml", CONFIG),
                ("more.toml", "[flyway]\ntable = \"history\"\n"),
                ("test.toml", "[environments.test]\nurl = \"jdbc:sqlite:test.db\"\n"),
                ("plain.conf", "flyway.url=jdbc:sqlite:plain.db\nflyway.locations=filesystem:sql\nflyway.table=history\n"),
                ("wrong.conf", "flyway.url=jdbc:sqlite:plain.db\nflyway.tabel=history\n"),
                ("wrong.toml", "[flyway]\ntabel = \"history\"\n"),
                ("broken.toml", "[flyway\ntable = 1\n"),
                ("mistyped.toml", "[flyway]\noutOfOrder = \"maybe\"\n"),
                ("list.toml", "[flyway]\nlocations = \"filesystem:sql\"\n"),
                ("number.toml", "[environments.default]\nconnectRetries = \"three\"\n"),
            ],
        ]
        .concat(),
        |_| {},
    );
    scene.all_same(&[
        "migrate -configFiles=more.toml",
        "migrate -configFiles=test.toml -environment=test",
        "migrate -configFiles=plain.conf",
        "info -configFiles=plain.conf",
        "info -configFiles=wrong.toml",
        "info -configFiles=mistyped.toml",
        "info -configFiles=list.toml",
        "info -configFiles=number.toml",
        "info -environment=nowhere",
        "info -environment=Default",
        "info -configFiles=wrong.toml -outputType=json",
        "info -configFiles=nowhere.conf -outputType=json",
    ]);
    scene.done();
}

#[test]
fn a_conf_file_where_it_is_expected() {
    if !flyway_is_here() {
        return;
    }
    let conf =
        "flyway.url = jdbc:sqlite:clinic.db\nflyway.locations=filesystem:sql\nflyway.placeholders.a=b\n";
    let scene = Scene::new(&[CLINIC, &[("flyway.conf", conf)]].concat(), |_| {});
    scene.all_same(&[
        "info",
        "migrate",
        "migrate -table=t",
        "info -bogus=1",
        "info -target=x",
        "info -outOfOrder=maybe",
    ]);
    scene.done();
}

#[test]
fn variables() {
    if !flyway_is_here() {
        return;
    }
    let scene = scene();
    scene.same_with(&["migrate"], |command| {
        command.env("FLYWAY_TABLE", "history").env("FLYWAY_OUT_OF_ORDER", "true");
    });
    scene.same_with(&["info"], |command| {
        command.env("FLYWAY_URL", "jdbc:sqlite:other.db").env("FLYWAY_LOCATIONS", "filesystem:nowhere");
    });
    scene.same_with(&["info"], |command| {
        command.env("FLYWAY_CONFIG_FILES", "nowhere.toml");
    });
    scene.same_with(&["migrate", "-table=mine"], |command| {
        command.env("FLYWAY_TABLE", "theirs");
    });
    scene.same_with(&["info"], |command| {
        command.env("FLYWAY_TARGET", "nonsense");
    });
    scene.done();
}

#[test]
fn wrong_values() {
    if !flyway_is_here() {
        return;
    }
    scene()
        .all_same(&[
            "info -bogus=1",
            "info -tabel=x",
            "info -cleanOnValidationError=true",
            "info -sqlMigrationSuffixes=",
            "info -sqlMigrationSeparator=",
            "info -table=",
            "info -lockRetryCount=-5",
            "info -bogus=1 -outputType=json",
            "info -loggers=console",
            "info -environments.default.url=jdbc:sqlite:other.db",
            "info -environments.default=1",
        ])
        .done();
}

#[test]
fn several_things_wrong_at_once() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(
        &[
            CLINIC,
            &[
                ("flyway.toml", "[environments.default]\nurl = \"jdbc:sqlite:clinic.db\"\n\n[flyway]\ntabel = \"a\"\ngruop = true\n"),
                ("wrong.toml", "[flyway]\nschemaz = [\"a\"]\n"),
                // Without locations Flyway warns of that before, and ours does not.
                (
                    "wrong.conf",
                    "flyway.tabel=a\nflyway.gruop=true\nflyway.url=jdbc:sqlite:clinic.db\nflyway.locations=filesystem:sql\n",
                ),
            ],
        ]
        .concat(),
        |_| {},
    );
    scene.all_same(&[
        "info",
        "info -bogus=1",
        "info -zebra=1 -apple=2 -bogus=3",
        "info -configFiles=wrong.toml -bogus=1",
        "info -configFiles=wrong.conf",
        "info -configFiles=wrong.conf -zebra=1 -apple=2",
        "info -zebra=1 -environment=nowhere",
        "bogus -zebra=1",
        "info bogus -zebra=1 -outputType=json",
    ]);
    scene.same_with(&["info", "-zebra=1"], |command| {
        command.env("FLYWAY_BOGUS", "1");
    });
    scene.done();
}

#[test]
fn markers_of_placeholders_that_are_empty() {
    if !flyway_is_here() {
        return;
    }
    let scene = Scene::new(CLINIC, |project| {
        project.flyway_again(&["migrate", "-target=2"]).success();
    });
    scene.all_same(&["info -placeholderPrefix=", "validate -placeholderPrefix=", "info -placeholderSuffix="]);
    scene.all_same(&["migrate -placeholderSuffix=", "migrate -placeholderPrefix= -target=2"]);
    scene.same_outcome(&["migrate", "-placeholderPrefix="]).done();
    self::scene()
        .same_outcome(&["migrate", "-placeholderPrefix="])
        .same_outcome(&["baseline", "-placeholderPrefix="])
        .done();
}

#[test]
fn prefixes_that_are_the_same() {
    if !flyway_is_here() {
        return;
    }
    scene()
        .all_same(&[
            "info -repeatableSqlMigrationPrefix=V",
            "migrate -repeatableSqlMigrationPrefix=V",
            "validate -repeatableSqlMigrationPrefix=V -outputType=json",
            "info -sqlMigrationPrefix=R",
        ])
        .done();
    // Flyway takes a file for both kinds of migrations then.
    for (prefix, other) in [("V", "sqlMigrationPrefix"), ("R", "repeatableSqlMigrationPrefix")] {
        let scene = scene();
        let ours = scene.ours(&["migrate", &format!("-baselineMigrationPrefix={prefix}")], &|_| {});
        let said = format!("ERROR: {other} and baselineMigrationPrefix are both '{prefix}', ");
        assert!(ours.status == 1 && ours.stderr.starts_with(&said), "{}", ours.stderr);
        assert_eq!(ours.database, "");
    }
}

#[test]
fn addresses() {
    if !flyway_is_here() {
        return;
    }
    scene()
        .all_same(&[
            "info -url=jdbc:sqlite::memory:",
            "migrate -url=jdbc:sqlite::memory:",
            "migrate info -url=jdbc:sqlite::memory:",
            "info -url=jdbc:sqlite:nowhere/clinic.db",
            "info -url=jdbc:sqlite:nowhere/clinic.db -outputType=json",
            "migrate -url=jdbc:sqlite:nowhere/clinic.db",
            "info -schemas=nowhere",
            "info -schemas=nowhere -outputType=json",
            "validate -defaultSchema=nowhere",
            "validate -defaultSchema=nowhere -outputType=json",
        ])
        // Flyway tries to create the schema ten times.
        .same_outcome(&["migrate", "-schemas=nowhere"])
        .same_outcome(&["migrate", "-defaultSchema=nowhere"])
        .done();
    Scene::new(&[("flyway.toml", "[flyway]\n")], |_| {})
        .all_same(&["info", "info -outputType=json", "migrate"])
        .done();
}
