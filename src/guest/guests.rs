//! The guests of a run: which carrier each gets, started when it is first asked for.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use dunlin_compat::alembic::environments;
use dunlin_compat::model::{Carrier, GuestProgram, Language, Server};

use super::environment::{self, Rules};
use super::interrupt::Interrupt;
use super::kept::Kept;
use super::npm_pins::Wish;
use super::pack::{self, Pack};
use super::pack_npm;
use super::protocol::{Start, VERSION};
use super::python_pins;
use super::quickjs::{self, QuickJsCarrier};
use super::ruby::{self, Gems, RubyCommand};
use super::sandbox::{SandboxCarrier, SandboxCommand};
use super::sandbox_world::{self, Folder};
use super::{CarrierError, CarrierLink, Guest, GuestError, GuestSource, Steps};
use crate::wasm::{CompiledCache, Key};

/// Part of the key of compiled migrations, to be changed with what is stored.
const FORMAT_OF_CODE: &[u8] = b"dunlin code 1";

/// What a project says about its guests.
#[derive(Debug, Clone)]
pub struct GuestSettings {
    /// The project's folder, absolute.
    pub project: PathBuf,
    /// Where migrations run that do not say so themselves.
    pub carrier: Carrier,
    /// The interpreter of Python guests on the host; found when it is not set.
    pub python: Option<PathBuf>,
    /// Node of JavaScript guests on the host; found when it is not set.
    pub node: Option<PathBuf>,
    /// Ruby of Ruby guests on the host; found when it is not set.
    pub ruby: Option<PathBuf>,
    /// Variables that the command line sets, for Ruby guests: they see them as they are.
    pub variables: Vec<(String, String)>,
    /// Variables of the environment that guests see as they are. The sandbox has no others.
    pub environment: Vec<String>,
    /// More variables that the sandbox shows, passwords in them masked, as those of the host are.
    pub masked: Vec<String>,
    /// Passwords of the database, which no guest may see.
    pub secrets: Vec<String>,
    /// How long a guest may compute between two messages.
    pub time_limit: Duration,
    /// The folder of packs.
    pub packs: Option<PathBuf>,
    /// Where compiled packs are kept.
    pub cache: Option<CompiledCache>,
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
            carrier: Carrier::default(),
            python: None,
            node: None,
            ruby: None,
            variables: Vec::new(),
            environment: Vec::new(),
            masked: Vec::new(),
            secrets: Vec::new(),
            packs: pack::folder(),
            cache: CompiledCache::of_user(),
            time_limit: Duration::from_secs(300),
            memory_limit: 1 << 30,
            interrupt: Interrupt::default(),
        }
    }

    pub(super) fn rules(&self) -> Rules {
        let set = self.variables.iter().map(|(name, _)| name.clone());
        let allowed = self.environment.iter().cloned().chain(set).collect();
        Rules { allowed, secrets: self.secrets.clone() }
    }

    /// The process' environment with the variables that the command line sets; of two the later counts.
    pub(super) fn inherited(&self) -> impl Iterator<Item = (OsString, OsString)> + use<> {
        let mut variables: BTreeMap<OsString, OsString> = std::env::vars_os().collect();
        variables.extend(self.variables.iter().map(|(name, value)| (name.into(), value.into())));
        variables.into_iter()
    }
}

/// The guests of a run; one for each program and carrier.
pub struct Guests {
    settings: GuestSettings,
    running: Vec<Running>,
    prepared: Vec<Prepared>,
}

/// A carrier that starts in the background, before its guest is asked for.
struct Prepared {
    program: Arc<GuestProgram>,
    asked: Carrier,
    link: Link,
}

/// A started carrier.
struct Link {
    carrier: Box<dyn CarrierLink>,
    on_host: bool,
    /// Why it is not the sandbox, when nobody said that it should not be.
    not_in_sandbox: Option<String>,
}

struct Running {
    program: Arc<GuestProgram>,
    /// What was asked for, which `auto` resolves once.
    asked: Carrier,
    guest: Guest,
}

