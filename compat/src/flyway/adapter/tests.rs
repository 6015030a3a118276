//! Plans for a small shop, as data: which steps, in which order, with which statements.

use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use jiff::tz::TimeZone;
use tempfile::TempDir;

use super::*;
use crate::flyway::config::{Environment, Invocation, load};
use crate::flyway::history::MigrationType;
use crate::model::{Body, MigrationStep, Quoting, Row, Standing, Step, TransactionRule, Unfinished};

/// A process without variables and files.
struct Nowhere(PathBuf);

impl Environment for Nowhere {
    fn variables(&self) -> Vec<(String, String)> {
        Vec::new()
    }
    fn home_directory(&self) -> Option<PathBuf> {
        None
    }
    fn working_directory(&self) -> PathBuf {
        self.0.clone()
    }
    fn install_directory(&self) -> Option<PathBuf> {
        None
    }
    fn exists(&self, _path: &Path) -> bool {
        false
    }
    fn read(&self, _path: &Path) -> io::Result<Vec<u8>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn entries(&self, _directory: &Path) -> Vec<String> {
        Vec::new()
    }
    fn read_standard_input(&self) -> io::Result<Vec<u8>> {
        Ok(Vec::new())
    }
}

struct Shop {
    folder: TempDir,
    arguments: Vec<String>,
    stand_ins: Vec<StandIn>,
    server: Server,
    history: History,
    answers: Vec<Vec<Row>>,
    unfinished: Option<Unfinished>,
}

impl Shop {
    fn new(dialect: Dialect, files: &[(&str, &str)]) -> Shop {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let schema = if dialect == Dialect::Sqlite { "main" } else { "shop" };
        Shop {
            folder,
            arguments: Vec::new(),
            stand_ins: Vec::new(),
            server: Server {
                dialect,
                version: (15, 0, 0),
                version_text: String::new(),
                database: "shop".to_owned(),
                schema: schema.to_owned(),
                user: "ann".to_owned(),
                search_path: String::new(),
                session_id: 1,
                quoting: Quoting::of(dialect).into(),
                session_settings: Vec::new(),
                beginning: Vec::new(),
                reported_settings: Vec::new(),
            },
            history: History::default(),
            answers: vec![facts("1", "1")],
            unfinished: None,
        }
    }

    fn with(mut self, argument: &str) -> Shop {
        self.arguments.push(argument.to_owned());
        self
    }

    /// Rows as rank, version, description, type, checksum, success.
    fn rows(mut self, rows: &[[&str; 6]]) -> Shop {
        let cell = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        self.history.exists = true;
        self.history.rows = rows
            .iter()
            .map(|[rank, version, description, kind, checksum, success]| {
                let script = Some(format!("V{version}__{description}.sql"));
                let (by, time) = (Some("ann".to_owned()), Some("5".to_owned()));
                let (rank, version, success) = (cell(rank), cell(version), cell(success));
                let (description, kind, checksum) = (cell(description), cell(kind), cell(checksum));
                vec![rank, version, description, kind, script, checksum, None, by, time, success]
            })
            .collect();
        self
    }

    fn adapter(&self) -> FlywayAdapter {
        let folder = self.folder.path().to_owned();
        let mut arguments = vec![format!("-locations=filesystem:{}", folder.display())];
        arguments.extend(self.arguments.clone());
        arguments.push("migrate".to_owned());
        let loaded = load(&Invocation::parse(&arguments).unwrap(), &Nowhere(folder.clone())).unwrap();
        let now = "2026-01-02T03:04:05Z".parse::<Timestamp>().unwrap().to_zoned_datetime(TimeZone::UTC);
        FlywayAdapter::load(loaded.config, folder, self.stand_ins.clone(), now).unwrap()
    }

