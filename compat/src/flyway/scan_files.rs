//! Reading the files of all locations and telling what each is (classes `Scanner`, `SqlMigrationResolver`,
//! `BaselineMigrationResolver`, `ScriptMigrationResolver` and `SqlScriptCallbackFactory`).

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::flyway::callback::{CallbackScript, Event};
use crate::flyway::checksum::checksum;
use crate::flyway::collision::{Collision, arrange};
use crate::flyway::encoding::Charset;
use crate::flyway::location::{Location, LocationKind, compare_utf16, parse_all};
use crate::flyway::name::{NameKind, NameParser, ResourceName};
use crate::flyway::scan::{BadName, Scan, ScanError, ScanOptions};
use crate::flyway::scan_migration::{MigrationKind, ResolvedMigration, decode, migration_kind, type_name};
use crate::flyway::scan_walk::{FoundFile, Listing, Notice, NoticeLevel, list};
use crate::flyway::script_config::ScriptConfig;

/// Finds and reads all scripts of a project. Every migration is read once; callbacks are read when they run.
pub fn scan(options: &ScanOptions) -> Result<Scan, ScanError> {
    let mut scan = Scan::default();
    scan_into(options, &mut scan)?;
    Ok(scan)
}

/// The same; after an error `scan` holds what was found before it.
pub fn scan_into(options: &ScanOptions, scan: &mut Scan) -> Result<(), ScanError> {
    let charset = Charset::for_name(&options.encoding)
        .map_err(|source| ScanError::Charset { place: "encoding".to_owned(), source })?;
    let mut scanner = Scanner {
        options,
        names: NameParser::new(options.naming.clone()),
        charset,
        result: scan,
        buffer: Vec::new(),
    };
    let resources = scanner.resources(&options.locations, false)?;
    scanner.collect_bad_names(&resources);
    scanner.refuse_equal_prefixes()?;
    if !options.skip_default_resolvers {
        scanner.collect_migrations(&resources)?;
    }
    if options.callback_locations.is_empty() {
        scanner.collect_callbacks(&resources, CallbackUse::All)?;
    } else {
        let callbacks = scanner.resources(&options.callback_locations, true)?;
        scanner.collect_callbacks(&resources, CallbackUse::BeforeConnect)?;
        scanner.collect_callbacks(&callbacks, CallbackUse::AllButBeforeConnect)?;
    }
    scanner.finish()
}

struct Scanner<'o> {
    options: &'o ScanOptions,
    names: NameParser,
    charset: Charset,
    result: &'o mut Scan,
    /// Reused for every file, so that reading thousands does not allocate for each.
    buffer: Vec<u8>,
}

/// The files of a list of locations.
struct Resources {
    files: Vec<Resource>,
    /// `.conf` files by the relative path of their script in lower case: Flyway takes the last of any location.
    configs: HashMap<String, PathBuf>,
}

struct Resource {
    file: FoundFile,
    /// From a `.conf` file right beside it.
    charset: Option<Charset>,
}

/// Which callbacks a list of locations is asked for: programs for `beforeConnect` are only looked for in `locations`.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CallbackUse {
    All,
    BeforeConnect,
    AllButBeforeConnect,
}

