use super::super::plan::Filter;
use super::*;
use crate::model::{Dialect, History, Language, Quoting, Row};

fn server(dialect: Dialect) -> Server {
    Server {
        dialect,
        version: (17, 0, 0),
        version_text: "17.0".to_owned(),
        database: "railsdb".to_owned(),
        schema: "public".to_owned(),
        user: "me".to_owned(),
        search_path: String::new(),
        session_id: 1,
        quoting: Quoting::of(dialect).into(),
        session_settings: Vec::new(),
        beginning: Vec::new(),
        reported_settings: Vec::new(),
    }
}

fn adapter(folder: &std::path::Path) -> RailsAdapter {
    let file = |version: u128, text: &str| {
        let path = folder.join(format!("{version}_m{version}.rb"));
        std::fs::write(&path, text).unwrap();
        let name = format!("M{version}");
        MigrationFile { version, words: name.clone(), name, scope: String::new(), path }
    };
    let (plain, alone) = ("class M; end\n", "class M\n  disable_ddl_transaction!\nend\n");
    let guest = GuestProgram {
        tool: "rails",
        language: Language::Ruby,
        modules: &[],
        import_paths: Vec::new(),
        options: json!({}),
    };
    RailsAdapter {
        release: Release(8, 1),
        environment: "staging".to_owned(),
        tables: HistoryTables::default(),
        files: vec![file(1, plain), file(2, alone), file(3, plain)],
        takes_lock: true,
        session: Vec::new(),
        foreign_keys: ForeignKeys::Enforced,
        takes_double_quoted_strings: true,
        guest: Arc::new(guest),
        carriers: BTreeMap::new(),
        stand_ins: BTreeMap::new(),
        verbose: true,
    }
}

fn rows(versions: &[&str]) -> History {
    let row = |version: &&str| -> Row { vec![Some((*version).to_owned())] };
    History { exists: !versions.is_empty(), rows: versions.iter().map(row).collect() }
}

fn ids(plan: &Plan) -> Vec<String> {
    plan.migrations().map(|step| format!("{} {}", step.direction, step.id)).collect()
}

#[test]
fn a_fresh_database_gets_its_tables_and_its_environment() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = adapter(folder.path());
    let (server, history) = (server(Dialect::Postgres), rows(&[]));
    let context = Context { server: &server, history: &history, answers: &[Vec::new()], unfinished: None };
    let plan = adapter.plan(&context, &Request::default()).unwrap();
    let Some(Step::Setup(setup)) = plan.steps.first() else { panic!("{plan:?}") };
    assert_eq!(setup.message, "Creating \"schema_migrations\" and \"ar_internal_metadata\"");
    assert_eq!(setup.statements.len(), 4);
    assert_eq!(ids(&plan), ["up 1", "up 2", "up 3"]);
    let rules: Vec<TransactionRule> = plan.migrations().map(|step| step.blocks[0].transaction).collect();
    assert_eq!(rules, [TransactionRule::Always, TransactionRule::Never, TransactionRule::Always]);
    assert_eq!(adapter.locks(&server), [Lock::Advisory(1_808_146_961_701_977_330)]);
}

#[test]
fn what_is_there_already_is_not_written_again() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = adapter(folder.path());
    let (server, history) = (server(Dialect::Mariadb), rows(&["1", "2", "3"]));
    let exists = vec![vec![Some("ar_internal_metadata".to_owned())]];
    let stored = |environment: &str| [exists.clone(), vec![vec![Some(environment.to_owned())]]];
    assert_eq!(adapter.beside(&server).len(), 1);
    let answers = stored("staging");
    let context = Context { server: &server, history: &history, answers: &answers, unfinished: None };
    let all = Command::Migrate { target: None, filter: Filter::None };
    assert_eq!(adapter.plan_command(&context, &all).unwrap(), Plan::default());
    let answers = stored("production");
    let context = Context { server: &server, history: &history, answers: &answers, unfinished: None };
    assert_eq!(adapter.plan_command(&context, &all).unwrap().steps.len(), 1);
    let down = adapter.plan_command(&context, &Command::Rollback(2)).unwrap();
    assert_eq!(ids(&down), ["down 3", "down 2"]);
    assert_eq!(down.steps.len(), 2);
    assert!(down.migrations().all(|step| step.blocks[0].transaction == TransactionRule::Never));
}

