//! The host carrier: what it passes on, what it notices, and that nothing of it remains.

#![cfg(unix)]

mod support;

use std::time::{Duration, Instant};

use dunlin::guest::{CarrierError, GuestError, GuestSettings, Interrupt};
use dunlin_compat::model::Carrier;
use serde_json::json;
use support::{GuestRun, Project};

fn start(project: &Project) -> GuestRun {
    start_with(project, |_| {})
}

fn start_with(project: &Project, change: impl FnOnce(&mut GuestSettings)) -> GuestRun {
    let mut settings = GuestSettings::new(project.path());
    change(&mut settings);
    GuestRun::new(settings, Carrier::Host)
}

#[test]
fn a_migration_sends_statements_and_reads_their_results() {
    let project = Project::with(&[("shop_prices.py", "VAT = 19\n")]);
    let mut run = start(&project);
    let source = "import shop_prices\nresult = query('SELECT %d' % shop_prices.VAT)";
    assert_eq!(run.value(source).unwrap(), json!([["SELECT 19"]]));
    let error = run.run("query('fail')").unwrap_err();
    assert_eq!(error.to_string(), "RuntimeError: relation \"bills\" does not exist");
    // One guest serves the whole run.
    run.run("import builtins; builtins.kept = 5").unwrap();
    assert_eq!(run.value("result = kept").unwrap(), json!(5));
}

#[test]
fn what_is_printed_is_logged_in_its_order_and_disturbs_nothing() {
    let project = Project::new();
    let mut run = start(&project);
    let source = "import os, sys
for i in range(2):
    print('before', i, flush=True)
    query('SELECT %d' % i)
print('{\"type\": \"done\"}', flush=True)
os.system('echo a child')
print('unfinished', end='', flush=True)";
    run.run(source).unwrap();
    run.run("print(' and then', flush=True)").unwrap();
    let logs = [
        "before 0",
        "> SELECT 0",
        "before 1",
        "> SELECT 1",
        "{\"type\": \"done\"}",
        "a child",
        "unfinished and then",
    ];
    assert_eq!(run.echo.logs, logs);
}

#[test]
fn messages_of_megabytes_pass_in_both_directions() {
    let project = Project::new();
    let mut run = start(&project);
    let source = "import sys\nsys.stderr.write('x' * 300_000 + '\\n')\nrows = query('é' * 3_000_000)\nresult = len(rows[0][0])";
    assert_eq!(run.value(source).unwrap(), json!(3_000_000));
    assert_eq!(run.echo.logs[0].len(), 300_000);
}

#[test]
fn an_endless_loop_is_stopped_with_all_that_it_started() {
    let project = Project::new();
    let mut run = start_with(&project, |settings| settings.time_limit = Duration::from_secs(2));
    let source = "import subprocess\nchild = subprocess.Popen(['sleep', '1000'])\nquery(str(child.pid))\nwhile True: pass";
    let error = run.run(source).unwrap_err();
    assert_eq!(error, GuestError::Carrier(CarrierError::OutOfTime { limit: Duration::from_secs(2) }));
    let child = run.echo.statements[0].clone();
    assert!(ended(&child), "process {child} still runs");
    // The next one gets a new guest.
    run.run("query('SELECT 1')").unwrap();
}

#[test]
fn waiting_for_the_server_is_not_computing() {
    let project = Project::new();
    let mut run = start_with(&project, |settings| settings.time_limit = Duration::from_secs(3));
    run.echo.delay = Duration::from_secs(2);
    run.run("query('SELECT 1')\nquery('SELECT 2')").unwrap();
    assert_eq!(run.echo.statements.len(), 2);
}

#[test]
fn a_run_can_be_interrupted() {
    let project = Project::new();
    let interrupt = Interrupt::default();
    let mut run = start_with(&project, |settings| settings.interrupt = interrupt.clone());
    run.guest().unwrap();
    let begun = Instant::now();
    let waiting = std::thread::spawn(move || run.run("while True: pass").unwrap_err());
    interrupt.raise();
    assert_eq!(waiting.join().unwrap(), GuestError::Carrier(CarrierError::Interrupted));
    assert!(begun.elapsed() < Duration::from_secs(300));
}

#[test]
fn its_death_is_noticed_with_its_last_words() {
    let project = Project::new();
    let mut run = start(&project);
    let source = "import os, sys\nsys.stderr.write('out of disk\\n')\nsys.stderr.flush()\nos._exit(3)";
    let text = run.run(source).unwrap_err().to_string();
    assert!(text.ends_with("ended unexpectedly with exit code 3; it said:\nout of disk"), "{text}");
    let text = run.run("import os\nos.kill(os.getpid(), 9)").unwrap_err().to_string();
    assert!(text.ends_with("ended unexpectedly by signal 9"), "{text}");
    // Something that it leaves behind holds its pipes.
    let source = "import os, subprocess\nsubprocess.Popen(['sleep', '1000'])\nos._exit(0)";
    let text = run.run(source).unwrap_err().to_string();
    assert!(text.ends_with("ended unexpectedly with exit code 0"), "{text}");
}

#[test]
fn nothing_remains_of_a_guest_that_is_dropped() {
    let project = Project::new();
    let mut run = start(&project);
    run.run("import os, atexit\nquery(str(os.getpid()))\natexit.register(open, 'ended', 'w')").unwrap();
    let guest = run.echo.statements[0].clone();
    drop(run);
    assert!(ended(&guest), "process {guest} still runs");
    assert_eq!(project.read("ended"), "");
}

#[test]
fn its_sets_have_the_same_order_every_time() {
    let project = Project::new();
    let order = "result = list({'orders', 'bills', 'customers', 'items', 'shops'})";
    let orders: Vec<_> = (0..3).map(|_| start(&project).value(order).unwrap()).collect();
    assert_eq!(orders[0], orders[1]);
    assert_eq!(orders[0], orders[2]);
}

#[test]
fn an_interpreter_that_cannot_be_started_is_named() {
    let project = Project::with(&[("python", "no program")]);
    let mut run = start_with(&project, |settings| settings.python = Some("./python".into()));
    let error = run.run("").unwrap_err();
    assert_eq!(error.to_string(), "`python` in dunlin.toml names ./python, which is no program");
    project.write("broken/python", "#!/no/such/program\n");
    let path = project.path().join("broken/python");
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let mut run = start_with(&project, |settings| settings.python = Some("broken/python".into()));
    let text = run.run("").unwrap_err().to_string();
    assert!(text.contains("broken/python) cannot be started: No such file"), "{text}");
}

/// Whether a process is gone, or is about to be: killed, and waiting for its parent.
fn ended(process: &str) -> bool {
    let deadline = Instant::now() + Duration::from_secs(20);
    loop {
        let state = std::fs::read_to_string(format!("/proc/{process}/stat"));
        match state {
            Ok(text) if !text.contains(") Z ") => {}
            _ => return true,
        }
        if Instant::now() > deadline {
            return false;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
