//! A server of a test's own, for tests that kill it or give it other settings.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;
use url::Url;

use super::database::{Database, ServerKind};
use super::needs::{Extent, note_not_run};

/// A server with data in a temporary folder; it ends with this value, and with the thread that started it.
pub struct PrivateServer {
    kind: ServerKind,
    folder: TempDir,
    port: u16,
    options: Vec<String>,
    process: Option<Child>,
}

impl PrivateServer {
    /// A new server, with options for its program; `None`, with the skip printed and counted, where the tests go without
    /// this kind.
    pub fn start(kind: ServerKind, options: &[&str]) -> Option<Self> {
        let need = kind.need().expect("SQLite has no server");
        if need.setting().is_none() {
            note_not_run(need, Extent::Test);
            return None;
        }
        let folder = tempfile::Builder::new().prefix("dunlin-server").tempdir().unwrap();
        // The server runs as another user when the tests run as root.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let options = options.iter().map(|option| (*option).to_owned()).collect();
        let mut server = Self { kind, folder, port, options, process: None };
        server.restart();
        Some(server)
    }

    /// The same on which what is committed is on the disk: the scripts of the test servers are less strict.
    pub fn start_durable(kind: ServerKind) -> Option<Self> {
        Self::start(
            kind,
            match kind {
                ServerKind::Postgres => {
                    &["-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "full_page_writes=on"]
                }
                _ => &["--innodb-flush-log-at-trx-commit=1"],
            },
        )
    }

    /// Ends it as a power cut would: no process of it gets to do anything more.
    pub fn kill(&mut self) {
        let Some(mut process) = self.process.take() else { return };
        let mut all = vec![process.id().to_string()];
        all.extend(children(process.id()));
        let killed = Command::new("kill").arg("-9").args(&all).stderr(Stdio::null()).status();
        // One of the children may have ended by itself.
        killed.unwrap();
        process.wait().unwrap();
        self.wait_until_gone();
    }

    /// A child that began meanwhile, or that the system has not cleared away yet, still has the memory of the server that is to
    /// start again.
    fn wait_until_gone(&self) {
        let folder = self.folder.path().canonicalize().unwrap();
        let left = || -> Vec<String> {
            let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
            let inside = |process: &fs::DirEntry| {
                fs::read_link(process.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&folder))
            };
            processes
                .filter(inside)
                .map(|process| process.file_name().to_string_lossy().into_owned())
                .collect()
        };
        for _ in 0..200 {
            let left = left();
            if left.is_empty() {
                return;
            }
            let _ = Command::new("kill").arg("-9").args(&left).stderr(Stdio::null()).status();
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        panic!("the server is still there");
    }

    /// Starts it again on the data that it has, and waits until it answers.
    pub fn restart(&mut self) {
        assert!(self.process.is_none(), "it still runs");
        let port = self.port.to_string();
        let mut command = Command::new(self.script());
        command.arg("run").arg(self.folder.path().join("server")).arg(&port).args(&self.options);
        command.env("DUNLIN_TEST_DIE_WITH_PARENT", "KILL").env_remove("DUNLIN_TEST_TLS");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let process = command.spawn().unwrap();
        let id = process.id().to_string();
        self.process = Some(process);
        let waited = Command::new(self.script()).args(["wait", &port, &id]).status().unwrap();
        assert!(waited.success(), "{:?} did not start:\n{}", self.kind, self.log());
    }

    /// A new database on it.
    pub fn database(&self) -> Database {
        let url = Command::new(self.script()).args(["url", &self.port.to_string()]).output().unwrap();
        let url = String::from_utf8(url.stdout).unwrap();
        Database::on(self.kind, Url::parse(url.trim()).unwrap())
    }

    fn script(&self) -> std::path::PathBuf {
        let name = self.kind.need().expect("SQLite has no server").name();
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/servers").join(name)
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("server/server.log")).unwrap_or_default()
    }
}

impl Drop for PrivateServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The processes that a process has started. PostgreSQL's live on when it is killed, for a moment.
fn children(parent: u32) -> Vec<String> {
    let mut children = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        // `4711 (name of program) S parent …`
        let after_name = stat.rsplit(')').next().unwrap_or_default();
        if after_name.split_whitespace().nth(1) == Some(&parent.to_string()) {
            children.push(entry.file_name().to_string_lossy().into_owned());
        }
    }
    children
}