    fn context(&self) -> Context<'_> {
        let unfinished = self.unfinished.as_ref();
        Context { server: &self.server, history: &self.history, answers: &self.answers, unfinished }
    }

    fn plan(&self) -> Result<Plan, AdapterError> {
        self.adapter().plan(&self.context(), &Request::default())
    }

    fn down(&self, to: Option<&str>) -> Result<Plan, AdapterError> {
        let request =
            Request { direction: Some(Direction::Down), to: to.map(str::to_owned), ..Request::default() };
        self.adapter().plan(&self.context(), &request)
    }
}

fn facts(exists: &str, empty: &str) -> Vec<Row> {
    vec![vec![Some(exists.to_owned()), Some(empty.to_owned())]]
}

/// Steps in one word each: the first line of a setup's message, a script's name, a migration's id.
fn outline(plan: &Plan) -> Vec<String> {
    let word = |step: &Step| match step {
        Step::Setup(setup) => setup.message.clone(),
        Step::Script(script) => {
            format!("{}{}", script.name, if script.own_session { " (own session)" } else { "" })
        }
        Step::Migration(migration) => format!("{} {}", migration.direction, migration.id),
    };
    plan.steps.iter().map(word).collect()
}

fn only(plan: &Plan) -> &MigrationStep {
    let migrations: Vec<_> = plan.migrations().collect();
    assert_eq!(migrations.len(), 1);
    migrations[0]
}

fn record(step: &MigrationStep) -> Vec<String> {
    step.record.success.iter().map(|statement| statement.with_elapsed("7")).collect()
}

const ORDERS: (&str, &str) = ("V1__orders.sql", "create table orders(id int);");
const SALES: (&str, &str) = ("R__sales.sql", "create view sales as select '${flyway:table}' from orders;");

#[test]
fn a_new_database_gets_its_history_and_all_migrations() {
    let plan = Shop::new(Dialect::Sqlite, &[ORDERS, SALES]).plan().unwrap();
    let creating = "Creating Schema History table \"main\".\"flyway_schema_history\" ...";
    assert_eq!(outline(&plan), [creating, "up 1", "up R__sales.sql"]);
    let titles: Vec<_> = plan.migrations().map(|step| step.title.as_str()).collect();
    let expected =
        ["schema \"main\" to version \"1 - orders\"", "schema \"main\" with repeatable migration \"sales\""];
    assert_eq!(titles, expected);
    let sales = plan.migrations().last().unwrap();
    assert_eq!(
        sales.blocks[0].source.text,
        "create view sales as select 'flyway_schema_history' from orders;"
    );
    assert_eq!(sales.blocks[0].transaction, TransactionRule::AutoUnmixed);
    let replaced = crate::flyway::checksum::checksum(&sales.blocks[0].source.text);
    let values = format!("VALUES (2, NULL, 'sales', 'SQL', 'R__sales.sql', {replaced}, 'ann', 7, 1)");
    assert!(record(sales)[0].ends_with(&values), "{:?}", record(sales));
}

#[test]
fn missing_schemas_are_created_and_marked() {
    let mut shop = Shop::new(Dialect::Postgres, &[ORDERS]).with("-schemas=shop,audit");
    shop.answers = vec![facts("0", "1"), facts("0", "1")];
    let plan = shop.plan().unwrap();
    let Step::Setup(setup) = &plan.steps[0] else { panic!("{:?}", plan.steps[0]) };
    assert_eq!(setup.statements[..2], ["CREATE SCHEMA \"shop\"", "CREATE SCHEMA \"audit\""]);
    let marker = "VALUES (0, NULL, '<< Flyway Schema Creation >>', 'SCHEMA', '\"shop\",\"audit\"', NULL, 'ann', 0, TRUE)";
    assert!(setup.statements.last().unwrap().ends_with(marker), "{:?}", setup.statements.last());
    assert!(record(only(&plan))[0].contains("VALUES (1, '1', 'orders'"));
    assert_eq!(only(&plan).restore, ["SET ROLE \"ann\""]);
}

