use std::fs;
use std::path::Path;
use std::time::Duration;

use wasmtime::component::{Component, Linker};
use wasmtime::{Instance, Module, Store};

use super::*;

/// Core modules in binary form; wasmtime reads no text here.
fn binary(wat: &str) -> Vec<u8> {
    wat::parse_str(wat).unwrap()
}

fn runtime(cache: Option<CompiledCache>) -> Runtime {
    Runtime::new(RuntimeSettings { cache, optimise: false, ..RuntimeSettings::default() }).unwrap()
}

fn cache(folder: &Path) -> CompiledCache {
    CompiledCache::at(folder.join("cache"), folder.join("state"))
}

fn limits() -> Limits {
    Limits { memory: 1 << 20, time: Duration::from_secs(20), output: 1 << 20 }
}

/// Calls the export `run` of a module without imports.
fn run(limits: Limits, wat: &str) -> (wasmtime::Result<()>, Store<Meter>) {
    let runtime = runtime(None);
    let (module, _) = runtime.load::<Module>(&binary(wat)).unwrap();
    let mut store = runtime.store(Meter::new(limits));
    let result = runtime.call(&mut store, |store| {
        let instance = Instance::new(&mut *store, &module, &[])?;
        instance.get_typed_func::<(), ()>(&mut *store, "run")?.call(store, ())
    });
    (result, store)
}

const ANSWER: &str = r#"(module (func (export "run")))"#;

#[test]
fn an_endless_loop_runs_out_of_time() {
    let limits = Limits { time: Duration::from_millis(20), ..limits() };
    let (result, store) = run(limits, r#"(module (func (export "run") (loop br 0)))"#);
    assert!(result.is_err());
    assert_eq!(store.data().exceeded(), Some(Exceeded::Time(Duration::from_millis(20))));
}

#[test]
fn a_start_function_is_held_to_the_time_too() {
    let limits = Limits { time: Duration::from_millis(20), ..limits() };
    let (_, store) = run(limits, r#"(module (func $start (loop br 0)) (start $start))"#);
    assert_eq!(store.data().exceeded(), Some(Exceeded::Time(Duration::from_millis(20))));
}

#[test]
fn memory_ends_at_its_limit_however_it_is_divided() {
    let growing =
        r#"(module (memory 1) (func (export "run") (loop (drop (memory.grow (i32.const 1))) br 0)))"#;
    let (result, store) = run(limits(), growing);
    assert!(result.is_err());
    assert_eq!(store.data().exceeded(), Some(Exceeded::Memory(1 << 20)));
    assert_eq!(store.data().most_memory(), 1 << 20);
    let (_, store) = run(limits(), r#"(module (memory 9) (memory 9) (func (export "run")))"#);
    assert_eq!(store.data().exceeded(), Some(Exceeded::Memory(1 << 20)));
}

#[test]
fn tables_end_at_their_limit() {
    let growing = r#"(module (table 1 funcref)
        (func (export "run") (loop (drop (table.grow (ref.null func) (i32.const 100000))) br 0)))"#;
    let (_, store) = run(limits(), growing);
    assert!(matches!(store.data().exceeded(), Some(Exceeded::Table(_))), "{:?}", store.data().exceeded());
}

#[test]
fn a_trap_of_its_own_is_no_limit() {
    let (result, store) = run(limits(), r#"(module (func (export "run") unreachable))"#);
    assert!(result.is_err());
    assert_eq!(store.data().exceeded(), None);
}

#[test]
fn endless_recursion_traps() {
    let (result, store) = run(limits(), r#"(module (func $run (export "run") (call $run)))"#);
    assert!(format!("{:#}", result.unwrap_err()).contains("call stack exhausted"));
    assert_eq!(store.data().exceeded(), None);
}

/// A component whose `run` returns a list of so many bytes.
fn talkative(bytes: usize) -> String {
    format!(
        r#"(component
            (core module $m (memory (export "memory") 16)
                (func (export "run") (result i32)
                    (i32.store (i32.const 0) (i32.const 8)) (i32.store (i32.const 4) (i32.const {bytes})) (i32.const 0)))
            (core instance $i (instantiate $m))
            (func (export "run") (result (list u8)) (canon lift (core func $i "run") (memory (core memory $i "memory")))))"#
    )
}

#[test]
fn what_a_guest_returns_is_bounded_before_the_host_holds_it() {
    for (bytes, exceeded) in [(1000, None), (1001, Some(Exceeded::Output(1000)))] {
        let runtime = runtime(None);
        let (component, _) = runtime.load::<Component>(&binary(&talkative(bytes))).unwrap();
        let mut store = runtime.store(Meter::new(Limits { output: 1000, ..limits() }));
        let linker = Linker::new(runtime.engine());
        let result = runtime.call(&mut store, |store| {
            let instance = linker.instantiate(&mut *store, &component)?;
            instance.get_typed_func::<(), (Vec<u8>,)>(&mut *store, "run")?.call(store, ())
        });
        assert_eq!(result.is_err(), exceeded.is_some());
        assert_eq!(store.data().exceeded(), exceeded);
    }
}

#[test]
fn the_hosts_own_work_does_not_count() {
    let mut meter = Meter::new(Limits { time: Duration::from_secs(1000), ..limits() });
    meter.begin();
    let before = meter.time_left();
    Meter::pause(&mut meter, || std::thread::sleep(Duration::from_millis(50)));
    assert!(before - meter.time_left() < Duration::from_millis(50));
}

#[test]
fn code_is_compiled_once() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(ANSWER);
    let (_, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Compiled);
    // Another process begins with a runtime of its own.
    let (module, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Cached);
    assert!(module.get_export("run").is_some());
}

#[test]
fn other_settings_and_other_kinds_are_other_code() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(ANSWER);
    runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    let settings =
        RuntimeSettings { cache: Some(cache(folder.path())), optimise: true, ..RuntimeSettings::default() };
    let (_, origin) = Runtime::new(settings).unwrap().load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Compiled);
    assert!(runtime(Some(cache(folder.path()))).load::<Component>(&wasm).is_err());
}

