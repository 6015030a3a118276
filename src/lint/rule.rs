//! What a rule is, and what it sees.

use std::ops::Range;

use dunlin_compat::model::Dialect;

use super::squawk::SquawkHit;
use super::weight;
use super::{Facts, Finding, Fix, Migration, Settings, Severity, Situation, Statement, TableFacts};
use crate::ddl::{self, Change, ChangeKind, Effect, Known, ServerVersion, TableName};

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// Its id in `kebab-case`, which suppressions name.
    pub id: &'static str,
    /// The hazard in a line, for lists.
    pub title: &'static str,
    /// Where it applies.
    pub dialects: &'static [Dialect],
    /// Its severity where no database tells otherwise.
    pub severity: Severity,
    /// Whether it is off unless asked for.
    pub is_opt_in: bool,
    /// What happens on the server, and what to do instead: Markdown, for its page.
    pub explanation: &'static str,
    /// Statements that it flags and their safe forms, each proven on a server.
    pub examples: &'static [Example],
    /// The rules of squawk that find the same.
    pub squawk: &'static [squawk_linter::Rule],
    /// Its check.
    pub check: Check,
}

/// What is found in a migration as a whole: each with the index of its statement, if it is about one.
pub type WholeHits = Vec<(Option<usize>, Hit)>;

