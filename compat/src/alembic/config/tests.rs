use std::collections::HashMap;
use std::fs;

use insta::assert_snapshot;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::*;
use crate::settings::alembic::AlembicSettings;

/// An ini file, a `pyproject.toml`, and what Alembic says of them.
type Case = (Option<&'static str>, Option<&'static str>, &'static str);

fn project(ini: Option<&str>, toml: Option<&str>) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    // Where the script that asked Alembic ran there were the same.
    for name in ["a", "b", "c d", "pkg/mig", "alembic/versions"] {
        fs::create_dir_all(folder.path().join(name)).unwrap();
    }
    for (name, text) in [("alembic.ini", ini), ("pyproject.toml", toml), ("pkg/__init__.py", Some(""))] {
        if let Some(text) = text {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
    }
    folder
}

fn load_in(folder: &TempDir, change: impl FnOnce(&mut Invocation)) -> Result<Config, ConfigError> {
    let mut invocation = Invocation { directory: folder.path().to_owned(), ..Invocation::default() };
    change(&mut invocation);
    Config::load(&invocation, &|_| None, &PackageSearch::default())
}

fn load(ini: Option<&str>, toml: Option<&str>) -> Result<Config, ConfigError> {
    load_in(&project(ini, toml), |_| {})
}

fn ini(text: &str) -> Config {
    load(Some(&format!("[alembic]\nscript_location = alembic\n{text}")), None).unwrap()
}

/// The settings that are not the default, as the script that asked Alembic for the cases below printed them.
fn shown(config: &Config) -> Value {
    let hook = |hook: &Hook| {
        let mut map = Map::from_iter([("name".to_owned(), json!(hook.name))]);
        map.extend(hook.options.iter().map(|(key, value)| (key.clone(), json!(value))));
        Value::Object(map)
    };
    let environment = config.revision_environment();
    let environment = environment.map_or_else(|error| json!(error.to_string()), |value| json!(value));
    let all = [
        ("dir", json!(config.script_location.value)),
        ("vl", json!(config.version_locations.value)),
        ("ft", json!(config.file_template.value)),
        ("tsl", json!(config.truncate_slug_length.value)),
        ("tz", json!(config.timezone.value)),
        ("hooks", Value::Array(config.post_write_hooks.iter().map(hook).collect())),
        ("rec", json!(config.recursive_version_locations.value)),
        ("src", json!(config.sourceless.value)),
        ("enc", json!(config.output_encoding.value)),
        ("pre", json!(config.prepend_sys_path.value)),
        ("env", environment),
    ];
    let usual = json!({
        "dir": "alembic", "vl": ["D/alembic/versions"], "ft": "%(rev)s_%(slug)s", "tsl": 40, "tz": null, "hooks": [],
        "rec": false, "src": false, "enc": "utf-8", "pre": [], "env": false,
    });
    let directory = config.sources.here.as_str();
    let text = |value: Value| value.to_string().replace(directory, "D");
    let all = all.map(|(key, value)| (key, serde_json::from_str::<Value>(&text(value)).unwrap()));
    Value::Object(
        all.into_iter()
            .filter(|(key, value)| usual[*key] != *value)
            .map(|(key, value)| (key.to_owned(), value))
            .collect(),
    )
}

const fn with(ini: &'static str) -> Option<&'static str> {
    Some(ini)
}

#[test]
fn every_setting_is_read_as_alembic_reads_it() {
    // What Alembic 1.20.1 printed for the same files.
    let cases: Vec<Case> = vec![
        (with("[alembic]\nscript_location = alembic\n"), None, "{}"),
        (
            with(
                "[alembic]\nscript_location = %(here)s/alembic\nprepend_sys_path = .\npath_separator = os\n",
            ),
            None,
            "{\"dir\": \"D/alembic\", \"pre\": [\".\"]}",
        ),
        (with("[alembic]\nscript_location = ./alembic/\n"), None, "{}"),
        (
            with("[alembic]\nscript_location = pkg:mig\nprepend_sys_path = .\n"),
            None,
            "{\"dir\": \"D/pkg/mig\", \"vl\": [\"D/pkg/mig/versions\"], \"pre\": [\".\"]}",
        ),
        (
            with("[alembic]\nscript_location = alembic\nversion_locations = a, b\n"),
            None,
            "{\"vl\": [\"D/a\", \"D/b\"]}",
        ),
        (
            with("[alembic]\nscript_location = alembic\nversion_locations = a b:c\n"),
            None,
            "{\"vl\": [\"D/a\", \"D/b/c\"]}",
        ),
        (
            with(
                "[alembic]\nscript_location = alembic\nversion_locations = a:c d:%(here)s/b\npath_separator = :\n",
            ),
            None,
            "{\"vl\": [\"D/a\", \"D/c d\", \"D/b\"]}",
        ),
        (
            with(
                "[alembic]\nscript_location = alembic\nversion_locations =\n  a\n  c d\npath_separator = newline\n",
            ),
            None,
            "{\"vl\": [\"D/a\", \"D/c d\"]}",
        ),
        (
            with(
                "[alembic]\nscript_location = alembic\nversion_locations = a;b\nversion_path_separator = ;\n",
            ),
            None,
            "{\"vl\": [\"D/a\", \"D/b\"]}",
        ),
        (
            with(
                "[alembic]\nscript_location = alembic\nversion_locations = a;b\nversion_path_separator = ;\npath_separator = space\n",
            ),
            None,
            "{\"vl\": [\"D/a;b\"]}",
        ),
        (
            with("[alembic]\nscript_location = alembic\nversion_locations = a\npath_separator = comma\n"),
            None,
            "ValueError: 'comma' is not a valid value for path_separator; expected 'space', 'newline', 'os', ':', ';'",
        ),
        (with("[alembic]\nscript_location = alembic\nversion_locations =\n"), None, "{}"),
        (with("[alembic]\nscript_location = alembic\ntruncate_slug_length = 0\n"), None, "{}"),
        (with("[alembic]\nscript_location = alembic\ntruncate_slug_length = -5\n"), None, "{\"tsl\": -5}"),
        (with("[alembic]\nscript_location = alembic\ntruncate_slug_length = 1_0\n"), None, "{\"tsl\": 10}"),
        (
            with("[alembic]\nscript_location = alembic\ntruncate_slug_length = x\n"),
            None,
            "ValueError: invalid literal for int() with base 10: 'x'",
        ),
        (
            with(
                "[alembic]\nscript_location = alembic\nsourceless = True\nrecursive_version_locations = true\nrevision_environment = Yes\n",
            ),
            None,
            "{\"rec\": true, \"env\": true}",
        ),
        (
            with("[alembic]\nscript_location = alembic\nrevision_environment = maybe\n"),
            None,
            "{\"env\": \"String is not true/false: 'maybe'\"}",
        ),
        (
            with(
                "[alembic]\nscript_location = alembic\ntimezone =\noutput_encoding = latin-1\nfile_template = %%(year)d\n",
            ),
            None,
            "{\"ft\": \"%(year)d\", \"tz\": \"\", \"enc\": \"latin-1\"}",
        ),
        (
            with(
                "[alembic]\nscript_location = alembic\n[post_write_hooks]\nhooks = black, ruff\nblack.type = console_scripts\nblack.entrypoint = black\nblack.options = -l 79 REVISION_SCRIPT_FILENAME\nruff.type = exec\nblacker.x = 1\n",
            ),
            None,
            "{\"hooks\": [{\"name\": \"black\", \"type\": \"console_scripts\", \"entrypoint\": \"black\", \"options\": \"-l 79 REVISION_SCRIPT_FILENAME\"}, {\"name\": \"ruff\", \"type\": \"exec\"}]}",
        ),
        (
            with("[alembic]\nscript_location = alembic\nfile_template = %(x)s\n"),
            None,
            "InterpolationMissingOptionError: Bad value substitution: option 'file_template' in section 'alembic' contains an interpolation key 'x' which is not a valid option name. Raw value: '%(x)s'",
        ),
        (None, None, "CommandError: No 'script_location' key found in configuration."),
        (with("[alembic]\n"), None, "CommandError: No 'script_location' key found in configuration."),
        (
            with("[other]\nscript_location = a\n"),
            None,
            "CommandError: No 'script_location' key found in configuration.",
        ),
        (
            None,
            Some(
                "[tool.alembic]\nscript_location = \"%(here)s/alembic\"\nversion_locations = [\"%(here)s/a\", \"b\"]\nprepend_sys_path = [\".\"]\nrecursive_version_locations = true\ntruncate_slug_length = 30\nfile_template = \"%%(year)d\"\n",
            ),
            "{\"dir\": \"D/alembic\", \"vl\": [\"D/a\", \"D/b\"], \"ft\": \"%(year)d\", \"tsl\": 30, \"rec\": true, \"pre\": [\".\"]}",
        ),
        (
            with("[alembic]\nsqlalchemy.url = x\n"),
            Some(
                "[tool.alembic]\nscript_location = \"alembic\"\ntimezone = \"UTC\"\nprepend_sys_path = \".\"\n[[tool.alembic.post_write_hooks]]\nname = \"ruff\"\ntype = \"module\"\nmodule = \"ruff\"\noptions = \"check %(here)s\"\n",
            ),
            "{\"tz\": \"UTC\", \"hooks\": [{\"name\": \"ruff\", \"type\": \"module\", \"module\": \"ruff\", \"options\": \"check D\"}], \"pre\": [\".\"]}",
        ),
        (
            with("[alembic]\nscript_location = alembic\ntimezone = Europe/Berlin\n"),
            Some(
                "[tool.alembic]\nscript_location = \"x\"\ntimezone = \"UTC\"\noutput_encoding = \"utf-16\"\n",
            ),
            "{\"tz\": \"Europe/Berlin\", \"enc\": \"utf-16\"}",
        ),
        (
            None,
            Some("[tool.alembic]\nscript_location = \"alembic\"\nsourceless = \"true\"\n"),
            "CommandError: boolean value expected for TOML parameter 'sourceless'",
        ),
        (
            None,
            Some("[tool.alembic]\nscript_location = 1.5\n"),
            "CommandError: unsupported TOML value type for key: 'script_location'",
        ),
        (None, Some("[tool.alembic]\nscript_location = \"%(there)s\"\n"), "KeyError: 'there'"),
        (None, Some("[tool]\nalembic = 1\n"), "CommandError: Incorrect TOML format"),
        (
            None,
            Some("[tool.alembic]\nscript_location = \"alembic\"\nrevision_environment = true\n"),
            "{\"env\": true}",
        ),
        (None, Some("[tool.alembic]\nscript_location = \"alembic\"\nrevision_environment = \"no\"\n"), "{}"),
        (
            None,
            Some("[project]\nname = \"x\"\n"),
            "CommandError: No 'script_location' key found in configuration.",
        ),
        (
            with("[alembic]\nscript_location = alembic\n[DEFAULT]\ntimezone = UTC\n"),
            None,
            "{\"tz\": \"UTC\"}",
        ),
    ];
    for (ini, toml, expected) in cases {
        let folder = project(ini, toml);
        match load_in(&folder, |_| {}) {
            Ok(config) => {
                let mut expected: Value = serde_json::from_str(expected).unwrap();
                let mut shown = shown(&config);
                if let Some(message) = expected["env"].as_str().map(str::to_owned) {
                    assert!(shown["env"].as_str().unwrap().contains(&message));
                    expected["env"].take();
                    shown["env"].take();
                }
                assert_eq!(shown, expected, "{ini:?} {toml:?}");
            }
            Err(error) => {
                // Python puts the class in front; for a `KeyError` that is all there is.
                let Some((_, message)) = expected.split_once("Error: ") else {
                    panic!("{error} instead of {expected}");
                };
                assert!(error.to_string().contains(message), "{error} instead of {expected}");
            }
        }
    }
}

#[test]
fn each_setting_knows_where_it_stands() {
    let toml = "[tool.alembic]\nscript_location = \"a\"\ntimezone = \"UTC\"\n";
    let config =
        load(Some("[DEFAULT]\nsourceless = true\n[alembic]\n\nscript_location = b\n"), Some(toml)).unwrap();
    let origins = [
        config.script_location.origin.to_string(),
        config.timezone.origin.to_string(),
        config.sourceless.origin.to_string(),
        config.file_template.origin.to_string(),
    ];
    assert_eq!(origins, ["alembic.ini:5", "pyproject.toml:3", "alembic.ini:2", "default"]);
    assert_eq!(config.script_location.value, Path::new("b"));
}

#[test]
fn legacy_separators_are_noted() {
    assert_eq!(
        ini("version_locations = a;b\nversion_path_separator = ;\n").notices,
        ["The version_path_separator configuration parameter is deprecated; please use path_separator"]
    );
    assert_eq!(ini("version_locations = a b\nprepend_sys_path = .\n").notices.len(), 2);
    assert!(ini("prepend_sys_path = .\npath_separator = os\n").notices.is_empty());
}

fn names(config: &[&str], variable: Option<&str>) -> Result<(String, String), String> {
    let config = config.iter().map(|name| (*name).to_owned()).collect();
    let invocation = Invocation { config, ..Invocation::default() };
    let environment = |name: &str| variable.filter(|_| name == "ALEMBIC_CONFIG").map(str::to_owned);
    let names = file_names(&invocation, &environment).map_err(|error| error.to_string())?;
    Ok((names.ini, names.toml))
}

#[test]
fn the_files_are_those_of_the_arguments_then_of_the_variable_then_of_the_folder() {
    type Case = (&'static [&'static str], Option<&'static str>, (&'static str, &'static str));
    let cases: [Case; 7] = [
        (&[], None, ("alembic.ini", "pyproject.toml")),
        (&["db/x.ini"], None, ("db/x.ini", "pyproject.toml")),
        (&["db/pyproject.toml"], None, ("alembic.ini", "db/pyproject.toml")),
        (&["x.ini", "db/pyproject.toml"], Some("y.ini"), ("x.ini", "db/pyproject.toml")),
        (&[], Some("db/pyproject.toml"), ("alembic.ini", "db/pyproject.toml")),
        (&[], Some("y.ini"), ("y.ini", "pyproject.toml")),
        (&["other.toml"], None, ("other.toml", "pyproject.toml")),
    ];
    for (config, variable, (ini, toml)) in cases {
        assert_eq!(names(config, variable), Ok((ini.to_owned(), toml.to_owned())), "{config:?} {variable:?}");
    }
    assert_eq!(names(&["a.ini", "b.ini"], None).unwrap_err(), "only one ini file may be indicated");
    let twice = names(&["pyproject.toml", "a/pyproject.toml"], None);
    assert_eq!(twice.unwrap_err(), "pyproject.toml indicated more than once");
}

#[test]
fn another_section_may_be_the_main_one() {
    let folder = project(
        Some("[alembic]\nscript_location = a\n[school]\nscript_location = b\nurl = %(here)s\n"),
        None,
    );
    let config = load_in(&folder, |invocation| invocation.name = Some("school".to_owned())).unwrap();
    assert_eq!(config.script_location.value, Path::new("b"));
    assert_eq!(config.sources.main_option("url").unwrap().unwrap(), config.sources.here);
    assert_eq!(config.sources.section_option("alembic", "script_location").unwrap().unwrap(), "a");
    let missing = load_in(&folder, |invocation| invocation.name = Some("clinic".to_owned())).unwrap_err();
    assert_snapshot!(missing, @"No 'script_location' key found in configuration.");
}

#[test]
fn a_section_that_is_missing_is_told_in_alembics_words() {
    let config = ini("");
    assert_snapshot!(config.sources.section_option("engine1", "sqlalchemy.url").unwrap_err(), @"No config file 'alembic.ini' found, or file has no '[engine1]' section");
    assert_eq!(config.sources.section_items("engine1").unwrap(), None);
    assert_eq!(config.sources.main_option("sqlalchemy.url").unwrap(), None);
}

#[test]
fn here_is_the_folder_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("db")).unwrap();
    fs::write(folder.path().join("db/x.ini"), "[alembic]\nscript_location = %(here)s/alembic\n").unwrap();
    let config = load_in(&folder, |invocation| invocation.config = vec!["./db/x.ini".to_owned()]).unwrap();
    assert_eq!(config.script_location.value, folder.path().join("db/alembic"));
    assert_eq!(config.script_location.origin.to_string(), "./db/x.ini:2");
}

