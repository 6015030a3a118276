//! Knex' own unit tests of the builders as an oracle: each file of them is run by a migration, by Knex under Node and by
//! Dunlin in the sandbox; the SQL that every test compiles, what it compares, and whether it fails, are equal.
//!
//! `knex` in the corpus is a clone of Knex at the version that `tests/knex` installs; the code under test is the
//! installed one. mocha, chai and sinon are stood in for by `tests/fixtures/knex_units`.

use std::fs;
use std::path::Path;

use super::check::root;
use super::support::{Client, Extent, KnexStage, Need, Version, copy_folder, needs, note_not_run};

/// The files, and the dialect for those that want one.
const FILES: [(&str, &str); 14] = [
    ("schema-builder/postgres.js", ""),
    ("schema-builder/mysql.js", "mysql"),
    ("schema-builder/mysql.js", "mysql2"),
    ("schema-builder/mysql.js", "mariadb"),
    ("schema-builder/sqlite3.js", ""),
    ("schema-builder/better-sqlite3.js", ""),
    ("schema-builder/cockroachdb.js", ""),
    ("schema-builder/redshift.js", ""),
    ("schema-builder/oracle.js", ""),
    ("schema-builder/oracledb.js", ""),
    ("schema-builder/mssql.js", ""),
    ("query/builder.js", ""),
    ("query/string.js", ""),
    ("query/formatter.js", ""),
];

/// A test of Knex: its title, how many statements it compiled, what it noted, and its failure.
type Unit = (String, usize, String, String);

#[test]
fn knex_units_are_the_same_in_the_sandbox() {
    if !needs(&[Need::Corpus, Need::Knex]) {
        return;
    }
    let Some(sources) = root().map(|root| root.join("knex")).filter(|folder| folder.is_dir()) else {
        eprintln!("there is no knex in the corpus");
        note_not_run(Need::Corpus, Extent::Test);
        return;
    };
    let stage = stage(&sources);
    stage.knex(&["migrate:latest"]).success();
    let wanted = units(&stage);
    let stage = self::stage(&sources);
    stage.dunlin("sandbox", &["migrate:latest"]).success();
    let found = units(&stage);

    let failed: Vec<&Unit> = wanted.iter().filter(|unit| unit.3 != "NULL").collect();
    // Two of a file that Knex' own suite does not run: they expect another SQL than it makes.
    assert_eq!(failed.len(), 2, "Knex fails its own tests: {:#?}", &failed[..failed.len().min(5)]);
    assert!(failed.iter().all(|unit| unit.0.contains("BetterSQLite3")), "{failed:#?}");
    let statements: usize = wanted.iter().map(|unit| unit.1).sum();
    assert!(wanted.len() > 1000 && statements > 3000, "{} tests, {statements} statements", wanted.len());
    assert_eq!(wanted.len(), found.len());
    let different: Vec<_> = wanted.iter().zip(&found).filter(|(wanted, found)| wanted != found).collect();
    eprintln!("{} tests, {statements} statements, {} differences", wanted.len(), different.len());
    assert!(different.is_empty(), "{:#?}", &different[..different.len().min(5)]);
}

fn stage(sources: &Path) -> KnexStage {
    let stage =
        KnexStage::of("../knex_units", Client::BETTER_SQLITE3, Version::Three).expect("SQLite is there");
    let project = stage.project.path();
    let installed = project.join("node_modules/knex");
    let knex = project.join("knex");
    copy_folder(&installed.join("lib"), &knex.join("lib"));
    for name in ["knex.js", "package.json"] {
        fs::copy(installed.join(name), knex.join(name)).unwrap();
    }
    copy_folder(&sources.join("test/unit"), &knex.join("test/unit"));
    for name in ["chai", "sinon"] {
        let stand_in = format!("module.exports = require('../../../{name}');\n");
        stage.project.write(&format!("knex/node_modules/{name}/index.js"), stand_in);
    }
    // Drivers of databases that nobody connects to here.
    for name in ["oracledb", "tedious"] {
        stage.project.write(&format!("knex/node_modules/{name}/index.js"), "module.exports = {};\n");
    }
    for (at, (file, dialect)) in FILES.iter().enumerate() {
        let migration = format!("module.exports = require('../unit')('{file}', '{dialect}');\n");
        stage.project.write(&format!("migrations/202403010001{at:02}_unit.js"), migration);
    }
    stage
}

fn units(stage: &KnexStage) -> Vec<Unit> {
    let rows = stage
        .database
        .query("SELECT file || ' ' || title, statements, notes, failure FROM units ORDER BY id");
    rows.into_iter()
        .map(|row| {
            let [title, statements, notes, failure] = <[String; 4]>::try_from(row).unwrap();
            (title, statements.parse().unwrap(), notes, failure)
        })
        .collect()
}