/// How a rule looks.
#[derive(Debug, Clone, Copy)]
pub enum Check {
    /// At each statement.
    Statement(fn(&Site<'_>, &mut Vec<Hit>)),
    /// At the migration as a whole; a hit comes with the index of its statement, if it is about one.
    Migration(fn(&Whole<'_>, &mut WholeHits)),
    /// squawk finds the place; the function says what it means in this situation, or that it means nothing.
    Squawk(fn(&Site<'_>, &SquawkHit) -> Option<Hit>),
    /// What makes its findings is no rule.
    Elsewhere,
}

/// A flagged statement and its safe form.
#[derive(Debug)]
pub struct Example {
    /// Where it holds.
    pub dialects: &'static [Dialect],
    /// Statements, separated by `;`, that make what it needs.
    pub setup: &'static str,
    /// What is flagged; several statements share a transaction unless they cannot.
    pub flagged: &'static str,
    /// What the last statement of it does to the table: the lock (as `pg_locks` spells it; MySQL's gentlest `ALGORITHM`, `LOCK` that the
    /// server takes; `refused`: the server refuses it; empty: not about locks) and whether the table is rewritten.
    pub flagged_does: (&'static str, bool),
    /// The safe form: statements, separated by `;`; empty where there is none to run.
    pub safe: &'static str,
    /// The strongest thing that it does to the table.
    pub safe_does: (&'static str, bool),
}

/// What a check reports.
#[derive(Debug, Clone, Default)]
pub struct Hit {
    /// The part of the statement that is meant; empty: all of it.
    pub span: Range<usize>,
    /// What happens.
    pub message: String,
    /// The safe form in a sentence.
    pub advice: String,
    /// The safe form as statements.
    pub fix: Option<Fix>,
    /// The table whose size decides how bad it is; the lock on it is worked out from the change at `span`.
    pub table: Option<TableName>,
    /// What the server does, where the change does not tell.
    pub effects: Vec<Effect>,
    /// Severity, where it is not the rule's own.
    pub severity: Option<Severity>,
    /// The line of the file, where it is about no statement.
    pub line: Option<usize>,
    /// How bad it is does not depend on the table's size.
    pub is_whatever_size: bool,
}

/// One statement in its situation.
pub struct Site<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Which statement of it.
    pub index: usize,
    /// The statement.
    pub statement: &'a Statement,
    /// The same, read.
    pub parsed: &'a ddl::Statement,
    /// All statements of the migration, read.
    pub read: &'a [ddl::Statement],
    /// What went before.
    pub situation: &'a Situation,
    /// The server.
    pub server: ServerVersion,
    /// The database's facts.
    pub facts: Option<&'a dyn Facts>,
    /// What the project says of the rules.
    pub settings: &'a Settings,
}

/// A whole migration.
pub struct Whole<'a> {
    /// The migration.
    pub migration: &'a Migration,
    /// Its statements, read.
    pub read: &'a [ddl::Statement],
    /// Those of migrations that run after it.
    pub later: &'a [&'a ddl::Statement],
    /// The server.
    pub server: ServerVersion,
    /// The database's facts.
    pub facts: Option<&'a dyn Facts>,
}

impl Rule {
    pub(super) fn is_active(&self, server: ServerVersion, settings: &Settings) -> bool {
        let named = |list: &[String]| list.iter().any(|id| id == self.id);
        self.dialects.contains(&server.dialect)
            && !named(&settings.off)
            && (!self.is_opt_in || named(&settings.on))
    }
}

impl Hit {
    /// A hit at a change.
    pub fn at(change: &Change, message: impl Into<String>, advice: impl Into<String>) -> Hit {
        Hit { span: change.span.clone(), message: message.into(), advice: advice.into(), ..Hit::default() }
    }

    /// The same about a table.
    #[must_use]
    pub fn on(mut self, table: &TableName) -> Hit {
        self.table = Some(table.clone());
        self
    }

    /// The same with a fix.
    #[must_use]
    pub fn fix(mut self, fix: impl Into<Option<Fix>>) -> Hit {
        self.fix = fix.into();
        self
    }

    /// The same with a severity.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Hit {
        self.severity = Some(severity);
        self
    }

    /// The same, as bad on an empty table as on a large one.
    #[must_use]
    pub fn whatever_size(mut self) -> Hit {
        self.is_whatever_size = true;
        self
    }
}

impl Site<'_> {
    /// The changes on tables that were there before the migration.
    pub fn changes(&self) -> impl Iterator<Item = &Change> {
        self.parsed.changes.iter()
    }

    /// Whether nobody uses the table yet: the migration itself made it, or it is not in the database, so that an earlier one will
    /// have made it.
    pub fn is_new(&self, table: &TableName) -> bool {
        self.situation.is_new(table) || self.facts.is_some_and(|facts| facts.table(table).is_none())
    }

    /// Whether the statement shares a transaction with others.
    pub fn in_transaction(&self) -> bool {
        self.statement.transaction.is_some() || self.situation.in_own_transaction
    }

    /// Whether the migration puts another table in the place of this one, as a rebuild does it: with its name, before or after it
    /// goes.
    pub fn is_replaced(&self, table: &TableName) -> bool {
        let later = || self.read.iter().skip(self.index + 1).flat_map(|statement| &statement.changes);
        let gets_the_name = |change: &Change| match &change.kind {
            ChangeKind::RenameTable { table: from, to } => {
                to.name == table.name && self.situation.is_new(from)
            }
            ChangeKind::CreateTable { table: made, .. } => made.name == table.name,
            _ => false,
        };
        // Or it was renamed away for the one that has its name now.
        let before = self.read.iter().take(self.index).flat_map(|statement| &statement.changes);
        let was_renamed = before.into_iter().any(|change| {
            matches!(&change.kind, ChangeKind::RenameTable { table: from, to }
                if to.name == table.name && self.situation.created.iter().any(|made| made.name == from.name))
        });
        was_renamed || later().any(gets_the_name)
    }

    /// Whether the migration puts another column in the place of this one: drops it, and gives its name to the other.
    pub fn is_column_replaced(&self, table: &TableName, name: &str) -> bool {
        let all = || self.read.iter().flat_map(|statement| &statement.changes);
        let drops = all().any(|change| {
            matches!(&change.kind, ChangeKind::DropColumn { table: other, column, .. }
                if other.name == table.name && column == name)
        });
        let renames = all().any(|change| {
            matches!(&change.kind, ChangeKind::RenameColumn { table: other, to, .. }
                if other.name == table.name && to == name)
        });
        drops && renames
    }

    /// Whether a view gets the table's old name in the migration.
    pub fn gets_a_view(&self, table: &TableName) -> bool {
        let all = self.read.iter().flat_map(|statement| &statement.changes);
        all.into_iter().any(
            |change| matches!(&change.kind, ChangeKind::CreateView { view, .. } if view.name == table.name),
        )
    }

    /// Whether the migration itself adds the column.
    pub fn adds_column(&self, table: &TableName, name: &str) -> bool {
        let all = self.read.iter().flat_map(|statement| &statement.changes);
        all.into_iter().any(|change| {
            matches!(&change.kind, ChangeKind::AddColumn { table: other, column, .. }
                if other.name == table.name && column.name == name)
        })
    }

    /// Whether the column has a default, as far as the database tells; without one it may have.
    pub fn had_default(&self, table: &TableName, name: &str) -> bool {
        let Some(columns) = self.table(table).and_then(|facts| facts.known.columns) else { return true };
        columns.iter().find(|column| column.name == name).is_none_or(|column| column.default.is_some())
    }

    /// Whether the statement names one row, by a primary key that the database knows, or by `id`.
    pub fn names_one_row(&self, table: &TableName) -> bool {
        let key = self.table(table).map(|facts| facts.primary_key).filter(|key| !key.is_empty());
        let key = key.unwrap_or_else(|| vec!["id".to_owned()]);
        let [key] = key.as_slice() else { return false };
        let Some(place) = self.find_word("WHERE") else { return false };
        let condition = self.statement.text.get(place + 5..).unwrap_or_default().trim().trim_end_matches(';');
        let Some((left, right)) = condition.split_once('=') else { return false };
        let bare = |text: &str| text.trim().trim_matches(['"', '`']).to_lowercase();
        let is_literal = |text: &str| {
            let text = text.trim();
            text.parse::<f64>().is_ok()
                || (text.len() >= 2
                    && text.starts_with('\'')
                    && text.ends_with('\'')
                    && !text.get(1..text.len() - 1).unwrap_or("'").contains('\''))
        };
        bare(left) == *key && is_literal(right)
    }

    /// Where a keyword stands outside of strings, comments and parentheses: the byte in the statement.
    pub fn find_word(&self, word: &str) -> Option<usize> {
        crate::sql::find_word(&self.statement.text, word, self.dialect())
    }

    /// Whether the migration is being taken back.
    pub fn is_down(&self) -> bool {
        self.migration.direction == super::Direction::Down
    }

    /// The dialect.
    pub fn dialect(&self) -> Dialect {
        self.server.dialect
    }

    /// What the database tells of a table.
    pub fn table(&self, table: &TableName) -> Option<TableFacts> {
        self.facts.and_then(|facts| facts.table(table))
    }

    /// What the server does for a change.
    pub fn effects(&self, change: &Change) -> Vec<Effect> {
        ddl::effects(self.parsed, change, self.server, &|table| {
            self.table(table).map_or_else(Known::default, |facts| facts.known)
        })
    }

    pub(super) fn finding(&self, rule: &Rule, hit: Hit, settings: &Settings) -> Finding {
        let mut effects = hit.effects.clone();
        let change = self.parsed.changes.iter().find(|change| change.span == hit.span);
        if effects.is_empty()
            && let Some(change) = change
        {
            effects = self.effects(change);
        }
        let place = Place { migration: self.migration, statement: Some(self.statement), change };
        finding(rule, hit, effects, place, self.facts, settings)
    }
}

impl Whole<'_> {
    pub(super) fn finding(
        &self,
        rule: &Rule,
        index: Option<usize>,
        hit: Hit,
        settings: &Settings,
    ) -> Finding {
        let statement = index.and_then(|index| self.migration.statements.get(index));
        let read = index.and_then(|index| self.read.get(index));
        let change = read.and_then(|read| read.changes.iter().find(|change| change.span == hit.span));
        let effects = hit.effects.clone();
        let place = Place { migration: self.migration, statement, change };
        finding(rule, hit, effects, place, self.facts, settings)
    }
}

/// What a finding is about.
struct Place<'a> {
    migration: &'a Migration,
    statement: Option<&'a Statement>,
    change: Option<&'a Change>,
}

fn finding(
    rule: &Rule,
    hit: Hit,
    effects: Vec<Effect>,
    about: Place<'_>,
    facts: Option<&dyn Facts>,
    settings: &Settings,
) -> Finding {
    let Place { migration, statement, change } = about;
    let table = hit.table.as_ref().or(effects.first().map(|effect| &effect.table));
    let known = table.and_then(|table| facts?.table(table));
    let set = settings.severity.iter().find(|(id, _)| id == rule.id).map(|(_, severity)| *severity);
    let severity = set.unwrap_or_else(|| {
        let severity = hit.severity.unwrap_or(rule.severity);
        match &known {
            Some(known) if known.rows == 0 => severity.min(Severity::Note),
            Some(known) if !hit.is_whatever_size => weight::severity(severity, known, &effects),
            _ => severity,
        }
    });
    let time = known
        .as_ref()
        .zip(table)
        .zip(facts)
        .and_then(|((known, table), facts)| weight::time(table, known, change, &effects, facts));
    let waiting = known.as_ref().and_then(|known| weight::waiting(known, &effects, time.as_ref()));
    let place = statement.map_or((hit.line.unwrap_or(0), hit.line.map_or(0, |_| 1)), |statement| {
        place(statement, hit.span.start)
    });
    Finding {
        rule: rule.id.to_owned(),
        severity,
        migration: migration.id.clone(),
        path: statement.map_or_else(|| migration.path.clone(), |statement| statement.path.clone()),
        line: place.0,
        column: place.1,
        span: hit.span,
        statement: statement.map(|statement| statement.text.clone()).unwrap_or_default(),
        message: match waiting {
            Some(waiting) => format!("{}; {waiting}", hit.message),
            None => hit.message,
        },
        size: known.as_ref().map(weight::size),
        time,
        effects,
        advice: hit.advice,
        fix: hit.fix,
    }
}

/// Line and column of a byte of a statement, in its file; zeros for one that stands in none.
pub fn place(statement: &Statement, offset: usize) -> (usize, usize) {
    if statement.line == 0 {
        return (0, 0);
    }
    let before = statement.text.get(..offset).unwrap_or_default();
    let found = crate::sql::text::position(&statement.text, before.len());
    if found.line == 1 {
        (statement.line, statement.column + found.column - 1)
    } else {
        (statement.line + found.line - 1, found.column)
    }
}
