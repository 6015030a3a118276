//! The process around us: variables, directories, files. A trait, so that tests need no real one.

use std::io;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::parameters::{Kind, PARAMETERS};

/// What loading a configuration may look at outside its arguments.
pub trait Environment {
    /// Every environment variable whose name and value are text.
    fn variables(&self) -> Vec<(String, String)>;

    /// One environment variable.
    fn variable(&self, name: &str) -> Option<String> {
        self.variables().into_iter().find(|(key, _)| key == name).map(|(_, value)| value)
    }

    /// The user's home directory.
    fn home_directory(&self) -> Option<PathBuf>;

    /// The directory relative paths start from.
    fn working_directory(&self) -> PathBuf;

    /// A directory that stands for Flyway's installation, whose `conf/` and `sql/` are looked at; usually none.
    fn install_directory(&self) -> Option<PathBuf> {
        None
    }

    /// Whether a file or directory exists.
    fn exists(&self, path: &Path) -> bool;

    /// A file's bytes.
    fn read(&self, path: &Path) -> io::Result<Vec<u8>>;

    /// The names of a directory's entries; empty if it is none.
    fn entries(&self, directory: &Path) -> Vec<String>;

    /// Everything on standard input; empty when it is a terminal.
    fn read_standard_input(&self) -> io::Result<Vec<u8>>;
}

/// The real process.
#[derive(Debug, Clone, Copy, Default)]
pub struct ProcessEnvironment;

impl Environment for ProcessEnvironment {
    fn variables(&self) -> Vec<(String, String)> {
        std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect()
    }

    fn home_directory(&self) -> Option<PathBuf> {
        std::env::home_dir().filter(|home| !home.as_os_str().is_empty())
    }

    fn working_directory(&self) -> PathBuf {
        std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))
    }

    fn exists(&self, path: &Path) -> bool {
        path.exists()
    }

    fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        std::fs::read(path)
    }

    fn entries(&self, directory: &Path) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(directory) else {
            return Vec::new();
        };
        entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned()).collect()
    }

    fn read_standard_input(&self) -> io::Result<Vec<u8>> {
        use std::io::IsTerminal;
        let mut bytes = Vec::new();
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            stdin.lock().read_to_end(&mut bytes)?;
        }
        Ok(bytes)
    }
}

/// The key an upper-case variable sets, with `flyway.` before it, or `None` if Flyway has no such variable
/// (`ConfigUtils.convertKey`).
pub fn key_of_variable(variable: &str) -> Option<String> {
    match variable {
        "FLYWAY_CONFIG_FILES" => return Some("flyway.configFiles".to_owned()),
        "FLYWAY_CONFIG_FILE_ENCODING" => return Some("flyway.configFileEncoding".to_owned()),
        "FLYWAY_RESOLVERS" => return Some("flyway.resolvers".to_owned()),
        "FLYWAY_CONFIGURATIONS" => return Some("flyway.configurations".to_owned()),
        // The only JDBC property whose name is not lower case.
        "FLYWAY_JDBC_PROPERTIES_ACCESSTOKEN" => return Some("flyway.jdbcProperties.accessToken".to_owned()),
        _ => {}
    }
    PARAMETERS.iter().find_map(|parameter| {
        let name = parameter.variable?;
        if parameter.kind == Kind::Map {
            let rest = variable.strip_prefix(name).filter(|rest| !rest.is_empty())?;
            return Some(format!("flyway.{}.{}", parameter.name, rest.to_lowercase()));
        }
        (name == variable).then(|| format!("flyway.{}", parameter.name))
    })
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeMap;

    use super::*;

    /// A process made of maps. Its working directory is `/project`, its home `/home/ana`.
    #[derive(Debug, Clone, Default)]
    pub(in super::super) struct FakeEnvironment {
        pub variables: Vec<(String, String)>,
        pub files: BTreeMap<PathBuf, Vec<u8>>,
        pub standard_input: Vec<u8>,
        pub install: Option<PathBuf>,
    }

    impl FakeEnvironment {
        pub(in super::super) fn file(mut self, path: &str, text: &str) -> Self {
            self.files.insert(Path::new("/project").join(path), text.as_bytes().to_vec());
            self
        }

        pub(in super::super) fn variable(mut self, name: &str, value: &str) -> Self {
            self.variables.push((name.to_owned(), value.to_owned()));
            self
        }
    }

    impl Environment for FakeEnvironment {
        fn variables(&self) -> Vec<(String, String)> {
            self.variables.clone()
        }

        fn home_directory(&self) -> Option<PathBuf> {
            Some(PathBuf::from("/home/ana"))
        }

        fn working_directory(&self) -> PathBuf {
            PathBuf::from("/project")
        }

        fn install_directory(&self) -> Option<PathBuf> {
            self.install.clone()
        }

        fn exists(&self, path: &Path) -> bool {
            self.files.keys().any(|file| file.starts_with(path))
        }

        fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
            self.files.get(path).cloned().ok_or_else(|| io::Error::from(io::ErrorKind::NotFound))
        }

        fn entries(&self, directory: &Path) -> Vec<String> {
            self.files
                .keys()
                .filter_map(|file| {
                    file.strip_prefix(directory).ok()?.iter().next()?.to_str().map(str::to_owned)
                })
                .collect()
        }

        fn read_standard_input(&self) -> io::Result<Vec<u8>> {
            Ok(self.standard_input.clone())
        }
    }

    #[test]
    fn variables_map_to_keys_as_flyway_does() {
        let cases = [
            ("FLYWAY_URL", Some("flyway.url")),
            ("FLYWAY_CLEAN_DISABLED", Some("flyway.cleanDisabled")),
            ("FLYWAY_DRYRUN_OUTPUT", Some("flyway.dryRunOutput")),
            ("FLYWAY_DRY_RUN_OUTPUT", None),
            ("FLYWAY_COMMUNITY_DB_SUPPORT_DISABLED", Some("flyway.communityDBSupportEnabled")),
            ("FLYWAY_COMMUNITY_DB_SUPPORT_ENABLED", None),
            ("FLYWAY_PLACEHOLDERS_TENANT_NAME", Some("flyway.placeholders.tenant_name")),
            ("FLYWAY_PLACEHOLDERS_", None),
            ("FLYWAY_JDBC_PROPERTIES_SSLMODE", Some("flyway.jdbcProperties.sslmode")),
            ("FLYWAY_JDBC_PROPERTIES_ACCESSTOKEN", Some("flyway.jdbcProperties.accessToken")),
            ("FLYWAY_POSTGRESQL_TRANSACTIONAL_LOCK", Some("flyway.postgresql.transactional.lock")),
            ("FLYWAY_BASELINE_MIGRATION_PREFIX", Some("flyway.baselineMigrationPrefix")),
            ("FLYWAY_ENVIRONMENT", None),
            ("FLYWAY_REPORT_ENABLED", None),
            ("FLYWAY_FOO", None),
        ];
        for (variable, key) in cases {
            assert_eq!(key_of_variable(variable).as_deref(), key, "{variable}");
        }
    }
}
