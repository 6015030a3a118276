use super::*;
use crate::model::{Body, Direction, PluginFact, PluginStep};

const SPLIT: (&str, &str) = (
    "1_names.sql",
    "-- migrate:up\nALTER TABLE customers ADD COLUMN family text;\n-- migrate:backfill plugin=split-name table=customers\n",
);

fn shop(digest: &str) -> Native {
    let plugins = [("split-name".to_owned(), digest.to_owned())];
    project(&[SPLIT]).with_plugins(plugins.into_iter().collect())
}

/// A history in which the migration ran with a plugin of this digest.
fn ran_with(digest: &str) -> History {
    let mut row = row(&shop(digest), "1");
    row[6] = Some(digest.to_owned());
    history(vec![row])
}

fn problems(project: &Native, history: &History) -> Vec<String> {
    let server = server(Dialect::Sqlite);
    let context = Context { server: &server, history, answers: &[], unfinished: None };
    project.validate(&context).unwrap().into_iter().map(|problem| problem.message).collect()
}

#[test]
fn a_history_tells_which_plugin_ran() {
    let plan = plan_on(Dialect::Sqlite, &shop("ab"), &History::default(), &Request::default()).unwrap();
    let mut record = first_step(&plan).record.success[0].clone();
    record.tell_of_plugins(|fact| {
        let told = match fact {
            PluginFact::Version => "'0.1.0'",
            PluginFact::Sha256 => "'ab'",
        };
        told.to_owned()
    });
    let sql = record.with_elapsed("7");
    assert!(sql.contains("dunlin_version, plugin_name, plugin_version, plugin_sha256) VALUES"), "{sql}");
    assert!(sql.ends_with(", 'split-name', '0.1.0', 'ab')"), "{sql}");
}

#[test]
fn a_plugin_that_was_changed_or_removed_does_not_fit() {
    assert!(problems(&shop("ab"), &ran_with("ab")).is_empty());
    let changed = problems(&shop("cd"), &ran_with("ab"));
    assert!(changed[0].contains("the plugin split-name was changed after 1_names"), "{changed:?}");
    let removed = problems(&project(&[SPLIT]), &ran_with("ab"));
    assert!(removed[0].contains("the plugin split-name was removed after 1_names"), "{removed:?}");
    assert!(problems(&shop("ab"), &history(vec![row(&shop("ab"), "1")])).is_empty(), "nothing is recorded");
}

#[test]
fn repair_takes_a_plugin_as_it_is() {
    let server = server(Dialect::Sqlite);
    let rows = ran_with("ab");
    let context = Context { server: &server, history: &rows, answers: &[], unfinished: None };
    let sql = setups(&shop("cd").repair(&context).unwrap()).join("\n");
    assert!(sql.contains("plugin_sha256 = 'cd' WHERE version = '1'"), "{sql}");
    assert!(setups(&project(&[SPLIT]).repair(&context).unwrap()).is_empty());
}

#[test]
fn a_step_is_a_block_in_the_direction_that_it_says() {
    let text = "-- migrate:step plugin=move-units\n-- migrate:up\nSELECT 1;\n-- migrate:step direction=down plugin=move-units\n";
    let hospital = project(&[("1_units.sql", text)]);
    let bodies = |history: &History, request: &Request| {
        let plan = plan_on(Dialect::Sqlite, &hospital, history, request).unwrap();
        first_step(&plan).blocks.iter().map(|block| block.body.clone()).collect::<Vec<Body>>()
    };
    let step =
        |inverse| Body::Plugin(PluginStep { plugin: "move-units".into(), inverse, identity: String::new() });
    assert_eq!(bodies(&History::default(), &Request::default()), [step(false), Body::Sql]);
    let applied = history(vec![row(&hospital, "1")]);
    let down = Request { direction: Some(Direction::Down), ..Request::default() };
    assert_eq!(bodies(&applied, &down), [step(true)]);
    assert_eq!(hospital.plugins().into_iter().collect::<Vec<_>>(), ["move-units"]);

    let server = server(Dialect::Sqlite);
    let context = Context { server: &server, history: &History::default(), answers: &[], unfinished: None };
    assert_eq!(hospital.status(&context).unwrap()[0].kind, "step");
    let edited = project(&[("1_units.sql", &text.replacen("move-units", "swap-units", 1))]);
    let context = Context { history: &applied, ..context };
    assert_eq!(edited.status(&context).unwrap()[0].state, "edited");
}