#[test]
fn a_schema_in_use_needs_a_baseline() {
    let mut shop = Shop::new(Dialect::Sqlite, &[ORDERS, ("V2__items.sql", "select 1;")]);
    shop.answers = vec![facts("1", "0")];
    let error = shop.plan().unwrap_err();
    let AdapterError::Refused { code, message, .. } = &error else { panic!("{error:?}") };
    assert_eq!(code, "NON_EMPTY_SCHEMA_WITHOUT_SCHEMA_HISTORY_TABLE");
    assert!(message.starts_with("Found non-empty schema(s) \"main\" but no schema history table."));
    let plan = shop.with("-baselineOnMigrate=true").plan().unwrap();
    let creating = "Creating Schema History table \"main\".\"flyway_schema_history\" with baseline ...";
    assert_eq!(outline(&plan), [creating, "up 2"]);
    assert!(record(only(&plan))[0].contains("VALUES (2, '2', 'items'"));
}

#[test]
fn callbacks_run_where_flyway_runs_them() {
    let events = [
        "beforeMigrate",
        "beforeRepeatables",
        "beforeEachMigrate",
        "afterEachMigrate",
        "afterEachMigrateError",
        "beforeEachMigrateStatement",
        "afterVersioned",
        "afterMigrateApplied",
        "afterMigrate",
        "afterMigrateError",
        "beforeValidate",
        "afterValidate",
        "beforeCreateSchema",
        "afterConnect",
        "beforeConnect",
    ];
    let names: Vec<String> = events.iter().map(|event| format!("{event}.sql")).collect();
    let mut files = vec![ORDERS, SALES, ("beforeMigrate__audit.sql", "select 2;")];
    files.extend(names.iter().map(|name| (name.as_str(), "select 1;")));
    let plan = Shop::new(Dialect::Sqlite, &files).plan().unwrap();
    assert_eq!(
        outline(&plan),
        [
            "afterConnect",
            "beforeValidate",
            "afterValidate",
            "beforeCreateSchema",
            "Creating Schema History table \"main\".\"flyway_schema_history\" ...",
            "beforeMigrate (own session)",
            "beforeMigrate - audit (own session)",
            "up 1",
            "afterVersioned (own session)",
            "beforeRepeatables (own session)",
            "up R__sales.sql",
            "afterMigrateApplied (own session)",
            "afterMigrate (own session)",
        ]
    );
    assert_eq!(plan.on_failure[0].name, "afterMigrateError");
    let first = plan.migrations().next().unwrap();
    assert_eq!((first.before.len(), first.after.len(), first.on_error.len()), (1, 1, 1));
    assert_eq!(first.each_statement.before.len(), 1);
    let idle =
        Shop::new(Dialect::Sqlite, &[("afterVersioned.sql", "select 1;"), ("afterMigrate.sql", "select 1;")]);
    assert_eq!(
        outline(&idle.rows(&[]).plan().unwrap()),
        ["afterVersioned (own session)", "afterMigrate (own session)"]
    );
}

#[test]
fn what_was_applied_is_validated_first() {
    let shop = Shop::new(Dialect::Sqlite, &[ORDERS]).rows(&[["1", "1", "orders", "SQL", "5", "1"]]);
    let error = shop.plan().unwrap_err();
    let AdapterError::Invalid { problems, .. } = &error else { panic!("{error:?}") };
    assert_eq!(problems[0].code, "CHECKSUM_MISMATCH");
    let plan = shop.with("-validateOnMigrate=false").plan().unwrap();
    assert!(plan.steps.is_empty());
}

#[test]
fn a_failed_row_stops_everything_unless_it_is_resumed() {
    let rows = [["1", "1", "orders", "SQL", "", "0"]];
    let mut shop = Shop::new(Dialect::Mysql, &[ORDERS]).rows(&rows).with("-validateOnMigrate=false");
    let message = shop.plan().unwrap_err().to_string();
    assert_eq!(message, "Schema `shop` contains a failed migration to version 1 !");
    shop.unfinished = Some(Unfinished { id: "1".to_owned(), direction: Direction::Up, failed: true });
    let plan = shop.plan().unwrap();
    let record = record(only(&plan));
    assert_eq!(
        record[0],
        "DELETE FROM `shop`.`flyway_schema_history` WHERE `success` = 0 AND `version` = '1'"
    );
    assert!(record[1].contains("VALUES (1, '1', 'orders', 'SQL'"), "{record:?}");
}

