//! Why there is no scratch database.

use std::path::PathBuf;

use crate::db::DbError;

/// An error of making, filling or dropping a scratch database.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScratchError {
    /// The server refuses something.
    #[error("{doing}: {error}")]
    Server {
        /// What was being done.
        doing: String,
        /// Its words.
        error: DbError,
    },
    /// The user lacks the privilege.
    #[error("the user {user} may not create databases on this server, and a scratch database is needed")]
    MayNotCreate {
        /// Who.
        user: String,
        /// How the privilege is given.
        grant: String,
    },
    /// PostgreSQL copies only a database that nobody is connected to.
    #[error("the database {database} cannot be copied while others are connected to it: {error}")]
    InUse {
        /// Which.
        database: String,
        /// The server's words.
        error: DbError,
    },
    /// PostgreSQL copies only for the owner.
    #[error("the database {database} can be copied by its owner only: {error}")]
    NotOwner {
        /// Which.
        database: String,
        /// The server's words.
        error: DbError,
    },
    /// A copy crosses no servers.
    #[error("a copy of the database cannot be made on another server")]
    CopyElsewhere,
    /// `--scratch` names a server of another kind.
    #[error("{server} is another kind of database than {live}")]
    OtherEngine {
        /// What was named.
        server: String,
        /// The project's.
        live: String,
    },
    /// A file of SQL fails.
    #[error("{}:{line}: {message}", path.display())]
    Dump {
        /// The file.
        path: PathBuf,
        /// Its line.
        line: usize,
        /// Why.
        message: String,
    },
    /// A file cannot be read or made.
    #[error("{}: {error}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: std::io::Error,
    },
    /// It could not be dropped.
    #[error("the scratch database {name} could not be dropped: {error}")]
    Left {
        /// Its name.
        name: String,
        /// The server's words.
        error: DbError,
    },
}

impl ScratchError {
    pub(super) fn server(doing: impl Into<String>) -> impl FnOnce(DbError) -> ScratchError {
        let doing = doing.into();
        move |error| ScratchError::Server { doing, error }
    }

    /// The way out.
    pub fn advice(&self) -> Option<String> {
        Some(match self {
            ScratchError::Server { error, .. } => return error.hint.clone(),
            ScratchError::MayNotCreate { grant, .. } => {
                format!("Have an administrator run `{grant}`, or name a server where you may with --scratch URL.")
            }
            ScratchError::InUse { .. } | ScratchError::NotOwner { .. } => {
                "Dump it with pg_dump and give the file with --dump FILE; or leave --copy out and begin with what the \
                 migrations give, with rows from --seed FILE."
                    .to_owned()
            }
            ScratchError::CopyElsewhere => {
                "Dump the database and give the file with --dump FILE.".to_owned()
            }
            ScratchError::OtherEngine { .. } => {
                "Give --scratch the URL of a server of the same kind.".to_owned()
            }
            ScratchError::Dump { .. } | ScratchError::File { .. } => return None,
            ScratchError::Left { name, .. } => format!("Drop it by hand: DROP DATABASE {name}"),
        })
    }
}
