use std::path::Path;

use super::*;
use crate::model::Language;

fn adapter(files: &[&str]) -> KnexAdapter {
    let migrations = Migrations::default();
    KnexAdapter {
        client: Client::Pg,
        table: HistoryTable::of(&migrations),
        migrations,
        files: files
            .iter()
            .map(|name| MigrationFile {
                name: (*name).to_owned(),
                directory: "migrations".to_owned(),
                path: Some(Path::new("/srv/migrations").join(name)),
            })
            .collect(),
        guest: Arc::new(GuestProgram {
            tool: "knex",
            language: Language::JavaScript,
            modules: &[],
            import_paths: Vec::new(),
            options: serde_json::Value::Null,
        }),
        carriers: BTreeMap::new(),
        transactions: Transactions::default(),
        working_directory: PathBuf::from("/srv"),
        knexfile: None,
        modules: None,
    }
}

fn rows(rows: &[(&str, i64)]) -> Vec<Applied> {
    rows.iter()
        .map(|(name, batch)| Applied { name: (*name).to_owned(), batch: Some(*batch), time: None })
        .collect()
}

fn chosen(files: &[&str], history: &[(&str, i64)], command: Command) -> Result<(Vec<String>, i64), String> {
    let chosen = adapter(files).choose(&rows(history), &command).map_err(|error| error.to_string())?;
    Ok((chosen.files.into_iter().map(|file| file.name).collect(), chosen.batch))
}

fn ran(names: &[&str], batch: i64) -> Result<(Vec<String>, i64), String> {
    Ok((names.iter().map(|name| (*name).to_owned()).collect(), batch))
}

fn named(name: &str) -> Option<String> {
    Some(name.to_owned())
}

const FILES: [&str; 4] = ["1.js", "2.js", "3.js", "4.js"];

#[test]
fn latest_takes_all_that_is_pending_even_before_what_is_applied() {
    assert_eq!(chosen(&FILES, &[], Command::Latest), ran(&FILES, 1));
    assert_eq!(chosen(&FILES, &[("1.js", 1), ("3.js", 4)], Command::Latest), ran(&["2.js", "4.js"], 5));
    assert_eq!(chosen(&FILES[..1], &[("1.js", 1)], Command::Latest), ran(&[], 2));
}

#[test]
fn up_takes_the_next_or_a_certain_one() {
    let history = [("1.js", 1)];
    assert_eq!(chosen(&FILES, &history, Command::Up(None)), ran(&["2.js"], 2));
    assert_eq!(chosen(&FILES, &history, Command::Up(named("4.js"))), ran(&["4.js"], 2));
    assert_eq!(chosen(&FILES, &history, Command::Up(named("1.js"))), ran(&[], 2));
    let unknown = Err("Migration \"9.js\" not found.".to_owned());
    assert_eq!(chosen(&FILES, &history, Command::Up(named("9.js"))), unknown);
}

#[test]
fn to_and_before_stop_at_a_name() {
    let history = [("2.js", 1)];
    assert_eq!(chosen(&FILES, &history, Command::To("3.js".to_owned())), ran(&["1.js", "3.js"], 2));
    assert_eq!(chosen(&FILES, &history, Command::Before("3.js".to_owned())), ran(&["1.js"], 2));
    assert_eq!(chosen(&FILES, &history, Command::Before("1.js".to_owned())), ran(&[], 2));
    let unknown = Err("Migration \"9.js\" not found.".to_owned());
    assert_eq!(chosen(&FILES, &history, Command::To("9.js".to_owned())), unknown);
}

#[test]
fn rollback_goes_by_ids_and_rollback_of_all_by_files() {
    let history = [("2.js", 1), ("3.js", 2), ("1.js", 2)];
    assert_eq!(chosen(&FILES, &history, Command::Rollback { all: false }), ran(&["1.js", "3.js"], 2));
    assert_eq!(chosen(&FILES, &history, Command::Rollback { all: true }), ran(&["3.js", "2.js", "1.js"], 2));
    assert_eq!(chosen(&FILES, &[], Command::Rollback { all: false }), ran(&[], 0));
}

#[test]
fn down_takes_the_last_file_and_not_the_last_row() {
    let history = [("3.js", 1), ("1.js", 2)];
    assert_eq!(chosen(&FILES, &history, Command::Down(None)), ran(&["3.js"], 2));
    assert_eq!(chosen(&FILES, &history, Command::Down(named("1.js"))), ran(&["1.js"], 2));
    let not_run = Err("Migration \"2.js\" was not run.".to_owned());
    assert_eq!(chosen(&FILES, &history, Command::Down(named("2.js"))), not_run);
}

#[test]
fn files_that_are_gone_are_named_in_the_order_of_the_history() {
    let history = [("z.js", 1), ("1.js", 1), ("a.js", 2)];
    let expected = "The migration directory is corrupt, the following files are missing: z.js, a.js";
    assert_eq!(chosen(&FILES, &history, Command::Latest), Err(expected.to_owned()));
    let mut lenient = adapter(&FILES);
    lenient.migrations.disable_list_validation = true;
    let chosen = lenient.choose(&rows(&history), &Command::Up(None)).unwrap();
    assert_eq!(chosen.files.len(), 1);
}
