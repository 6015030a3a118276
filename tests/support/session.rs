//! A session of somebody else's on a test's database.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use super::{Database, ServerKind};

/// So long a test waits for what must happen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A session of somebody else's: the server's own client, kept open.
pub struct Session {
    child: Child,
    input: Option<ChildStdin>,
    lines: Receiver<String>,
}

impl Session {
    /// Opens it.
    pub fn open(database: &Database) -> Session {
        let url = url::Url::parse(&database.url()).ok().filter(|url| url.has_host());
        let mut command = match (database.kind(), url) {
            (ServerKind::Sqlite, _) => {
                let mut command = Command::new("sqlite3");
                command.args(["-batch", &database.name()]);
                command
            }
            (ServerKind::Postgres, _) => {
                let mut command = Command::new("psql");
                command.args(["-X", "-q", "-A", "-t", "-d", &database.url()]);
                command
            }
            (_, Some(url)) => {
                let mut command = Command::new("mariadb");
                command.args([
                    "--no-defaults",
                    "--batch",
                    "--unbuffered",
                    "--skip-column-names",
                    "--protocol=tcp",
                ]);
                command.args([
                    format!("--host={}", url.host_str().unwrap()),
                    format!("--port={}", url.port().unwrap_or(3306)),
                    format!("--user={}", url.username()),
                    database.name(),
                ]);
                command.env("MYSQL_PWD", url.password().unwrap_or_default());
                command
            }
            (kind, None) => panic!("{kind:?} has no URL"),
        };
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = channel();
        thread::spawn(move || {
            for line in output.split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        Session { input: child.stdin.take(), child, lines }
    }

    /// Runs statements and waits until they are done.
    pub fn run(&mut self, sql: &str) {
        let input = self.input.as_mut().unwrap();
        writeln!(input, "{sql}\nSELECT 'done';").unwrap();
        input.flush().unwrap();
        while self.lines.recv_timeout(PATIENCE).unwrap() != "done" {}
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        drop(self.input.take());
        let _ = self.child.wait();
    }
}
