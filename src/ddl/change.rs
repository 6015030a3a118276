//! What one statement changes, in words that all dialects share.

use std::ops::Range;

use super::definition::{Column, ColumnDefault, Constraint, ConstraintKind, Index, TableName};

/// A statement, read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statement {
    /// What it changes, in its order; an `ALTER TABLE` may change much at once.
    pub changes: Vec<Change>,
    /// MySQL and MariaDB: `ALGORITHM = …`, in upper case.
    pub algorithm: Option<String>,
    /// MySQL and MariaDB: `LOCK = …`, in upper case.
    pub lock: Option<String>,
    /// What of it the parser does not understand, in bytes; empty when it understands all.
    pub unread: Vec<Range<usize>>,
}

/// One change with the part of the statement that asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What changes.
    pub kind: ChangeKind,
    /// The bytes of the statement's text that say so.
    pub span: Range<usize>,
}

/// What changes. Names of columns, constraints and indexes are unquoted and folded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[allow(missing_docs, reason = "named as SQL names them")]
pub enum ChangeKind {
    // Tables.
    CreateTable {
        table: TableName,
        columns: Vec<Column>,
        constraints: Vec<Constraint>,
        indexes: Vec<Index>,
        temporary: bool,
        unlogged: bool,
        if_not_exists: bool,
        /// `AS SELECT …`
        from_query: bool,
        /// PostgreSQL: `PARTITION OF`
        partition_of: Option<TableName>,
        /// MySQL: `ENGINE=…` and the like, upper-case names with values as written.
        options: Vec<(String, String)>,
    },
    DropTable {
        tables: Vec<TableName>,
        if_exists: bool,
        cascade: bool,
    },
    RenameTable {
        table: TableName,
        to: TableName,
    },
    /// PostgreSQL: `ALTER TABLE … SET SCHEMA`
    SetSchema {
        table: TableName,
        schema: String,
    },
    Truncate {
        tables: Vec<TableName>,
        cascade: bool,
    },
    // Columns.
    AddColumn {
        table: TableName,
        column: Box<Column>,
        if_not_exists: bool,
        /** MySQL: `FIRST`, `AFTER x` */
        positioned: bool,
    },
    DropColumn {
        table: TableName,
        column: String,
        if_exists: bool,
        cascade: bool,
    },
    RenameColumn {
        table: TableName,
        column: String,
        to: String,
    },
    /// MySQL: `MODIFY` and `CHANGE`, which say the whole column anew; `column.name` is its new name.
    RedefineColumn {
        table: TableName,
        old_name: String,
        column: Box<Column>,
        positioned: bool,
    },
    SetColumnType {
        table: TableName,
        column: String,
        data_type: String,
        using: Option<String>,
    },
    SetDefault {
        table: TableName,
        column: String,
        default: ColumnDefault,
    },
    DropDefault {
        table: TableName,
        column: String,
    },
    SetNotNull {
        table: TableName,
        column: String,
    },
    DropNotNull {
        table: TableName,
        column: String,
    },
    /// PostgreSQL: `ADD GENERATED … AS IDENTITY`, `SET GENERATED`, `DROP IDENTITY`, `DROP EXPRESSION`
    ChangeGenerated {
        table: TableName,
        column: String,
        adds: bool,
    },
    /// PostgreSQL: `SET STATISTICS`, `SET STORAGE`, `SET COMPRESSION`, column options
    SetColumnOption {
        table: TableName,
        column: String,
    },
    // Constraints.
    AddConstraint {
        table: TableName,
        constraint: Box<Constraint>,
        /** `IF NOT EXISTS`, MariaDB */
        if_not_exists: bool,
    },
    DropConstraint {
        table: TableName,
        name: Option<String>,
        kind: Option<ConstraintKind>,
        if_exists: bool,
        cascade: bool,
    },
    ValidateConstraint {
        table: TableName,
        name: String,
    },
    /// `ALTER CONSTRAINT`, MySQL's `ALTER CHECK`, renaming
    AlterConstraint {
        table: TableName,
        name: String,
    },
    // Indexes.
    CreateIndex {
        index: Box<Index>,
        if_not_exists: bool,
    },
    DropIndex {
        /** MySQL names it */
        table: Option<TableName>,
        names: Vec<TableName>,
        concurrently: bool,
        if_exists: bool,
        cascade: bool,
    },
    RenameIndex {
        table: Option<TableName>,
        name: String,
        to: String,
    },
    /// What is rebuilt: `INDEX`, `TABLE`, `SCHEMA`, `DATABASE`, `SYSTEM`
    Reindex {
        what: String,
        name: TableName,
        concurrently: bool,
    },
    /// MySQL's `VISIBLE`/`INVISIBLE`, MariaDB's `IGNORED`, PostgreSQL's `ALTER INDEX … SET`
    AlterIndex {
        table: Option<TableName>,
        name: String,
    },
    // Partitions.
    AttachPartition {
        table: TableName,
        partition: TableName,
    },
    DetachPartition {
        table: TableName,
        partition: TableName,
        concurrently: bool,
    },
    /// MySQL: `ADD`, `DROP`, `TRUNCATE`, `REORGANIZE`, `COALESCE`, `EXCHANGE` `PARTITION`, `PARTITION BY`, `REMOVE PARTITIONING`; the
    /// verb in upper case.
    Repartition {
        table: TableName,
        verb: String,
    },
    // Storage.
    SetLogged {
        table: TableName,
        logged: bool,
    },
    SetAccessMethod {
        table: TableName,
    },
    SetTablespace {
        table: TableName,
    },
    /// PostgreSQL: `SET (…)`, `RESET (…)`; MySQL: options of the table, upper-case names with values as written.
    TableOptions {
        table: TableName,
        options: Vec<(String, String)>,
    },
    /// MySQL: `CONVERT TO CHARACTER SET`
    ConvertCharacterSet {
        table: TableName,
        character_set: String,
    },
    /// `VACUUM FULL`, `CLUSTER`, `OPTIMIZE TABLE`, `ALTER TABLE … FORCE`, `ENGINE` named anew; the command in upper case.
    RewriteTable {
        table: Option<TableName>,
        command: String,
    },
    RowSecurity {
        table: TableName,
    },
    ReplicaIdentity {
        table: TableName,
    },
    EnableTrigger {
        table: TableName,
        enable: bool,
    },
    Inherit {
        table: TableName,
        parent: TableName,
        /** or no longer */
        inherits: bool,
    },
    SetOwner {
        table: TableName,
    },
    /// PostgreSQL: `CLUSTER ON`, `SET WITHOUT CLUSTER`, and others that change the catalog alone
    OtherTableChange {
        table: TableName,
        clause: String,
    },
    // Other objects.
    CreateView {
        view: TableName,
        or_replace: bool,
        materialized: bool,
    },
    DropView {
        views: Vec<TableName>,
        materialized: bool,
        if_exists: bool,
        cascade: bool,
    },
    RefreshMaterializedView {
        view: TableName,
        concurrently: bool,
    },
    CreateTrigger {
        table: TableName,
        name: String,
    },
    DropTrigger {
        table: Option<TableName>,
        name: String,
    },
    CreateRoutine {
        name: TableName,
        or_replace: bool,
    },
    DropRoutine {
        name: TableName,
    },
    CreateEnum {
        name: TableName,
        values: Vec<String>,
    },
    AddEnumValue {
        name: TableName,
        value: String,
        /** says `BEFORE` or `AFTER` */
        placed: bool,
        if_not_exists: bool,
    },
    RenameEnumValue {
        name: TableName,
        from: String,
        to: String,
    },
    CreateDomain {
        name: TableName,
        constrained: bool,
    },
    AddDomainConstraint {
        name: TableName,
        not_valid: bool,
    },
    DropType {
        names: Vec<TableName>,
        cascade: bool,
    },
    CreateSchema {
        name: String,
    },
    DropSchema {
        names: Vec<String>,
        cascade: bool,
    },
    RenameSchema {
        name: String,
        to: String,
    },
    DropDatabase {
        name: String,
    },
    CreateExtension {
        name: String,
    },
    DropExtension {
        name: String,
    },
    CreateSequence {
        name: TableName,
    },
    DropSequence {
        names: Vec<TableName>,
    },
    // Rows.
    Rows(RowChange),
    // Everything else that matters.
    /// `BEGIN`, `COMMIT`, `ROLLBACK`; not savepoints
    Transaction {
        /** `BEGIN`, `COMMIT` or `ROLLBACK` */
        verb: &'static str,
    },
    SetSetting {
        /** in lower case */
        name: String,
        value: String,
        local: bool,
    },
    LockTable {
        tables: Vec<TableName>,
        mode: String,
    },
    /// `DO`, `EXECUTE`, `CALL`: what it does cannot be read
    Opaque {
        /** in upper case */
        verb: String,
    },
    /// A query that changes nothing
    Query,
    /// Not understood, or of no matter; the first words in upper case
    Other {
        words: String,
    },
}

