//! The table of Flyway's parameters: name, type, where it lives, environment variable, default, and what dunlin does with it.

/// The type of a parameter's value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Text.
    Text,
    /// `true` or `false`.
    Flag,
    /// A 32-bit signed integer.
    Number,
    /// A list of texts; comma-separated outside TOML files.
    List,
    /// Named texts, written `name.<key>`.
    Map,
}

/// Where a parameter lives in Flyway's configuration model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Home {
    /// `[environments.<name>]` (`EnvironmentModel`).
    Environment,
    /// `[flyway]`, and `[environments.<name>.flyway]` overrides it (`FlywayEnvironmentModel`).
    Overridable,
    /// `[flyway]` only (`FlywayModel`).
    Project,
    /// `[flyway]` only, brought by one of Flyway's plug-ins (`ConfigurationExtension`).
    Extension,
}

/// What dunlin does with a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tier {
    /// In Flyway's open-source edition, and here.
    Community,
    /// Paid in Flyway, free here.
    Paid,
    /// Accepted without effect, with a warning that gives this reason.
    Ignored(&'static str),
    /// Refused when set, for this reason.
    Refused(&'static str),
}

/// A parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    /// Name without `flyway.`: `cleanDisabled`, `postgresql.transactional.lock`.
    pub name: &'static str,
    /// Type.
    pub kind: Kind,
    /// Where it lives.
    pub home: Home,
    /// Default as text (a list's items separated by commas); `None` when there is none.
    pub default: Option<&'static str>,
    /// The upper-case environment variable, if there is one. For a map, the prefix of its variables.
    pub variable: Option<&'static str>,
    /// What dunlin does with it.
    pub tier: Tier,
}

use Home::{Environment, Extension, Overridable, Project};
use Kind::{Flag, List, Map, Number, Text};
use Tier::{Community, Ignored, Paid, Refused};

const fn row(
    name: &'static str,
    kind: Kind,
    home: Home,
    default: Option<&'static str>,
    variable: Option<&'static str>,
    tier: Tier,
) -> Parameter {
    Parameter { name, kind, home, default, variable, tier }
}

const ON: Option<&str> = Some("true");
const OFF: Option<&str> = Some("false");
const JAVA: Tier = Ignored("it names Java classes or archives, which dunlin does not load");
const RED: Tier = Ignored("it belongs to Redgate's edition of Flyway");
const ENGINE: Tier = Ignored("it has no meaning for dunlin");

