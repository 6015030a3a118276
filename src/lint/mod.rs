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

use std::collections::BTreeMap;
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
    findings.sort_by(|one, other| {
        (one.line, one.column, &one.rule).cmp(&(other.line, other.column, &other.rule))
    });
    findings
        .dedup_by(|one, other| one.rule == other.rule && one.line == other.line && one.span == other.span);
    findings
}
