//! MySQL and MariaDB: what `SHOW CREATE` says of everything, and rows in between.

use std::collections::{BTreeMap, BTreeSet};

use dunlin_compat::model::Dialect;

use super::SquashError;
use super::order::sorted;
use super::values::inserts;
use crate::db::{Connection, Outcome};
use crate::schema::Scope;

/// Definitions are printed the same whatever the server's own settings are, and times without a zone.
const SETTLE: &str = "SET SESSION sql_mode = '', sql_quote_show_create = 1, time_zone = '+00:00'";

/// What the session was set to; the last statement brings it back.
const KEEP: &str = "SET @dunlin_sql_mode = @@sql_mode, @dunlin_time_zone = @@time_zone, \
     @dunlin_foreign_key_checks = @@foreign_key_checks, @dunlin_unique_checks = @@unique_checks";
const BEGIN: &str = "SET SESSION sql_mode = 'NO_AUTO_VALUE_ON_ZERO', time_zone = '+00:00', foreign_key_checks = 0, \
     unique_checks = 0";
const END: &str = "SET SESSION sql_mode = @dunlin_sql_mode, time_zone = @dunlin_time_zone, \
     foreign_key_checks = @dunlin_foreign_key_checks, unique_checks = @dunlin_unique_checks";

/// Kind and name of everything that `SHOW CREATE` shows.
const OBJECTS: &str = "SELECT CASE table_type WHEN 'VIEW' THEN 'VIEW' WHEN 'SEQUENCE' THEN 'SEQUENCE' ELSE 'TABLE' END, \
     table_name FROM information_schema.tables WHERE table_schema = DATABASE() AND table_type <> 'TEMPORARY' \
     UNION ALL SELECT UPPER(routine_type), routine_name FROM information_schema.routines WHERE routine_schema = DATABASE() \
     UNION ALL SELECT 'EVENT', event_name FROM information_schema.events WHERE event_schema = DATABASE() ORDER BY 1, 2";

/// In the order in which triggers of one event fire.
const TRIGGERS: &str = "SELECT trigger_name, event_object_table FROM information_schema.triggers \
     WHERE trigger_schema = DATABASE() ORDER BY event_object_table, action_timing, event_manipulation, action_order";

/// An event without a start of its own starts when it is made.
const WITHOUT_START: &str = "SELECT event_name, 'x' FROM information_schema.events \
     WHERE event_schema = DATABASE() AND ABS(TIMESTAMPDIFF(SECOND, starts, created)) <= 1";

/// Columns that take values.
const COLUMNS: &str = "SELECT table_name, column_name, data_type FROM information_schema.columns \
     WHERE table_schema = DATABASE() AND COALESCE(generation_expression, '') = '' ORDER BY table_name, ordinal_position";

const GRANTS: &str = "SELECT table_name, CONCAT('GRANT ', GROUP_CONCAT(privilege_type ORDER BY privilege_type SEPARATOR ', '), \
     ' ON `', REPLACE(table_name, '`', '``'), '` TO ', grantee, IF(is_grantable = 'YES', ' WITH GRANT OPTION', '')) \
     FROM information_schema.table_privileges WHERE table_schema = DATABASE() AND privilege_type <> 'USAGE' \
     GROUP BY table_name, grantee, is_grantable ORDER BY table_name, grantee";

const COLUMN_GRANTS: &str = "SELECT table_name, CONCAT('GRANT ', GROUP_CONCAT(CONCAT(privilege_type, ' (`', \
     REPLACE(column_name, '`', '``'), '`)') ORDER BY privilege_type, column_name SEPARATOR ', '), ' ON `', \
     REPLACE(table_name, '`', '``'), '` TO ', grantee, IF(is_grantable = 'YES', ' WITH GRANT OPTION', '')) \
     FROM information_schema.column_privileges WHERE table_schema = DATABASE() \
     GROUP BY table_name, grantee, is_grantable ORDER BY table_name, grantee";

/// Statements that make everything, and those that drop it.
pub(super) fn read(
    connection: &mut dyn Connection,
    scope: &Scope,
) -> Result<(Vec<String>, Vec<String>), SquashError> {
    let mut reader = Reader::new(connection)?;
    reader.read(scope)
}

struct Reader<'c> {
    connection: &'c mut dyn Connection,
    /// The scratch database's own name before a dot.
    own: String,
    definer: String,
    up: Vec<String>,
    mode: String,
    zone: String,
}

/// The mode and the zone of [`BEGIN`].
const MODE: &str = "NO_AUTO_VALUE_ON_ZERO";
const ZONE: &str = "+00:00";

