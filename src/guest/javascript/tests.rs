//! What a guest cannot do, with a program in the place of the real one that evaluates what it is sent.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{JavaScriptCarrier, JavaScriptCommand, JavaScriptError};

const EVALUATE: &[(&str, &str)] = &[(
    "sandbox/boot.js",
    "const host = __dunlin;
    let done = false;
    host.idle = false;
    host.ticks = () => false;
    host.rejected = () => {};
    host.next = () => {
        const wait = done ? -2 : globalThis.wait || -1;
        globalThis.wait = 0;
        return wait;
    };
    host.converse = (message) => {
        done = false;
        const tell = (value) => { host.final = JSON.stringify(value); done = true; };
        try {
            Promise.resolve((0, eval)(JSON.parse(message).code)).then((value) => tell({ value: String(value) }));
        } catch (error) {
            tell({ message: error.message, out_of_memory: error.message === 'out of memory' });
        }
    };",
)];

const LIMIT: Duration = Duration::from_millis(300);
const MEMORY: usize = 32 << 20;

fn start(interrupted: Arc<dyn Fn() -> bool + Send + Sync>) -> JavaScriptCarrier {
    JavaScriptCarrier::start(JavaScriptCommand {
        modules: EVALUATE,
        folders: Vec::new(),
        folder: PathBuf::from("/"),
        environment: vec![("SHOP".to_owned(), "open".to_owned())],
        time_limit: LIMIT,
        memory_limit: MEMORY,
        interrupted,
        cache: None,
        packages: PathBuf::new(),
    })
    .unwrap()
}

fn evaluate(code: &str) -> Result<Value, JavaScriptError> {
    let message = json!({"type": "call", "code": code}).to_string();
    let last = start(Arc::new(|| false)).converse(&message, &mut |_| String::new())?;
    Ok(serde_json::from_str(&last).unwrap())
}

#[test]
fn code_that_does_not_end_is_stopped() {
    let endless = [
        "for (;;);",
        "/^(a+)+$/.test('a'.repeat(40) + 'b')",
        "(function f() { Promise.resolve().then(f); })()",
    ];
    for code in endless {
        let began = Instant::now();
        assert_eq!(evaluate(code), Err(JavaScriptError::OutOfTime { limit: LIMIT }), "{code}");
        assert!(began.elapsed() < Duration::from_secs(5), "{code}");
    }
}

#[test]
fn code_that_takes_all_memory_is_stopped() {
    for code in ["const all = []; for (;;) all.push(new Array(1000).fill(0))", "new Uint8Array(1e9)"] {
        assert_eq!(evaluate(code), Err(JavaScriptError::OutOfMemory { limit: MEMORY }), "{code}");
    }
}

#[test]
fn deep_recursion_is_an_error_of_the_code() {
    for code in ["(function f() { f(); })()", "JSON.parse('['.repeat(1e6))", "new Function('('.repeat(1e6))"]
    {
        let message = evaluate(code).unwrap()["message"].to_string();
        assert!(message.contains("Maximum call stack size exceeded"), "{code}: {message}");
    }
}

#[test]
fn nothing_that_can_happen_is_the_end() {
    let error = evaluate("new Promise(() => {})").unwrap_err();
    assert!(error.to_string().contains("never happen"), "{error}");
}

#[test]
fn the_time_of_answers_and_of_timers_is_not_the_guests() {
    let mut carrier = start(Arc::new(|| false));
    let message = json!({"type": "call", "code": "__dunlin.ask('a') + __dunlin.ask('b')"}).to_string();
    let mut answer = |question: &str| {
        std::thread::sleep(LIMIT * 2);
        question.to_uppercase()
    };
    assert_eq!(carrier.converse(&message, &mut answer).unwrap(), r#"{"value":"AB"}"#);
    let code = "wait = 400; new Promise(() => {})";
    let sleeping = json!({"type": "call", "code": code}).to_string();
    let began = Instant::now();
    let error = carrier.converse(&sleeping, &mut answer).unwrap_err();
    assert!(matches!(error, JavaScriptError::Ended { .. }), "{error}");
    assert!(began.elapsed() > LIMIT);
}

#[test]
fn a_request_to_stop_is_heard() {
    let raised = Arc::new(AtomicBool::new(false));
    let asked = raised.clone();
    let mut carrier = start(Arc::new(move || asked.load(Ordering::SeqCst)));
    raised.store(true, Ordering::SeqCst);
    let message = json!({"type": "call", "code": "for (;;);"}).to_string();
    let error = carrier.converse(&message, &mut |_| String::new()).unwrap_err();
    assert_eq!(error, JavaScriptError::Interrupted);
}

#[test]
fn the_clock_and_randomness_of_a_migration_are_the_same_again() {
    let mut carrier = start(Arc::new(|| false));
    let mut run = |kind: &str, seed: &str| {
        let code = "[__dunlin.now(), __dunlin.decode(__dunlin.random(8), 'hex'), __dunlin.environment.SHOP]";
        let message = json!({"type": kind, "seed": seed, "now": "5000000", "code": code}).to_string();
        carrier.converse(&message, &mut |_| String::new()).unwrap()
    };
    let first = run("run", "7");
    assert!(first.contains("5000,") && first.contains("open"), "{first}");
    assert_eq!(first, run("run", "7"));
    assert_ne!(first, run("run", "8"));
    assert_ne!(run("call", "7"), run("call", "7"));
}
