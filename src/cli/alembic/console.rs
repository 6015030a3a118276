//! Standard output and error as Alembic uses them.

use std::io::{self, IsTerminal};

use dunlin_compat::alembic::output::{Level, Logging, Stream};

use crate::cli::output;

/// Where a command's words go.
#[derive(Debug)]
pub struct Console {
    quiet: bool,
    logging: Logging,
}

impl Console {
    /// A console; with `quiet` it prints nothing. It logs nothing until [`Console::log_as`].
    pub fn new(quiet: bool) -> Console {
        Console { quiet, logging: Logging::default() }
    }

    /// Logs from now on, as `env.py` has it set up.
    pub fn log_as(&mut self, logging: Logging) {
        self.logging = logging;
    }

    /// Prints a result.
    pub fn line(&self, text: &str) {
        if !self.quiet {
            print(&format!("{text}\n"));
        }
    }

    /// Says something about what is done, indented on a terminal.
    pub fn message(&self, text: &str) {
        if !self.quiet {
            print(&format!("{}\n", wrapped(text)));
        }
    }

    /// Says what is done now, does it, and says that it is done.
    pub fn doing<T, E>(&self, text: &str, action: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
        if !self.quiet {
            print(&wrapped(&format!("{text} ...")));
        }
        let result = action();
        if !self.quiet {
            print(if result.is_ok() { "  done\n" } else { "  FAILED\n" });
        }
        result
    }

    /// Logs a line.
    pub fn log(&self, logger: &str, level: Level, message: &str) {
        for (stream, line) in self.logging.lines(logger, level, message) {
            match stream {
                Stream::Stdout => print(&format!("{line}\n")),
                Stream::Stderr => print_error(&format!("{line}\n")),
            }
        }
    }

    /// Warns, as Python's `warnings` module does but for the place in Alembic's code.
    pub fn warn(&self, text: &str) {
        print_error(&format!("UserWarning: {text}\n"));
    }
}

/// Writes to standard output. Who closed it does not want it.
pub fn print(text: &str) {
    let _ = output::print(text);
}

/// Writes to standard error.
pub fn print_error(text: &str) {
    output::note_text(text);
}

/// Alembic indents where standard input is a terminal. It also breaks lines there, which terminals do by themselves.
fn wrapped(text: &str) -> String {
    if io::stdin().is_terminal() { format!("  {text}") } else { text.to_owned() }
}
