//! The object that a DDL statement is about, so that the catalog can be asked whether the statement took effect.

use super::changes::{TableChange, change};
use super::reader::Reader;

/// A name as the catalog spells it: unquoted, and in lower case where PostgreSQL folds it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct QualifiedName {
    /// Schema or database, where the statement names it.
    pub schema: Option<String>,
    /// The name itself. A MySQL account is `name@host`.
    pub name: String,
}

/// What a DDL statement does to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// What it does.
    pub action: TargetAction,
    /// The kind of object.
    pub kind: ObjectKind,
    /// The objects; empty for an index whose name the server chooses. A function's argument types are left out.
    pub names: Vec<QualifiedName>,
    /// For [`TargetAction::Rename`], the new names in the order of `names`.
    pub new_names: Vec<QualifiedName>,
    /// `IF EXISTS`
    pub if_exists: bool,
    /// `IF NOT EXISTS`
    pub if_not_exists: bool,
    /// `OR REPLACE`
    pub or_replace: bool,
    /// The table that an index, trigger, policy or rule belongs to.
    pub on_table: Option<QualifiedName>,
    /// `CONCURRENTLY`
    pub concurrently: bool,
    /// What an `ALTER TABLE` or `ALTER TYPE` changes, in its order.
    pub changes: Vec<TableChange>,
}

/// What a DDL statement does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetAction {
    /// `CREATE`
    Create,
    /// `ALTER` without a new name.
    Alter,
    /// `DROP`
    Drop,
    /// `RENAME TABLE`, `ALTER … RENAME TO`, `ALTER … SET SCHEMA`; MySQL may alter more in the same statement.
    Rename,
    /// `TRUNCATE`
    Truncate,
    /// `REINDEX … CONCURRENTLY`
    Reindex,
}

/// The kind of a database object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ObjectKind {
    /// A table, foreign and virtual ones included.
    Table,
    /// A view.
    View,
    /// A materialized view.
    MaterializedView,
    /// An index.
    Index,
    /// A trigger.
    Trigger,
    /// A procedure.
    Procedure,
    /// A function or an aggregate.
    Function,
    /// A scheduled event of MySQL.
    Event,
    /// A schema; in MySQL a database.
    Schema,
    /// A PostgreSQL database.
    Database,
    /// A sequence.
    Sequence,
    /// A type or a domain.
    Type,
    /// An extension.
    Extension,
    /// A user or role.
    User,
    /// Something else with a name: a policy, a rule, a publication.
    Other,
}

impl Target {
    fn new(action: TargetAction, kind: ObjectKind) -> Target {
        Target {
            action,
            kind,
            names: Vec::new(),
            new_names: Vec::new(),
            if_exists: false,
            if_not_exists: false,
            or_replace: false,
            on_table: None,
            concurrently: false,
            changes: Vec::new(),
        }
    }
}

/// The target of a statement, if it is DDL on an object of a known kind.
pub(super) fn target(mut reader: Reader<'_>) -> Option<Target> {
    if reader.eat("CREATE") {
        return create(reader);
    }
    if reader.eat("DROP") {
        return drop(reader);
    }
    if reader.eat("ALTER") {
        return alter(reader);
    }
    if reader.eat("RENAME") {
        return rename(reader);
    }
    if reader.eat("REINDEX") {
        return reindex(reader);
    }
    reader.eat("TRUNCATE").then(|| {
        let mut target = Target::new(TargetAction::Truncate, ObjectKind::Table);
        reader.eat("TABLE");
        reader.eat("ONLY");
        target.names = reader.names();
        target
    })
}

/// Reads on behind `CREATE`.
pub(super) fn create(mut reader: Reader<'_>) -> Option<Target> {
    let or_replace = reader.eat_all(&["OR", "REPLACE"]);
    modifiers(&mut reader);
    let kind = kind(&mut reader)?;
    let mut target = Target::new(TargetAction::Create, kind);
    target.or_replace = or_replace;
    target.concurrently = reader.eat("CONCURRENTLY");
    target.if_not_exists = reader.eat_all(&["IF", "NOT", "EXISTS"]);
    match kind {
        ObjectKind::User => target.names = accounts(&mut reader),
        ObjectKind::Schema if reader.eat("AUTHORIZATION") => target.names.extend(reader.name()),
        // An index without a name: `CREATE INDEX ON books (title)`.
        ObjectKind::Index if reader.is("ON") => {}
        _ => target.names.extend(reader.name()),
    }
    let belongs = matches!(kind, ObjectKind::Index | ObjectKind::Trigger | ObjectKind::Other);
    if belongs && reader.find("ON") {
        reader.eat("ONLY");
        target.on_table = reader.name();
    }
    Some(target)
}

