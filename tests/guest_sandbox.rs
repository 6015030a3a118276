//! The sandbox carrier: what a guest can do there, and that everything else is stopped or refused.

#![allow(
    clippy::panic,
    reason = "all of this is test code; the lints see only functions marked `#[test]` as such"
)]

mod support;

use std::fs;
use std::path::Path;
use std::time::Duration;

use dunlin::guest::protocol::{SourceFile, ToLoad};
use dunlin::guest::{CarrierError, GuestError, GuestSettings, Interrupt};
use dunlin_compat::model::Carrier;
use dunlin_compat::model::Direction;
use serde_json::{Value, json};
use support::{GuestRun, Need, Project, needs, with_packs};

fn start(project: &Project) -> GuestRun {
    start_with(project, |_| {})
}

fn start_with(project: &Project, change: impl FnOnce(&mut GuestSettings)) -> GuestRun {
    let mut settings = with_packs(GuestSettings::new(project.path()));
    change(&mut settings);
    GuestRun::new(settings, Carrier::Sandbox)
}

fn carrier_error(result: Result<(), GuestError>) -> CarrierError {
    match result {
        Err(GuestError::Carrier(error)) => error,
        other => panic!("not an error of the carrier: {other:?}"),
    }
}

#[test]
fn a_migration_sends_statements_and_imports_from_the_project() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::with(&[
        ("shop/__init__.py", ""),
        ("shop/prices.py", "VAT = 19\n"),
        (".venv/pyvenv.cfg", ""),
        (".venv/lib/python3.12/site-packages/tax/__init__.py", "from shop.prices import VAT\n"),
        ("seeds/regions.txt", "north\nsouth\n"),
    ]);
    let mut run = start(&project);
    let source = "import os, tax\nregions = open('seeds/regions.txt').read().split()\n\
                  result = [query('SELECT %d' % tax.VAT), regions, os.getcwd(), sorted(os.listdir('.'))]";
    let path = project.path();
    assert_eq!(
        run.value(source).unwrap(),
        json!([[["SELECT 19"]], ["north", "south"], path, [".venv", "seeds", "shop"]])
    );
    let error = run.run("query('fail')").unwrap_err();
    assert_eq!(error.to_string(), "RuntimeError: relation \"bills\" does not exist");
    // One guest serves the whole run.
    run.run("import builtins; builtins.kept = 5").unwrap();
    assert_eq!(run.value("result = kept").unwrap(), json!(5));
}

#[test]
fn what_is_printed_is_logged_in_its_order() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let mut run = start(&project);
    run.run("import sys\nfor i in range(2):\n    print('before', i)\n    query('SELECT %d' % i)\nprint('é', file=sys.stderr)\nprint('unfinished', end='')")
        .unwrap();
    run.run("print(' and then')").unwrap();
    assert_eq!(
        run.echo.logs,
        ["before 0", "> SELECT 0", "before 1", "> SELECT 1", "é", "unfinished and then"]
    );
}

#[test]
fn an_endless_loop_is_stopped() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let limit = Duration::from_secs(3);
    let mut run = start_with(&project, |settings| settings.time_limit = limit);
    let loops =
        ["while True: pass", "import re\nre.match('(a*)*b', 'a' * 1000)", "import time\ntime.sleep(10_000)"];
    for source in loops {
        let error = carrier_error(run.run(source));
        assert_eq!(error, CarrierError::OutOfTime { limit }, "{source}");
    }
    let text = "the code ran for more than 3 s without sending a statement and was stopped";
    assert_eq!(CarrierError::OutOfTime { limit }.to_string(), text);
    // The next one gets a new guest, and a slow server costs it nothing.
    run.echo.delay = Duration::from_secs(2);
    run.run("query('SELECT 1')\nquery('SELECT 2')").unwrap();
}

#[test]
fn a_run_can_be_interrupted() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    for source in ["while True: pass", "import time\ntime.sleep(10_000)"] {
        let interrupt = Interrupt::default();
        let mut run = start_with(&project, |settings| settings.interrupt = interrupt.clone());
        run.guest().unwrap();
        let waiting = std::thread::spawn(move || carrier_error(run.run(source)));
        interrupt.raise();
        assert_eq!(waiting.join().unwrap(), CarrierError::Interrupted, "{source}");
    }
}

#[test]
fn a_memory_bomb_is_stopped() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let limit = 256 << 20;
    let mut run = start_with(&project, |settings| settings.memory_limit = limit);
    for source in ["x = []\nwhile True: x.append(bytearray(1 << 20))", "x = 'a' * (1 << 30)"] {
        assert_eq!(carrier_error(run.run(source)), CarrierError::OutOfMemory { limit }, "{source}");
    }
    let text = "the code needs more than the 256 MB of memory that it may have and was stopped";
    assert_eq!(CarrierError::OutOfMemory { limit }.to_string(), text);
}

