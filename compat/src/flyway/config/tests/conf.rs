//! CONF mode, and what both modes share.

use super::*;

#[test]
fn conf_mode_reads_properties_variables_and_arguments() {
    let environment = conf("flyway.url=jdbc:sqlite:${env.N}.db\nflyway.table=${env.N}\nflyway.schemas=a, b\nflyway.placeholders.a.b=c\nother=1\nflyway.mixed=TRUE")
        .variable("N", "shop")
        .variable("FLYWAY_USER", "ana")
        .variable("flyway_user", "not in CONF mode");
    let loaded = loaded(&environment, &["-group=true", "-locations=filesystem:x , y", "-jdbcProperties.x=1"]);
    let config = &loaded.config;
    // Live: only the connection's settings are resolved.
    assert_eq!((url(&loaded), config.table.as_str()), ("jdbc:sqlite:shop.db", "${env.N}"));
    assert_eq!((config.user.as_deref(), config.mixed, config.group), (Some("ana"), true, true));
    assert_eq!(
        (&config.schemas[..], &config.locations[..]),
        (&["a".into(), "b".into()][..], &["filesystem:x".into(), "y".into()][..])
    );
    assert_eq!(config.placeholders.get("a.b"), Some("c"));
    assert_eq!(config.jdbc_properties["x"].reveal(), "1");
    let origin = Origin::File { path: "/project/flyway.conf".into(), line: 2 };
    assert_eq!(loaded.provenance["flyway.table"], origin);
}

#[test]
fn conf_mode_refuses_what_flyway_refuses() {
    let cases = [
        (
            "flyway.foo=1\nflyway.bar=1",
            "Unknown configuration properties: flyway.bar,flyway.foo. Please check your conf files or commandline parameters",
        ),
        ("flyway.environment=x", "Unknown configuration property: flyway.environment."),
        ("flyway.color=red", "Unknown configuration property: flyway.color."),
        (
            "flyway.cleanDisabled=yes",
            "Invalid value for flyway.cleanDisabled (should be either true or false): yes",
        ),
        ("flyway.lockRetryCount= 5 x", "Invalid value for flyway.lockRetryCount (should be an integer): 5 x"),
        ("flyway.connectRetries=-1", "Invalid number of connectRetries (must be 0 or greater): -1"),
        ("flyway.placeholderPrefix=", "placeholderPrefix cannot be empty!"),
        ("flyway.errorOverrides=a", "flyway.errorOverrides is not supported by dunlin"),
        ("flyway.vault.url=a", "flyway.vault.url is not supported by dunlin"),
        ("flyway.encoding=nope", "Invalid value for flyway.encoding"),
    ];
    for (text, message) in cases {
        let error = refused(&conf(text), &[]);
        assert!(error.starts_with(message), "{text}: {error}");
    }
}

#[test]
fn conf_files_have_an_encoding() {
    let mut environment = project();
    environment.files.insert(Path::new("/project/flyway.conf").to_owned(), b"flyway.table=caf\xe9".to_vec());
    assert!(refused(&environment, &[]).contains("it is not UTF-8 text"));
    assert_eq!(loaded(&environment, &["-configFileEncoding=ISO-8859-1"]).config.table, "café");
    let both = environment.variable("FLYWAY_CONFIG_FILE_ENCODING", "latin1");
    assert_eq!(loaded(&both, &["-configFileEncoding=UTF-8"]).config.table, "café");
}

#[test]
fn conf_mode_reads_standard_input() {
    let mut environment = conf("flyway.table=file");
    environment.standard_input = b"flyway.table=stdin".to_vec();
    let loaded = loaded(&environment, &["-configFiles=-"]);
    assert_eq!(loaded.config.table, "stdin");
    assert_eq!(loaded.provenance["flyway.table"], Origin::StandardInput { line: 1 });
}

#[test]
fn a_working_directory_moves_locations() {
    let environment = project().file("sub/sql/V1__a.sql", "");
    let default = loaded(&environment, &["-workingDirectory=sub"]);
    assert_eq!(default.config.locations, ["filesystem:/project/sub/sql"]);
    assert!(default.config.default_locations);
    assert!(default.warnings[0].starts_with("Storing migrations in 'sql' is not recommended"));
    let given =
        loaded(&environment, &["-workingDirectory=sub", "-locations=filesystem:x,classpath:y,filesystem:/z"]);
    assert_eq!(given.config.locations, ["filesystem:/project/sub/x", "classpath:y", "filesystem:/z"]);
    assert_eq!(given.config.working_directory.as_deref(), Some(Path::new("/project/sub")));
    // Live: in CONF mode an unset location becomes the working directory itself.
    let conf = project().file("sub/flyway.conf", "flyway.url=x");
    let config = loaded(&conf, &["-workingDirectory=sub"]).config;
    assert_eq!(
        (&config.locations, &config.callback_locations),
        (&vec!["filesystem:/project/sub".to_owned()], &vec!["filesystem:/project/sub".to_owned()])
    );
}

#[test]
fn paid_settings_are_free_and_foreign_ones_are_not_silent() {
    let config = loaded(
        &project(),
        &[
            "-cherryPick=1,2",
            "-dryRunOutput=out.sql",
            "-undoSqlMigrationPrefix=X",
            "-postgresql.transactional.lock=false",
        ],
    )
    .config;
    assert_eq!((config.cherry_pick.len(), config.dry_run_output.as_deref()), (2, Some("out.sql")));
    assert_eq!(
        (config.undo_sql_migration_prefix.as_str(), config.postgresql_transactional_lock),
        ("X", false)
    );
    for argument in [
        "-errorOverrides=x",
        "-kerberosConfigFile=x",
        "-callbacks=a.B",
        "-migrationResolvers=a.B",
        "-vault.url=x",
        "-tags.anyOf=x",
    ] {
        assert!(refused(&project(), &[argument]).contains("is not supported by dunlin"), "{argument}");
    }
    let licence = loaded(&project(), &["-licenseKey=FL01"]);
    assert!(licence.warnings.iter().any(|warning| warning.starts_with("flyway.licenseKey is ignored")));
    for text in ["provisioner = 'clean'", "resolvers.vault.url = 'x'"] {
        assert!(
            refused(&toml(&format!("[environments.default]\n{text}")), &[])
                .contains("not supported by dunlin")
        );
    }
}

#[test]
fn wrong_values_are_found_at_load() {
    assert!(
        refused(&project(), &["-ignoreMigrationPatterns=foo:bar"])
            .starts_with("Invalid migration type 'foo'.")
    );
    assert!(refused(&project(), &["-encoding=nope"]).starts_with("Invalid value for flyway.encoding"));
    assert!(
        refused(&project(), &["-placeholders.flyway:x=1"])
            .starts_with("Invalid placeholder ('flyway:' prefix is reserved): flyway:x")
    );
    assert!(refused(&project(), &["-postgresql=x"]).contains("to `PostgreSQLConfigurationExtension`"));
}

#[test]
fn a_byte_order_mark_is_dropped() {
    assert_eq!(loaded(&conf("\u{feff}flyway.table=bom"), &[]).config.table, "bom");
    assert_eq!(loaded(&toml("\u{feff}[flyway]\ntable = 'bom'"), &[]).config.table, "bom");
}

#[test]
fn names_are_told_apart_by_case() {
    assert!(refused(&conf("flyway.URL=x"), &[]).starts_with("Unknown configuration property: flyway.URL."));
    let error = refused(&project(), &["-Environments.default.url=x"]);
    assert!(
        error.contains("Unknown: 'flyway.Environments.default'. Possible values: flyway.defaultSchema?"),
        "{error}"
    );
}
