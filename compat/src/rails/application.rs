//! What the Ruby of an application says about Active Record, as far as it is plain: assignments of literals.
//!
//! Nothing is guessed: an assignment whose value is not a literal, or that stands under a condition, is told as unclear.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::release::Release;

/// A literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// Text or a symbol.
    Text(String),
    /// true or false
    Bool(bool),
    /// nil
    Nil,
    /// Texts or symbols.
    List(Vec<String>),
}

/// An assignment of a setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// The setting, as `table_name_prefix`.
    pub key: String,
    /// Its value; none where only Ruby knows it.
    pub value: Option<Literal>,
    /// The file.
    pub path: PathBuf,
    /// The line, from 1.
    pub line: usize,
}

/// What an application says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Application {
    /// Settings, in the order in which Rails reads them: the last one counts.
    pub assignments: Vec<Assignment>,
    /// `config.load_defaults`; `Some(None)` for the release that is installed.
    pub defaults: Option<Option<Release>>,
    /// `inflect.acronym`.
    pub acronyms: Vec<String>,
    /// `inflect.irregular`.
    pub irregular: Vec<(String, String)>,
    /// `inflect.uncountable`.
    pub uncountable: Vec<String>,
    /// `primary_key_type` of the generators, by which Rails' own migrations choose the type of theirs.
    pub primary_key_type: Option<String>,
}

/// The settings that matter here, beside all of `config.active_record`.
const BASE_SETTINGS: [&str; 10] = [
    "table_name_prefix",
    "table_name_suffix",
    "schema_migrations_table_name",
    "internal_metadata_table_name",
    "schema_format",
    "timestamped_migrations",
    "dump_schemas",
    "default_timezone",
    "pluralize_table_names",
    "primary_key_prefix_type",
];

impl Application {
    /// Reads `config/application.rb`, the environment's file and the initializers. Files that are not there say nothing.
    pub fn load(root: &Path, environment: &str) -> Application {
        let mut application = Application::default();
        let mut paths = vec![
            root.join("config/application.rb"),
            root.join(format!("config/environments/{environment}.rb")),
        ];
        collect(&root.join("config/initializers"), &mut paths, 0);
        for path in paths {
            if let Ok(bytes) = std::fs::read(&path) {
                application.read(&path, &String::from_utf8_lossy(&bytes));
            }
        }
        application
    }

    /// The last assignment of a setting.
    pub fn get(&self, key: &str) -> Option<&Assignment> {
        self.assignments.iter().rev().find(|assignment| assignment.key == key)
    }

    /// Reads the text of one file.
    pub fn read(&mut self, path: &Path, text: &str) {
        let mut blocks: Vec<Opening> = Vec::new();
        for (number, line) in text.split('\n').enumerate() {
            let code = line.trim();
            if code == "__END__" {
                break;
            }
            if code.is_empty() || code.starts_with('#') {
                continue;
            }
            let is_certain = blocks.iter().all(|opening| *opening == Opening::Plain);
            self.line(path, number + 1, code, is_certain);
            track(code, &mut blocks);
        }
    }

    fn line(&mut self, path: &Path, line: usize, code: &str, is_certain: bool) {
        if let Some(found) = ASSIGNMENT.captures(code) {
            let part = |name: &str| found.name(name).map_or("", |part| part.as_str());
            let key = part("key").to_owned();
            if part("owner").ends_with("active_record")
                || BASE_SETTINGS.contains(&key.as_str())
                || is_task_setting(&key)
            {
                let value = is_certain.then(|| literal(part("value"))).flatten();
                self.assignments.push(Assignment { key, value, path: path.to_owned(), line });
            }
        } else if let Some(found) = DEFAULTS.captures(code) {
            self.defaults = Some(found.name("release").and_then(|release| release.as_str().parse().ok()));
        } else if let Some(found) = INFLECTION.captures(code) {
            let part = |name: &str| found.name(name).map(|part| part.as_str().to_owned());
            match (found.name("kind").map_or("", |kind| kind.as_str()), part("first"), part("second")) {
                ("acronym", Some(word), _) => self.acronyms.push(word),
                ("irregular", Some(one), Some(many)) => self.irregular.push((one, many)),
                ("uncountable", Some(word), _) => self.uncountable.push(word),
                _ => {}
            }
        } else if let Some(found) = UNCOUNTABLE_WORDS.captures(code) {
            let words = found.name("words").map_or("", |words| words.as_str());
            self.uncountable.extend(words.split_whitespace().map(str::to_owned));
        } else if let Some(found) = PRIMARY_KEY_TYPE.captures(code) {
            self.primary_key_type = found.name("type").map(|name| name.as_str().to_owned());
        }
    }
}

