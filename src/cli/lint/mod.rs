//! `dunlin lint`

mod annotations;
mod code;
mod fix;
mod report;
mod rule_list;
mod sarif;
mod since;
mod timed;

pub use report::rendered;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use dunlin_compat::model::{
    Body, Context, Dialect, Direction, History, MigrationStep, Plan, Quoting, Request, Server, Step,
};
use dunlin_compat::settings::Settings;
use dunlin_compat::settings::lint::{LintSettings, RuleSeverity, StopsUp};

use super::estimate::database_of;
use super::exit::Exit;
use super::failure::Failure;
use super::project::{self, Project};
use super::scratch::ScratchArgs;
use super::{Format, Global, output};
use crate::db::{Access, Connection};
use crate::engine::{self, CatalogFacts, LintGate, LintOptions};
use crate::estimate::Record;
use crate::lint::{self, Facts, Finding, Migration, Severity};
use crate::verify::Live;
use code::Learnt;
use timed::TimedFacts;

/// Check migrations for what hurts a running application
///
/// Looks at the statements of pending migrations, and of their downs, in the situation in which they would run. With a database at
/// hand the size of its tables decides how bad a finding is. Exits with 5 if there are errors.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  dunlin lint                           what is pending
  dunlin lint --all --no-database       every file, by itself
  dunlin lint --since main              only what changed since the branch main
  dunlin lint --run-code                what Python, JavaScript and Ruby send, too
  dunlin lint --fix                     write the safe forms into pending files
  dunlin lint --reporter github         annotations for a pull request
  dunlin lint --explain rename-column   what a rule is about")]
