//! What is compared, and how the runs are made.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::support::{
    Database, Extent, Need, Output, Project, ServerKind, flyway_is_here, needs, note_not_run,
};

/// A project on one kind of server.
pub struct Repository {
    /// Its folder in the corpus.
    pub name: &'static str,
    pub server: ServerKind,
    /// Its configuration, as arguments; `{root}` is its folder.
    pub arguments: &'static [&'static str],
    /// The history table.
    pub table: &'static str,
    /// How many migrations both have to run, so that a half-empty clone does not pass.
    pub migrations: usize,
    /// What has to be in the database before; `{database}` is its name.
    pub before: &'static str,
    /// The migration that this server refuses, if any.
    pub refused: Option<&'static str>,
    /// Where the first half ends, when it cannot be any version.
    pub half: Option<&'static str>,
}

/// One on PostgreSQL with Flyway's defaults.
pub const PLAIN: Repository = Repository {
    name: "",
    server: ServerKind::Postgres,
    arguments: &[],
    table: "flyway_schema_history",
    migrations: 0,
    before: "",
    refused: None,
    half: None,
};

/// Runs the repository in four ways and compares what they leave.
#[track_caller]
pub fn check(repository: &Repository) {
    let Some(root) = root_of(repository) else { return };
    if !flyway_is_here() {
        return;
    }
    let Some(by_flyway) = Run::new(repository, &root) else { return };
    let output = by_flyway.migrate(Tool::Flyway, None);
    if let Some(version) = repository.refused {
        check_refusal(repository, &root, &by_flyway, version);
        return;
    }
    output.success();
    let wanted = by_flyway.state();
    let applied = by_flyway.database.history_rows(repository.table);
    assert_eq!(applied.len(), repository.migrations, "Flyway itself: {applied:#?}");
    let half = repository.half.map_or_else(|| middle(&applied), str::to_owned);
    // A repeatable migration runs at the end of the first half, so that the history has it earlier.
    let wanted_of_halves = if applied.iter().any(|row| version_of(row) == "NULL") {
        let run = Run::new(repository, &root).expect("the server was there");
        run.migrate(Tool::Flyway, Some(&half)).success();
        run.migrate(Tool::Flyway, None).success();
        run.state()
    } else {
        wanted.clone()
    };

    for halves in [
        vec![(Tool::Dunlin, None)],
        vec![(Tool::Flyway, Some(half.as_str())), (Tool::Dunlin, None)],
        vec![(Tool::Dunlin, Some(half.as_str())), (Tool::Flyway, None)],
    ] {
        let wanted = if halves.len() == 1 { &wanted } else { &wanted_of_halves };
        let run = Run::new(repository, &root).expect("the server was there");
        for (tool, target) in &halves {
            run.migrate(*tool, *target).success();
        }
        same(repository, &halves, wanted, &run.state());
        // Whoever comes next, finds nothing to do and nothing to complain about.
        for tool in [Tool::Flyway, Tool::Dunlin] {
            run.run(tool, &["validate"]).success();
        }
        run.migrate(Tool::Flyway, None).success();
        same(repository, &halves, wanted, &run.state());
    }
}

/// A migration that this server refuses ends both the same way, and everything before it is there.
#[track_caller]
fn check_refusal(repository: &Repository, root: &Path, by_flyway: &Run<'_>, version: &str) {
    let wanted = by_flyway.state();
    let applied = by_flyway.database.history_rows(repository.table);
    assert_eq!(applied.len(), repository.migrations + 1, "Flyway itself: {applied:#?}");
    assert!(applied.last().unwrap().contains(&format!("|{version}|")), "{applied:#?}");

    let whole = [(Tool::Dunlin, None)];
    let by_dunlin = Run::new(repository, root).expect("the server was there");
    let output = by_dunlin.migrate(Tool::Dunlin, None).exits(1);
    let file = format!("V{}__", version.replace('.', "_"));
    assert!(output.stderr.contains(&file) && output.stderr.contains("Line "), "{output}");
    // The statement to continue with is kept beside the history until repair.
    assert!(by_dunlin.database.tables().contains(&"dunlin_journal".to_owned()));
    by_dunlin.run(Tool::Dunlin, &["repair"]).success();
    by_flyway.run(Tool::Flyway, &["repair"]).success();
    same(repository, &whole, &by_flyway.state(), &by_dunlin.state());
    // Again, so that the failed row is seen too.
    by_dunlin.migrate(Tool::Dunlin, None).fails();
    by_dunlin.database.sql("DROP TABLE dunlin_journal;");
    same(repository, &whole, &wanted, &by_dunlin.state());

    let before = applied.iter().rev().nth(1).map(|row| version_of(row));
    let Some(before) = before.as_deref() else { return };
    let half = middle(&applied);
    let last = Run::new(repository, root).expect("the server was there");
    last.migrate(Tool::Flyway, Some(before)).success();
    let wanted = last.state();
    for halves in [
        vec![(Tool::Dunlin, Some(before))],
        vec![(Tool::Flyway, Some(half.as_str())), (Tool::Dunlin, Some(before))],
        vec![(Tool::Dunlin, Some(half.as_str())), (Tool::Flyway, Some(before))],
    ] {
        let run = Run::new(repository, root).expect("the server was there");
        for (tool, target) in &halves {
            run.migrate(*tool, *target).success();
        }
        same(repository, &halves, &wanted, &run.state());
    }
}

