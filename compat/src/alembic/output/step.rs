//! The line that Alembic logs for each step (`MigrationStep` of `alembic/runtime/migration.py`).

use super::revision::doc;
use crate::alembic::graph::Graph;
use crate::alembic::version_table::VersionStep;
use crate::model::Dialect;

/// The name of what Alembic has for a server. For MariaDB there is a class of its own, taken when the URL says so.
pub fn context_impl(dialect: Dialect, url: &str) -> &'static str {
    match dialect {
        Dialect::Postgres => "PostgresqlImpl",
        Dialect::Mysql | Dialect::Mariadb if url.starts_with("mariadb") => "MariaDBImpl",
        Dialect::Mysql | Dialect::Mariadb => "MySQLImpl",
        Dialect::Sqlite => "SQLiteImpl",
    }
}

/// `Running upgrade a -> b, doc`.
pub fn running(graph: &Graph, step: &VersionStep) -> String {
    match step {
        VersionStep::Upgrade(node) => {
            let revision = &graph.node(*node).revision;
            let text = format!("Running upgrade {} -> {}", revision.down_revisions.join(", "), revision.id);
            with_doc(text, doc(revision))
        }
        VersionStep::Downgrade(node) => {
            let revision = &graph.node(*node).revision;
            let text = format!("Running downgrade {} -> {}", revision.id, revision.down_revisions.join(", "));
            with_doc(text, doc(revision))
        }
        VersionStep::Stamp(stamp) => {
            format!("Running stamp_revision {} -> {}", stamp.from.join(", "), stamp.to.join(", "))
        }
    }
}

fn with_doc(text: String, doc: &str) -> String {
    if doc.is_empty() { text } else { format!("{text}, {doc}") }
}