impl<'c> Reader<'c> {
    fn new(connection: &'c mut dyn Connection) -> Result<Reader<'c>, SquashError> {
        let own = format!("{}.", quote(&connection.server().database));
        let execute =
            |connection: &mut dyn Connection, sql: &str| connection.execute(sql).map_err(SquashError::Read);
        execute(connection, SETTLE)?;
        execute(connection, "SET SESSION group_concat_max_len = 1000000")?;
        let user = execute(connection, "SELECT CURRENT_USER()")?;
        let user = user.rows.into_iter().flatten().flatten().next().unwrap_or_default();
        let (name, host) = user.rsplit_once('@').unwrap_or((&user, "%"));
        let definer = format!("DEFINER={}@{} ", quote(name), quote(host));
        let up = vec![KEEP.to_owned(), BEGIN.to_owned()];
        Ok(Reader { connection, own, definer, up, mode: MODE.to_owned(), zone: ZONE.to_owned() })
    }

    fn read(&mut self, scope: &Scope) -> Result<(Vec<String>, Vec<String>), SquashError> {
        let objects = self.rows(OBJECTS)?;
        let names = |kind: &str| -> Vec<String> {
            let of_kind = objects.iter().filter(|row| row.first().is_some_and(|found| found == kind));
            of_kind.filter_map(|row| row.get(1).cloned()).filter(|name| !scope.leaves_out(name)).collect()
        };
        let (sequences, tables, views, events) =
            (names("SEQUENCE"), names("TABLE"), names("VIEW"), names("EVENT"));
        for name in &sequences {
            let shown = self.shown("SEQUENCE", name)?;
            self.up.push(shown.statement);
            let next = self.rows(&format!("SELECT next_not_cached_value, 1 FROM {}", quote(name)))?;
            if let Some(next) = next.first().and_then(|row| row.first()) {
                self.up.push(format!("SELECT SETVAL({}, {next}, 0)", quote(name)));
            }
        }
        for name in &tables {
            let shown = self.shown("TABLE", name)?;
            let without = without_default(&shown.statement);
            self.up.push(shown.statement);
            if !without.is_empty() {
                let drops: Vec<String> =
                    without.iter().map(|column| format!("ALTER COLUMN {column} DROP DEFAULT")).collect();
                self.up.push(format!("ALTER TABLE {} {}", quote(name), drops.join(", ")));
            }
        }
        let columns = self.rows(COLUMNS)?;
        for name in &tables {
            let of_table = columns.iter().filter(|row| row.first() == Some(name));
            let columns: Vec<(String, String)> = of_table
                .filter_map(|row| Some((row.get(1)?.clone(), row.get(2)?.to_ascii_lowercase())))
                .collect();
            let statements = self.rows_of(name, &columns)?;
            self.up.extend(statements);
        }
        let routines = ["PACKAGE", "PACKAGE BODY", "FUNCTION", "PROCEDURE"];
        for kind in routines {
            for name in names(kind) {
                let shown = self.shown(kind, &name)?;
                self.add(shown);
            }
        }
        let views = self.views(&views)?;
        for row in self.rows(TRIGGERS)? {
            let [name, table] = row.as_slice() else { continue };
            if !scope.leaves_out(table) {
                let shown = self.shown("TRIGGER", name)?;
                self.add(shown);
            }
        }
        let without_start: Vec<String> = self.rows(WITHOUT_START)?.into_iter().flatten().collect();
        for name in &events {
            let mut shown = self.shown("EVENT", name)?;
            if without_start.contains(name) {
                shown.statement = without_own_start(&shown.statement);
            }
            self.add(shown);
        }
        self.set_back();
        for query in [GRANTS, COLUMN_GRANTS] {
            for row in self.rows(query)? {
                if let [table, grant] = row.as_slice()
                    && !scope.leaves_out(table)
                {
                    self.up.push(grant.clone());
                }
            }
        }
        self.up.push(END.to_owned());

        let mut down = vec![KEEP.to_owned(), BEGIN.to_owned()];
        let mut drop_all = |kind: &str, names: &[String]| {
            down.extend(names.iter().rev().map(|name| format!("DROP {kind} {}", quote(name))));
        };
        drop_all("EVENT", &events);
        drop_all("VIEW", &views);
        drop_all("TABLE", &tables);
        for kind in routines.iter().rev() {
            // With a package goes its body.
            if *kind != "PACKAGE BODY" {
                drop_all(kind, &names(kind));
            }
        }
        drop_all("SEQUENCE", &sequences);
        down.push(END.to_owned());
        Ok((std::mem::take(&mut self.up), down))
    }

    /// Views behind those that they read.
    fn views(&mut self, names: &[String]) -> Result<Vec<String>, SquashError> {
        let mut shown = BTreeMap::new();
        for name in names {
            shown.insert(name.clone(), self.shown("VIEW", name)?);
        }
        let mut needs: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (name, own) in &shown {
            let needed = names.iter().filter(|other| *other != name && own.statement.contains(&quote(other)));
            needs.insert(name.clone(), needed.cloned().collect());
        }
        let ordered = sorted(names, &needs);
        for name in &ordered {
            if let Some(shown) = shown.remove(name) {
                self.add(shown);
            }
        }
        Ok(ordered)
    }

    /// Adds a statement under the settings that it is read by.
    fn add(&mut self, shown: Shown) {
        let mode = shown.mode.unwrap_or_else(|| MODE.to_owned());
        let zone = shown.zone.unwrap_or_else(|| ZONE.to_owned());
        if mode != self.mode {
            self.up.push(format!("SET SESSION sql_mode = {}", Dialect::Mysql.quote_literal(&mode)));
            self.mode = mode;
        }
        if zone != self.zone {
            self.up.push(format!("SET SESSION time_zone = {}", Dialect::Mysql.quote_literal(&zone)));
            self.zone = zone;
        }
        self.up.push(shown.statement);
    }

    fn set_back(&mut self) {
        if self.mode != MODE || self.zone != ZONE {
            self.up.push(BEGIN.to_owned());
            MODE.clone_into(&mut self.mode);
            ZONE.clone_into(&mut self.zone);
        }
    }

    fn shown(&mut self, kind: &str, name: &str) -> Result<Shown, SquashError> {
        let outcome = self
            .connection
            .execute(&format!("SHOW CREATE {kind} {}", quote(name)))
            .map_err(SquashError::Read)?;
        let statement =
            column(&outcome, |name| name.starts_with("create ") || name == "sql original statement");
        let statement = statement.ok_or_else(|| {
            SquashError::Unwritable(format!(
                "the server does not show {} {name} to this user",
                kind.to_ascii_lowercase()
            ))
        })?;
        Ok(Shown {
            statement: statement.replace(&self.own, "").replacen(&self.definer, "", 1),
            mode: column(&outcome, |name| name == "sql_mode"),
            zone: column(&outcome, |name| name == "time_zone"),
        })
    }

    fn rows_of(&mut self, table: &str, columns: &[(String, String)]) -> Result<Vec<String>, SquashError> {
        let quoted: Vec<String> = columns.iter().map(|(name, _)| quote(name)).collect();
        let expressions: Vec<String> =
            columns.iter().zip(&quoted).map(|((_, kind), name)| Written::of(kind).expression(name)).collect();
        if expressions.is_empty() {
            return Ok(Vec::new());
        }
        let query = format!("SELECT {} FROM {}", expressions.join(", "), quote(table));
        let outcome = self.connection.execute(&query).map_err(SquashError::Read)?;
        let literal = |(value, (_, kind)): (Option<String>, &(String, String))| match value {
            None => "NULL".to_owned(),
            Some(value) => Written::of(kind).literal(&value),
        };
        let rows: Vec<Vec<String>> =
            outcome.rows.into_iter().map(|row| row.into_iter().zip(columns).map(literal).collect()).collect();
        Ok(inserts(&quote(table), &quoted, &rows))
    }

    fn rows(&mut self, query: &str) -> Result<Vec<Vec<String>>, SquashError> {
        let outcome = self.connection.execute(query).map_err(SquashError::Read)?;
        Ok(outcome
            .rows
            .into_iter()
            .map(|row| row.into_iter().map(Option::unwrap_or_default).collect())
            .collect())
    }
}

/// What `SHOW CREATE` gave.
struct Shown {
    statement: String,
    mode: Option<String>,
    zone: Option<String>,
}

/// How the values of a type are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    Number,
    /// Printed, they lose digits.
    Float,
    Bits,
    Bytes,
    Text,
}

