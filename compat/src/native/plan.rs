//! What `up` and `down` run.

use crate::model::{
    AdapterError, Block, Dialect, Direction, EachStatement, HistoryStatement, MigrationStep, Plan, Record,
    Request, Reversal, Server, Step,
};

use super::blocks::blocks;
use super::history::{self, AppliedRow, TableName};
use super::layout::MigrationFile;
use super::parse::DocumentBlock;
use super::status::{Joined, State, problem};
use super::suggest::nearest_few;
use super::version::Version;

/// Everything a plan is made from.
pub(super) struct Situation<'a> {
    pub(super) table: &'a TableName,
    pub(super) server: &'a Server,
    /// Whether the history table exists.
    pub(super) history_exists: bool,
    pub(super) rows: &'a [AppliedRow],
    pub(super) joined: &'a [Joined<'a>],
}

/// The plan of `up`: every pending migration in the order of versions, those out of order included.
pub(super) fn up(situation: &Situation<'_>, request: &Request) -> Result<Plan, AdapterError> {
    let problems: Vec<_> = situation.joined.iter().filter_map(problem).collect();
    if !problems.is_empty() {
        return Err(AdapterError::Invalid {
            message: "the history does not fit the migration files; nothing was run".to_owned(),
            problems,
        });
    }
    let target = request.to.as_deref().map(|to| find(situation, to)).transpose()?;
    let pending: Vec<&MigrationFile> = situation
        .joined
        .iter()
        .filter(|joined| joined.state.is_pending())
        .filter(|joined| target.is_none_or(|target| joined.version <= target.version))
        .take(request.steps.unwrap_or(usize::MAX))
        .filter_map(|joined| joined.file)
        .collect();

    let mut plan = Plan::default();
    if pending.is_empty() {
        if let Some(target) = target.filter(|_| request.steps != Some(0)) {
            let title = target.title();
            plan.warnings.push(format!("{title} is {}; nothing up to it is pending", target.state));
        }
        return Ok(plan);
    }
    if !situation.history_exists {
        plan.steps.push(Step::Setup(history::create(situation.table, situation.server)?));
    }
    let batch = next_batch(situation.rows);
    for file in pending {
        let record = history::insert(situation.table, situation.server, file, batch);
        let blocks = forward_blocks(file)?;
        let step = step(situation.server, file, &file.version, Direction::Up, blocks, record);
        plan.steps.push(Step::Migration(Box::new(step)));
    }
    Ok(plan)
}

/// The plan of `down`: applied migrations from the highest version on. One, unless the request says otherwise.
pub(super) fn down(situation: &Situation<'_>, request: &Request) -> Result<Plan, AdapterError> {
    let mut plan = Plan::default();
    let to_start = request.to.as_deref().and_then(Version::parse).is_some_and(|version| version.is_zero());
    let target = match request.to.as_deref() {
        Some(to) if !to_start => Some(find(situation, to)?),
        _ => None,
    };
    let baseline = situation.joined.iter().rfind(|joined| joined.state.is_ground());
    if let (Some(target), Some(baseline)) = (target, baseline)
        && target.version < baseline.version
    {
        return Err(AdapterError::refused(
            "BELOW_BASELINE",
            format!(
                "cannot go down to {}: the history begins at baseline {}",
                target.title(),
                baseline.version
            ),
        )
        .advise(format!("`down --to {}` reverts all that was applied since.", baseline.version)));
    }
    if let Some(baseline) = baseline.filter(|_| to_start) {
        plan.warnings.push(format!("what was there at baseline {} stays", baseline.version));
    }

    let steps = match (request.steps, &request.to) {
        (Some(steps), _) => steps,
        (None, Some(_)) => usize::MAX,
        (None, None) => 1,
    };
    let applied = situation
        .joined
        .iter()
        .rev()
        .filter(|joined| joined.state.has_run())
        .filter(|joined| target.is_none_or(|target| joined.version > target.version))
        .take(steps);
    for joined in applied {
        let (file, blocks) = backward_blocks(joined)?;
        if joined.state == State::Edited {
            plan.warnings.push(format!(
                "{} was changed after it had been applied; its down is run as the file says now",
                joined.title()
            ));
        }
        let step = backward(situation.table, situation.server, file, joined.version, blocks);
        plan.steps.push(Step::Migration(Box::new(step)));
    }
    Ok(plan)
}

fn step(
    server: &Server,
    file: &MigrationFile,
    version: &Version,
    direction: Direction,
    blocks: Vec<Block>,
    record: HistoryStatement,
) -> MigrationStep {
    MigrationStep {
        id: version.to_string(),
        title: file.title(),
        direction,
        before: Vec::new(),
        blocks,
        after: Vec::new(),
        on_error: Vec::new(),
        each_statement: EachStatement::default(),
        session: session(server),
        restore: match server.dialect {
            Dialect::Postgres => vec!["RESET SESSION AUTHORIZATION".to_owned(), "RESET ROLE".to_owned()],
            _ => Vec::new(),
        },
        record: Record { success: vec![record], ..Record::default() },
        group: None,
    }
}