#[test]
fn recursion_ends_in_an_error_of_python() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let mut run = start(&project);
    let sources = [
        "def f(): f()\nf()",
        "class A:\n    def __repr__(self): return repr(self)\nrepr(A())",
        "import json\njson.loads('[' * 100_000)",
        "compile('(' * 100_000, 'a', 'exec')",
    ];
    for source in sources {
        let error = run.run(source).unwrap_err();
        assert!(matches!(error, GuestError::Failed(_)), "{source}: {error:?}");
    }
}

#[test]
fn code_that_ends_the_process_ends_only_itself() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let mut run = start(&project);
    let error = run.run("import sys\nsys.exit(3)").unwrap_err();
    assert_eq!(error.to_string(), "SystemExit: 3");
    let error = carrier_error(run.run("import os\nprint('the end')\nos._exit(3)"));
    let text = error.to_string();
    // WASI knows no other codes than 0 and 1.
    assert!(text.ends_with("ended unexpectedly with exit code 1; it said:\nthe end"), "{text}");
}

/// Runs a text that has to fail, and gives why.
fn refusal(run: &mut GuestRun, source: &str) -> String {
    match run.run(source) {
        Err(GuestError::Failed(failed)) => failed.message,
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn the_network_cannot_be_reached() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut run = start(&project);
    let sources = [
        format!("import socket\nsocket.create_connection(('127.0.0.1', {port}), 1)"),
        format!("import urllib.request\nurllib.request.urlopen('http://127.0.0.1:{port}/')"),
        "import socket\nsocket.getaddrinfo('localhost', 80)".to_owned(),
        "import subprocess\nsubprocess.run(['ls'])".to_owned(),
        "import os\nif os.system('ls') != 0: raise OSError('refused')".to_owned(),
    ];
    for source in &sources {
        refusal(&mut run, source);
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err(), "somebody connected");
}

#[test]
fn files_outside_of_the_project_are_not_there() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::with(&[("shop/names.txt", "Ann\n")]);
    let secret = project.home().join("secret.txt");
    fs::write(&secret, "s3cret").unwrap();
    #[cfg(unix)]
    for (target, link) in [(secret.as_path(), "link.txt"), (Path::new("/etc"), "etc")] {
        std::os::unix::fs::symlink(target, project.path().join(link)).unwrap();
    }
    let mut run = start(&project);
    let secret = secret.display();
    let reads = [
        "open('/etc/passwd')".to_owned(),
        format!("open('{secret}')"),
        "open('../home/secret.txt')".to_owned(),
        "open('shop/../../home/secret.txt')".to_owned(),
        "open('link.txt')".to_owned(),
        "open('etc/passwd')".to_owned(),
        "import os\nos.listdir('/etc')".to_owned(),
        "import os\nos.listdir('..')".to_owned(),
        "import os\nos.listdir('etc')".to_owned(),
        "open('/proc/self/environ')".to_owned(),
        "open('/dev/tcp')".to_owned(),
    ];
    for source in &reads {
        let text = refusal(&mut run, source);
        assert!(text.contains("Error"), "{source}: {text}");
        assert!(!text.contains("s3cret"), "{text}");
    }
    assert_eq!(run.value("result = open('shop/names.txt').read()").unwrap(), json!("Ann\n"));
}

#[test]
fn nothing_can_be_written() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::with(&[("shop/names.txt", "Ann\n")]);
    let mut run = start(&project);
    let writes = [
        "open('new.txt', 'w')",
        "open('shop/names.txt', 'a').write('Bob')",
        "open('shop/names.txt', 'r+').write('Bob')",
        "import os\nos.remove('shop/names.txt')",
        "import os\nos.rename('shop/names.txt', 'names.txt')",
        "import os\nos.mkdir('new')",
        "import os\nos.truncate('shop/names.txt', 0)",
        "import os\nos.utime('shop/names.txt', (0, 0))",
        "import os\nos.symlink('a', 'b')",
        "import os\nos.link('shop/names.txt', 'b')",
        "import tempfile\ntempfile.mkdtemp()",
        "open('/tmp/new.txt', 'w')",
    ];
    let before = fs::metadata(project.path().join("shop/names.txt")).unwrap().modified().unwrap();
    for source in writes {
        refusal(&mut run, source);
    }
    assert_eq!(project.read("shop/names.txt"), "Ann\n");
    assert_eq!(fs::metadata(project.path().join("shop/names.txt")).unwrap().modified().unwrap(), before);
    assert_eq!(run.value("import os\nresult = sorted(os.listdir('.'))").unwrap(), json!(["shop"]));
}

