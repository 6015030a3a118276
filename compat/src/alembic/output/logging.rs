//! The lines that Alembic logs, as the ini file's logging sections shape them (`logging.config.fileConfig`).
//!
//! Handlers that write to the console are followed, in `%` style. Others get nothing: what Dunlin does is not written to
//! the files of Python's loggers.

use jiff::ZonedDateTime;

use crate::alembic::config::ini::{Ini, Section};
use crate::alembic::python::format::{self, Value};

/// How grave a line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "Python's names")]
pub enum Level {
    Debug = 10,
    Info = 20,
    Warning = 30,
    Error = 40,
}

impl Level {
    fn name(self) -> &'static str {
        match self {
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Warning => "WARNING",
            Level::Error => "ERROR",
        }
    }
}

/// Where a line goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

/// The loggers and handlers of an ini file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Logging {
    loggers: Vec<Logger>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Logger {
    /// Empty for the root.
    name: String,
    /// 0 is not set: the parent's counts.
    level: u32,
    propagates: bool,
    handlers: Vec<Handler>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Handler {
    stream: Stream,
    level: u32,
    format: String,
    date_format: Option<String>,
}

impl Logging {
    /// Reads the sections. None of them is no logging, as for Alembic without `fileConfig`.
    pub fn read(ini: &Ini) -> Logging {
        let loggers = keys(ini, "loggers").into_iter().filter_map(|key| logger(ini, &key));
        Logging { loggers: loggers.collect() }
    }

    /// What is written when `logger` says `message`, each with its stream and without the line's end.
    pub fn lines(&self, logger: &str, level: Level, message: &str) -> Vec<(Stream, String)> {
        // The file switches off every logger that is there already and that it does not name, unless a parent is named.
        let is_named = self.loggers.iter().any(|known| !known.name.is_empty() && known.is_above(logger));
        if !is_named || (level as u32) < self.level_of(logger) {
            return Vec::new();
        }
        let mut lines = Vec::new();
        for known in self.nearest_first(logger) {
            let fitting = known.handlers.iter().filter(|handler| level as u32 >= handler.level);
            lines.extend(fitting.map(|handler| (handler.stream, handler.line(logger, level, message))));
            if !known.propagates {
                break;
            }
        }
        lines
    }

    fn level_of(&self, logger: &str) -> u32 {
        let set = self.nearest_first(logger).into_iter().map(|known| known.level).find(|level| *level > 0);
        set.unwrap_or(Level::Warning as u32)
    }

    fn nearest_first(&self, logger: &str) -> Vec<&Logger> {
        let mut above: Vec<&Logger> = self.loggers.iter().filter(|known| known.is_above(logger)).collect();
        above.sort_by_key(|known| std::cmp::Reverse(known.name.len()));
        above
    }
}

impl Logger {
    fn is_above(&self, logger: &str) -> bool {
        self.name.is_empty()
            || logger.strip_prefix(&self.name).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }
}

impl Handler {
    fn line(&self, logger: &str, level: Level, message: &str) -> String {
        let value = |key: &str| {
            Some(Value::Text(match key {
                "levelname" => level.name().to_owned(),
                "name" => logger.to_owned(),
                "message" | "msg" => message.to_owned(),
                "asctime" => self.time(),
                "levelno" => return Some(Value::Integer(i64::from(level as u32))),
                "process" => return Some(Value::Integer(i64::from(std::process::id()))),
                "processName" => "MainProcess".to_owned(),
                "threadName" => "MainThread".to_owned(),
                "module" => logger.rsplit('.').next().unwrap_or_default().to_owned(),
                _ => return None,
            }))
        };
        // A format that asks for what only Python knows, such as a line number, shows the message.
        format::format(&self.format, &value).unwrap_or_else(|_| message.to_owned())
    }

    fn time(&self) -> String {
        let now = ZonedDateTime::now();
        match &self.date_format {
            Some(format) => jiff::fmt::strtime::format(format, &now).unwrap_or_default(),
            None => now.strftime("%Y-%m-%d %H:%M:%S,%3f").to_string(),
        }
    }
}

fn keys(ini: &Ini, section: &str) -> Vec<String> {
    let keys = ini.section(section).and_then(|section| section.options.get("keys"));
    let keys = keys.map(|value| value.text.split(',').map(|key| key.trim().to_owned()).collect());
    keys.unwrap_or_default()
}

fn text<'s>(section: &'s Section, key: &str) -> Option<&'s str> {
    section.options.get(key).map(|value| value.text.trim())
}