#[test]
fn a_resumed_migration_that_fails_again_leaves_one_failed_row() {
    let rows = [["1", "1", "orders", "SQL", "", "0"]];
    let mut shop = Shop::new(Dialect::Mysql, &[ORDERS]).rows(&rows);
    shop.unfinished = Some(Unfinished { id: "1".to_owned(), direction: Direction::Up, failed: true });
    let plan = shop.plan().unwrap();
    let failure: Vec<String> =
        only(&plan).record.failure.iter().map(|statement| statement.with_elapsed("0")).collect();
    assert!(failure[0].starts_with("DELETE FROM") && failure[1].contains("VALUES (1, '1',"), "{failure:?}");
}

#[test]
fn what_is_half_done_is_resumed_only_as_long_as_the_history_agrees() {
    let failed = ["1", "1.0", "orders", "SQL", "", "0"];
    let applied = ["1", "1", "orders", "SQL", "", "1"];
    let other = ["2", "2", "items", "SQL", "", "0"];
    let deleted = ["2", "1", "orders", "DELETE", "", "1"];
    let cases: [(&[[&str; 6]], bool, bool); 8] = [
        (&[], false, true),
        (&[other], false, true),
        (&[failed], true, true),
        // Repaired.
        (&[], true, false),
        (&[other], true, false),
        // Tried by Flyway.
        (&[failed], false, false),
        // Applied by Flyway.
        (&[applied], false, false),
        // Marked as missing, and then begun again.
        (&[applied, deleted], false, true),
    ];
    for (rows, failed, expected) in cases {
        let mut shop = Shop::new(Dialect::Mysql, &[ORDERS]).rows(rows);
        let unfinished = Unfinished { id: "1".to_owned(), direction: Direction::Up, failed };
        shop.unfinished = Some(unfinished.clone());
        assert_eq!(
            shop.adapter().still_unfinished(&shop.context(), &unfinished),
            expected,
            "{rows:?} {failed}"
        );
    }
}

#[test]
fn earlier_runs_of_a_repeatable_migration_say_nothing_of_the_half_done_one() {
    let mut shop = Shop::new(Dialect::Mysql, &[("R__views.sql", "select 1;")]).rows(&[]);
    let row = |success: &str| {
        let cells = ["1", "", "views", "SQL", "R__views.sql", "7", "", "ann", "5", success];
        cells.map(|cell| (!cell.is_empty()).then(|| cell.to_owned())).to_vec()
    };
    let unfinished = Unfinished { id: "R__views.sql".to_owned(), direction: Direction::Up, failed: false };
    shop.history.rows = vec![row("1")];
    assert!(shop.adapter().still_unfinished(&shop.context(), &unfinished));
    shop.history.rows.push(row("0"));
    assert!(!shop.adapter().still_unfinished(&shop.context(), &unfinished));
}

#[test]
fn only_servers_that_keep_what_failed_keep_a_failed_row() {
    let failures = |shop: Shop| only(&shop.plan().unwrap()).record.failure.len();
    assert_eq!(failures(Shop::new(Dialect::Mariadb, &[ORDERS]).rows(&[])), 1);
    assert_eq!(failures(Shop::new(Dialect::Postgres, &[ORDERS]).rows(&[])), 0);
    let session_lock = "-postgresql.transactional.lock=false";
    assert_eq!(failures(Shop::new(Dialect::Postgres, &[ORDERS]).rows(&[]).with(session_lock)), 1);
}

