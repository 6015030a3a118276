//! Dunlin's own format: SQL files whose blocks are headed by comments. `docs/native-format.md` is the reference.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use crate::model::{
    Adapter, AdapterError, BaselineSql, Context, Direction, ForeignKeys, HistoryQueries, Lock, Plan, Problem,
    Request, Reversal, Server, SquashFiles, SquashScope, StatusEntry,
};

mod blocks;
mod expand;
mod history;
pub(crate) mod layout;
mod mend;
mod new;
mod options;
mod parse;
mod parse_error;
mod plan;
mod rows;
mod squash;
mod status;
pub mod suggest;
mod text;
mod version;

pub use blocks::{nothing_written, stand_in_blocks};
pub use expand::{ColumnChange, ExpandAndContract, ExpandError, Expansion, OldColumn, expand_and_contract};
pub use history::{AppliedRow, BadTableName, Kind, TableName};
pub use layout::{LayoutError, MigrationFile, arrange, load};
pub use new::{NewError, NewMigration, new_migration};
pub use parse::{Directive, Document, DocumentBlock, parse};
pub use parse_error::{ParseError, Reason};
pub use rows::Rows;
pub use status::State;
pub use version::Version;

/// A project in dunlin's own format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Native {
    directory: PathBuf,
    table: TableName,
    /// In the order of versions.
    files: Vec<MigrationFile>,
    plugins: PluginDigests,
}

/// The SHA-256 of the plugins' files, by the names that migrations use; those that cannot be read have none.
pub type PluginDigests = BTreeMap<String, String>;

impl Native {
    /// Reads the migrations of a folder. The error names every file that cannot be used.
    pub fn load(directory: &Path, table: TableName) -> Result<Native, AdapterError> {
        Native::from_loaded(directory, table, load(directory))
    }

    /// The same from texts, each with the file's name.
    pub fn from_texts<'a>(
        directory: &Path,
        table: TableName,
        texts: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<Native, AdapterError> {
        let texts = texts.into_iter().map(|(name, text)| (directory.join(name), text.to_owned()));
        Native::from_loaded(directory, table, arrange(texts))
    }

    fn from_loaded(
        directory: &Path,
        table: TableName,
        loaded: Result<Vec<MigrationFile>, Vec<LayoutError>>,
    ) -> Result<Native, AdapterError> {
        let (files, errors) = loaded.map_or_else(|errors| (Vec::new(), errors), |files| (files, Vec::new()));
        match layout::as_adapter_error(errors) {
            Some(error) => Err(error),
            None => {
                Ok(Native { directory: directory.to_owned(), table, files, plugins: PluginDigests::new() })
            }
        }
    }

    /// The same with what the plugins of its migrations are now.
    pub fn with_plugins(self, plugins: PluginDigests) -> Native {
        Native { plugins, ..self }
    }

    /// The plugins that its migrations run up, by name.
    pub fn plugins(&self) -> BTreeSet<&str> {
        self.files.iter().flat_map(MigrationFile::plugins).collect()
    }

    /// The folder.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The migrations, in the order of versions.
    pub fn files(&self) -> &[MigrationFile] {
        &self.files
    }

    fn with_situation<T>(
        &self,
        context: &Context<'_>,
        use_it: impl FnOnce(&plan::Situation<'_>) -> Result<T, AdapterError>,
    ) -> Result<T, AdapterError> {
        let rows = history::read(context.history)?;
        let joined = status::join(&self.files, &rows, &self.plugins);
        use_it(&plan::Situation {
            table: &self.table,
            server: context.server,
            history_exists: context.history.exists,
            rows: &rows,
            joined: &joined,
        })
    }
}

impl Adapter for Native {
    fn tool(&self) -> &'static str {
        "native"
    }

    fn history_table(&self, server: &Server) -> String {
        self.table.quoted(server)
    }

    /// None: there is no other tool to exclude.
    fn locks(&self, _server: &Server) -> Vec<Lock> {
        Vec::new()
    }

    fn history_queries(&self, server: &Server) -> HistoryQueries {
        history::queries(&self.table, server)
    }

    fn foreign_keys(&self) -> ForeignKeys {
        ForeignKeys::Enforced
    }

    fn status(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError> {
        self.with_situation(context, |situation| Ok(situation.joined.iter().map(status::entry).collect()))
    }

    fn plan(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError> {
        self.with_situation(context, |situation| match request.direction() {
            Direction::Up => plan::up(situation, request),
            Direction::Down => plan::down(situation, request),
        })
    }

    fn reversals(&self, server: &Server) -> Vec<Reversal> {
        self.files.iter().map(|file| plan::reversal(&self.table, server, file)).collect()
    }

    fn validate(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError> {
        self.with_situation(context, |situation| {
            Ok(situation.joined.iter().filter_map(status::problem).collect())
        })
    }

    fn repair(&self, context: &Context<'_>) -> Result<Plan, AdapterError> {
        self.with_situation(context, mend::repair)
    }

    fn baseline(&self, context: &Context<'_>, version: Option<&str>) -> Result<Plan, AdapterError> {
        self.with_situation(context, |situation| mend::baseline(situation, version))
    }

    fn squash_scope(&self, context: &Context<'_>, to: Option<&str>) -> Result<SquashScope, AdapterError> {
        self.with_situation(context, |situation| squash::scope(situation, to))
    }

    fn squash_files(
        &self,
        scope: &SquashScope,
        name: Option<&str>,
        sql: &BaselineSql,
        _server: &Server,
    ) -> Result<SquashFiles, AdapterError> {
        squash::files(self, scope, name, sql)
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
