//! Findings for people, and as one JSON document.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};
use serde_json::{Value, json};

use super::{Checked, shown};
use crate::cli::failure::Failure;
use crate::cli::output;
use crate::count::counted;
use crate::ddl::Blocks;
use crate::lint::{Finding, Severity, Time};

/// Prints what was found, and a sentence at the end.
pub(super) fn print(checked: &Checked) -> Result<(), Failure> {
    let mut texts: BTreeMap<&Path, Option<String>> = BTreeMap::new();
    let mut text = String::new();
    for finding in &checked.findings {
        let file = texts.entry(&finding.path).or_insert_with(|| std::fs::read_to_string(&finding.path).ok());
        text.push_str(&rendered(finding, file.as_deref()));
        text.push('\n');
    }
    if !checked.code.is_empty() {
        text.push_str(&unseen(checked));
    } else if let Some(reason) = &checked.stopped {
        text.push_str(&format!("{}\n", stopped(reason)));
    }
    text.push_str(&sentence(checked));
    output::line(&text)
}

fn unseen(checked: &Checked) -> String {
    let count = checked.code.len();
    let (noun, verb) = if count == 1 { ("migration is", "its") } else { ("migrations are", "their") };
    let way = match &checked.stopped {
        Some(reason) => stopped(reason),
        None => "`dunlin lint --run-code` runs it on a scratch database.".to_owned(),
    };
    format!("{count} {noun} code: {verb} statements are known only when it runs. {way}\n")
}

/// Of the migration that stopped it, only what it sent before was checked.
fn stopped(reason: &str) -> String {
    format!("The run on a scratch database stopped, and what would have been sent is not checked: {reason}")
}

fn sentence(checked: &Checked) -> String {
    let found = |severity: Severity, word: &str| {
        let count = checked.findings.iter().filter(|finding| finding.severity == severity).count();
        (count > 0).then(|| counted(count, word))
    };
    let parts: Vec<String> =
        [found(Severity::Error, "error"), found(Severity::Warning, "warning"), found(Severity::Note, "note")]
            .into_iter()
            .flatten()
            .collect();
    let migrations = counted(checked.migrations, "migration");
    if parts.is_empty() {
        return format!("{migrations} checked, nothing found.");
    }
    let fixes = checked.findings.iter().filter(|finding| can_be_written(finding)).count();
    let fixes = if fixes == 0 {
        String::new()
    } else {
        format!(" `dunlin lint --fix` writes {fixes} of the safe forms.")
    };
    format!("{migrations} checked: {}.{fixes}", parts.join(", "))
}

/// Whether `--fix` could write a safe form: into a file of statements, not into code that sends them.
fn can_be_written(finding: &Finding) -> bool {
    finding.fix.is_some() && finding.line > 0
}

/// `{"findings": […], "unseen": […], "summary": {…}}`
pub(super) fn json(checked: &Checked) -> Value {
    let count = |severity| checked.findings.iter().filter(|finding| finding.severity == severity).count();
    json!({
        "findings": checked.findings.iter().map(finding_json).collect::<Vec<Value>>(),
        "unseen": checked.code.iter().map(|path| shown(path)).collect::<Vec<String>>(),
        "stopped": checked.stopped,
        "summary": {
            "migrations": checked.migrations,
            "errors": count(Severity::Error),
            "warnings": count(Severity::Warning),
            "notes": count(Severity::Note),
        },
    })
}

/// A finding in JSON.
fn finding_json(finding: &Finding) -> Value {
    let effects = finding.effects.iter().map(|effect| {
        json!({
            "table": effect.table.to_string(),
            "lock": effect.lock.to_string(),
            "blocks": match effect.lock.blocks() {
                Blocks::Nothing => "nothing",
                Blocks::Writes => "writes",
                Blocks::ReadsAndWrites => "reads and writes",
            },
            "rewrites": effect.rewrites,
            "scans": effect.scans,
        })
    });
    let fix = finding.fix.as_ref().map(|fix| {
        let groups = fix.groups.iter().map(|group| {
            json!({
                "transaction": group.transaction,
                "batch": group.batch.as_ref().map(|(table, key)| json!({ "table": table, "key": key })),
                "statements": group.statements,
            })
        });
        json!({ "title": fix.title, "groups": groups.collect::<Vec<Value>>() })
    });
    json!({
        "rule": finding.rule,
        "severity": finding.severity.to_string(),
        "migration": finding.migration,
        "path": shown(&finding.path),
        "line": (finding.line > 0).then_some(finding.line),
        "column": (finding.line > 0).then_some(finding.column),
        "statement": (!finding.statement.is_empty()).then_some(&finding.statement),
        "message": finding.message,
        "server": effects.collect::<Vec<Value>>(),
        "size": finding.size,
        "time": finding.time.as_ref().map(time_json),
        "advice": finding.advice,
        "fix": fix,
    })
}

/// How long it takes, and what that rests on.
pub(super) fn time_json(time: &Time) -> Value {
    json!({
        "milliseconds": u64::try_from(time.expected.duration.as_millis()).unwrap_or(u64::MAX),
        "atMost": time.is_most,
        "work": time.work.name(),
        "bytesPerSecond": time.expected.bytes_per_second,
        "measured": time.expected.is_measured,
        "learnt": time.expected.is_learnt,
    })
}