/// Every parameter. Order within a home is that of Flyway's classes, because suggestions follow it.
#[rustfmt::skip]
pub const PARAMETERS: &[Parameter] = &[
    row("url", Text, Environment, None, Some("FLYWAY_URL"), Community),
    row("user", Text, Environment, None, Some("FLYWAY_USER"), Community),
    row("password", Text, Environment, None, Some("FLYWAY_PASSWORD"), Community),
    row("driver", Text, Environment, None, Some("FLYWAY_DRIVER"), Community),
    row("displayName", Text, Environment, None, None, Community),
    row("schemas", List, Environment, None, Some("FLYWAY_SCHEMAS"), Community),
    row("connectRetries", Number, Environment, Some("0"), Some("FLYWAY_CONNECT_RETRIES"), Community),
    row("connectRetriesInterval", Number, Environment, Some("120"), Some("FLYWAY_CONNECT_RETRIES_INTERVAL"), Community),
    row("initSql", Text, Environment, None, Some("FLYWAY_INIT_SQL"), Community),
    row("jdbcProperties", Map, Environment, None, Some("FLYWAY_JDBC_PROPERTIES_"), Community),
    row("provisioner", Text, Environment, None, None, Community),

    row("environment", Text, Project, Some("default"), None, Community),
    row("outputType", Text, Project, None, None, Community),
    row("outputProgress", Flag, Project, OFF, None, ENGINE),
    row("outputLogsInJson", Flag, Project, None, None, Community),
    row("provisionMode", Text, Project, Some("provision"), None, ENGINE),
    row("color", Text, Project, Some("auto"), None, Community),

    row("reportFilename", Text, Overridable, Some("report"), Some("FLYWAY_REPORT_FILENAME"), Community),
    row("detectEncoding", Flag, Overridable, OFF, Some("FLYWAY_DETECT_ENCODING"), Community),
    row("encoding", Text, Overridable, Some("UTF-8"), Some("FLYWAY_ENCODING"), Community),
    row("placeholderPrefix", Text, Overridable, Some("${"), Some("FLYWAY_PLACEHOLDER_PREFIX"), Community),
    row("placeholderSuffix", Text, Overridable, Some("}"), Some("FLYWAY_PLACEHOLDER_SUFFIX"), Community),
    row("placeholderSeparator", Text, Overridable, Some(":"), Some("FLYWAY_PLACEHOLDER_SEPARATOR"), Community),
    row("scriptPlaceholderPrefix", Text, Overridable, Some("FP__"), Some("FLYWAY_SCRIPT_PLACEHOLDER_PREFIX"), Community),
    row("scriptPlaceholderSuffix", Text, Overridable, Some("__"), Some("FLYWAY_SCRIPT_PLACEHOLDER_SUFFIX"), Community),
    row("powershellExecutable", Text, Overridable, None, Some("FLYWAY_POWERSHELL_EXECUTABLE"), Community),
    row("sqlMigrationPrefix", Text, Overridable, Some("V"), Some("FLYWAY_SQL_MIGRATION_PREFIX"), Community),
    row("executeInTransaction", Flag, Overridable, ON, Some("FLYWAY_EXECUTE_IN_TRANSACTION"), Community),
    row("repeatableSqlMigrationPrefix", Text, Overridable, Some("R"), Some("FLYWAY_REPEATABLE_SQL_MIGRATION_PREFIX"), Community),
    row("sqlMigrationSeparator", Text, Overridable, Some("__"), Some("FLYWAY_SQL_MIGRATION_SEPARATOR"), Community),
    row("sqlMigrationSuffixes", List, Overridable, Some(".sql"), Some("FLYWAY_SQL_MIGRATION_SUFFIXES"), Community),
    row("cleanDisabled", Flag, Overridable, ON, Some("FLYWAY_CLEAN_DISABLED"), Community),
    // The variable's name says the opposite of the parameter it sets; so it is in Flyway.
    row("communityDBSupportEnabled", Flag, Overridable, ON, Some("FLYWAY_COMMUNITY_DB_SUPPORT_DISABLED"), Community),
    row("locations", List, Overridable, Some(DEFAULT_LOCATION), Some("FLYWAY_LOCATIONS"), Community),
    row("callbackLocations", List, Overridable, None, Some("FLYWAY_CALLBACK_LOCATIONS"), Community),
    row("jarDirs", List, Overridable, None, Some("FLYWAY_JAR_DIRS"), JAVA),
    row("table", Text, Overridable, Some("flyway_schema_history"), Some("FLYWAY_TABLE"), Community),
    row("tablespace", Text, Overridable, None, Some("FLYWAY_TABLESPACE"), Community),
    row("target", Text, Overridable, Some("latest"), Some("FLYWAY_TARGET"), Community),
    row("failOnMissingTarget", Flag, Overridable, None, None, Ignored("Flyway derives it from target")),
    row("placeholderReplacement", Flag, Overridable, ON, Some("FLYWAY_PLACEHOLDER_REPLACEMENT"), Community),
    row("ignoreMigrationPatterns", List, Overridable, Some("*:future"), Some("FLYWAY_IGNORE_MIGRATION_PATTERNS"), Community),
    row("validateMigrationNaming", Flag, Overridable, OFF, Some("FLYWAY_VALIDATE_MIGRATION_NAMING"), Community),
    row("validateOnMigrate", Flag, Overridable, ON, Some("FLYWAY_VALIDATE_ON_MIGRATE"), Community),
    row("baselineVersion", Text, Overridable, Some("1"), Some("FLYWAY_BASELINE_VERSION"), Community),
    row("baselineDescription", Text, Overridable, Some("<< Flyway Baseline >>"), Some("FLYWAY_BASELINE_DESCRIPTION"), Community),
    row("baselineOnMigrate", Flag, Overridable, OFF, Some("FLYWAY_BASELINE_ON_MIGRATE"), Community),
    row("outOfOrder", Flag, Overridable, OFF, Some("FLYWAY_OUT_OF_ORDER"), Community),
    row("skipExecutingMigrations", Flag, Overridable, OFF, Some("FLYWAY_SKIP_EXECUTING_MIGRATIONS"), Community),
    row("callbacks", List, Overridable, None, Some("FLYWAY_CALLBACKS"), Refused("Java callbacks cannot be run; use SQL callbacks")),
    row("skipDefaultCallbacks", Flag, Overridable, OFF, Some("FLYWAY_SKIP_DEFAULT_CALLBACKS"), Community),
    row("migrationResolvers", List, Overridable, None, None, Refused("Java migration resolvers cannot be run")),
    row("skipDefaultResolvers", Flag, Overridable, OFF, Some("FLYWAY_SKIP_DEFAULT_RESOLVERS"), Community),
    row("mixed", Flag, Overridable, OFF, Some("FLYWAY_MIXED"), Community),
    row("group", Flag, Overridable, OFF, Some("FLYWAY_GROUP"), Community),
    row("installedBy", Text, Overridable, None, Some("FLYWAY_INSTALLED_BY"), Community),
    row("createSchemas", Flag, Overridable, ON, Some("FLYWAY_CREATE_SCHEMAS"), Community),
    row("errorOverrides", List, Overridable, None, Some("FLYWAY_ERROR_OVERRIDES"), Refused("error overrides (Flyway's paid editions) are not implemented")),
    row("dryRunOutput", Text, Overridable, None, Some("FLYWAY_DRYRUN_OUTPUT"), Paid),
    row("stream", Flag, Overridable, OFF, Some("FLYWAY_STREAM"), Community),
    row("batch", Flag, Overridable, OFF, Some("FLYWAY_BATCH"), Community),
    row("outputQueryResults", Flag, Overridable, ON, Some("FLYWAY_OUTPUT_QUERY_RESULTS"), Community),
    row("lockRetryCount", Number, Overridable, Some("50"), Some("FLYWAY_LOCK_RETRY_COUNT"), Community),
    row("kerberosConfigFile", Text, Overridable, None, Some("FLYWAY_KERBEROS_CONFIG_FILE"), Refused("Kerberos authentication (Flyway's paid editions) is not implemented")),
    row("failOnMissingLocations", Flag, Overridable, OFF, Some("FLYWAY_FAIL_ON_MISSING_LOCATIONS"), Community),
    row("loggers", List, Overridable, Some("auto"), Some("FLYWAY_LOGGERS"), Community),
    row("placeholders", Map, Overridable, None, Some("FLYWAY_PLACEHOLDERS_"), Community),
    row("defaultSchema", Text, Overridable, None, Some("FLYWAY_DEFAULT_SCHEMA"), Community),
    row("reportEnabled", Flag, Overridable, OFF, None, Community),

    row("baselineMigrationPrefix", Text, Extension, Some("B"), Some("FLYWAY_BASELINE_MIGRATION_PREFIX"), Community),
    row(TRANSACTIONAL_LOCK, Flag, Extension, ON, Some("FLYWAY_POSTGRESQL_TRANSACTIONAL_LOCK"), Community),
    row("cherryPick", List, Extension, None, Some("FLYWAY_CHERRY_PICK"), Paid),
    row("undoSqlMigrationPrefix", Text, Extension, Some("U"), Some("FLYWAY_UNDO_SQL_MIGRATION_PREFIX"), Paid),
    row("licenseKey", Text, Extension, None, Some("FLYWAY_LICENSE_KEY"), Ignored("dunlin needs no licence")),
    row("email", Text, Extension, None, Some("FLYWAY_EMAIL"), Ignored("dunlin needs no licence")),
    row("token", Text, Extension, None, Some("FLYWAY_TOKEN"), Ignored("dunlin needs no licence")),
    row("offlinePermitPath", Text, Extension, None, Some("FLYWAY_OFFLINE_PERMIT_PATH"), Ignored("dunlin needs no licence")),
    row("publishResult", Flag, Extension, None, Some("FLYWAY_PUBLISH_RESULT"), RED),
    row("checkDriftOnMigrate", Flag, Extension, None, Some("FLYWAY_CHECK_DRIFT_ON_MIGRATE"), RED),
    row("pipelineId", Text, Extension, None, Some("FLYWAY_PIPELINE_ID"), RED),
    row("schemaModelLocation", Text, Extension, None, None, RED),
    row("schemaModelSchemas", List, Extension, None, None, RED),
];