/// Rows that a statement changes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "named as SQL names them")]
pub enum RowChange {
    Insert {
        table: TableName,
        /** `INSERT … SELECT` */
        from_query: bool,
    },
    Update {
        table: TableName,
        filtered: bool,
        limited: bool,
    },
    Delete {
        table: TableName,
        filtered: bool,
        limited: bool,
    },
    Merge {
        table: TableName,
    },
    /// `COPY … FROM`, `LOAD DATA`
    Load {
        table: TableName,
    },
}

impl RowChange {
    /// The table whose rows it changes.
    pub fn table(&self) -> &TableName {
        match self {
            RowChange::Insert { table, .. }
            | RowChange::Update { table, .. }
            | RowChange::Delete { table, .. }
            | RowChange::Merge { table }
            | RowChange::Load { table } => table,
        }
    }
}

impl ChangeKind {
    /// The table whose schema it changes, where that was there before.
    pub fn altered_table(&self) -> Option<&TableName> {
        use ChangeKind as K;
        match self {
            K::AddColumn { table, .. }
            | K::DropColumn { table, .. }
            | K::RenameColumn { table, .. }
            | K::RedefineColumn { table, .. }
            | K::SetColumnType { table, .. }
            | K::SetDefault { table, .. }
            | K::DropDefault { table, .. }
            | K::SetNotNull { table, .. }
            | K::DropNotNull { table, .. }
            | K::ChangeGenerated { table, .. }
            | K::SetColumnOption { table, .. }
            | K::AddConstraint { table, .. }
            | K::DropConstraint { table, .. }
            | K::ValidateConstraint { table, .. }
            | K::AlterConstraint { table, .. }
            | K::AttachPartition { table, .. }
            | K::DetachPartition { table, .. }
            | K::Repartition { table, .. }
            | K::SetLogged { table, .. }
            | K::SetAccessMethod { table }
            | K::SetTablespace { table }
            | K::TableOptions { table, .. }
            | K::ConvertCharacterSet { table, .. }
            | K::RowSecurity { table }
            | K::ReplicaIdentity { table }
            | K::EnableTrigger { table, .. }
            | K::Inherit { table, .. }
            | K::SetOwner { table }
            | K::OtherTableChange { table, .. }
            | K::RenameTable { table, .. }
            | K::SetSchema { table, .. } => Some(table),
            _ => None,
        }
    }
}
