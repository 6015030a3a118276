//! Flyway's command line arguments (`CommandLineArguments`).

use super::error::ConfigError;
use super::parameters::{IGNORED_NAMESPACES, parameter};
use super::text::{has_text, split_commas};

/// Words that Flyway 13 accepts as commands. Redgate's are known, so that a caller can name what is missing.
const OPERATIONS: &[&str] = &[
    "help",
    "migrate",
    "clean",
    "info",
    "validate",
    "undo",
    "baseline",
    "repair",
    "version",
    "list-engines",
    "check",
    "auth",
    "deploy",
    "diff",
    "model",
    "diffText",
    "generate",
    "prepare",
];
const VERSION_FLAGS: &[&str] = &["-v", "--version"];
const HELP_FLAGS: &[&str] = &["-?", "-h", "--help"];
const OTHER_FLAGS: &[&str] = &["-X", "-q", "-communityFallback", "-skipCheckForUpdate", "-migrationIds"];
/// Read from the arguments alone; in a file they are unknown.
const COMMAND_LINE_ONLY: &[&str] = &[
    "outputFile",
    "workingDirectory",
    "infoSinceDate",
    "infoUntilDate",
    "infoSinceVersion",
    "infoUntilVersion",
    "infoOfState",
];
/// A parsed command line.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Invocation {
    /// The commands in order; `-v` counts as `version`.
    pub operations: Vec<String>,
    /// Arguments that begin with `-` and have no `=`.
    pub flags: Vec<String>,
    /// Every `-key=value`, in order, with the key as written.
    options: Vec<(String, String)>,
    /// The settings among them, keys scoped to the command they follow.
    settings: Vec<(String, String)>,
    /// `-environments.<name>.<key>=value`.
    environments: Vec<EnvironmentArgument>,
}

/// `-environments.<environment>.<key>=<value>`.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct EnvironmentArgument {
    pub environment: String,
    pub key: String,
    pub value: String,
}

/// Which help is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Help {
    /// Everything: `help`, `-h`, `-?`, `--help`.
    Full,
    /// The short one, because no command was given.
    Short,
}

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verbosity {
    /// `-q`: warnings and errors only.
    Quiet,
    /// Neither.
    Normal,
    /// `-X`.
    Debug,
}

/// When output is coloured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Color {
    /// Always.
    Always,
    /// Never.
    Never,
    /// On a terminal.
    #[default]
    Auto,
}

impl Invocation {
    /// Parses and checks arguments (without the program's name). Blank ones are dropped, as Flyway does.
    ///
    /// # Errors
    /// [`ConfigError::Argument`] in Flyway's words: an unknown flag or command, an invalid `-outputType` or `-color`,
    /// an incomplete `-environments.…`, or a setting given twice.
    pub fn parse(args: &[String]) -> Result<Invocation, ConfigError> {
        let args: Vec<&str> = args.iter().map(String::as_str).filter(|arg| has_text(arg)).collect();
        check_words(&args)?;
        let mut invocation = Invocation::default();
        let mut command = "";
        for arg in &args {
            let Some(option) = arg.strip_prefix('-') else {
                command = arg;
                invocation.operations.push((*arg).to_owned());
                continue;
            };
            let Some((key, value)) = option.split_once('=') else {
                invocation.flags.push((*arg).to_owned());
                continue;
            };
            invocation.options.push((key.to_owned(), value.to_owned()));
            if let Some(rest) = key.strip_prefix("environments.") {
                let (environment, key) = rest.split_once('.').unwrap_or_default();
                invocation.add_environment(environment, key, value)?;
            } else if !is_about_loading(key) {
                invocation.add_setting(scoped(command, key), value)?;
            }
        }
        let versions = invocation.flags.iter().filter(|flag| VERSION_FLAGS.contains(&flag.as_str())).count();
        invocation.operations.extend(std::iter::repeat_n("version".to_owned(), versions));
        invocation.check_values()?;
        Ok(invocation)
    }

    fn add_setting(&mut self, key: String, value: &str) -> Result<(), ConfigError> {
        if self.settings.iter().any(|(known, _)| *known == key) {
            return Err(given_twice(&key));
        }
        self.settings.push((key, value.to_owned()));
        Ok(())
    }

    fn add_environment(&mut self, environment: &str, key: &str, value: &str) -> Result<(), ConfigError> {
        let known =
            |argument: &EnvironmentArgument| argument.environment == environment && argument.key == key;
        if self.environments.iter().any(known) {
            return Err(given_twice(&format!("environments.{environment}.{key}")));
        }
        self.environments.push(EnvironmentArgument {
            environment: environment.to_owned(),
            key: key.to_owned(),
            value: value.to_owned(),
        });
        Ok(())
    }