fn is_task_setting(key: &str) -> bool {
    matches!(
        key,
        "structure_dump_flags" | "structure_load_flags" | "ignore_tables" | "datetime_type" | "time_zone"
    )
}

/// A pattern and words without one of which no line fits it. Compiling a pattern takes longer than reading most applications, so that
/// is put off, and classes are those of ASCII, as in Ruby.
struct Pattern {
    words: &'static [&'static str],
    regex: LazyLock<Option<Regex>>,
}

impl Pattern {
    fn captures<'t>(&self, code: &'t str) -> Option<Captures<'t>> {
        if !self.words.iter().any(|word| code.contains(word)) {
            return None;
        }
        self.regex.as_ref()?.captures(code)
    }
}

static ASSIGNMENT: Pattern = Pattern {
    words: &["="],
    regex: LazyLock::new(|| {
        Regex::new(
            r"^(?:Rails\.application\.)?(?<owner>(?:[0-9A-Za-z_]+\.)?config\.active_record|config|::?ActiveRecord(?:::[A-Za-z:]+)?|ActiveRecord(?:::[A-Za-z:]+)?|self)\.(?<key>[0-9A-Za-z_]+)[ \t]*=(?<value>[^=~>].*)$",
        )
        .ok()
    }),
};

static DEFAULTS: Pattern = Pattern {
    words: &["load_defaults"],
    regex: LazyLock::new(|| {
        Regex::new(
            r#"^(?:[0-9A-Za-z_]+\.)*config\.load_defaults(?-u:\b)[ \t]*\(?[ \t]*(?:["']?(?<release>[0-9]+\.[0-9]+)["']?|.*)"#,
        )
        .ok()
    }),
};

static INFLECTION: Pattern = Pattern {
    words: &["acronym", "irregular", "uncountable"],
    regex: LazyLock::new(|| {
        Regex::new(
            r#"^[0-9A-Za-z_]+\.(?<kind>acronym|irregular|uncountable)[ \t(]+["'](?<first>[^"']+)["'](?:[ \t]*,[ \t]*["'](?<second>[^"']+)["'])?[ \t]*\)?[ \t]*(?:#.*)?$"#,
        )
        .ok()
    }),
};

static UNCOUNTABLE_WORDS: Pattern = Pattern {
    words: &[".uncountable"],
    regex: LazyLock::new(|| {
        Regex::new(
            r"^[0-9A-Za-z_]+\.uncountable[ \t(]+%w[\[({](?<words>[^\])}]*)[\])}][ \t]*\)?[ \t]*(?:#.*)?$",
        )
        .ok()
    }),
};

