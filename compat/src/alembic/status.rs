//! Revisions and version table joined.

use std::fmt;

use super::adapter::AlembicAdapter;
use super::graph::{NodeId, NodeSet};
use super::output::doc;
use super::plan::{refused, rows, title};
use super::traversal::End;
use crate::model::{AdapterError, Context, Plan, Problem, Setup, Standing, StatusEntry, Step};

/// What a revision's state is called. Alembic has a word only for the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A row of the version table names it.
    Current,
    /// A row implies it.
    Applied,
    /// Not applied.
    Pending,
    /// A row names it, but there is no file.
    Missing,
}

impl State {
    fn standing(self) -> Standing {
        match self {
            State::Current | State::Applied => Standing::Applied,
            State::Pending => Standing::Pending,
            State::Missing => Standing::Drifted,
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            State::Current => "current",
            State::Applied => "applied",
            State::Pending => "pending",
            State::Missing => "missing",
        })
    }
}

/// The rows, and what each leads to: nothing where its file is gone.
struct Joined {
    rows: Vec<(String, Option<NodeId>)>,
    applied: NodeSet,
}

impl AlembicAdapter {
    fn join(&self, context: &Context<'_>) -> Result<Joined, AdapterError> {
        let rows: Vec<(String, Option<NodeId>)> = rows(context)?
            .into_iter()
            .map(|row| {
                // A part of an id leads to its revision, as it does for Alembic.
                let found = self.graph.find(&row).ok().flatten();
                (row, found)
            })
            .collect();
        let known: Vec<NodeId> = rows.iter().filter_map(|(_, node)| *node).collect();
        let applied = self.graph.ancestors(&known, true);
        Ok(Joined { rows, applied })
    }

    /// The lines of `dunlin status`: what has no file first, then the revisions in the order in which they are applied.
    pub(super) fn entries(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError> {
        let joined = self.join(context)?;
        let mut order = self
            .graph
            .history(End::One("base"), End::One("heads"), &mut Vec::new())
            .map_err(super::plan::refused_graph)?;
        order.reverse();
        let missing = joined.rows.iter().filter(|(_, node)| node.is_none()).map(|(row, _)| StatusEntry {
            id: row.clone(),
            description: String::new(),
            kind: "python".to_owned(),
            state: State::Missing.to_string(),
            standing: State::Missing.standing(),
            applied_at: None,
            path: None,
            reversible: false,
        });
        let known = order.into_iter().map(|node| {
            let revision = &self.graph.node(node).revision;
            let state = if joined.rows.iter().any(|(_, row)| *row == Some(node)) {
                State::Current
            } else if joined.applied.contains(node) {
                State::Applied
            } else {
                State::Pending
            };
            StatusEntry {
                id: revision.id.clone(),
                description: doc(revision).split('\n').next().unwrap_or_default().trim().to_owned(),
                kind: "python".to_owned(),
                state: state.to_string(),
                standing: state.standing(),
                applied_at: None,
                path: Some(revision.path.clone()),
                reversible: true,
            }
        });
        Ok(missing.chain(known).collect())
    }

    /// Whether a revision is applied.
    pub(super) fn is_applied(&self, context: &Context<'_>, id: &str) -> bool {
        let node = self.graph.get(id);
        match (self.join(context), node) {
            (Ok(joined), Some(node)) => joined.applied.contains(node),
            _ => false,
        }
    }

    /// What of the version table does not fit the files.
    pub(super) fn problems(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError> {
        let joined = self.join(context)?;
        let mut problems = Vec::new();
        for (index, (row, node)) in joined.rows.iter().enumerate() {
            let Some(node) = *node else {
                problems.push(Problem {
                    code: "MISSING_FILE".to_owned(),
                    message: format!(
                        "revision {row} is applied, but there is no file of it. Bring the file back, or say what is \
                         applied with `dunlin alembic stamp --purge <revision>`."
                    ),
                    path: None,
                });
                continue;
            };
            let path = Some(self.graph.node(node).revision.path.clone());
            let title = title(&self.graph, node);
            let mut problem = |code: &str, message: String| {
                problems.push(Problem { code: code.to_owned(), message, path: path.clone() });
            };
            if joined.rows.iter().take(index).any(|(other, _)| other == row) {
                problem(
                    "REPEATED_ROW",
                    format!("{title} is in the version table more than once. `dunlin repair` mends that."),
                );
            } else if let Some(above) = implied_by(self, &joined, node) {
                problem(
                    "REDUNDANT_ROW",
                    format!(
                        "{title} is in the version table although {above} is there too and implies it, so Alembic refuses to \
                         upgrade. `dunlin repair` takes the row away."
                    ),
                );
            }
        }
        Ok(problems)
    }

    /// Takes away rows that are there twice or that others imply.
    pub(super) fn plan_repair(&self, context: &Context<'_>) -> Result<Plan, AdapterError> {
        let joined = self.join(context)?;
        if let Some((row, _)) = joined.rows.iter().find(|(_, node)| node.is_none()) {
            return Err(AdapterError::refused(
                "MISSING_FILE",
                format!("revision {row} is applied, but there is no file of it"),
            )
            .advise(
                "Bring the file back, or say what is applied with `dunlin alembic stamp --purge <revision>`.",
            ));
        }
        let mut plan = Plan::default();
        let table = &self.table;
        for (index, (row, node)) in joined.rows.iter().enumerate() {
            let Some(node) = *node else { continue };
            if joined.rows.iter().take(index).any(|(other, _)| other == row) {
                continue;
            }
            let delete = table.change(&super::version_table::Change::Delete(row.clone()), context.server);
            let is_repeated = joined.rows.iter().skip(index + 1).any(|(other, _)| other == row);
            let title = title(&self.graph, node);
            let (message, statements) = match (implied_by(self, &joined, node), is_repeated) {
                (Some(above), _) => {
                    (format!("Taking away the row of {title}, which {above} implies"), vec![delete])
                }
                (None, true) => {
                    let insert = super::version_table::Change::Insert(row.clone());
                    let insert = table.change(&insert, context.server);
                    (format!("Leaving one row of {title}"), vec![delete, insert])
                }
                (None, false) => continue,
            };
            plan.steps.push(Step::Setup(Setup { message, statements }));
        }
        Ok(plan)
    }

    /// What is wrong with the rows as such, before anything is planned on them.
    pub(super) fn refuse_missing(&self, context: &Context<'_>) -> Result<(), AdapterError> {
        let joined = self.join(context)?;
        match joined.rows.iter().find(|(_, node)| node.is_none()) {
            Some((row, _)) => Err(refused(super::output::CommandError::Failed(format!(
                "Can't locate revision identified by '{row}'"
            )))
            .advise(format!(
                "The version table says that {row} is applied, and there is no file of it. Bring the file back, or say what \
                 is applied with `dunlin alembic stamp --purge <revision>`."
            ))),
            None => Ok(()),
        }
    }
}

/// The title of a row above another.
fn implied_by(adapter: &AlembicAdapter, joined: &Joined, node: NodeId) -> Option<String> {
    let above = joined
        .rows
        .iter()
        .filter_map(|(_, other)| *other)
        .find(|other| *other != node && adapter.graph.ancestors(&[*other], true).contains(node))?;
    Some(title(&adapter.graph, above))
}
