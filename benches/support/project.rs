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
        let folder = tempfile::tempdir().expect("a temporary folder");
        for form in ["migrations", "sql", "sqlx"] {
            std::fs::create_dir(folder.path().join(form)).expect("a folder");
        }
        for number in 1..=count {
            let create =
                format!("CREATE TABLE item_{number} (id integer PRIMARY KEY, name varchar(40) NOT NULL);\n");
            let native = format!("-- migrate:up\n{create}\n-- migrate:down\nDROP TABLE item_{number};\n");
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
