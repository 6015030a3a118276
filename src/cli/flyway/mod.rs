//! Flyway's own command line.
use super::Global;
use super::exit::Exit;
use super::failure::Failure;
use super::project::Project;
use crate::engine::RunOptions;
use dunlin_compat::settings::Settings;
use std::path::PathBuf;
pub fn main(_arguments: &[String]) -> Exit {
    Exit::Failed
}
pub fn open(
    _global: &Global,
    _settings: &Settings,
    _options: RunOptions,
    _evidence: PathBuf,
) -> Result<Project, Failure> {
    Err(super::not_built("Flyway"))
}