impl Written {
    fn of(kind: &str) -> Written {
        match kind {
            "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "decimal" | "double" | "year" => {
                Written::Number
            }
            "float" => Written::Float,
            "bit" => Written::Bits,
            "binary" | "varbinary" | "tinyblob" | "blob" | "mediumblob" | "longblob" | "vector"
            | "geometry" | "point" | "linestring" | "polygon" | "multipoint" | "multilinestring"
            | "multipolygon" | "geometrycollection" | "geomcollection" => Written::Bytes,
            _ => Written::Text,
        }
    }

    fn expression(self, name: &str) -> String {
        match self {
            Written::Float => format!("{name} + 0E0"),
            Written::Bits => format!("{name} + 0"),
            Written::Bytes => format!("HEX({name})"),
            Written::Number | Written::Text => name.to_owned(),
        }
    }

    fn literal(self, value: &str) -> String {
        match self {
            Written::Number | Written::Float | Written::Bits => value.to_owned(),
            Written::Bytes => format!("X'{value}'"),
            Written::Text => text(value),
        }
    }
}

/// A text under the mode of [`BEGIN`], on one line.
fn text(value: &str) -> String {
    let mut literal = String::with_capacity(value.len() + 2);
    literal.push('\'');
    for character in value.chars() {
        match character {
            '\'' => literal.push_str("''"),
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\0' => literal.push_str("\\0"),
            '\u{1a}' => literal.push_str("\\Z"),
            other => literal.push(other),
        }
    }
    literal.push('\'');
    literal
}

