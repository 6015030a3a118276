//! The scratch database of a command.

use std::path::PathBuf;

use clap::Args;

use super::failure::Failure;
use super::project::{Project, parse_url};
use super::{interruption, output};
use crate::db::DatabaseUrl;
use crate::scratch::{Scratch, ScratchError, Wanted};

/// Where migrations are tried.
#[derive(Debug, Args)]
pub struct ScratchArgs {
    /// Another server to make the scratch database on [default: the project's own]
    #[arg(long, value_name = "URL")]
    scratch: Option<String>,
    /// Begin with what this dump gives, and not with nothing; plain SQL, COPY data included
    #[arg(long, value_name = "FILE")]
    dump: Option<PathBuf>,
}

/// How a command makes its scratch databases.
pub struct Maker {
    live: DatabaseUrl,
    server: Option<DatabaseUrl>,
    dump: Option<PathBuf>,
    copy: bool,
}

impl ScratchArgs {
    /// For a project.
    pub fn maker(&self, project: &Project, copy: bool) -> Result<Maker, Failure> {
        // From here on an interruption drops what was made.
        interruption::of_process();
        let server = self.scratch.as_deref().map(parse_url).transpose()?;
        Ok(Maker { live: project.url().clone(), server, dump: self.dump.clone(), copy })
    }
}

impl Maker {
    /// For scratch databases that begin empty.
    pub fn empty(project: &Project, server: Option<&str>) -> Result<Maker, Failure> {
        interruption::of_process();
        let server = server.map(parse_url).transpose()?;
        Ok(Maker { live: project.url().clone(), server, dump: None, copy: false })
    }

    /// Makes one.
    pub fn make(&self) -> Result<Scratch, ScratchError> {
        let wanted = Wanted { live: &self.live, server: self.server.as_ref(), copy: self.copy };
        let scratch = Scratch::create(&wanted, &mut |name| {
            output::note(&format!(
                "removed the scratch database {name}, which a run that was killed had left"
            ));
        })?;
        if let Some(dump) = &self.dump {
            scratch.load(dump)?;
        }
        Ok(scratch)
    }

    /// Whether it begins with something in it.
    pub fn is_filled(&self) -> bool {
        self.copy || self.dump.is_some()
    }
}
