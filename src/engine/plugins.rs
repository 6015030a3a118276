//! The plugins of a plan: found, loaded and known before anything of it is sent.

use dunlin_compat::backfill::{Work, digest_of_plugins};
use dunlin_compat::model::{AdapterError, Block, Body, Plan, PluginFact, Server, Step};

use super::RunError;
use crate::plugin::{Identity, PluginError, Shelf};

/// As many characters as a history takes of versions.
const LONGEST_VERSION: usize = 64;

/// Loads the plugins of a plan before anything of it is sent, and tells its records which they are.
///
/// # Errors
/// One cannot be loaded, or not be used in the direction that it is needed in.
pub(super) fn load_plugins(plan: &mut Plan, plugins: &Shelf, server: &Server) -> Result<(), RunError> {
    for step in &mut plan.steps {
        let Step::Migration(step) = step else { continue };
        let mut found: Vec<(String, Identity)> = Vec::new();
        for block in &step.blocks {
            let loaded = load(block, plugins).map_err(|error| refused(block, &error))?;
            let Some(loaded) = loaded else { continue };
            if loaded.inverse && !loaded.reversible {
                let reason = PluginError::Setup {
                    plugin: loaded.identity.to_string(),
                    reason: "it has no inverse, so there is no way down with it".to_owned(),
                };
                return Err(refused(block, &reason));
            }
            if !found.iter().any(|(known, _)| known == loaded.name) {
                found.push((loaded.name.to_owned(), loaded.identity));
            }
        }
        for block in &mut step.blocks {
            let Body::Plugin(step) = &mut block.body else { continue };
            if let Some((_, identity)) = found.iter().find(|(name, _)| *name == step.plugin) {
                step.identity = format!("{}, SHA-256 {}", identity.version, identity.sha256);
            }
        }
        let told = |fact: PluginFact| {
            let digests = found.iter().map(|(name, identity)| (name.as_str(), identity.sha256.as_str()));
            let text = match fact {
                PluginFact::Version => {
                    let versions: Vec<String> =
                        found.iter().map(|(_, identity)| identity.version.to_string()).collect();
                    Some(versions.join(", ").chars().take(LONGEST_VERSION).collect())
                }
                PluginFact::Sha256 => digest_of_plugins(digests),
            };
            text.map_or_else(|| "NULL".to_owned(), |text: String| server.dialect.quote_literal(&text))
        };
        for record in &mut step.record.success {
            record.tell_of_plugins(told);
        }
    }
    Ok(())
}

/// The plugin of a block.
struct Loaded<'b> {
    /// Its name in the project.
    name: &'b str,
    /// Whether its inverse is to run.
    inverse: bool,
    /// Whether it has one.
    reversible: bool,
    identity: Identity,
}

fn load<'b>(block: &'b Block, plugins: &Shelf) -> Result<Option<Loaded<'b>>, PluginError> {
    match &block.body {
        Body::Plugin(step) => {
            let plugin = plugins.step(&step.plugin)?;
            Ok(Some(Loaded {
                name: &step.plugin,
                inverse: step.inverse,
                reversible: plugin.is_reversible(),
                identity: plugin.identity().clone(),
            }))
        }
        Body::Backfill(backfill) => match &backfill.change.work {
            Work::Plugin { name, inverse } => {
                let transform = plugins.transform(name)?;
                Ok(Some(Loaded {
                    name,
                    inverse: *inverse,
                    reversible: transform.plugin().about().reversible,
                    identity: transform.identity().clone(),
                }))
            }
            Work::Sql { .. } => Ok(None),
        },
        _ => Ok(None),
    }
}

/// A plugin that cannot be used, at the directive that names it.
fn refused(block: &Block, error: &PluginError) -> RunError {
    let line = block.source.first_line.saturating_sub(1).max(1);
    let refused = AdapterError::refused(error.code(), format!("{error}; nothing was run"));
    let refused = refused.at(&block.source.path, line);
    RunError::Adapter(match error.advice() {
        Some(advice) => refused.advise(advice),
        None => refused,
    })
}
