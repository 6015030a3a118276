//! Findings that a file's author has looked at.
//!
//! `-- dunlin:allow drop-column until=2027-01-31: nobody reads it since 4.2` allows the rule at the statement that the comment stands in,
//! or else at the next one; `dunlin:allow-file` in the whole file. The reason is demanded; what is past its day, or allows nothing, is
//! a finding itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::rules::stale_suppression::RULE;
use super::{Finding, Migration, Settings};
use crate::sql::text::lines;

const MARK: &str = "dunlin:allow";

/// A comment that allows rules.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Allowance {
    line: usize,
    column: usize,
    text: String,
    whole_file: bool,
    content: Result<Content, &'static str>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Content {
    rules: Vec<String>,
    until: Option<String>,
}

/// Takes out what the files allow, and adds what is wrong with that. `texts` are the files' texts.
pub(super) fn apply(
    migrations: &[Migration],
    findings: Vec<Finding>,
    texts: &BTreeMap<PathBuf, String>,
    settings: &Settings,
) -> Vec<Finding> {
    let mut left = findings;
    for (path, text) in texts {
        let allowances = find(text);
        if allowances.is_empty() {
            continue;
        }
        let places = places(migrations, path);
        let is_code = migrations.iter().any(|migration| migration.path == *path && migration.is_code);
        let id = migrations.iter().find(|migration| migration.path == *path).map(|found| found.id.clone());
        for allowance in allowances {
            let (allowed, problem) = match &allowance.content {
                Err(problem) => (Vec::new(), Some((*problem).to_owned())),
                Ok(content) if content.is_over(&settings.today) => {
                    let until = content.until.as_deref().unwrap_or_default();
                    (Vec::new(), Some(format!("it was allowed until {until}, which is past")))
                }
                Ok(content) => (content.rules.clone(), None),
            };
            let mut unused = allowed.clone();
            let covered = (!allowance.whole_file).then(|| covered(allowance.line, &places));
            left.retain(|finding| {
                let is_meant = finding.path == *path
                    && allowed.contains(&finding.rule)
                    && match covered {
                        None => true,
                        Some(Some((start, end))) => finding.line >= start && finding.line <= end,
                        Some(None) => false,
                    };
                if is_meant {
                    unused.retain(|rule| *rule != finding.rule);
                }
                !is_meant
            });
            // What code sends is not known here, and what was not looked at may need it.
            let judged = !is_code && (allowance.whole_file || covered.flatten().is_some());
            let problem = problem.or_else(|| {
                (judged && !unused.is_empty()).then(|| format!("{} finds nothing here", unused.join(", ")))
            });
            if let Some(problem) = problem {
                left.push(Finding {
                    rule: RULE.id.to_owned(),
                    severity: RULE.severity,
                    migration: id.clone().unwrap_or_default(),
                    path: path.clone(),
                    line: allowance.line,
                    column: allowance.column,
                    span: 0..0,
                    statement: allowance.text.clone(),
                    message: format!("this suppression is not in force: {problem}"),
                    effects: Vec::new(),
                    size: None,
                    time: None,
                    advice: "Remove the comment, or write `dunlin:allow RULE until=YYYY-MM-DD: REASON`."
                        .to_owned(),
                    fix: None,
                });
            }
        }
    }
    left
}

/// First and last lines of the statements of a file, in order.
fn places(migrations: &[Migration], path: &Path) -> Vec<(usize, usize)> {
    let mut places: Vec<(usize, usize)> = migrations
        .iter()
        .flat_map(|migration| &migration.statements)
        .filter(|statement| statement.path == *path && statement.line > 0)
        .map(|statement| (statement.line, statement.line + lines(&statement.text).count().saturating_sub(1)))
        .collect();
    places.sort_unstable();
    places
}

/// The statement that a comment on this line is about.
fn covered(line: usize, places: &[(usize, usize)]) -> Option<(usize, usize)> {
    places.iter().copied().find(|(_, end)| *end >= line)
}

