//! Plugins written by hand in WebAssembly's text, to do what no SDK would let them do.
//!
//! Their `init` reads the column `amount`, a float, and writes `cents`, an integer. Their `transform` looks for a row whose
//! amount is 13 and does something there; then it returns an outcome that was laid down beforehand.

use std::path::Path;
use std::time::Duration;

use dunlin::plugin::{
    CallError, Column, Direction, Kind, Outcome, Plugin, PluginError, PluginSettings, Table, Transform,
    Transformer, Value,
};
use dunlin_compat::model::Dialect;
use wit_component::{StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

/// A plugin to be made.
#[derive(Debug, Clone, Default)]
pub struct Made {
    /// What else it imports, as WIT inside of a world.
    pub wit_imports: &'static str,
    /// The same as core imports.
    pub imports: &'static str,
    /// What it does at the row whose amount is 13.
    pub at_thirteen: &'static str,
    /// What it does when it is asked to start.
    pub at_init: &'static str,
    /// The columns that it reads and writes; `amount` and `cents` when empty.
    pub reads: &'static [&'static str],
    pub writes: &'static [&'static str],
    /// Instead of all below: it writes what it reads.
    pub echoes: bool,
    /// Changes that it returns.
    pub changes: Vec<(u32, Vec<Value>)>,
    /// Failures that it returns: row, column, message.
    pub failures: Vec<(u32, Option<&'static str>, &'static str)>,
    /// The version of the interface; 1.0.0 when empty.
    pub interface: &'static str,
}

/// Packages of WASI, as far as they are used here.
const WASI: &str = "
    package wasi:clocks@0.2.3 {
        interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
        interface monotonic-clock { now: func() -> u64; }
    }
    package wasi:random@0.2.3 {
        interface random { get-random-u64: func() -> u64; }
        interface insecure-seed { insecure-seed: func() -> tuple<u64, u64>; }
    }
    package wasi:filesystem@0.2.3 {
        interface types { resource descriptor; }
        interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
    }
    package wasi:sockets@0.2.3 {
        interface network { resource network; }
        interface instance-network { use network.{network}; instance-network: func() -> network; }
    }
    package wasi:http@0.2.3 {
        interface types { status: func() -> u16; }
    }
";

