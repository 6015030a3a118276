//! The safety rules over prepared migrations: ours, and those of the project's plugins.

use std::collections::BTreeMap;
use std::path::PathBuf;

use dunlin_compat::model::Server;

use super::RunError;
use super::lint_input::lint_migrations;
use super::prepare::Prepared;
use super::table_facts::CatalogFacts;
use crate::db::Connection;
use crate::ddl::ServerVersion;
use crate::lint::{self, Facts, Finding, Severity};
use crate::plugin::{self, PluginError, Shelf};

/// Which rules look.
#[derive(Debug, Clone, Default)]
pub struct LintOptions {
    /// What is said of ours.
    pub settings: lint::Settings,
    /// Plugins of the world `rule`, by name.
    pub plugins: Vec<String>,
    /// Where they are.
    pub shelf: Shelf,
}

/// What keeps a run from beginning.
#[derive(Debug, Clone, Default)]
pub struct LintGate {
    /// Which rules look.
    pub options: LintOptions,
    /// A finding as bad as this stops the run.
    pub stops: Severity,
}

/// Checks what a run is about to do.
///
/// # Errors
/// [`RunError::Unsafe`] with everything that was found; or a plugin fails.
pub(super) fn hold_back(
    prepared: &[Prepared<'_>],
    gate: &LintGate,
    connection: &mut dyn Connection,
    has_lock_timeout: bool,
) -> Result<Vec<Finding>, RunError> {
    let server = connection.server().clone();
    let migrations = lint_migrations(prepared, server.dialect, has_lock_timeout);
    let facts = CatalogFacts::new(connection);
    let findings = lint(&migrations, &server, Some(&facts), &gate.options)?;
    if findings.iter().any(|finding| finding.severity >= gate.stops) {
        return Err(RunError::Unsafe(findings));
    }
    Ok(findings)
}

/// Checks migrations. The files' texts are read, for what they allow.
///
/// # Errors
/// A plugin cannot be loaded, or fails.
pub fn lint(
    migrations: &[lint::Migration],
    server: &Server,
    facts: Option<&dyn Facts>,
    options: &LintOptions,
) -> Result<Vec<Finding>, RunError> {
    let version = ServerVersion { dialect: server.dialect, version: server.version };
    let mut findings = lint::findings(migrations, version, facts, &options.settings);
    for name in &options.plugins {
        let failed =
            |error: PluginError| RunError::Plugin { plugin: name.clone(), reason: error.to_string() };
        let rule = options.shelf.rule(name).map_err(failed)?;
        for migration in migrations.iter().filter(|migration| !migration.statements.is_empty()) {
            let found = rule.check(&as_plugins_see(migration, server)).map_err(failed)?;
            findings.extend(found.into_iter().map(|finding| of_plugin(name, migration, finding)));
        }
    }
    let texts: BTreeMap<PathBuf, String> = migrations
        .iter()
        .map(|migration| &migration.path)
        .filter_map(|path| Some((path.clone(), std::fs::read_to_string(path).ok()?)))
        .collect();
    let mut findings = lint::suppress(migrations, findings, &texts, &options.settings);
    let order = |finding: &Finding| {
        let place = migrations.iter().position(|migration| migration.path == finding.path);
        (place, finding.line, finding.column, finding.rule.clone())
    };
    findings.sort_by_cached_key(order);
    Ok(findings)
}

fn as_plugins_see(migration: &lint::Migration, server: &Server) -> plugin::Migration {
    let first = migration.statements.first().and_then(|statement| statement.transaction);
    plugin::Migration {
        id: migration.id.clone(),
        path: migration
            .path
            .components()
            .map(|part| part.as_os_str().to_string_lossy())
            .collect::<Vec<_>>()
            .join("/"),
        direction: match migration.direction {
            lint::Direction::Up => plugin::Direction::Up,
            lint::Direction::Down => plugin::Direction::Down,
        },
        server: plugin::Server {
            dialect: plugin::dialect_name(server.dialect).to_owned(),
            version: server.version_text.clone(),
        },
        transactional: first.is_some()
            && migration.statements.iter().all(|statement| statement.transaction == first),
        statements: migration
            .statements
            .iter()
            .map(|statement| plugin::Statement {
                sql: statement.text.clone(),
                line: u32::try_from(statement.line).unwrap_or(u32::MAX),
            })
            .collect(),
    }
}

fn of_plugin(name: &str, migration: &lint::Migration, finding: plugin::Finding) -> Finding {
    let statement = finding.statement.and_then(|index| migration.statements.get(index as usize));
    let span = finding.span.map_or(0..0, |(start, end)| start as usize..end as usize);
    let (line, column) = statement.map_or((0, 0), |statement| lint::place(statement, span.start));
    Finding {
        rule: format!("{name}/{}", finding.rule),
        severity: match finding.severity {
            plugin::Severity::Note => lint::Severity::Note,
            plugin::Severity::Warning => lint::Severity::Warning,
            plugin::Severity::Error => lint::Severity::Error,
        },
        migration: migration.id.clone(),
        path: statement.map_or_else(|| migration.path.clone(), |statement| statement.path.clone()),
        line,
        column,
        span,
        statement: statement.map(|statement| statement.text.clone()).unwrap_or_default(),
        message: finding.message,
        effects: Vec::new(),
        size: None,
        time: None,
        advice: finding.advice.unwrap_or_default(),
        fix: None,
    }
}
