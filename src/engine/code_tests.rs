//! Code migrations against SQLite, with programs whose questions stand in the test.

use std::cell::RefCell;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use dunlin_compat::model::{
    Adapter, AdapterError, Block, Body, Carrier, Code, Context, Direction, EachStatement, ForeignKeys,
    GuestProgram, HistoryQueries, HistoryStatement, Language, Lock, MigrationStep, Plan, Problem, Record,
    Request, Server, Setup, Source, StatusEntry, Step, TransactionRule,
};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{OnUnfinished, RunError, RunOptions, RunReport, Silent, UnfinishedFailure, run};
use crate::db::{self, ConnectOptions, DatabaseUrl};
use crate::guest::{CarrierError, CarrierLink, Guest, GuestError, GuestSource, Steps, protocol};

/// A shop whose history is a table with one column.
struct Shop {
    migrations: Vec<&'static str>,
    grouped: bool,
}

impl Adapter for Shop {
    fn tool(&self) -> &'static str {
        "shop"
    }

    fn history_table(&self, _server: &Server) -> String {
        "history".to_owned()
    }

    fn locks(&self, _server: &Server) -> Vec<Lock> {
        Vec::new()
    }

    fn history_queries(&self, _server: &Server) -> HistoryQueries {
        HistoryQueries {
            exists: "SELECT 1 FROM sqlite_master WHERE name = 'history'".to_owned(),
            rows: "SELECT id FROM history".to_owned(),
        }
    }

    fn foreign_keys(&self) -> ForeignKeys {
        ForeignKeys::Off
    }

    fn status(&self, _context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError> {
        Ok(Vec::new())
    }

    fn plan(&self, context: &Context<'_>, _request: &Request) -> Result<Plan, AdapterError> {
        let mut plan = Plan::default();
        if !context.history.exists {
            plan.steps.push(Step::Setup(Setup {
                message: "Creating history".to_owned(),
                statements: vec!["CREATE TABLE history (id text)".to_owned()],
            }));
        }
        let guest = Arc::new(GuestProgram {
            tool: "shop",
            language: Language::Python,
            modules: &[],
            import_paths: Vec::new(),
            options: Value::Null,
        });
        let applied: Vec<&str> =
            context.history.rows.iter().filter_map(|row| row.first()?.as_deref()).collect();
        for id in self.migrations.iter().filter(|id| !applied.contains(*id)) {
            plan.steps.push(Step::Migration(Box::new(MigrationStep {
                id: (*id).to_owned(),
                title: (*id).to_owned(),
                direction: Direction::Up,
                before: Vec::new(),
                blocks: vec![Block {
                    source: Source::file(format!("{id}.py"), ""),
                    body: Body::Code(Box::new(Code {
                        guest: guest.clone(),
                        carrier: None,
                        options: Value::Null,
                    })),
                    transaction: TransactionRule::Auto,
                }],
                after: Vec::new(),
                on_error: Vec::new(),
                each_statement: EachStatement::default(),
                session: Vec::new(),
                restore: Vec::new(),
                record: Record {
                    success: vec![HistoryStatement::plain(format!("INSERT INTO history VALUES ('{id}')"))],
                    one_row_each: true,
                    ..Record::default()
                },
                group: self.grouped.then_some(1),
            })));
        }
        Ok(plan)
    }

    fn validate(&self, _context: &Context<'_>) -> Result<Vec<Problem>, AdapterError> {
        Ok(Vec::new())
    }

    fn repair(&self, _context: &Context<'_>) -> Result<Plan, AdapterError> {
        Ok(Plan::default())
    }

    fn baseline(&self, _context: &Context<'_>, _version: Option<&str>) -> Result<Plan, AdapterError> {
        Ok(Plan::default())
    }
}

/// What a migration asks: gets a way to ask and says how it ends.
type Script = dyn Fn(&str, &mut dyn FnMut(Value) -> Value) -> Result<Value, CarrierError>;

struct Link(Rc<Script>);

// The tests are single-threaded.
#[allow(unsafe_code, reason = "the engine never sends a guest to another thread in these tests")]
unsafe impl Send for Link {}

