//! Alembic as the engine sees it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::graph::{Built, Graph, Warning};
use super::plan::refused_graph;
use super::revision::Revision;
use super::squash;
use super::version_table::VersionTable;
use crate::model::{
    Adapter, AdapterError, BaselineSql, Body, Carrier, Code, Context, Direction, ForeignKeys, GuestProgram,
    HistoryQueries, Lock, Plan, Problem, Request, Server, SquashFiles, SquashScope, StatusEntry, Unfinished,
};

/// An Alembic project, its files read.
#[derive(Debug, Clone)]
pub struct AlembicAdapter {
    /// The revisions.
    pub graph: Graph,
    /// What Alembic warned of while it linked them.
    pub build_warnings: Vec<Warning>,
    /// Where the applied revisions are recorded.
    pub table: VersionTable,
    /// `transaction_per_migration`.
    pub transaction_per_migration: bool,
    /// `transactional_ddl`, if `env.py` sets it; else PostgreSQL's is, and others' is not.
    pub transactional_ddl: Option<bool>,
    /// How revisions are run.
    pub code: RevisionCode,
    /// Files that run instead of revisions, absolute, by the revisions' ids.
    pub stand_ins: BTreeMap<String, PathBuf>,
    /// What sessions that migrate begin with on SQLite.
    pub session: Vec<String>,
}

/// How the code of revisions is run.
#[derive(Debug, Clone)]
pub struct RevisionCode {
    /// What runs it.
    pub guest: Arc<GuestProgram>,
    /// Where single revisions run, by their ids.
    pub carriers: BTreeMap<String, Carrier>,
    /// What the guest is told with every revision; a JSON object.
    pub options: serde_json::Value,
}

/// What the guest is told of one step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StepFacts {
    /// Rows of the version table before it.
    pub heads: Vec<String>,
    /// Rows after it.
    pub heads_after: Vec<String>,
    /// What the revision depends on, resolved.
    pub dependencies: Vec<String>,
}

impl RevisionCode {
    /// The body of a revision; the direction is told to the guest when it is run.
    pub fn body(&self, revision: &Revision, facts: &StepFacts) -> Body {
        let mut options = self.options.clone();
        if let Some(options) = options.as_object_mut() {
            options.insert("heads".to_owned(), facts.heads.as_slice().into());
            options.insert("heads_after".to_owned(), facts.heads_after.as_slice().into());
            options.insert("dependencies".to_owned(), facts.dependencies.as_slice().into());
        }
        Body::Code(Box::new(Code {
            guest: Arc::clone(&self.guest),
            carrier: self.carriers.get(&revision.id).copied(),
            options,
        }))
    }
}

/// What of a project's `env.py` matters to the version table and to transactions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Environment {
    /// `version_table` and what belongs to it.
    pub table: VersionTable,
    /// `transaction_per_migration`.
    pub transaction_per_migration: bool,
    /// `transactional_ddl`.
    pub transactional_ddl: Option<bool>,
}

impl AlembicAdapter {
    /// Links the revisions of a project, given in the order of loading.
    ///
    /// # Errors
    /// The graph is wrong, in Alembic's words.
    pub fn new(
        revisions: Vec<Revision>,
        environment: Environment,
        code: RevisionCode,
    ) -> Result<AlembicAdapter, AdapterError> {
        let Built { warnings, graph } = Graph::build(revisions);
        Ok(AlembicAdapter {
            graph: graph.map_err(refused_graph)?,
            build_warnings: warnings,
            table: environment.table,
            transaction_per_migration: environment.transaction_per_migration,
            transactional_ddl: environment.transactional_ddl,
            code,
            stand_ins: BTreeMap::new(),
            session: Vec::new(),
        })
    }
}

impl Adapter for AlembicAdapter {
    fn tool(&self) -> &'static str {
        "alembic"
    }

    fn missing_down(&self, _path: &std::path::Path, text: &str) -> Option<crate::model::MissingDown> {
        super::missing_down::missing_down(text)
    }

    fn history_table(&self, server: &Server) -> String {
        self.table.quoted(server.dialect)
    }

    fn history_schema(&self, server: &Server) -> String {
        self.table.schema.clone().unwrap_or_else(|| server.schema.clone())
    }

    fn parents(&self, id: &str) -> Option<Vec<String>> {
        let revision = &self.graph.node(self.graph.get(id)?).revision;
        let named = revision.down_revisions.iter().chain(&revision.depends_on);
        // A dependency may name a branch, or the beginning of an id.
        let found = named.filter_map(|name| self.graph.find(name).ok().flatten());
        Some(found.map(|node| self.graph.id(node).to_owned()).collect())
    }

    /// None: Alembic takes none.
    fn locks(&self, _server: &Server) -> Vec<Lock> {
        Vec::new()
    }

    fn history_queries(&self, server: &Server) -> HistoryQueries {
        self.table.queries(server)
    }

    fn session_statements(&self, _server: &Server) -> Vec<String> {
        self.session.clone()
    }

    fn still_unfinished(&self, context: &Context<'_>, unfinished: &Unfinished) -> bool {
        let is_applied = self.is_applied(context, &unfinished.id);
        match unfinished.direction {
            Direction::Up => !is_applied,
            Direction::Down => is_applied,
        }
    }

    /// As Python's driver leaves them.
    fn foreign_keys(&self) -> ForeignKeys {
        ForeignKeys::Off
    }

    fn status(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError> {
        self.entries(context)
    }

    fn plan(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError> {
        self.refuse_missing(context)?;
        self.plan_for(context, request)
    }

    fn validate(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError> {
        self.problems(context)
    }

    fn repair(&self, context: &Context<'_>) -> Result<Plan, AdapterError> {
        self.plan_repair(context)
    }

    fn baseline(&self, context: &Context<'_>, version: Option<&str>) -> Result<Plan, AdapterError> {
        self.plan_baseline(context, version)
    }

    fn squash_scope(&self, context: &Context<'_>, to: Option<&str>) -> Result<SquashScope, AdapterError> {
        squash::scope(self, context, to)
    }

    fn squash_files(
        &self,
        scope: &SquashScope,
        name: Option<&str>,
        sql: &BaselineSql,
        server: &Server,
    ) -> Result<SquashFiles, AdapterError> {
        squash::files(self, scope, name, sql, server)
    }

    fn squashed(
        &self,
        gone: &[PathBuf],
        new: &SquashFiles,
        _staging: &Path,
    ) -> Result<Box<dyn Adapter>, AdapterError> {
        Ok(Box::new(squash::squashed(self, gone, new)?))
    }
}

#[cfg(test)]
mod tests;
