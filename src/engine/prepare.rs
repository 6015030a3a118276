//! A migration step cut into statements and units, before anything is sent. Pure.

use std::path::Path;

use dunlin_compat::backfill::Backfill;
use dunlin_compat::model::{
    Block, Body, Dialect, MigrationStep, Plan, PluginStep, Script, Server, Step, TransactionRule,
};
use sha2::{Digest, Sha256};

use super::RunError;
use crate::sql::{self, Control, Facts, TransactionNeed};

/// A migration ready to run.
#[derive(Debug)]
pub struct Prepared<'p> {
    /// The step.
    pub step: &'p MigrationStep,
    /// What runs, in order.
    pub units: Vec<Unit<'p>>,
}

impl<'p> Prepared<'p> {
    /// Whether the whole migration runs in one transaction with its history row.
    pub fn is_atomic(&self) -> bool {
        matches!(self.units.as_slice(), [] | [Unit { mode: UnitMode::Transaction, .. }])
    }

    /// How many statements there are in all units.
    pub fn statement_count(&self) -> usize {
        self.units.iter().map(|unit| unit.statements.len()).sum()
    }

    /// All statements in order.
    pub fn statements(&self) -> impl Iterator<Item = &Statement<'p>> {
        self.units.iter().flat_map(|unit| unit.statements.iter())
    }
}

/// Statements that share a transaction, or that run without one, or one child process.
#[derive(Debug)]
pub struct Unit<'p> {
    /// How it runs.
    pub mode: UnitMode,
    /// Its statements.
    pub statements: Vec<Statement<'p>>,
    /// The child process instead of statements.
    pub program: Option<&'p Block>,
    /// The backfill that its one statement stands for.
    pub backfill: Option<&'p Backfill>,
    /// Whether it rebuilds a SQLite table, so that foreign keys must not act on the drop of the old one.
    pub rebuilds_tables: bool,
}

/// How a unit runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UnitMode {
    /// In one transaction.
    Transaction,
    /// Statement by statement, journaled.
    Stepwise,
    /// In chunks, each a transaction of its own, with a record of its own.
    Backfill,
}

/// A statement with its place and what is known of it.
#[derive(Debug, Clone)]
pub struct Statement<'p> {
    /// Without delimiter.
    pub text: String,
    /// The file.
    pub path: &'p Path,
    /// The line in the file, from 1.
    pub line: usize,
    /// What it is.
    pub facts: Facts,
    /// The data of a `COPY … FROM STDIN`.
    pub copy_data: Option<String>,
    /// The plugin that runs in its place.
    pub plugin: Option<&'p PluginStep>,
    /// Whether it is of a migration's body, around whose statements scripts may run, and not of a script.
    pub is_of_body: bool,
}

impl Statement<'_> {
    /// Whether it is more than a text to send.
    pub(super) fn is_sent_apart(&self) -> bool {
        self.copy_data.is_some() || self.plugin.is_some()
    }

    /// A short digest that tells whether a statement was edited.
    pub fn digest(&self) -> String {
        let mut hasher = Sha256::new();
        hasher.update(&self.text);
        if let Some(data) = &self.copy_data {
            hasher.update([0]);
            hasher.update(data);
        }
        hasher.finalize()[..8].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Prepares all migrations of a plan, so that what cannot be run is refused before the first one runs.
pub fn plan<'p>(plan: &'p Plan, server: &Server) -> Result<Vec<Prepared<'p>>, RunError> {
    for step in &plan.steps {
        if let Step::Script(found) = step {
            script(found, server)?;
        }
    }
    let prepared: Vec<Prepared<'_>> =
        plan.migrations().map(|step| migration(step, server)).collect::<Result<_, _>>()?;
    refuse_mixed_groups(&prepared, server)?;
    Ok(prepared)
}

/// Flyway's rule (`DbMigrate.isExecuteGroupInTransaction`): a group does not mix migrations that run in a transaction with
/// those that run without.
fn refuse_mixed_groups(prepared: &[Prepared<'_>], server: &Server) -> Result<(), RunError> {
    for (first, second) in prepared.iter().zip(prepared.iter().skip(1)) {
        let unmixed = |prepared: &Prepared<'_>| {
            prepared.step.blocks.iter().any(|block| block.transaction == TransactionRule::AutoUnmixed)
        };
        if second.step.group.is_none()
            || first.step.group != second.step.group
            || !(unmixed(first) || unmixed(second))
        {
            continue;
        }
        let without = runs_without_transaction(second, server);
        if runs_without_transaction(first, server) != without {
            let block = second.step.blocks.first();
            return Err(RunError::Refused {
                path: block.map(|block| block.source.path.clone()).unwrap_or_default(),
                line: 1,
                reason: format!(
                    "Detected both transactional and non-transactional migrations within the same migration group (even \
                     though mixed is false). First offending migration: {}{}",
                    second.step.title,
                    if without { " [non-transactional]" } else { "" }
                ),
            });
        }
    }
    Ok(())
}