impl CarrierLink for Link {
    fn describe(&self) -> String {
        "the test".to_owned()
    }

    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError> {
        let message: Value = serde_json::from_str(message).unwrap();
        let mut ask = |question: Value| serde_json::from_str(&answer(&question.to_string())).unwrap();
        let last = match message["type"].as_str().unwrap() {
            "start" => json!({"type": "ready", "protocol": 1, "interpreter": "test"}),
            "load" => json!({"type": "loaded", "problems": []}),
            _ => (self.0)(message["id"].as_str().unwrap(), &mut ask)?,
        };
        Ok(last.to_string())
    }
}

struct OneGuest {
    script: Rc<Script>,
    guest: Option<Guest>,
}

impl GuestSource for OneGuest {
    fn get(
        &mut self,
        program: &Arc<GuestProgram>,
        _carrier: Option<Carrier>,
        server: Option<&Server>,
        steps: &mut dyn Steps,
    ) -> Result<&mut Guest, GuestError> {
        if self.guest.is_none() {
            let start = protocol::Start {
                protocol: protocol::VERSION,
                tool: program.tool,
                project: "/",
                import_paths: Vec::new(),
                server: server.map(Into::into),
                options: &program.options,
            };
            self.guest = Some(Guest::start(Box::new(Link(self.script.clone())), start, steps)?);
        }
        Ok(self.guest.as_mut().unwrap())
    }
}

fn migrate(folder: &TempDir, shop: &Shop, script: Rc<Script>) -> Result<RunReport, RunError> {
    let url = DatabaseUrl::parse(&format!("sqlite:{}", folder.path().join("shop.db").display())).unwrap();
    let open = || db::connect(&url, &ConnectOptions::default());
    let planner = |context: &Context<'_>| shop.plan(context, &Request::default());
    let mut source = OneGuest { script, guest: None };
    let options = RunOptions { attempts: 1, ..RunOptions::default() };
    run(&open, shop, &planner, OnUnfinished::Resume, &options, Some(&mut source), &mut Silent)
}

/// The rows of a query, values joined by `|`.
fn rows(folder: &TempDir, sql: &str) -> Vec<String> {
    let connection = rusqlite::Connection::open(folder.path().join("shop.db")).unwrap();
    let mut statement = connection.prepare(sql).unwrap();
    let count = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values: Vec<String> = (0..count)
            .map(|index| match row.get_ref(index).unwrap() {
                rusqlite::types::ValueRef::Integer(number) => number.to_string(),
                rusqlite::types::ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned(),
                other => format!("{other:?}"),
            })
            .collect();
        Ok(values.join("|"))
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn query(sql: &str) -> Value {
    json!({"type": "query", "sql": sql, "line": 3})
}

fn done() -> Result<Value, CarrierError> {
    Ok(json!({"type": "done"}))
}

fn died() -> Result<Value, CarrierError> {
    Err(CarrierError::Ended { carrier: "the test".to_owned(), how: String::new(), said: String::new() })
}

fn tables(folder: &TempDir) -> Vec<String> {
    rows(folder, "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
}

#[test]
fn code_commits_with_its_history_row() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["orders"], grouped: false };
    let script = |_: &str, ask: &mut dyn FnMut(Value) -> Value| {
        ask(query("CREATE TABLE orders (id integer, note text)"));
        let parameters = json!([{"int": "1"}, {"text": "it's"}]);
        let answer = ask(
            json!({"type": "query", "sql": "INSERT INTO orders VALUES (?, ?)", "parameters": parameters}),
        );
        assert_eq!(answer["affected"], 1);
        let answer = ask(query("SELECT id, note FROM orders"));
        assert_eq!(answer["rows"], json!([[{"int": "1"}, "it's"]]));
        assert_eq!(answer["columns"][1]["declared"], "TEXT");
        done()
    };
    migrate(&folder, &shop, Rc::new(script)).unwrap();
    assert_eq!(rows(&folder, "SELECT id FROM history"), ["orders"]);
    assert_eq!(rows(&folder, "SELECT id, note FROM orders"), ["1|it's"]);
    assert_eq!(tables(&folder), ["history", "orders"]);
}

