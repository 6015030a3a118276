//! Expand and contract: a column takes the place of another in two migrations, and triggers keep both in step in between,
//! while code that knows the one and code that knows the other are at work. Pure.
//!
//! The new column has no default until the old one is gone. So where a row arrives with a value in it, it was written by
//! code that knows it, and where it is null, the old column says what it is.

use thiserror::Error;

use crate::model::Dialect;

/// The longest name that every server takes, in bytes.
const LONGEST_NAME: usize = 63;

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expansion {
    /// The server's.
    pub dialect: Dialect,
    /// The table, as `table` or `schema.table`.
    pub table: String,
    /// The column as it is.
    pub old: OldColumn,
    /// What becomes of it.
    pub change: ColumnChange,
}

/// A column as the catalog says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OldColumn {
    /// Its name.
    pub name: String,
    /// Its type, collation included.
    pub type_name: String,
    /// Whether it may be null.
    pub nullable: bool,
    /// Its default.
    pub default: Option<String>,
    /// Indexes and constraints that it is part of.
    pub used_by: Vec<String>,
}

/// What becomes of a column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ColumnChange {
    /// Another name.
    Rename {
        /// It.
        new: String,
    },
    /// Another type, under the same name in the end.
    Type {
        /// It.
        type_name: String,
    },
}

/// Two migrations: the name of each, as `dunlin new` takes it, and its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpandAndContract {
    /// Adds the new column.
    pub expand: (String, String),
    /// Takes the old one away.
    pub contract: (String, String),
}

/// Why there are none.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// SQLite.
    #[error(
        "SQLite has one writer and no application that reaches it over a network, so old and new code do not meet in it: \
         write ALTER TABLE … RENAME COLUMN, or rebuild the table"
    )]
    Sqlite,
    /// A name that would be too long.
    #[error("the name {0} is longer than {LONGEST_NAME} bytes; shorten the new column's")]
    TooLong(String),
}

/// Writes the two migrations.
pub fn expand_and_contract(expansion: &Expansion) -> Result<ExpandAndContract, ExpandError> {
    let names = Names::of(expansion)?;
    let parts = match expansion.dialect {
        Dialect::Postgres => Postgres { expansion, names: &names }.parts(),
        Dialect::Mysql | Dialect::Mariadb => Mysql { expansion, names: &names }.parts(),
        Dialect::Sqlite => return Err(ExpandError::Sqlite),
    };
    let Names { table, old, new, .. } = &names;
    let (bare_table, old_name) = (bare(&expansion.table), &expansion.old.name);
    let (what, title) = match &expansion.change {
        ColumnChange::Rename { new } => {
            (format!("{new} takes the place of {old_name}"), format!("{bare_table} {old_name} to {new}"))
        }
        ColumnChange::Type { type_name } => {
            (format!("{old_name} becomes {type_name}"), format!("{bare_table} {old_name} to another type"))
        }
    };
    let used_by = if expansion.old.used_by.is_empty() {
        String::new()
    } else {
        format!(
            "--\n-- {old_name} is part of {}. Nothing of it is made for the new column: add what is\n-- still wanted below, indexes \
             without blocking.\n",
            expansion.old.used_by.join(", ")
        )
    };
    let (batch_table, filter) =
        (option(&expansion.table), option(&format!("{new} IS NULL AND {old} IS NOT NULL")));
    let back_filter = option(&format!("{old} IS NULL AND {new} IS NOT NULL"));
    let expand = format!(
        "-- Expand: in {bare_table}, {what}. A trigger keeps both columns in step, whichever of them code\n\
         -- writes. When nothing uses the old one any more, the next migration takes it away.\n{used_by}\n\
         -- migrate:up\n{}\n{}\n\n\
         -- migrate:batch table={batch_table} where={filter}\n{}\n\n{}\
         -- migrate:down\n{}\nALTER TABLE {table} DROP COLUMN {new};\n",
        parts.add_new, parts.create_trigger, parts.fill_new, parts.require_new, parts.drop_trigger
    );
    let contract = format!(
        "-- Contract: in {bare_table}, {what}. Nothing may read or write the old column any more.\n\n\
         -- migrate:up\n{}\n\n\
         -- migrate:down\n{}\n{}\n\n\
         -- migrate:batch table={batch_table} where={back_filter} direction=down\n{}\n\n\
         -- migrate:down\n{}\n",
        parts.contract, parts.add_old, parts.create_trigger, parts.fill_old, parts.require_old
    );
    Ok(ExpandAndContract {
        expand: (format!("expand {title}"), expand),
        contract: (format!("contract {title}"), contract),
    })
}