#[test]
fn the_environment_has_only_what_the_project_allows() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let environment = "import os\nresult = dict(os.environ)";
    assert_eq!(start(&project).value(environment).unwrap(), json!({}));
    let path = std::env::var("PATH").unwrap();
    let mut run = start_with(&project, |settings| settings.environment = vec!["PATH".to_owned()]);
    assert_eq!(run.value(environment).unwrap(), json!({ "PATH": path }));
}

#[test]
fn a_migration_that_is_run_again_sees_the_same_clock_and_randomness() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let source = "import datetime, os, random, secrets, time, uuid\nrandom.seed(1)\n\
                  query(repr([time.time(), datetime.datetime.now(), os.urandom(8), secrets.token_hex(8), uuid.uuid4(), uuid.uuid1()]))";
    let mut said = Vec::new();
    for _ in 0..2 {
        let mut run = start(&project);
        run.run("x = [i for i in range(1000)]").unwrap();
        run.run(source).unwrap();
        said.extend(run.echo.statements);
    }
    assert_eq!(said[0], said[1]);
    assert!(said[0].starts_with("[1700000000.0"), "{}", said[0]);
    // What is no migration has the machine's.
    let mut run = start(&project);
    let source = "import os, time\nresult = [time.time(), os.urandom(8).hex()]";
    let (one, other) = (run.value(source).unwrap(), run.value(source).unwrap());
    assert!(one[0].as_f64().unwrap() > 1_750_000_000.0);
    assert_ne!(one[1], other[1]);
}

#[test]
fn what_cannot_be_loaded_is_named_with_its_line_and_the_way_out() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::with(&[("fastgeo.cpython-312-x86_64-linux-gnu.so", "\u{7f}ELF")]);
    let mut run = start(&project);
    let mut echo = support::Echo::default();
    let guest = run.guest().unwrap();
    let file =
        SourceFile { id: "a1", path: "/srv/shop/a1.py", source: "import json\nimport fastgeo\nimport numpy" };
    let problems = guest.load(&[ToLoad { file, direction: Direction::Up }], &mut echo).unwrap();
    let texts: Vec<String> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(
        texts,
        [
            "/srv/shop/a1.py:2: fastgeo cannot be imported: No module named 'fastgeo'",
            "/srv/shop/a1.py:3: numpy cannot be imported: No module named 'numpy'"
        ]
    );
    assert!(guest.advice().unwrap().contains("carrier = \"host\""));
}

#[test]
fn a_pack_of_another_version_is_no_pack() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::with(&[("requirements.txt", "sqlalchemy==1.3.24\n")]);
    let text = start(&project).run("").unwrap_err().to_string();
    assert!(text.starts_with("Python migrations cannot be run in the sandbox: no pack fits: "), "{text}");
    assert!(text.contains(", the project 1.3.24"), "{text}");
    assert!(text.contains("`dunlin pack build alembic`") && text.contains("carrier = \"host\""), "{text}");
}

#[test]
fn without_a_carrier_both_ways_are_named() {
    let project = Project::new();
    let settings = GuestSettings {
        packs: Some(project.path()),
        python: Some("./no-python".into()),
        ..GuestSettings::new(project.path())
    };
    let mut run = GuestRun::new(settings, Carrier::Auto);
    let text = run.run("").unwrap_err().to_string();
    let folder = project.path();
    let expected = format!(
        "Python migrations cannot be run. In the sandbox: there is no pack for alembic in {}. By the project's own Python: \
         `python` in dunlin.toml names ./no-python, which is no program. ",
        folder.display()
    );
    assert!(text.starts_with(&expected), "{text}");
    assert!(run.echo.logs.is_empty());
}

#[test]
#[cfg(unix)]
fn auto_takes_the_host_where_no_pack_fits_and_says_so_once() {
    let project = Project::new();
    let settings = GuestSettings { packs: Some(project.path()), ..GuestSettings::new(project.path()) };
    let mut run = GuestRun::new(settings, Carrier::Auto);
    run.run("query('SELECT 1')").unwrap();
    run.run("query('SELECT 2')").unwrap();
    let logs = &run.echo.logs;
    assert!(logs[0].starts_with("Python migrations are run by Python ("), "{logs:?}");
    assert!(logs[0].contains("there is no pack for alembic"), "{logs:?}");
    assert_eq!(logs[1..], ["> SELECT 1", "> SELECT 2"]);
}

#[test]
fn auto_takes_the_sandbox_where_a_pack_fits() {
    if !needs(&[Need::Pack]) {
        return;
    }
    let project = Project::new();
    let mut run = GuestRun::new(with_packs(GuestSettings::new(project.path())), Carrier::Auto);
    assert_eq!(run.value("import sys\nresult = sys.platform").unwrap(), Value::from("wasi"));
    assert!(run.echo.logs.is_empty());
}
