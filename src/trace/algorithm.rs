//! How gently MySQL and MariaDB carry a change of a table out. They end the transaction with it, so no lock is left to look at;
//! but they refuse an `ALGORITHM` and a `LOCK` that they cannot keep to, and by themselves take the gentlest that they can.

use dunlin_compat::model::Dialect;

use super::TableLock;
use crate::db::{Connection, DbError, Outcome};
use crate::ddl::{self, MysqlAlgorithm};
use crate::sql::{self, Piece, PieceKind};

/// ER_ALTER_OPERATION_NOT_SUPPORTED and ER_ALTER_OPERATION_NOT_SUPPORTED_REASON.
const NOT_SUPPORTED: [i32; 2] = [1845, 1846];

/// Gentlest first. `ALGORITHM=INSTANT` takes no `LOCK` on MySQL.
const ATTEMPTS: [(MysqlAlgorithm, &str, Option<&str>); 6] = [
    (MysqlAlgorithm::Instant, "INSTANT", None),
    (MysqlAlgorithm::InPlace, "INPLACE", Some("NONE")),
    (MysqlAlgorithm::InPlaceShared, "INPLACE", Some("SHARED")),
    (MysqlAlgorithm::CopyOnline, "COPY", Some("NONE")),
    (MysqlAlgorithm::Copy, "COPY", Some("SHARED")),
    (MysqlAlgorithm::Exclusive, "COPY", Some("EXCLUSIVE")),
];

const BEFORE_THE_SUBJECT: [&str; 9] =
    ["OR", "REPLACE", "UNIQUE", "FULLTEXT", "SPATIAL", "VECTOR", "ONLINE", "OFFLINE", "IGNORE"];

/// Sends a change of a table with the gentlest algorithm and lock that the server supports, which does what it would do by itself.
/// `None`: it is no such change, or it fails otherwise; then it is to be sent as it is.
pub(super) fn gently(connection: &mut dyn Connection, sql: &str) -> Option<(Outcome, TableLock)> {
    let dialect = connection.server().dialect;
    if !matches!(dialect, Dialect::Mysql | Dialect::Mariadb) {
        return None;
    }
    let change = Change::read(sql, dialect)?;
    for (algorithm, word, lock) in ATTEMPTS {
        let Some(attempt) = change.with(word, lock) else { continue };
        match connection.execute(&attempt) {
            Ok(outcome) => {
                let mode = ddl::TableLock::Mysql(algorithm).to_string();
                return Some((outcome, TableLock { table: change.table, mode }));
            }
            Err(error) if is_not_supported(&error) => {}
            Err(_) => return None,
        }
    }
    None
}

fn is_not_supported(error: &DbError) -> bool {
    error.code.is_some_and(|code| NOT_SUPPORTED.contains(&code))
}

/// A statement that takes `ALGORITHM` and `LOCK`.
struct Change<'a> {
    sql: &'a str,
    table: String,
    /// Where they are written, in bytes; `None`: at the end, without commas.
    place: Option<usize>,
    algorithm: Option<String>,
    lock: Option<String>,
}

