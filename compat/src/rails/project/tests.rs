use std::fs;

use super::*;
use crate::model::{Carrier, Language};

fn write(root: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = root.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }
}

fn clinic(root: &Path) {
    write(
        root,
        &[
            ("Gemfile.lock", "GEM\n  specs:\n    activerecord (7.2.2.1)\n"),
            (
                "config/application.rb",
                "module Clinic\n  class Application < Rails::Application\n    config.load_defaults 7.2\n    config.active_record.schema_format = :sql\n  end\nend\n",
            ),
            (
                "config/environments/production.rb",
                "Rails.application.configure do\n  config.active_record.dump_schema_after_migration = false\nend\n",
            ),
            (
                "config/initializers/inflections.rb",
                "ActiveSupport::Inflector.inflections(:en) do |inflect|\n  inflect.acronym \"MRI\"\nend\n",
            ),
            (
                "config/database.yml",
                "default: &default\n  adapter: postgresql\n  password: <%= ENV[\"CLINIC_PASSWORD\"] %>\nproduction:\n  primary:\n    <<: *default\n    database: clinic\n  archive:\n    <<: *default\n    database: archive\n    migrations_paths: db/archive\n",
            ),
            (
                "db/migrate/20240101000000_create_mri_scans.rb",
                "class CreateMRIScans < ActiveRecord::Migration[7.2]\nend\n",
            ),
            (
                "db/archive/20240102000000_create_files.rb",
                "class CreateFiles < ActiveRecord::Migration[7.2]\nend\n",
            ),
        ],
    );
}

fn loaded(root: &Path, settings: &Settings) -> RailsProject {
    let variables = |name: &str| match name {
        "RAILS_ENV" => Some("production".to_owned()),
        "CLINIC_PASSWORD" => Some("s3cret".to_owned()),
        _ => None,
    };
    load(&Load { root, settings, variables: &variables, rendered: None, url: None }).unwrap()
}

fn adapter(project: &RailsProject, name: &str) -> RailsAdapter {
    let config = project
        .databases
        .all
        .iter()
        .find(|config| config.name == name && config.environment == "production")
        .unwrap();
    let guest = GuestProgram {
        tool: "rails",
        language: Language::Ruby,
        modules: &[],
        import_paths: Vec::new(),
        options: project.guest_options(config).unwrap(),
    };
    let carriers = BTreeMap::from([("1".to_owned(), Carrier::Host)]);
    project.adapter(config, Arc::new(guest), &carriers, "2026-11-27T00:00:00Z".parse().unwrap()).unwrap()
}

#[test]
fn a_project_is_read_with_all_its_databases() {
    let folder = tempfile::tempdir().unwrap();
    clinic(folder.path());
    assert!(is_project(folder.path()));
    let project = loaded(folder.path(), &Settings::default());
    assert_eq!((project.release, project.environment.as_str()), (Release(7, 2), "production"));
    assert_eq!(project.schema_format().unwrap(), SchemaFormat::Sql);
    assert!(!project.dumps_schema_after_migration());
    let names: Vec<&str> = project.configs().unwrap().iter().map(|config| config.name.as_str()).collect();
    assert_eq!(names, ["primary", "archive"]);
    let classes = |name| adapter(&project, name).files.into_iter().map(|file| file.name).collect::<Vec<_>>();
    assert_eq!(classes("primary"), ["CreateMRIScans"]);
    assert_eq!(classes("archive"), ["CreateFiles"]);
    let config = &project.databases.all[1];
    assert_eq!(project.url(config, &|_| None).unwrap(), "postgres:///clinic");
}

#[test]
fn the_guest_is_told_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    clinic(folder.path());
    let project = loaded(folder.path(), &Settings::default());
    let adapter = adapter(&project, "primary");
    let options = adapter.guest.options.to_string();
    assert!(!options.contains("s3cret"), "{options}");
    assert_eq!(adapter.guest.options["adapter"], "postgresql");
    assert_eq!(adapter.guest.options["config"]["database"], "clinic");
    assert_eq!(adapter.guest.options["inflections"]["acronyms"], json!(["MRI"]));
}

#[test]
fn settings_come_before_what_the_application_says() {
    let folder = tempfile::tempdir().unwrap();
    clinic(folder.path());
    write(
        folder.path(),
        &[("config/initializers/tables.rb", "ActiveRecord::Base.table_name_prefix = ENV['PREFIX']\n")],
    );
    let project = loaded(folder.path(), &Settings::default());
    let error = project.tables(&project.databases.all[1]).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("tables.rb:1: what table_name_prefix is set to cannot be told without Ruby"),
        "{error}"
    );
    let mut settings = Settings::default();
    settings.rails.table_name_prefix = Some("app_".to_owned());
    let project = loaded(folder.path(), &settings);
    assert_eq!(adapter(&project, "primary").tables.migrations, "app_schema_migrations");
    assert_eq!(adapter(&project, "primary").tables.metadata, "app_ar_internal_metadata");
}

#[test]
fn an_environment_that_is_not_there_is_told_with_those_that_are() {
    let folder = tempfile::tempdir().unwrap();
    clinic(folder.path());
    let variables = |name: &str| (name == "RAILS_ENV").then(|| "nope".to_owned());
    let settings = Settings::default();
    let inputs =
        Load { root: folder.path(), settings: &settings, variables: &variables, rendered: None, url: None };
    let error = load(&inputs).unwrap().configs().unwrap_err().to_string();
    assert_eq!(
        error,
        "The `nope` database is not configured for the `nope` environment.\n\n  Available database configurations are:\n\n  default\n  production: primary, archive"
    );
    let named = Load { url: Some("sqlite3:db/one.sqlite3"), ..inputs };
    let project = load(&named).unwrap();
    let url = project.url(project.configs().unwrap()[0], &|_| None).unwrap();
    assert_eq!(url, format!("sqlite:{}/db/one.sqlite3", folder.path().display()));
}