/// The parts that servers write differently.
struct Parts {
    add_new: String,
    create_trigger: String,
    fill_new: String,
    /// Empty, or a block of its own with an empty line behind it.
    require_new: String,
    drop_trigger: String,
    contract: String,
    add_old: String,
    fill_old: String,
    require_old: String,
}

/// Names as SQL.
struct Names {
    table: String,
    old: String,
    new: String,
    /// Without quotes: the beginning of names of triggers and the like.
    trigger: String,
}

impl Names {
    fn of(expansion: &Expansion) -> Result<Names, ExpandError> {
        let quote = |name: &str| quoted(expansion.dialect, name);
        let new = match &expansion.change {
            ColumnChange::Rename { new } => new.clone(),
            ColumnChange::Type { .. } => format!("{}__new", expansion.old.name),
        };
        let trigger = format!("{}_{}_in_step", bare(&expansion.table), expansion.old.name);
        // What is appended to it at most.
        for name in [&new, &format!("{trigger}_insert")] {
            if name.len() > LONGEST_NAME {
                return Err(ExpandError::TooLong(name.clone()));
            }
        }
        let table: Vec<String> = expansion.table.splitn(2, '.').map(quote).collect();
        Ok(Names { table: table.join("."), old: quote(&expansion.old.name), new: quote(&new), trigger })
    }
}

/// A name as SQL, without quotes where none are needed.
fn quoted(dialect: Dialect, name: &str) -> String {
    let plain = name.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
    // A reserved word needs quotes; which those are differs from server to server and year to year.
    if plain && !RESERVED.contains(&name) { name.to_owned() } else { dialect.quote_identifier(name) }
}

/// Words that are likely as names and reserved on one of the servers.
const RESERVED: [&str; 34] = [
    "all",
    "analyze",
    "and",
    "any",
    "as",
    "asc",
    "both",
    "by",
    "case",
    "check",
    "column",
    "condition",
    "default",
    "desc",
    "end",
    "from",
    "group",
    "groups",
    "index",
    "interval",
    "key",
    "keys",
    "limit",
    "offset",
    "order",
    "range",
    "rank",
    "references",
    "row",
    "rows",
    "system",
    "to",
    "user",
    "when",
];

/// A table without its schema.
fn bare(table: &str) -> &str {
    table.split_once('.').map_or(table, |(_, bare)| bare)
}

/// The value of an option of a directive.
fn option(text: &str) -> String {
    let plain =
        !text.is_empty() && !text.contains(|character: char| character == '"' || character.is_whitespace());
    if plain { text.to_owned() } else { format!("\"{}\"", text.replace('"', "\"\"")) }
}

struct Postgres<'e> {
    expansion: &'e Expansion,
    names: &'e Names,
}

