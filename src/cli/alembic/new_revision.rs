//! `alembic revision` and `alembic merge`

pub mod hooks;

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use dunlin_compat::alembic::config::Origin;
use dunlin_compat::alembic::graph::{Graph, NodeId};
use dunlin_compat::alembic::identifier::Place;
use dunlin_compat::alembic::output::CommandError;
use dunlin_compat::alembic::write::{self, CreateDate, WriteError};
use serde_json::json;

use super::arguments::{NewMerge, NewRevision};
use super::console::Console;
use super::failure::CommandFailure;
use super::project::{Project, config_failure};
use crate::cli::failure::Failure;

/// Characters that an id may not have, in the order in which Alembic lists them.
const ILLEGAL: [char; 4] = ['+', '-', ':', '@'];

/// Writes an empty revision.
pub fn run(project: &Project, arguments: &NewRevision, console: &mut Console) -> Result<(), CommandFailure> {
    let runs_env = project.config.revision_environment().map_err(config_failure)?;
    if arguments.autogenerate && arguments.sql {
        return Err(CommandFailure::failed("Using --sql with --autogenerate does not make any sense"));
    }
    if arguments.autogenerate || runs_env {
        let keywords = json!({
            "message": arguments.message,
            "autogenerate": arguments.autogenerate,
            "sql": arguments.sql,
            "head": arguments.head,
            "splice": arguments.splice,
            "branch_label": arguments.branch_label,
            "version_path": arguments.version_path,
            "rev_id": arguments.rev_id,
            "depends_on": (!arguments.depends_on.is_empty()).then_some(&arguments.depends_on),
        });
        return match arguments.sql {
            true => project.write_sql("revision", keywords, console),
            false => project.compare("revision", keywords, console),
        };
    }
    if arguments.sql {
        return Err(CommandFailure::failed(
            "Using --sql with the revision command when revision_environment is not configured does not make any sense",
        ));
    }
    let wanted = Wanted {
        heads: vec![arguments.head.clone().unwrap_or_else(|| "head".to_owned())],
        id: arguments.rev_id.as_deref(),
        message: arguments.message.as_deref(),
        splice: arguments.splice,
        branch_label: arguments.branch_label.as_deref(),
        version_path: arguments.version_path.as_deref(),
        depends_on: &arguments.depends_on,
    };
    wanted.write(project, console)
}

/// Writes a revision after several.
pub fn merge(project: &Project, arguments: &NewMerge, console: &mut Console) -> Result<(), CommandFailure> {
    if project.config.revision_environment().map_err(config_failure)? {
        let keywords = json!({
            "revisions": arguments.revisions,
            "message": arguments.message,
            "branch_label": arguments.branch_label,
            "rev_id": arguments.rev_id,
            "splice": arguments.splice,
        });
        return project.compare("merge", keywords, console);
    }
    let wanted = Wanted {
        heads: arguments.revisions.clone(),
        id: arguments.rev_id.as_deref(),
        message: arguments.message.as_deref(),
        splice: arguments.splice,
        branch_label: arguments.branch_label.as_deref(),
        version_path: None,
        depends_on: &[],
    };
    wanted.write(project, console)
}

/// What the new file is to be.
struct Wanted<'a> {
    heads: Vec<String>,
    id: Option<&'a str>,
    message: Option<&'a str>,
    splice: bool,
    branch_label: Option<&'a str>,
    version_path: Option<&'a str>,
    depends_on: &'a [String],
}