fn runs_without_transaction(prepared: &Prepared<'_>, server: &Server) -> bool {
    let blocks = &prepared.step.blocks;
    blocks.iter().any(|block| {
        block.transaction == TransactionRule::Never || matches!(block.body, Body::Program { .. })
    }) || prepared
        .statements()
        .any(|statement| sql::flyway_non_transactional(&statement.text, server.dialect, server.version))
}

/// Refuses to rebuild a SQLite table statement by statement while foreign keys are enforced: dropping the old one would
/// delete the rows that refer to it.
///
/// # Errors
/// [`RunError::Refused`] at the statement that keeps the rebuild from being one transaction.
pub fn refuse_open_rebuilds(prepared: &[Prepared<'_>], server: &Server) -> Result<(), RunError> {
    for unit in prepared.iter().flat_map(|prepared| &prepared.units) {
        let switched = unit.statements.iter().any(|statement| sql::is_foreign_keys_pragma(&statement.text));
        if !unit.rebuilds_tables || unit.mode != UnitMode::Stepwise || switched {
            continue;
        }
        let cause = obstacle(TransactionRule::Auto, &unit.statements, server).or(unit.statements.first());
        let Some(statement) = cause else { continue };
        return Err(RunError::Refused {
            path: statement.path.to_path_buf(),
            line: statement.line,
            reason: "this block puts a table in the place of another, and is not one transaction: dropping the old table \
                     would delete the rows that refer to it. Move what cannot run in a transaction to a block of its own, \
                     or begin the block with PRAGMA foreign_keys = OFF"
                .to_owned(),
        });
    }
    Ok(())
}

/// Prepares one migration.
pub fn migration<'p>(step: &'p MigrationStep, server: &Server) -> Result<Prepared<'p>, RunError> {
    refuse_code_beside_others(step)?;
    let mut units = Vec::new();
    for found in &step.before {
        units.push(script(found, server)?);
    }
    let first_of_body = units.len();
    for block in &step.blocks {
        units.push(unit(block, server)?);
    }
    let body = units.len() - first_of_body;
    for found in &step.after {
        units.push(script(found, server)?);
    }
    if units.iter().skip(first_of_body).take(body).all(|unit| unit.mode == UnitMode::Transaction) {
        let (before, others) = units.split_at_mut(first_of_body);
        let after = others.get_mut(body..).unwrap_or_default();
        let rules = step.before.iter().chain(&step.after).map(|script| script.block.transaction);
        for (unit, rule) in before.iter_mut().chain(after).zip(rules) {
            join_the_transaction(unit, rule, server);
        }
    }
    units.retain(|unit| !unit.statements.is_empty() || unit.program.is_some());
    // Callback scripts belong to the transaction of a body that is one transaction.
    if body <= 1 && units.iter().all(|unit| unit.mode == UnitMode::Transaction) {
        units = merge(units);
    }
    Ok(Prepared { step, units })
}

/// A callback that switches SQLite's foreign keys leaves the migration in its transaction, where the switch does nothing: so
/// does Flyway.
fn join_the_transaction(unit: &mut Unit<'_>, rule: TransactionRule, server: &Server) {
    if server.dialect != Dialect::Sqlite || unit.mode != UnitMode::Stepwise || rule == TransactionRule::Never
    {
        return;
    }
    let is_switch = |statement: &Statement<'_>| sql::is_foreign_keys_pragma(&statement.text);
    let others: Vec<Statement<'_>> =
        unit.statements.iter().filter(|statement| !is_switch(statement)).cloned().collect();
    if unit.program.is_none() && unit.backfill.is_none() && obstacle(rule, &others, server).is_none() {
        unit.mode = UnitMode::Transaction;
    }
}

/// Code shares its transaction with its history row and with nothing else.
fn refuse_code_beside_others(step: &MigrationStep) -> Result<(), RunError> {
    let Some(block) = step.blocks.iter().find(|block| matches!(block.body, Body::Code(_))) else {
        return Ok(());
    };
    let scripts = step.before.len() + step.after.len() + step.on_error.len();
    if step.blocks.len() == 1 && scripts == 0 && step.each_statement.is_empty() {
        return Ok(());
    }
    Err(RunError::Refused {
        path: block.source.path.clone(),
        line: block.source.first_line,
        reason: "code cannot be run together with other blocks or scripts in one migration".to_owned(),
    })
}

