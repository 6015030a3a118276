//! Invocations of Knex' command line beside Dunlin's: the same on standard output, the same exit code, the same history.
//! What fails says the same on standard error; there Knex prints the stack of its own code too.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "all of this is test code")]

mod folders;
#[path = "../support/mod.rs"]
mod support;

use support::{Client, KnexStage, Need, Output, Version, needs};

const TABLE: &str = "exports.up = (knex) => knex.schema.createTable('TABLE', (table) => table.increments());
exports.down = (knex) => knex.schema.dropTable('TABLE');
";
const PLAIN: &str = "module.exports = { client: 'better-sqlite3', connection: { filename: process.env.SHOP_URL }, useNullAsDefault: true };\n";

/// A project in two copies: one for each tool.
struct Pair {
    original: KnexStage,
    dunlin: KnexStage,
}

impl Pair {
    fn new(files: &[(&str, &str)]) -> Option<Self> {
        if !needs(&[Need::Knex]) {
            return None;
        }
        let stage = || KnexStage::empty(Client::BETTER_SQLITE3, Version::Three);
        let pair = Self { original: stage()?, dunlin: stage()? };
        for (path, text) in files {
            pair.write(path, text);
        }
        Some(pair)
    }

    /// With three migrations beside the files.
    fn with_migrations(files: &[(&str, &str)]) -> Option<Self> {
        let pair = Self::new(files)?;
        for name in ["1_shelves", "2_books", "10_authors"] {
            let (_, table) = name.split_once('_').unwrap();
            pair.write(&format!("migrations/{name}.js"), &TABLE.replace("TABLE", table));
        }
        Some(pair)
    }

    fn write(&self, path: &str, text: &str) {
        self.original.project.write(path, text);
        self.dunlin.project.write(path, text);
    }

    fn remove(&self, path: &str) {
        self.original.project.remove(path);
        self.dunlin.project.remove(path);
    }

    /// Runs each line by both.
    #[track_caller]
    fn same(&self, lines: &[&str]) {
        for line in lines {
            self.same_in(".", line);
        }
    }

    #[track_caller]
    fn same_in(&self, folder: &str, line: &str) {
        let arguments: Vec<&str> = line.split_whitespace().collect();
        let expected = self.original.knex_with(&arguments, |command| {
            command.current_dir(self.original.project.path().join(folder));
        });
        let found = self.dunlin.dunlin_with("sandbox", &arguments, |command| {
            command.current_dir(self.dunlin.project.path().join(folder));
        });
        assert_eq!(expected.status, found.status, "{expected}\n{found}");
        assert_eq!(
            plain(&expected.stdout, &self.original),
            plain(&found.stdout, &self.dunlin),
            "{expected}\n{found}"
        );
        // A folder that is not there is told in Dunlin's own words.
        if expected.status != 0 && !expected.stderr.contains("ENOENT") {
            let (message, said) =
                (message(&expected), unbroken(&format!("{}{}", found.stderr, found.stdout)));
            assert!(said.contains(&unbroken(&plain(&message, &self.dunlin))), "{expected}\n{found}");
        }
        // Knex makes its tables also before it lists; Dunlin, where it only reads, does not.
        let history = |stage: &KnexStage| {
            let rows = stage.database.try_sql("SELECT id, name, batch FROM knex_migrations;");
            let left = stage.database.try_sql("SELECT * FROM knex_migrations_lock WHERE is_locked <> 0;");
            (rows.stdout, left.stdout)
        };
        assert_eq!(history(&self.original), history(&self.dunlin), "{line}");
    }
}

/// The first line of what Knex says of an error.
fn message(output: &Output) -> String {
    let line = output.stderr.split('\n').find(|line| !line.trim().is_empty()).unwrap_or_default();
    line.trim_start_matches("Error: ").trim_start_matches("SqliteError: ").to_owned()
}

fn plain(text: &str, stage: &KnexStage) -> String {
    let home = stage.project.path().display().to_string();
    let digits = regex::Regex::new(r"\b\d{14}_").unwrap();
    let text = digits.replace_all(&text.replace(&home, "{project}"), "{now}_").into_owned();
    // Dunlin says where; Knex which loader of its own it takes.
    let place =
        regex::Regex::new(r"\{project\}/migrations/\S+:\d+: |Requiring external module .*\n").unwrap();
    place.replace_all(&text, "").into_owned()
}

