//! Plugins that do a migration's step, over a session that writes down what it is asked.

use std::path::Path;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use dunlin::plugin::{
    DatabaseError, DatabaseSession, Direction, Plugin, PluginError, PluginSettings, Rows, Server, Step, Value,
};
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use super::made::{Made, quick};

/// A step that executes `DROP TABLE orders` and then does something.
pub fn module(then: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let interface = std::fs::read_to_string(root.join("plugins/wit/migration.wit")).unwrap();
    let package = resolve.push_str("migration.wit", &interface).unwrap();
    let world = resolve.select_world(&[package], Some("step")).unwrap();
    let text = format!(
        r#"(module
            (import "dunlin:migration/database@1.0.0" "execute" (func $execute (param i32 i32 i32 i32 i32)))
            (memory (export "memory") 2)
            (global $top (mut i32) (i32.const 65536))
            (data (i32.const 16) "DROP TABLE orders")
            (data (i32.const 48) "drop-orders")
            (data (i32.const 64) "1.0.0")
            (data (i32.const 80) "\30\00\00\00\0b\00\00\00\40\00\00\00\05\00\00\00\40\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00\00")
            (data (i32.const 160) "it cannot be done")
            (data (i32.const 192) "\01\00\00\00\a0\00\00\00\11\00\00\00")
            (func (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
                (global.get $top)
                (global.set $top (i32.and (i32.add (i32.add (global.get $top) (local.get $size)) (i32.const 7)) (i32.const -8))))
            (func (export "dunlin:migration/plugin@1.0.0#describe") (result i32) (i32.const 80))
            (func (export "dunlin:migration/stepper@1.0.0#run") (param $direction i32) (param i32 i32) (result i32)
                (call $execute (i32.const 16) (i32.const 17) (i32.const 0) (i32.const 0) (i32.const 256))
                {then}
                (i32.const 224)))"#
    );
    let mut module = wat::parse_str(text).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
    module
}

fn load(module: &[u8], settings: &PluginSettings) -> Result<Step, PluginError> {
    Step::of(Arc::new(Plugin::from_bytes(Path::new("step.wasm"), module, settings)?))
}

/// A session that takes its time.
#[derive(Default)]
struct Slow {
    executed: Vec<String>,
    takes: Duration,
    fails: bool,
}

impl DatabaseSession for Slow {
    fn server(&self) -> Server {
        Server { dialect: "postgresql".into(), version: "15.4".into() }
    }

    fn query(&mut self, _sql: &str, _parameters: &[Value]) -> Result<Rows, DatabaseError> {
        panic!("nothing is asked")
    }

    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError> {
        assert!(parameters.is_empty());
        self.executed.push(sql.to_owned());
        thread::sleep(self.takes);
        match self.fails {
            true => Err(DatabaseError { message: "no such table".into(), code: Some("42P01".into()) }),
            false => Ok(0),
        }
    }
}

#[test]
fn statements_reach_the_session() {
    let mut session = Slow::default();
    load(&module(""), &quick()).unwrap().run(Direction::Up, &mut session).unwrap();
    assert_eq!(session.executed, ["DROP TABLE orders"]);
}

#[test]
fn what_the_server_takes_is_not_the_plugins_time() {
    let mut session = Slow { takes: Duration::from_millis(900), ..Slow::default() };
    load(&module(""), &quick()).unwrap().run(Direction::Up, &mut session).unwrap();
}

#[test]
fn a_plugin_sees_the_servers_error_and_may_go_on() {
    let mut session = Slow { fails: true, ..Slow::default() };
    load(&module(""), &quick()).unwrap().run(Direction::Up, &mut session).unwrap();
    let crash_if_ok = "(if (i32.eqz (i32.load8_u (i32.const 256))) (then unreachable))";
    load(&module(crash_if_ok), &quick()).unwrap().run(Direction::Up, &mut session).unwrap();
}

#[test]
fn an_error_of_the_step_is_the_plugins_own() {
    let error =
        load(&module("(return (i32.const 192))"), &quick()).unwrap().run(Direction::Up, &mut Slow::default());
    assert_eq!(error.unwrap_err().to_string(), "plugin drop-orders 1.0.0: it cannot be done");
}

#[test]
fn a_step_that_crashes_or_hangs_ends() {
    for (then, reason) in [("unreachable", "it crashed"), ("(loop (br 0))", "it took more time than 300ms")] {
        let error =
            load(&module(then), &quick()).unwrap().run(Direction::Up, &mut Slow::default()).unwrap_err();
        assert!(error.to_string().contains(reason), "{error}");
    }
}

#[test]
fn a_step_that_has_no_inverse_does_not_go_down() {
    let mut session = Slow::default();
    let error = load(&module(""), &quick()).unwrap().run(Direction::Down, &mut session).unwrap_err();
    assert!(error.to_string().contains("it has no inverse"), "{error}");
    assert!(session.executed.is_empty());
}

#[test]
fn a_step_is_no_transform_nor_the_reverse() {
    let error = load(&Made::default().module(), &quick()).unwrap_err();
    assert_eq!(error.to_string(), "step.wasm cannot be used as a step: it is a transform");
}
