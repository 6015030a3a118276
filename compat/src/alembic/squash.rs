//! A new root revision in the place of a revision and all that come before it.
//!
//! It has the id of the last of them, so that databases which stand there are right as they are.

use std::path::{Path, PathBuf};

use super::adapter::AlembicAdapter;
use super::graph::{Built, Graph, NodeId};
use super::output::CommandError;
use super::plan::{refused, refused_graph, rows, title};
use super::revision::Revision;
use crate::model::{AdapterError, BaselineSql, Context, Dialect, Server, SquashFiles, SquashScope};

/// What the new root stands for: `to` and its ancestors, else the one revision at which the history is.
pub(super) fn scope(
    adapter: &AlembicAdapter,
    context: &Context<'_>,
    to: Option<&str>,
) -> Result<SquashScope, AdapterError> {
    let graph = &adapter.graph;
    let rows = rows(context)?;
    let wanted = match (to, rows.as_slice()) {
        (Some(to), _) => to,
        (None, [row]) => row,
        (None, []) => {
            return Err(AdapterError::refused("NOTHING_APPLIED", "no revision is applied on this database")
                .advise(
                    "Only what is applied can be replaced: run `dunlin up`, or name a database with --url.",
                ));
        }
        (None, rows) => {
            return Err(AdapterError::refused(
                "SEVERAL_HEADS",
                format!("the database is at several revisions: {}", rows.join(", ")),
            )
            .advise("Say with --to up to which one: it and all that come before it are replaced."));
        }
    };
    let found = graph.find(wanted).map_err(refused_graph)?;
    let Some(last) = found.filter(|_| !matches!(wanted, "base")) else {
        return Err(AdapterError::refused("UNKNOWN_VERSION", format!("{wanted} is no revision")));
    };
    let replaced = graph.ancestors(&[last], true);
    let nodes: Vec<NodeId> = graph.revisions().filter(|node| replaced.contains(*node)).collect();
    let last_id = graph.id(last).to_owned();
    if let Some(refusal) = refusal_of(graph, last, &nodes) {
        // The nearest before it up to which nothing stands in the way.
        let possible = |node: &NodeId| {
            let before = graph.ancestors(&[*node], true);
            let nodes: Vec<NodeId> = graph.revisions().filter(|node| before.contains(*node)).collect();
            refusal_of(graph, *node, &nodes).is_none().then_some(nodes.len())
        };
        let before = nodes.iter().filter(|node| **node != last);
        let best = before.filter_map(|node| Some((possible(node)?, *node))).max_by_key(|(count, _)| *count);
        return Err(match best {
            Some((count, node)) => refusal.advise(format!(
                "Up to {} it can be done, which are {count} revisions: --to {}",
                title(graph, node),
                graph.id(node)
            )),
            None => refusal.advise("Branches part at the first revision already, so none can be replaced."),
        });
    }
    Ok(SquashScope {
        to: last_id,
        title: title(graph, last),
        ids: graph.ids(&nodes),
        files: nodes.iter().map(|node| graph.node(*node).revision.path.clone()).collect(),
        with_down: true,
        ..SquashScope::default()
    })
}

/// A revision that stays may come after the new root, and after nothing else that goes.
fn refusal_of(graph: &Graph, last: NodeId, replaced: &[NodeId]) -> Option<AdapterError> {
    graph.revisions().filter(|node| !replaced.contains(node)).find_map(|node| {
        let revision = &graph.node(node).revision;
        let named = |names: &[String]| {
            names.iter().find_map(|name| {
                let found = graph.find(name).ok().flatten()?;
                (found != last && replaced.contains(&found)).then(|| graph.id(found).to_owned())
            })
        };
        let variables = [("down_revision", &revision.down_revisions), ("depends_on", &revision.depends_on)];
        let (variable, gone) = variables.into_iter().find_map(|(name, ids)| Some((name, named(ids)?)))?;
        let is_it = |line: &str| line.trim_start().starts_with(variable);
        let line = revision.source.split('\n').position(is_it).map_or(1, |index| index + 1);
        let message = format!(
            "{}:{line}: `{variable}` names {gone}, which would be gone; only {} stays as an id",
            revision.path.display(),
            graph.id(last)
        );
        Some(AdapterError::refused("SQUASH", message).at(&revision.path, line))
    })
}