fn drop(mut reader: Reader<'_>) -> Option<Target> {
    modifiers(&mut reader);
    let kind = kind(&mut reader)?;
    let mut target = Target::new(TargetAction::Drop, kind);
    target.concurrently = reader.eat("CONCURRENTLY");
    target.if_exists = reader.eat_all(&["IF", "EXISTS"]);
    target.names = if kind == ObjectKind::User { accounts(&mut reader) } else { reader.names() };
    if reader.eat("ON") {
        target.on_table = reader.name();
    }
    Some(target)
}

fn alter(mut reader: Reader<'_>) -> Option<Target> {
    modifiers(&mut reader);
    let kind = kind(&mut reader)?;
    let mut target = Target::new(TargetAction::Alter, kind);
    target.if_exists = reader.eat_all(&["IF", "EXISTS"]);
    reader.eat("ONLY");
    match kind {
        ObjectKind::User => target.names = accounts(&mut reader),
        // `ALTER DATABASE CHARACTER SET utf8mb4` means the current one.
        ObjectKind::Schema if reader.is_any(&["CHARACTER", "CHARSET", "DEFAULT", "COLLATE"]) => {}
        _ => target.names.extend(reader.name()),
    }
    reader.skip_parentheses();
    reader.eat_symbol("*");
    if matches!(kind, ObjectKind::Trigger | ObjectKind::Other) && reader.eat("ON") {
        target.on_table = reader.name();
    }
    while !reader.at_end() {
        change(&mut reader, &mut target);
        while !reader.at_end() && !reader.eat_symbol(",") {
            if !reader.skip_parentheses() {
                reader.skip();
            }
        }
    }
    Some(target)
}

/// `RENAME TABLE a TO b, c TO d`
fn rename(mut reader: Reader<'_>) -> Option<Target> {
    let kind = if reader.eat_any(&["TABLE", "TABLES"]) {
        ObjectKind::Table
    } else if reader.eat("USER") {
        ObjectKind::User
    } else {
        return None;
    };
    let mut target = Target::new(TargetAction::Rename, kind);
    target.if_exists = reader.eat_all(&["IF", "EXISTS"]);
    let one = |reader: &mut Reader<'_>| {
        if kind == ObjectKind::User { account(reader) } else { reader.name() }
    };
    while let Some(old) = one(&mut reader) {
        // MariaDB: `a NOWAIT TO b`, `a WAIT 5 TO b`.
        if !reader.find("TO") {
            break;
        }
        let Some(new) = one(&mut reader) else { break };
        target.names.push(old);
        target.new_names.push(new);
        if !reader.eat_symbol(",") {
            break;
        }
    }
    Some(target)
}

/// PostgreSQL's `REINDEX [(options)] INDEX|TABLE|SCHEMA|DATABASE|SYSTEM [CONCURRENTLY] [name]`, of which only the concurrent form
/// can leave something behind. No name stands for the current database.
fn reindex(mut reader: Reader<'_>) -> Option<Target> {
    let options = reader.clone();
    let among_options = reader.skip_parentheses() && super::postgres::switched_on(&options, "concurrently");
    reader.eat("VERBOSE");
    let kind = match () {
        () if reader.eat("INDEX") => ObjectKind::Index,
        () if reader.eat("TABLE") => ObjectKind::Table,
        () if reader.eat("SCHEMA") => ObjectKind::Schema,
        () if reader.eat_any(&["DATABASE", "SYSTEM"]) => ObjectKind::Database,
        () => return None,
    };
    let mut target = Target::new(TargetAction::Reindex, kind);
    target.concurrently = reader.eat("CONCURRENTLY") || among_options;
    target.names.extend(reader.name());
    target.concurrently.then_some(target)
}

