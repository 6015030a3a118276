//! What the safety rules look at, made from a prepared plan.

use dunlin_compat::model::{Body, Dialect};

use super::prepare::{Prepared, Statement, UnitMode};
use crate::lint;

/// The statements of migrations for the safety rules. Those of migrations that are code are not known before they run: their
/// files come with none.
///
/// `has_lock_timeout`: the engine runs DDL under a lock time-out.
pub fn lint_migrations(
    prepared: &[Prepared<'_>],
    dialect: Dialect,
    has_lock_timeout: bool,
) -> Vec<lint::Migration> {
    prepared.iter().map(|prepared| migration(prepared, dialect, has_lock_timeout)).collect()
}

fn migration(prepared: &Prepared<'_>, dialect: Dialect, has_lock_timeout: bool) -> lint::Migration {
    let step = prepared.step;
    let source = step.blocks.first().map(|block| &block.source);
    let is_code = step.blocks.iter().any(|block| matches!(block.body, Body::Code(_)));
    let mut statements = Vec::new();
    for (number, unit) in prepared.units.iter().enumerate() {
        let is_batched = unit.mode == UnitMode::Backfill;
        // What the server commits by itself shares no transaction, whatever encloses it.
        let transaction = (unit.mode == UnitMode::Transaction).then_some(number);
        for statement in unit.statements.iter().filter(|statement| statement.plugin.is_none()) {
            statements.push(lint::Statement {
                text: statement.text.clone(),
                path: statement.path.to_path_buf(),
                line: statement.line,
                column: column(statement, prepared),
                transaction,
                is_batched,
            });
        }
    }
    lint::Migration {
        id: step.id.clone(),
        path: source.map(|source| source.path.clone()).unwrap_or_default(),
        direction: step.direction,
        has_down: None,
        missing_down: None,
        is_code,
        has_lock_timeout: has_lock_timeout && dialect != Dialect::Sqlite,
        statements,
    }
}

/// The column on which a statement begins, as far as its file tells.
fn column(statement: &Statement<'_>, prepared: &Prepared<'_>) -> usize {
    let first = crate::sql::text::lines(&statement.text).next().unwrap_or_default();
    let blocks = prepared.step.blocks.iter().map(|block| &block.source);
    blocks
        .filter(|source| source.path == statement.path && statement.line >= source.first_line)
        .find_map(|source| {
            let line = crate::sql::text::lines(&source.text).nth(statement.line - source.first_line)?;
            let before = line.get(..line.find(first)?)?;
            Some(before.chars().count() + 1)
        })
        .unwrap_or(1)
}