/// The parameter `flyway.postgresql.transactional.lock`, the only one of a plug-in's own namespace that dunlin knows.
pub const TRANSACTIONAL_LOCK: &str = "postgresql.transactional.lock";

/// The default of `locations`: `db/migration` on the class path.
pub const DEFAULT_LOCATION: &str = "db/migration";

/// Namespaces below `flyway` that configure other commands or servers; they change nothing about a migration here.
pub const IGNORED_NAMESPACES: &[&str] = &[
    "add",
    "auth",
    "check",
    "clickhouse",
    "db2z",
    "deploy",
    "diff",
    "diffText",
    "generate",
    "init",
    "mcp",
    "migrate",
    "model",
    "oracle",
    "prepare",
    "snapshot",
    "sqlserver",
    "undo",
];

/// Namespaces below `flyway` without which the outcome would not be the one meant, with what is missing here.
pub const REFUSED_NAMESPACES: &[(&str, &str)] = &[
    ("akv", "secrets are not read from Azure Key Vault; pass them as environment variables"),
    ("dapr", "secrets are not read from Dapr; pass them as environment variables"),
    ("gcsm", "secrets are not read from Google Cloud Secret Manager; pass them as environment variables"),
    ("vault", "secrets are not read from Vault; pass them as environment variables"),
    ("tags", "migrations are not chosen by tag; use cherryPick or target"),
];

