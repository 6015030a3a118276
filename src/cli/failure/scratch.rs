//! Errors of what is tried on scratch databases: verifying, squashing.

use super::Failure;
use crate::cli::exit::Exit;
use crate::cli::verify;
use crate::scratch::ScratchError;
use crate::squash::SquashError;
use crate::verify::VerifyError;

impl From<ScratchError> for Failure {
    fn from(error: ScratchError) -> Failure {
        let (message, advice) = (error.to_string(), error.advice());
        let mut failure = match error {
            ScratchError::Server { error, .. } => Failure { message, ..Failure::from(error) },
            ScratchError::Dump { path, line, message } => Failure::new("DUMP", message).at(&path, line),
            _ => Failure::new("SCRATCH", message),
        };
        failure.help = advice.or(failure.help);
        failure
    }
}

impl From<VerifyError> for Failure {
    fn from(error: VerifyError) -> Failure {
        let message = error.to_string();
        match error {
            VerifyError::Scratch(error) => error.into(),
            VerifyError::Schema(error) => error.into(),
            VerifyError::Run(error) => (*error).into(),
            VerifyError::Replay(error) => {
                let mut failure = Failure::from(*error);
                failure.message = format!("bringing the scratch database to where the live one is: {}", failure.message);
                failure
            }
            VerifyError::Baseline { .. } => Failure::new("BASELINE", message).help(
                "Give a dump of the database as it was at the baseline with --dump FILE, its schema at least.",
            ),
        }
    }
}

impl From<SquashError> for Failure {
    fn from(error: SquashError) -> Failure {
        let (message, advice) = (error.to_string(), error.advice());
        let mut failure = match error {
            SquashError::Verify(error) => error.into(),
            SquashError::Adapter(error) => error.into(),
            SquashError::Replay(error) | SquashError::Baseline(error) => {
                // Its help is for those who ran it on a database that they keep.
                Failure { message, help: Some("No file was touched.".to_owned()), ..Failure::from(*error) }
            }
            SquashError::Read(error) => Failure { message, ..Failure::from(error) },
            SquashError::Program { .. } => Failure::new("PROGRAM", message),
            SquashError::Differs(changed) => Failure {
                preface: format!("{}\n", verify::differences(&changed).trim_end()),
                problems: verify::differing(&changed),
                ..Failure::new("DIFFERS", message).with_exit(Exit::Found)
            },
            SquashError::Unfit { problems, .. } => {
                let mut text = message;
                for problem in &problems {
                    text.push_str(&format!("\n- {}", problem.message));
                }
                Failure { problems, ..Failure::new("UNFIT", text).with_exit(Exit::Found) }
            }
            SquashError::NotApplied { .. } | SquashError::Pending { .. } => {
                Failure::new("NOT_APPLIED", message).with_exit(Exit::Found)
            }
            _ => Failure::new("SQUASH", message),
        };
        failure.help = advice.or(failure.help);
        failure
    }
}