impl Made {
    /// The core module.
    pub fn module(&self) -> Vec<u8> {
        let version = if self.interface.is_empty() { "1.0.0" } else { self.interface };
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let interface = std::fs::read_to_string(root.join("plugins/wit/migration.wit")).unwrap();
        let interface = interface.replace("dunlin:migration@1.0.0", &format!("dunlin:migration@{version}"));
        let mut resolve = Resolve::default();
        resolve.push_str("migration.wit", &interface).unwrap();
        let world = format!(
            "package test:made;
             world made {{
                 import dunlin:migration/log@{version};
                 import dunlin:migration/database@{version};
                 {}
                 export dunlin:migration/plugin@{version};
                 export dunlin:migration/transformer@{version};
             }}
             {WASI}",
            self.wit_imports
        );
        let package = resolve.push_str("made.wit", &world).unwrap();
        let world = resolve.select_world(&[package], Some("made")).unwrap();
        let mut module = wat::parse_str(self.text(version)).unwrap();
        embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8, false).unwrap();
        module
    }

    fn text(&self, version: &str) -> String {
        let mut memory = Memory::new();
        let about = [memory.text("made"), memory.text("0.1.0"), memory.text("Made by hand"), (0, 0)];
        let about = memory.put(&[pairs(&about), vec![1, 0, 0, 0]].concat());
        let names = |given: &[&'static str], default: &'static str| {
            if given.is_empty() { vec![default] } else { given.to_vec() }
        };
        let mut columns = |names: Vec<&'static str>| {
            let texts: Vec<(u32, u32)> = names.iter().map(|name| memory.text(name)).collect();
            (memory.put(&pairs(&texts)), names.len() as u32)
        };
        let reads = columns(names(self.reads, "amount"));
        let writes = columns(names(self.writes, "cents"));
        let shape = memory.put(&[vec![0; 4], pairs(&[reads, writes])].concat());
        let changes: Vec<u8> = self
            .changes
            .iter()
            .flat_map(|(row, values)| {
                let encoded: Vec<u8> = values.iter().flat_map(|value| memory.value(value)).collect();
                let place = memory.put(&encoded);
                [row.to_le_bytes().to_vec(), pairs(&[(place, values.len() as u32)])].concat()
            })
            .collect();
        let changes = (memory.put(&changes), self.changes.len() as u32);
        let failures: Vec<u8> = self
            .failures
            .iter()
            .flat_map(|(row, column, message)| {
                let some = u32::from(column.is_some());
                let column = memory.text(column.unwrap_or_default());
                let message = memory.text(message);
                [row.to_le_bytes().to_vec(), some.to_le_bytes().to_vec(), pairs(&[column, message])].concat()
            })
            .collect();
        let failures = (memory.put(&failures), self.failures.len() as u32);
        let outcome = memory.put(&[vec![0; 4], pairs(&[changes, failures])].concat());
        let data: String = memory.bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        let (imports, at_init, at_thirteen) = (self.imports, self.at_init, self.at_thirteen);
        let transform = if self.echoes { echo(outcome) } else { look_for_thirteen(at_thirteen, outcome) };
        format!(
            r#"(module
                (import "dunlin:migration/log@{version}" "write" (func $log (param i32 i32 i32)))
                (import "dunlin:migration/database@{version}" "execute" (func $execute (param i32 i32 i32 i32 i32)))
                {imports}
                (memory (export "memory") 2)
                (global $top (mut i32) (i32.const 131072))
                (data (i32.const 1024) "{data}")
                (data (i32.const 16) "the amount is thirteen")
                (data (i32.const 64) "DROP TABLE orders")
                (func $allocate (export "cabi_realloc") (param i32 i32 i32) (param $size i32) (result i32)
                    (local $at i32)
                    (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
                    (global.set $top (i32.add (local.get $at) (local.get $size)))
                    (block $fits (loop $grow
                        (br_if $fits (i32.le_u (global.get $top) (i32.mul (memory.size) (i32.const 65536))))
                        (drop (memory.grow (i32.const 16)))
                        (br $grow)))
                    (local.get $at))
                (func (export "dunlin:migration/plugin@{version}#describe") (result i32) (i32.const {about}))
                (func (export "dunlin:migration/transformer@{version}#init")
                    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
                    {at_init}
                    (i32.const {shape}))
                (func (export "dunlin:migration/transformer@{version}#transform")
                    (param $rows i32) (param $count i32) (result i32)
                    {transform}))"#
        )
    }

    /// Loads it.
    pub fn load(&self, settings: &PluginSettings) -> Result<Transform, PluginError> {
        let plugin = Plugin::from_bytes(Path::new("made.wasm"), &self.module(), settings)?;
        Transform::of(std::sync::Arc::new(plugin))
    }

    /// Starts it on the table of orders.
    pub fn start(&self, settings: &PluginSettings) -> Result<Transformer, PluginError> {
        self.load(settings)?.start(&orders())
    }

    /// Runs it on four orders with these amounts, of the ids 1 to 4.
    pub fn run(&self, amounts: [f64; 4]) -> Result<Outcome, CallError> {
        run(&mut self.start(&quick()).unwrap(), amounts)
    }

    /// The error of running it on four orders, the third of which has the amount 13.
    pub fn error(&self) -> String {
        self.run([1.0, 2.0, 13.0, 4.0]).unwrap_err().to_string()
    }
}

/// Runs a plugin on four orders with these amounts.
pub fn run(transformer: &mut Transformer, amounts: [f64; 4]) -> Result<Outcome, CallError> {
    let rows = amounts.map(|amount| vec![Value::Float(amount)]);
    transformer.run(&rows, &|row| format!("id={}", row + 1))
}

/// Limits that a hostile plugin runs into soon.
pub fn quick() -> PluginSettings {
    let mut settings = PluginSettings::default();
    settings.limits.time = Duration::from_millis(300);
    settings.limits.memory = 16 << 20;
    settings.limits.output = 1 << 20;
    settings
}