fn logger(ini: &Ini, key: &str) -> Option<Logger> {
    let section = ini.section(&format!("logger_{key}"))?;
    let handlers = text(section, "handlers").unwrap_or_default();
    Some(Logger {
        name: if key == "root" { String::new() } else { text(section, "qualname")?.to_owned() },
        level: level(text(section, "level").unwrap_or("NOTSET")),
        propagates: text(section, "propagate") != Some("0"),
        handlers: handlers.split(',').filter_map(|key| handler(ini, key.trim())).collect(),
    })
}

fn handler(ini: &Ini, key: &str) -> Option<Handler> {
    let section = ini.section(&format!("handler_{key}"))?;
    if !matches!(text(section, "class"), Some("StreamHandler" | "logging.StreamHandler")) {
        return None;
    }
    let arguments = text(section, "args").unwrap_or_default();
    let stream = if arguments.contains("sys.stdout") { Stream::Stdout } else { Stream::Stderr };
    let formatter = text(section, "formatter").and_then(|key| ini.section(&format!("formatter_{key}")));
    let of_formatter = |key| formatter.and_then(|section| text(section, key)).map(str::to_owned);
    Some(Handler {
        stream,
        level: level(text(section, "level").unwrap_or("NOTSET")),
        format: of_formatter("format").unwrap_or_else(|| "%(message)s".to_owned()),
        date_format: of_formatter("datefmt").filter(|format| !format.is_empty()),
    })
}

fn level(name: &str) -> u32 {
    match name {
        "DEBUG" => 10,
        "INFO" => 20,
        "WARN" | "WARNING" => 30,
        "ERROR" => 40,
        "CRITICAL" | "FATAL" => 50,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alembic::config::ini::parse;

    const USUAL: &str = "
[loggers]
keys = root,sqlalchemy,alembic
[handlers]
keys = console
[formatters]
keys = generic
[logger_root]
level = WARNING
handlers = console
qualname =
[logger_sqlalchemy]
level = WARNING
handlers =
qualname = sqlalchemy.engine
[logger_alembic]
level = INFO
handlers =
qualname = alembic
[handler_console]
class = StreamHandler
args = (sys.stderr,)
level = NOTSET
formatter = generic
[formatter_generic]
format = %(levelname)-5.5s [%(name)s] %(message)s
datefmt = %H:%M:%S
";

    fn lines(ini: &str, logger: &str, level: Level) -> Vec<(Stream, String)> {
        Logging::read(&parse("alembic.ini", ini, &[]).unwrap()).lines(logger, level, "Running upgrade")
    }

    #[test]
    fn the_usual_sections_give_the_usual_lines() {
        let migration = "alembic.runtime.migration";
        assert_eq!(
            lines(USUAL, migration, Level::Info),
            [(Stream::Stderr, "INFO  [alembic.runtime.migration] Running upgrade".to_owned())]
        );
        assert_eq!(
            lines(USUAL, "alembic.util.messaging", Level::Error)[0].1,
            "ERROR [alembic.util.messaging] Running upgrade"
        );
        assert_eq!(lines(USUAL, migration, Level::Debug), []);
        assert_eq!(lines(USUAL, "sqlalchemy.engine.Engine", Level::Info), []);
    }

    #[test]
    fn loggers_that_the_file_does_not_name_are_switched_off() {
        let without = USUAL.replace("keys = root,sqlalchemy,alembic", "keys = root,sqlalchemy");
        assert_eq!(lines(&without, "alembic.runtime.migration", Level::Error), []);
        assert_eq!(lines("[alembic]\n", "alembic.runtime.migration", Level::Error), []);
    }

    #[test]
    fn levels_streams_and_propagation_are_followed() {
        let debug = USUAL.replace("level = INFO", "level = DEBUG").replace("sys.stderr", "sys.stdout");
        assert_eq!(lines(&debug, "alembic.runtime.migration", Level::Debug)[0].0, Stream::Stdout);
        let quiet = USUAL.replace("qualname = alembic", "qualname = alembic\npropagate = 0");
        assert_eq!(lines(&quiet, "alembic.runtime.migration", Level::Info), []);
        let handled =
            USUAL.replace("handlers =\nqualname = alembic", "handlers = console\nqualname = alembic");
        assert_eq!(lines(&handled, "alembic.runtime.migration", Level::Info).len(), 2);
    }
}
