//! What the planner says of a statement that changes rows. It is planned, and not run.

use dunlin_compat::model::{Dialect, Row};

use crate::db::Connection;

/// What the planner says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Explained {
    /// About so many rows, found so.
    Plan {
        /// Rows that it will touch, where the server says.
        rows: Option<u64>,
        /// How it finds them, in the server's words.
        way: String,
    },
    /// It cannot be planned now, mostly because what it names is not there yet.
    Unplanned(String),
}

impl Explained {
    /// Rows that it will touch, where the server says.
    pub fn rows(&self) -> Option<u64> {
        match self {
            Explained::Plan { rows, .. } => *rows,
            Explained::Unplanned(_) => None,
        }
    }
}

/// Asks for the plan of one statement.
pub fn explain(connection: &mut dyn Connection, statement: &str) -> Explained {
    let dialect = connection.server().dialect;
    let query = match dialect {
        Dialect::Postgres => format!("EXPLAIN (FORMAT JSON) {statement}"),
        Dialect::Mysql | Dialect::Mariadb => format!("EXPLAIN {statement}"),
        Dialect::Sqlite => format!("EXPLAIN QUERY PLAN {statement}"),
    };
    let outcome = match connection.execute(&query) {
        Ok(outcome) => outcome,
        Err(error) => return Explained::Unplanned(error.message),
    };
    let column =
        |name: &str| outcome.columns.iter().position(|column| column.name.eq_ignore_ascii_case(name));
    match dialect {
        Dialect::Postgres => {
            let text = outcome.rows.first().map(|row| text(row, 0)).unwrap_or_default();
            of_json(&text).unwrap_or_else(|| Explained::Plan { rows: None, way: String::new() })
        }
        Dialect::Mysql | Dialect::Mariadb => {
            let (rows, kind, key) = (column("rows"), column("type"), column("key"));
            let number = |row: &Row| rows.and_then(|index| text(row, index).parse::<u64>().ok());
            let way = |row: &Row| {
                let kind = kind.map(|index| text(row, index)).unwrap_or_default();
                match key.map(|index| text(row, index)).filter(|key| !key.is_empty()) {
                    Some(key) => format!("{kind} by {key}"),
                    None => kind,
                }
            };
            Explained::Plan {
                rows: outcome.rows.iter().filter_map(number).max(),
                way: outcome.rows.iter().map(way).collect::<Vec<String>>().join(", "),
            }
        }
        Dialect::Sqlite => Explained::Plan {
            rows: None,
            way: outcome.rows.iter().map(|row| text(row, 3)).collect::<Vec<String>>().join(", "),
        },
    }
}

/// The node under the one that changes the table: how many rows it gives, and how.
fn of_json(text: &str) -> Option<Explained> {
    let plan: serde_json::Value = serde_json::from_str(text).ok()?;
    let mut node = plan.get(0)?.get("Plan")?;
    if node.get("Node Type")?.as_str()? == "ModifyTable" {
        node = node.get("Plans")?.get(0)?;
    }
    let rows = node.get("Plan Rows")?.as_u64();
    let kind = node.get("Node Type")?.as_str()?;
    let index = node.get("Index Name").and_then(serde_json::Value::as_str);
    let way = index.map_or_else(|| kind.to_owned(), |index| format!("{kind} by {index}"));
    Some(Explained::Plan { rows, way })
}

fn text(row: &Row, index: usize) -> String {
    row.get(index).cloned().flatten().unwrap_or_default()
}
