use serde_json::{Map, Value, json};

use super::*;

fn to_json(value: &Yaml) -> Value {
    match value {
        Yaml::Nil => Value::Null,
        Yaml::Bool(value) => json!(value),
        Yaml::Integer(number) => json!(number),
        Yaml::Float(number) => json!(number),
        Yaml::Text(text) | Yaml::Symbol(text) | Yaml::Other(text) => json!(text),
        Yaml::List(items) => items.iter().map(to_json).collect(),
        Yaml::Map(entries) => {
            Value::Object(entries.iter().map(|(key, value)| (key.to_text(), to_json(value))).collect())
        }
    }
}

fn parsed(
    text: &str,
    environment: &str,
    variables: &dyn Fn(&str) -> Option<String>,
) -> Result<Databases, ConfigError> {
    let around = Surroundings { variables, root: Path::new("/srv/shop"), environment };
    Databases::parse(Path::new("config/database.yml"), text, Release(8, 1), around)
}

/// What Rails 6.1.7, 7.0.10, 7.2.2, 8.0.5, 8.1.3 and 8.2 made of the same files and variables; where a release is not named
/// it answers as 8.1 does.
#[test]
fn files_and_variables_are_merged_as_rails_does() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../vectors/databases.json")).unwrap();
    let releases = [
        ("6.1", Release(6, 1)),
        ("7.0", Release(7, 0)),
        ("7.2", Release(7, 2)),
        ("8.0", Release(8, 0)),
        ("8.1", Release(8, 1)),
        ("8.2", Release(8, 2)),
    ];
    for vector in &vectors {
        let folder = tempfile::tempdir().unwrap();
        if let Some(text) = vector["yaml"].as_str() {
            std::fs::create_dir(folder.path().join("config")).unwrap();
            std::fs::write(folder.path().join("config/database.yml"), text).unwrap();
        }
        let variables = |name: &str| vector["variables"][name].as_str().map(str::to_owned);
        for (name, release) in releases {
            let expected = vector.get(name).unwrap_or(&vector["8.1"]);
            let around = Surroundings { variables: &variables, root: folder.path(), environment: "staging" };
            let found = Databases::load(folder.path(), release, around);
            let context = format!("{name} {vector}");
            if let Some(error) = expected["error"].as_str() {
                let found = found.expect_err(&context).to_string();
                // Messages are those of Rails where it has one of its own.
                for own in [
                    "is not a valid configuration",
                    "Ambiguous configuration",
                    "cannot be empty",
                    "YAML syntax error",
                ] {
                    assert_eq!(error.contains(own), found.contains(own), "{context}: {found}");
                }
                continue;
            }
            let found = found.unwrap_or_else(|error| panic!("{context}: {error}"));
            let visible: Vec<&str> =
                found.of("staging").unwrap().iter().map(|config| config.name.as_str()).collect();
            assert_eq!(json!(visible), expected["visible"], "{context}");
            let all: Vec<Value> = found
                .all
                .iter()
                .filter(|config| config.environment == "staging")
                .map(|config| {
                    let settings: Map<String, Value> =
                        config.settings.iter().map(|(key, value)| (key.clone(), to_json(value))).collect();
                    json!({ "name": config.name, "primary": config.is_primary, "hash": settings })
                })
                .collect();
            assert_eq!(json!(all), expected["all"], "{context}");
        }
    }
    assert!(vectors.len() > 40);
}

#[test]
fn what_only_ruby_knows_matters_where_it_is_used() {
    let text = "default: &default\n  adapter: postgresql\n  pool: <%= Etc.nprocessors %>\nproduction:\n  <<: *default\n  \
                database: shop\n  password: <%= Rails.application.credentials.password %>\nstaging:\n  <<: *default\n  database: shop\n";
    let staging = parsed(text, "staging", &|_| None).unwrap();
    let [config] = staging.of("staging").unwrap()[..] else { panic!("one database") };
    assert_eq!(config.text("database").unwrap().as_deref(), Some("shop"));
    assert_eq!(config.text("password").unwrap(), None);
    let production = parsed(text, "production", &|_| None).unwrap();
    let [config] = production.of("production").unwrap()[..] else { panic!("one database") };
    let error = config.text("password").unwrap_err();
    assert_eq!(
        error.to_string(),
        "config/database.yml:7: `Rails.application.credentials.password` is not evaluated without Ruby, because of Rails.application"
    );
    // A URL replaces what was not known.
    let url = |name: &str| (name == "DATABASE_URL").then(|| "postgres://me:pw@db/shop".to_owned());
    let production = parsed(text, "production", &url).unwrap();
    let [config] = production.of("production").unwrap()[..] else { panic!("one database") };
    assert_eq!(config.text("password").unwrap().as_deref(), Some("pw"));
}

#[test]
fn structure_that_only_ruby_knows_is_asked_for() {
    let cases = [
        "<%= databases %>\nstaging:\n  adapter: sqlite3\n",
        "staging:\n  adapter: sqlite3\n<%= more %>\n",
        "<%= name %>:\n  adapter: sqlite3\n",
        "staging: <%= credentials.url %>\n",
        "<%= all.to_yaml %>",
    ];
    for text in cases {
        match parsed(text, "staging", &|_| None) {
            Err(ConfigError::NeedsRuby { .. }) => {}
            other => panic!("{text}: {other:?}"),
        }
    }
    let other = "production: <%= credentials.url %>\nstaging:\n  adapter: sqlite3\n  database: a\n";
    assert!(parsed(other, "staging", &|_| None).is_ok());
}

#[test]
fn a_variable_that_has_to_be_set_is_missed_as_by_ruby() {
    let error =
        parsed("staging:\n  host: <%= ENV.fetch(\"DB_HOST\") %>\n", "staging", &|_| None).unwrap_err();
    assert_eq!(error.to_string(), "Cannot load database configuration:\nkey not found: \"DB_HOST\"");
    let AdapterError::Refused { place, .. } = error.refusal() else { panic!("{error}") };
    assert_eq!(place, Some((PathBuf::from("config/database.yml"), 2)));
}

#[test]
fn the_environment_is_the_first_that_is_named() {
    let of = |rails: Option<&str>, rack: Option<&str>| {
        environment(&|name| {
            match name {
                "RAILS_ENV" => rails,
                "RACK_ENV" => rack,
                _ => None,
            }
            .map(str::to_owned)
        })
    };
    assert_eq!(of(None, None), "development");
    assert_eq!(of(Some(""), Some("test")), "test");
    assert_eq!(of(Some("staging"), Some("test")), "staging");
}

#[test]
fn what_a_guest_evaluated_is_taken_as_the_file() {
    let value = json!({ "staging": { "adapter": "postgresql", "database": "shop", "port": 5433 } });
    let around = Surroundings { variables: &|_| None, root: Path::new("/srv/shop"), environment: "staging" };
    let found = Databases::of_value(&value, Release(8, 1), around).unwrap();
    assert_eq!(found.of("staging").unwrap()[0].text("port").unwrap().as_deref(), Some("5433"));
}