/// A finding as a diagnostic.
#[derive(Debug)]
struct Shown<'f> {
    finding: &'f Finding,
    source: NamedSource<String>,
    /// Nothing of the source is underlined where there is no statement.
    label: Option<(usize, usize)>,
    help: String,
}

/// A finding as people see it; `file` is the text of its file.
pub fn rendered(finding: &Finding, file: Option<&str>) -> String {
    let shown = shown_of(finding, file);
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode()).with_context_lines(1);
    let handler = match output::columns(&console::Term::stdout()) {
        Some(columns) => handler.with_width(columns.clamp(40, 140)).with_break_words(false),
        None => handler.with_wrap_lines(false),
    };
    let mut text = String::new();
    if handler.render_report(&mut text, &shown).is_err() {
        return format!("{}: {shown}\n", finding.severity);
    }
    text
}

fn shown_of<'f>(finding: &'f Finding, file: Option<&str>) -> Shown<'f> {
    let name = shown(&finding.path);
    let in_statement =
        if finding.span.is_empty() { 0..finding.statement.len() } else { finding.span.clone() };
    // What code sends, or what placeholders changed, stands in no file.
    let place = file.and_then(|text| offset(text, finding).map(|offset| (text, offset)));
    let (source, start) = match place {
        Some((text, offset)) => (NamedSource::new(name, text.to_owned()), offset),
        None => (NamedSource::new(name, finding.statement.clone()), 0),
    };
    let whole = finding.statement.get(in_statement.clone()).unwrap_or_default();
    // One line is underlined, the first.
    let length = crate::sql::text::lines(whole).next().map_or(0, |line| line.trim_end().len());
    let label = (!finding.statement.is_empty()).then_some((start + in_statement.start, length.max(1)));
    let mut help: Vec<String> = finding.effects.iter().filter_map(effect_line).collect();
    if let Some(size) = &finding.size {
        help.push(format!("size: {size}"));
    }
    if let Some(time) = &finding.time {
        help.push(format!("time: {}, {}", time.shown(), time.basis()));
    }
    if !finding.advice.is_empty() {
        help.push(format!("safe: {}", finding.advice));
    }
    if let Some(fix) = finding.fix.as_ref().filter(|_| can_be_written(finding)) {
        help.push(format!("--fix: {}", fix.title));
    }
    Shown { finding, source, label, help: help.join("\n") }
}

/// `ACCESS EXCLUSIVE on orders: nobody else reads or writes meanwhile; the table is rewritten`
fn effect_line(effect: &crate::ddl::Effect) -> Option<String> {
    let blocks = effect.lock.blocks();
    if blocks == Blocks::Nothing && !effect.rewrites && !effect.scans {
        return None;
    }
    let mut text = format!("lock: {} on {}", effect.lock, effect.table);
    text.push_str(match blocks {
        Blocks::Nothing => ", others read and write meanwhile",
        Blocks::Writes => ", nobody else writes meanwhile",
        Blocks::ReadsAndWrites => ", nobody else reads or writes meanwhile",
    });
    match (effect.rewrites, effect.scans) {
        (true, _) => text.push_str("; the table is rewritten"),
        (false, true) => text.push_str("; the table is read whole"),
        (false, false) => {}
    }
    Some(text)
}

/// Where the statement begins in its file.
pub(super) fn offset(text: &str, finding: &Finding) -> Option<usize> {
    if finding.line == 0 || finding.statement.is_empty() {
        return None;
    }
    let mut start = 0;
    for _ in 1..finding.line {
        start += text.get(start..)?.find('\n')? + 1;
    }
    // The finding's line is that of its part; the statement began at or before it.
    let from = text.get(..start)?.rfind(
        finding.statement.get(..finding.span.start).filter(|before| before.contains('\n')).unwrap_or("\u{0}"),
    );
    let from = from.unwrap_or(start);
    Some(from + text.get(from..)?.find(&finding.statement)?)
}

impl fmt::Display for Shown<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.label.is_none() {
            write!(formatter, "{}", shown(&self.finding.path))?;
            if self.finding.line > 0 {
                write!(formatter, ":{}", self.finding.line)?;
            }
            formatter.write_str(": ")?;
        }
        write!(formatter, "{}: {}", self.finding.rule, self.finding.message)
    }
}

impl std::error::Error for Shown<'_> {}

impl Diagnostic for Shown<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(match self.finding.severity {
            Severity::Error => miette::Severity::Error,
            Severity::Warning => miette::Severity::Warning,
            Severity::Note => miette::Severity::Advice,
        })
    }

    fn help<'a>(&'a self) -> Option<Box<dyn fmt::Display + 'a>> {
        (!self.help.is_empty()).then(|| Box::new(&self.help) as Box<dyn fmt::Display>)
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.label.map(|_| &self.source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let (offset, length) = self.label?;
        Some(Box::new(std::iter::once(LabeledSpan::new(None, offset, length))))
    }
}
