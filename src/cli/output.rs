//! Writing to standard output and standard error. A closed pipe ends nothing and a full disk panics nowhere: what is
//! printed never decides what becomes of a run.

use std::io::{self, Write};

use anstream::adapter::strip_str;
use anstream::stream::{AsLockedWrite, RawStream};
use anstream::{AutoStream, ColorChoice};
use serde_json::Value;

use super::failure::Failure;

/// Prints a result as it is.
///
/// # Errors
/// Standard output cannot be written. That its reader has gone is no error: it has what it wanted.
pub fn print(text: &str) -> Result<(), Failure> {
    match write(io::stdout(), text) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(error) => {
            Err(Failure::new("OUTPUT", format!("the result cannot be written to standard output: {error}"))
                .help("The command itself did its work; only what it has to say is lost."))
        }
    }
}

/// Prints a result and ends its line.
pub fn line(text: &str) -> Result<(), Failure> {
    print(&format!("{text}\n"))
}

/// Prints a result as one JSON document.
pub fn json(document: &Value) -> Result<(), Failure> {
    line(&format!("{document:#}"))
}

/// Says something beside the result, on standard error. When that cannot be written there is nobody to tell.
pub fn note(text: &str) {
    let _ = write(io::stderr(), &format!("{text}\n"));
}

/// The same without ending the line.
pub fn note_text(text: &str) {
    let _ = write(io::stderr(), text);
}

/// All in one piece: a stream that takes colours out writes every line by itself, and a status has thousands.
fn write(mut stream: impl RawStream + AsLockedWrite, text: &str) -> io::Result<()> {
    if AutoStream::choice(&stream) == ColorChoice::Never {
        stream.write_all(strip_str(text).to_string().as_bytes())?;
        return stream.flush();
    }
    let mut stream = AutoStream::auto(stream);
    stream.write_all(text.as_bytes())?;
    stream.flush()
}

/// How many columns there are: what `COLUMNS` says, else the terminal; `None` when it is none, and nothing has to fit.
pub fn columns(terminal: &console::Term) -> Option<usize> {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse::<usize>().ok());
    let measured = || terminal.size_checked().map(|(_, columns)| usize::from(columns));
    told.filter(|columns| *columns > 0).or_else(measured)
}