/// Why a namespace below `flyway` is refused, if it is.
pub(super) fn refused_namespace(namespace: &str) -> Option<&'static str> {
    REFUSED_NAMESPACES.iter().find(|(name, _)| *name == namespace).map(|(_, reason)| *reason)
}

/// The parameter with this name.
pub fn parameter(name: &str) -> Option<&'static Parameter> {
    PARAMETERS.iter().find(|parameter| parameter.name == name)
}

/// The names in the environment model that a flat argument or variable is moved to (`EnvironmentModel`'s fields).
pub(super) fn is_environment_field(name: &str) -> bool {
    matches!(name, "resolvers" | "flyway" | "unknownConfigurations")
        || parameter(name).is_some_and(|parameter| parameter.home == Home::Environment)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_variables_are_unique() {
        let mut names: Vec<_> = PARAMETERS.iter().map(|parameter| parameter.name).collect();
        let mut variables: Vec<_> = PARAMETERS.iter().filter_map(|parameter| parameter.variable).collect();
        names.sort_unstable();
        variables.sort_unstable();
        let (name_count, variable_count) = (names.len(), variables.len());
        names.dedup();
        variables.dedup();
        assert_eq!((names.len(), variables.len()), (name_count, variable_count));
    }

    #[test]
    fn defaults_have_the_parameter_s_type() {
        for parameter in PARAMETERS {
            let Some(default) = parameter.default else {
                continue;
            };
            match parameter.kind {
                Kind::Flag => assert!(default == "true" || default == "false", "{}", parameter.name),
                Kind::Number => assert!(default.parse::<i32>().is_ok(), "{}", parameter.name),
                Kind::Text | Kind::List => {}
                Kind::Map => panic!("{} has a default", parameter.name),
            }
        }
    }
}
