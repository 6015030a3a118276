//! The guests of a run: which carrier each gets, started when it is first asked for.

use std::path::PathBuf;
use std::time::Duration;

use dunlin_compat::model::{Carrier, GuestProgram, Language, Server};

use super::environment::Rules;
use super::interrupt::Interrupt;
use super::protocol::{Start, VERSION};
use super::{CarrierLink, Guest, GuestError, Steps};

/// What a project says about its guests.
#[derive(Debug, Clone)]
pub struct GuestSettings {
    /// The project's folder, absolute.
    pub project: PathBuf,
    /// The interpreter of Python guests on the host; found when it is not set.
    pub python: Option<PathBuf>,
    /// Variables of the environment that guests see as they are. The sandbox has no others.
    pub environment: Vec<String>,
    /// Passwords of the database, which no guest may see.
    pub secrets: Vec<String>,
    /// How long a guest may compute between two messages.
    pub time_limit: Duration,
    /// Bytes of memory that a guest in the sandbox may have.
    pub memory_limit: u64,
    /// Stops guests.
    pub interrupt: Interrupt,
}

impl GuestSettings {
    /// The defaults for a project's folder, which is absolute: 300 s, 1 GiB.
    pub fn new(project: impl Into<PathBuf>) -> GuestSettings {
        GuestSettings {
            project: project.into(),
            python: None,
            environment: Vec::new(),
            secrets: Vec::new(),
            time_limit: Duration::from_secs(300),
            memory_limit: 1 << 30,
            interrupt: Interrupt::default(),
        }
    }

    pub(super) fn rules(&self) -> Rules {
        Rules { allowed: self.environment.clone(), secrets: self.secrets.clone() }
    }
}

/// The guests of a run; one for each program and carrier.
pub struct Guests {
    settings: GuestSettings,
    running: Vec<Running>,
}

struct Running {
    program: GuestProgram,
    /// What was asked for, which `auto` resolves once.
    asked: Carrier,
    guest: Guest,
}

impl Guests {
    /// None yet.
    pub fn new(settings: GuestSettings) -> Guests {
        Guests { settings, running: Vec::new() }
    }

    /// The guest for a program, which is started if it does not run yet. What it prints, and which carrier `auto` took,
    /// goes to [`Steps::log`].
    ///
    /// # Errors
    /// - [`GuestError::NoCarrier`]: it cannot be had; the reason names the ways out.
    /// - [`GuestError::Carrier`], [`GuestError::Failed`], [`GuestError::Protocol`]: it does not start.
    pub fn get(
        &mut self,
        program: &GuestProgram,
        carrier: Carrier,
        server: Option<&Server>,
        steps: &mut dyn Steps,
    ) -> Result<&mut Guest, GuestError> {
        self.running.retain(|running| !running.guest.is_broken());
        let position =
            self.running.iter().position(|running| running.asked == carrier && running.program == *program);
        let position = match position {
            Some(position) => position,
            None => {
                let link = self.link(program, carrier, steps)?;
                let guest = Guest::start(link, self.start(program, server), steps)?;
                self.running.push(Running { program: program.clone(), asked: carrier, guest });
                self.running.len() - 1
            }
        };
        let running = self.running.get_mut(position).map(|running| &mut running.guest);
        running.ok_or_else(|| GuestError::Protocol { reason: "the guest is gone".to_owned() })
    }

    fn start<'a>(&'a self, program: &'a GuestProgram, server: Option<&'a Server>) -> Start<'a> {
        Start {
            protocol: VERSION,
            tool: program.tool,
            project: self.settings.project.to_str().unwrap_or_default(),
            import_paths: program.import_paths.iter().map(|path| path.display().to_string()).collect(),
            server: server.map(Into::into),
            options: &program.options,
        }
    }

    fn link(
        &self,
        program: &GuestProgram,
        carrier: Carrier,
        _steps: &mut dyn Steps,
    ) -> Result<Box<dyn CarrierLink>, GuestError> {
        match carrier {
            Carrier::Sandbox => {
                Err(GuestError::NoCarrier { reason: format!("there is no pack for {}", program.tool) })
            }
            Carrier::Auto | Carrier::Host => self.host(program),
        }
    }

    #[cfg(unix)]
    fn host(&self, program: &GuestProgram) -> Result<Box<dyn CarrierLink>, GuestError> {
        use super::{host, host_python};
        if program.language != Language::Python {
            let reason = format!("{} is not run by this version of dunlin", program.language);
            return Err(GuestError::NoCarrier { reason });
        }
        let variable = |name: &str| std::env::var_os(name);
        let python = host_python::find(&self.settings.project, self.settings.python.as_deref(), &variable)
            .map_err(|reason| GuestError::NoCarrier { reason })?;
        let command = host_python::command(&python, program, &self.settings);
        Ok(Box::new(host::HostCarrier::start(command)?))
    }

    #[cfg(not(unix))]
    fn host(&self, _program: &GuestProgram) -> Result<Box<dyn CarrierLink>, GuestError> {
        let reason = "the host carrier needs a Unix system; the sandbox does not".to_owned();
        Err(GuestError::NoCarrier { reason })
    }
}