#[test]
fn settings_decide_how_a_script_runs() {
    let rule = |shop: Shop| {
        let plan = shop.rows(&[]).plan().unwrap();
        (only(&plan).blocks[0].transaction, only(&plan).title.ends_with("[non-transactional]"))
    };
    let own = ("V1__orders.sql.conf", "executeInTransaction=false");
    assert_eq!(rule(Shop::new(Dialect::Postgres, &[ORDERS, own])), (TransactionRule::Never, true));
    let shop = || Shop::new(Dialect::Postgres, &[ORDERS]);
    assert_eq!(rule(shop().with("-mixed=true")), (TransactionRule::Auto, false));
    assert_eq!(rule(shop().with("-executeInTransaction=false")), (TransactionRule::Never, true));
    let skipped = shop().rows(&[]).with("-skipExecutingMigrations=true").plan().unwrap();
    assert_eq!(only(&skipped).blocks[0].body, Body::Nothing);
    let grouped = shop().rows(&[]).with("-group=true").plan().unwrap();
    assert_eq!(only(&grouped).group, Some(0));
}

#[test]
fn a_late_migration_says_so() {
    let files = [ORDERS, ("V2__items.sql", "select 1;")];
    let shop = Shop::new(Dialect::Sqlite, &files).rows(&[["1", "2", "items", "SQL", "", "1"]]);
    let plan = shop.with("-outOfOrder=true").plan().unwrap();
    assert_eq!(only(&plan).title, "schema \"main\" to version \"1 - orders\" [out of order]");
    assert_eq!(plan.warnings.len(), 1);
}

#[test]
fn programs_find_connection_and_placeholders_in_their_environment() {
    let shop =
        Shop::new(Dialect::Sqlite, &[("V1__seed.sh", "true")]).rows(&[]).with("-placeholders.tenant=acme");
    let plan = shop.plan().unwrap();
    let Body::Program { command, environment } = &only(&plan).blocks[0].body else { panic!("not a program") };
    assert_eq!(command, &["sh"]);
    let value = |name: &str| environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str());
    assert_eq!(value("FP__tenant__"), Some("acme"));
    assert_eq!(value("FP__flyway_filename__"), Some("V1__seed.sh"));
    assert!(record(only(&plan))[0].contains("'SCRIPT'"));
}

#[test]
fn a_stand_in_runs_and_is_recorded_as_the_original() {
    let mut shop =
        Shop::new(Dialect::Sqlite, &[ORDERS, ("prices.txt", "update orders set id = 2;")]).rows(&[]);
    shop.stand_ins = vec![StandIn {
        version: Some(MigrationVersion::parse("1.5").unwrap()),
        description: "Prices".to_owned(),
        script: "db.migration.V1_5__Prices".to_owned(),
        kind: MigrationType::Jdbc,
        checksum: None,
        path: shop.folder.path().join("prices.txt"),
    }];
    let plan = shop.plan().unwrap();
    let prices = plan.migrations().last().unwrap();
    assert_eq!(prices.blocks[0].source.text, "update orders set id = 2;");
    let values = "VALUES (2, '1.5', 'Prices', 'JDBC', 'db.migration.V1_5__Prices', NULL, 'ann', 7, 1)";
    assert!(record(prices)[0].ends_with(values), "{:?}", record(prices));
}

#[test]
fn going_back_leaves_a_row_that_flyway_reads() {
    let files = [ORDERS, ("V2__items.sql", "select 1;"), ("U2__items.sql", "drop table items;")];
    let rows = [["1", "1", "orders", "SQL", "", "1"], ["2", "2", "items", "SQL", "78787420", "1"]];
    let shop = Shop::new(Dialect::Sqlite, &files).rows(&rows);
    let plan = shop.down(None).unwrap();
    assert_eq!(outline(&plan), ["down 2"]);
    assert_eq!(only(&plan).title, "schema \"main\" from version \"2 - items\"");
    let values = "VALUES (3, '2', 'items', 'DELETE', 'V2__items.sql', 78787420, 'ann', 7, 1)";
    assert!(record(only(&plan))[0].ends_with(values), "{:?}", record(only(&plan)));
    assert_eq!(outline(&shop.down(Some("1")).unwrap()), ["down 2"]);
    let entries = shop.adapter().status(&shop.context()).unwrap();
    let reversible: Vec<bool> = entries.iter().map(|entry| entry.reversible).collect();
    assert_eq!(reversible, [false, true]);
}

