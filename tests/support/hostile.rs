//! Migrations that do what no migration should, in a project of whatever tool: how they are stopped, and what must be as before.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use super::database::Database;
use super::program::Output;
use super::project::Project;

/// What is in the environment of both tools, and in a file beside the project, and must not come out.
pub const SECRET: &str = "hunter2-of-the-shop";

/// Puts the secret where only who leaves the project's folder finds it.
pub fn write_beside(project: &Project) {
    let beside: PathBuf = project.path().parent().unwrap().join("beside_the_project.txt");
    fs::write(beside, format!("beside: {SECRET}\n")).unwrap();
}

/// Runs an attack, which has to be stopped with one of these words and its file named, and leaves everything as before. Gives
/// all that was said.
#[track_caller]
pub fn assert_stopped(
    project: &Project,
    database: &Database,
    file: &str,
    words: &[&str],
    run: impl FnOnce() -> Output,
) -> String {
    let (before, files) = (database.contents(), files_of(project));
    let output = run().fails();
    let said = format!("{}{}", output.stdout, output.stderr);
    assert!(said.contains(file), "the file is not named\n{output}");
    assert!(words.iter().any(|word| said.contains(word)), "none of {words:?} is said\n{output}");
    assert!(!said.contains(SECRET), "the secret came out\n{output}");
    if let Some((_, password)) = database.login() {
        assert!(!said.contains(&format!(":{password}@")), "the password came out\n{output}");
    }
    assert_eq!(database.contents(), before, "{words:?} on {:?}", database.kind());
    assert_eq!(files_of(project), files, "{words:?} on {:?}", database.kind());
    said
}

/// Files of the project but for what Dunlin's own settings are.
fn files_of(project: &Project) -> Vec<String> {
    let mut found = Vec::new();
    let mut left = vec![project.path()];
    while let Some(folder) = left.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_symlink() {
                continue;
            }
            if path.is_dir() {
                left.push(path);
            } else if !path.ends_with("dunlin.toml") {
                found.push(path.display().to_string());
            }
        }
    }
    found.sort();
    found
}

/// What whoever is started tells the port that it is given.
pub fn told_home(start: impl FnOnce(&str) -> Output) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let home = thread::spawn(move || {
        let mut told = String::new();
        listener.accept().unwrap().0.read_to_string(&mut told).unwrap();
        told
    });
    start(&port).success();
    home.join().unwrap()
}

/// Whether whoever is started, and fails, calls the port that it is given.
pub fn calls_home(start: impl FnOnce(&str) -> Output) -> bool {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    listener.set_nonblocking(true).unwrap();
    start(&listener.local_addr().unwrap().port().to_string()).fails();
    listener.accept().is_ok()
}

/// Sends a signal to a command when it has printed a text; gives its exit code and what it told on standard error.
#[cfg(unix)]
pub fn interrupted_when_it_says(
    mut command: Command,
    text: &str,
    signal: rustix::process::Signal,
) -> (Option<i32>, String) {
    use std::io::{BufRead, BufReader};
    use std::process::Stdio;

    use rustix::process::{Pid, kill_process};

    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut said = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    while !line.contains(text) {
        line.clear();
        assert_ne!(said.read_line(&mut line).unwrap(), 0, "it ended before it said {text:?}");
    }
    kill_process(Pid::from_child(&child), signal).unwrap();
    let mut told = String::new();
    child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
    (child.wait().unwrap().code(), told)
}

/// Runs something in many threads at once.
pub fn at_once(count: usize, run: impl Fn(usize) -> Output + Sync) -> Vec<Output> {
    thread::scope(|scope| {
        let run = &run;
        let started: Vec<_> = (0..count).map(|number| scope.spawn(move || run(number))).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    })
}