fn backward(
    table: &TableName,
    server: &Server,
    file: &MigrationFile,
    version: &Version,
    blocks: Vec<Block>,
) -> MigrationStep {
    let record = HistoryStatement::plain(history::delete(table, server, version));
    step(server, file, version, Direction::Down, blocks, record)
}

/// What takes a migration back.
pub(super) fn reversal(table: &TableName, server: &Server, file: &MigrationFile) -> Reversal {
    let step = file.is_reversible().then(|| {
        let blocks = blocks(&file.path, &file.title(), &file.document, DocumentBlock::is_down);
        backward(table, server, file, &file.version, blocks)
    });
    Reversal { id: file.version.to_string(), step }
}

/// A migration must not depend on what another one left in the session.
fn session(server: &Server) -> Vec<String> {
    match server.dialect {
        Dialect::Postgres => {
            let path = server.dialect.quote_literal(&server.search_path);
            vec![
                "RESET SESSION AUTHORIZATION".to_owned(),
                "RESET ROLE".to_owned(),
                // Time-outs, how strings are read, what a dump switches off: as they were at the beginning.
                "RESET ALL".to_owned(),
                format!("SELECT pg_catalog.set_config('search_path', {path}, false)"),
            ]
        }
        Dialect::Mysql | Dialect::Mariadb => {
            // What a dump sets and may not have put back.
            let settings = "SET SESSION sql_mode = DEFAULT, foreign_key_checks = DEFAULT, unique_checks = DEFAULT, \
                            sql_safe_updates = DEFAULT, time_zone = DEFAULT";
            let of_url =
                (!server.session_settings.is_empty()).then(|| Server::setting(&server.session_settings));
            let database = (!server.schema.is_empty())
                .then(|| format!("USE {}", server.dialect.quote_identifier(&server.schema)));
            [settings.to_owned()].into_iter().chain(of_url).chain(database).collect()
        }
        Dialect::Sqlite => Vec::new(),
    }
}

fn forward_blocks(file: &MigrationFile) -> Result<Vec<Block>, AdapterError> {
    if file.document.forward().all(DocumentBlock::is_blank) {
        let line = file.document.forward().next().map_or(1, |block| block.line);
        return Err(AdapterError::refused(
            "EMPTY_UP",
            format!("{}:{line}: the up of {} is empty; nothing was run", file.path.display(), file.title()),
        )
        .at(&file.path, line)
        .advise("Write the SQL, or a comment under `-- migrate:up` if there is nothing to do."));
    }
    Ok(blocks(&file.path, &file.title(), &file.document, |block| !block.is_down()))
}

fn backward_blocks<'a>(joined: &Joined<'a>) -> Result<(&'a MigrationFile, Vec<Block>), AdapterError> {
    let title = joined.title();
    let Some(file) = joined.file else {
        return Err(AdapterError::refused(
            "MISSING_FILE",
            format!("{title} cannot be reverted: its file is gone; nothing was run"),
        )
        .advise("Bring the file back, or forget the migration with `dunlin repair`."));
    };
    if !file.is_reversible() {
        let block = file.document.backward().next();
        let line = block.map_or(1, |block| block.line);
        let reason = if block.is_some() { "its down is empty" } else { "it has no `-- migrate:down`" };
        return Err(AdapterError::refused(
            "NO_DOWN",
            format!(
                "{}:{line}: {title} cannot be reverted: {reason}; nothing was run",
                file.path.display()
            ),
        )
        .at(&file.path, line)
        .advise("Write what reverts it under `-- migrate:down`; a comment there says that nothing needs to be done."));
    }
    Ok((file, blocks(&file.path, &file.title(), &file.document, DocumentBlock::is_down)))
}

fn next_batch(rows: &[AppliedRow]) -> u64 {
    rows.iter().map(|row| row.batch).max().unwrap_or(0).saturating_add(1)
}

/// Finds what a user named: a version, `version_name`, or a file's name.
pub(super) fn find<'a>(situation: &'a Situation<'a>, wanted: &str) -> Result<&'a Joined<'a>, AdapterError> {
    let bare = wanted.strip_suffix(".sql").unwrap_or(wanted);
    let version = Version::parse(bare);
    let found = situation
        .joined
        .iter()
        .find(|joined| version.as_ref() == Some(joined.version) || joined.title() == bare);
    if let Some(found) = found {
        return Ok(found);
    }
    let titles: Vec<String> = situation.joined.iter().map(Joined::title).collect();
    let near = nearest_few(bare, titles.iter().map(String::as_str), 3);
    let advice = match (near.as_slice(), titles.as_slice()) {
        ([], []) => "There are no migrations.".to_owned(),
        ([], _) => "`dunlin status` lists the migrations.".to_owned(),
        (near, _) => format!("Did you mean {}?", near.join(", ")),
    };
    Err(AdapterError::refused("UNKNOWN_VERSION", format!("there is no migration {wanted}")).advise(advice))
}