/// The new root's file, beside that of the last revision.
pub(super) fn files(
    adapter: &AlembicAdapter,
    scope: &SquashScope,
    name: Option<&str>,
    sql: &BaselineSql,
    server: &Server,
) -> Result<SquashFiles, AdapterError> {
    let graph = &adapter.graph;
    let Some(last) = graph.get(&scope.to) else {
        return Err(refused(CommandError::Failed(format!("there is no revision {}", scope.to))));
    };
    let name = name.unwrap_or("baseline");
    let is_plain = |character: char| character.is_alphanumeric() || matches!(character, '_' | '-' | ' ');
    if name.is_empty() || !name.chars().all(is_plain) {
        return Err(AdapterError::refused(
            "NAME",
            format!("`{name}` cannot stand in the name of a Python file"),
        ));
    }
    let folder = graph.node(last).revision.path.parent().unwrap_or(Path::new("."));
    let path = folder.join(format!("{}_{}.py", scope.to, name.replace([' ', '-'], "_")));
    let text = text(&scope.to, &scope.title, name, &labels(adapter, scope), sql, server.dialect);
    let mut notes = Vec::new();
    let stand_ins: Vec<&str> =
        adapter.stand_ins.keys().filter(|id| scope.ids.contains(id)).map(String::as_str).collect();
    if !stand_ins.is_empty() {
        notes.push(format!(
            "take the stand-ins for {} out of dunlin.toml: the baseline has what they did",
            stand_ins.join(", ")
        ));
    }
    Ok(SquashFiles { files: vec![(path, text)], notes, ..SquashFiles::default() })
}

/// Labels of all that it replaces lead to it now.
fn labels(adapter: &AlembicAdapter, scope: &SquashScope) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for id in &scope.ids {
        let Some(node) = adapter.graph.get(id) else { continue };
        for label in &adapter.graph.node(node).revision.branch_labels {
            if !labels.contains(label) {
                labels.push(label.clone());
            }
        }
    }
    labels
}

/// The project as it will be.
pub(super) fn squashed(
    adapter: &AlembicAdapter,
    gone: &[PathBuf],
    new: &SquashFiles,
) -> Result<AlembicAdapter, AdapterError> {
    let graph = &adapter.graph;
    let of = |node: NodeId| &graph.node(node).revision;
    let (went, kept): (Vec<NodeId>, Vec<NodeId>) =
        graph.revisions().partition(|node| gone.contains(&of(*node).path));
    let mut revisions: Vec<Revision> = kept.into_iter().map(|node| of(node).clone()).collect();
    let mut labels: Vec<String> = Vec::new();
    for label in went.iter().flat_map(|node| &of(*node).branch_labels) {
        if !labels.contains(label) {
            labels.push(label.clone());
        }
    }
    for (path, text) in &new.files {
        let says = |id: &&str| text.contains(&format!("\nrevision = {id:?}\n"));
        let id = went.iter().map(|node| graph.id(*node)).find(says);
        let Some(id) = id else { continue };
        revisions.push(Revision {
            id: id.to_owned(),
            down_revisions: Vec::new(),
            depends_on: Vec::new(),
            branch_labels: labels.clone(),
            docstring: "baseline".to_owned(),
            path: path.clone(),
            source: text.clone(),
            location: 0,
        });
    }
    let Built { warnings, graph } = Graph::build(revisions);
    let mut new = adapter.clone();
    new.graph = graph.map_err(refused_graph)?;
    new.build_warnings = warnings;
    new.stand_ins.retain(|id, _| !went.iter().any(|node| adapter.graph.id(*node) == id));
    Ok(new)
}