/// Columns that take NULL and have no default, not even that: a `CREATE TABLE` cannot say it, and so does not.
fn without_default(statement: &str) -> Vec<String> {
    const NEVER: [&str; 11] = [
        "tinytext",
        "text",
        "mediumtext",
        "longtext",
        "tinyblob",
        "blob",
        "mediumblob",
        "longblob",
        "json",
        "geometry",
        "vector",
    ];
    const SPATIAL: [&str; 8] = [
        "point",
        "linestring",
        "polygon",
        "multipoint",
        "multilinestring",
        "multipolygon",
        "geometrycollection",
        "geomcollection",
    ];
    let mut found = Vec::new();
    for line in statement.split('\n').skip(1).map(str::trim).filter(|line| line.starts_with('`')) {
        let end = line.match_indices("` ").map(|(index, _)| index).find(|index| {
            // A backtick of the name's own is doubled.
            line.get(1..*index).is_some_and(|name| name.matches('`').count() % 2 == 0)
        });
        let Some((name, definition)) = end.and_then(|end| line.split_at_checked(end + 1)) else { continue };
        let kind: String =
            definition.trim_start().chars().take_while(|character| character.is_alphanumeric()).collect();
        let says = |word: &str| definition.contains(word);
        let has_value =
            [" DEFAULT ", " NOT NULL", " GENERATED ALWAYS ", " AS (", " AS ROW ", "AUTO_INCREMENT"];
        if !has_value.iter().any(|word| says(word))
            && !NEVER.contains(&kind.as_str())
            && !SPATIAL.contains(&kind.as_str())
        {
            found.push(name.to_owned());
        }
    }
    found
}

fn without_own_start(statement: &str) -> String {
    let Some((before, rest)) = statement.split_once(" STARTS '") else { return statement.to_owned() };
    let after = rest.split_once('\'').map_or("", |(_, after)| after);
    format!("{before}{after}")
}

fn quote(name: &str) -> String {
    Dialect::Mysql.quote_identifier(name)
}

fn column(shown: &Outcome, wanted: impl Fn(&str) -> bool) -> Option<String> {
    let index = shown.columns.iter().position(|column| wanted(&column.name.to_ascii_lowercase()))?;
    shown.rows.first()?.get(index)?.clone()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_written_on_one_line_and_exactly() {
        assert_eq!(text("it's\na \\ b"), "'it''s\\na \\\\ b'");
        assert_eq!(Written::of("varbinary").literal("00FF"), "X'00FF'");
        assert_eq!(Written::of("json").literal("{\"a\": 1}"), "'{\"a\": 1}'");
        assert_eq!(Written::of("float").expression("`a`"), "`a` + 0E0");
    }

    #[test]
    fn a_column_without_even_null_as_its_default_is_found() {
        let shown = "CREATE TABLE `t` (\n  `a` int DEFAULT NULL,\n  `b``c` varchar(9) COLLATE utf8mb4_bin,\n  `d` text,\n  `e` int \
                     NOT NULL,\n  `f` int GENERATED ALWAYS AS (1) VIRTUAL,\n  KEY `g` (`a`)\n) ENGINE=InnoDB";
        assert_eq!(without_default(shown), ["`b``c`"]);
    }

    #[test]
    fn an_event_begins_when_it_is_made() {
        let shown =
            "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY STARTS '2026-01-01 00:00:00' ENABLE DO SELECT 1";
        assert_eq!(without_own_start(shown), "CREATE EVENT `e` ON SCHEDULE EVERY 1 DAY ENABLE DO SELECT 1");
    }
}