static PRIMARY_KEY_TYPE: Pattern = Pattern {
    words: &["primary_key_type"],
    regex: LazyLock::new(|| {
        Regex::new(
            r"(?-u:\b)orm(?-u:\b).*(?-u:\b)primary_key_type(?::|[ \t]*=>)[ \t]*:(?<type>[0-9A-Za-z_]+)",
        )
        .ok()
    }),
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Opening {
    /// `module`, `class`, a block.
    Plain,
    /// What is in it may not happen.
    Conditional,
}

/// Keeps the blocks that are open after a line.
fn track(code: &str, blocks: &mut Vec<Opening>) {
    let code = code.split(" #").next().unwrap_or(code).trim_end();
    let first = code
        .split(|character: char| !character.is_alphanumeric() && character != '_')
        .next()
        .unwrap_or_default();
    let ends_itself = code.ends_with(" end") || code.ends_with(";end");
    match first {
        "if" | "unless" | "case" | "while" | "until" | "def" | "begin" if !ends_itself => {
            blocks.push(Opening::Conditional)
        }
        "module" | "class" if !ends_itself => blocks.push(Opening::Plain),
        "end" => {
            blocks.pop();
        }
        _ => {
            let opens = code.ends_with(" do") || (code.ends_with('|') && code.contains(" do |"));
            if opens {
                // What a block is for is not known, except for those that are always called.
                let is_called =
                    ["configure", "inflections", "on_load", "config", "to_prepare", "after_initialize"]
                        .iter()
                        .any(|word| code.contains(word));
                blocks.push(if is_called { Opening::Plain } else { Opening::Conditional });
            }
        }
    }
}

/// A literal that is all there is, but for a comment.
fn literal(text: &str) -> Option<Literal> {
    let text = text.trim();
    let text = match text.rfind(" #") {
        Some(at) if !text.get(at..).is_some_and(|rest| rest.contains(['"', '\''])) => {
            text.get(..at)?.trim_end()
        }
        _ => text,
    };
    match text {
        "true" => return Some(Literal::Bool(true)),
        "false" => return Some(Literal::Bool(false)),
        "nil" => return Some(Literal::Nil),
        _ => {}
    }
    if let Some(items) = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let items = items.split(',').map(str::trim).filter(|item| !item.is_empty());
        return items.map(word).collect::<Option<Vec<_>>>().map(Literal::List);
    }
    if let Some(items) = text.strip_prefix("%w[").and_then(|rest| rest.strip_suffix(']')) {
        return Some(Literal::List(items.split_whitespace().map(str::to_owned).collect()));
    }
    word(text).map(Literal::Text)
}

