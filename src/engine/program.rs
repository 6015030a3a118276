//! Script migrations that are programs: run as child processes, their output passed on line by line.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

use dunlin_compat::model::{Block, Body};

use super::RunError;
use super::event::{Event, Observer};

/// Runs the program of a block. Fails if it cannot be started or does not end with 0.
pub(super) fn run(block: &Block, observer: &mut dyn Observer) -> Result<(), RunError> {
    let Body::Program { command, environment } = &block.body else { return Ok(()) };
    let path = &block.source.path;
    let refused = |reason: String| RunError::Program { path: path.clone(), reason };
    let mut words: Vec<&std::ffi::OsStr> = command.iter().map(AsRef::as_ref).collect();
    words.push(path.as_os_str());
    let Some((program, arguments)) = words.split_first() else { return Ok(()) };
    let mut child = Command::new(program)
        .args(arguments)
        .envs(environment.iter().map(|(name, value)| (name, value)))
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| refused(format!("cannot run {}: {error}", program.to_string_lossy())))?;
    let (sender, lines) = mpsc::channel();
    let readers = [
        child.stdout.take().map(|stream| pass_lines(stream, sender.clone())),
        child.stderr.take().map(|stream| pass_lines(stream, sender.clone())),
    ];
    drop(sender);
    for line in lines {
        observer.event(Event::ProgramOutput { line: &line });
    }
    for reader in readers.into_iter().flatten() {
        let _ = reader.join();
    }
    let status = child.wait().map_err(|error| refused(format!("cannot wait for it: {error}")))?;
    if status.success() {
        return Ok(());
    }
    Err(refused(match status.code() {
        Some(code) => format!("ended with exit code {code}"),
        None => "was ended by a signal".to_owned(),
    }))
}

fn pass_lines(stream: impl Read + Send + 'static, lines: mpsc::Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
            let text = String::from_utf8_lossy(&line);
            if lines.send(text.trim_end_matches('\r').to_owned()).is_err() {
                return;
            }
        }
    })
}