#[test]
fn a_package_is_looked_for_where_python_would() {
    let folder = project(Some("[alembic]\nscript_location = shop.db:migrations\n"), None);
    let site = folder.path().join("venv/lib/python3.13/site-packages");
    fs::create_dir_all(&site).unwrap();
    fs::create_dir_all(folder.path().join("src/shop/db/migrations")).unwrap();
    fs::write(
        site.join("shop.pth"),
        format!("# comment\nimport sys\n{}\n", folder.path().join("src").display()),
    )
    .unwrap();
    let invocation = Invocation { directory: folder.path().to_owned(), ..Invocation::default() };
    let missing = Config::load(&invocation, &|_| None, &PackageSearch::default()).unwrap_err();
    let missing = missing.to_string().replace(&*folder.path().to_string_lossy(), "shop");
    assert_snapshot!(missing, @"alembic.ini:2: the package 'shop.db' of `script_location` is not found in shop; write the folder as %(here)s/… instead, or name the package's parent folder in `site-packages` under [alembic] in dunlin.toml");
    let packages = PackageSearch::of_project(folder.path(), &AlembicSettings::default(), &|_| None);
    let config = Config::load(&invocation, &|_| None, &packages).unwrap();
    assert_eq!(config.script_location.value, folder.path().join("src/shop/db/migrations"));
    let variables = HashMap::from([("PYTHONPATH", "src")]);
    let environment = |name: &str| variables.get(name).map(|value| (*value).to_owned());
    let packages = PackageSearch::of_project(folder.path(), &AlembicSettings::default(), &environment);
    assert_eq!(packages.folders[0], folder.path().join("src"));
}

#[test]
fn files_that_cannot_be_read_are_named() {
    let folder = project(None, Some("[tool.alembic\n"));
    assert_snapshot!(load_in(&folder, |_| {}).unwrap_err(), @"pyproject.toml:1: unclosed table, expected `]`");
    fs::write(folder.path().join("alembic.ini"), b"[alembic]\n# caf\xe9\n").unwrap();
    assert_snapshot!(load_in(&folder, |_| {}).unwrap_err(), @"alembic.ini:2: the file is not UTF-8; save it as UTF-8");
}

#[test]
fn x_arguments_are_split_at_the_first_sign() {
    let x = ["url=a=b", "flag", "url=c"].map(str::to_owned).to_vec();
    let invocation = Invocation { x, ..Invocation::default() };
    assert_eq!(invocation.x_argument("url"), Some("c"));
    assert_eq!(invocation.x_argument("flag"), Some(""));
    assert_eq!(invocation.x_argument("tenant"), None);
}
