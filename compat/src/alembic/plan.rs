//! What a command does to a database: revisions to run, and how the version table follows.

use std::path::Path;

use super::adapter::{AlembicAdapter, StepFacts};
use super::graph::{Graph, GraphError, NodeId, Warning};
use super::output::{CommandError, doc};
use super::version_table::{Rows, VersionStep};
use crate::model::{
    AdapterError, Block, Body, Context, Direction, EachStatement, HistoryStatement, MigrationStep, Plan,
    Record, Request, Setup, Source, Step, TransactionRule,
};
use crate::native;

/// Every step of a command shares this transaction, where the database can.
const ONE_TRANSACTION: u32 = 1;

impl AlembicAdapter {
    /// What `dunlin up` and `dunlin down` do: all heads, or one step down, unless the request says otherwise.
    pub(super) fn plan_for(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError> {
        let rows = rows(context)?;
        let mut warnings = Vec::new();
        let (steps, limit) = match request.direction() {
            Direction::Up => {
                let destination = request.to.as_deref().unwrap_or("heads");
                let nodes = self.graph.upgrade(destination, &rows, &mut warnings);
                let nodes = nodes.map_err(|error| refused(CommandError::of_upgrade(error, destination)))?;
                (version_steps(nodes, Direction::Up), request.steps)
            }
            Direction::Down => {
                let all = request.to.as_deref() == Some("0") && self.graph.get("0").is_none();
                let destination = request.to.as_deref().filter(|_| !all).unwrap_or("base");
                let nodes = self.graph.downgrade(destination, &rows, &mut warnings);
                let nodes = nodes.map_err(|error| refused(CommandError::of_downgrade(error, destination)))?;
                (version_steps(nodes, Direction::Down), request.steps.or(request.to.is_none().then_some(1)))
            }
        };
        let steps: Vec<VersionStep> = steps.into_iter().take(limit.unwrap_or(usize::MAX)).collect();
        if steps.is_empty() {
            return Ok(Plan { warnings: self.warnings(&warnings), ..Plan::default() });
        }
        self.plan_of(context, &rows, &steps, &warnings).map_err(refused)
    }

    /// What `upgrade destination` does; makes the version table even when there is nothing else to do.
    pub fn plan_upgrade(
        &self,
        context: &Context<'_>,
        destination: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<Plan, CommandError> {
        let rows = rows(context).map_err(failed)?;
        let nodes = self.graph.upgrade(destination, &rows, warnings);
        let nodes = nodes.map_err(|error| CommandError::of_upgrade(error, destination))?;
        let steps = version_steps(nodes, Direction::Up);
        self.plan_of(context, &rows, &steps, &[])
    }

    /// What `downgrade destination` does; makes the version table even when there is nothing else to do.
    pub fn plan_downgrade(
        &self,
        context: &Context<'_>,
        destination: &str,
        warnings: &mut Vec<Warning>,
    ) -> Result<Plan, CommandError> {
        let rows = rows(context).map_err(failed)?;
        let nodes = self.graph.downgrade(destination, &rows, warnings);
        let nodes = nodes.map_err(|error| CommandError::of_downgrade(error, destination))?;
        let steps = version_steps(nodes, Direction::Down);
        self.plan_of(context, &rows, &steps, &[])
    }

    /// What `stamp` does; `purge` empties the table first.
    pub fn plan_stamp(
        &self,
        context: &Context<'_>,
        destinations: &[String],
        purge: bool,
    ) -> Result<Plan, CommandError> {
        let rows = if purge { Vec::new() } else { rows(context).map_err(failed)? };
        let stamps = self.graph.stamp(destinations, &rows).map_err(CommandError::of_stamp)?;
        let steps: Vec<VersionStep> = stamps.into_iter().map(VersionStep::Stamp).collect();
        let mut plan = self.plan_of(context, &rows, &steps, &[])?;
        if purge && context.history.exists {
            let purge = HistoryStatement::plain(self.table.purge(context.server.dialect));
            let first = plan.steps.iter_mut().find_map(|step| match step {
                Step::Migration(migration) => Some(migration),
                Step::Setup(_) | Step::Script(_) => None,
            });
            match first {
                // In the same transaction, so that no other process sees the table empty.
                Some(first) => {
                    first.record.success.insert(0, purge);
                    first.record.one_row_each = false;
                }
                None => plan.steps.push(Step::Setup(Setup {
                    message: format!("Emptying {}", self.table.quoted(context.server.dialect)),
                    statements: vec![self.table.purge(context.server.dialect)],
                })),
            }
        }
        Ok(plan)
    }

    /// What `ensure_version` does: makes the version table if it is not there.
    pub fn plan_ensure_version(&self, context: &Context<'_>) -> Plan {
        Plan { steps: self.create(context).into_iter().collect(), ..Plan::default() }
    }

    /// How to start a history where the schema is there already.
    pub(super) fn plan_baseline(
        &self,
        context: &Context<'_>,
        destination: Option<&str>,
    ) -> Result<Plan, AdapterError> {
        let rows = rows(context)?;
        if !rows.is_empty() {
            return Err(AdapterError::refused(
                "HISTORY",
                format!("the history has begun already: it is at {}", rows.join(", ")),
            )
            .advise("`dunlin alembic stamp <revision>` moves it."));
        }
        let destination = destination.unwrap_or("heads");
        let stamps = self.graph.stamp(&[destination.to_owned()], &rows);
        let stamps = stamps.map_err(|error| refused(CommandError::of_stamp(error)))?;
        let mut plan = self.plan_ensure_version(context);
        let mut table = Rows::new(&rows);
        for stamp in stamps {
            let to = stamp.to.join(", ");
            let changes = table.advance(&self.graph, &VersionStep::Stamp(stamp));
            let changes = changes.map_err(|error| refused(CommandError::of_lookup(error)))?;
            plan.steps.push(Step::Setup(Setup {
                message: format!("Starting the history at {to}"),
                statements: changes.iter().map(|change| self.table.change(change, context.server)).collect(),
            }));
        }
        Ok(plan)
    }

    fn plan_of(
        &self,
        context: &Context<'_>,
        rows: &[String],
        steps: &[VersionStep],
        warnings: &[Warning],
    ) -> Result<Plan, CommandError> {
        if let Some(unknown) = self.stand_ins.keys().find(|id| self.graph.get(id).is_none()) {
            return Err(CommandError::Failed(format!(
                "the stand-in for {unknown} fits no revision. Name the revision in full under [alembic.stand-in] in dunlin.toml"
            )));
        }
        let mut plan = self.plan_ensure_version(context);
        plan.warnings = self.warnings(warnings);
        let mut table = Rows::new(rows);
        for step in steps {
            let heads = table.ids().to_vec();
            let changes = table.advance(&self.graph, step).map_err(CommandError::of_lookup)?;
            let facts = self.facts(step, heads, &table);
            let success = changes.iter().map(|change| self.table.change(change, context.server));
            let record = Record {
                success: success.map(HistoryStatement::plain).collect(),
                failure: Vec::new(),
                one_row_each: true,
            };
            plan.steps.push(Step::Migration(Box::new(self.step(context, step, &facts, record)?)));
        }
        Ok(plan)
    }

    fn facts(&self, step: &VersionStep, heads: Vec<String>, after: &Rows) -> StepFacts {
        let dependencies = match step {
            VersionStep::Upgrade(node) | VersionStep::Downgrade(node) => {
                self.graph.ids(self.graph.node(*node).normalized_dependencies())
            }
            VersionStep::Stamp(_) => Vec::new(),
        };
        StepFacts { heads, heads_after: after.ids().to_vec(), dependencies }
    }

    fn step(
        &self,
        context: &Context<'_>,
        step: &VersionStep,
        facts: &StepFacts,
        record: Record,
    ) -> Result<MigrationStep, CommandError> {
        let (id, title, direction, blocks) = match step {
            VersionStep::Upgrade(node) => self.parts(*node, Direction::Up, facts)?,
            VersionStep::Downgrade(node) => self.parts(*node, Direction::Down, facts)?,
            VersionStep::Stamp(stamp) => {
                let direction = if stamp.is_upgrade { Direction::Up } else { Direction::Down };
                let id = stamp.to.first().or(stamp.from.first()).cloned().unwrap_or_default();
                let title = format!("stamp_revision {} -> {}", stamp.from.join(", "), stamp.to.join(", "));
                let source = Source::file("", "");
                (
                    id,
                    title,
                    direction,
                    vec![Block { source, body: Body::Nothing, transaction: TransactionRule::Auto }],
                )
            }
        };
        let transactional =
            self.transactional_ddl.unwrap_or(context.server.dialect == crate::model::Dialect::Postgres);
        // What is more than one transaction parts a group instead of making all of it stepwise.
        let is_one = matches!(blocks.as_slice(), [block] if block.transaction != TransactionRule::Never);
        Ok(MigrationStep {
            id,
            title,
            direction,
            before: Vec::new(),
            blocks,
            after: Vec::new(),
            on_error: Vec::new(),
            each_statement: EachStatement::default(),
            session: Vec::new(),
            restore: Vec::new(),
            record,
            group: (transactional && !self.transaction_per_migration && is_one).then_some(ONE_TRANSACTION),
        })
    }

    fn parts(
        &self,
        node: NodeId,
        direction: Direction,
        facts: &StepFacts,
    ) -> Result<(String, String, Direction, Vec<Block>), CommandError> {
        let revision = &self.graph.node(node).revision;
        let blocks = match self.stand_ins.get(&revision.id) {
            Some(path) => stand_in(path, &revision.id, direction)?,
            None => vec![Block {
                source: Source::file(revision.path.clone(), revision.source.clone()),
                body: self.code.body(revision, facts),
                transaction: TransactionRule::Auto,
            }],
        };
        Ok((revision.id.clone(), title(&self.graph, node), direction, blocks))
    }

    fn create(&self, context: &Context<'_>) -> Option<Step> {
        (!context.history.exists).then(|| {
            Step::Setup(Setup {
                message: format!("Creating the version table {}", self.table.quoted(context.server.dialect)),
                statements: vec![self.table.create(context.server.dialect)],
            })
        })
    }

    fn warnings(&self, more: &[Warning]) -> Vec<String> {
        self.build_warnings.iter().chain(more).map(Warning::to_string).collect()
    }
}

/// What stands in for a revision: the blocks of the file, or its SQL, which goes up only.
fn stand_in(path: &Path, id: &str, direction: Direction) -> Result<Vec<Block>, CommandError> {
    let text = std::fs::read_to_string(path).map_err(|error| {
        CommandError::Failed(format!(
            "the stand-in for {id}, {}, cannot be read: {error}. Correct its path under [alembic.stand-in] in dunlin.toml",
            path.display()
        ))
    })?;
    if let Some(blocks) = native::stand_in_blocks(path, &text, id, direction).map_err(failed)? {
        return Ok(blocks);
    }
    if direction == Direction::Down {
        return Err(failed(native::nothing_written(path, id, direction)));
    }
    Ok(vec![Block { source: Source::file(path, text), body: Body::Sql, transaction: TransactionRule::Auto }])
}

/// How messages name a revision: `ae1027a6acf (add orders)`.
pub(super) fn title(graph: &Graph, node: NodeId) -> String {
    let revision = &graph.node(node).revision;
    let doc = doc(revision).split('\n').next().unwrap_or_default().trim();
    if doc.is_empty() { revision.id.clone() } else { format!("{} ({doc})", revision.id) }
}

fn version_steps(nodes: Vec<NodeId>, direction: Direction) -> Vec<VersionStep> {
    let step = match direction {
        Direction::Up => VersionStep::Upgrade,
        Direction::Down => VersionStep::Downgrade,
    };
    nodes.into_iter().map(step).collect()
}

/// The rows of the version table, in the order in which the server gives them.
pub fn rows(context: &Context<'_>) -> Result<Vec<String>, AdapterError> {
    let rows = context.history.rows.iter();
    let texts: Option<Vec<String>> = rows.map(|row| row.first().cloned().flatten()).collect();
    texts.ok_or_else(|| {
        AdapterError::refused("HISTORY", "the version table has a row that is NULL")
            .advise("Delete that row; the other rows say what is applied.")
    })
}

/// What the command line says, as an adapter's refusal.
pub(super) fn refused(error: CommandError) -> AdapterError {
    AdapterError::refused("REVISION", error.to_string())
}

/// What the graph says, as an adapter's refusal.
pub(super) fn refused_graph(error: GraphError) -> AdapterError {
    refused(CommandError::of_lookup(error))
}

fn failed(error: AdapterError) -> CommandError {
    CommandError::Failed(error.to_string())
}