impl Postgres<'_> {
    fn parts(&self) -> Parts {
        let Names { table, old, new, trigger } = self.names;
        let column = &self.expansion.old;
        let new_type = self.new_type();
        let trigger = quoted(Dialect::Postgres, trigger);
        let required = |column: &str, name: &str| {
            // A validated check spares the scan under a lock that stops everybody.
            let check = quoted(Dialect::Postgres, &format!("{name}_not_null"));
            [
                format!("ALTER TABLE {table} ADD CONSTRAINT {check} CHECK ({column} IS NOT NULL) NOT VALID;"),
                format!("ALTER TABLE {table} VALIDATE CONSTRAINT {check};"),
                format!(
                    "ALTER TABLE {table} ALTER COLUMN {column} SET NOT NULL;\nALTER TABLE {table} DROP CONSTRAINT {check};"
                ),
            ]
        };
        let new_name = new.trim_matches('"');
        let default = column.default.as_deref();
        let set_default = |column: &str| {
            default
                .map(|default| format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {default};\n"))
                .unwrap_or_default()
        };
        let drop_default = |column: &str| {
            default
                .map(|_| format!("ALTER TABLE {table} ALTER COLUMN {column} DROP DEFAULT;\n"))
                .unwrap_or_default()
        };
        let is_rename = matches!(self.expansion.change, ColumnChange::Rename { .. });
        let drop_trigger = format!("DROP TRIGGER {trigger} ON {table};\nDROP FUNCTION {trigger}();");
        let rename = |from: &str, to: &str| {
            if is_rename {
                String::new()
            } else {
                format!("\nALTER TABLE {table} RENAME COLUMN {from} TO {to};")
            }
        };
        Parts {
            add_new: format!("ALTER TABLE {table} ADD COLUMN {new} {new_type};"),
            create_trigger: self.trigger(&trigger),
            // The trigger converts, as it does for the application.
            fill_new: format!("UPDATE {table} SET {old} = {old} WHERE :range;"),
            require_new: if column.nullable {
                String::new()
            } else {
                required(new, new_name).map(|sql| format!("-- migrate:up\n{sql}\n\n")).concat()
            },
            drop_trigger: drop_trigger.clone(),
            contract: format!(
                "{}{drop_trigger}\nALTER TABLE {table} DROP COLUMN {old};{}",
                set_default(new),
                rename(new, old)
            ),
            add_old: format!(
                "{}{}ALTER TABLE {table} ADD COLUMN {old} {};",
                if is_rename {
                    String::new()
                } else {
                    format!("ALTER TABLE {table} RENAME COLUMN {old} TO {new};\n")
                },
                drop_default(new),
                column.type_name
            ),
            fill_old: format!("UPDATE {table} SET {new} = {new} WHERE :range;"),
            require_old: {
                let mut text = set_default(old);
                if !column.nullable {
                    text.push_str(&required(old, &column.name).join("\n\n-- migrate:down\n"));
                }
                if text.is_empty() { "-- nothing else to do".to_owned() } else { text.trim_end().to_owned() }
            },
        }
    }

    fn new_type(&self) -> &str {
        match &self.expansion.change {
            ColumnChange::Rename { .. } => &self.expansion.old.type_name,
            ColumnChange::Type { type_name } => type_name,
        }
    }

    /// Values are compared as text: not every type can be compared, and some call different values equal.
    fn trigger(&self, trigger: &str) -> String {
        let Names { table, old, new, .. } = self.names;
        format!(
            "CREATE FUNCTION {trigger}() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    converted {table}.{new}%TYPE;
BEGIN
    converted := NEW.{old};
    IF TG_OP = 'UPDATE' AND NEW.{new}::text IS DISTINCT FROM OLD.{new}::text THEN
        -- Code that knows {new}.
        IF NEW.{new}::text IS DISTINCT FROM converted::text THEN
            NEW.{old} := NEW.{new};
        END IF;
    ELSIF TG_OP = 'UPDATE' AND NEW.{old}::text IS DISTINCT FROM OLD.{old}::text THEN
        -- Code that knows {old}.
        NEW.{new} := converted;
    ELSIF NEW.{new} IS NULL THEN
        NEW.{new} := converted;
    ELSIF NEW.{old} IS NULL OR (TG_OP = 'INSERT' AND NEW.{new}::text IS DISTINCT FROM converted::text) THEN
        NEW.{old} := NEW.{new};
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER {trigger} BEFORE INSERT OR UPDATE ON {table}
    FOR EACH ROW EXECUTE FUNCTION {trigger}();"
        )
    }
}

struct Mysql<'e> {
    expansion: &'e Expansion,
    names: &'e Names,
}