    fn check_values(&self) -> Result<(), ConfigError> {
        let output_type = self.option("outputType").to_lowercase();
        if !matches!(output_type.as_str(), "" | "json") {
            return Err(ConfigError::Argument(format!(
                "'{output_type}' is an invalid value for the -outputType option. Use 'json'."
            )));
        }
        let color = self.option("color");
        if !matches!(color, "" | "always" | "never" | "auto") {
            return Err(ConfigError::Argument(format!(
                "'{color}' is an invalid value for the -color option. Use 'always', 'never', or 'auto'."
            )));
        }
        Ok(())
    }

    /// The first `-name=value`'s value, empty if there is none.
    pub(super) fn option(&self, name: &str) -> &str {
        self.options.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub(super) fn option_with_text(&self, name: &str) -> Option<&str> {
        Some(self.option(name)).filter(|value| !value.is_empty())
    }

    fn has_flag(&self, name: &str) -> bool {
        self.flags.iter().any(|flag| flag == name)
    }

    /// The help asked for, if any.
    pub fn help(&self) -> Option<Help> {
        if self.operations.iter().any(|operation| operation == "help")
            || HELP_FLAGS.iter().any(|flag| self.has_flag(flag))
        {
            return Some(Help::Full);
        }
        self.operations.is_empty().then_some(Help::Short)
    }

    /// How much is said; `-q` wins over `-X`.
    pub fn verbosity(&self) -> Verbosity {
        if self.has_flag("-q") {
            return Verbosity::Quiet;
        }
        if self.has_flag("-X") { Verbosity::Debug } else { Verbosity::Normal }
    }

    /// `-outputType=json`. Only the argument makes the command line print JSON, not the setting in a file.
    pub fn json(&self) -> bool {
        self.option("outputType").eq_ignore_ascii_case("json")
    }

    /// `-outputLogsInJson=true`.
    pub fn json_logs(&self) -> bool {
        self.option("outputLogsInJson").eq_ignore_ascii_case("true")
    }

    /// `-outputFile`.
    pub fn output_file(&self) -> Option<&str> {
        self.option_with_text("outputFile")
    }

    /// `-workingDirectory`.
    pub fn working_directory(&self) -> Option<&str> {
        self.option_with_text("workingDirectory")
    }

    /// `-configFiles`, as written.
    pub fn config_files(&self) -> Vec<String> {
        split_commas(self.option("configFiles"))
            .iter()
            .map(|file| super::text::trim(file).to_owned())
            .filter(|file| !file.is_empty())
            .collect()
    }

    /// `-configFileEncoding`.
    pub fn config_file_encoding(&self) -> Option<&str> {
        self.option_with_text("configFileEncoding")
    }

    /// `-color`.
    pub fn color(&self) -> Color {
        match self.option("color") {
            "always" => Color::Always,
            "never" => Color::Never,
            _ => Color::Auto,
        }
    }

    /// `-migrationIds`: `info` prints versions and descriptions only, separated by commas.
    pub fn migration_ids(&self) -> bool {
        self.has_flag("-migrationIds")
    }

    pub(super) fn settings(&self) -> &[(String, String)] {
        &self.settings
    }

    pub(super) fn environment_settings(&self) -> &[EnvironmentArgument] {
        &self.environments
    }
}

/// Keys only: a value may be a password.
impl std::fmt::Debug for Invocation {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let keys: Vec<&str> = self.options.iter().map(|(key, _)| key.as_str()).collect();
        formatter
            .debug_struct("Invocation")
            .field("operations", &self.operations)
            .field("flags", &self.flags)
            .field("options", &keys)
            .finish_non_exhaustive()
    }
}

fn given_twice(key: &str) -> ConfigError {
    ConfigError::Argument(format!("Invalid configuration argument: -{key} is given more than once."))
}

/// Refuses words that are neither a command, a flag nor a `-key=value` (`CommandLineArguments.validate`).
fn check_words(args: &[&str]) -> Result<(), ConfigError> {
    for (index, arg) in args.iter().enumerate() {
        let known = arg.starts_with('-') && arg.contains('=')
            || [OPERATIONS, VERSION_FLAGS, HELP_FLAGS, OTHER_FLAGS].iter().any(|words| words.contains(arg));
        if known {
            continue;
        }
        let next = args.get(index + 1).copied().unwrap_or_default();
        if next == "=" {
            return Err(ConfigError::Argument(format!(
                "Invalid configuration argument: {arg}. Please check you have not included any spaces in your configuration argument."
            )));
        }
        let hint = if next.starts_with('.') {
            "Shell may cause input parameters containing periods (.) to be misinterpreted - do you need to wrap your parameter in double quotes?"
        } else {
            ""
        };
        return Err(ConfigError::Argument(format!("Invalid flag: {arg}\n{hint}")));
    }
    for arg in args.iter().filter(|arg| arg.starts_with("-environments")) {
        let Some((key, _)) = arg.split_once('=') else {
            continue;
        };
        let parts = key.trim_end_matches('.').split('.').count();
        if parts == 2 {
            return Err(ConfigError::Argument(format!(
                "Invalid configuration argument: {key}. Both the environment name and configuration option are required."
            )));
        }
    }
    Ok(())
}

