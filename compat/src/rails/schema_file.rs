//! `db/schema.rb` and `db/structure.sql`: where they are, and what can be read of them without Ruby.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::Regex;
use sha1::{Digest, Sha1};

use super::databases::DatabaseConfig;
use super::history::HistoryTables;
use super::release::Release;
use super::yaml::Yaml;
use crate::model::{AdapterError, Dialect};
use crate::settings::rails::SchemaFormat;

impl SchemaFormat {
    /// A format by the name that `SCHEMA_FORMAT` and `schema_format` use.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn named(name: &str) -> Result<SchemaFormat, AdapterError> {
        match name {
            "ruby" => Ok(SchemaFormat::Ruby),
            "sql" => Ok(SchemaFormat::Sql),
            _ => Err(AdapterError::refused("RuntimeError", "Invalid schema format")),
        }
    }

    fn file(self) -> &'static str {
        match self {
            SchemaFormat::Ruby => "schema.rb",
            SchemaFormat::Sql => "structure.sql",
        }
    }
}

/// The format of a database's schema file: `SCHEMA_FORMAT`, else what the database says, else what the application says.
///
/// # Errors
/// It is none, or only Ruby knows it.
pub fn format(
    config: &DatabaseConfig,
    application: SchemaFormat,
    variable: Option<&str>,
    release: Release,
) -> Result<SchemaFormat, AdapterError> {
    if let Some(name) = variable.filter(|_| release.hears_schema_format()) {
        return SchemaFormat::named(name);
    }
    match config.text("schema_format").map_err(|error| error.refusal())? {
        Some(name) if release.has_schema_format_key() => SchemaFormat::named(&name),
        _ => Ok(application),
    }
}

/// The schema file of a database, as messages name it and relative to the project; none where it has none.
///
/// # Errors
/// Only Ruby knows it.
pub fn path(
    config: &DatabaseConfig,
    format: SchemaFormat,
    variable: Option<&str>,
    release: Release,
) -> Result<Option<PathBuf>, AdapterError> {
    if let Some(path) = variable {
        return Ok(Some(PathBuf::from(path)));
    }
    let named = config.get("schema_dump").map_err(|error| error.refusal())?;
    let name = match named.filter(|_| release.has_schema_dump_key()) {
        Some(Yaml::Nil | Yaml::Bool(false)) => return Ok(None),
        Some(name) => name.to_text(),
        None if config.is_primary => format.file().to_owned(),
        None => format!("{}_{}", config.name, format.file()),
    };
    let is_whole = Path::new(&name).parent() == Some(Path::new("db"))
        || (release >= Release(8, 2) && Path::new(&name).is_absolute());
    Ok(Some(if is_whole {
        PathBuf::from(name)
    } else {
        PathBuf::from(format!("db/{}", name.trim_start_matches('/')))
    }))
}

static DEFINE: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?m)^\s*ActiveRecord::Schema(?:\[\s*(?<release>\d+\.\d+)\s*\])?\.define\(?\s*(?:version:|:version\s*=>)?\s*(?<version>\d[\d_]*)?").ok()
});

/// What stands at the head of a `schema.rb`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SchemaHeader {
    /// The release that wrote it; none where it says none, as before 7.0.
    pub release: Option<Release>,
    /// The version up to which it has everything.
    pub version: Option<u128>,
}

/// Reads the head of a `schema.rb`; none where there is none.
pub fn header(text: &str) -> Option<SchemaHeader> {
    let captures = DEFINE.as_ref()?.captures(text)?;
    let release = captures.name("release").and_then(|release| release.as_str().parse().ok());
    let version = captures.name("version").and_then(|version| version.as_str().replace('_', "").parse().ok());
    Some(SchemaHeader { release, version })
}

/// The versions that a `schema.rb` lists after `__END__`, since 8.2.
///
/// # Errors
/// In Rails' words: a line is no version, or is there twice.
pub fn listed_versions(text: &str) -> Result<Option<Vec<u128>>, AdapterError> {
    let mut lines = text.split('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    if !lines.by_ref().any(|line| line == "__END__") {
        return Ok(None);
    }
    let refused = |message: String| AdapterError::refused("ActiveRecord::ActiveRecordError", message);
    let mut versions = Vec::new();
    for line in lines.map(str::trim).filter(|line| !line.is_empty()) {
        let version = line
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| line.parse::<u128>().ok())
            .flatten()
            .ok_or_else(|| refused(format!("Invalid migration version {line:?} found after __END__")))?;
        if versions.contains(&version) {
            return Err(refused(format!("Duplicate migration version {line:?} found after __END__")));
        }
        versions.push(version);
    }
    Ok(Some(versions))
}

/// The versions that a `structure.sql` inserts, in its order.
pub fn structure_versions(text: &str, tables: &HistoryTables, dialect: Dialect) -> Vec<u128> {
    let head = format!("INSERT INTO {} (version) VALUES", tables.quoted(dialect));
    let Some((_, rows)) = text.split_once(&head) else { return Vec::new() };
    let rows = rows.split(';').next().unwrap_or_default();
    rows.split('(').filter_map(|row| row.split(')').next()?.trim().trim_matches('\'').parse().ok()).collect()
}

/// What `structure.sql` ends with: the versions that are recorded, by text as they are read.
pub fn structure_tail(
    versions: &[String],
    tables: &HistoryTables,
    release: Release,
    dialect: Dialect,
) -> String {
    if versions.is_empty() {
        // `puts nil`, and the line break after it.
        return "\n\n".to_owned();
    }
    let row = |version: &String| format!("({})", dialect.quote_literal(version));
    let (rows, end): (Vec<String>, &str) = if release.structure_newest_first() {
        (versions.iter().rev().map(row).collect(), ";\n\n")
    } else {
        (versions.iter().map(row).collect(), ";\n\n\n")
    };
    format!("INSERT INTO {} (version) VALUES\n{}{end}", tables.quoted(dialect), rows.join(",\n"))
}