impl Guests {
    /// None yet.
    pub fn new(settings: GuestSettings) -> Guests {
        Guests { settings, running: Vec::new(), prepared: Vec::new() }
    }

    /// Begins to start the guest for a program while the caller does something else, such as connecting. Whatever is wrong
    /// with it, [`GuestSource::get`] tells.
    pub fn prepare(&mut self, program: &Arc<GuestProgram>, carrier: Option<Carrier>) {
        let asked = carrier.unwrap_or(self.settings.carrier);
        if let Ok(link) = self.link(program, asked, &self.import_paths_in_sandbox(program)) {
            self.prepared.push(Prepared { program: Arc::clone(program), asked, link });
        }
    }
}

impl Guests {
    /// Whether a program that says nothing of its carrier runs in the sandbox, or would, if it could be run at all.
    pub fn is_for_sandbox(&self, program: &GuestProgram) -> bool {
        match self.settings.carrier {
            Carrier::Sandbox => true,
            Carrier::Host => false,
            Carrier::Auto => {
                let paths = self.import_paths_in_sandbox(program);
                quickjs::package(program.tool, &self.settings.project, &paths).is_some()
            }
        }
    }
}

impl GuestSource for Guests {
    /// What a guest prints, and which carrier `auto` took, goes to [`Steps::log`].
    ///
    /// # Errors
    /// - [`GuestError::NoCarrier`]: it cannot be had; the reason names the ways out.
    /// - [`GuestError::Carrier`], [`GuestError::Failed`], [`GuestError::Protocol`]: it does not start.
    fn get(
        &mut self,
        program: &Arc<GuestProgram>,
        carrier: Option<Carrier>,
        server: Option<&Server>,
        steps: &mut dyn Steps,
    ) -> Result<&mut Guest, GuestError> {
        let carrier = carrier.unwrap_or(self.settings.carrier);
        self.running.retain(|running| !running.guest.is_broken());
        let position =
            self.running.iter().position(|running| running.asked == carrier && running.program == *program);
        let position = match position {
            Some(position) => position,
            None => {
                let guest = self.start(program, carrier, server, steps)?;
                self.running.push(Running { program: Arc::clone(program), asked: carrier, guest });
                self.running.len() - 1
            }
        };
        let running = self.running.get_mut(position).map(|running| &mut running.guest);
        running.ok_or_else(|| GuestError::Protocol { reason: "the guest is gone".to_owned() })
    }

    fn call_off(&mut self) {
        self.running.retain(|running| !running.guest.is_ahead());
    }

    fn forget(&mut self) {
        self.running.clear();
    }
}

impl Guests {
    fn start(
        &mut self,
        program: &Arc<GuestProgram>,
        carrier: Carrier,
        server: Option<&Server>,
        steps: &mut dyn Steps,
    ) -> Result<Guest, GuestError> {
        let in_sandbox = self.import_paths_in_sandbox(program);
        let fits = |prepared: &Prepared| prepared.asked == carrier && prepared.program == *program;
        let link = match self.prepared.iter().position(fits) {
            Some(position) => self.prepared.swap_remove(position).link,
            None => self.link(program, carrier, &in_sandbox)?,
        };
        let import_paths = if link.on_host { &program.import_paths } else { &in_sandbox };
        if let Some(reason) = &link.not_in_sandbox {
            let text =
                format!("{} migrations are run by {}: {reason}", program.language, link.carrier.describe());
            steps.log("info", "dunlin", &text);
        }
        let start = Start {
            protocol: VERSION,
            tool: program.tool,
            project: self.settings.project.to_str().unwrap_or_default(),
            import_paths: import_paths.iter().map(|path| path.display().to_string()).collect(),
            server: server.map(Into::into),
            options: &program.options,
        };
        let not_in_sandbox = link.not_in_sandbox;
        let kept = self.kept(link.carrier.as_ref());
        let guest = Guest::start(link.carrier, start, steps).map(|guest| guest.keeping(kept));
        guest.map_err(|error| match (&not_in_sandbox, error) {
            (Some(reason), GuestError::Failed(failed)) => neither(program, reason, &failed.message),
            (_, error) => error,
        })
    }

