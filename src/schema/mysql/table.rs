//! A table's own statement, line by line: `SHOW CREATE TABLE` puts every column, key and constraint on one.

use super::super::Object;

/// Adds what a `CREATE TABLE` says.
pub(super) fn parse(object: &mut Object, statement: &str) {
    let mut lines = statement.split('\n');
    // `CREATE TABLE `orders` (`
    lines.next();
    let mut options = String::new();
    for line in lines.by_ref() {
        if line.starts_with(')') {
            options = line.trim_start_matches(')').trim().to_owned();
            break;
        }
        let line = line.trim();
        piece(object, line.strip_suffix(',').unwrap_or(line));
    }
    // Partitions stand behind the options.
    let rest: Vec<&str> = lines.collect();
    let rest = rest.join("\n");
    if !rest.trim().is_empty() {
        object.properties.insert("partitioning".to_owned(), rest.trim().to_owned());
    }
    for (name, value) in table_options(&options) {
        object.properties.insert(name, value);
    }
}

fn piece(object: &mut Object, line: &str) {
    if line.starts_with('`') {
        let (name, rest) = quoted(line);
        let definition = without_implied_character_set(rest.trim());
        object.part("column", &name).insert("definition".to_owned(), definition);
        return;
    }
    let (kind, name) = if line.starts_with("PRIMARY KEY") {
        ("index", "PRIMARY".to_owned())
    } else {
        let name = line.find('`').map(|start| quoted(line.get(start..).unwrap_or_default()).0);
        (
            if line.starts_with("CONSTRAINT") { "constraint" } else { "index" },
            name.unwrap_or_else(|| line.to_owned()),
        )
    };
    object.part(kind, &name).insert("definition".to_owned(), line.to_owned());
}

/// A collation says of which character set it is; whether both are printed hangs on how the column came about.
fn without_implied_character_set(definition: &str) -> String {
    let Some((before, rest)) = definition.split_once("CHARACTER SET ") else { return definition.to_owned() };
    let implied = rest.split_once(' ').filter(|(set, after)| {
        after
            .strip_prefix("COLLATE ")
            .and_then(|name| name.strip_prefix(set))
            .is_some_and(|rest| rest.starts_with('_'))
    });
    match implied {
        // Not inside of a string: those of an ENUM stand before it.
        Some((_, after)) if before.matches('\'').count() % 2 == 0 => format!("{before}{after}"),
        _ => definition.to_owned(),
    }
}

/// The name in backticks that a text begins with, and what follows it.
fn quoted(text: &str) -> (String, &str) {
    let inner = text.strip_prefix('`').unwrap_or(text);
    let mut name = String::new();
    let mut rest = inner;
    while let Some((before, after)) = rest.split_once('`') {
        name.push_str(before);
        rest = after;
        match rest.strip_prefix('`') {
            Some(after) => {
                name.push('`');
                rest = after;
            }
            None => break,
        }
    }
    (name, rest)
}

/// `ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COMMENT='…'` by name. Where the next number begins is no part of a schema.
fn table_options(text: &str) -> Vec<(String, String)> {
    let mut options = Vec::new();
    // Those of one server are in comments that it reads.
    let text = text.replace("/*!50100", "").replace("/*!80013", "");
    let mut rest = text.trim();
    while let Some((name, after)) = rest.split_once('=') {
        let name = name.trim().trim_start_matches("*/").trim();
        let (value, after) = match after.strip_prefix('\'') {
            Some(quoted) => {
                let mut end = quoted.len();
                let bytes = quoted.as_bytes();
                let mut index = 0;
                while index < bytes.len() {
                    match bytes[index] {
                        b'\\' => index += 1,
                        b'\'' if bytes.get(index + 1) == Some(&b'\'') => index += 1,
                        b'\'' => {
                            end = index;
                            break;
                        }
                        _ => {}
                    }
                    index += 1;
                }
                quoted
                    .split_at_checked(end)
                    .map_or((quoted, ""), |(value, after)| (value, after.trim_start_matches('\'')))
            }
            None => after.split_once([' ', '\n']).unwrap_or((after, "")),
        };
        if name != "AUTO_INCREMENT" {
            options.push((name.to_ascii_lowercase(), value.to_owned()));
        }
        rest = after.trim_start();
    }
    // Words without a value, like `WITH SYSTEM VERSIONING`.
    let rest = rest.trim_end_matches("*/").trim();
    if !rest.is_empty() {
        options.push(("options".to_owned(), rest.to_owned()));
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_taken_apart_line_by_line() {
        let mut object = Object::default();
        let statement = "CREATE TABLE `odd``name` (\n  `id` int NOT NULL AUTO_INCREMENT,\n  `note` text CHARACTER SET utf8mb4 COLLATE utf8mb4_bin COMMENT 'a, b',\n  \
             PRIMARY KEY (`id`),\n  KEY `by``note` (`note`(10)),\n  CONSTRAINT `c` CHECK (`id` > 0)\n) \
             ENGINE=InnoDB AUTO_INCREMENT=5 DEFAULT CHARSET=utf8mb4 COMMENT='it''s = so' WITH SYSTEM VERSIONING\n \
             PARTITION BY HASH (`id`)\nPARTITIONS 4";
        parse(&mut object, statement);
        let parts: Vec<String> = object
            .parts
            .iter()
            .map(|part| format!("{} {}: {}", part.kind, part.name, part.properties["definition"]))
            .collect();
        assert_eq!(
            parts,
            [
                "column id: int NOT NULL AUTO_INCREMENT",
                "column note: text COLLATE utf8mb4_bin COMMENT 'a, b'",
                "index PRIMARY: PRIMARY KEY (`id`)",
                "index by`note: KEY `by``note` (`note`(10))",
                "constraint c: CONSTRAINT `c` CHECK (`id` > 0)",
            ]
        );
        let options: Vec<String> =
            object.properties.iter().map(|(name, value)| format!("{name}: {value}")).collect();
        assert_eq!(
            options,
            [
                "comment: it''s = so",
                "default charset: utf8mb4",
                "engine: InnoDB",
                "options: WITH SYSTEM VERSIONING",
                "partitioning: PARTITION BY HASH (`id`)\nPARTITIONS 4",
            ]
        );
    }
}
