//! Safety rules on the statements that would run, in the situation in which they would run. Pure: the database's facts are given.
//!
//! A rule is one file in `rules/`: a [`Rule`] with its text, its examples (the flagged form and the safe one, both proven on the
//! servers) and its check. [`check`] runs them all.

mod finding;
mod fix;
mod input;
mod rule;
mod rules;
mod situation;
mod squawk;
mod suppression;
mod weight;

pub use finding::{Finding, Severity, Time};
pub use fix::{Fix, Group};
pub use input::{Direction, Expected, Facts, Migration, Statement, TableFacts};
pub use rule::{Check, Example, Hit, Rule, Site, Whole, place};
pub use rules::all as rules;
pub use situation::Situation;
pub use squawk::SquawkHit;

use std::collections::{BTreeMap, HashSet};
use std::path::PathBuf;

use dunlin_compat::settings::lint::{NamePattern, NamedObject};

use crate::ddl::{self, ServerVersion};

/// What is not checked, or otherwise than usual.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// Rules that are off for the project.
    pub off: Vec<String>,
    /// Rules that are on although they are off unless asked for.
    pub on: Vec<String>,
    /// Rules whose severity the project sets.
    pub severity: Vec<(String, Severity)>,
    /// What names have to look like; the rule `naming-policy` asks for `snake_case` where this is empty.
    pub naming: BTreeMap<NamedObject, NamePattern>,
    /// Today, `YYYY-MM-DD`, for suppressions that expire.
    pub today: String,
}

/// What the rules find in migrations, in the order in which they would run.
pub fn findings(
    migrations: &[Migration],
    server: ServerVersion,
    facts: Option<&dyn Facts>,
    settings: &Settings,
) -> Vec<Finding> {
    let active: Vec<&Rule> = rules().filter(|rule| rule.is_active(server, settings)).collect();
    let read: Vec<Vec<ddl::Statement>> = migrations
        .iter()
        .map(|migration| migration.statements.iter().map(|found| ddl::read(&found.text, server)).collect())
        .collect();
    let mut findings = Vec::new();
    for (index, (migration, own)) in migrations.iter().zip(&read).enumerate() {
        let others = migrations.iter().zip(&read).skip(index + 1);
        let later: Vec<&ddl::Statement> = others
            .filter(|(other, _)| other.direction == migration.direction)
            .flat_map(|(_, read)| read)
            .collect();
        findings.extend(check_one(
            &Whole { migration, read: own, later: &later, server, facts },
            &active,
            settings,
        ));
    }
    findings
}

/// Findings without those that the files allow, and with what is wrong with that. `texts` are the files' texts.
pub fn suppress(
    migrations: &[Migration],
    findings: Vec<Finding>,
    texts: &BTreeMap<PathBuf, String>,
    settings: &Settings,
) -> Vec<Finding> {
    suppression::apply(migrations, findings, texts, settings)
}

fn check_one(whole: &Whole<'_>, active: &[&Rule], settings: &Settings) -> Vec<Finding> {
    let Whole { migration, read, server, facts, .. } = *whole;
    let mut findings = Vec::new();
    let mut situation = Situation::default();
    for (index, (statement, parsed)) in migration.statements.iter().zip(read).enumerate() {
        situation.enter(statement);
        let situation_now = &situation;
        let site = Site {
            migration,
            index,
            statement,
            parsed,
            read,
            situation: situation_now,
            server,
            facts,
            settings,
        };
        for rule in active {
            if let Check::Statement(check) = rule.check {
                let mut hits = Vec::new();
                check(&site, &mut hits);
                findings.extend(hits.into_iter().map(|hit| site.finding(rule, hit, settings)));
            }
        }
        findings.extend(squawk::check(&site, active, settings));
        situation.leave(statement, parsed);
    }
    for rule in active {
        if let Check::Migration(check) = rule.check {
            let mut hits = Vec::new();
            check(whole, &mut hits);
            findings.extend(hits.into_iter().map(|(index, hit)| whole.finding(rule, index, hit, settings)));
        }
    }
    // What code sends has no place in a file: it keeps the order in which it was sent.
    findings.sort_by(|one, other| {
        let order = one.line.cmp(&other.line);
        let in_line = || (one.column, &one.rule).cmp(&(other.column, &other.rule));
        if one.line == 0 { order } else { order.then_with(in_line) }
    });
    let mut seen = HashSet::new();
    findings.retain(|found| {
        seen.insert((found.rule.clone(), found.line, found.span.clone(), found.statement.clone()))
    });
    findings
}

#[cfg(test)]
mod tests {
    use dunlin_compat::model::Dialect;

    use super::*;

    /// Statements as code sends them: with no place in a file.
    fn sent(texts: &[&str]) -> Migration {
        let path = PathBuf::from("20250101000000_rename.rb");
        let statement = |text: &&str| Statement {
            text: (*text).to_owned(),
            path: path.clone(),
            line: 0,
            column: 0,
            transaction: Some(1),
            is_batched: false,
        };
        Migration {
            id: "20250101000000".to_owned(),
            path: path.clone(),
            direction: Direction::Up,
            has_down: Some(true),
            missing_down: None,
            is_code: false,
            has_lock_timeout: true,
            statements: texts.iter().map(statement).collect(),
        }
    }

    #[test]
    fn statements_of_code_are_each_found_in_their_order() {
        let texts = [
            "ALTER TABLE users RENAME COLUMN name TO title",
            "ALTER TABLE wikis RENAME COLUMN name TO title",
            "ALTER TABLE a\n  RENAME COLUMN b TO c",
        ];
        let server = ServerVersion { dialect: Dialect::Postgres, version: (15, 0, 0) };
        let found = findings(&[sent(&texts)], server, None, &Settings::default());
        let renamed: Vec<&Finding> = found.iter().filter(|found| found.rule == "rename-column").collect();
        let statements: Vec<&str> = renamed.iter().map(|found| found.statement.as_str()).collect();
        assert_eq!(statements, texts);
        assert!(renamed.iter().all(|found| (found.line, found.column) == (0, 0)), "{renamed:?}");
    }
}
