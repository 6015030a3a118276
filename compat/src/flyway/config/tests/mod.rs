//! What a command line and its surroundings load. Every case marked "live" was compared with Flyway 13.3.0.

use std::path::Path;

use super::environment::tests::FakeEnvironment;
use super::*;

mod conf;

fn try_load(environment: &FakeEnvironment, args: &[&str]) -> Result<Loaded, ConfigError> {
    let args: Vec<String> = args.iter().map(|arg| (*arg).to_owned()).chain(["info".to_owned()]).collect();
    load(&Invocation::parse(&args)?, environment)
}

fn loaded(environment: &FakeEnvironment, args: &[&str]) -> Loaded {
    try_load(environment, args).unwrap_or_else(|error| panic!("{error}"))
}

fn refused(environment: &FakeEnvironment, args: &[&str]) -> String {
    try_load(environment, args).expect_err("refused").to_string()
}

fn project() -> FakeEnvironment {
    FakeEnvironment::default()
}

fn toml(text: &str) -> FakeEnvironment {
    project().file("flyway.toml", text)
}

fn conf(text: &str) -> FakeEnvironment {
    project().file("flyway.conf", text)
}

fn url(loaded: &Loaded) -> &str {
    loaded.config.url.as_ref().map(Secret::reveal).unwrap_or_default()
}

#[test]
fn nothing_configured_gives_flyway_s_defaults() {
    let loaded = loaded(&project(), &[]);
    let config = &loaded.config;
    assert_eq!(loaded.mode, Mode::Toml);
    assert_eq!((config.environment.as_str(), &config.url), ("default", &None));
    assert_eq!(config.locations, ["db/migration"]);
    assert!(config.default_locations && config.callback_locations.is_empty());
    assert_eq!(config.table, "flyway_schema_history");
    assert_eq!(config.target, Target { point: TargetPoint::Latest, optional: false });
    assert_eq!(
        (config.baseline_version.as_str(), config.baseline_description.as_str()),
        ("1", "<< Flyway Baseline >>")
    );
    assert!(config.clean_disabled && config.create_schemas && config.validate_on_migrate);
    assert!(config.execute_in_transaction && config.postgresql_transactional_lock);
    assert!(!config.out_of_order && !config.group && !config.mixed && !config.report_enabled);
    assert_eq!(config.sql_migration_suffixes, [".sql"]);
    assert_eq!((config.lock_retry_count, config.connect_retries_interval), (50, 120));
    assert_eq!(config.encoding, Charset::UTF_8);
    assert_eq!(config.ignore_migration_patterns.len(), 1);
    assert_eq!(config.undo_sql_migration_prefix, "U");
    assert_eq!(loaded.provenance["flyway.table"], Origin::Default);
    assert_eq!(loaded.warnings, ["No locations configured and default location 'sql' not found."]);
}

#[test]
fn later_layers_override_earlier_ones() {
    let mut environment = project()
        .file("/home/ana/flyway.toml", "[flyway]\ntable = 'home'")
        .file("/home/ana/flyway.user.toml", "[flyway]\ntable = 'home user'");
    assert_eq!(loaded(&environment, &[]).config.table, "home user");
    environment = environment.file("flyway.toml", "[flyway]\ntable = 'here'");
    assert_eq!(loaded(&environment, &[]).config.table, "here");
    environment = environment.file("flyway.user.toml", "[flyway]\ntable = 'user'");
    assert_eq!(loaded(&environment, &[]).config.table, "user");
    environment = environment.file("sub/flyway.toml", "[flyway]\ntable = 'sub'");
    assert_eq!(loaded(&environment, &["-workingDirectory=sub"]).config.table, "sub");
    environment =
        environment.file("a.toml", "[flyway]\ntable = 'a'").variable("FLYWAY_CONFIG_FILES", "a.toml");
    assert_eq!(loaded(&environment, &[]).config.table, "a");
    environment = environment.file("b.toml", "[flyway]\ntable = 'b'");
    assert_eq!(loaded(&environment, &["-configFiles=b.toml"]).config.table, "b");
    environment = environment.variable("FLYWAY_TABLE", "variable");
    assert_eq!(loaded(&environment, &["-configFiles=b.toml"]).config.table, "variable");
    assert_eq!(loaded(&environment, &["-table=argument"]).config.table, "argument");
    let all = loaded(&environment, &["-table=argument", "-environments.default.flyway.table=last"]);
    assert_eq!(all.config.table, "last");
    assert_eq!(
        all.provenance["environments.default.flyway.table"],
        Origin::Argument("-environments.default.flyway.table".to_owned())
    );
}

