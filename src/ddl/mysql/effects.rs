//! What MySQL and MariaDB do for a change.
//!
//! Measured on MySQL 9.7 and MariaDB 10.11 by `tests/rule_proofs_mysql.rs`. For other versions it follows the manuals: MySQL 8.0,
//! "17.12.1 Online DDL Operations", and 5.7, "14.13.1"; MariaDB, "InnoDB Online DDL Operations with the INSTANT Alter Algorithm",
//! "… NOCOPY …", "… INPLACE …", and for 11.2 and later "Online Schema Change".

use super::super::clause::is_now;
use super::super::{
    Change, ChangeKind, Column, Constraint, ConstraintKind, Effect, Index, Known, KnownColumn,
    MysqlAlgorithm, ServerVersion, Statement, TableLock, TableName,
};
use super::types::{MysqlType, TypeChange, type_change};
use dunlin_compat::model::Dialect;

/// How one clause is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Way {
    algorithm: MysqlAlgorithm,
    rewrites: bool,
    scans: bool,
    /// A column comes, goes or moves: instant by itself, but not together with a clause that is not.
    moves_columns: bool,
}

impl Way {
    const fn of(algorithm: MysqlAlgorithm) -> Way {
        Way { algorithm, rewrites: false, scans: false, moves_columns: false }
    }

    const fn rewriting(self) -> Way {
        Way { rewrites: true, scans: true, ..self }
    }

    const fn scanning(self) -> Way {
        Way { scans: true, ..self }
    }

    const fn moving(self) -> Way {
        Way { moves_columns: true, ..self }
    }
}

const INSTANT: Way = Way::of(MysqlAlgorithm::Instant);
const IN_PLACE: Way = Way::of(MysqlAlgorithm::InPlace);
const SHARED: Way = Way::of(MysqlAlgorithm::InPlaceShared);
const COPY: Way = Way::of(MysqlAlgorithm::Copy).rewriting();
const EXCLUSIVE: Way = Way::of(MysqlAlgorithm::Exclusive);
const REBUILD: Way = IN_PLACE.rewriting();

/// A server, as far as clauses differ by it.
#[derive(Clone, Copy)]
struct Server(ServerVersion);

impl Server {
    fn is_mariadb(self) -> bool {
        self.0.dialect == Dialect::Mariadb
    }

    fn at_least(self, mysql: (u32, u32, u32), mariadb: (u32, u32, u32)) -> bool {
        self.0.version >= if self.is_mariadb() { mariadb } else { mysql }
    }

    fn has_instant(self) -> bool {
        self.at_least((8, 0, 12), (10, 3, 0))
    }

    /// Only the dictionary changes: MariaDB calls that `INSTANT`, MySQL `INPLACE`.
    fn dictionary(self) -> Way {
        if self.is_mariadb() { INSTANT } else { IN_PLACE }
    }

    /// MySQL before 9.0 and MariaDB before 10.5 pass over `REFERENCES` at a column.
    fn honours_inline_references(self) -> bool {
        self.at_least((9, 0, 0), (10, 5, 0))
    }
}