#[test]
fn code_that_fails_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["orders"], grouped: false };
    let script = |_: &str, ask: &mut dyn FnMut(Value) -> Value| {
        ask(query("CREATE TABLE orders (id integer)"));
        let answer = ask(query("INSERT INTO nothing VALUES (1)"));
        assert_eq!(answer["type"], "error");
        Ok(
            json!({"type": "failed", "message": answer["message"], "database": true, "path": "orders.py", "line": 4}),
        )
    };
    let error = migrate(&folder, &shop, Rc::new(script)).unwrap_err();
    let RunError::Code(failure) = error else { panic!("{error}") };
    assert!(failure.rolled_back);
    assert_eq!((failure.line, failure.statement.as_deref()), (4, Some("INSERT INTO nothing VALUES (1)")));
    assert_eq!(tables(&folder), ["history"]);
}

#[test]
fn code_that_committed_in_between_goes_on_behind_it() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["orders"], grouped: false };
    let counts = Rc::new(RefCell::new(Vec::new()));
    let seeds = counts.clone();
    let program = move |dies: bool| {
        let seeds = seeds.clone();
        move |_: &str, ask: &mut dyn FnMut(Value) -> Value| {
            ask(query("CREATE TABLE orders (id integer)"));
            let before = ask(query("SELECT count(*) FROM orders"));
            seeds.borrow_mut().push(before["rows"][0][0]["int"].clone());
            ask(query("INSERT INTO orders VALUES (1)"));
            assert_eq!(ask(json!({"type": "commit"})), json!({"type": "ok"}));
            ask(query("INSERT INTO orders VALUES (2)"));
            if dies {
                return died();
            }
            assert_eq!(ask(json!({"type": "begin"})), json!({"type": "ok"}));
            ask(query("INSERT INTO orders VALUES (3)"));
            done()
        }
    };
    let error = migrate(&folder, &shop, Rc::new(program(true))).unwrap_err();
    let RunError::Code(failure) = error else { panic!("{error}") };
    assert_eq!((failure.rolled_back, failure.kept), (false, Some(5)));
    assert_eq!(tables(&folder), ["dunlin_journal", "history", "orders"]);
    migrate(&folder, &shop, Rc::new(program(false))).unwrap();
    assert_eq!(rows(&folder, "SELECT id FROM orders"), ["1", "2", "3"]);
    assert_eq!(rows(&folder, "SELECT id FROM history"), ["orders"]);
    assert_eq!(tables(&folder), ["history", "orders"]);
    // The second run was told what the first one saw.
    assert_eq!(*counts.borrow(), ["0", "0"]);
}

#[test]
fn what_code_did_is_kept_in_several_rows_and_read_back_in_order() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["orders"], grouped: false };
    let program = |dies: bool| {
        move |_: &str, ask: &mut dyn FnMut(Value) -> Value| {
            ask(query("CREATE TABLE orders (id integer, note text)"));
            ask(json!({"type": "commit"}));
            for number in 0..200 {
                ask(query(&format!("INSERT INTO orders VALUES ({number}, '{}')", "n".repeat(1000))));
                let answer = ask(query("SELECT note, count(*) OVER () FROM orders LIMIT 1"));
                assert_eq!(answer["rows"][0][1], json!({"int": (number + 1).to_string()}));
            }
            // All at once.
            ask(json!({"type": "begin"}));
            for number in 200..400 {
                ask(query(&format!("INSERT INTO orders VALUES ({number}, '')")));
                ask(query("SELECT note FROM orders LIMIT 1"));
            }
            ask(json!({"type": "commit"}));
            if dies { died() } else { done() }
        }
    };
    let error = migrate(&folder, &shop, Rc::new(program(true))).unwrap_err();
    let RunError::Code(failure) = error else { panic!("{error}") };
    assert_eq!(failure.kept, Some(804));
    let parts = rows(
        &folder,
        "SELECT part, length(replay) < 100000, next_statement FROM dunlin_journal ORDER BY part",
    );
    assert!(parts.len() > 4, "{parts:?}");
    assert!(
        parts.iter().enumerate().all(|(number, row)| row.starts_with(&format!("{number}|1|"))),
        "{parts:?}"
    );
    assert!(parts.last().is_some_and(|row| row.ends_with("|804")), "{parts:?}");
    migrate(&folder, &shop, Rc::new(program(false))).unwrap();
    assert_eq!(rows(&folder, "SELECT count(*), sum(id) FROM orders"), ["400|79800"]);
    assert_eq!(tables(&folder), ["history", "orders"]);
}

