//! `alembic check`

use serde_json::json;

use super::console::Console;
use super::failure::CommandFailure;
use super::project::Project;

/// Compares the database with the project's models, if it is at all heads.
pub fn run(project: &Project, console: &mut Console) -> Result<(), CommandFailure> {
    project.compare("check", json!({}), console)
}