impl Mysql<'_> {
    fn parts(&self) -> Parts {
        let Names { table, old, new, trigger } = self.names;
        let column = &self.expansion.old;
        let (new_type, is_rename) = match &self.expansion.change {
            ColumnChange::Rename { .. } => (&column.type_name, true),
            ColumnChange::Type { type_name } => (type_name, false),
        };
        let name = |suffix: &str| quoted(self.expansion.dialect, &format!("{trigger}_{suffix}"));
        let (on_insert, on_update) = (name("insert"), name("update"));
        let null = if column.nullable { "NULL" } else { "NOT NULL" };
        let default =
            column.default.as_ref().map(|default| format!(" DEFAULT {default}")).unwrap_or_default();
        let whole =
            |column: &str, type_name: &str| format!("MODIFY COLUMN {column} {type_name} {null}{default}");
        let drop_trigger = format!("DROP TRIGGER {on_insert};\nDROP TRIGGER {on_update};");
        let finish = |column: &str, type_name: &str| {
            if null == "NULL" && default.is_empty() {
                String::new()
            } else {
                format!("ALTER TABLE {table} {};", whole(column, type_name))
            }
        };
        let rename = if is_rename { String::new() } else { format!(", RENAME COLUMN {new} TO {old}") };
        Parts {
            add_new: format!("ALTER TABLE {table} ADD COLUMN {new} {new_type} NULL;"),
            create_trigger: self.triggers(&on_insert, &on_update, is_rename),
            fill_new: format!("UPDATE {table} SET {new} = {old} WHERE :range;"),
            require_new: if column.nullable {
                String::new()
            } else {
                format!("-- migrate:up\nALTER TABLE {table} MODIFY COLUMN {new} {new_type} NOT NULL;\n\n")
            },
            drop_trigger: drop_trigger.clone(),
            contract: format!(
                "{}-- New code leaves the old column out, which must do without the triggers too.\n\
                 ALTER TABLE {table} MODIFY COLUMN {old} {} NULL;\n{drop_trigger}\nALTER TABLE {table} DROP COLUMN {old}{rename};",
                finish(new, new_type).trim_end().to_owned()
                    + if finish(new, new_type).is_empty() { "" } else { "\n" },
                column.type_name
            ),
            add_old: {
                let back = if is_rename { String::new() } else { format!("RENAME COLUMN {old} TO {new}, ") };
                let plain = if default.is_empty() {
                    String::new()
                } else {
                    // Without its default, as before the contraction.
                    format!("ALTER TABLE {table} MODIFY COLUMN {new} {new_type} {null};\n")
                };
                if is_rename {
                    format!("{plain}ALTER TABLE {table} ADD COLUMN {old} {} NULL;", column.type_name)
                } else {
                    format!(
                        "ALTER TABLE {table} {back}ADD COLUMN {old} {} NULL;\n{}",
                        column.type_name,
                        plain.trim_end()
                    )
                    .trim_end()
                    .to_owned()
                }
            },
            fill_old: format!("UPDATE {table} SET {old} = {new} WHERE :range;"),
            require_old: {
                let text = finish(old, &column.type_name);
                if text.is_empty() { "-- nothing else to do".to_owned() } else { text }
            },
        }
    }

    /// What was written is compared by its bytes: a collation may call different texts equal.
    fn triggers(&self, on_insert: &str, on_update: &str, is_rename: bool) -> String {
        let Names { table, old, new, .. } = self.names;
        let same = |left: &str, right: &str| format!("CAST({left} AS BINARY) <=> CAST({right} AS BINARY)");
        let (new_now, new_before) = (format!("NEW.{new}"), format!("OLD.{new}"));
        let (old_now, old_before) = (format!("NEW.{old}"), format!("OLD.{old}"));
        let agree = if is_rename { same(&new_now, &old_now) } else { format!("{new_now} <=> {old_now}") };
        format!(
            "CREATE TRIGGER {on_insert} BEFORE INSERT ON {table} FOR EACH ROW
BEGIN
    IF {new_now} IS NULL THEN
        SET {new_now} = {old_now};
    ELSEIF NOT ({agree}) THEN
        SET {old_now} = {new_now};
    END IF;
END;
CREATE TRIGGER {on_update} BEFORE UPDATE ON {table} FOR EACH ROW
BEGIN
    IF NOT ({}) THEN
        -- Code that knows {new}.
        IF NOT ({agree}) THEN
            SET {old_now} = {new_now};
        END IF;
    ELSEIF NOT ({}) THEN
        -- Code that knows {old}.
        SET {new_now} = {old_now};
    END IF;
END;",
            same(&new_now, &new_before),
            same(&old_now, &old_before)
        )
    }
}

#[cfg(test)]
#[path = "expand_tests.rs"]
mod tests;