/// What may stand between the verb and the kind.
fn modifiers(reader: &mut Reader<'_>) {
    const MODIFIERS: [&str; 17] = [
        "TEMP",
        "TEMPORARY",
        "GLOBAL",
        "LOCAL",
        "UNLOGGED",
        "UNIQUE",
        "FULLTEXT",
        "SPATIAL",
        "VECTOR",
        "RECURSIVE",
        "CONSTRAINT",
        "FOREIGN",
        "VIRTUAL",
        "ONLINE",
        "OFFLINE",
        "IGNORE",
        "UNDO",
    ];
    loop {
        if reader.eat_any(&MODIFIERS) {
            continue;
        }
        if reader.eat("DEFINER") {
            reader.eat_symbol("=");
            account(reader);
        } else if reader.eat("ALGORITHM") {
            reader.eat_symbol("=");
            reader.skip();
        } else if reader.eat_all(&["SQL", "SECURITY"]) {
            reader.skip();
        } else if reader.dialect().is_mysql_family() && reader.eat("AGGREGATE") {
        } else {
            return;
        }
    }
}

fn kind(reader: &mut Reader<'_>) -> Option<ObjectKind> {
    if reader.eat("MATERIALIZED") {
        return reader.eat("VIEW").then_some(ObjectKind::MaterializedView);
    }
    if reader.eat("EVENT") {
        return Some(if reader.eat("TRIGGER") { ObjectKind::Other } else { ObjectKind::Event });
    }
    let database = if reader.dialect().is_mysql_family() { ObjectKind::Schema } else { ObjectKind::Database };
    let kinds = [
        ("TABLE", ObjectKind::Table),
        ("VIEW", ObjectKind::View),
        ("INDEX", ObjectKind::Index),
        ("TRIGGER", ObjectKind::Trigger),
        ("PROCEDURE", ObjectKind::Procedure),
        ("FUNCTION", ObjectKind::Function),
        ("AGGREGATE", ObjectKind::Function),
        ("SCHEMA", ObjectKind::Schema),
        ("DATABASE", database),
        ("SEQUENCE", ObjectKind::Sequence),
        ("TYPE", ObjectKind::Type),
        ("DOMAIN", ObjectKind::Type),
        ("EXTENSION", ObjectKind::Extension),
        ("USER", ObjectKind::User),
        ("ROLE", ObjectKind::User),
        ("GROUP", ObjectKind::User),
        ("POLICY", ObjectKind::Other),
        ("RULE", ObjectKind::Other),
        ("PUBLICATION", ObjectKind::Other),
        ("SUBSCRIPTION", ObjectKind::Other),
        ("TABLESPACE", ObjectKind::Other),
        ("SERVER", ObjectKind::Other),
        ("COLLATION", ObjectKind::Other),
        ("STATISTICS", ObjectKind::Other),
    ];
    let found = kinds.into_iter().find(|(word, _)| reader.is(word)).map(|(_, kind)| kind)?;
    reader.skip();
    // `ALTER USER MAPPING FOR …` is about a server.
    if found == ObjectKind::User && reader.is("MAPPING") {
        return None;
    }
    Some(found)
}

fn accounts(reader: &mut Reader<'_>) -> Vec<QualifiedName> {
    let mut names = Vec::new();
    while let Some(name) = account(reader) {
        names.push(name);
        if !reader.eat_symbol(",") {
            break;
        }
    }
    names
}

/// A role, or a MySQL account `'name'@'host'`, whose host is `%` unless it is said.
fn account(reader: &mut Reader<'_>) -> Option<QualifiedName> {
    if !reader.dialect().is_mysql_family() {
        return reader.name();
    }
    let current = reader.is_any(&["CURRENT_USER", "CURRENT_ROLE"]);
    let user = reader.literal().or_else(|| reader.identifier())?;
    if current {
        reader.skip_parentheses();
        return None;
    }
    let host = if reader.eat_symbol("@") { reader.literal().or_else(|| reader.identifier()) } else { None };
    let host = host.unwrap_or_else(|| "%".to_owned());
    Some(QualifiedName { schema: None, name: format!("{user}@{host}") })
}

#[cfg(test)]
#[path = "target_tests.rs"]
mod tests;