#[test]
fn files_decide_on_the_mode() {
    // Live, all of them.
    let both = conf("flyway.table=conf").file("flyway.toml", "[flyway]\ntable = 'toml'");
    assert_eq!(loaded(&both, &[]).config.table, "toml");
    assert_eq!(loaded(&both, &["-configFiles=flyway.conf"]).mode, Mode::Conf);
    let only_conf = conf("flyway.table=conf");
    let missing = loaded(&only_conf, &["-configFiles=nope.toml"]);
    assert_eq!((missing.mode, missing.config.table.as_str()), (Mode::Conf, "conf"));
    assert_eq!(
        missing.warnings[0],
        "One or more specified configuration files could not be found: /project/nope.toml"
    );
    assert!(
        refused(&only_conf, &["-configFiles=nope.conf"])
            .starts_with("Unable to load config file: /project/nope.conf")
    );
    assert_eq!(loaded(&project(), &["-configFiles=nope.conf"]).mode, Mode::Toml);
    let variable = project().variable("FLYWAY_CONFIG_FILES", "nope.conf");
    assert!(refused(&variable, &[]).starts_with("Unable to load config file: /project/nope.conf"));
    let variable = project().variable("FLYWAY_CONFIG_FILES", "nope.toml");
    assert_eq!(loaded(&variable, &[]).mode, Mode::Toml);
    let mixed = refused(&both, &["-configFiles=flyway.conf,flyway.toml"]);
    assert!(
        mixed.starts_with("Using both TOML configuration and CONF configuration is not supported."),
        "{mixed}"
    );
}

#[test]
fn toml_values_are_coerced_as_jackson_does() {
    let text = r#"
        [flyway]
        cleanDisabled = 0
        lockRetryCount = "7"
        connectRetries = 1
        baselineVersion = 1.10
        table = 12
        batch = "true"
        locations = [1, true, "filesystem:sql"]
        placeholders = { n = 1, d = 2020-01-01, b = true, x = "y" }
    "#;
    let config = loaded(&toml(&text.replace("connectRetries = 1\n", "")), &[]).config;
    assert!(!config.clean_disabled && config.batch);
    assert_eq!(
        (config.lock_retry_count, config.baseline_version.as_str(), config.table.as_str()),
        (7, "1.10", "12")
    );
    assert_eq!(config.locations, ["1", "true", "filesystem:sql"]);
    let placeholders: Vec<_> = config.placeholders.iter().collect();
    assert_eq!(placeholders, [("b", "true"), ("d", "2020-01-01"), ("n", "1"), ("x", "y")]);
    assert_eq!(loaded(&toml("[flyway]\nlockRetryCount = 1.5"), &[]).config.lock_retry_count, 1);
    assert!(loaded(&toml("[flyway]\ncleanDisabled = ''"), &[]).config.clean_disabled);
}

#[test]
fn toml_type_errors_name_key_file_and_line() {
    let cases = [
        (
            "cleanDisabled = 'yes'",
            "`flyway.cleanDisabled` namespace. Update this from String value to `Boolean`",
        ),
        ("cleanDisabled = 1.5", "Update this from Floating-point value to `Boolean`"),
        ("locations = 'filesystem:sql'", "Update this from String value to `ArrayList`"),
        ("table = ['x']", "Update this from Array value to `String`"),
        ("lockRetryCount = true", "Update this from Boolean value to `Integer`"),
        ("placeholders = 'x'", "Update this from String value to `LinkedHashMap`"),
        (
            "placeholders.a.b = 'x'",
            "`flyway.placeholders.a` namespace. Update this from Object value to `String`",
        ),
        ("postgresql.transactional.lock = 'no'", "`flyway.postgresql.transactional.lock` namespace"),
    ];
    for (line, message) in cases {
        let error = refused(&toml(&format!("[flyway]\n{line}")), &[]);
        assert!(error.contains(message) && error.contains("/project/flyway.toml:2"), "{line}: {error}");
    }
    assert!(refused(&toml("flyway = 'x'"), &[]).contains("to `FlywayModel`"));
    assert!(refused(&toml("[environments]\ndefault = 'x'"), &[]).contains("to `EnvironmentModel`"));
    assert!(refused(&toml("[flyway]\nlockRetryCount = 99999999999"), &[]).contains("should be an integer"));
}

#[test]
fn argument_type_errors_name_key_and_argument() {
    let error = refused(&project(), &["-cleanDisabled=yes"]);
    assert_eq!(
        error,
        "Invalid value for flyway.cleanDisabled (should be either true or false): yes (argument -cleanDisabled)"
    );
    assert!(!loaded(&project(), &["-cleanDisabled=False"]).config.clean_disabled);
    assert!(loaded(&project(), &["-cleanDisabled="]).config.clean_disabled);
    assert_eq!(loaded(&project(), &["-lockRetryCount= 5 "]).config.lock_retry_count, 5);
    let error = refused(&project(), &["-connectRetries=abc"]);
    assert!(
        error.starts_with("Invalid value for flyway.connectRetries (should be an integer): abc"),
        "{error}"
    );
    let variable = project().variable("FLYWAY_CLEAN_DISABLED", "maybe");
    assert!(refused(&variable, &[]).ends_with("maybe (environment variable FLYWAY_CLEAN_DISABLED)"));
}