fn text(id: &str, title: &str, name: &str, labels: &[String], sql: &BaselineSql, dialect: Dialect) -> String {
    let names = match dialect {
        Dialect::Postgres => "(\"postgresql\",)",
        Dialect::Sqlite => "(\"sqlite\",)",
        Dialect::Mysql | Dialect::Mariadb => "(\"mysql\", \"mariadb\")",
    };
    let labels = match labels {
        [] => "None".to_owned(),
        labels => {
            let quoted: Vec<String> = labels.iter().map(|label| format!("{label:?}")).collect();
            format!("({},)", quoted.join(", "))
        }
    };
    let mut text = format!(
        "\"\"\"{name}\n\nStands for every revision up to {}, which it replaces.\n\nRevision ID: {id}\nRevises:\n\n\"\"\"\n\n\
         from alembic import op\n\n# revision identifiers, used by Alembic.\nrevision = {id:?}\ndown_revision = None\n\
         branch_labels = {labels}\ndepends_on = None\n\n\
         # Its statements are those of one kind of server.\nDIALECTS = {names}\n\n\n\
         def check_dialect() -> None:\n    dialect = op.get_context().dialect.name\n    if dialect not in DIALECTS:\n        \
         raise RuntimeError(f\"this baseline is for {{' and '.join(DIALECTS)}}, not for {{dialect}}\")\n\n\n\
         def upgrade() -> None:\n    check_dialect()\n",
        title.replace(['"', '\\'], "'")
    );
    for statement in &sql.up {
        text.push_str(&execute(statement));
    }
    text.push_str("\n\ndef downgrade() -> None:\n");
    match &sql.down {
        None => text.push_str("    raise NotImplementedError(\"the baseline cannot be taken back\")\n"),
        Some(down) => {
            text.push_str("    check_dialect()\n");
            for statement in down {
                text.push_str(&execute(statement));
            }
        }
    }
    text
}

fn execute(statement: &str) -> String {
    format!("    op.execute(\n        \"\"\"{}\"\"\"\n    )\n", literal(&bound(statement)))
}

/// A statement as SQLAlchemy's `text()` wants it, which `op.execute` makes of it: there `:name` is a parameter, and `\:` a colon.
fn bound(statement: &str) -> String {
    let characters: Vec<char> = statement.chars().collect();
    let is_word = |character: char| character.is_alphanumeric() || character == '_';
    let is_parameter = |index: usize| {
        let next = characters.get(index + 1).is_some_and(|next| is_word(*next) || *next == '$');
        let before = index.checked_sub(1).and_then(|before| characters.get(before)).copied();
        // Of a backslash before a colon one is taken away.
        before == Some('\\') || (next && before.is_none_or(|before| before != ':' && !is_word(before)))
    };
    let has_any =
        (0..characters.len()).any(|index| characters.get(index) == Some(&':') && is_parameter(index));
    if has_any { statement.replace(':', "\\:") } else { statement.to_owned() }
}

/// The inside of a string in three double quotes: none of its own may stand beside another, or at the end.
fn literal(text: &str) -> String {
    let mut literal = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(character) = characters.next() {
        match character {
            '\\' => literal.push_str("\\\\"),
            '"' if characters.peek().is_none_or(|next| *next == '"') => literal.push_str("\\\""),
            '\n' | '\t' => literal.push(character),
            control if control.is_control() => {
                literal.push_str(&format!("\\x{:02x}", u32::from(control)));
            }
            other => literal.push(other),
        }
    }
    literal
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_be_a_parameter_is_written_otherwise() {
        let cases = [
            ("SELECT 'a'::text, '12:30'", "SELECT 'a'::text, '12:30'"),
            ("SELECT ' :x', a::int", "SELECT ' \\:x', a\\:\\:int"),
            ("SELECT '\\:'", "SELECT '\\\\:'"),
            ("SELECT 'x: y'", "SELECT 'x: y'"),
        ];
        for (statement, expected) in cases {
            assert_eq!(bound(statement), expected);
        }
    }

    #[test]
    fn a_literal_ends_where_it_should() {
        assert_eq!(literal("a \"b\" \\ c"), "a \"b\" \\\\ c");
        assert_eq!(literal("CREATE TABLE \"a\""), "CREATE TABLE \"a\\\"");
        assert_eq!(literal("'\"\"\"'\r"), "'\\\"\\\"\"'\\x0d");
    }
}
