//! The sandbox carrier for JavaScript: QuickJS in this process, with the project's own packages.

use std::path::{Path, PathBuf};

use dunlin_compat::model::GuestProgram;

use super::environment;
use super::guests::GuestSettings;
use super::javascript::{JavaScriptCarrier, JavaScriptCommand, JavaScriptError};
use super::{CarrierError, CarrierLink, Interrupt};

/// How messages name it.
const NAME: &str = "the sandbox (QuickJS)";

/// A guest in QuickJS.
pub struct QuickJsCarrier {
    carrier: JavaScriptCarrier,
    interrupt: Interrupt,
}

impl QuickJsCarrier {
    /// Begins to start it.
    ///
    /// # Errors
    /// [`CarrierError::Start`]: the system gives no thread.
    pub fn start(program: &GuestProgram, settings: &GuestSettings) -> Result<QuickJsCarrier, CarrierError> {
        let interrupt = settings.interrupt.clone();
        let raised = interrupt.clone();
        let carrier = JavaScriptCarrier::start(JavaScriptCommand {
            modules: program.modules,
            folders: folders(&settings.project, &program.import_paths),
            folder: settings.project.clone(),
            environment: environment(settings),
            time_limit: settings.time_limit,
            memory_limit: usize::try_from(settings.memory_limit).unwrap_or(usize::MAX),
            interrupted: std::sync::Arc::new(move || raised.is_raised()),
        });
        Ok(QuickJsCarrier { carrier: carrier.map_err(failed)?, interrupt })
    }
}

impl CarrierLink for QuickJsCarrier {
    fn describe(&self) -> String {
        NAME.to_owned()
    }

    fn advice(&self) -> Option<String> {
        Some("`carrier = \"host\"` in dunlin.toml runs it by the machine's own Node.".to_owned())
    }

    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError> {
        let _watched = self.interrupt.watch();
        self.carrier.converse(message, answer).map_err(failed)
    }
}

/// The variables that are allowed, and those of which only passwords are hidden.
fn environment(settings: &GuestSettings) -> Vec<(String, String)> {
    let rules = settings.rules();
    let mut variables = environment::for_sandbox(std::env::vars_os(), &rules);
    let masked =
        environment::for_host(std::env::vars_os(), &rules).into_iter().filter_map(|(name, value)| {
            let name = name.into_string().ok().filter(|name| settings.masked.contains(name))?;
            Some((name, value.into_string().ok()?))
        });
    for (name, value) in masked {
        if !variables.iter().any(|(known, _)| *known == name) {
            variables.push((name, value));
        }
    }
    variables
}

/// The project, what it imports from elsewhere, and the packages of every folder above it.
fn folders(project: &Path, import_paths: &[PathBuf]) -> Vec<PathBuf> {
    // Also the project's own, which may be a link.
    let packages = project.ancestors().map(|folder| folder.join("node_modules"));
    let all = [project.to_owned()].into_iter().chain(import_paths.iter().cloned());
    all.chain(packages.filter(|folder| folder.is_dir())).collect()
}

/// Where a package of the project is: in it, above it, or where it imports from.
pub fn package(name: &str, project: &Path, import_paths: &[PathBuf]) -> Option<PathBuf> {
    let above = project.ancestors().map(|folder| folder.join("node_modules"));
    let beside = import_paths.iter().flat_map(|path| [path.clone(), path.join("node_modules")]);
    above.chain(beside).map(|folder| folder.join(name)).find(|folder| folder.join("package.json").is_file())
}

fn failed(error: JavaScriptError) -> CarrierError {
    let carrier = NAME.to_owned();
    match error {
        JavaScriptError::Start { reason } => CarrierError::Start { carrier, reason },
        JavaScriptError::Ended { reason } => {
            CarrierError::Ended { carrier, how: String::new(), said: reason }
        }
        JavaScriptError::OutOfTime { limit } => CarrierError::OutOfTime { limit },
        JavaScriptError::OutOfMemory { limit } => CarrierError::OutOfMemory { limit: limit as u64 },
        JavaScriptError::Interrupted => CarrierError::Interrupted,
    }
}
