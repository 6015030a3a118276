//! The project's own Ruby, and how a guest is run by it.

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

/// A guest run by Ruby. Its modules lie in a folder of their own while it runs.
pub struct RubyCarrier {
    carrier: HostCarrier,
    _modules: TempDir,
}

/// A program with the arguments that come before the guest's.
struct Interpreter {
    program: PathBuf,
    arguments: Vec<OsString>,
}

impl RubyCarrier {
    /// Starts it.
    ///
    /// # Errors
    /// [`CarrierError::Start`]: there is no Ruby, or its modules cannot be written.
    pub fn start(program: &GuestProgram, settings: &GuestSettings) -> Result<RubyCarrier, CarrierError> {
        let refused = |reason: String| CarrierError::Start { carrier: "ruby".to_owned(), reason };
        let named = settings.ruby.clone().map(|program| Interpreter { program, arguments: Vec::new() });
        let ruby = named
            .or_else(|| find(&settings.project, &|name| env::var_os(name)))
            .ok_or_else(|| refused("there is no ruby in PATH".to_owned()))?;
        let modules = write(program).map_err(|error| refused(format!("its modules: {error}")))?;
        let mut arguments = ruby.arguments;
        arguments.push(modules.path().join("main.rb").into_os_string());
        let carrier = HostCarrier::start(HostCommand {
            name: format!("{} ({})", program.language, ruby.program.display()),
            program: ruby.program,
            arguments,
            environment: environment::for_host(settings.inherited(), &settings.rules()),
            folder: settings.project.clone(),
            input: Vec::new(),
            limit: settings.time_limit,
            interrupt: settings.interrupt.clone(),
        })?;
        Ok(RubyCarrier { carrier, _modules: modules })
    }
}

impl CarrierLink for RubyCarrier {
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

/// `bundle exec ruby` where the project has a Gemfile and there is a Bundler; else `ruby`.
fn find(project: &Path, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<Interpreter> {
    let has_bundle = variable("BUNDLE_GEMFILE").is_some_and(|file| !file.is_empty())
        || ["Gemfile", "gems.rb"].iter().any(|name| project.join(name).is_file());
    let bundle = has_bundle.then(|| on_path("bundle", variable)).flatten();
    if let Some(program) = bundle {
        return Some(Interpreter { program, arguments: vec!["exec".into(), "ruby".into()] });
    }
    Some(Interpreter { program: on_path("ruby", variable)?, arguments: Vec::new() })
}

fn on_path(name: &str, variable: &dyn Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let path = variable("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(name)).find(|program| program.is_file())
}

fn write(program: &GuestProgram) -> io::Result<TempDir> {
    let folder = tempfile::Builder::new().prefix("dunlin-guest").tempdir()?;
    for (name, text) in program.modules {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("")))?;
        fs::write(path, text)?;
    }
    Ok(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bundler_runs_ruby_where_there_is_a_gemfile() {
        let folder = tempfile::tempdir().unwrap();
        let bin = folder.path().join("bin");
        fs::create_dir_all(&bin).unwrap();
        for name in ["ruby", "bundle"] {
            fs::write(bin.join(name), "").unwrap();
        }
        let variable = |name: &str| (name == "PATH").then(|| bin.clone().into_os_string());
        let found = find(folder.path(), &variable).unwrap();
        assert_eq!((found.program, found.arguments), (bin.join("ruby"), Vec::new()));
        fs::write(folder.path().join("Gemfile"), "").unwrap();
        let found = find(folder.path(), &variable).unwrap();
        assert_eq!((found.program, found.arguments.len()), (bin.join("bundle"), 2));
        fs::remove_file(bin.join("bundle")).unwrap();
        assert_eq!(find(folder.path(), &variable).unwrap().program, bin.join("ruby"));
    }
}
