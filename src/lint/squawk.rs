//! PostgreSQL: what squawk finds, under our rules' names.

use std::ops::Range;

use dunlin_compat::model::Dialect;
use squawk_linter::{Edit, Linter, Violation};

use super::{Check, Finding, Rule, Settings, Site};
use crate::ddl::{ChangeKind, postgres};

/// What squawk finds.
#[derive(Debug, Clone)]
pub struct SquawkHit {
    /// The part of the statement that is meant.
    pub span: Range<usize>,
    /// The statement with squawk's own correction.
    pub corrected: Option<String>,
}

/// What squawk finds in a statement. Where a rule looks itself, squawk is asked only about what our reader does not understand.
pub(super) fn check(site: &Site<'_>, active: &[&Rule], settings: &Settings) -> Vec<Finding> {
    let rules: Vec<squawk_linter::Rule> = active.iter().flat_map(|rule| rule.squawk).copied().collect();
    if site.dialect() != Dialect::Postgres || rules.is_empty() || !defines(site) {
        return Vec::new();
    }
    let Some(parsed) = postgres::parse(&site.statement.text) else { return Vec::new() };
    let mut linter = Linter::from(rules);
    linter.settings.assume_in_transaction = site.in_transaction();
    let (major, minor, patch) = site.server.version;
    if let Ok(version) = format!("{major}.{minor}.{patch}").parse() {
        linter.settings.pg_version = version;
    }
    let violations = linter.lint(&parsed.parse, &site.statement.text);
    violations.iter().filter_map(|violation| finding(site, active, violation, settings)).collect()
}

fn finding(site: &Site<'_>, active: &[&Rule], violation: &Violation, settings: &Settings) -> Option<Finding> {
    let rule = active.iter().find(|rule| rule.squawk.contains(&violation.code))?;
    let span = usize::from(violation.text_range.start())..usize::from(violation.text_range.end());
    let hit = match rule.check {
        Check::Squawk(word) => {
            let edits = violation.fix.as_ref().map(|fix| fix.edits.as_slice());
            let corrected = edits.and_then(|edits| corrected(&site.statement.text, edits));
            word(site, &SquawkHit { span, corrected })?
        }
        _ if is_understood(site, &span) => return None,
        _ => super::Hit {
            span,
            message: violation.message.clone(),
            advice: violation.help.clone().unwrap_or_default(),
            ..super::Hit::default()
        },
    };
    Some(site.finding(rule, hit, settings))
}

/// Whether the statement defines anything; squawk has nothing to say of rows.
fn defines(site: &Site<'_>) -> bool {
    site.parsed.changes.iter().any(|change| {
        !matches!(
            change.kind,
            ChangeKind::Rows(_)
                | ChangeKind::Query
                | ChangeKind::SetSetting { .. }
                | ChangeKind::Opaque { .. }
                | ChangeKind::Transaction { .. }
        )
    })
}

fn is_understood(site: &Site<'_>, span: &Range<usize>) -> bool {
    site.parsed.unread.is_empty()
        && site
            .parsed
            .changes
            .iter()
            .filter(|change| !matches!(change.kind, ChangeKind::Other { .. }))
            .any(|change| change.span.start < span.end.max(span.start + 1) && span.start < change.span.end)
}

/// The text with edits made, which squawk gives in bytes of it.
fn corrected(text: &str, edits: &[Edit]) -> Option<String> {
    let mut edits: Vec<&Edit> = edits.iter().collect();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.text_range.start()));
    let mut corrected = text.to_owned();
    for edit in edits {
        let place = usize::from(edit.text_range.start())..usize::from(edit.text_range.end());
        corrected.get(place.clone())?;
        corrected.replace_range(place, edit.text.as_deref().unwrap_or_default());
    }
    Some(corrected.trim().to_owned())
}