/// Prepares a script.
pub fn script<'p>(found: &'p Script, server: &Server) -> Result<Unit<'p>, RunError> {
    let mut unit = unit(&found.block, server)?;
    unit.statements.iter_mut().for_each(|statement| statement.is_of_body = false);
    Ok(unit)
}

fn merge(units: Vec<Unit<'_>>) -> Vec<Unit<'_>> {
    let Some(merged) = units.into_iter().reduce(|mut first, second| {
        first.statements.extend(second.statements);
        first.rebuilds_tables |= second.rebuilds_tables;
        first
    }) else {
        return Vec::new();
    };
    vec![merged]
}

fn unit<'p>(block: &'p Block, server: &Server) -> Result<Unit<'p>, RunError> {
    match &block.body {
        Body::Nothing => Ok(Unit {
            mode: UnitMode::Transaction,
            statements: Vec::new(),
            program: None,
            backfill: None,
            rebuilds_tables: false,
        }),
        Body::Program { .. } => Ok(Unit {
            mode: UnitMode::Stepwise,
            statements: Vec::new(),
            program: Some(block),
            backfill: None,
            rebuilds_tables: false,
        }),
        Body::Sql => sql_unit(block, server),
        Body::Backfill(backfill) => super::backfill::unit(block, backfill, server),
        Body::Plugin(step) => Ok(super::plugin_step::unit(block, step)),
        // Its statements are known when it runs.
        Body::Code(_) => Ok(Unit {
            mode: UnitMode::Transaction,
            statements: Vec::new(),
            program: None,
            backfill: None,
            rebuilds_tables: false,
        }),
    }
}

fn sql_unit<'p>(block: &'p Block, server: &Server) -> Result<Unit<'p>, RunError> {
    let source = &block.source;
    let found = sql::split_quoted(&source.text, server.dialect, server.quoting).map_err(|error| {
        RunError::Split { path: source.path.clone(), first_line: source.first_line, error }
    })?;
    let rebuilds_tables = server.dialect == Dialect::Sqlite && sql::sqlite_rebuilds(&found);
    let mut statements: Vec<Statement<'p>> = found
        .into_iter()
        .map(|statement| Statement {
            facts: sql::classify(&statement.text, server.dialect, server.version),
            line: statement.line + source.first_line - 1,
            path: &source.path,
            text: statement.text,
            copy_data: statement.copy_data,
            plugin: None,
            is_of_body: true,
        })
        .collect();
    refuse_other_encodings(&statements, server)?;
    refuse_two_phase(&statements)?;
    if block.transaction == TransactionRule::AutoUnmixed {
        refuse_mixture(&statements, server)?;
    }
    let mode = mode(block.transaction, &mut statements, server)?;
    Ok(Unit { mode, statements, program: None, backfill: None, rebuilds_tables })
}

