//! What a plugin may use. Each attempt at more ends the plugin with one error, and nothing else happens.

use dunlin::plugin::{Cause, Grants};
use dunlin::wasm::Exceeded;

use super::made::{Made, quick, run};

#[test]
fn a_crash_names_the_row_and_the_last_words() {
    let made = Made { at_thirteen: "unreachable", ..Made::default() };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3: it crashed: wasm `unreachable` instruction executed"
    );
    let made = Made {
        at_thirteen: "(call $log (i32.const 3) (i32.const 16) (i32.const 22)) unreachable",
        ..Made::default()
    };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3: it crashed: the amount is thirteen (wasm `unreachable` instruction executed)"
    );
}

#[test]
fn an_endless_loop() {
    let made = Made { at_thirteen: "(loop (br 0))", ..Made::default() };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3: it took more time than 300ms");
}

#[test]
fn endless_memory() {
    let made = Made { at_thirteen: "(loop (drop (memory.grow (i32.const 1))) (br 0))", ..Made::default() };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3: it took more memory than 16 MiB");
}

#[test]
fn endless_recursion() {
    let made =
        Made { imports: "(func $deeper (call $deeper))", at_thirteen: "(call $deeper)", ..Made::default() };
    let error = made.error();
    assert!(error.contains("row id=3") && error.contains("call stack exhausted"), "{error}");
}

#[test]
fn too_much_output() {
    // The number of changes is overwritten: sixteen million of them, at any address.
    let made = Made {
        changes: vec![(0, vec![dunlin::plugin::Value::Integer(1)])],
        at_thirteen: "(return (call $much))",
        imports: "(func $much (result i32)
            (i32.store (i32.const 256) (i32.const 0))
            (i32.store (i32.const 260) (i32.const 512))
            (i32.store (i32.const 264) (i32.const 10000))
            (i32.store (i32.const 268) (i32.const 0))
            (i32.store (i32.const 272) (i32.const 0))
            (i32.const 256))",
        ..Made::default()
    };
    let mut settings = quick();
    settings.limits.output = 64 << 10;
    let mut transformer = made.start(&settings).unwrap();
    let error = run(&mut transformer, [1.0, 2.0, 13.0, 4.0]).unwrap_err();
    assert_eq!(error.cause, Cause::Exceeded(Exceeded::Output(64 << 10)));
    assert_eq!(error.to_string(), "plugin made 0.1.0, row id=3: it took more output than 64 KiB");
}

#[test]
fn the_database_is_no_transforms_to_use() {
    let made = Made {
        at_thirteen: "(call $execute (i32.const 64) (i32.const 17) (i32.const 0) (i32.const 0) (i32.const 256))",
        ..Made::default()
    };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3: it used the database, which is not granted to it");
}

const WALL_CLOCK: Made = Made {
    wit_imports: "import wasi:clocks/wall-clock@0.2.3;",
    imports: r#"(import "wasi:clocks/wall-clock@0.2.3" "now" (func $now (param i32)))"#,
    at_thirteen: "(call $now (i32.const 256))",
    at_init: "",
    reads: &[],
    writes: &[],
    echoes: false,
    changes: Vec::new(),
    failures: Vec::new(),
    interface: "",
};

#[test]
fn the_clock() {
    assert_eq!(
        WALL_CLOCK.error(),
        "plugin made 0.1.0, row id=3: it used the clock, which is not granted to it"
    );
    let mut settings = quick();
    settings.grants = Grants { clock: true, ..Grants::default() };
    let mut transformer = WALL_CLOCK.start(&settings).unwrap();
    assert!(run(&mut transformer, [1.0, 2.0, 13.0, 4.0]).is_ok());
}

#[test]
fn the_other_clock() {
    let made = Made {
        wit_imports: "import wasi:clocks/monotonic-clock@0.2.3;",
        imports: r#"(import "wasi:clocks/monotonic-clock@0.2.3" "now" (func $now (result i64)))"#,
        at_thirteen: "(drop (call $now))",
        ..Made::default()
    };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3: it used the clock, which is not granted to it");
}

#[test]
fn random_numbers() {
    let made = Made {
        wit_imports: "import wasi:random/random@0.2.3;",
        imports: r#"(import "wasi:random/random@0.2.3" "get-random-u64" (func $random (result i64)))"#,
        at_thirteen: "(drop (call $random))",
        ..Made::default()
    };
    assert_eq!(
        made.error(),
        "plugin made 0.1.0, row id=3: it used random numbers, which is not granted to it"
    );
    let mut settings = quick();
    settings.grants = Grants { random: true, ..Grants::default() };
    assert!(run(&mut made.start(&settings).unwrap(), [13.0; 4]).is_ok());
}

#[test]
fn the_seed_of_hash_tables_is_no_random_number() {
    let made = Made {
        wit_imports: "import wasi:random/insecure-seed@0.2.3;",
        imports: r#"(import "wasi:random/insecure-seed@0.2.3" "insecure-seed" (func $seed (param i32)))"#,
        // It is the same every time: a plugin that gets another one crashes.
        at_thirteen: "(call $seed (i32.const 256)) (if (i64.ne (i64.load (i32.const 256)) (i64.const 0)) (then unreachable))",
        ..Made::default()
    };
    assert!(made.run([13.0; 4]).is_ok());
}

#[test]
fn files() {
    // It looks for folders, finds none, and crashes as a runtime does that misses a file.
    let made = Made {
        wit_imports: "import wasi:filesystem/preopens@0.2.3;",
        imports: r#"(import "wasi:filesystem/preopens@0.2.3" "get-directories" (func $folders (param i32)))"#,
        at_thirteen: "(call $folders (i32.const 256)) (if (i32.eqz (i32.load (i32.const 260))) (then unreachable))",
        ..Made::default()
    };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3: it used files, which is not granted to it");
    let folder = tempfile::tempdir().unwrap();
    let mut settings = quick();
    settings.grants = Grants { read: vec![("data".into(), folder.path().to_owned())], ..Grants::default() };
    assert!(run(&mut made.start(&settings).unwrap(), [13.0; 4]).is_ok());
}

#[test]
fn the_network() {
    let made = Made {
        wit_imports: "import wasi:sockets/instance-network@0.2.3;",
        imports: r#"(import "wasi:sockets/instance-network@0.2.3" "instance-network" (func $network (result i32)))"#,
        at_thirteen: "(drop (call $network))",
        ..Made::default()
    };
    assert_eq!(made.error(), "plugin made 0.1.0, row id=3: it used the network, which is not granted to it");
}

#[test]
fn what_is_not_offered_at_all_is_refused_before_it_runs() {
    let made = Made {
        wit_imports: "import wasi:http/types@0.2.3;",
        imports: r#"(import "wasi:http/types@0.2.3" "status" (func $status (result i32)))"#,
        at_thirteen: "(drop (call $status))",
        ..Made::default()
    };
    assert_eq!(
        made.load(&quick()).unwrap_err().to_string(),
        "made.wasm needs wasi:http/types@0.2.3, which dunlin does not offer to plugins"
    );
}

#[test]
fn a_plugin_that_hangs_while_it_starts() {
    let made = Made { at_init: "(loop (br 0))", ..Made::default() };
    assert_eq!(
        made.start(&quick()).unwrap_err().to_string(),
        "plugin made 0.1.0: it took more time than 300ms"
    );
}
