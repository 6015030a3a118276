//! Exit codes, part of the command line's contract.

use std::process::ExitCode;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 1: something failed.
    Failed,
    /// 2: the command line is wrong.
    Usage,
    /// 3: with `--check`, migrations are pending; schemas differ.
    Pending,
    /// 4: the migration lock was not obtained.
    Locked,
    /// 5: validation or verification found something.
    Found,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Pending => 3,
            Exit::Locked => 4,
            Exit::Found => 5,
        })
    }
}
