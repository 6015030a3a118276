//! `dunlin squash`

use std::path::{Path, PathBuf};

use clap::Args;
use dunlin_compat::model::{Adapter, SquashFiles, SquashScope};
use serde_json::json;

use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use super::scratch::Maker;
use super::{Format, Global, history, output};
use crate::count::counted;
use crate::db::{Access, Connection};
use crate::engine;
use crate::guest::GuestSource;
use crate::schema::Scope;
use crate::scratch::Scratch;
use crate::squash::{self, Dump, Fate, InGit};
use crate::trace::Trace;
use crate::verify::{Bench, State};

/// Replace old migrations by one baseline that gives the same
///
/// The old migrations are run on a scratch database, and what is there then, schema and rows, is written down. On a second scratch
/// database that has to give the same, else no file is touched. The database at hand must have all of them applied, and so
/// must every other one that is to go on with this project. It is only read.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin squash --to 20250107103000
  dunlin squash --dry-run                 show the baseline, write nothing
  dunlin squash --archive attic           move the old files there")]
pub struct SquashArgs {
    /// The last migration to replace [default: the last one that the database has]
    #[arg(long, value_name = "VERSION")]
    to: Option<String>,
    /// What the baseline is called [default: baseline]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Move the old files into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["delete", "keep"])]
    archive: Option<PathBuf>,
    /// Delete the old files [default where git has all of them]
    #[arg(long, conflicts_with = "keep")]
    delete: bool,
    /// Leave the old files where they are [default where the tool wants that]
    #[arg(long)]
    keep: bool,
    /// Replace migrations by a schema file that lacks the rows they put in (Rails)
    #[arg(long)]
    without_rows: bool,
    /// Show what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Another server to make the scratch databases on [default: the project's own]
    #[arg(long, value_name = "URL")]
    scratch: Option<String>,
}

/// What was made and is true.
struct Made {
    files: SquashFiles,
    dump: Dump,
    notes: Vec<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &SquashArgs) -> Result<Exit, Failure> {
    let project = Project::open(global)?;
    let mut connection = project.connect(Access::Read)?;
    let snapshot = engine::Snapshot::read(connection.as_mut(), project.adapter())?;
    let scope =
        project.adapter().squash_scope(&snapshot.context(connection.as_ref()), arguments.to.as_deref())?;
    let live = squash::live(connection.as_mut(), project.adapter())?;
    live.refuse_unapplied(&scope)?;
    let (fate, fate_note) = fate(arguments, &scope, &project)?;
    let gone = if fate == Fate::Keep { Vec::new() } else { scope.files.clone() };

    let maker = Maker::empty(&project, arguments.scratch.as_deref())?;
    let seen = Scope {
        without_database: true,
        without_clients: true,
        ..history::scope(Some(project.adapter()), connection.server())
    };
    let quiet = global.format == Format::Json;
    let tell = |text: String| {
        if !quiet {
            output::note(&text);
        }
    };
    tell(format!("running {} on a scratch database", counted(scope.ids.len(), "migration")));
    let url = global.url.as_deref().filter(|url| !url.is_empty());
    let made = project.with_bench(seen, |bench| {
        let wanted = Wanted { scope: &scope, gone: &gone, arguments, root: project.root(), url };
        make(bench, &maker, &wanted, connection.as_mut(), &live, &tell)
    })?;
    if !arguments.dry_run {
        squash::write(&made.files, &gone, &fate, project.root())?;
    }
    show(global, arguments, &project, &scope, &made, (&fate, &gone, fate_note))?;
    Ok(Exit::Done)
}

/// What is to be replaced, and how.
struct Wanted<'a> {
    scope: &'a SquashScope,
    gone: &'a [PathBuf],
    arguments: &'a SquashArgs,
    root: &'a Path,
    url: Option<&'a str>,
}

