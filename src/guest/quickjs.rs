//! The sandbox carrier for JavaScript: QuickJS in this process, with the project's own packages.

use std::path::{Path, PathBuf};

use dunlin_compat::model::GuestProgram;

use super::environment;
use super::guests::GuestSettings;
use super::javascript::{JavaScriptCarrier, JavaScriptCommand, JavaScriptError};
use super::{Answers, CarrierError, CarrierLink, Interrupt, Plain};

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
        let packages = package(program.tool, &settings.project, &program.import_paths).unwrap_or_default();
        let carrier = JavaScriptCarrier::start(JavaScriptCommand {
            modules: program.modules,
            folders: folders(&settings.project, &program.import_paths),
            folder: settings.project.clone(),
            environment: environment::for_sandbox_with(
                std::env::vars_os(),
                &settings.rules(),
                &settings.masked,
            ),
            time_limit: settings.time_limit,
            memory_limit: usize::try_from(settings.memory_limit).unwrap_or(usize::MAX),
            interrupted: std::sync::Arc::new(move || raised.is_raised()),
            cache: settings.cache.clone(),
            packages: packages.canonicalize().unwrap_or(packages),
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

    fn send_ahead(&mut self, message: &str) -> bool {
        self.carrier.send_ahead(message);
        true
    }

    fn converse(
        &mut self,
        message: &str,
        answer: &mut dyn FnMut(&str) -> String,
    ) -> Result<String, CarrierError> {
        self.converse_ahead(message, &mut Plain(answer))
    }

    fn converse_ahead(&mut self, message: &str, answers: &mut dyn Answers) -> Result<String, CarrierError> {
        let _watched = self.interrupt.watch();
        self.carrier.converse_ahead(message, answers).map_err(failed)
    }
}

/// The project, what it imports from elsewhere, the package that each is in, and the packages of every folder above.
fn folders(project: &Path, import_paths: &[PathBuf]) -> Vec<PathBuf> {
    // Also the project's own, which may be a link.
    let packages: Vec<PathBuf> = project
        .ancestors()
        .map(|folder| folder.join("node_modules"))
        .filter(|folder| folder.is_dir())
        .collect();
    let linked: Vec<PathBuf> = packages.iter().flat_map(|folder| linked_packages(folder)).collect();
    let begun: Vec<&Path> =
        std::iter::once(project).chain(import_paths.iter().map(PathBuf::as_path)).collect();
    let around = begun.iter().filter_map(|folder| package_around(folder));
    let all = begun.iter().map(|folder| (*folder).to_owned()).chain(around);
    all.chain(packages).chain(linked).collect()
}

/// The folder of the package that a folder is in, which a knexfile in a folder of its own imports from. One that is the
/// user's own is none, whatever lies in it.
fn package_around(folder: &Path) -> Option<PathBuf> {
    let found = folder.ancestors().find(|above| above.join("package.json").is_file())?;
    let home = std::env::home_dir().and_then(|home| home.canonicalize().ok());
    let is_home = home.is_some() && found.canonicalize().ok() == home;
    (!is_home).then(|| found.to_owned())
}

/// Where the links among installed packages lead, which is how workspaces and `npm link` install: the package, and what
/// is installed beside it. A link counts only when the package there has its name, so that none opens any other folder.
fn linked_packages(packages: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for (name, path) in entries(packages) {
        let is_scope = name.starts_with('@');
        let inside = match is_scope {
            true => entries(&path).map(|(inner, path)| (format!("{name}/{inner}"), path)).collect(),
            false => vec![(name, path)],
        };
        for (name, path) in inside.into_iter().filter(|(_, path)| path.is_symlink()) {
            let Ok(real) = path.canonicalize() else { continue };
            if is_package(&real, &name) {
                let beside = real.ancestors().skip(1).take(2).find(|folder| folder.ends_with("node_modules"));
                found.extend(beside.map(Path::to_owned));
                found.push(real);
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

fn entries(folder: &Path) -> impl Iterator<Item = (String, PathBuf)> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().filter_map(Result::ok);
    entries.filter_map(|entry| Some((entry.file_name().into_string().ok()?, entry.path())))
}

fn is_package(folder: &Path, name: &str) -> bool {
    let manifest = std::fs::read(folder.join("package.json")).unwrap_or_default();
    let manifest: serde_json::Value = serde_json::from_slice(&manifest).unwrap_or_default();
    manifest.get("name").and_then(serde_json::Value::as_str) == Some(name)
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
        JavaScriptError::Misled => CarrierError::Misled,
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::symlink;

    #[test]
    fn links_among_packages_lead_to_packages_of_their_name() {
        let root = tempfile::tempdir().unwrap();
        let root = root.path().canonicalize().unwrap();
        let (shop, packages) = (root.join("shop"), root.join("shop/node_modules"));
        let stored = root.join("store/node_modules/knex");
        let ours = root.join("libraries/prices");
        for (folder, name) in [(&stored, "knex"), (&ours, "@shop/prices"), (&root.join("home"), "home")] {
            fs::create_dir_all(folder).unwrap();
            fs::write(folder.join("package.json"), format!("{{\"name\": \"{name}\"}}")).unwrap();
        }
        fs::create_dir_all(packages.join("@shop")).unwrap();
        symlink(&stored, packages.join("knex")).unwrap();
        symlink(&ours, packages.join("@shop/prices")).unwrap();
        symlink(root.join("home"), packages.join("lodash")).unwrap();
        symlink(&root, packages.join("pg")).unwrap();
        let seen: Vec<PathBuf> =
            folders(&shop, &[]).into_iter().filter(|path| path.starts_with(&root)).collect();
        assert_eq!(seen, [shop, packages, ours, root.join("store/node_modules"), stored]);
    }
}
