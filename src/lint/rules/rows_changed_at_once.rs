use dunlin_compat::model::Dialect;

use crate::ddl::{ChangeKind, RowChange, TableName};
use crate::lint::{Check, Example, Fix, Group, Hit, Rule, Severity, Site, TableFacts};

pub const RULE: Rule = Rule {
    id: "rows-changed-at-once",
    title: "Rows of a table are changed in one transaction",
    dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "One `UPDATE` or `DELETE` over many rows keeps them all locked until it commits, bloats the table, and lets replicas fall behind; if it is interrupted, everything was for nothing.\n\nChange rows in batches, each a transaction of its own: `-- migrate:batch table=orders key=id size=10000` over a statement with `BETWEEN :from AND :to`. Runs resume where they stopped.",
    examples: &[Example {
        dialects: &[Dialect::Postgres, Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, status varchar(20)); INSERT INTO orders VALUES (1, 'new')",
        flagged: "UPDATE orders SET status = 'pending'",
        flagged_does: ("", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let (table, verb, limited) = match &change.kind {
            ChangeKind::Rows(RowChange::Update { table, limited, .. }) => (table, "updated", *limited),
            ChangeKind::Rows(RowChange::Delete { table, filtered: true, limited }) => {
                (table, "deleted", *limited)
            }
            _ => continue,
        };
        if site.is_new(table) || limited || site.statement.is_batched || site.names_one_row(table) {
            continue;
        }
        let message = format!("rows of {table} are {verb} in one transaction, and stay locked until it ends");
        let key = site.table(table).as_ref().and_then(whole_key);
        let advice = format!(
            "Change them in batches: `-- migrate:batch table={table} key={0}` with `WHERE {0} BETWEEN :from AND :to`.",
            key.as_deref().unwrap_or("id")
        );
        // A down has no batches.
        let fix = key.filter(|_| !site.is_down()).and_then(|key| batches(site, table, &key));
        hits.push(Hit::at(change, message, advice).on(table).fix(fix));
    }
}

/// The column of a key that no row lacks: SQLite lets most be NULL.
fn whole_key(facts: &TableFacts) -> Option<String> {
    let [key] = facts.primary_key.as_slice() else { return None };
    let column = facts.known.columns.as_ref()?.iter().find(|column| column.name == *key)?;
    (column.not_null || column.data_type.eq_ignore_ascii_case("integer")).then(|| key.clone())
}

/// The statement for a range of keys.
fn batches(site: &Site<'_>, table: &TableName, key: &str) -> Option<Fix> {
    // The condition goes before what may follow it, and around what is there.
    let text = site.statement.text.trim_end();
    let words = crate::sql::words(text, site.dialect());
    let mut hindering = vec!["RETURNING", "ORDER", "JOIN", "USING", "WITH"];
    if words.first().is_some_and(|first| first == "UPDATE") {
        hindering.push("FROM");
    }
    let conditions = words.iter().filter(|word| *word == "WHERE").count();
    if conditions > 1 || words.iter().any(|word| hindering.contains(&word.as_str())) {
        return None;
    }
    let range = format!("{key} BETWEEN :from AND :to");
    let statement = match site.find_word("WHERE") {
        Some(place) => {
            let (before, condition) = (text.get(..place)?, text.get(place + "WHERE".len()..)?);
            format!("{before}WHERE {range} AND ({})", condition.trim())
        }
        None => format!("{text} WHERE {range}"),
    };
    let group = Group {
        transaction: true,
        batch: Some((table.to_string(), key.to_owned())),
        statements: vec![statement],
    };
    Some(Fix { title: "change the rows in batches".to_owned(), groups: vec![group] })
}
