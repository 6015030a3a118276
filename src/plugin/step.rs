//! Plugins that do a migration's step, with the database inside the migration's own transaction.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::bindings::database;
use super::bindings::stepper::GuestIndices;
use super::bindings::types::{Direction, Server, Value};
use super::error::{CallError, Capability, Cause, NotGranted, PluginError};
use super::guest::Guest;
use super::log::Message;
use super::package::{Identity, Plugin, Running, World};
use super::settings::PluginSettings;
use crate::wasm::Meter;

pub use database::{Error as DatabaseError, Rows};

/// The session that a step works on. The engine implements it over its own connection: it refuses statements that begin
/// or end a transaction, and lints, journals and logs the others as it does those of SQL files.
pub trait DatabaseSession {
    /// What the server is.
    fn server(&self) -> Server;

    /// Runs one statement that returns rows.
    ///
    /// # Errors
    /// What the server said. The plugin may handle it.
    fn query(&mut self, sql: &str, parameters: &[Value]) -> Result<Rows, DatabaseError>;

    /// Runs one statement that returns none; returns the number of rows affected.
    ///
    /// # Errors
    /// What the server said. The plugin may handle it.
    fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError>;
}

/// A plugin of the world `step`.
#[derive(Debug, Clone)]
pub struct Step {
    plugin: Arc<Plugin>,
}

impl Step {
    /// Loads a plugin that does a step.
    ///
    /// # Errors
    /// Those of [`Plugin::load`], and that it is for something else.
    pub fn load(path: &Path, settings: &PluginSettings) -> Result<Step, PluginError> {
        Step::of(Arc::new(Plugin::load(path, settings)?))
    }

    /// The same of a plugin that is loaded.
    ///
    /// # Errors
    /// It is for something else.
    pub fn of(plugin: Arc<Plugin>) -> Result<Step, PluginError> {
        plugin.demand(World::Step)?;
        Ok(Step { plugin })
    }

    /// What is recorded of it.
    pub fn identity(&self) -> &Identity {
        self.plugin.identity()
    }

    /// Whether it can be taken back.
    pub fn is_reversible(&self) -> bool {
        self.plugin.about().reversible
    }

    /// Does the step, or takes it back. Time that the session takes does not count as the plugin's.
    ///
    /// # Errors
    /// The plugin fails or reports an error: what was executed before is to be rolled back.
    pub fn run(
        &self,
        direction: Direction,
        session: &mut dyn DatabaseSession,
    ) -> Result<Vec<Message>, PluginError> {
        let plugin = &self.plugin;
        if direction == Direction::Down && !self.is_reversible() {
            return Err(plugin.setup("it has no inverse, so there is no way down with it"));
        }
        let options = plugin.options()?;
        let indices = GuestIndices::new(plugin.pre()).map_err(|error| plugin.invalid(&error))?;
        let mut running = plugin.instantiate()?;
        let guest =
            indices.load(&mut running.store, &running.instance).map_err(|error| plugin.invalid(&error))?;
        let (link, requests) = Link::new(session.server());
        running.store.data_mut().database = Some(link);
        // The session is the caller's and stays on its thread; the guest asks from another.
        let result = thread::scope(|scope| {
            let call = thread::Builder::new().name("plugin".to_owned()).spawn_scoped(scope, || {
                let result = running.call(|store| guest.call_run(store, direction, &options));
                // Closes the link, so that the loop below ends.
                running.store.data_mut().database = None;
                result
            });
            let call = match call {
                Ok(call) => call,
                Err(error) => return Err(Cause::Trap(format!("there is no thread for it: {error}"))),
            };
            serve(&requests, session);
            call.join().unwrap_or_else(|_| Err(Cause::Trap("the engine failed while it ran".to_owned())))
        });
        match result {
            Ok(Ok(())) => Ok(messages(&mut running)),
            Ok(Err(message)) => Err(plugin.failed(running.refusal(&message)).into()),
            Err(cause) => Err(CallError { ..plugin.failed(cause) }.into()),
        }
    }
}

fn messages(running: &mut Running) -> Vec<Message> {
    running.store.data_mut().log.take()
}

/// Answers the guest until it is done.
fn serve(requests: &Receiver<Request>, session: &mut dyn DatabaseSession) {
    for request in requests {
        // A guest that has ended waits for no answer.
        match request {
            Request::Query(sql, parameters, answer) => {
                let _ = answer.send(session.query(&sql, &parameters));
            }
            Request::Execute(sql, parameters, answer) => {
                let _ = answer.send(session.execute(&sql, &parameters));
            }
        }
    }
}

enum Request {
    Query(String, Vec<Value>, Sender<Result<Rows, DatabaseError>>),
    Execute(String, Vec<Value>, Sender<Result<u64, DatabaseError>>),
}

/// A guest's end of the way to the session.
pub struct Link {
    server: Server,
    requests: Sender<Request>,
}

impl Link {
    fn new(server: Server) -> (Link, Receiver<Request>) {
        let (requests, receiver) = mpsc::channel();
        (Link { server, requests }, receiver)
    }
}

impl Guest {
    fn ask<R>(&mut self, request: impl FnOnce(Sender<R>) -> Request) -> wasmtime::Result<R> {
        let Some(link) = &self.database else { return Err(NotGranted(Capability::Database).into()) };
        let (answer, answers) = mpsc::channel();
        let gone = || wasmtime::Error::msg("the database session has ended");
        link.requests.send(request(answer)).map_err(|_| gone())?;
        Meter::pause(self, || answers.recv()).map_err(|_| gone())
    }
}

impl database::Host for Guest {
    fn connected_to(&mut self) -> wasmtime::Result<Server> {
        match &self.database {
            Some(link) => Ok(link.server.clone()),
            None => Err(NotGranted(Capability::Database).into()),
        }
    }

    fn query(
        &mut self,
        sql: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<Rows, DatabaseError>> {
        self.ask(|answer| Request::Query(sql, parameters, answer))
    }

    fn execute(
        &mut self,
        sql: String,
        parameters: Vec<Value>,
    ) -> wasmtime::Result<Result<u64, DatabaseError>> {
        self.ask(|answer| Request::Execute(sql, parameters, answer))
    }
}