impl<'a> Change<'a> {
    fn read(sql: &'a str, dialect: Dialect) -> Option<Change<'a>> {
        let pieces: Vec<Piece<'_>> =
            sql::pieces(sql, dialect).into_iter().filter(|piece| piece.kind != PieceKind::Comment).collect();
        let first = pieces.first()?;
        let is_alter = first.is("ALTER");
        if !is_alter && !first.is("CREATE") && !first.is("DROP") {
            return None;
        }
        let between = |piece: &&Piece<'_>| BEFORE_THE_SUBJECT.iter().any(|word| piece.is(word));
        let subject = 1 + pieces.iter().skip(1).take_while(between).count();
        if !pieces.get(subject)?.is(if is_alter { "TABLE" } else { "INDEX" }) {
            return None;
        }
        let mut at = if is_alter { subject } else { pieces.iter().position(|piece| piece.is("ON"))? } + 1;
        while pieces.get(at).is_some_and(|piece| piece.is("IF") || piece.is("EXISTS")) {
            at += 1;
        }
        let mut name = pieces.get(at)?;
        while pieces.get(at + 1).is_some_and(|piece| piece.text == ".") {
            at += 2;
            name = pieces.get(at)?;
        }
        let is_online = pieces.iter().take(subject).any(|piece| piece.is("ONLINE"));
        let own = |word| own_option(&pieces, word);
        Some(Change {
            sql,
            table: name.name()?,
            place: is_alter.then_some(name.start + name.text.len()),
            algorithm: own("ALGORITHM"),
            lock: own("LOCK").or_else(|| is_online.then(|| "NONE".to_owned())),
        })
    }

    /// The statement with these; `None` when what it says itself is something else.
    fn with(&self, algorithm: &str, lock: Option<&str>) -> Option<String> {
        let agrees = |own: &Option<String>, word: &str| {
            own.as_ref().is_none_or(|own| own == word || (own == "NOCOPY" && word == "INPLACE"))
        };
        if !agrees(&self.algorithm, algorithm) || !lock.is_none_or(|lock| agrees(&self.lock, lock)) {
            return None;
        }
        let algorithm = self.algorithm.is_none().then(|| format!("ALGORITHM={algorithm}"));
        let lock = lock.filter(|_| self.lock.is_none()).map(|lock| format!("LOCK={lock}"));
        let options: Vec<String> = algorithm.into_iter().chain(lock).collect();
        Some(match self.place.and_then(|place| self.sql.split_at_checked(place)) {
            _ if options.is_empty() => self.sql.to_owned(),
            Some((before, after)) => format!("{before} {},{after}", options.join(", ")),
            None => format!("{}\n{}", self.sql, options.join(" ")),
        })
    }
}

/// The value of `ALGORITHM [=] x` or `LOCK [=] x`, in capitals. `DEFAULT` says nothing; the server takes the last.
fn own_option(pieces: &[Piece<'_>], word: &str) -> Option<String> {
    let at = pieces.iter().rposition(|piece| piece.is(word))?;
    let mut after = pieces.get(at + 1..)?.iter().filter(|piece| piece.text != "=");
    let value = after.next()?.name()?.to_ascii_uppercase();
    let known = ["INSTANT", "NOCOPY", "INPLACE", "COPY", "NONE", "SHARED", "EXCLUSIVE", "DEFAULT"];
    known.contains(&value.as_str()).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(sql: &str) -> Vec<String> {
        let change = Change::read(sql, Dialect::Mysql).unwrap();
        ATTEMPTS.iter().filter_map(|(_, word, lock)| change.with(word, *lock)).collect()
    }

    #[test]
    fn a_change_of_a_table_gets_them_after_the_name() {
        let all = attempts("ALTER TABLE `shop`.`or.ders` /* wide */ ADD note text");
        assert_eq!(all[0], "ALTER TABLE `shop`.`or.ders` ALGORITHM=INSTANT, /* wide */ ADD note text");
        assert_eq!(
            all[2],
            "ALTER TABLE `shop`.`or.ders` ALGORITHM=INPLACE, LOCK=SHARED, /* wide */ ADD note text"
        );
        assert_eq!(Change::read("alter table a.b drop c", Dialect::Mysql).unwrap().table, "b");
    }

    #[test]
    fn an_index_gets_them_at_the_end() {
        let all = attempts("CREATE UNIQUE INDEX a ON orders (note) -- of them");
        assert_eq!(all[1], "CREATE UNIQUE INDEX a ON orders (note) -- of them\nALGORITHM=INPLACE LOCK=NONE");
        assert_eq!(attempts("DROP INDEX a ON orders").len(), 6);
    }

    #[test]
    fn what_a_statement_says_itself_is_kept_to() {
        assert_eq!(
            attempts("ALTER TABLE t ADD a int, ALGORITHM = copy"),
            [
                "ALTER TABLE t LOCK=NONE, ADD a int, ALGORITHM = copy",
                "ALTER TABLE t LOCK=SHARED, ADD a int, ALGORITHM = copy",
                "ALTER TABLE t LOCK=EXCLUSIVE, ADD a int, ALGORITHM = copy"
            ]
        );
        assert_eq!(
            attempts("ALTER TABLE t ADD a int, ALGORITHM=INPLACE, LOCK=NONE"),
            ["ALTER TABLE t ADD a int, ALGORITHM=INPLACE, LOCK=NONE"]
        );
        assert!(attempts("ALTER TABLE t ADD a int, ALGORITHM=DEFAULT").is_empty());
    }

    #[test]
    fn other_statements_are_left_alone() {
        for sql in [
            "CREATE TABLE t (a int)",
            "DROP TABLE t",
            "ALTER DATABASE d CHARACTER SET utf8mb4",
            "CREATE TABLE t (INDEX (a))",
            "UPDATE t SET a = 1",
            "",
        ] {
            assert!(Change::read(sql, Dialect::Mysql).is_none(), "{sql}");
        }
    }
}
