//! What sessions of a project begin with: what its `env.py` sends before it runs the migrations, or what `dunlin.toml` says instead.

use super::env::{Fact, Target, is_of_session, is_preparation, is_reading};
use crate::model::AdapterError;
use crate::settings::alembic::AlembicSettings;

/// Statements of a project for its sessions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Session {
    /// What those that write begin with: schemas and extensions that are made where they are missing.
    pub preparing: Vec<String>,
    /// What all of them begin with.
    pub beginning: Vec<String>,
}

/// What is sent, in order.
///
/// # Errors
/// `env.py` sends something else than the settings of a session, or what it sends cannot be told.
pub(super) fn of_target(own: &AlembicSettings, target: Option<&Target>) -> Result<Session, AdapterError> {
    let mut session = Session::default();
    let said =
        own.session.as_ref().map(|statements| statements.iter().map(|text| Ok(text.as_str())).collect());
    let sent = || target.into_iter().flat_map(|target| &target.statements).filter_map(text).collect();
    let statements: Vec<Result<&str, AdapterError>> = said.unwrap_or_else(sent);
    for statement in statements {
        let statement = statement?;
        let list = if is_preparation(statement) { &mut session.preparing } else { &mut session.beginning };
        if !is_reading(statement) && !list.iter().any(|known| known == statement) {
            list.push(statement.to_owned());
        }
    }
    Ok(session)
}

fn text(fact: &Fact<String>) -> Option<Result<&str, AdapterError>> {
    let (place, reason) = match fact {
        Fact::Known { value, .. } if is_of_session(value) || is_preparation(value) || is_reading(value) => {
            return Some(Ok(value));
        }
        Fact::Known { value, place } => (place, format!("it executes `{value}` beside the migrations")),
        Fact::NotRecognised { place, reason } => (place, reason.clone()),
        Fact::Absent => return None,
    };
    Some(Err(AdapterError::refused(
        "ENVIRONMENT",
        format!("{place}: what env.py makes of its session cannot be told, because {reason}"),
    )
    .advise(
        "Say what each session begins with as `session = [\"SET …\"]` under [alembic] in dunlin.toml, `[]` for nothing. What else env.py \
         does then stays undone, unless `env = \"run\"` has it run for each revision.",
    )))
}
