//! `--fix`: the safe forms written into the files.

use std::path::{Path, PathBuf};

use dunlin_compat::model::Dialect;
use dunlin_compat::native;

use super::{report, shown};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::lint::{Finding, Fix, Group};
use crate::sql;

/// What became of the fixes.
pub(super) struct Fixed {
    /// A line for each that was written.
    written: Vec<String>,
    /// A line for each that was not, with the reason.
    left: Vec<String>,
}

impl Fixed {
    /// Whether any file is another now.
    pub(super) fn changed(&self) -> bool {
        !self.written.is_empty()
    }

    /// Says it, beside the result.
    pub(super) fn print(&self) -> Result<(), Failure> {
        for line in self.written.iter().chain(&self.left) {
            output::note(line);
        }
        Ok(())
    }
}

/// Writes what can be written. A statement is mended once, by the first of its findings.
pub(super) fn write(findings: &[Finding], dialect: Dialect) -> Result<Fixed, Failure> {
    let mut fixed = Fixed { written: Vec::new(), left: Vec::new() };
    let mut paths: Vec<&PathBuf> =
        findings.iter().filter(|found| found.fix.is_some()).map(|found| &found.path).collect();
    paths.sort();
    paths.dedup();
    for path in paths {
        let unreadable = |error: std::io::Error| {
            Failure::new("FILE", format!("{} cannot be read or written: {error}", shown(path)))
        };
        let before = std::fs::read_to_string(path).map_err(unreadable)?;
        let after = mend(path, &before, findings, dialect, &mut fixed);
        if after != before {
            std::fs::write(path, after).map_err(unreadable)?;
        }
    }
    Ok(fixed)
}

fn mend(path: &Path, text: &str, findings: &[Finding], dialect: Dialect, fixed: &mut Fixed) -> String {
    let mut places: Vec<(usize, &Finding, &Fix)> = findings
        .iter()
        .filter(|finding| finding.path == path)
        .filter_map(|finding| Some((report::offset(text, finding)?, finding, finding.fix.as_ref()?)))
        .collect();
    // From the end, so that what is not yet mended stays where it is.
    places.sort_by_key(|(offset, _, _)| std::cmp::Reverse(*offset));
    places.dedup_by_key(|(offset, _, _)| *offset);
    let mut text = text.to_owned();
    for (offset, finding, fix) in places {
        let place = format!("{}:{}", shown(path), finding.line);
        match written(&text, offset, &finding.statement, fix, dialect) {
            Ok(after) => {
                text = after;
                fixed.written.push(format!("{place}: {}", fix.title));
            }
            Err(reason) => fixed.left.push(format!("{place}: not fixed, {reason}")),
        }
    }
    text
}

/// The file with a statement in its safe form.
fn written(
    text: &str,
    offset: usize,
    statement: &str,
    fix: &Fix,
    dialect: Dialect,
) -> Result<String, &'static str> {
    let end = offset + statement.len();
    let rest = text.get(end..).unwrap_or_default();
    let spaces = rest.len() - rest.trim_start().len();
    let behind = if rest.trim_start().starts_with(';') { end + spaces + 1 } else { end };
    let (head, tail) = (text.get(..offset).unwrap_or_default(), text.get(behind..).unwrap_or_default());
    let indent: String = {
        let line = head.rsplit('\n').next().unwrap_or_default();
        if line.trim().is_empty() { line.to_owned() } else { String::new() }
    };
    let in_place = |statements: &[String]| {
        let joined = statements.join(&format!(";\n{indent}"));
        format!("{head}{joined};{tail}")
    };
    let line = 1 + head.matches('\n').count();
    let Some(block) = block_of(text, line) else {
        // Not in blocks: another tool's file, which is one transaction or none.
        return match fix.groups.as_slice() {
            [group] if group.transaction && group.batch.is_none() => Ok(in_place(&group.statements)),
            [group]
                if group.batch.is_none()
                    && is_blank(head, dialect)
                    && is_blank(tail, dialect)
                    && group.statements.len() == 1 =>
            {
                Ok(in_place(&group.statements))
            }
            _ => Err("it takes several transactions: split the file into one for each"),
        };
    };
    if let [group] = fix.groups.as_slice()
        && group.batch.is_none()
        && (group.transaction || block.is_without_transaction)
    {
        return Ok(in_place(&group.statements));
    }
    if block.is_down && fix.groups.iter().any(|group| group.batch.is_some()) {
        return Err("a down has no batches");
    }
    let before = text.get(block.body..offset).unwrap_or_default();
    let after = text.get(behind..block.end).unwrap_or_default();
    let mut out = text.get(..block.start).unwrap_or_default().to_owned();
    let mut lead = before.trim().to_owned();
    if !is_blank(before, dialect) {
        out.push_str(&format!("{}\n{}\n\n", block.heading, before.trim()));
        lead.clear();
    } else if block.is_first && fix.groups.first().is_some_and(|group| group.batch.is_some()) {
        // A file begins with an up or a down, which may be empty.
        out.push_str(&format!("{}\n\n", block.heading));
    }
    for group in &fix.groups {
        out.push_str(&heading(group, &block));
        out.push('\n');
        if !lead.is_empty() {
            out.push_str(&lead);
            out.push('\n');
            lead.clear();
        }
        out.push_str(&group.statements.join(";\n"));
        out.push_str(";\n\n");
    }
    if is_blank(after, dialect) {
        let comment = after.trim();
        if !comment.is_empty() {
            out.push_str(comment);
            out.push_str("\n\n");
        }
    } else {
        out.push_str(&format!("{}\n{}\n\n", block.heading, after.trim()));
    }
    out.push_str(text.get(block.end..).unwrap_or_default());
    Ok(format!("{}\n", out.trim_end()))
}

fn heading(group: &Group, block: &Block<'_>) -> String {
    let way = if block.is_down { "down" } else { "up" };
    match &group.batch {
        Some((table, key)) => format!("-- migrate:batch table={table} key={key}"),
        None if group.transaction => format!("-- migrate:{way}"),
        None => format!("-- migrate:{way} transaction=none"),
    }
}

/// Whether a text has no statement in it.
fn is_blank(text: &str, dialect: Dialect) -> bool {
    sql::split(text, dialect).is_ok_and(|statements| statements.is_empty())
}

/// A block of a native file.
struct Block<'t> {
    heading: &'t str,
    is_first: bool,
    is_down: bool,
    is_without_transaction: bool,
    /// Where its heading begins.
    start: usize,
    /// Where what follows its heading begins.
    body: usize,
    /// Where the next block begins, or the file ends.
    end: usize,
}

/// The block that a line lies in.
fn block_of(text: &str, line: usize) -> Option<Block<'_>> {
    let document = native::parse(text).ok()?;
    let blocks: Vec<_> = document.blocks.iter().collect();
    let index = blocks.iter().rposition(|block| block.line <= line)?;
    let found = blocks.get(index)?;
    let start = start_of(text, found.line);
    let length = text.get(start..)?.find('\n').map_or(text.len() - start, |length| length + 1);
    let heading = text.get(start..start + length)?.trim_end();
    Some(Block {
        heading,
        is_first: index == 0,
        is_down: found.is_down(),
        is_without_transaction: heading.contains("transaction=none") || heading.contains("transaction:false"),
        start,
        body: start + length,
        end: blocks.get(index + 1).map_or(text.len(), |next| start_of(text, next.line)),
    })
}

/// The first byte of a line, from 1.
fn start_of(text: &str, line: usize) -> usize {
    text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum()
}