    /// What the interpreter of a carrier compiled of the project earlier.
    fn kept(&self, carrier: &dyn CarrierLink) -> Kept {
        let key = carrier.interpreter().map(|interpreter| {
            Key::of_bytecode(&[
                FORMAT_OF_CODE,
                &interpreter,
                self.settings.project.as_os_str().as_encoded_bytes(),
            ])
        });
        Kept::open(self.settings.cache.clone().zip(key))
    }

    /// In the sandbox there is no interpreter of the project that would know where its packages are.
    fn import_paths_in_sandbox(&self, program: &GuestProgram) -> Vec<PathBuf> {
        let mut paths = program.import_paths.clone();
        if program.language == Language::JavaScript
            && let Ok(Some(pack)) = self.npm_pack(program)
        {
            paths.push(pack_npm::import_path(&pack));
        }
        if program.language == Language::Python {
            let variable = |name: &str| std::env::var(name).ok();
            let found =
                environments::of_project(&self.settings.project, self.settings.python.as_deref(), &variable);
            paths.extend(found.iter().flat_map(|each| environments::site_packages(each)));
            let edited: Vec<PathBuf> =
                paths.iter().flat_map(|path| environments::named_by_pth(path)).collect();
            paths.extend(edited);
            let mut seen = HashSet::new();
            paths.retain(|path| seen.insert(path.clone()));
        }
        paths
    }

    /// Starts a carrier.
    fn link(
        &self,
        program: &GuestProgram,
        carrier: Carrier,
        import_paths: &[PathBuf],
    ) -> Result<Link, GuestError> {
        let in_sandbox = |carrier| Link { carrier, on_host: false, not_in_sandbox: None };
        let language = program.language;
        match carrier {
            Carrier::Host => Ok(Link { carrier: self.host(program)?, on_host: true, not_in_sandbox: None }),
            Carrier::Sandbox => match self.sandbox(program, import_paths) {
                Ok(carrier) => Ok(in_sandbox(carrier?)),
                Err(reason) => Err(GuestError::NoCarrier {
                    reason: format!(
                        "{language} migrations cannot be run in the sandbox: {reason}. {}",
                        ways_out(program)
                    ),
                }),
            },
            Carrier::Auto => match self.sandbox(program, import_paths) {
                Ok(carrier) => Ok(in_sandbox(carrier?)),
                Err(reason) => match self.host(program) {
                    Ok(carrier) => Ok(Link { carrier, on_host: true, not_in_sandbox: Some(reason) }),
                    Err(error) => Err(neither(program, &reason, &error.to_string())),
                },
            },
        }
    }

    /// The sandbox with the best pack; an error is why there is none.
    fn sandbox(
        &self,
        program: &GuestProgram,
        import_paths: &[PathBuf],
    ) -> Result<Result<Box<dyn CarrierLink>, CarrierError>, String> {
        let settings = &self.settings;
        if program.language == Language::JavaScript {
            return self.quickjs(program, import_paths);
        }
        if program.language == Language::Ruby {
            return self.ruby(program, import_paths);
        }
        let folder =
            settings.packs.as_deref().ok_or("there is no home folder to keep packs in; set DUNLIN_PACKS")?;
        let (packs, unusable) = pack::list(folder);
        let pins = python_pins::of_project(&settings.project, import_paths);
        let pack = pack::choose(packs, program.tool, &pins).map_err(|misfits| {
            let reasons = misfits.into_iter().chain(unusable.iter().map(ToString::to_string));
            let reasons = reasons.collect::<Vec<_>>().join("; ");
            let none = || format!("there is no pack for {} in {}", program.tool, folder.display());
            if reasons.is_empty() { none() } else { format!("no pack fits: {reasons}") }
        })?;
        let manifest = &pack.manifest;
        let sha256 = pack::sha256_from(&manifest.component_sha256).ok_or("its manifest has no SHA-256")?;
        let mut folders = sandbox_world::folders(&settings.project, import_paths);
        folders.push(Folder {
            path: pack.folder.join(pack::LIBRARIES),
            seen_as: manifest.libraries_seen_as.clone(),
        });
        let own_modules = pack::digest_of_modules(program.modules) == manifest.guest_sha256;
        let command = SandboxCommand {
            name: format!("the sandbox ({})", pack.name()),
            sha256,
            folders,
            folder: Some(settings.project.display().to_string()),
            environment: environment::for_sandbox(std::env::vars_os(), &settings.rules()),
            modules: (!own_modules).then_some(program.modules),
            time_limit: settings.time_limit,
            memory_limit: usize::try_from(settings.memory_limit).unwrap_or(usize::MAX),
            interrupt: settings.interrupt.clone(),
            cache: settings.cache.clone(),
            component: Box::new(move || pack.component()),
        };
        Ok(SandboxCarrier::start(command).map(|carrier| Box::new(carrier) as Box<dyn CarrierLink>))
    }