/// What we send is UTF-8. A server told otherwise would store other characters than the file has, without an error.
fn refuse_other_encodings(statements: &[Statement<'_>], server: &Server) -> Result<(), RunError> {
    for statement in statements.iter().filter(|statement| statement.facts.changes_parsing) {
        if let Some(encoding) = sql::foreign_client_encoding(&statement.text, server.dialect) {
            return Err(RunError::Refused {
                path: statement.path.to_path_buf(),
                line: statement.line,
                reason: format!(
                    "this tells the server that the text behind it is {encoding}, but dunlin sends UTF-8, so other characters \
                     would be stored than the file has. Remove the statement (and save the file as UTF-8)"
                ),
            });
        }
    }
    Ok(())
}

/// A prepared transaction outlives its session with all its locks, and commits at another's word: neither the history row nor
/// the journal can go with it.
fn refuse_two_phase(statements: &[Statement<'_>]) -> Result<(), RunError> {
    let Some(statement) =
        statements.iter().find(|statement| statement.facts.control == Some(Control::TwoPhase))
    else {
        return Ok(());
    };
    Err(RunError::Refused {
        path: statement.path.to_path_buf(),
        line: statement.line,
        reason: "this statement is of a two-phase commit, whose transaction outlives the session and cannot be recorded together \
                 with the migration. Use BEGIN and COMMIT, or run it by hand outside of migrations"
            .to_owned(),
    })
}

/// Flyway's rule (`ParserSqlScript.parse`): a script does not mix statements that run in a transaction with those that
/// run without. Which those are is Flyway's own list, shorter than the server's.
fn refuse_mixture(statements: &[Statement<'_>], server: &Server) -> Result<(), RunError> {
    let mut kinds = statements.iter().map(|statement| {
        (statement, sql::flyway_non_transactional(&statement.text, server.dialect, server.version))
    });
    let Some((_, first)) = kinds.next() else { return Ok(()) };
    let Some((offending, without)) = kinds.find(|(_, without)| *without != first) else { return Ok(()) };
    Err(RunError::Refused {
        path: offending.path.to_path_buf(),
        line: offending.line,
        reason: format!(
            "Detected both transactional and non-transactional statements within the same migration (even though mixed is \
             false). Offending statement found at line {}: {}{}",
            offending.line,
            offending.text,
            if without { " [non-transactional]" } else { "" }
        ),
    })
}

fn mode(
    rule: TransactionRule,
    statements: &mut Vec<Statement<'_>>,
    server: &Server,
) -> Result<UnitMode, RunError> {
    if rule == TransactionRule::Never {
        return Ok(UnitMode::Stepwise);
    }
    if server.dialect == Dialect::Sqlite {
        // What is not one transaction in the end needs its own switches where they stand.
        let mut hoisted = statements.clone();
        hoist_foreign_keys(rule, &mut hoisted);
        strip_outer_transaction(&mut hoisted, server.dialect);
        if obstacle(rule, &hoisted, server).is_none() {
            *statements = hoisted;
            return Ok(UnitMode::Transaction);
        }
    }
    strip_outer_transaction(statements, server.dialect);
    match obstacle(rule, statements, server) {
        None => Ok(UnitMode::Transaction),
        Some(statement) if rule == TransactionRule::Always && !statement.facts.implicit_commit => {
            Err(RunError::Refused {
                path: statement.path.to_path_buf(),
                line: statement.line,
                reason: "this statement cannot run inside a transaction, and the migration says transaction=always. Say \
                         transaction=none, or move it to a block of its own"
                    .to_owned(),
            })
        }
        Some(_) => Ok(UnitMode::Stepwise),
    }
}

/// The first statement that keeps a script from being one transaction.
fn obstacle<'s, 'p>(
    rule: TransactionRule,
    statements: &'s [Statement<'p>],
    server: &Server,
) -> Option<&'s Statement<'p>> {
    statements.iter().find(|statement| {
        matches!(statement.facts.transaction, TransactionNeed::Forbidden { .. })
            || statement.facts.implicit_commit
            || (rule != TransactionRule::Always && commits_unseen(statement, server.dialect))
            || statement.facts.control.is_some_and(|control| control != Control::Savepoint)
    })
}

/// Whether a statement may end the transaction that is open without an error: a procedure on MySQL, where one that is
/// about to commit on PostgreSQL is refused there.
fn commits_unseen(statement: &Statement<'_>, dialect: Dialect) -> bool {
    let called = dialect == Dialect::Postgres && sql::first_word(&statement.text, dialect) == "CALL";
    !called && sql::may_commit(&statement.text, dialect)
}

/// A script that is one `BEGIN … COMMIT` gets our transaction instead, so that its history row commits with it.
fn strip_outer_transaction(statements: &mut Vec<Statement<'_>>, dialect: Dialect) {
    let controls: Vec<(usize, Control)> = statements
        .iter()
        .enumerate()
        .filter_map(|(index, statement)| statement.facts.control.map(|control| (index, control)))
        .filter(|(_, control)| *control != Control::Savepoint)
        .collect();
    let [(0, Control::Begin), (last, Control::Commit)] = controls.as_slice() else { return };
    if last + 1 == statements.len() && statements.first().is_some_and(|first| begins_plainly(first, dialect))
    {
        statements.pop();
        statements.remove(0);
    }
}

/// Whether a `BEGIN` asks for nothing that ours does not give, such as an isolation level.
fn begins_plainly(statement: &Statement<'_>, dialect: Dialect) -> bool {
    const PLAIN: [&str; 7] = ["BEGIN", "START", "TRANSACTION", "WORK", "DEFERRED", "IMMEDIATE", "EXCLUSIVE"];
    sql::words(&statement.text, dialect).iter().all(|word| PLAIN.contains(&word.as_str()))
}

/// `PRAGMA foreign_keys` does nothing inside a transaction, and a rebuild written around it relies on it. The engine
/// switches foreign keys off around the transaction of a rebuild, so the script's own switches go.
fn hoist_foreign_keys(rule: TransactionRule, statements: &mut Vec<Statement<'_>>) {
    if rule != TransactionRule::Auto && rule != TransactionRule::Always {
        return;
    }
    let others_forbid = statements.iter().any(|statement| {
        matches!(statement.facts.transaction, TransactionNeed::Forbidden { .. })
            && !sql::is_foreign_keys_pragma(&statement.text)
    });
    if !others_forbid {
        statements.retain(|statement| !sql::is_foreign_keys_pragma(&statement.text));
    }
}
