//! What a scratch database keeps migrations from: statements that would change more than it, because a server shares roles
//! among its databases, or because MySQL's statements can name another one.

use std::collections::BTreeSet;
use std::sync::Arc;

use dunlin_compat::model::Dialect;

use crate::db::{Connection, DbError, DbErrorKind, Watch};
use crate::sql::{Piece, PieceKind, pieces};

/// What is refused.
#[derive(Debug)]
pub(super) enum Fence {
    /// Nothing: the server was named for it.
    None,
    /// PostgreSQL: what all databases of the server share.
    Cluster,
    /// MySQL and MariaDB: names of other schemas, in lower case; what all share, unless the server was named for it.
    Schemas { own: String, others: BTreeSet<String>, cluster: bool },
    /// SQLite: other files.
    Attach,
}

/// Refuses what the fence says.
pub(super) struct Guard(pub(super) Arc<Fence>);

impl Watch for Guard {
    fn before(&mut self, connection: &mut dyn Connection, sql: &str) -> Result<(), DbError> {
        let dialect = connection.server().dialect;
        match self.0.reason(sql, dialect) {
            None => Ok(()),
            Some(reason) => {
                let mut error = DbError::new(
                    DbErrorKind::Statement,
                    format!("not run on the scratch database: {reason}"),
                );
                error.hint =
                    Some("Give the URL of a server on which nothing can be lost with --scratch.".to_owned());
                Err(error)
            }
        }
    }
}

impl Fence {
    /// Why a statement is refused.
    fn reason(&self, sql: &str, dialect: Dialect) -> Option<String> {
        match self {
            Fence::None => None,
            Fence::Cluster => shared_by_cluster(&words(sql, dialect, 64)),
            Fence::Attach => {
                let words = words(sql, dialect, 64);
                let into =
                    words.first().is_some_and(|word| word == "VACUUM") && words.contains(&"INTO".to_owned());
                (into || words.first().is_some_and(|word| word == "ATTACH"))
                    .then(|| "it opens another database file".to_owned())
            }
            Fence::Schemas { own, others, cluster } => {
                if let [first, second, ..] = pieces(sql, dialect).as_slice()
                    && first.is("USE")
                    && second.name().as_ref() == Some(own)
                {
                    return None;
                }
                if let Some(reason) = shared_by_server(&words(sql, dialect, 64), *cluster) {
                    return Some(reason);
                }
                named_schema(sql, dialect, others)
                    .map(|name| format!("it names the database {name}, on which it would act"))
            }
        }
    }
}

fn words(sql: &str, dialect: Dialect, most: usize) -> Vec<String> {
    let pieces = pieces(sql, dialect).into_iter().filter(|piece| piece.kind != PieceKind::Comment);
    pieces.take(most).map(|piece| piece.text.to_ascii_uppercase()).collect()
}

fn shared_by_cluster(words: &[String]) -> Option<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let what = match words.as_slice() {
        ["CREATE" | "ALTER" | "DROP", "ROLE" | "USER" | "GROUP", rest @ ..]
            if rest.first() != Some(&"MAPPING") =>
        {
            "roles"
        }
        ["CREATE" | "ALTER" | "DROP", "DATABASE" | "TABLESPACE", ..] => "databases and tablespaces",
        ["ALTER", "SYSTEM", ..] => "the configuration",
        ["COMMENT", "ON", "ROLE" | "DATABASE" | "TABLESPACE", ..] => "comments on roles and databases",
        ["REASSIGN" | "DROP", "OWNED", ..] => "what a role owns",
        // `GRANT admins TO ada`: no ON.
        ["GRANT" | "REVOKE", rest @ ..] if !rest.contains(&"ON") => "memberships of roles",
        _ => return None,
    };
    Some(format!("it changes {what}, which all databases of the server share"))
}

