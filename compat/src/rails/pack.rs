//! What a pack for Rails is built from.

use super::guest;
use crate::model::{Language, PackRecipe};

/// The interpreter, and gems from folders that are named; without any a pack serves projects that have their own.
pub const PACK: PackRecipe = PackRecipe {
    tool: "rails",
    language: Language::Ruby,
    modules: guest::MODULES,
    libraries: &[],
    drivers: &[],
    decisive: &["activerecord"],
};