/// Whether an option says how to load rather than what to set.
fn is_about_loading(key: &str) -> bool {
    matches!(key, "configFiles" | "configFileEncoding") || COMMAND_LINE_ONLY.contains(&key)
}

/// `init -databaseType=…` means `-init.databaseType=…`, for the commands that have a namespace of settings.
fn scoped(command: &str, key: &str) -> String {
    // Of these namespaces only settings of Redgate's exist, and a typing mistake must not pass for one.
    let ours = matches!(command, "migrate" | "undo");
    let has_namespace = !ours && IGNORED_NAMESPACES.contains(&command);
    if has_namespace && parameter(key).is_none() && !key.contains('.') {
        return format!("{command}.{key}");
    }
    key.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(args: &[&str]) -> Result<Invocation, ConfigError> {
        Invocation::parse(&args.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn wrong_arguments_are_named_as_flyway_names_them() {
        let cases: &[(&[&str], &str)] = &[
            (&["foo"], "Invalid flag: foo"),
            (&["-Xtra", "info"], "Invalid flag: -Xtra"),
            (&["-community", "info"], "Invalid flag: -community"),
            (
                &["-table", "=", "x", "info"],
                "Invalid configuration argument: -table. Please check you have not included any spaces in your configuration argument.",
            ),
            (&["-a", ".b=1"], "Invalid flag: -a\nShell may cause"),
            (
                &["-environments.x=1", "info"],
                "Invalid configuration argument: -environments.x. Both the environment name and configuration option are required.",
            ),
            (
                &["-outputType=xml", "info"],
                "'xml' is an invalid value for the -outputType option. Use 'json'.",
            ),
            (
                &["-color=red", "info"],
                "'red' is an invalid value for the -color option. Use 'always', 'never', or 'auto'.",
            ),
            (
                &["-table=a", "-table=b", "info"],
                "Invalid configuration argument: -table is given more than once.",
            ),
        ];
        for (args, message) in cases {
            let error = parse(args).expect_err("refused").to_string();
            assert!(error.starts_with(message), "{args:?}: {error}");
        }
    }

    #[test]
    fn commands_flags_and_settings_are_told_apart() {
        let invocation = parse(&[
            "-X",
            "-url=jdbc:sqlite:a=b.db",
            "clean",
            " ",
            "migrate",
            "-placeholders.Tenant=x",
            "-v",
            "-outputType=JSON",
            "-environments.dev.flyway.table=t",
            "-configFiles=a.toml, b.toml,",
        ])
        .expect("valid");
        assert_eq!(invocation.operations, ["clean", "migrate", "version"]);
        assert_eq!(invocation.verbosity(), Verbosity::Debug);
        assert!(invocation.json());
        assert_eq!(invocation.config_files(), ["a.toml", "b.toml"]);
        assert_eq!(invocation.settings()[0], ("url".to_owned(), "jdbc:sqlite:a=b.db".to_owned()));
        let argument = &invocation.environment_settings()[0];
        assert_eq!((argument.environment.as_str(), argument.key.as_str()), ("dev", "flyway.table"));
    }

    #[test]
    fn help_is_full_when_asked_for_and_short_when_nothing_is() {
        assert_eq!(parse(&[]).expect("valid").help(), Some(Help::Short));
        assert_eq!(parse(&["help", "info"]).expect("valid").help(), Some(Help::Full));
        assert_eq!(parse(&["-?"]).expect("valid").help(), Some(Help::Full));
        assert_eq!(parse(&["info"]).expect("valid").help(), None);
    }

    #[test]
    fn arguments_after_a_command_belong_to_its_namespace() {
        let invocation = parse(&["check", "-code=x", "-table=t"]).expect("valid");
        let keys: Vec<&str> = invocation.settings().iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["check.code", "table"]);
    }

    #[test]
    fn values_stay_out_of_debug_output() {
        let invocation =
            parse(&["-password=s3cret", "-environments.dev.password=s3cret", "info"]).expect("valid");
        assert!(!format!("{invocation:?}").contains("s3cret"));
    }

    proptest::proptest! {
        #[test]
        fn no_argument_list_panics(args in proptest::collection::vec("[-a-z.=, é0-9/:]{0,24}", 0..6)) {
            if let Ok(invocation) = Invocation::parse(&args) {
                let _ = invocation.info_filter();
            }
        }
    }
}
