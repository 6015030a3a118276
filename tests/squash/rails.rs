//! Rails applications, with Active Record's own tasks beside us.

use crate::is_thorough;
use crate::support::{RailsAdapter, RailsStage, ServerKind, rails_is_here};

fn of_kinds() -> Vec<RailsAdapter> {
    let all = vec![RailsAdapter::POSTGRES, RailsAdapter::SQLITE, RailsAdapter::MYSQL, RailsAdapter::MARIADB];
    let few = if is_thorough() { all.len() } else { 2 };
    all.into_iter().take(few).collect()
}

#[test]
fn the_schema_file_takes_the_place_of_old_migrations() {
    if !rails_is_here("sandbox") {
        return;
    }
    for adapter in of_kinds() {
        let (Some(old), Some(new)) =
            (RailsStage::of("rails/orders", adapter, "7.2"), RailsStage::of("rails/orders", adapter, "7.2"))
        else {
            continue;
        };
        let squash = |more: &[&str]| {
            old.dunlin_with("sandbox", &[&["squash", "--archive", "attic"], more].concat(), |_| {})
        };
        old.rails(&["db:migrate"]).success();
        let by_them = old.project.read("db/schema.rb");
        old.project.remove("db/schema.rb");
        let before = old.database.contents();
        let refused = squash(&[]).fails();
        assert!(refused.stderr.contains("put rows into"), "{adapter:?} {refused}");
        assert!(!old.project.path().join("db/schema.rb").exists());
        let output = squash(&["--without-rows"]).success();
        assert!(
            output.stdout.contains("Wrote db/schema.rb\n3 old files moved to attic.\n"),
            "{adapter:?} {output}"
        );
        assert!(output.stdout.contains("`db:prepare` and `db:schema:load`"), "{output}");
        assert_eq!(old.project.read("db/schema.rb"), by_them, "{adapter:?}");
        assert_eq!(old.database.contents(), before, "{adapter:?}");
        assert!(old.migrations().is_empty());

        // Databases of before go on, and new ones begin with the file.
        old.rails(&["db:abort_if_pending_migrations"]).success();
        for path in new.migrations() {
            std::fs::remove_file(path).unwrap();
        }
        new.project.write("db/schema.rb", &by_them);
        let later = "class Later < ActiveRecord::Migration[7.2]\n  def change\n    add_column :orders, :later, :integer\n  end\nend\n";
        for stage in [&old, &new] {
            stage.project.write("db/migrate/20260101000000_later.rb", later);
        }
        new.rails(&["db:schema:load"]).success();
        for stage in [&old, &new] {
            stage.rails(&["db:migrate"]).success();
        }
        let same = old.dunlin_with("sandbox", &["diff", &old.database.url(), &new.database.url()], |_| {});
        assert_eq!(same.stdout, "The schemas are the same.\n", "{adapter:?} {same}");
    }
}

#[test]
fn what_the_schema_file_cannot_say_is_shown() {
    if !rails_is_here("sandbox") {
        return;
    }
    let Some(stage) = RailsStage::of("rails/orders", RailsAdapter::POSTGRES, "7.2") else { return };
    assert_eq!(stage.adapter.kind, ServerKind::Postgres);
    let function = "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'";
    // The name of the key hangs on what the table was called, and no schema.rb has it: that is no difference.
    stage.project.write(
        "db/migrate/0040_renamed.rb",
        "class Renamed < ActiveRecord::Migration[7.2]\n  def change\n    create_table(:people) { |t| t.references :order, foreign_key: true }\n    \
         rename_table :people, :customers\n  end\nend\n",
    );
    stage.dunlin_with("sandbox", &["up"], |_| {}).success();
    stage.dunlin_with("sandbox", &["squash", "--dry-run", "--without-rows"], |_| {}).success();
    stage.project.write(
        "db/migrate/0050_function.rb",
        format!(
            "class Function < ActiveRecord::Migration[7.2]\n  def up\n    execute {function:?}\n  end\nend\n"
        ),
    );
    stage.dunlin_with("sandbox", &["up"], |_| {}).success();
    let refused = stage.dunlin_with("sandbox", &["squash", "--delete", "--without-rows"], |_| {}).exits(5);
    assert!(refused.stderr.contains("- function public.f()"), "{refused}");
    assert!(refused.stderr.contains("db/structure.sql, which can"), "{refused}");
    assert_eq!(stage.migrations().len(), 5);
}

/// What Active Record can make, all of it; a structure file has it.
#[test]
fn a_whole_clinic_is_squashed() {
    if !is_thorough() || !rails_is_here("sandbox") {
        return;
    }
    let Some(stage) = RailsStage::of("rails/clinic", RailsAdapter::POSTGRES, "7.2") else { return };
    stage.dunlin_with("sandbox", &["up"], |_| {}).success();
    let squash = |arguments: &[&str]| {
        let arguments = [&["squash", "--archive", "attic", "--without-rows"], arguments].concat();
        stage.dunlin_with("sandbox", &arguments, |command| {
            // Where pg_dump is.
            command.env("PATH", std::env::var_os("PATH").unwrap()).env("SCHEMA_FORMAT", "sql");
        })
    };
    let output = squash(&[]).success();
    assert!(output.stdout.contains("Wrote db/structure.sql\n"), "{output}");
    assert!(stage.migrations().is_empty());
}