fn word(text: &str) -> Option<String> {
    if let Some(name) = text.strip_prefix(':') {
        let fits =
            !name.is_empty() && name.chars().all(|character| character.is_alphanumeric() || character == '_');
        return fits.then(|| name.to_owned());
    }
    for quote in ['"', '\''] {
        if let Some(inner) = text.strip_prefix(quote).and_then(|rest| rest.strip_suffix(quote)) {
            let has_code = quote == '"' && inner.contains("#{");
            let fits = !has_code && !inner.contains([quote, '\\']);
            return fits.then(|| inner.to_owned());
        }
    }
    None
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>, depth: usize) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut found: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    for path in found {
        if path.is_dir() && depth < 16 {
            collect(&path, paths, depth + 1);
        } else if path.extension().is_some_and(|extension| extension == "rb") {
            paths.push(path);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Application {
        let mut application = Application::default();
        application.read(Path::new("config/application.rb"), text);
        application
    }

    fn value(text: &str, key: &str) -> Option<Literal> {
        read(text).get(key).and_then(|assignment| assignment.value.clone())
    }

    #[test]
    fn the_type_of_generated_keys_is_recognised() {
        for line in [
            "Rails.application.config.generators do |g|\n  g.orm :active_record, primary_key_type: :uuid\nend",
            "config.generators { |g| g.orm(:active_record, :primary_key_type => :uuid) }",
        ] {
            assert_eq!(read(line).primary_key_type.as_deref(), Some("uuid"), "{line}");
        }
        assert_eq!(read("# g.orm :active_record, primary_key_type: :uuid").primary_key_type, None);
    }

    #[test]
    fn plain_assignments_are_recognised() {
        let text = "require_relative \"boot\"\n\nmodule Shop\n  class Application < Rails::Application\n    config.load_defaults 7.1\n\
                    \n    config.active_record.schema_format = :sql # for views\n    config.active_record.table_name_prefix = \"app_\"\n\
                    \x20   config.active_record.dump_schema_after_migration = false\n    # config.active_record.timestamped_migrations = false\n  end\nend\n";
        let application = read(text);
        assert_eq!(application.defaults, Some(Some(Release(7, 1))));
        assert_eq!(value(text, "schema_format"), Some(Literal::Text("sql".to_owned())));
        assert_eq!(value(text, "table_name_prefix"), Some(Literal::Text("app_".to_owned())));
        assert_eq!(value(text, "dump_schema_after_migration"), Some(Literal::Bool(false)));
        assert_eq!(application.get("timestamped_migrations"), None);
        assert_eq!(application.get("schema_format").map(|found| found.line), Some(7));
    }

    #[test]
    fn other_owners_are_recognised() {
        let text = "ActiveRecord::Base.schema_migrations_table_name = 'versions'\n\
                    ActiveRecord::Tasks::DatabaseTasks.structure_dump_flags = ['--no-tablespaces', \"--clean\"]\n\
                    Rails.application.config.active_record.timestamped_migrations = false\n\
                    ActiveRecord::SchemaDumper.ignore_tables = %w[a b]\nconfig.time_zone = 'Berlin'\nconfig.schema_format_x = 1\n";
        assert_eq!(value(text, "schema_migrations_table_name"), Some(Literal::Text("versions".to_owned())));
        let flags = vec!["--no-tablespaces".to_owned(), "--clean".to_owned()];
        assert_eq!(value(text, "structure_dump_flags"), Some(Literal::List(flags)));
        assert_eq!(value(text, "timestamped_migrations"), Some(Literal::Bool(false)));
        assert_eq!(value(text, "ignore_tables"), Some(Literal::List(vec!["a".to_owned(), "b".to_owned()])));
        assert_eq!(value(text, "time_zone"), Some(Literal::Text("Berlin".to_owned())));
        assert_eq!(read(text).get("schema_format_x"), None);
    }

    #[test]
    fn what_is_not_plain_is_unclear() {
        for text in [
            "config.active_record.table_name_prefix = ENV['PREFIX']\n",
            "config.active_record.table_name_prefix = \"a\" if ENV['X']\n",
            "config.active_record.table_name_prefix = \"a_#{x}\"\n",
            "if Rails.env.production?\n  config.active_record.table_name_prefix = 'a'\nend\n",
            "tenants.each do |tenant|\n  config.active_record.table_name_prefix = 'a'\nend\n",
            "def prefix\n  config.active_record.table_name_prefix = 'a'\nend\n",
        ] {
            let application = read(text);
            let assignment = application.get("table_name_prefix").unwrap_or_else(|| panic!("{text}"));
            assert_eq!(assignment.value, None, "{text}");
        }
        let after = "if x\n  y\nend\nconfig.active_record.table_name_prefix = 'a'\n";
        assert_eq!(value(after, "table_name_prefix"), Some(Literal::Text("a".to_owned())));
    }

    #[test]
    fn inflections_are_recognised() {
        let application = read(
            "ActiveSupport::Inflector.inflections(:en) do |inflect|\n  # inflect.acronym \"NO\"\n  inflect.acronym \"API\"\n  \
             inflect.acronym('RESTful')\n  inflect.irregular 'person', 'people'\n  inflect.uncountable %w( fish sheep )\nend\n",
        );
        assert_eq!(application.acronyms, ["API", "RESTful"]);
        assert_eq!(application.irregular, [("person".to_owned(), "people".to_owned())]);
        assert_eq!(application.uncountable, ["fish", "sheep"]);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(config\\.active_record\\.|table_name_prefix|=| |'|\"|\\[|\\]|,|#|if|end|do|\\|x\\||\\n|:|\\PC){0,30}") {
            read(&text);
        }
    }
}