    /// JavaScript runs on the project's own packages, or those of a pack.
    fn quickjs(
        &self,
        program: &GuestProgram,
        import_paths: &[PathBuf],
    ) -> Result<Result<Box<dyn CarrierLink>, CarrierError>, String> {
        if quickjs::package(program.tool, &self.settings.project, import_paths).is_none() {
            let no_packs = self.npm_pack(program).err().unwrap_or_default();
            return Err(format!(
                "there is no node_modules/{} in {} or above it{no_packs}",
                program.tool,
                self.settings.project.display()
            ));
        }
        let program = GuestProgram { import_paths: import_paths.to_vec(), ..program.clone() };
        let carrier = QuickJsCarrier::start(&program, &self.settings);
        Ok(carrier.map(|carrier| Box::new(carrier) as Box<dyn CarrierLink>))
    }

    /// The pack for a project without packages of its own; an error is why there is none that fits.
    fn npm_pack(&self, program: &GuestProgram) -> Result<Option<Pack>, String> {
        let (project, tool) = (&self.settings.project, program.tool);
        if quickjs::package(tool, project, &program.import_paths).is_some() {
            return Ok(None);
        }
        let Some(folder) = &self.settings.packs else { return Err(String::new()) };
        let wish = Wish::of(project, tool);
        let (packs, _) = pack::list(folder);
        let (fitting, others): (Vec<Pack>, Vec<Pack>) = packs
            .into_iter()
            .filter(|pack| pack.manifest.tool == tool)
            .partition(|pack| pack.version_of(tool).is_some_and(|version| wish.misfit(version).is_none()));
        pack::choose(fitting, tool, &wish.pins(tool)).map(Some).map_err(|_| {
            let misfits = others.iter().filter_map(|pack| {
                let wanted = wish.misfit(pack.version_of(tool)?)?;
                Some(format!("; the pack {} is not the {tool} {wanted} of the project", pack.name()))
            });
            misfits.collect()
        })
    }