impl Scanner<'_> {
    fn resources(&mut self, descriptors: &[String], for_callbacks: bool) -> Result<Resources, ScanError> {
        let (locations, warnings) = parse_all(descriptors)?;
        self.result.notices.extend(warnings.into_iter().map(|text| Notice::new(NoticeLevel::Warning, text)));
        let mut resources = Resources { files: Vec::new(), configs: HashMap::new() };
        for location in &locations {
            if for_callbacks && self.is_missing(location) {
                let text = format!("Skipping callback location {} as it does not exist", location.root);
                self.result.notices.push(Notice::new(NoticeLevel::Info, text));
                continue;
            }
            match list(location, &self.options.project) {
                Ok(listing) => self.add(listing, &mut resources)?,
                Err(missing) if self.options.fail_on_missing_locations => {
                    return Err(ScanError::MissingLocation(missing.failure));
                }
                Err(missing) => self.result.notices.push(missing.skipped),
            }
        }
        Ok(resources)
    }

    fn is_missing(&self, location: &Location) -> bool {
        location.kind == LocationKind::Filesystem && !self.options.project.join(&location.root).exists()
    }

    fn add(&mut self, listing: Listing, resources: &mut Resources) -> Result<(), ScanError> {
        self.result.notices.extend(listing.notices);
        for file in listing.files {
            let mut charset = None;
            if listing.all.contains(&format!("{}.conf", file.below_root)) {
                let mut path = file.path.clone().into_os_string();
                path.push(".conf");
                let config = self.read_config(Path::new(&path))?;
                charset = config
                    .encoding
                    .as_deref()
                    .map(|name| {
                        Charset::for_name(name).map_err(|source| ScanError::Charset {
                            place: config.path.display().to_string(),
                            source,
                        })
                    })
                    .transpose()?;
            }
            if let Some(script) = file.script.to_lowercase().strip_suffix(".conf") {
                resources.configs.insert(script.to_owned(), file.path.clone());
            }
            resources.files.push(Resource { file, charset });
        }
        Ok(())
    }

    /// The settings of an SQL script. Programs have none but the encoding.
    fn config_of(
        &mut self,
        file: &FoundFile,
        resources: &Resources,
        is_program: bool,
    ) -> Result<Option<ScriptConfig>, ScanError> {
        if is_program {
            return Ok(None);
        }
        let path = resources.configs.get(&file.script.to_lowercase());
        path.map(|path| self.read_config(path)).transpose()
    }

    fn read_config(&mut self, path: &Path) -> Result<ScriptConfig, ScanError> {
        read_into(path, &mut self.buffer)
            .map_err(|source| ScanError::Read { path: path.to_owned(), source })?;
        let text = decode(&self.buffer, self.charset, path)?;
        Ok(ScriptConfig::parse(&text, path)?)
    }

    fn collect_bad_names(&mut self, resources: &Resources) {
        for resource in &resources.files {
            let file_name = resource.file.file_name();
            if !self.names.has_sql_suffix(file_name) {
                continue;
            }
            if let Err(error) = self.names.parse(file_name) {
                self.result.bad_names.push(BadName { path: resource.file.path.clone(), error });
            }
        }
    }

    /// Where a baseline or undo migration has the prefix of another kind, Flyway takes each file for both. Nobody can mean
    /// that.
    fn refuse_equal_prefixes(&self) -> Result<(), ScanError> {
        let naming = self.names.naming();
        let others = [
            ("sqlMigrationPrefix", &naming.versioned_prefix),
            ("repeatableSqlMigrationPrefix", &naming.repeatable_prefix),
        ];
        let baseline = ("baselineMigrationPrefix", &naming.baseline_prefix);
        let undo = naming.undo_prefix.as_ref().map(|prefix| ("undoSqlMigrationPrefix", prefix));
        for (second, prefix) in std::iter::once(baseline).chain(undo) {
            if let Some((first, _)) = others.iter().find(|(_, other)| *other == prefix) {
                let prefix = prefix.clone();
                return Err(ScanError::EqualPrefixes { first, second, prefix });
            }
        }
        Ok(())
    }

    fn collect_migrations(&mut self, resources: &Resources) -> Result<(), ScanError> {
        for resource in &resources.files {
            let file_name = resource.file.file_name();
            let sql = self.names.sql(file_name).map(|name| (name, false));
            let program = self.names.program(file_name).map(|name| (name, true));
            for (name, is_program) in sql.into_iter().chain(program) {
                let Some(kind) = migration_kind(name.kind) else {
                    continue;
                };
                self.add_migration(resource, resources, name, kind, is_program)?;
            }
        }
        Ok(())
    }

    fn add_migration(
        &mut self,
        resource: &Resource,
        resources: &Resources,
        name: ResourceName,
        kind: MigrationKind,
        is_program: bool,
    ) -> Result<(), ScanError> {
        let file = &resource.file;
        let config = self.config_of(file, resources, is_program)?;
        match read_into(&file.path, &mut self.buffer) {
            Ok(()) => {}
            Err(error) if is_unreadable(&error) => {
                let text = format!("Skipping '{}': {error}", file.path.display());
                self.result.notices.push(Notice::new(NoticeLevel::Warning, text));
                return Ok(());
            }
            Err(source) => {
                return Err(ScanError::Read { path: file.path.clone(), source });
            }
        }
        let charset = match resource.charset {
            Some(charset) => charset,
            None if self.options.detect_encoding => Charset::detect(&self.buffer),
            None => self.charset,
        };
        let text = decode(&self.buffer, charset, &file.path)?;
        let placeholder_replacement = config
            .as_ref()
            .and_then(|config| config.placeholder_replacement)
            .unwrap_or(self.options.placeholder_replacement);
        self.result.migrations.push(ResolvedMigration {
            kind,
            is_program,
            version: name.version.clone(),
            description: name.description.clone(),
            script: file.script.clone(),
            path: file.path.clone(),
            type_name: type_name(kind, is_program),
            checksum: checksum(&text),
            checksum_replaced: None,
            charset,
            config,
            placeholder_replacement,
            text: (kind == MigrationKind::Repeatable).then(|| Arc::from(text.as_ref())),
            name,
        });
        Ok(())
    }

    fn collect_callbacks(&mut self, resources: &Resources, wanted: CallbackUse) -> Result<(), ScanError> {
        let mut named: HashMap<String, PathBuf> = HashMap::new();
        for resource in &resources.files {
            let file_name = resource.file.file_name();
            if let Some(name) = self.names.program(file_name) {
                self.add_callback(resource, resources, name, true, wanted)?;
            }
            let sql = self.names.sql(file_name).filter(|_| !self.options.skip_default_callbacks);
            let Some(name) = sql.filter(|name| matches!(name.kind, NameKind::Callback(_))) else {
                continue;
            };
            if wanted == CallbackUse::BeforeConnect {
                continue;
            }
            let full_name = name.name_without_suffix();
            if let Some(first) = named.insert(full_name.clone(), resource.file.path.clone()) {
                let second = resource.file.path.clone();
                return Err(ScanError::DuplicateCallback { name: full_name, first, second });
            }
            self.add_callback(resource, resources, name, false, wanted)?;
        }
        Ok(())
    }

    fn add_callback(
        &mut self,
        resource: &Resource,
        resources: &Resources,
        name: ResourceName,
        is_program: bool,
        wanted: CallbackUse,
    ) -> Result<(), ScanError> {
        let NameKind::Callback(event) = name.kind else {
            return Ok(());
        };
        let file = &resource.file;
        if event == Event::BeforeConnect && !is_program {
            // There is no connection yet to run it on, and Flyway never does.
            let text = format!("Ignoring '{}': beforeConnect runs programs, not SQL", file.path.display());
            self.result.notices.push(Notice::new(NoticeLevel::Warning, text));
            return Ok(());
        }
        match wanted {
            CallbackUse::BeforeConnect if event != Event::BeforeConnect => return Ok(()),
            CallbackUse::AllButBeforeConnect if event == Event::BeforeConnect => return Ok(()),
            _ => {}
        }
        let charset = match resource.charset {
            Some(charset) => charset,
            None if self.options.detect_encoding && !is_program => {
                read_into(&file.path, &mut self.buffer)
                    .map_err(|source| ScanError::Read { path: file.path.clone(), source })?;
                Charset::detect(&self.buffer)
            }
            None => self.charset,
        };
        let config = self.config_of(file, resources, is_program)?;
        let placeholder_replacement = config
            .as_ref()
            .and_then(|config| config.placeholder_replacement)
            .unwrap_or(self.options.placeholder_replacement);
        self.result.callbacks.push(CallbackScript {
            event,
            description: name.description.clone(),
            script: file.script.clone(),
            path: file.path.clone(),
            is_program,
            charset,
            name,
            config,
            placeholder_replacement,
        });
        Ok(())
    }

    fn finish(self) -> Result<(), ScanError> {
        self.result.migrations = arrange(std::mem::take(&mut self.result.migrations))?;
        let naming = self.names.naming();
        // `SqlMigrationResolver.resolveMigrations` looks through all files once for each prefix.
        if naming.versioned_prefix == naming.repeatable_prefix
            && let Some(twice) =
                self.result.migrations.iter().find(|found| found.kind == MigrationKind::Versioned)
        {
            return Err(Collision::with_itself(twice).into());
        }
        self.result.callbacks.sort_by(|left, right| {
            let programs_first = right.is_program.cmp(&left.is_program);
            programs_first
                .then(left.event.cmp(&right.event))
                .then_with(|| compare_utf16(&left.description, &right.description))
        });
        Ok(())
    }
}

fn read_into(path: &Path, buffer: &mut Vec<u8>) -> io::Result<()> {
    buffer.clear();
    File::open(path)?.read_to_end(buffer)?;
    Ok(())
}

/// Whether Flyway would not even list the file.
fn is_unreadable(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound)
}
