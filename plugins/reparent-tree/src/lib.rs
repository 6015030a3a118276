//! A branch of a tree of rows moves to another parent: categories of a shop, units of a hospital. SQL alone can do it, but not
//! say in time that the branch would end up inside itself, or keep a column of paths in step for every row below.

use std::collections::HashMap;

use dunlin_plugin::{Database, Step, Value};

dunlin_plugin::step! {
    /// Moves a branch of a tree to another parent and rewrites the paths below it.
    pub struct ReparentTree {
        /// The table
        option table: Name = "categories";
        /// Its integer key
        option key: Name = "id";
        /// The column of the parent's key
        option parent: Name = "parent_id";
        /// The column of names
        option name: Name = "name";
        /// The column of paths, names divided by /
        option path: Name = "path";
        /// The key of the branch that moves
        option branch: i64;
        /// The key of its new parent
        option to: i64;
        /// The key of its former parent, where it goes on the way down
        option from: i64;
    }
}

/// A name of a table or column that needs no quotes.
pub struct Name(String);

impl std::str::FromStr for Name {
    type Err = ();

    fn from_str(text: &str) -> Result<Name, ()> {
        let fits = text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
        fits.then(|| Name(text.to_owned())).ok_or(())
    }
}

impl std::fmt::Display for Name {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Step for ReparentTree {
    const REVERSIBLE: bool = true;

    fn up(&self, database: &mut dyn Database) -> Result<(), String> {
        self.move_branch(database, self.from, self.to)
    }

    fn down(&self, database: &mut dyn Database) -> Result<(), String> {
        self.move_branch(database, self.to, self.from)
    }
}

struct Node {
    parent: Option<i64>,
    name: String,
    path: Option<String>,
}

impl ReparentTree {
    fn move_branch(&self, database: &mut dyn Database, from: i64, to: i64) -> Result<(), String> {
        let mut nodes = self.read(database)?;
        let branch = nodes.get(&self.branch).ok_or_else(|| format!("there is no row {}", self.branch))?;
        if branch.parent != Some(from) {
            return Err(format!("the row {} is not below {from}", self.branch));
        }
        if path_of(&nodes, to)?.contains(&self.branch) {
            return Err(format!("the row {} cannot go below {to}, which is in it", self.branch));
        }
        let (table, key, parent, path) = (&self.table, &self.key, &self.parent, &self.path);
        let marks = if database.server().dialect == "postgresql" { ["$1", "$2"] } else { ["?", "?"] };
        let changed = database.execute(
            &format!("UPDATE {table} SET {parent} = {} WHERE {key} = {}", marks[0], marks[1]),
            &[Value::Integer(to), Value::Integer(self.branch)],
        )?;
        if changed != 1 {
            return Err(format!("{changed} rows have the key {}", self.branch));
        }
        if let Some(branch) = nodes.get_mut(&self.branch) {
            branch.parent = Some(to);
        }
        let update = format!("UPDATE {table} SET {path} = {} WHERE {key} = {}", marks[0], marks[1]);
        let mut keys: Vec<i64> = nodes.keys().copied().collect();
        keys.sort_unstable();
        for id in keys {
            let way = path_of(&nodes, id)?;
            if !way.contains(&self.branch) {
                continue;
            }
            let names: Vec<&str> =
                way.iter().rev().filter_map(|id| nodes.get(id)).map(|node| node.name.as_str()).collect();
            let text = names.join("/");
            if nodes.get(&id).and_then(|node| node.path.as_deref()) != Some(&text) {
                database.execute(&update, &[Value::from(text), Value::Integer(id)])?;
            }
        }
        Ok(())
    }

