//! The same migrations in each tool's form.

use std::path::Path;

use tempfile::TempDir;

/// One folder per form, `n` tables each.
pub struct Projects {
    folder: TempDir,
}

impl Projects {
    /// Migrations that make one table each.
    pub fn with_tables(count: usize) -> Projects {
        Projects::with(count, &|number| {
            let create =
                format!("CREATE TABLE item_{number} (id integer PRIMARY KEY, name varchar(40) NOT NULL);\n");
            (create, format!("DROP TABLE item_{number};\n"))
        })
    }

    /// As long, but applied sooner: one table, and a row each.
    pub fn with_rows(count: usize) -> Projects {
        Projects::with(count, &|number| {
            let create =
                if number == 1 { "CREATE TABLE item (id integer, name varchar(40) NOT NULL);\n" } else { "" };
            let insert =
                format!("INSERT INTO item (id, name) VALUES ({number}, 'the item with number {number}');\n");
            (format!("{create}{insert}"), format!("DELETE FROM item WHERE id = {number};\n"))
        })
    }

    /// Migrations of which a function gives up and down.
    fn with(count: usize, scripts: &dyn Fn(usize) -> (String, String)) -> Projects {
        let folder = tempfile::tempdir().expect("a temporary folder");
        for form in ["migrations", "sql", "sqlx"] {
            std::fs::create_dir(folder.path().join(form)).expect("a folder");
        }
        for number in 1..=count {
            let (create, drop) = scripts(number);
            let native = format!("-- migrate:up\n{create}\n-- migrate:down\n{drop}");
            let write =
                |name: String, text: &str| std::fs::write(folder.path().join(name), text).expect("a file");
            write(format!("migrations/{number:06}_item.sql"), &native);
            write(format!("sql/V{number}__item.sql"), &create);
            write(format!("sqlx/{number}_item.sql"), &create);
        }
        Projects { folder }
    }

    /// The folder that holds the forms.
    pub fn root(&self) -> &Path {
        self.folder.path()
    }
}