impl Wanted<'_> {
    fn write(&self, project: &Project, console: &Console) -> Result<(), CommandFailure> {
        let id = match self.id {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => write::new_id(std::array::from_fn(|_| fastrand::u8(..))),
        };
        refuse_illegal(&id)?;
        let graph = project.graph(console)?.map_err(CommandError::of_new_revision)?;
        let heads = self.heads(graph)?;
        let config = &project.config;
        let date = CreateDate::of_system(SystemTime::now(), config.timezone.value.as_deref());
        let date = date.map_err(|error| CommandFailure::failed(error.to_string()))?;
        let parent = heads.first().map(|head| graph.node(*head).revision.path.as_path());
        let folder = write::version_folder(config, &project.directory, self.version_path, parent);
        let folder = folder.map_err(write_failure)?;
        self.refuse_taken_label(graph)?;
        let revision = write::NewRevision {
            id,
            message: self.message.map(str::to_owned),
            down_revisions: graph.ids(&heads),
            branch_labels: self.branch_label.map(str::to_owned).into_iter().collect(),
            depends_on: self.dependencies(graph)?,
            template_arguments: Vec::new(),
        };
        self.refuse_splice(graph, &heads)?;
        let template_path = project.directory.join(&config.script_location.value).join("script.py.mako");
        let template =
            fs::read_to_string(&template_path).map_err(|error| unwritable(&template_path, &error))?;
        // Before anything is made, unlike Alembic: what cannot be rendered leaves no folder behind.
        let file = write::revision_file(config, &folder, &revision, &date, &template, &template_path);
        let file = file.map_err(write_failure)?;
        if config.version_locations.origin != Origin::Default {
            ensure_folder(&folder, console)?;
        }
        ensure_folder(file.path.parent().unwrap_or(&folder), console)?;
        console.doing(&format!("Generating {}", file.path.display()), || {
            fs::write(&file.path, &file.bytes).map_err(|error| unwritable(&file.path, &error))
        })?;
        hooks::run(project, &file.path, console)?;
        if graph.get(&revision.id).is_some() {
            console.warn(&format!("Revision {} is present more than once", revision.id));
        }
        Ok(())
    }

    fn heads(&self, graph: &Graph) -> Result<Vec<NodeId>, CommandFailure> {
        let places = graph.find_each(&self.heads).map_err(CommandError::of_new_revision)?;
        let mut heads = Vec::new();
        for place in places {
            let Place::At(head) = place else {
                return Err(CommandFailure::ours(
                    "REVISION",
                    "the identifier leads past the end of the revisions",
                ));
            };
            if heads.contains(&head) {
                return Err(CommandFailure::failed("Duplicate head revisions specified"));
            }
            heads.push(head);
        }
        Ok(heads)
    }

    fn refuse_splice(&self, graph: &Graph, heads: &[NodeId]) -> Result<(), CommandFailure> {
        match heads.iter().find(|head| !graph.node(**head).is_head()) {
            Some(head) if !self.splice => Err(CommandFailure::failed(format!(
                "Revision {} is not a head revision; please specify --splice to create a new branch from this revision",
                graph.id(*head)
            ))),
            _ => Ok(()),
        }
    }

    /// Partial ids become whole; labels stay.
    fn dependencies(&self, graph: &Graph) -> Result<Vec<String>, CommandFailure> {
        let resolve = |wanted: &String| {
            let node = graph.find(wanted).map_err(CommandError::of_lookup)?.ok_or_else(|| {
                CommandFailure::ours("REVISION", format!("nothing can depend on '{wanted}'"))
            })?;
            let is_label = graph.node(node).labels().contains(wanted);
            Ok(if is_label { wanted.clone() } else { graph.id(node).to_owned() })
        };
        self.depends_on.iter().map(resolve).collect()
    }

    /// Alembic writes the file first and then fails, and with it every command after it.
    fn refuse_taken_label(&self, graph: &Graph) -> Result<(), CommandFailure> {
        let taken = self.branch_label.and_then(|label| Some((label, graph.get(label)?)));
        match taken {
            Some((label, node)) => Err(CommandFailure::ours(
                "REVISION",
                format!("the branch name '{label}' is already used by revision {}", graph.id(node)),
            )),
            None => Ok(()),
        }
    }
}

fn refuse_illegal(id: &str) -> Result<(), CommandFailure> {
    let illegal: Vec<String> =
        ILLEGAL.iter().filter(|character| id.contains(**character)).map(char::to_string).collect();
    if illegal.is_empty() {
        return Ok(());
    }
    Err(CommandFailure::failed(format!(
        "Character(s) '{}' not allowed in revision identifier '{id}'",
        illegal.join(", ")
    )))
}

/// What Alembic has words for comes behind `FAILED: `.
fn write_failure(error: WriteError) -> CommandFailure {
    match error {
        WriteError::NoVersionPath | WriteError::VersionPath(_) | WriteError::BranchLabels { .. } => {
            CommandFailure::failed(error.to_string())
        }
        error => Failure::new("TEMPLATE", error.to_string()).into(),
    }
}

/// Makes a folder, unless it is there.
pub fn ensure_folder(path: &Path, console: &Console) -> Result<(), CommandFailure> {
    if path.exists() {
        return Ok(());
    }
    console.doing(&format!("Creating directory {}", path.display()), || {
        fs::create_dir_all(path).map_err(|error| unwritable(path, &error))
    })
}

/// A file that cannot be read or written.
pub fn unwritable(path: &Path, error: &std::io::Error) -> CommandFailure {
    CommandFailure::ours("FILE", format!("{}: {error}", path.display()))
}