/// Without line breaks and blanks, at which messages are broken.
fn unbroken(text: &str) -> String {
    text.chars().filter(|character| !character.is_whitespace() && *character != '│').collect()
}

#[test]
fn every_command_prints_what_knex_prints() {
    let Some(pair) = Pair::with_migrations(&[("knexfile.js", PLAIN)]) else { return };
    pair.same(&[
        "migrate:list",
        "migrate:currentVersion",
        "migrate:up",
        "migrate:status",
        "migrate:up 2_books.js",
        "migrate:up 2_books.js",
        "migrate:up nothing.js",
        "migrate:currentVersion",
        "migrate:down 10_authors.js",
        "migrate:down nothing.js",
        "migrate:latest --verbose",
        "migrate:latest",
        "migrate:rollback --verbose",
        "migrate:rollback --all",
        "migrate:rollback",
        "migrate:down",
        "migrate:before 2_books.js",
        "migrate:to 2_books.js --disable-transactions",
        "migrate:to nothing.js",
        "migrate:unlock",
    ]);
}

#[test]
fn a_wrong_directory_or_module_is_refused_as_knex_refuses_it() {
    let Some(pair) = Pair::with_migrations(&[("knexfile.js", PLAIN)]) else { return };
    pair.same(&["migrate:latest"]);
    pair.remove("migrations/2_books.js");
    pair.same(&["migrate:latest", "migrate:list", "migrate:rollback", "migrate:currentVersion"]);
    pair.write("migrations/2_books.js", &TABLE.replace("TABLE", "books"));
    pair.write("migrations/3_half.js", "exports.up = () => Promise.resolve();\n");
    pair.same(&["migrate:latest"]);
    let refused = pair.dunlin.dunlin_with("sandbox", &["migrate:latest"], |_| {}).fails();
    assert!(!refused.stderr.contains("carrier"), "another carrier would refuse it, too: {refused}");
    pair.write(
        "migrations/3_half.js",
        "exports.up = async (knex) => { await knex('books').insert({ id: 1 }); throw new Error('no more'); };
exports.down = async () => {};
",
    );
    pair.same(&["migrate:latest", "migrate:list"]);
    pair.write(
        "migrations/3_half.js",
        "exports.up = (knex) => knex.raw('selec 1');\nexports.down = async () => {};\n",
    );
    pair.same(&["migrate:up"]);
}

#[test]
fn every_form_of_a_knexfile_is_read() {
    let object = "{ client: 'better-sqlite3', connection: { filename: process.env.SHOP_URL }, useNullAsDefault: true }";
    for (name, text, option) in [
        (
            "knexfile.js",
            format!("module.exports = {{ development: {object}, test: {object} }};\n"),
            "--env test",
        ),
        ("knexfile.js", format!("module.exports = async () => ({object});\n"), ""),
        ("knexfile.js", format!("exports.default = () => ({{ development: {object} }});\n"), ""),
        ("knexfile.mjs", format!("export default {object};\n"), ""),
        (
            "knexfile.ts",
            format!(
                "import type {{ Knex }} from 'knex';\nconst config: Knex.Config = {object};\nexport default config;\n"
            ),
            "",
        ),
        (
            "config/knexfile.cjs",
            format!("module.exports = {{ ...{object}, migrations: {{ directory: '../migrations' }} }};\n"),
            "--knexfile config/knexfile.cjs",
        ),
        (
            "knexfile.js",
            format!(
                "require('dotenv').config({{ quiet: true }});\nmodule.exports = {{ ...{object}, migrations: {{ tableName: process.env.HISTORY }} }};\n"
            ),
            "",
        ),
    ] {
        let Some(pair) = Pair::with_migrations(&[(name, &text), (".env", "HISTORY=knex_migrations\n")])
        else {
            return;
        };
        let line = format!("{option} migrate:latest");
        pair.same(&[line.trim()]);
    }
}

#[test]
fn what_a_knexfile_lacks_is_said() {
    let Some(pair) = Pair::with_migrations(&[("sub/empty", "")]) else { return };
    pair.same(&["migrate:latest"]);
    let given =
        format!("--client better-sqlite3 --migrations-directory ./migrations --connection {}", "shop.db");
    pair.same(&[&format!("{given} migrate:latest")]);
    pair.write("knexfile.js", "throw new Error('not today');\n");
    pair.same(&["migrate:latest"]);
    pair.write("knexfile.js", PLAIN);
    pair.same_in("sub", "migrate:list");
}