pub struct LintArgs {
    /// Files to check [default: those of pending migrations]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Check every migration, applied ones too
    #[arg(long)]
    all: bool,
    /// Check files that changed since this revision of git
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Ask no database: files alone are checked, as if none were applied
    #[arg(long)]
    no_database: bool,
    /// The server, where no URL names it; a URL does not tell MariaDB from MySQL
    #[arg(long, value_enum, value_name = "SERVER", requires = "no_database")]
    dialect: Option<DialectArgument>,
    /// Its version, where no database tells [default: the newest]
    #[arg(long, value_name = "VERSION", requires = "no_database", value_parser = version_argument)]
    server_version: Option<(u32, u32, u32)>,
    /// Run migrations that are code on a scratch database, which is dropped afterwards, to see their statements
    #[arg(long, conflicts_with = "no_database")]
    run_code: bool,
    #[command(flatten)]
    scratch: ScratchArgs,
    /// Exit with 5 for warnings too
    #[arg(long)]
    strict: bool,
    /// Write the safe forms into the files
    #[arg(long)]
    fix: bool,
    /// How findings are printed
    #[arg(long, value_enum, value_name = "HOW", conflicts_with = "fix")]
    reporter: Option<Reporter>,
    /// List the rules
    #[arg(long, conflicts_with_all = ["files", "all", "since", "fix", "reporter"])]
    rules: bool,
    /// Say what a rule is about
    #[arg(long, value_name = "RULE", conflicts_with_all = ["files", "all", "since", "fix", "reporter", "rules"])]
    explain: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum DialectArgument {
    Postgres,
    Mysql,
    Mariadb,
    Sqlite,
}

impl DialectArgument {
    fn dialect(self) -> Dialect {
        match self {
            DialectArgument::Postgres => Dialect::Postgres,
            DialectArgument::Mysql => Dialect::Mysql,
            DialectArgument::Mariadb => Dialect::Mariadb,
            DialectArgument::Sqlite => Dialect::Sqlite,
        }
    }
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Reporter {
    /// For people
    Terminal,
    /// One JSON document
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Annotations of GitHub Actions
    Github,
    /// GitLab's code quality report
    Gitlab,
}

/// What was checked, and what was found.
struct Checked {
    dialect: Dialect,
    findings: Vec<Finding>,
    migrations: usize,
    /// Files whose statements are known only when they run.
    code: BTreeSet<PathBuf>,
    /// Why a run that was to learn them stopped.
    stopped: Option<String>,
}

/// Runs the command.
pub fn run(global: &Global, arguments: &LintArgs) -> Result<Exit, Failure> {
    let as_json = global.format == Format::Json;
    if arguments.rules {
        return rule_list::print(as_json).map(|()| Exit::Done);
    }
    if let Some(id) = &arguments.explain {
        return rule_list::explain(id, as_json).map(|()| Exit::Done);
    }
    let mut checked = check(global, arguments)?;
    if arguments.fix {
        let fixed = fix::write(&checked.findings, checked.dialect)?;
        fixed.print()?;
        if fixed.changed() {
            checked = check(global, arguments)?;
        }
    }
    let reporter = arguments.reporter.unwrap_or(if as_json { Reporter::Json } else { Reporter::Terminal });
    match reporter {
        Reporter::Terminal => report::print(&checked)?,
        Reporter::Json => output::json(&report::json(&checked))?,
        Reporter::Sarif => output::json(&sarif::document(&checked.findings))?,
        Reporter::Github => output::print(&annotations::github(&checked.findings))?,
        Reporter::Gitlab => output::json(&annotations::gitlab(&checked.findings))?,
    }
    let worst = checked.findings.iter().map(|finding| finding.severity).max();
    let limit = if arguments.strict { Severity::Warning } else { Severity::Error };
    Ok(if worst.is_some_and(|worst| worst >= limit) { Exit::Found } else { Exit::Done })
}

fn check(global: &Global, arguments: &LintArgs) -> Result<Checked, Failure> {
    let root = project::root(global)?;
    let only = match &arguments.since {
        Some(revision) => Some(since::changed(&root, revision)?),
        None if arguments.files.is_empty() => None,
        None => Some(arguments.files.iter().map(|file| since::whole(file)).collect::<Result<_, _>>()?),
    };
    let global = &with_dialect(global, arguments.dialect);
    let project = Project::open(global).map_err(|failure| match failure.exit {
        Exit::Usage if arguments.no_database && global.url.is_none() => {
            failure.help("Say which server the files are for: --dialect postgres, mysql, mariadb or sqlite.")
        }
        _ => failure,
    })?;
    let settings = Settings::load(&root).map_err(|error| project::settings_failure(&error))?.lint;
    let options = lint_options(&settings, &project)?;
    let every_one = arguments.all || only.is_some();
    if arguments.no_database {
        let named = arguments.dialect.map(DialectArgument::dialect);
        let server = assumed(named.unwrap_or_else(|| project.dialect()), arguments.server_version);
        let plan = from_empty(&project, &server)?;
        return look(&project, &plan, only.as_ref(), &Learnt::default(), &server, None, &options);
    }
    let mut connection = project.connect(Access::Read)?;
    let server = connection.server().clone();
    let plan =
        if every_one { from_empty(&project, &server)? } else { pending(&project, connection.as_mut())? };
    let is_code = |step: &MigrationStep| step.blocks.iter().any(|block| matches!(block.body, Body::Code(_)));
    let learnt = if arguments.run_code && plan.migrations().any(is_code) {
        let live =
            if every_one { Live::default() } else { Live::read(connection.as_mut(), project.adapter())? };
        code::learn(&project, &arguments.scratch, &live, &server)?
    } else {
        Learnt::default()
    };
    let record = Record::load(&global.directory, &database_of(&project, &server.database));
    let facts = CatalogFacts::new(connection.as_mut());
    let facts = TimedFacts::new(&facts, record);
    look(&project, &plan, only.as_ref(), &learnt, &server, Some(&facts), &options)
}

fn look(
    project: &Project,
    plan: &Plan,
    only: Option<&BTreeSet<PathBuf>>,
    learnt: &Learnt,
    server: &Server,
    facts: Option<&dyn Facts>,
    options: &LintOptions,
) -> Result<Checked, Failure> {
    let mut migrations = migrations(project, plan, server)?;
    if let Some(only) = only {
        migrations.retain(|migration| since::whole(&migration.path).is_ok_and(|path| only.contains(&path)));
    }
    for migration in &mut migrations {
        learnt.fill(migration, server);
    }
    let code = migrations
        .iter()
        .filter(|migration| migration.is_code)
        .map(|migration| migration.path.clone())
        .collect();
    let findings = engine::lint(&migrations, server, facts, options)?;
    let count = migrations.iter().filter(|migration| migration.direction == Direction::Up).count();
    Ok(Checked {
        dialect: server.dialect,
        findings,
        migrations: count,
        code,
        stopped: learnt.stopped.clone(),
    })
}

/// The migrations of a plan and, where files tell, what takes them back.
fn migrations(project: &Project, plan: &Plan, server: &Server) -> Result<Vec<Migration>, Failure> {
    let adapter = project.adapter();
    let has_lock_timeout = !project.options.lock_timeout.is_zero();
    let prepared = engine::prepare_plan(plan, server)?;
    let mut migrations = engine::lint_migrations(&prepared, server.dialect, has_lock_timeout);
    let reversals = adapter.reversals(server);
    let mut backward = Plan::default();
    for migration in &mut migrations {
        let text = std::fs::read_to_string(&migration.path).unwrap_or_default();
        let missing = adapter.missing_down(&migration.path, &text);
        migration.missing_down = missing.map(|missing| (missing.line, missing.reason));
        let Some(reversal) = reversals.iter().find(|reversal| reversal.id == migration.id) else { continue };
        migration.has_down = Some(reversal.step.is_some());
        backward.steps.extend(reversal.step.clone().map(|step| Step::Migration(Box::new(step))));
    }
    let prepared = engine::prepare_plan(&backward, server)?;
    migrations.extend(engine::lint_migrations(&prepared, server.dialect, has_lock_timeout));
    Ok(migrations)
}

fn pending(project: &Project, connection: &mut dyn Connection) -> Result<Plan, Failure> {
    let request = Request { direction: Some(Direction::Up), ..Request::default() };
    let snapshot = engine::Snapshot::read(connection, project.adapter())?;
    Ok(project.adapter().plan(&snapshot.context(connection), &request)?)
}

/// What would run on an empty database.
fn from_empty(project: &Project, server: &Server) -> Result<Plan, Failure> {
    let (history, answers) = (History::default(), project.adapter().answers_of_empty(server));
    let context = Context { server, history: &history, answers: &answers, unfinished: None };
    let request = Request { direction: Some(Direction::Up), ..Request::default() };
    Ok(project.adapter().plan(&context, &request)?)
}

/// What keeps `up` from running, as `dunlin.toml` says it.
pub fn gate(global: &Global, project: &Project) -> Result<Option<LintGate>, Failure> {
    let root = project::root(global)?;
    let settings = Settings::load(&root).map_err(|error| project::settings_failure(&error))?.lint;
    let stops = match settings.up {
        StopsUp::Never => return Ok(None),
        StopsUp::Warning => Severity::Warning,
        StopsUp::Error => Severity::Error,
    };
    Ok(Some(LintGate { options: lint_options(&settings, project)?, stops }))
}

fn lint_options(settings: &LintSettings, project: &Project) -> Result<LintOptions, Failure> {
    Ok(LintOptions {
        settings: rule_settings(settings)?,
        plugins: settings.plugins.clone(),
        shelf: project.options.plugins.clone(),
    })
}

/// The rule that `[lint.naming]` switches on.
const NAMING_POLICY: &str = "naming-policy";

/// The options of the rules as `dunlin.toml` says them.
fn rule_settings(settings: &LintSettings) -> Result<lint::Settings, Failure> {
    let named = settings.off.iter().chain(&settings.on).chain(settings.severity.keys());
    for id in named {
        rule_list::find(id)?;
    }
    let severity = |severity: RuleSeverity| match severity {
        RuleSeverity::Note => Severity::Note,
        RuleSeverity::Warning => Severity::Warning,
        RuleSeverity::Error => Severity::Error,
    };
    let mut on = settings.on.clone();
    if !settings.naming.is_empty() {
        on.push(NAMING_POLICY.to_owned());
    }
    Ok(lint::Settings {
        off: settings.off.clone(),
        on,
        naming: settings.naming.clone(),
        severity: settings.severity.iter().map(|(id, set)| (id.clone(), severity(*set))).collect(),
        today: jiff::ZonedDateTime::now().date().to_string(),
    })
}

/// A URL that is never opened, where only the kind of server is known.
fn with_dialect(global: &Global, dialect: Option<DialectArgument>) -> Global {
    let url = dialect.map(|dialect| match dialect {
        DialectArgument::Postgres => "postgres://localhost/lint",
        DialectArgument::Mysql => "mysql://localhost/lint",
        DialectArgument::Mariadb => "mariadb://localhost/lint",
        DialectArgument::Sqlite => "sqlite:lint.db",
    });
    Global { url: url.map(str::to_owned).or_else(|| global.url.clone()), ..global.clone() }
}

/// A server of which nothing is known but its kind.
fn assumed(dialect: Dialect, version: Option<(u32, u32, u32)>) -> Server {
    let newest = match dialect {
        Dialect::Postgres => (18, 0, 0),
        Dialect::Mysql => (9, 4, 0),
        Dialect::Mariadb => (12, 0, 0),
        Dialect::Sqlite => (3, 50, 0),
    };
    let version = version.unwrap_or(newest);
    Server {
        dialect,
        version,
        version_text: format!("{}.{}.{}", version.0, version.1, version.2),
        database: String::new(),
        schema: match dialect {
            Dialect::Postgres => "public".to_owned(),
            Dialect::Sqlite => "main".to_owned(),
            Dialect::Mysql | Dialect::Mariadb => "lint".to_owned(),
        },
        user: String::new(),
        search_path: String::new(),
        session_id: 0,
        quoting: Quoting::of(dialect).into(),
        session_settings: Vec::new(),
        beginning: Vec::new(),
        reported_settings: Vec::new(),
    }
}

fn version_argument(text: &str) -> Result<(u32, u32, u32), String> {
    let mut parts = text.split('.').map(str::parse::<u32>);
    let mut next = || parts.next().unwrap_or(Ok(0)).map_err(|_| "write it like 14 or 8.0.36".to_owned());
    Ok((next()?, next()?, next()?))
}

/// A path as people see it: from where they are.
fn shown(path: &Path) -> String {
    let here = std::env::current_dir().ok();
    let short = here.as_deref().and_then(|here| path.strip_prefix(here).ok());
    short.unwrap_or(path).display().to_string()
}
