//! Knex as the engine sees it; files and history joined.

use jiff::Timestamp;

use super::files::code_units;
use super::history::{self, Applied};
use super::plan::{Command, KnexAdapter, corrupt};
use crate::model::{
    Adapter, AdapterError, Context, Direction, ForeignKeys, HistoryQueries, Lock, LockRow, Plan, Problem,
    Request, Server, Setup, SquashScope, Standing, StatusEntry, Step, Unfinished,
};

impl KnexAdapter {
    /// Names that have run, by id, and names that are pending, in order: what `migrate:list` shows.
    ///
    /// # Errors
    /// The history names files that are gone.
    pub fn list(&self, context: &Context<'_>) -> Result<(Vec<String>, Vec<String>), AdapterError> {
        let rows = history::applied(context)?;
        let pending = self.choose(&rows, &Command::Latest)?.files;
        let completed = rows.into_iter().map(|row| row.name).collect();
        Ok((completed, pending.into_iter().map(|file| file.name).collect()))
    }

    /// What `migrate:currentVersion` shows: the greatest beginning of a name, as text.
    ///
    /// # Errors
    /// The history cannot be read.
    pub fn current_version(&self, context: &Context<'_>) -> Result<String, AdapterError> {
        let rows = history::applied(context)?;
        let beginning = |row: &Applied| row.name.split('_').next().unwrap_or_default().to_owned();
        let greatest = rows.iter().map(beginning).max_by(|left, right| code_units(left, right));
        Ok(greatest.unwrap_or_else(|| "none".to_owned()))
    }
}

/// SQLite keeps milliseconds since 1970.
fn readable(time: &str) -> String {
    let milliseconds = time.parse().ok().and_then(|number| Timestamp::from_millisecond(number).ok());
    milliseconds.map_or_else(|| time.to_owned(), |time| time.strftime("%Y-%m-%d %H:%M:%S").to_string())
}

impl Adapter for KnexAdapter {
    fn tool(&self) -> &'static str {
        "knex"
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

    /// None that a session holds: Knex' lock is a row.
    fn locks(&self, _server: &Server) -> Vec<Lock> {
        Vec::new()
    }

    fn lock_row(&self, server: &Server) -> Option<LockRow> {
        Some(self.table.lock_row(server.dialect))
    }

    fn history_queries(&self, server: &Server) -> HistoryQueries {
        self.table.queries(server)
    }

    fn still_unfinished(&self, context: &Context<'_>, unfinished: &Unfinished) -> bool {
        let is_applied =
            history::applied(context).is_ok_and(|rows| rows.iter().any(|row| row.name == unfinished.id));
        match unfinished.direction {
            Direction::Up => !is_applied,
            Direction::Down => is_applied,
        }
    }

    fn foreign_keys(&self) -> ForeignKeys {
        if self.client.enforces_foreign_keys() { ForeignKeys::Enforced } else { ForeignKeys::Off }
    }

    fn takes_double_quoted_strings(&self) -> bool {
        self.client.takes_double_quoted_strings()
    }

    /// `pool.afterCreate` of a knexfile often does.
    fn code_switches_foreign_keys(&self) -> bool {
        true
    }

    fn status(&self, context: &Context<'_>) -> Result<Vec<StatusEntry>, AdapterError> {
        let rows = history::applied(context)?;
        let missing = rows.iter().filter(|row| self.files.iter().all(|file| file.name != row.name));
        let missing = missing.map(|row| StatusEntry {
            id: row.name.clone(),
            description: String::new(),
            kind: "javascript".to_owned(),
            state: "missing".to_owned(),
            standing: Standing::Drifted,
            applied_at: row.time.as_deref().map(readable),
            path: None,
            reversible: false,
        });
        let files = self.files.iter().map(|file| {
            let row = rows.iter().find(|row| row.name == file.name);
            let (state, standing) = match row {
                Some(_) => ("completed", Standing::Applied),
                None => ("pending", Standing::Pending),
            };
            StatusEntry {
                id: file.name.clone(),
                description: row
                    .and_then(|row| row.batch)
                    .map(|batch| format!("batch {batch}"))
                    .unwrap_or_default(),
                kind: "javascript".to_owned(),
                state: state.to_owned(),
                standing,
                applied_at: row.and_then(|row| row.time.as_deref()).map(readable),
                path: file.path.clone(),
                // Knex refuses a module without a `down`.
                reversible: true,
            }
        });
        Ok(missing.chain(files).collect())
    }

    /// Up is `migrate:latest`, cut short by what the request says; down takes back the last migration, or as many as it says.
    fn plan(&self, context: &Context<'_>, request: &Request) -> Result<Plan, AdapterError> {
        let command = match (request.direction(), &request.to) {
            (Direction::Up, Some(name)) => Command::To(name.clone()),
            (Direction::Up, None) => Command::Latest,
            (Direction::Down, _) => Command::Rollback { all: true },
        };
        let mut plan = self.plan_command(context, &command)?;
        let limit = match (request.direction(), &request.to) {
            (Direction::Down, None) => request.steps.unwrap_or(1),
            (Direction::Down, Some(name)) => {
                let until = plan.migrations().position(|step| step.id == *name);
                let until = until.ok_or_else(|| {
                    AdapterError::refused("MIGRATION", format!("Migration \"{name}\" was not run."))
                })?;
                request.steps.unwrap_or(usize::MAX).min(until)
            }
            (Direction::Up, _) => request.steps.unwrap_or(usize::MAX),
        };
        let mut count = 0;
        plan.steps.retain(|step| {
            count += usize::from(matches!(step, Step::Migration(_)));
            count <= limit || !matches!(step, Step::Migration(_))
        });
        Ok(plan)
    }

    fn validate(&self, context: &Context<'_>) -> Result<Vec<Problem>, AdapterError> {
        let missing = self.missing(&history::applied(context)?);
        if missing.is_empty() || self.migrations.disable_list_validation {
            return Ok(Vec::new());
        }
        Ok(vec![Problem { code: "MISSING".to_owned(), message: corrupt(&missing), path: None }])
    }

    /// Nothing: Knex has no such command, and which row is wrong only its user knows.
    fn repair(&self, _context: &Context<'_>) -> Result<Plan, AdapterError> {
        Ok(Plan::default())
    }

    /// Records what is in the files, up to and including a name, without running it.
    fn squash_scope(&self, _context: &Context<'_>, _to: Option<&str>) -> Result<SquashScope, AdapterError> {
        Err(AdapterError::refused("NO_SQUASH", "Knex has no way to replace migrations by a baseline").advise(
            "It refuses a history whose files are gone (\"The migration directory is corrupt\"), so every file that has been \
             applied anywhere has to stay.",
        ))
    }

    fn baseline(&self, context: &Context<'_>, version: Option<&str>) -> Result<Plan, AdapterError> {
        let rows = history::applied(context)?;
        if !rows.is_empty() {
            return Err(AdapterError::refused("HISTORY", "the history has begun already"));
        }
        let command = version.map_or(Command::Latest, |name| Command::To(name.to_owned()));
        let chosen = self.choose(&rows, &command)?;
        let dialect = context.server.dialect;
        let mut statements = Vec::new();
        if !context.history.exists {
            statements.push(self.table.create(dialect));
        }
        statements.extend(
            chosen
                .files
                .iter()
                .map(|file| self.table.insert(&file.name, chosen.batch, dialect).with_elapsed("0")),
        );
        let message = format!("Starting the history with {} migrations", chosen.files.len());
        Ok(Plan { steps: vec![Step::Setup(Setup { message, statements })], ..Plan::default() })
    }
}