#[test]
fn lists_merge_by_the_last_non_empty_one_and_maps_by_key() {
    let environment = toml("[flyway]\nlocations = ['filesystem:a']\nplaceholders = { a = '1', b = '1' }\nignoreMigrationPatterns = ['']")
        .file("flyway.user.toml", "[flyway]\nlocations = []\nplaceholders = { b = '2' }");
    let config = loaded(&environment, &["-placeholders.c=3"]).config;
    assert_eq!(config.locations, ["filesystem:a"]);
    let placeholders: Vec<_> = config.placeholders.iter().collect();
    assert_eq!(placeholders, [("a", "1"), ("b", "2"), ("c", "3")]);
    assert!(config.ignore_migration_patterns.is_empty());
}

#[test]
fn an_environment_overrides_the_project() {
    // Live: override lists may be empty, placeholders replace all others, and resolvers stay as they are.
    let environment = toml(
        "[flyway]\nenvironment = 'dev'\ntable = 'base'\nlocations = ['filesystem:a']\nplaceholders.a = '1'\n\
         [environments.dev]\nurl = 'jdbc:sqlite:${env.NAME}.db'\n\
         [environments.dev.flyway]\ntable = '${env.NAME}'\nlocations = []\nplaceholders.b = '2'",
    )
    .variable("NAME", "shop");
    let loaded = loaded(&environment, &[]);
    assert_eq!(url(&loaded), "jdbc:sqlite:shop.db");
    assert_eq!(loaded.config.table, "${env.NAME}");
    assert!(loaded.config.locations.is_empty());
    assert_eq!(loaded.config.placeholders.iter().collect::<Vec<_>>(), [("b", "2")]);
}

#[test]
fn flat_connection_settings_go_to_the_current_environment() {
    let environment =
        toml("[flyway]\nenvironment = 'dev'\n[environments.dev]\nuser = 'file'\nschemas = ['a']")
            .variable("FLYWAY_USER", "variable")
            .variable("FLYWAY_JDBC_PROPERTIES_SSLMODE", "require")
            .variable("FLYWAY_SCHEMAS", "b,c");
    let loaded = loaded(&environment, &["-url=jdbc:sqlite:x.db"]);
    assert_eq!((url(&loaded), loaded.config.user.as_deref()), ("jdbc:sqlite:x.db", Some("variable")));
    assert_eq!(loaded.config.schemas, ["b", "c"]);
    assert_eq!(loaded.config.jdbc_properties["sslmode"].reveal(), "require");
    assert_eq!(loaded.provenance["environments.dev.url"], Origin::Argument("-url".to_owned()));
    // Live: a flat URL creates the environment it belongs to.
    assert_eq!(self::loaded(&project(), &["-environment=new", "-url=x"]).config.environment, "new");
    // Live: not as a flat argument, and not flat in a file.
    assert!(refused(&project(), &["-jdbcProperties.x=1"]).contains("Unknown: 'flyway.jdbcProperties.x'."));
    assert!(refused(&toml("[flyway]\nurl = 'x'"), &[]).contains("Unknown: 'flyway.url'."));
}

#[test]
fn arguments_reach_a_named_environment() {
    let loaded = loaded(
        &project(),
        &[
            "-environment=dev",
            "-environments.dev.url=u",
            "-environments.dev.schemas=a, b",
            "-environments.dev.jdbcProperties.a.b=c",
            "-environments.dev.flyway.placeholders.x=y",
        ],
    );
    assert_eq!((url(&loaded), loaded.config.schemas.len()), ("u", 2));
    assert_eq!(loaded.config.schemas, ["a", "b"]);
    assert_eq!(loaded.config.jdbc_properties["a.b"].reveal(), "c");
    assert_eq!(loaded.config.placeholders.get("X"), Some("y"));
}

#[test]
fn a_missing_environment_is_an_error_with_a_hint() {
    let error = refused(&toml("[flyway]\nenvironment = 'Dev'\n[environments.dev]\nurl = 'x'"), &[]);
    assert_eq!(
        error,
        "Failed to configure parameters:\nEnvironment 'Dev' not found. Check that this environment exists in your configuration. Did you mean 'dev'?"
    );
    assert_eq!(loaded(&project(), &["-environment=-"]).config.url, None);
}

