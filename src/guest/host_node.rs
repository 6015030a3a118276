//! The machine's own Node, and how a guest is run by it.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::{env, fs};

use dunlin_compat::model::GuestProgram;
use tempfile::TempDir;

use super::environment;
use super::guests::GuestSettings;
use super::host::{HostCarrier, HostCommand};
use super::{CarrierError, CarrierLink};

/// A guest run by Node. Its modules lie in a folder of their own while it runs.
pub struct NodeCarrier {
    carrier: HostCarrier,
    _modules: TempDir,
}

impl NodeCarrier {
    /// Starts it.
    ///
    /// # Errors
    /// [`CarrierError::Start`]: there is no Node, or its modules cannot be written.
    pub fn start(program: &GuestProgram, settings: &GuestSettings) -> Result<NodeCarrier, CarrierError> {
        let refused = |reason: String| CarrierError::Start { carrier: "node".to_owned(), reason };
        let node = match &settings.node {
            Some(node) => settings.project.join(node),
            None => find(&|name| env::var_os(name)).ok_or_else(|| {
                refused("there is no node in PATH; `node` in [knex] of dunlin.toml names it".to_owned())
            })?,
        };
        let modules = write(program).map_err(|error| refused(format!("its modules: {error}")))?;
        let carrier = HostCarrier::start(HostCommand {
            name: format!("Node ({})", node.display()),
            program: node,
            arguments: vec![modules.path().join("main.js").into_os_string()],
            environment: environment::for_host(env::vars_os(), &settings.rules()),
            folder: settings.project.clone(),
            input: Vec::new(),
            limit: settings.time_limit,
            interrupt: settings.interrupt.clone(),
        })?;
        Ok(NodeCarrier { carrier, _modules: modules })
    }
}

impl CarrierLink for NodeCarrier {
    fn describe(&self) -> String {
        self.carrier.describe()
    }

    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError> {
        self.carrier.converse(message, answer)
    }
}

fn find(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = variable("PATH")?;
    env::split_paths(&path).map(|folder| folder.join("node")).find(|program| program.is_file())
}

/// They are CommonJS, which a `package.json` beside them says, whatever one above says.
fn write(program: &GuestProgram) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("dunlin-guest").tempdir()?;
    for (name, text) in program.modules {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(path, text)?;
    }
    fs::write(folder.path().join("package.json"), "{\"type\": \"commonjs\"}\n")?;
    Ok(folder)
}