#[test]
fn new_migrations_are_made_as_knex_makes_them() {
    let Some(pair) = Pair::new(&[("knexfile.js", PLAIN), ("stubs/ours.js", "// <%= d.name %> of ours\n")])
    else {
        return;
    };
    pair.same(&[
        "migrate:make shelves",
        "migrate:make -x ts books",
        "migrate:make -x cjs authors",
        "migrate:make --stub stubs/ours.js readers",
        "migrate:make",
    ]);
    let made = |stage: &KnexStage| {
        let folder = std::fs::read_dir(stage.project.path().join("migrations")).unwrap();
        let mut files: Vec<(String, String)> = folder
            .map(|file| file.unwrap().path())
            .map(|path| {
                (
                    path.file_name().unwrap().to_string_lossy()[14..].to_owned(),
                    std::fs::read_to_string(&path).unwrap(),
                )
            })
            .collect();
        files.sort();
        files
    };
    assert_eq!(made(&pair.original), made(&pair.dunlin));
}

/// A name that is written wrong, in each form of a migration.
#[test]
fn what_is_no_function_is_told_as_node_tells_it() {
    let Some(pair) = Pair::new(&[("knexfile.js", PLAIN)]) else { return };
    let bodies = [
        "await knex.schema.createTable('books', (table) => {\n    table.strin('title');\n  });",
        "return knex.schema\n    .creatTable('books', (table) => table.increments());",
        "await knex('books').wher({ id: 1 }).first();",
        "await knex.schema.alterTable('books', (table) => table.string('title').notNulable());",
        "const columns = ['title'];\n  await knex.schema.table('books', (t) => t.dropColums(columns));",
        "const kind = 'strin';\n  await knex.schema.createTable('books', (t) => { t[kind].of('title'); });",
        "const shop = null;\n  shop.title = 1;",
        "new knex.Books();",
    ];
    for body in bodies {
        for (name, head) in [
            ("1_books.js", "exports.up = async (knex) =>"),
            ("1_books.mjs", "export const up = async (knex) =>"),
            ("1_books.js", "exports.up = async function (knex)"),
        ] {
            let path = format!("migrations/{name}");
            let down = head.replace("up", "down");
            pair.write(&path, &format!("{head} {{\n  {body}\n}};\n{down} {{}};\n"));
            pair.same(&["migrate:latest"]);
            pair.remove(&path);
        }
    }
}

/// Where it cannot be known which call it was, nothing is said that may be wrong.
#[test]
fn what_is_no_function_is_not_guessed() {
    let Some(pair) = Pair::new(&[("knexfile.js", PLAIN)]) else { return };
    let text = "exports.up = async (knex) => {\n  knex.raw(knex.ref('id').asked());\n};\nexports.down = async () => {};\n";
    pair.write("migrations/1_books.js", text);
    let output = pair.dunlin.dunlin("sandbox", &["migrate:latest"]).fails();
    assert!(output.stderr.contains("not a function") && output.stderr.contains("1_books.js:2"), "{output}");
    assert!(!output.stderr.contains("knex.raw is not"), "{output}");
}

/// With `asyncStackTraces` Knex puts the place where a builder was made into the stack of whatever it fails with: that is the
/// better one for a statement, and not for what a function given to the builder throws.
#[test]
fn an_error_is_shown_at_the_line_that_it_comes_from() {
    let Some(pair) = Pair::new(&[("knexfile.js", PLAIN)]) else { return };
    for (body, line) in [
        (
            "await knex.schema\n    .createTable('books', (table) => {\n      throw new Error('no more columns');\n    });",
            4,
        ),
        ("const books = knex('books').insert({ id: 1 });\n\n  await books;", 2),
    ] {
        pair.write(
            "migrations/1_books.js",
            &format!("exports.up = async (knex) => {{\n  {body}\n}};\nexports.down = async () => {{}};\n"),
        );
        for carrier in ["sandbox", "host"] {
            let output = pair.dunlin.dunlin(carrier, &["migrate:latest"]).fails();
            assert!(output.stderr.contains(&format!("1_books.js:{line}")), "{carrier}: {output}");
        }
    }
    // Of a module Node tells the URL, in which a folder's name is spelled otherwise.
    pair.remove("migrations/1_books.js");
    let text = "export const up = async () => {\n  throw new Error('no');\n};\nexport const down = async () => {};\n";
    pair.write("100% sure #1/1_books.mjs", text);
    pair.write(
        "knexfile.js",
        &PLAIN.replace(
            "useNull",
            "migrations: { directory: './100% sure #1', loadExtensions: ['.mjs'] }, useNull",
        ),
    );
    for carrier in ["sandbox", "host"] {
        let output = pair.dunlin.dunlin(carrier, &["migrate:latest"]).fails();
        assert!(output.stderr.contains("100% sure #1/1_books.mjs:2"), "{carrier}: {output}");
    }
}