/// Makes the baseline and proves it; nothing of the project is touched.
fn make(
    bench: &mut Bench<'_>,
    maker: &Maker,
    wanted: &Wanted<'_>,
    connection: &mut dyn Connection,
    live: &squash::Live,
    tell: &dyn Fn(String),
) -> Result<Made, Failure> {
    let adapter = bench.adapter;
    let (scope, gone) = (wanted.scope, wanted.gone);
    let name = wanted.arguments.name.as_deref();
    let server = connection.server().clone();
    let first = maker.make()?;
    let given = squash::replay(bench, &first, scope)?;
    if scope.schema_file {
        return schema_file(bench, maker, wanted, (connection, live), (first, &given));
    }
    let dump = squash::dump(&first, &given, &bench.scope, &adapter.history_schema(&server))?;
    first.remove()?;
    tell("running the baseline on another".to_owned());
    let mut notes = Vec::new();
    let mut with_down = scope.with_down;
    let files = loop {
        let files = adapter.squash_files(scope, name, &dump.sql(server.dialect, with_down), &server)?;
        squash::refuse_occupied(&files, gone)?;
        let staging = squash::stage(&files)?;
        let new = adapter.squashed(gone, &files, staging.path())?;
        live.refuse_worse(connection, new.as_ref(), scope)?;
        let second = maker.make()?;
        let mut bench = of_new(bench, new.as_ref());
        let empty = bench.state(&second)?;
        squash::project(&mut bench, &second, scope, &given)?;
        let down = if with_down { squash::take_down(&mut bench, &second, &empty)? } else { Ok(()) };
        second.remove()?;
        match down {
            Ok(()) => break files,
            Err(reason) => {
                notes.push(format!("the baseline has no down: {reason}"));
                with_down = false;
            }
        }
    };
    notes.extend(files.notes.iter().cloned());
    Ok(Made { files, dump, notes })
}

/// The file that new databases begin with has everything, and the old migrations go: Rails' own way.
fn schema_file(
    bench: &mut Bench<'_>,
    maker: &Maker,
    wanted: &Wanted<'_>,
    (connection, live): (&mut dyn Connection, &squash::Live),
    (first, given): (Scratch, &State),
) -> Result<Made, Failure> {
    let rows: Vec<String> = given
        .rows
        .iter()
        .filter(|(_, rows)| rows.count > 0)
        .map(|(table, rows)| format!("{table} ({})", rows.count))
        .collect();
    if !rows.is_empty() && !wanted.arguments.without_rows {
        return Err(Failure::new(
            "ROWS",
            format!("the old migrations put rows into {}, and a schema file holds none", rows.join(", ")),
        )
        .help("Put into db/seeds.rb what a new database needs of them, and say --without-rows."));
    }
    let staging = squash::stage(&SquashFiles::default())?;
    let place = super::rails::squash::Place { root: wanted.root, url: wanted.url };
    let mut files = super::rails::squash::dump(&place, first.url(), staging.path())?;
    first.remove()?;
    let new = bench.adapter.squashed(wanted.gone, &files, staging.path())?;
    live.refuse_worse(connection, new.as_ref(), wanted.scope)?;
    let second = maker.make()?;
    if let Some((path, _)) = files.files.first() {
        super::rails::squash::load(&place, second.url(), staging.path(), path)?;
    }
    let loaded = bench.state(&second)?;
    second.remove()?;
    let [given_names, loaded_names] = [given, &loaded].map(super::rails::squash::without_made_up_names);
    squash::same_schema(&given_names, &loaded_names).map_err(|error| {
        Failure::from(error).help(
            "db/schema.rb cannot say everything: with `config.active_record.schema_format = :sql` the file is db/structure.sql, \
             which can.",
        )
    })?;
    if !rows.is_empty() {
        files.notes.push(format!("rows of {} are in no file now", rows.join(", ")));
    }
    let dump = Dump { tables: given.rows.len(), ..Dump::default() };
    let notes = std::mem::take(&mut files.notes);
    Ok(Made { files, dump, notes })
}

/// The same bench with another adapter on it.
fn of_new<'b>(bench: &'b mut Bench<'_>, adapter: &'b dyn Adapter) -> Bench<'b> {
    let guests: Option<&mut dyn GuestSource> = match &mut bench.guests {
        Some(guests) => Some(&mut **guests),
        None => None,
    };
    Bench { adapter, options: bench.options, guests, scope: bench.scope.clone(), trace: Trace::default() }
}