impl Content {
    fn is_over(&self, today: &str) -> bool {
        !today.is_empty() && self.until.as_deref().is_some_and(|until| until < today)
    }
}

fn find(text: &str) -> Vec<Allowance> {
    let mut found = Vec::new();
    for (index, line) in lines(text).enumerate() {
        let Some(at) = line.find(MARK) else { continue };
        let before = line.get(..at).unwrap_or_default();
        if !["--", "#", "//", "/*"].iter().any(|opening| before.trim_end().ends_with(opening)) {
            continue;
        }
        let rest = line.get(at + MARK.len()..).unwrap_or_default().trim_end().trim_end_matches("*/");
        let (whole_file, rest) = match rest.strip_prefix("-file") {
            Some(rest) => (true, rest),
            None => (false, rest),
        };
        found.push(Allowance {
            line: index + 1,
            column: before.chars().count() + 1,
            text: line.get(at..).unwrap_or_default().trim_end().to_owned(),
            whole_file,
            content: content(rest),
        });
    }
    found
}

/// ` drop-column, drop-table until=2027-01-31: the reason`
fn content(text: &str) -> Result<Content, &'static str> {
    if !text.starts_with(char::is_whitespace) {
        return Err("it names no rule");
    }
    let Some((what, reason)) = text.split_once(':') else { return Err("it gives no reason") };
    if reason.trim().is_empty() {
        return Err("it gives no reason");
    }
    let mut content = Content { rules: Vec::new(), until: None };
    for word in what.split([' ', '\t', ',']).filter(|word| !word.is_empty()) {
        match word.strip_prefix("until=") {
            Some(day) if day.parse::<jiff::civil::Date>().is_ok() => content.until = Some(day.to_owned()),
            Some(_) => return Err("its day is not written as YYYY-MM-DD"),
            None if is_known(word) => content.rules.push(word.to_owned()),
            None => return Err("it names a rule that there is not"),
        }
    }
    if content.rules.is_empty() { Err("it names no rule") } else { Ok(content) }
}

/// A rule of ours, or `plugin/rule`.
fn is_known(id: &str) -> bool {
    id.contains('/') || super::rules().any(|rule| rule.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_names_rules_a_day_and_a_reason() {
        let found =
            find("SELECT 1; -- dunlin:allow drop-column, drop-column until=2027-01-31: gone since 4.2\n");
        assert_eq!((found[0].line, found[0].column, found[0].whole_file), (1, 14, false));
        let content = found[0].content.clone().unwrap();
        assert_eq!(content.rules, ["drop-column", "drop-column"]);
        assert!(content.is_over("2027-02-01") && !content.is_over("2027-01-31"));
    }

    #[test]
    fn what_is_wrong_with_a_comment_is_told() {
        let problem = |text: &str| find(text)[0].content.clone().unwrap_err();
        assert_eq!(problem("-- dunlin:allow drop-column"), "it gives no reason");
        assert_eq!(problem("-- dunlin:allow drop-column:  "), "it gives no reason");
        assert_eq!(problem("# dunlin:allow : because"), "it names no rule");
        assert_eq!(problem("-- dunlin:allow drop-colum: because"), "it names a rule that there is not");
        assert_eq!(
            problem("-- dunlin:allow drop-column until=soon: x"),
            "its day is not written as YYYY-MM-DD"
        );
    }

    #[test]
    fn a_comment_is_about_the_statement_it_stands_in_or_the_next() {
        let places = [(2, 4), (7, 7)];
        assert_eq!(covered(1, &places), Some((2, 4)));
        assert_eq!(covered(4, &places), Some((2, 4)));
        assert_eq!(covered(5, &places), Some((7, 7)));
        assert_eq!(covered(8, &places), None);
    }

    #[test]
    fn text_that_is_no_comment_allows_nothing() {
        assert!(find("INSERT INTO notes VALUES ('dunlin:allow drop-column: x');").is_empty());
        assert!(find("/* dunlin:allow-file drop-column: x */")[0].whole_file);
    }
}