    /// Ruby has its interpreter from a pack, and its gems from the project, or else from the pack, too.
    fn ruby(
        &self,
        program: &GuestProgram,
        import_paths: &[PathBuf],
    ) -> Result<Result<Box<dyn CarrierLink>, CarrierError>, String> {
        let settings = &self.settings;
        let folder =
            settings.packs.as_deref().ok_or("there is no home folder to keep packs in; set DUNLIN_PACKS")?;
        let (packs, unusable) = pack::list(folder);
        let own = Gems::of_project(&settings.project, import_paths, None);
        let mut pins = ruby::locked_versions(&settings.project);
        pins.extend(own.versions.clone());
        // A project with gems of its own needs nothing of a pack but the interpreter.
        let has_own = own.versions.contains_key("activerecord");
        let pack = if has_own {
            packs.into_iter().find(|pack| pack.manifest.tool == program.tool).ok_or_else(Vec::new)
        } else {
            pack::choose(packs, program.tool, &pins)
        };
        let pack = pack.map_err(|misfits| {
            let reasons = misfits.into_iter().chain(unusable.iter().map(ToString::to_string));
            let reasons = reasons.collect::<Vec<_>>().join("; ");
            let none = || format!("there is no pack for {} in {}", program.tool, folder.display());
            if reasons.is_empty() { none() } else { format!("no pack fits: {reasons}") }
        })?;
        let sha256 =
            pack::sha256_from(&pack.manifest.component_sha256).ok_or("its manifest has no SHA-256")?;
        let libraries = pack.folder.join(pack::LIBRARIES);
        let gems =
            if has_own { own } else { Gems::of_project(&settings.project, import_paths, Some(&libraries)) };
        if !gems.versions.contains_key("activerecord") {
            return Err(format!(
                "there is no gem activerecord in the project, its environment or {}; \
                 `dunlin pack build {} --from FOLDER` makes a pack with the gems of a folder",
                pack.name(),
                program.tool
            ));
        }
        let mut folders = sandbox_world::folders(&settings.project, import_paths);
        folders.extend(gems.folders);
        let zones = Path::new("/usr/share/zoneinfo");
        if zones.is_dir() {
            folders.push(Folder { path: zones.to_owned(), seen_as: ruby::ZONES_SEEN_AT.to_owned() });
        }
        let environment =
            environment::for_sandbox_with(settings.inherited(), &settings.rules(), &settings.masked);
        let command = RubyCommand {
            name: format!("the sandbox ({})", pack.name()),
            sha256,
            interpreter: Box::new(move || pack.component()),
            cache: settings.cache.clone(),
            modules: program.modules,
            folders,
            load_path: gems.load_path,
            gems: gems.versions,
            adapter: program.options.get("adapter").and_then(|name| name.as_str()).map(str::to_owned),
            environment: environment.into_iter().collect(),
            time_limit: settings.time_limit,
            memory_limit: usize::try_from(settings.memory_limit).unwrap_or(usize::MAX),
            interrupt: settings.interrupt.clone(),
        };
        Ok(ruby::start(command))
    }

    #[cfg(unix)]
    fn host(&self, program: &GuestProgram) -> Result<Box<dyn CarrierLink>, GuestError> {
        use super::{host, host_node, host_python, host_ruby};
        match program.language {
            Language::Python => {}
            Language::JavaScript => {
                return Ok(Box::new(host_node::NodeCarrier::start(program, &self.settings)?));
            }
            Language::Ruby => {
                return Ok(Box::new(host_ruby::RubyCarrier::start(program, &self.settings)?));
            }
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

/// Both ways to run a program, for whoever has neither.
fn ways_out(program: &GuestProgram) -> String {
    if program.language == Language::JavaScript {
        return format!(
            "`npm install` brings the project's packages, which the sandbox runs; `dunlin pack build {}` makes a pack for \
             machines without them; `carrier = \"host\"` in dunlin.toml runs migrations by the machine's own Node",
            program.tool
        );
    }
    if program.language == Language::Ruby {
        return format!(
            "`dunlin pack build {}` makes a pack for the sandbox, on a machine with npm; `carrier = \"host\"` in dunlin.toml runs \
             them by the project's own Ruby",
            program.tool
        );
    }
    format!(
        "`dunlin pack build {}` makes a pack for the sandbox, on a machine with Python and pip; `carrier = \"host\"` in \
         dunlin.toml runs them by the project's own {}, which `{}` names",
        program.tool,
        program.language,
        program.language.to_string().to_lowercase()
    )
}

fn neither(program: &GuestProgram, sandbox: &str, host: &str) -> GuestError {
    let language = program.language;
    GuestError::NoCarrier {
        reason: format!(
            "{language} migrations cannot be run. In the sandbox: {sandbox}. By the project's own {language}: {host}. {}",
            ways_out(program)
        ),
    }
}
