//! Blocks of a file as the engine takes them, in a native project and as a stand-in for another tool's migration.

use std::path::Path;

use super::layout::refused_file;
use super::parse::{Directive, Document, DocumentBlock, has_directives, parse};
use super::rows::Rows;
use super::text::with_plain_line_ends;
use crate::backfill::Work;
use crate::model::{AdapterError, Block, Body, Direction, PluginStep, Source, TransactionRule};

/// What a stand-in runs instead of the migration `title`: the blocks of a file with directives; `None` for plain SQL, which the
/// other tool has its own rules for.
///
/// # Errors
/// The file does not read, or has nothing for this direction.
pub fn stand_in_blocks(
    path: &Path,
    text: &str,
    title: &str,
    direction: Direction,
) -> Result<Option<Vec<Block>>, AdapterError> {
    if !has_directives(text) {
        return Ok(None);
    }
    let document = parse(text).map_err(|errors| refused_file(path, &errors))?;
    if let Some(block) =
        document.blocks.iter().find(|block| matches!(block.directive, Directive::Baseline { .. }))
    {
        return Err(AdapterError::refused(
            "STAND_IN",
            format!("{}:{}: a stand-in cannot be a baseline; nothing was run", path.display(), block.line),
        )
        .at(path, block.line)
        .advise("Write `-- migrate:up` in its place."));
    }
    let down = direction == Direction::Down;
    let found = blocks(path, title, &document, |block| block.is_down() == down);
    if document.blocks.iter().filter(|block| block.is_down() == down).all(DocumentBlock::is_blank) {
        return Err(nothing_written(path, title, direction));
    }
    Ok(Some(found))
}

/// The refusal of a stand-in that says nothing for a direction.
pub fn nothing_written(path: &Path, title: &str, direction: Direction) -> AdapterError {
    AdapterError::refused(
        "STAND_IN",
        format!("the stand-in for {title}, {}, has no {direction}; nothing was run", path.display()),
    )
    .at(path, 1)
    .advise(format!(
        "Write it under `-- migrate:{direction}`; a comment there says that nothing needs to be done."
    ))
}

/// Blocks of a file as the engine takes them. Backfills are named by their place among those of the file.
pub(super) fn blocks(
    path: &Path,
    title: &str,
    document: &Document,
    wanted: impl Fn(&DocumentBlock) -> bool,
) -> Vec<Block> {
    let mut backfills = 0;
    let mut blocks = Vec::new();
    for block in &document.blocks {
        let (body, transaction) = match &block.directive {
            Directive::Up { transaction }
            | Directive::Down { transaction }
            | Directive::Baseline { transaction } => (Body::Sql, *transaction),
            Directive::Backfill { plugin, rows } => {
                backfills += 1;
                let work = Work::Plugin { name: plugin.clone(), inverse: rows.down };
                (backfill(title, backfills, rows, work), TransactionRule::Never)
            }
            Directive::Batch { rows } => {
                backfills += 1;
                let work = Work::Sql { text: with_plain_line_ends(block.text.trim()) };
                (backfill(title, backfills, rows, work), TransactionRule::Never)
            }
            Directive::Step { plugin, down } => {
                let step = PluginStep { plugin: plugin.clone(), inverse: *down, identity: String::new() };
                (Body::Plugin(step), TransactionRule::Always)
            }
        };
        if wanted(block) {
            let source = Source {
                path: path.to_path_buf(),
                text: block.text.clone(),
                first_line: block.line.saturating_add(1),
            };
            blocks.push(Block { source, body, transaction });
        }
    }
    blocks
}

fn backfill(title: &str, number: usize, rows: &Rows, work: Work) -> Body {
    Body::Backfill(Box::new(rows.backfill(format!("{title}/{number}"), work)))
}