#[test]
fn a_known_digest_spares_the_binary() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(ANSWER);
    let digest: [u8; 32] =
        sha2::Digest::finalize(<sha2::Sha256 as sha2::Digest>::new_with_prefix(&wasm)).into();
    runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    let unread = || -> Result<Vec<u8>, WasmError> { panic!("it is in the cache") };
    let (_, origin) =
        runtime(Some(cache(folder.path()))).load_known::<Module, _, WasmError>(&digest, unread).unwrap();
    assert_eq!(origin, Origin::Cached);
    let other = || Ok::<_, WasmError>(binary("(module)"));
    let error = runtime(None).load_known::<Module, _, WasmError>(&digest, other).unwrap_err();
    assert!(matches!(error, WasmError::Changed));
}

/// The only file in a folder.
fn only_file(folder: &Path) -> std::path::PathBuf {
    let mut files = fs::read_dir(folder).unwrap();
    let file = files.next().unwrap().unwrap().path();
    assert!(files.next().is_none());
    file
}

#[test]
fn a_file_that_this_machine_did_not_record_is_never_mapped() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(ANSWER);
    runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    let code = only_file(&folder.path().join("cache"));
    let bytes = fs::read(&code).unwrap();

    // Changed: compiled anew, and whole afterwards.
    let mut changed = bytes.clone();
    *changed.last_mut().unwrap() ^= 1;
    fs::write(&code, &changed).unwrap();
    let (_, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Compiled);
    assert_eq!(fs::read(&code).unwrap(), bytes);

    // Cut off, as by a full disk.
    fs::write(&code, &bytes[..bytes.len() / 2]).unwrap();
    let (_, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Compiled);

    // Copied from another machine, without a record.
    fs::remove_file(only_file(&folder.path().join("state"))).unwrap();
    let (_, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Compiled);
}

#[test]
fn a_file_that_was_moved_away_and_back_is_known_by_its_content() {
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(ANSWER);
    runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    let code = only_file(&folder.path().join("cache"));
    let copy = folder.path().join("copy");
    fs::copy(&code, &copy).unwrap();
    fs::rename(&copy, &code).unwrap();
    let record = fs::read(only_file(&folder.path().join("state"))).unwrap();
    let (_, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Cached);
    assert_ne!(fs::read(only_file(&folder.path().join("state"))).unwrap(), record);
}

#[test]
fn machine_code_is_no_input() {
    let runtime = runtime(None);
    let (module, _) = runtime.load::<Module>(&binary(ANSWER)).unwrap();
    let error = runtime.load::<Module>(&module.serialize().unwrap()).unwrap_err();
    assert!(error.to_string().contains("machine code"), "{error}");
}

#[cfg(unix)]
#[test]
fn a_folder_that_others_can_write_to_is_not_used() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let wasm = binary(ANSWER);
    runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    for shared in ["cache", "state", "."] {
        let shared = folder.path().join(shared);
        let mode = fs::metadata(&shared).unwrap().permissions();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o777)).unwrap();
        let (_, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
        assert_eq!(origin, Origin::Compiled, "{}", shared.display());
        fs::set_permissions(&shared, mode).unwrap();
    }
    let (_, origin) = runtime(Some(cache(folder.path()))).load::<Module>(&wasm).unwrap();
    assert_eq!(origin, Origin::Cached);
}