fn shared_by_server(words: &[String], cluster: bool) -> Option<String> {
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let what = match words.as_slice() {
        ["CREATE" | "ALTER" | "DROP", "DATABASE" | "SCHEMA", ..] => "other databases",
        ["USE", ..] => return Some("it goes to another database".to_owned()),
        _ if !cluster => return None,
        ["CREATE" | "ALTER" | "DROP" | "RENAME", "USER" | "ROLE", ..] => "users",
        ["CREATE", "OR", "REPLACE", "USER" | "ROLE", ..] => "users",
        ["SET", "PASSWORD", ..] => "users",
        ["GRANT" | "REVOKE", rest @ ..]
            if !rest.contains(&"ON") || rest.windows(4).any(|four| four == ["ON", "*", ".", "*"]) =>
        {
            "what users may do everywhere"
        }
        ["SET", "GLOBAL" | "PERSIST" | "PERSIST_ONLY", ..] => "the server's settings",
        ["SET", "@", "@", "GLOBAL", ..] => "the server's settings",
        ["FLUSH" | "RESET" | "PURGE" | "SHUTDOWN" | "INSTALL" | "UNINSTALL", ..] => "the server",
        _ => return None,
    };
    Some(format!("it changes {what}"))
}

/// The first of other schemas that a statement names before a dot.
fn named_schema(sql: &str, dialect: Dialect, others: &BTreeSet<String>) -> Option<String> {
    let pieces = pieces(sql, dialect);
    let pieces: Vec<&Piece<'_>> = pieces.iter().filter(|piece| piece.kind != PieceKind::Comment).collect();
    pieces.windows(2).find_map(|pair| {
        let [name, dot] = pair else { return None };
        let name = name.name().filter(|_| dot.text == ".")?;
        others.contains(&name.to_lowercase()).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_reaches_beyond_the_scratch_database_is_refused() {
        let (own, others) = ("scratch".to_owned(), ["shop".to_owned()].into());
        let mysql = Fence::Schemas { own, others, cluster: true };
        let cases: [(&Fence, Dialect, &str, bool); 21] = [
            (&Fence::Cluster, Dialect::Postgres, "CREATE ROLE app", true),
            (&Fence::Cluster, Dialect::Postgres, "/* a */ drop user app", true),
            (&Fence::Cluster, Dialect::Postgres, "CREATE USER MAPPING FOR app SERVER s", false),
            (&Fence::Cluster, Dialect::Postgres, "GRANT admins TO ada", true),
            (&Fence::Cluster, Dialect::Postgres, "GRANT SELECT ON orders TO ada", false),
            (&Fence::Cluster, Dialect::Postgres, "CREATE TABLE role (id int)", false),
            (&Fence::Cluster, Dialect::Postgres, "ALTER DATABASE shop SET work_mem = '1MB'", true),
            (&mysql, Dialect::Mysql, "CREATE TABLE shop.orders (id int)", true),
            (&mysql, Dialect::Mysql, "DELETE FROM `Shop` . `orders`", true),
            (&mysql, Dialect::Mysql, "CREATE TABLE shop (id int)", false),
            (&mysql, Dialect::Mysql, "SELECT 'shop.orders'", false),
            (&Fence::Cluster, Dialect::Postgres, "GRANT admins, clerks TO ada", true),
            (&mysql, Dialect::Mysql, "GRANT SELECT ON *.* TO ada", true),
            (&mysql, Dialect::Mysql, "GRANT SELECT ON orders TO ada", false),
            (&mysql, Dialect::Mysql, "GRANT clerk TO ada", true),
            (&mysql, Dialect::Mysql, "USE shop", true),
            (&mysql, Dialect::Mysql, "USE `scratch`", false),
            (&mysql, Dialect::Mysql, "SET GLOBAL max_connections = 1", true),
            (&mysql, Dialect::Mysql, "SET @@global.max_connections = 1", true),
            (&Fence::Attach, Dialect::Sqlite, "ATTACH DATABASE 'live.db' AS live", true),
            (&Fence::Attach, Dialect::Sqlite, "CREATE TABLE attach (id)", false),
        ];
        for (fence, dialect, sql, refused) in cases {
            assert_eq!(fence.reason(sql, dialect).is_some(), refused, "{sql}: {:?}", pieces(sql, dialect));
        }
    }
}