#[test]
fn unknown_keys_in_toml_mode_are_errors_with_suggestions() {
    let error = refused(
        &toml("[flyway]\ntabel = 'x'\nfoo = 1\ncleanOnValidationError = true\nplugins.vault = 'x'"),
        &[],
    );
    assert_eq!(
        error,
        "Failed to configure parameters:\n\
         \tRemoved: 'flyway.cleanOnValidationError' has been removed and is no longer supported. (/project/flyway.toml:4)\n\
         \tUnknown: 'flyway.foo'. Check the parameter spelling and ensure Flyway is up to date. (/project/flyway.toml:3)\n\
         \tDeprecated: 'flyway.plugins.vault' has been replaced by 'flyway.vault'. (/project/flyway.toml:5)\n\
         \tUnknown: 'flyway.tabel'. Possible values: flyway.table, flyway.tablespace? (/project/flyway.toml:2)"
    );
    let inner = refused(&toml("[environments.default.flyway]\noutputType = 'json'"), &[]);
    assert!(
        inner.contains("Unknown: 'environments.default.flyway.outputType'. Possible values: environments.default.flyway.outputQueryResults?"),
        "{inner}"
    );
    // Live: the encoding of CONF files is unknown in TOML mode, as a variable too.
    let variable = project().variable("FLYWAY_CONFIG_FILE_ENCODING", "latin1");
    assert!(
        refused(&variable, &[])
            .contains("Unknown: 'flyway.configFileEncoding'. Possible values: flyway.encoding?")
    );
}

#[test]
fn foreign_root_tables_turn_unknown_keys_into_warnings() {
    let loaded = loaded(
        &toml(
            "name = 'shop'\n[flyway]\ntabel = 1\n[flyway.check]\nrulesLocation = 'x'\n[flywayDesktop]\nx = 1",
        ),
        &[],
    );
    let warnings = loaded.warnings.join("\n");
    assert!(warnings.contains("Unknown: 'flyway.tabel'."), "{warnings}");
    assert!(warnings.contains("flyway.check.rulesLocation is ignored"), "{warnings}");
}

#[test]
fn unknown_keys_of_an_environment_are_warnings() {
    let loaded = loaded(&toml("[environments.default]\nurll = 'x'"), &[]);
    assert_eq!(loaded.warnings[0], "Unknown parameters configured in Environment default: urll");
}

#[test]
fn lower_case_variables_win_over_upper_case_ones_in_toml_mode() {
    let environment = project()
        .variable("FLYWAY_TABLE", "up")
        .variable("flyway_table", "low")
        .variable("flyway_placeholders_camelCase", "3")
        .variable("FLYWAY_PLACEHOLDERS_MY_X", "2")
        .variable("FLYWAY_FOO", "unknown upper-case variables are not Flyway's")
        .variable("flyway_environment", "dev")
        .variable("environments_dev_url", "u");
    let loaded = loaded(&environment, &[]);
    assert_eq!((loaded.config.table.as_str(), url(&loaded)), ("low", "u"));
    assert_eq!(loaded.config.placeholders.iter().collect::<Vec<_>>(), [("camelCase", "3"), ("my_x", "2")]);
    assert_eq!(
        loaded.warnings[0],
        "Using both new Environment variable flyway_table and old Environment variable FLYWAY_TABLE. Please remove FLYWAY_TABLE."
    );
    assert!(refused(&project().variable("flyway_foo", "1"), &[]).contains("Unknown: 'flyway.foo'."));
}

#[test]
fn resolvers_work_in_project_and_environment() {
    let text = "[flyway]\ntable = '${env.T}'\ntablespace = '${placeholder.t}'\nplaceholders.t = 'zz'\ndefaultSchema = '$${env.T}'\ntarget = '!{${env.X}}'\n[environments.default]\npassword = '${env.P}'\ninitSql = '${env.T}'";
    let environment = toml(text).variable("T", "hist").variable("P", "s3cret");
    let loaded = loaded(&environment, &[]);
    let config = &loaded.config;
    assert_eq!((config.table.as_str(), config.tablespace.as_deref()), ("hist", Some("zz")));
    assert_eq!(config.default_schema.as_deref(), Some("${env.T}"));
    assert_eq!(config.password.as_ref().map(Secret::reveal), Some("s3cret"));
    assert_eq!(config.init_sql.as_deref(), Some("${env.T}"));
    assert!(!format!("{loaded:?}").contains("s3cret"));
    let nested = refused(&toml("[environments.default]\npassword = 's3cret${env.${env.P}}'"), &[]);
    assert!(
        nested.starts_with("Resolvers cannot be nested: ********") && !nested.contains("s3cret"),
        "{nested}"
    );
    let missing = refused(&toml("[flyway]\ntable = '${env.NOPE}'"), &[]);
    assert_eq!(
        missing,
        "Unable to resolve environment variable: 'NOPE' (in flyway.table, /project/flyway.toml:2)"
    );
}