    fn read(&self, database: &mut dyn Database) -> Result<HashMap<i64, Node>, String> {
        let (key, parent, name, path, table) = (&self.key, &self.parent, &self.name, &self.path, &self.table);
        let rows = database.query(&format!("SELECT {key}, {parent}, {name}, {path} FROM {table}"), &[])?;
        let node = |row: Vec<Value>| match <[Value; 4]>::try_from(row) {
            Ok([Value::Integer(id), parent, Value::Text(name), path]) => {
                let parent = match parent {
                    Value::Integer(parent) => Some(parent),
                    _ => None,
                };
                Ok((id, Node { parent, name, path: path.as_text().map(str::to_owned) }))
            }
            _ => Err(format!("{table} does not have an integer {key} and a text {name} in every row")),
        };
        rows.rows.into_iter().map(node).collect()
    }
}

/// The keys from a row up to the root.
fn path_of(nodes: &HashMap<i64, Node>, id: i64) -> Result<Vec<i64>, String> {
    let mut way = vec![id];
    let mut node = nodes.get(&id).ok_or_else(|| format!("there is no row {id}"))?;
    while let Some(parent) = node.parent {
        if way.contains(&parent) {
            return Err(format!("the row {parent} is inside itself"));
        }
        way.push(parent);
        node = nodes.get(&parent).ok_or_else(|| format!("there is no row {parent}"))?;
    }
    Ok(way)
}

#[cfg(test)]
mod tests {
    use dunlin_plugin::{DatabaseError, Rows, Server};

    use super::*;

    /// A table of categories that understands the three statements of the plugin.
    struct Shop(Vec<(i64, Option<i64>, &'static str, String)>);

    impl Shop {
        fn new() -> Shop {
            let row = |id, parent, name, path: &str| (id, parent, name, path.to_owned());
            Shop(vec![
                row(1, None, "shop", "shop"),
                row(2, Some(1), "garden", "shop/garden"),
                row(3, Some(1), "tools", "shop/tools"),
                row(4, Some(3), "saws", "shop/tools/saws"),
                row(5, Some(4), "chains", "shop/tools/saws/chains"),
            ])
        }

        fn paths(&self) -> Vec<&str> {
            self.0.iter().map(|row| row.3.as_str()).collect()
        }
    }

    impl Database for Shop {
        fn server(&self) -> Server {
            Server { dialect: "sqlite".into(), version: "3".into() }
        }

        fn query(&mut self, _sql: &str, _parameters: &[Value]) -> Result<Rows, DatabaseError> {
            let row = |(id, parent, name, path): &(i64, Option<i64>, &str, String)| {
                vec![
                    Value::Integer(*id),
                    Value::from(*parent),
                    Value::from(*name),
                    Value::from(path.as_str()),
                ]
            };
            Ok(Rows { columns: Vec::new(), rows: self.0.iter().map(row).collect() })
        }

        fn execute(&mut self, sql: &str, parameters: &[Value]) -> Result<u64, DatabaseError> {
            let [value, Value::Integer(id)] = parameters else { panic!("{parameters:?}") };
            let row = self.0.iter_mut().find(|row| row.0 == *id).unwrap();
            match value {
                Value::Integer(parent) if sql.contains("SET parent_id") => row.1 = Some(*parent),
                Value::Text(path) if sql.contains("SET path") => row.3.clone_from(path),
                _ => panic!("{sql}"),
            }
            Ok(1)
        }
    }

    fn plugin(branch: &str, from: &str, to: &str) -> ReparentTree {
        let test = dunlin_plugin::test::<ReparentTree>().option("branch", branch);
        test.option("from", from).option("to", to).plugin().unwrap()
    }

    #[test]
    fn a_branch_moves_with_all_that_is_below_it_and_back() {
        let mut shop = Shop::new();
        plugin("4", "3", "2").up(&mut shop).unwrap();
        let expected = ["shop", "shop/garden", "shop/tools", "shop/garden/saws", "shop/garden/saws/chains"];
        assert_eq!(shop.paths(), expected);
        plugin("4", "3", "2").down(&mut shop).unwrap();
        assert_eq!(shop.paths(), Shop::new().paths());
    }

    #[test]
    fn a_branch_does_not_move_into_itself() {
        let mut shop = Shop::new();
        let error = plugin("3", "1", "5").up(&mut shop).unwrap_err();
        assert_eq!(error, "the row 3 cannot go below 5, which is in it");
        assert_eq!(shop.paths(), Shop::new().paths());
    }

    #[test]
    fn names_that_could_be_anything_else_are_refused() {
        for name in ["a b", "a;b", "A", "", "a\"", "1a"] {
            assert!(name.parse::<Name>().is_err(), "{name}");
        }
    }
}