#[test]
fn code_that_was_edited_where_it_ran_is_refused() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["orders"], grouped: false };
    let program = |first: &'static str, dies: bool| {
        move |_: &str, ask: &mut dyn FnMut(Value) -> Value| {
            ask(query(first));
            ask(json!({"type": "commit"}));
            if dies { died() } else { done() }
        }
    };
    migrate(&folder, &shop, Rc::new(program("CREATE TABLE a (id integer)", true))).unwrap_err();
    let error = migrate(&folder, &shop, Rc::new(program("CREATE TABLE b (id integer)", false))).unwrap_err();
    let RunError::Unfinished(failure) = error else { panic!("{error}") };
    let UnfinishedFailure::Edited { path, line, number, .. } = *failure else { panic!("{failure}") };
    assert_eq!((path.as_path(), line, number), (Path::new("orders.py"), 3, 1));
    assert_eq!(tables(&folder), ["a", "dunlin_journal", "history"]);
    migrate(&folder, &shop, Rc::new(program("CREATE TABLE a (id integer)", false))).unwrap();
    assert_eq!(rows(&folder, "SELECT id FROM history"), ["orders"]);
}

#[test]
fn a_group_is_one_transaction_until_its_code_takes_it_back() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["customers", "orders"], grouped: true };
    let fails = |id: &str, ask: &mut dyn FnMut(Value) -> Value| {
        ask(query(&format!("CREATE TABLE {id} (id integer)")));
        if id == "orders" { Ok(json!({"type": "failed", "message": "no"})) } else { done() }
    };
    migrate(&folder, &shop, Rc::new(fails)).unwrap_err();
    assert_eq!(tables(&folder), ["history"]);
    let takes_back = |id: &str, ask: &mut dyn FnMut(Value) -> Value| {
        ask(query(&format!("CREATE TABLE {id} (id integer)")));
        if id == "orders" {
            ask(json!({"type": "rollback"}));
            ask(json!({"type": "begin"}));
            ask(query("CREATE TABLE invoices (id integer)"));
        }
        done()
    };
    migrate(&folder, &shop, Rc::new(takes_back)).unwrap();
    assert_eq!(tables(&folder), ["customers", "history", "invoices"]);
    assert_eq!(rows(&folder, "SELECT id FROM history"), ["customers", "orders"]);
}

#[test]
fn foreign_keys_stay_off_whatever_the_code_says() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["orders"], grouped: false };
    let script = |_: &str, ask: &mut dyn FnMut(Value) -> Value| {
        ask(json!({"type": "commit"}));
        ask(query("PRAGMA foreign_keys = ON"));
        assert_eq!(ask(query("PRAGMA foreign_keys"))["rows"], json!([[{"int": "0"}]]));
        done()
    };
    migrate(&folder, &shop, Rc::new(script)).unwrap();
}

#[test]
fn a_text_of_several_statements_gives_the_last_result() {
    let folder = TempDir::new().unwrap();
    let shop = Shop { migrations: vec!["orders"], grouped: false };
    let script = |_: &str, ask: &mut dyn FnMut(Value) -> Value| {
        let answer = ask(query(
            "CREATE TABLE orders (id integer); INSERT INTO orders VALUES (7); SELECT id FROM orders",
        ));
        assert_eq!(answer["rows"], json!([[{"int": "7"}]]));
        assert_eq!(ask(query("COMMIT"))["type"], "ok");
        assert_eq!(ask(query("INSERT INTO orders VALUES (8)"))["affected"], 1);
        done()
    };
    migrate(&folder, &shop, Rc::new(script)).unwrap();
    assert_eq!(rows(&folder, "SELECT id FROM orders"), ["7", "8"]);
}
