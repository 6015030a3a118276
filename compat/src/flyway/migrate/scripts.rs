//! Files turned into what the engine runs: the bodies of migrations and callbacks.

use std::path::Path;

use crate::flyway::callback::{CallbackScript, Event};
use crate::flyway::java;
use crate::flyway::placeholder::Placeholders;
use crate::flyway::scan::ResolvedMigration;
use crate::flyway::script_config::ScriptConfig;
use crate::flyway::states::Resolved;
use crate::flyway::status::{View, refuse_scan};
use crate::model::{AdapterError, Block, Body, Direction, Script, Source, Step, TransactionRule};
use crate::native::stand_in_blocks as stand_in_blocks_of;

/// The callbacks of an event as steps. Those that Flyway runs on a connection of their own get a session of their own.
pub fn steps(view: &View<'_>, event: Event) -> Result<Vec<Step>, AdapterError> {
    Ok(scripts(view, event)?.into_iter().map(Step::Script).collect())
}

/// The callbacks of an event, those without description first, then by description (`DefaultCallbackExecutor`).
pub(crate) fn scripts(view: &View<'_>, event: Event) -> Result<Vec<Script>, AdapterError> {
    let mut found: Vec<&CallbackScript> =
        view.adapter.scan.callbacks.iter().filter(|callback| callback.event == event).collect();
    found.sort_by(|left, right| left.description.encode_utf16().cmp(right.description.encode_utf16()));
    // Before there is a connection only programs can run.
    found.retain(|callback| callback.is_program || event != Event::BeforeConnect);
    found.into_iter().map(|callback| script(view, callback)).collect()
}

fn script(view: &View<'_>, callback: &CallbackScript) -> Result<Script, AdapterError> {
    let block = if callback.is_program {
        program(view, &callback.path, &callback.name.file_name())
    } else {
        let text = callback.load_sql(&view.placeholders).map_err(|error| refuse_scan(&error))?;
        Block {
            source: Source::file(&callback.path, text),
            body: Body::Sql,
            transaction: transaction(view, callback.config.as_ref()),
        }
    };
    let name = if callback.description.is_empty() {
        callback.event.id().to_owned()
    } else {
        format!("{} - {}", callback.event.id(), callback.description)
    };
    Ok(Script { name, block, own_session: has_own_session(callback.event) })
}

/// Run-level events of migrate and undo have a fresh connection, so that nothing a migration left behind shows.
fn has_own_session(event: Event) -> bool {
    matches!(
        event,
        Event::BeforeMigrate
            | Event::BeforeRepeatables
            | Event::AfterVersioned
            | Event::AfterMigrateApplied
            | Event::AfterMigrate
            | Event::AfterMigrateError
            | Event::BeforeUndo
            | Event::AfterUndo
            | Event::AfterUndoError
    )
}

/// The body of a migration's file.
pub(crate) fn block(view: &View<'_>, file: &ResolvedMigration) -> Result<Block, AdapterError> {
    if view.adapter.config.skip_executing_migrations {
        return Ok(nothing(&file.path));
    }
    if file.is_program {
        return Ok(program(view, &file.path, &file.name.file_name()));
    }
    let text = file.load_sql(&view.placeholders).map_err(|error| refuse_scan(&error))?;
    Ok(Block {
        source: Source::file(&file.path, text),
        body: Body::Sql,
        transaction: transaction(view, file.config.as_ref()),
    })
}

/// What stands in for a migration without a file of ours: blocks under directives, or SQL. Its text is taken as UTF-8, its
/// placeholders are replaced. A class that nothing stands in for is refused.
pub(crate) fn stand_in_blocks(view: &View<'_>, file: &Resolved) -> Result<Vec<Block>, AdapterError> {
    let path = Path::new(&file.path);
    if view.adapter.config.skip_executing_migrations {
        return Ok(vec![nothing(path)]);
    }
    if java::is_class_file(path) {
        let key = file.version.as_ref().map_or_else(|| file.description.clone(), ToString::to_string);
        return Err(java::refuse(&file.script, path, &key));
    }
    let unreadable = |reason: String| {
        AdapterError::refused("ERROR", format!("Cannot read the stand-in {}: {reason}", path.display()))
            .at(path, 1)
            .advise("Correct its path under [flyway.stand-in] in dunlin.toml.")
    };
    let text = std::fs::read_to_string(path).map_err(|error| unreadable(error.to_string()))?;
    let placeholders = file_placeholders(&view.placeholders, path);
    let text = if view.adapter.config.placeholder_replacement {
        let replaced = placeholders.replace(&text);
        replaced.map_err(|error| unreadable(error.to_string()).at(path, error.line()))?.into_owned()
    } else {
        text
    };
    let class = file.script.rsplit('.').next().unwrap_or(&file.script);
    if let Some(blocks) = stand_in_blocks_of(path, &text, class, Direction::Up)? {
        return Ok(blocks);
    }
    Ok(vec![Block {
        source: Source::file(path, text),
        body: Body::Sql,
        transaction: transaction(view, None),
    }])
}

fn file_placeholders(placeholders: &Placeholders, path: &Path) -> Placeholders {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    placeholders.with_file_name(&name)
}

fn nothing(path: &Path) -> Block {
    Block { source: Source::file(path, ""), body: Body::Nothing, transaction: TransactionRule::Always }
}

/// `.conf` decides, then `executeInTransaction`, then the statements themselves (`ParserSqlScript`).
fn transaction(view: &View<'_>, own: Option<&ScriptConfig>) -> TransactionRule {
    let config = &view.adapter.config;
    match own.and_then(|own| own.execute_in_transaction) {
        Some(true) => TransactionRule::Always,
        Some(false) => TransactionRule::Never,
        None if !config.execute_in_transaction => TransactionRule::Never,
        None if config.mixed => TransactionRule::Auto,
        None => TransactionRule::AutoUnmixed,
    }
}

/// How a program is started, and what it finds in its environment (`ScriptMigrationExecutor`).
fn program(view: &View<'_>, path: &Path, file_name: &str) -> Block {
    let config = &view.adapter.config;
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    let words: Vec<String> = match extension.as_deref() {
        Some("bat" | "cmd") => vec!["cmd".to_owned(), "/c".to_owned()],
        Some("ps1") => {
            let default = if cfg!(windows) { "powershell" } else { "pwsh" };
            let shell = config.powershell_executable.as_deref().filter(|name| !name.trim().is_empty());
            vec![shell.unwrap_or(default).to_owned(), "-File".to_owned()]
        }
        Some("py") => vec!["python".to_owned()],
        Some("sh") => vec!["sh".to_owned()],
        Some("bash") => vec!["bash".to_owned()],
        _ => Vec::new(),
    };
    let connection = [
        ("FLYWAY_URL", config.url.as_ref().map(|url| url.reveal().to_owned())),
        ("FLYWAY_USER", Some(config.user.clone().unwrap_or_else(|| view.server.user.clone()))),
        ("FLYWAY_PASSWORD", config.password.as_ref().map(|password| password.reveal().to_owned())),
    ];
    let environment = connection
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value.filter(|value| !value.is_empty())?)))
        .chain(view.program_placeholders.with_file_name(file_name).environment())
        .collect();
    Block {
        source: Source::file(path, ""),
        body: Body::Program { command: words, environment },
        transaction: TransactionRule::Always,
    }
}