#[test]
fn requests_of_dunlin_take_what_they_say() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = adapter(folder.path());
    let (server, history) = (server(Dialect::Sqlite), rows(&["1", "3"]));
    let context = Context { server: &server, history: &history, answers: &[Vec::new()], unfinished: None };
    let planned = |direction, to: Option<&str>, steps| {
        let request = Request { direction: Some(direction), to: to.map(str::to_owned), steps };
        adapter.plan(&context, &request).map(|plan| ids(&plan)).map_err(|error| error.to_string())
    };
    assert_eq!(planned(Direction::Up, Some("2"), None).unwrap(), ["up 2"]);
    assert_eq!(planned(Direction::Up, Some("1"), None).unwrap(), Vec::<String>::new());
    assert_eq!(planned(Direction::Down, None, None).unwrap(), ["down 3"]);
    assert_eq!(planned(Direction::Down, None, Some(5)).unwrap(), ["down 3", "down 1"]);
    assert_eq!(planned(Direction::Down, Some("1"), None).unwrap(), ["down 3"]);
    assert_eq!(planned(Direction::Up, Some("9"), None).unwrap_err(), "No migration with version number 9.");
}

#[test]
fn rows_without_files_show() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = adapter(folder.path());
    let (server, history) = (server(Dialect::Sqlite), rows(&["1", "7"]));
    let context = Context { server: &server, history: &history, answers: &[Vec::new()], unfinished: None };
    let standings: Vec<(String, Standing)> =
        adapter.status(&context).unwrap().into_iter().map(|entry| (entry.id, entry.standing)).collect();
    let expected = [
        ("1", Standing::Applied),
        ("2", Standing::Pending),
        ("3", Standing::Pending),
        ("7", Standing::Drifted),
    ];
    assert_eq!(standings, expected.map(|(id, standing)| (id.to_owned(), standing)));
    assert_eq!(adapter.validate(&context).unwrap().len(), 1);
}

#[test]
fn a_history_begins_at_a_version() {
    let folder = tempfile::tempdir().unwrap();
    let adapter = adapter(folder.path());
    let (server, history) = (server(Dialect::Postgres), rows(&[]));
    let context = Context { server: &server, history: &history, answers: &[Vec::new()], unfinished: None };
    let plan = adapter.baseline(&context, Some("2")).unwrap();
    let [Step::Setup(setup)] = plan.steps.as_slice() else { panic!("{plan:?}") };
    assert_eq!(setup.message, "Starting the history at 2");
    let last = &setup.statements[setup.statements.len() - 2..];
    assert_eq!(
        last,
        [
            "INSERT INTO \"schema_migrations\" (version) VALUES (2)",
            "INSERT INTO \"schema_migrations\" (version) VALUES\n(1);"
        ]
    );
}

#[test]
fn a_stand_in_runs_up_in_place_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let mut adapter = adapter(folder.path());
    let path = folder.path().join("two.sql");
    std::fs::write(&path, "SELECT 2;\n").unwrap();
    adapter.stand_ins.insert("2".to_owned(), path.clone());
    let (server, history) = (server(Dialect::Postgres), rows(&["1"]));
    let context = Context { server: &server, history: &history, answers: &[Vec::new()], unfinished: None };
    let plan = adapter.plan_command(&context, &Command::Up(2)).unwrap();
    let step = plan.migrations().next().unwrap();
    assert_eq!(
        (step.id.as_str(), step.blocks[0].source.path(), &step.blocks[0].body),
        ("2", path.as_path(), &Body::Sql)
    );
}