/// What `schema_sha1` is for a schema file.
pub fn sha1(contents: &[u8]) -> String {
    Sha1::digest(contents).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is said when there is no schema file.
pub fn missing(path: &Path, root: &Path) -> AdapterError {
    AdapterError::refused(
        "SCHEMA",
        format!(
            "{} doesn't exist yet. Run `bin/rails db:migrate` to create it, then try again. If you do not intend to use a database, you should instead alter {}/config/application.rb to limit the frameworks that will be loaded.",
            path.display(),
            root.display()
        ),
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::databases::Databases;
    use super::super::ruby::evaluate::Surroundings;
    use super::*;

    fn of(lines: &str, release: Release) -> [Option<String>; 2] {
        let around =
            Surroundings { variables: &|_| None, root: Path::new("/srv/shop"), environment: "staging" };
        let databases = Databases::parse(Path::new("database.yml"), lines, release, around).unwrap();
        let config = databases.all.last().unwrap();
        let format = format(config, SchemaFormat::Ruby, None, release).unwrap();
        let path = path(config, format, None, release).unwrap();
        [Some(format!("{format:?}")), path.map(|path| path.display().to_string())]
    }

    #[test]
    fn each_database_has_a_file_of_its_own() {
        let two = |more: &str| {
            format!("staging:\n  primary:\n    adapter: sqlite3\n  animals:\n    adapter: sqlite3\n{more}")
        };
        let path = |text: &str, release| of(text, release)[1].clone();
        let newest = Release(8, 1);
        assert_eq!(path("staging:\n  adapter: sqlite3\n", newest).as_deref(), Some("db/schema.rb"));
        assert_eq!(path(&two(""), newest).as_deref(), Some("db/animals_schema.rb"));
        assert_eq!(
            path(&two("    schema_format: sql\n"), newest).as_deref(),
            Some("db/animals_structure.sql")
        );
        assert_eq!(
            path(&two("    schema_format: sql\n"), Release(7, 1)).as_deref(),
            Some("db/animals_schema.rb")
        );
        assert_eq!(path(&two("    schema_dump: false\n"), newest), None);
        assert_eq!(
            path(&two("    schema_dump: false\n"), Release(6, 1)).as_deref(),
            Some("db/animals_schema.rb")
        );
        assert_eq!(path(&two("    schema_dump: zoo.rb\n"), newest).as_deref(), Some("db/zoo.rb"));
        assert_eq!(path(&two("    schema_dump: db/zoo.rb\n"), newest).as_deref(), Some("db/zoo.rb"));
        assert_eq!(path(&two("    schema_dump: /srv/zoo.rb\n"), newest).as_deref(), Some("db/srv/zoo.rb"));
        assert_eq!(
            path(&two("    schema_dump: /srv/zoo.rb\n"), Release(8, 2)).as_deref(),
            Some("/srv/zoo.rb")
        );
    }

    #[test]
    fn the_head_of_a_schema_tells_its_version() {
        let of = |text: &str| header(text).map(|header| (header.release, header.version));
        assert_eq!(
            of("# comment\n\nActiveRecord::Schema[8.1].define(version: 2025_01_02_000000) do\n"),
            Some((Some(Release(8, 1)), Some(20_250_102_000_000)))
        );
        assert_eq!(
            of("ActiveRecord::Schema.define(version: 20150102000000) do\n"),
            Some((None, Some(20_150_102_000_000)))
        );
        assert_eq!(of("ActiveRecord::Schema.define(:version => 12) do\n"), Some((None, Some(12))));
        assert_eq!(of("ActiveRecord::Schema[7.0].define do\n"), Some((Some(Release(7, 0)), None)));
        assert_eq!(of("# ActiveRecord::Schema.define(version: 1)\n"), None);
    }

    #[test]
    fn versions_after_the_end_are_read() {
        let text = "ActiveRecord::Schema[8.2].define(version: 3) do\nend\n\n__END__\r\n3\n 1\n\n";
        assert_eq!(listed_versions(text).unwrap(), Some(vec![3, 1]));
        assert_eq!(listed_versions("end\n").unwrap(), None);
        let error = |text: &str| listed_versions(text).unwrap_err().to_string();
        assert_eq!(error("__END__\nx\n"), "Invalid migration version \"x\" found after __END__");
        assert_eq!(error("__END__\n1\n1\n"), "Duplicate migration version \"1\" found after __END__");
    }

    #[test]
    fn the_end_of_a_structure_is_written_and_read() {
        let tables = HistoryTables::default();
        let versions = ["1".to_owned(), "20240101000000".to_owned()];
        let tail = structure_tail(&versions, &tables, Release(8, 1), Dialect::Postgres);
        assert_eq!(
            tail,
            "INSERT INTO \"schema_migrations\" (version) VALUES\n('20240101000000'),\n('1');\n\n"
        );
        assert_eq!(structure_versions(&tail, &tables, Dialect::Postgres), [20_240_101_000_000, 1]);
        let old = structure_tail(&versions, &tables, Release(6, 1), Dialect::Mysql);
        assert_eq!(
            old,
            "INSERT INTO `schema_migrations` (version) VALUES\n('1'),\n('20240101000000');\n\n\n"
        );
    }

    #[test]
    fn the_digest_is_of_the_bytes() {
        assert_eq!(sha1(b"abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(ActiveRecord::Schema|\\[|8\\.1|\\]|\\.define\\(|version: |[0-9_]{0,5}|\\n|__END__|\\PC){0,20}") {
            let _ = (header(&text), listed_versions(&text));
        }
    }
}