#[test]
fn going_back_without_an_undo_file_is_refused_with_its_name() {
    let shop = Shop::new(Dialect::Sqlite, &[ORDERS]).rows(&[["1", "1", "orders", "SQL", "", "1"]]);
    let error = shop.down(None).unwrap_err();
    let AdapterError::Refused { message, advice, .. } = &error else { panic!("{error:?}") };
    assert_eq!(message, "Migration 1 (orders) cannot be taken back: it has no undo file.");
    assert!(advice.as_ref().unwrap().starts_with("Write U1__orders.sql"));
    assert!(shop.down(Some("9")).unwrap_err().to_string().contains("Version 9 is not in the history"));
    let baselined = Shop::new(Dialect::Sqlite, &[ORDERS]).rows(&[["1", "1", "start", "BASELINE", "", "1"]]);
    assert!(baselined.down(None).unwrap().steps.is_empty());
}

#[test]
fn repair_and_baseline_are_plans_too() {
    let rows = [
        ["1", "1", "orders", "SQL", "5", "1"],
        ["2", "0.5", "old", "SQL", "5", "1"],
        ["3", "2", "x", "SQL", "", "0"],
    ];
    let shop = Shop::new(Dialect::Sqlite, &[ORDERS]).rows(&rows);
    let plan = shop.adapter().repair(&shop.context()).unwrap();
    let Step::Setup(setup) = &plan.steps[0] else { panic!("{:?}", plan.steps[0]) };
    let kinds: Vec<&str> =
        setup.statements.iter().filter_map(|statement| statement.split(' ').next()).collect();
    assert_eq!(kinds, ["DELETE", "INSERT", "UPDATE"]);
    assert!(setup.statements[1].contains("VALUES (3, '0.5', 'old', 'DELETE'"));
    let mut new = Shop::new(Dialect::Mysql, &[ORDERS]);
    new.answers = vec![facts("1", "0"), Vec::new()];
    let plan = new.adapter().baseline(&new.context(), Some("7")).unwrap();
    let Step::Setup(setup) = &plan.steps[0] else { panic!("{:?}", plan.steps[0]) };
    assert!(setup.statements[0].contains("'7' AS `version`, '<< Flyway Baseline >>'"));
}

#[test]
fn a_schema_that_does_not_exist_is_the_only_finding() {
    let mut shop = Shop::new(Dialect::Postgres, &[ORDERS]).with("-schemas=audit");
    shop.answers = vec![facts("0", "1")];
    let problems = shop.adapter().validate(&shop.context()).unwrap();
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].code, "SCHEMA_DOES_NOT_EXIST");
    assert_eq!(problems[0].message, "Schema \"audit\" doesn't exist yet");
}

#[test]
fn status_has_flyway_s_words_and_the_engine_s_meaning() {
    let shop = Shop::new(Dialect::Sqlite, &[ORDERS, SALES]).rows(&[["1", "2", "gone", "SQL", "", "1"]]);
    let entries = shop.adapter().status(&shop.context()).unwrap();
    let shown: Vec<_> =
        entries.iter().map(|entry| (entry.id.as_str(), entry.state.as_str(), entry.standing)).collect();
    let expected = [
        ("2", "Future", Standing::Drifted),
        ("1", "Ignored", Standing::Skipped),
        ("", "Pending", Standing::Pending),
    ];
    assert_eq!(shown, expected);
}

#[test]
fn sessions_have_the_client_s_zone_and_the_schema_in_their_path() {
    let shop = Shop::new(Dialect::Postgres, &[]).with("-initSql=SET lock_timeout = 5");
    assert_eq!(
        shop.adapter().session_statements(&shop.server),
        [
            "SET lock_timeout = 5",
            "SET TIME ZONE 'UTC'",
            "SELECT set_config('search_path', '\"shop\"', false)"
        ]
    );
}