/// The table of orders.
pub fn orders() -> Table {
    let column = |name: &str, kind, declared: &str, nullable| Column {
        name: name.into(),
        kind,
        declared: declared.into(),
        nullable,
    };
    Table {
        dialect: Dialect::Postgres,
        version: "15.4".into(),
        name: "orders".into(),
        columns: vec![
            column("id", Kind::Integer, "bigint", false),
            column("amount", Kind::Float, "double precision", true),
            column("cents", Kind::Integer, "bigint", false),
        ],
        key: vec!["id".into()],
        direction: Direction::Up,
    }
}

/// Goes through the rows and does something at the amount 13.
fn look_for_thirteen(at_thirteen: &str, outcome: u32) -> String {
    format!(
        r#"(local $row i32) (local $value i32)
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $row) (local.get $count)))
            (local.set $value
                (i32.load (i32.add (local.get $rows) (i32.mul (local.get $row) (i32.const 8)))))
            (if (f64.eq (f64.load offset=8 (local.get $value)) (f64.const 13)) (then {at_thirteen}))
            (local.set $row (i32.add (local.get $row) (i32.const 1)))
            (br $next)))
        (i32.const {outcome})"#
    )
}

/// A change for each row, of the values as they came.
fn echo(outcome: u32) -> String {
    let (changes, count) = (outcome + 4, outcome + 8);
    format!(
        r#"(local $row i32) (local $list i32) (local $change i32)
        (local.set $list (call $allocate (i32.const 0) (i32.const 0) (i32.const 4)
            (i32.mul (local.get $count) (i32.const 12))))
        (block $done (loop $next
            (br_if $done (i32.ge_u (local.get $row) (local.get $count)))
            (local.set $change (i32.add (local.get $list) (i32.mul (local.get $row) (i32.const 12))))
            (i32.store (local.get $change) (local.get $row))
            (i64.store offset=4 align=4 (local.get $change)
                (i64.load align=4 (i32.add (local.get $rows) (i32.mul (local.get $row) (i32.const 8)))))
            (local.set $row (i32.add (local.get $row) (i32.const 1)))
            (br $next)))
        (i32.store (i32.const {changes}) (local.get $list))
        (i32.store (i32.const {count}) (local.get $count))
        (i32.const {outcome})"#
    )
}

fn pairs(pairs: &[(u32, u32)]) -> Vec<u8> {
    pairs.iter().flat_map(|(first, second)| [first.to_le_bytes(), second.to_le_bytes()].concat()).collect()
}

/// What lies in the plugin's memory from 1024 on.
struct Memory {
    bytes: Vec<u8>,
}

impl Memory {
    fn new() -> Memory {
        Memory { bytes: Vec::new() }
    }

    fn put(&mut self, bytes: &[u8]) -> u32 {
        while !self.bytes.len().is_multiple_of(8) {
            self.bytes.push(0);
        }
        let place = 1024 + self.bytes.len() as u32;
        self.bytes.extend_from_slice(bytes);
        place
    }

    fn text(&mut self, text: &str) -> (u32, u32) {
        (self.put(text.as_bytes()), text.len() as u32)
    }

    /// A value as the canonical ABI lays it: the case, then the payload at 8.
    fn value(&mut self, value: &Value) -> Vec<u8> {
        let (case, payload) = match value {
            Value::Null => (0, vec![0; 8]),
            Value::Boolean(truth) => (1, u64::from(*truth).to_le_bytes().to_vec()),
            Value::Integer(integer) => (2, integer.to_le_bytes().to_vec()),
            Value::Float(float) => (3, float.to_le_bytes().to_vec()),
            Value::Text(text) => (6, pairs(&[self.text(text)])),
            Value::Date(text) => (7, pairs(&[self.text(text)])),
            other => panic!("{other:?} is not needed yet"),
        };
        [vec![case, 0, 0, 0, 0, 0, 0, 0], payload].concat()
    }
}