#[derive(Debug, Clone, Copy)]
enum Tool {
    Flyway,
    Dunlin,
}

/// A database of its own, and the arguments that point both tools at it.
pub struct Run<'r> {
    repository: &'r Repository,
    pub database: Database,
    pub project: Project,
    pub arguments: Vec<String>,
}

impl<'r> Run<'r> {
    /// `None` when the server is not there.
    pub fn new(repository: &'r Repository, root: &Path) -> Option<Self> {
        let database = Database::create(repository.server)?;
        if !repository.before.is_empty() {
            database.sql(&repository.before.replace("{database}", &database.name()));
        }
        let mut arguments = database.flyway_arguments();
        let root = root.to_str().expect("the corpus has a path of UTF-8");
        arguments.extend(repository.arguments.iter().map(|argument| argument.replace("{root}", root)));
        Some(Self { repository, database, project: Project::new(), arguments })
    }

    #[track_caller]
    fn migrate(&self, tool: Tool, target: Option<&str>) -> Output {
        match target {
            Some(version) => self.run(tool, &[&format!("-target={version}"), "migrate"]),
            None => self.run(tool, &["migrate"]),
        }
    }

    #[track_caller]
    fn run(&self, tool: Tool, more: &[&str]) -> Output {
        let mut arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        arguments.extend(more);
        match tool {
            Tool::Flyway => self.project.flyway(&arguments),
            Tool::Dunlin => {
                arguments.insert(0, "flyway");
                self.project.dunlin(&arguments)
            }
        }
    }

    /// Schema, history and the rows of every table, a line for each.
    #[track_caller]
    fn state(&self) -> Vec<String> {
        let name = self.database.name();
        let mut lines: Vec<String> = self.database.schema_dump().split('\n').map(str::to_owned).collect();
        lines.extend(self.database.history_rows(self.repository.table));
        for table in self.database.tables().into_iter().filter(|table| table != self.repository.table) {
            let quote = if self.repository.server == ServerKind::Postgres { '"' } else { '`' };
            let rows = self.database.table_rows(&format!("{quote}{table}{quote}"));
            let shown = rows.split('\n').map(|row| format!("{table}: {}", without_times(row)));
            lines.extend(shown);
        }
        lines.into_iter().map(|line| line.replace(&name, "{database}")).collect()
    }
}

/// The folder with all projects.
pub fn root() -> Option<PathBuf> {
    needs(&[Need::Corpus]).then(|| Need::Corpus.setting().map(PathBuf::from)).flatten()
}

/// The project's folder, or `None` with a word about it.
pub fn root_of(repository: &Repository) -> Option<PathBuf> {
    let root = root()?.join(repository.name);
    if root.is_dir() {
        return Some(root);
    }
    eprintln!("{} is not there", root.display());
    note_not_run(Need::Corpus, Extent::Test);
    None
}

/// The version in the middle of a history.
fn middle(applied: &[String]) -> String {
    let versions: Vec<String> =
        applied.iter().map(|row| version_of(row)).filter(|version| version != "NULL").collect();
    versions.get(versions.len().saturating_sub(1) / 2).cloned().unwrap_or_default()
}

fn version_of(row: &str) -> String {
    row.split('|').nth(1).unwrap_or_default().to_owned()
}

/// Fails with the lines that only one of two states has.
#[track_caller]
fn same(repository: &Repository, halves: &[(Tool, Option<&str>)], wanted: &[String], found: &[String]) {
    if wanted == found {
        return;
    }
    let (all_wanted, all_found): (BTreeSet<_>, BTreeSet<_>) =
        (wanted.iter().collect(), found.iter().collect());
    let only = |of: &[String], others: &BTreeSet<&String>| {
        let lines = of.iter().filter(|line| !others.contains(line)).take(40);
        lines.map(|line| line.as_str()).collect::<Vec<_>>().join("\n  ")
    };
    panic!(
        "{} on {:?} by {halves:?} differs from Flyway alone\nonly by Flyway:\n  {}\nonly here:\n  {}",
        repository.name,
        repository.server,
        only(wanted, &all_found),
        only(found, &all_wanted)
    );
}

/// A line with `0` for every digit of a date with a time of day: `2024-05-06 07:08:09.123`.
pub fn without_times(line: &str) -> String {
    const SHAPE: &[u8] = b"0000-00-00 00:00:00";
    let bytes = line.as_bytes();
    let mut text = String::new();
    let mut at = 0;
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let fits = rest.len() >= SHAPE.len()
            && SHAPE.iter().zip(rest).all(|(shape, byte)| match shape {
                b'0' => byte.is_ascii_digit(),
                _ => shape == byte,
            });
        if fits {
            text.push_str("{time}");
            at += SHAPE.len();
            let fraction = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
            at += bytes.get(at..).unwrap_or_default().iter().take_while(|byte| fraction(byte)).count();
        } else {
            let end = (at + 1..=bytes.len()).find(|end| line.is_char_boundary(*end)).unwrap_or(bytes.len());
            text.push_str(&line[at..end]);
            at = end;
        }
    }
    text
}

#[test]
fn times_are_no_difference() {
    assert_eq!(without_times("a|2024-05-06 07:08:09.123+00|é"), "a|{time}+00|é");
    assert_eq!(without_times("2024-05-06|07:08"), "2024-05-06|07:08");
}