/// What becomes of the old files, and why where nobody said it.
fn fate(
    arguments: &SquashArgs,
    scope: &SquashScope,
    project: &Project,
) -> Result<(Fate, Option<String>), Failure> {
    if arguments.keep {
        if !scope.may_stay {
            return Err(Failure::usage("the old files cannot stay beside the baseline").help(
                "Move them away with --archive DIR, or delete them: without an option where git has them, else with --delete.",
            ));
        }
        return Ok((Fate::Keep, None));
    }
    if let Some(archive) = &arguments.archive {
        let archive = project.root().join(archive);
        refuse_inside(&archive, scope)?;
        return Ok((Fate::Archive(archive), None));
    }
    if arguments.delete {
        return Ok((Fate::Delete, None));
    }
    if let Some(reason) = &scope.stays {
        return Ok((Fate::Keep, Some(reason.clone())));
    }
    let advice = "Move them away with --archive DIR, or delete them for good with --delete.";
    match squash::in_git(&scope.files) {
        InGit::All => Ok((Fate::Delete, Some("git has all of them".to_owned()))),
        _ if arguments.dry_run => Ok((Fate::Delete, None)),
        InGit::AllBut(path) => Err(Failure::new(
            "NOT_COMMITTED",
            format!(
                "git does not have {} as it is, so it would be lost",
                project.shown_path(&path).display()
            ),
        )
        .help(advice)),
        InGit::None => Err(Failure::new(
            "NOT_COMMITTED",
            "the old files are in no git repository, so they would be lost",
        )
        .help(advice)),
    }
}

/// An archive among the migrations would be read as migrations.
fn refuse_inside(archive: &Path, scope: &SquashScope) -> Result<(), Failure> {
    let absolute = |path: &Path| std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let archive = absolute(archive);
    let folder = scope
        .files
        .iter()
        .filter_map(|file| file.parent())
        .find(|folder| archive.starts_with(absolute(folder)));
    match folder {
        None => Ok(()),
        Some(folder) => Err(Failure::usage(format!(
            "the archive would lie in {}, where its files are migrations again",
            folder.display()
        ))),
    }
}

fn show(
    global: &Global,
    arguments: &SquashArgs,
    project: &Project,
    scope: &SquashScope,
    made: &Made,
    (fate, gone, why): (&Fate, &[PathBuf], Option<String>),
) -> Result<(), Failure> {
    let shown = |path: &Path| project.shown_path(path).display().to_string();
    let everywhere = format!(
        "Every other database has to have {} applied before it is migrated with these files.",
        scope.title
    );
    if global.format == Format::Json {
        let files: Vec<_> = made
            .files
            .files
            .iter()
            .map(|(path, text)| json!({ "path": path.display().to_string(), "text": arguments.dry_run.then_some(text) }))
            .collect();
        return output::json(&json!({
            "written": !arguments.dry_run,
            "to": scope.to,
            "replaced": scope.ids,
            "files": files,
            "oldFiles": {
                "fate": match fate { Fate::Keep => "kept", Fate::Delete => "deleted", Fate::Archive(_) => "archived" },
                "paths": scope.files.iter().map(|path| path.display().to_string()).collect::<Vec<_>>(),
            },
            "tables": made.dump.tables,
            "rows": made.dump.rows,
            "notes": made.notes.iter().chain([&everywhere]).collect::<Vec<_>>(),
        }));
    }
    if arguments.dry_run {
        for (path, text) in &made.files.files {
            output::note(&format!("{}:", shown(path)));
            output::print(text)?;
        }
    }
    let (wrote, removed) = if arguments.dry_run { ("Would write", "would go") } else { ("Wrote", "gone") };
    let mut text = format!(
        "The baseline gives what {} gave: {}, {}.\n",
        counted(scope.ids.len(), "migration"),
        counted(made.dump.tables, "table"),
        counted(made.dump.rows as usize, "row"),
    );
    for (path, _) in &made.files.files {
        text.push_str(&format!("{wrote} {}\n", shown(path)));
    }
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    text.push_str(&match fate {
        Fate::Keep => format!("The old files stay{why}.\n"),
        Fate::Delete => format!("{} {removed}{why}.\n", capitalised(&counted(gone.len(), "old file"))),
        Fate::Archive(folder) => {
            format!("{} moved to {}.\n", capitalised(&counted(gone.len(), "old file")), shown(folder))
        }
    });
    for note in &made.notes {
        text.push_str(&format!("{}.\n", capitalised(note.trim_end_matches('.'))));
    }
    text.push_str(&everywhere);
    text.push('\n');
    output::print(&text)
}

fn capitalised(text: &str) -> String {
    let mut characters = text.chars();
    characters.next().map(|first| first.to_uppercase().chain(characters).collect()).unwrap_or_default()
}