#[test]
fn what_only_the_other_direction_needs_keeps_a_migration_from_nothing() {
    let Some(pair) = Pair::new(&[("knexfile.js", PLAIN)]) else { return };
    for (up, is_needed) in [("", false), ("exports.down(knex)", true)] {
        pair.write(
            "migrations/1_books.js",
            &format!(
                "exports.up = async (knex) => {{\n  {up}\n}};\nexports.down = async () => {{\n  require('./gone');\n}};\n"
            ),
        );
        if is_needed {
            let output = pair.dunlin.dunlin("sandbox", &["migrate:latest"]).fails();
            assert!(output.stderr.contains("1_books.js:5"), "{output}");
        } else {
            pair.same(&["migrate:latest"]);
            let output = pair.dunlin.dunlin("sandbox", &["migrate:rollback"]).fails();
            assert!(output.stderr.contains("1_books.js:5"), "{output}");
            pair.dunlin.database.sql("DELETE FROM knex_migrations;");
        }
    }
}

/// SQLite takes text in double quotes for a string where it names no column; that of `better-sqlite3` does not.
#[test]
fn text_in_double_quotes_is_a_string_for_those_drivers_that_take_it() {
    for (client, status) in [("better-sqlite3", 1), ("sqlite3", 0)] {
        let config = PLAIN.replace("better-sqlite3", client);
        let Some(pair) = Pair::new(&[("knexfile.js", &config)]) else { return };
        for (name, statement) in [
            ("1_books.js", "create table books (title text)"),
            ("2_first.js", r#"insert into books values ("Emma")"#),
            ("3_check.js", r#"create table shelves (kind text check (kind <> "none"))"#),
        ] {
            pair.write(
                &format!("migrations/{name}"),
                &format!(
                    "exports.up = (knex) => knex.raw('{statement}');\nexports.down = async () => {{}};\n"
                ),
            );
        }
        for migration in ["1_books.js", "2_first.js", "3_check.js"] {
            pair.same(&[&format!("migrate:up {migration}")]);
        }
        assert_eq!(pair.dunlin.dunlin("sandbox", &["migrate:latest"]).status, status, "{client}");
    }
}

/// All of dunlin's own commands look where Knex puts things, and try migrations there.
#[test]
fn a_search_path_holds_for_every_command() {
    if !needs(&[Need::Knex]) {
        return;
    }
    let Some(stage) = KnexStage::empty(Client::PG, Version::Three) else { return };
    stage.project.write(
        "knexfile.js",
        "module.exports = { client: 'pg', connection: process.env.SHOP_URL, searchPath: ['north', 'public'] };\n",
    );
    for name in ["shelves", "books"] {
        stage.project.write(&format!("migrations/1_{name}.js"), TABLE.replace("TABLE", name));
    }
    stage.database.sql("CREATE SCHEMA north;\n");
    stage.knex(&["migrate:up"]).success();
    let own = |arguments: &[&str]| {
        stage.project.dunlin_with(arguments, |command| {
            command.env("SHOP_URL", stage.url());
        })
    };
    assert!(own(&["status"]).success().stdout.contains("1 applied, 1 pending"));
    own(&["up"]).success();
    own(&["drift"]).success();
    own(&["verify", "--all"]).success();
    assert!(own(&["doctor"]).success().stdout.contains("north"));
    assert_eq!(stage.knex(&["migrate:latest"]).success().stdout, "Already up to date\n");
}