/// What the server does for one change: what it does for the statement as a whole, which is carried out in one way.
pub(in super::super) fn effects(
    statement: &Statement,
    change: &Change,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Vec<Effect> {
    let Some(own) = clause(change, server, known) else {
        return others(change);
    };
    let mut found = Vec::new();
    let way = match combined_way(statement, server, known) {
        Some((table, way)) if table == own.0 => way,
        _ => own.1,
    };
    found.push(effect(own.0, way));
    found.extend(parents(change, server));
    found
}

/// What a clause would do by itself, whatever else its statement asks for: how a rule finds the clause that is to blame.
pub fn alone(change: &Change, server: ServerVersion, known: &dyn Fn(&TableName) -> Known) -> Option<Effect> {
    clause(change, server, known).map(|(table, way)| effect(table, way))
}

/// What a whole `ALTER TABLE` or an index statement does to its table.
pub fn combined(
    statement: &Statement,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Option<Effect> {
    combined_way(statement, server, known).map(|(table, way)| effect(table, way))
}

/// The gentlest way that the server would take for it, whatever the statement names.
pub fn gentlest(
    statement: &Statement,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Option<Effect> {
    let plain = Statement { algorithm: None, lock: None, ..statement.clone() };
    combined(&plain, server, known)
}

fn effect(table: TableName, way: Way) -> Effect {
    Effect { table, lock: TableLock::Mysql(way.algorithm), rewrites: way.rewrites, scans: way.scans }
}

fn combined_way(
    statement: &Statement,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Option<(TableName, Way)> {
    let own = Server(server);
    let mut found: Option<(TableName, Way)> = None;
    let drops_key = statement.changes.iter().any(|change| drops_primary_key(&change.kind));
    let adds_key = statement.changes.iter().any(|change| adds_primary_key(&change.kind));
    for change in &statement.changes {
        let Some((table, mut way)) = clause(change, server, known) else { continue };
        if drops_key && adds_key && (drops_primary_key(&change.kind) || adds_primary_key(&change.kind)) {
            way = REBUILD;
        }
        found = Some(match found {
            None => (table, way),
            Some((first, before)) => (first, together(before, way)),
        });
    }
    let (table, mut way) = found?;
    let others_build = way.scans || !own.is_mariadb();
    if way.moves_columns && way.algorithm != MysqlAlgorithm::Instant && others_build {
        way = way.rewriting();
    }
    Some((table, asked(statement, way, own)))
}

fn together(one: Way, other: Way) -> Way {
    Way {
        algorithm: one.algorithm.max(other.algorithm),
        rewrites: one.rewrites || other.rewrites,
        scans: one.scans || other.scans,
        moves_columns: one.moves_columns || other.moves_columns,
    }
}

/// What becomes of it when the statement names its `ALGORITHM` and `LOCK`: never anything gentler.
fn asked(statement: &Statement, mut way: Way, server: Server) -> Way {
    match statement.algorithm.as_deref() {
        Some("COPY") => {
            let copy = copying(server);
            way = Way { algorithm: way.algorithm.max(copy), ..way }.rewriting();
        }
        Some("INPLACE" | "NOCOPY") if way.algorithm == MysqlAlgorithm::Instant => {
            way.algorithm = MysqlAlgorithm::InPlace;
            // MySQL rebuilds in place what it could do instantly.
            if way.moves_columns && !server.is_mariadb() {
                way = way.rewriting();
            }
        }
        _ => {}
    }
    way.algorithm = match statement.lock.as_deref() {
        Some("EXCLUSIVE") => MysqlAlgorithm::Exclusive,
        Some("SHARED") => match way.algorithm {
            MysqlAlgorithm::Instant | MysqlAlgorithm::InPlace => MysqlAlgorithm::InPlaceShared,
            MysqlAlgorithm::CopyOnline => MysqlAlgorithm::Copy,
            other => other,
        },
        _ => way.algorithm,
    };
    way
}

/// How a table is copied. MariaDB 11.2 and later do it while others write ("Online Schema Change").
fn copying(server: Server) -> MysqlAlgorithm {
    if server.is_mariadb() && server.0.version >= (11, 2, 0) {
        MysqlAlgorithm::CopyOnline
    } else {
        MysqlAlgorithm::Copy
    }
}

/// The table of a clause, and how it is carried out by itself.
fn clause(
    change: &Change,
    server: ServerVersion,
    known: &dyn Fn(&TableName) -> Known,
) -> Option<(TableName, Way)> {
    let server = Server(server);
    let table = match &change.kind {
        ChangeKind::CreateIndex { index, .. } => index.table.clone(),
        ChangeKind::DropIndex { table, .. }
        | ChangeKind::RenameIndex { table, .. }
        | ChangeKind::AlterIndex { table, .. }
        | ChangeKind::RewriteTable { table, .. } => table.clone()?,
        other => other.altered_table()?.clone(),
    };
    let facts = known(&table);
    let mut way = clause_way(&change.kind, server, &facts)?;
    let is_innodb = facts.engine.as_deref().is_none_or(|engine| engine.eq_ignore_ascii_case("innodb"));
    if !is_innodb
        && (way.moves_columns
            || !matches!(way.algorithm, MysqlAlgorithm::Instant | MysqlAlgorithm::Exclusive))
        && !is_dictionary(&change.kind)
    {
        way = COPY;
    }
    if way.algorithm == MysqlAlgorithm::Instant && !server.has_instant() {
        way = if way.moves_columns { REBUILD } else { IN_PLACE };
    }
    if way.moves_columns
        && way.algorithm == MysqlAlgorithm::Instant
        && facts.row_format.as_deref().is_some_and(|format| format.eq_ignore_ascii_case("compressed"))
    {
        way = REBUILD;
    }
    // A full-text index keeps a hidden column, and a table with one is rebuilt under a lock.
    if facts.has_fulltext && (way.moves_columns || way.rewrites) && way.algorithm < MysqlAlgorithm::Copy {
        way = if server.is_mariadb() { SHARED.rewriting() } else { COPY };
    }
    if way.algorithm == MysqlAlgorithm::Copy && copies_online(&change.kind) {
        way.algorithm = copying(server);
    }
    Some((table, way))
}

/// MariaDB, "Online Schema Change": not for foreign keys, `ORDER BY`, versioning, partitions and a column that becomes
/// `AUTO_INCREMENT`.
fn copies_online(kind: &ChangeKind) -> bool {
    match kind {
        ChangeKind::AddConstraint { constraint, .. } => constraint.kind != ConstraintKind::ForeignKey,
        ChangeKind::AddColumn { column, .. } => !has(column, ConstraintKind::ForeignKey),
        ChangeKind::RedefineColumn { column, .. } => !column.auto_increment,
        ChangeKind::OtherTableChange { .. }
        | ChangeKind::Repartition { .. }
        | ChangeKind::RewriteTable { .. } => false,
        _ => true,
    }
}

fn is_dictionary(kind: &ChangeKind) -> bool {
    matches!(
        kind,
        ChangeKind::RenameTable { .. }
            | ChangeKind::RenameColumn { .. }
            | ChangeKind::SetDefault { .. }
            | ChangeKind::DropDefault { .. }
            | ChangeKind::TableOptions { .. }
    )
}

fn clause_way(kind: &ChangeKind, server: Server, facts: &Known) -> Option<Way> {
    Some(match kind {
        ChangeKind::AddColumn { column, positioned, .. } => add_column(column, *positioned, server, facts),
        ChangeKind::DropColumn { column, .. } => drop_column(column, server, facts),
        ChangeKind::RenameColumn { .. } => {
            if server.at_least((8, 0, 28), (10, 3, 0)) {
                INSTANT
            } else {
                IN_PLACE
            }
        }
        ChangeKind::RedefineColumn { old_name, column, positioned, .. } => {
            redefine(old_name, column, *positioned, server, facts)
        }
        ChangeKind::SetDefault { .. }
        | ChangeKind::DropDefault { .. }
        | ChangeKind::SetColumnOption { .. } => INSTANT,
        ChangeKind::CreateIndex { index, .. } => create_index(index, facts),
        ChangeKind::DropIndex { .. } => IN_PLACE,
        ChangeKind::RenameIndex { .. } | ChangeKind::AlterIndex { .. } => server.dictionary(),
        ChangeKind::AddConstraint { constraint, .. } => add_constraint(constraint),
        ChangeKind::DropConstraint { kind, .. } => match kind {
            Some(ConstraintKind::PrimaryKey) => COPY,
            Some(ConstraintKind::Check) => INSTANT,
            Some(ConstraintKind::ForeignKey) => server.dictionary(),
            // Of which kind it is, is not said.
            _ => server.dictionary(),
        },
        // Rows are checked by copying them.
        ChangeKind::ValidateConstraint { .. } => COPY,
        ChangeKind::AlterConstraint { .. } | ChangeKind::RenameTable { .. } => INSTANT,
        ChangeKind::ConvertCharacterSet { .. } => COPY,
        ChangeKind::TableOptions { options, .. } => options
            .iter()
            .map(|(name, value)| option(name, value, server))
            .reduce(together)
            .unwrap_or(server.dictionary()),
        ChangeKind::RewriteTable { command, .. } => match command.as_str() {
            "FORCE" | "ENGINE=INNODB" | "OPTIMIZE TABLE" => REBUILD,
            _ => COPY,
        },
        ChangeKind::OtherTableChange { clause, .. } => match clause.as_str() {
            "ENABLE KEYS" | "DISABLE KEYS" => INSTANT,
            "DISCARD TABLESPACE" | "IMPORT TABLESPACE" => EXCLUSIVE,
            "DROP SYSTEM VERSIONING" => SHARED.rewriting(),
            _ => COPY,
        },
        ChangeKind::Repartition { verb, .. } => repartition(verb),
        _ => return None,
    })
}

fn has(column: &Column, kind: ConstraintKind) -> bool {
    column.constraints.iter().any(|constraint| constraint.kind == kind)
}

fn add_column(column: &Column, positioned: bool, server: Server, facts: &Known) -> Way {
    let checked = column.constraints.iter().any(|one| one.kind == ConstraintKind::Check && !one.not_enforced);
    let refers = has(column, ConstraintKind::ForeignKey) && server.honours_inline_references();
    if column.generated_stored
        || refers
        || checked && !server.is_mariadb()
        || computed_default(column, server)
    {
        return COPY;
    }
    if column.auto_increment {
        return SHARED.rewriting();
    }
    if has(column, ConstraintKind::Unique) || has(column, ConstraintKind::PrimaryKey) {
        return REBUILD;
    }
    if column.generated_virtual {
        return INSTANT;
    }
    if positioned && !server.at_least((8, 0, 29), (10, 4, 0)) {
        return REBUILD;
    }
    // MariaDB moves no stored column past virtual ones.
    if positioned && server.is_mariadb() && has_generated(facts) {
        return COPY;
    }
    INSTANT.moving()
}

fn has_generated(facts: &Known) -> bool {
    facts.columns.iter().flatten().any(|column| column.generated)
}

/// Whether each row may get a value of its own. MySQL copies for any expression but the present moment; MariaDB evaluates once
/// what does not depend on the row.
fn computed_default(column: &Column, server: Server) -> bool {
    let Some(default) = column.default.as_ref().filter(|default| !default.is_constant && !is_now(default))
    else {
        return false;
    };
    if !server.is_mariadb() {
        return true;
    }
    const ONCE: [&str; 12] =
        ["concat", "upper", "lower", "rand", "abs", "round", "cast", "char", "repeat", "pi", "date", "now"];
    let bare: String = default.text.split('\'').step_by(2).collect::<Vec<_>>().join(" ");
    bare.split(|character: char| !(character.is_alphanumeric() || character == '_'))
        .filter(|word| word.starts_with(|first: char| first.is_alphabetic() || first == '_'))
        .any(|word| !ONCE.iter().any(|known| known.eq_ignore_ascii_case(word)))
}

fn drop_column(column: &str, server: Server, facts: &Known) -> Way {
    let known = find(facts, column);
    if known.is_some_and(|known| known.indexed) {
        return if server.is_mariadb() { IN_PLACE.moving() } else { REBUILD };
    }
    if server.at_least((8, 0, 29), (10, 4, 0)) { INSTANT.moving() } else { REBUILD }
}

fn find<'a>(facts: &'a Known, name: &str) -> Option<&'a KnownColumn> {
    facts.columns.iter().flatten().find(|column| column.name.eq_ignore_ascii_case(name))
}

fn redefine(old_name: &str, column: &Column, positioned: bool, server: Server, facts: &Known) -> Way {
    // What it was like is not known: most often the type changes, and the table is copied.
    let Some(old) = find(facts, old_name) else { return COPY };
    let checked = column.constraints.iter().any(|one| one.kind == ConstraintKind::Check && !one.not_enforced);
    if column.auto_increment && !old.auto_increment
        || checked && !server.is_mariadb()
        || column.generated_stored
        || old.generated && !column.generated_virtual
        || column.generated_virtual && !server.is_mariadb()
    {
        return COPY;
    }
    let mut way = type_way(old, column, server);
    if column.not_null != old.not_null && !old.is_key {
        way = together(way, REBUILD);
    }
    if positioned {
        way = together(
            way,
            if server.is_mariadb() && server.0.version >= (10, 4, 0) { INSTANT.moving() } else { REBUILD },
        );
    }
    if has(column, ConstraintKind::Unique) {
        way = together(way, IN_PLACE.scanning());
    }
    way
}

fn type_way(old: &KnownColumn, column: &Column, server: Server) -> Way {
    let (was, is) = (MysqlType::of(&old.data_type), MysqlType::of(&column.data_type));
    let old_set = old.character_set.as_deref();
    let new_set = column.collation.as_deref().or(old_set);
    let change = type_change(&was, &is, old_set, new_set);
    let size = match change {
        TypeChange::Same | TypeChange::Appended => INSTANT,
        TypeChange::Longer => server.dictionary(),
        TypeChange::LongerThanByte if server.is_mariadb() && server.0.version >= (10, 4, 0) => INSTANT,
        _ => return COPY,
    };
    if !is.is_text() || is.has_members() {
        return size;
    }
    let set_of = |name: &str| match name.split('_').next().unwrap_or(name) {
        "utf8" => "utf8mb3".to_owned(),
        other => other.to_owned(),
    };
    let (Some(from), Some(to)) = (old_set.map(set_of), new_set.map(set_of)) else { return size };
    let names_collation = column.collation.as_deref().is_some_and(|name| name.contains('_'));
    let same_collation = old.collation.as_deref() == column.collation.as_deref();
    if from == to {
        if !names_collation || same_collation {
            return size;
        }
        // An index on it is built anew.
        return match (old.indexed, server.is_mariadb()) {
            (false, _) => together(size, server.dictionary()),
            (true, true) => together(size, IN_PLACE.scanning()),
            (true, false) => COPY,
        };
    }
    if from == "utf8mb3" && to == "utf8mb4" && !is.name.ends_with("text") && was.name == "varchar" {
        let crosses = was.length().is_some_and(|length| length * 3 <= 255)
            && is.length().is_some_and(|length| length * 4 > 255);
        return match (server.is_mariadb(), old.indexed || crosses) {
            (true, _) => together(size, INSTANT),
            (false, false) => together(size, IN_PLACE),
            (false, true) => COPY,
        };
    }
    COPY
}

fn create_index(index: &Index, facts: &Known) -> Way {
    match index.method.as_deref() {
        // The first one adds a hidden column, unless the table has its FTS_DOC_ID.
        Some("fulltext") if facts.has_fulltext || find(facts, "FTS_DOC_ID").is_some() => SHARED.scanning(),
        Some("fulltext") => SHARED.rewriting(),
        Some("spatial") => SHARED.scanning(),
        Some("vector") => COPY,
        _ if index.columns.iter().any(|column| column.is_expression) => SHARED.scanning(),
        // The first unique index without NULL becomes the order of the rows.
        _ if index.unique && facts.has_primary_key == Some(false) && all_not_null(index, facts) => REBUILD,
        _ => IN_PLACE.scanning(),
    }
}

fn all_not_null(index: &Index, facts: &Known) -> bool {
    index.columns.iter().all(|column| find(facts, &column.text).is_some_and(|known| known.not_null))
}

fn add_constraint(constraint: &Constraint) -> Way {
    match constraint.kind {
        ConstraintKind::PrimaryKey => REBUILD,
        ConstraintKind::Check if constraint.not_enforced => INSTANT,
        ConstraintKind::Unique => IN_PLACE.scanning(),
        // With foreign_key_checks off it is done in place, and no row is checked.
        _ => COPY,
    }
}

fn option(name: &str, value: &str, server: Server) -> Way {
    let plain = value.trim_matches(['\'', '"']);
    match name {
        "ROW_FORMAT" | "KEY_BLOCK_SIZE" | "PAGE_COMPRESSED" | "PAGE_COMPRESSION_LEVEL" => REBUILD,
        "TABLESPACE" => COPY,
        "ENCRYPTION" if plain.eq_ignore_ascii_case("Y") => COPY,
        "ENCRYPTED" | "ENCRYPTION_KEY_ID" => REBUILD,
        _ => server.dictionary(),
    }
}

fn repartition(verb: &str) -> Way {
    match verb {
        "ADD PARTITION" | "DROP PARTITION" => IN_PLACE,
        "TRUNCATE PARTITION" | "EXCHANGE PARTITION" | "CONVERT" => EXCLUSIVE,
        "ADD HASH PARTITION" | "COALESCE PARTITION" | "REORGANIZE PARTITION" | "REBUILD PARTITION" => {
            SHARED.rewriting()
        }
        "ANALYZE PARTITION" | "CHECK PARTITION" | "REPAIR PARTITION" => INSTANT,
        _ => COPY,
    }
}

fn drops_primary_key(kind: &ChangeKind) -> bool {
    matches!(kind, ChangeKind::DropConstraint { kind: Some(ConstraintKind::PrimaryKey), .. })
}

fn adds_primary_key(kind: &ChangeKind) -> bool {
    match kind {
        ChangeKind::AddConstraint { constraint, .. } => constraint.kind == ConstraintKind::PrimaryKey,
        ChangeKind::AddColumn { column, .. } => has(column, ConstraintKind::PrimaryKey),
        _ => false,
    }
}

/// A new foreign key waits for everybody who uses the parent on MySQL, for those who write to it on MariaDB.
fn parents(change: &Change, server: ServerVersion) -> Vec<Effect> {
    let constraints: Vec<&Constraint> = match &change.kind {
        ChangeKind::AddConstraint { constraint, .. } => vec![constraint],
        ChangeKind::AddColumn { column, .. } if Server(server).honours_inline_references() => {
            column.constraints.iter().collect()
        }
        _ => Vec::new(),
    };
    let referred = constraints.into_iter().filter_map(|constraint| constraint.references.as_ref());
    let way = if Server(server).is_mariadb() { SHARED } else { EXCLUSIVE };
    referred.map(|references| effect(references.table.clone(), way)).collect()
}

/// Statements that are no `ALTER TABLE`.
fn others(change: &Change) -> Vec<Effect> {
    match &change.kind {
        ChangeKind::DropTable { tables, .. } | ChangeKind::Truncate { tables, .. } => {
            tables.iter().map(|table| effect(table.clone(), EXCLUSIVE)).collect()
        }
        ChangeKind::LockTable { tables, mode } => {
            let way = if mode == "WRITE" { EXCLUSIVE } else { SHARED };
            tables.iter().map(|table| effect(table.clone(), way)).collect()
        }
        ChangeKind::CreateTrigger { table, .. } => vec![effect(table.clone(), INSTANT)],
        ChangeKind::Rows(rows) => {
            use super::super::RowChange as R;
            let (table, scans) = match rows {
                R::Update { table, filtered, .. } | R::Delete { table, filtered, .. } => (table, !filtered),
                R::Insert { table, .. } | R::Merge { table } | R::Load { table } => (table, false),
            };
            vec![Effect { table: table.clone(), lock: TableLock::None, rewrites: false, scans }]
        }
        _ => Vec::new(),
    }
}
