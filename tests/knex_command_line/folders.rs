//! A knexfile in a folder of its own, in a package whose other files it and the migrations import, and what those do to Node's
//! loading of modules.

use crate::{Pair, TABLE};

const KNEXFILE: &str = "import 'ts-node/register';
import { connection } from '../lib/settings';
import { name } from '../../package.json';
export default { development: { client: 'better-sqlite3', connection, useNullAsDefault: true, pool: { idleTimeoutMillis: name.length } } };
";
const SETTINGS: &str = "require('ts-node').register({ transpileOnly: true });
export const connection = { filename: process.env.SHOP_URL };
";
const PACKAGE: &str = "{ \"name\": \"ts-node\", \"exports\": { \"./register\": \"./register/index.js\" } }\n";
/// It would be refused in the sandbox, as the real one, which loads a compiler.
const LOADER: &str = "require('worker_threads').getEnvironmentData('a'); exports.register = () => {};\n";

#[test]
fn a_knexfile_in_a_folder_of_its_own_imports_from_its_package() {
    let migration = TABLE.replace("TABLE", "shelves");
    let Some(pair) = Pair::new(&[
        ("package.json", "{ \"name\": \"shop\" }\n"),
        ("src/db/knexfile.ts", KNEXFILE),
        ("src/lib/settings.ts", SETTINGS),
        ("src/db/node_modules/ts-node/package.json", PACKAGE),
        ("src/db/node_modules/ts-node/register/index.js", LOADER),
        ("src/node_modules/ts-node/index.js", LOADER),
        ("src/db/migrations/1_shelves.js", &migration),
    ]) else {
        return;
    };
    pair.same(&[
        "--knexfile ./src/db/knexfile.ts migrate:latest",
        "--knexfile src/../src/db/knexfile.ts migrate:list",
        "--knexfile ./src/db/knexfile.ts migrate:rollback",
    ]);
    pair.write("src/lib/settings.ts", "export const connection = {};\nthrow new Error('no settings');\n");
    pair.same(&["--knexfile ./src/db/knexfile.ts migrate:latest"]);
    let arguments = ["--knexfile", "./src/db/knexfile.ts", "migrate:latest"];
    let refused = pair.dunlin.dunlin("sandbox", &arguments).fails();
    assert!(refused.stderr.contains("src/lib/settings.ts:2:"), "{refused}");
    assert!(refused.stderr.contains("carrier = \"host\""), "{refused}");
    // By Node it is tsx that takes TypeScript, so what only bears the name of a loader has to go.
    pair.remove("src/db/node_modules/ts-node/register/index.js");
    pair.write("src/db/knexfile.ts", "export { connection } from '../lib/settings';\n");
    let refused = pair.dunlin.dunlin("host", &arguments).fails();
    assert!(refused.stderr.contains("src/lib/settings.ts:2:"), "{refused}");
    assert!(!refused.stderr.contains("carrier = "), "{refused}");
}

#[test]
fn names_mean_what_tsconfig_says_before_packages() {
    let migration = "import { books } from '@shop/names';
import { shelves } from 'lib/names';
import { authors } from '#names';
import dotenv from 'dotenv';
export const up = async (knex: any) => {
  for (const name of [books, shelves, authors, dotenv as unknown as string]) await knex.schema.createTable(name, (table: any) => table.increments());
};
export const down = async (knex: any) => {};
";
    let Some(pair) = Pair::new(&[
        ("package.json", "{ \"name\": \"shop\" }\n"),
        ("knexfile.js", crate::PLAIN),
        (
            "tsconfig.json",
            "{ // as it is written\n \"extends\": [\"./config/base\", \"./config/more.json\"], \"compilerOptions\": { \"target\": \"es2022\", }, }\n",
        ),
        (
            "config/base.json",
            "{ \"compilerOptions\": { \"baseUrl\": \"../src\", \"paths\": { \"nothing\": [\"x\"] } } }\n",
        ),
        (
            "config/more.json",
            "{ \"compilerOptions\": { \"paths\": { \"@shop/*\": [\"wrong/*\", \"lib/*\"], \"#names\": [\"lib/authors.ts\"], \
             \"dotenv\": [\"lib/environment\"] } } }\n",
        ),
        ("src/lib/names.ts", "export const books = 'books';\nexport const shelves: string = 'shelves';\n"),
        (
            "src/lib/authors.ts",
            "export enum Names { Authors = 'authors' }\nexport const authors = Names.Authors;\n",
        ),
        ("src/lib/environment.ts", "export default 'environments';\n"),
        ("migrations/1_tables.ts", migration),
    ]) else {
        return;
    };
    pair.same(&["migrate:latest"]);
    assert_eq!(pair.original.database.tables(), pair.dunlin.database.tables());
}

/// What module-alias and tsconfig-paths do.
const ALIAS: &str = "const Module = require('module');
const original = Module._resolveFilename;
Module._resolveFilename = function (request, parent, isMain, options) {
  if (request.startsWith('~/')) request = require('path').join(__dirname, request.slice(2));
  return original.call(this, request, parent, isMain, options);
};
";

#[test]
fn a_package_may_change_what_names_mean() {
    let migration = "const { table } = require('~/lib/names');
exports.up = (knex) => knex.schema.createTable(require('path').basename(require.resolve('~/lib/names')) && table, (table) => table.increments());
exports.down = (knex) => knex.schema.dropTable(table);
";
    let Some(pair) = Pair::new(&[
        ("knexfile.js", &format!("require('./alias');\nrequire('domain').active;\n{}", crate::PLAIN)),
        ("alias.js", ALIAS),
        ("lib/names.js", "exports.table = 'shelves';\n"),
        ("migrations/1_shelves.js", migration),
        (
            "migrations/2_books.ts",
            "import { table } from '~/lib/names';\nexport const up = (knex: any) => knex.schema.renameTable(table, 'books');\n\
             export const down = (knex: any) => knex.schema.renameTable('books', table);\n",
        ),
    ]) else {
        return;
    };
    pair.same(&["migrate:latest", "migrate:rollback"]);
}

#[test]
fn dunlins_own_commands_find_it_where_dunlin_toml_says() {
    let migration = TABLE.replace("TABLE", "shelves");
    let Some(pair) = Pair::new(&[
        ("package.json", "{ \"name\": \"shop\" }\n"),
        ("src/db/knexfile.js", crate::PLAIN),
        ("src/db/migrations/1_shelves.js", &migration),
    ]) else {
        return;
    };
    let stage = &pair.dunlin;
    let dunlin = |arguments: &[&str]| {
        stage.project.dunlin_with(arguments, |command| {
            command.env("SHOP_URL", stage.url());
        })
    };
    stage.project.write("dunlin.toml", "");
    let refused = dunlin(&["status"]).fails();
    assert!(refused.stderr.contains("knexfile = \"src/db/knexfile.js\""), "{refused}");
    stage.project.write("dunlin.toml", "[knex]\nknexfile = \"src/db/knexfile.js\"\n");
    let plan = dunlin(&["plan"]).success();
    let comment = plan.stdout.split('\n').find(|line| line.starts_with("-- runs ")).unwrap_or_default();
    assert!(comment.ends_with("migrations/1_shelves.js, whose statements are known only then"), "{plan}");
    dunlin(&["up"]).success();
    let status = dunlin(&["status"]).success();
    assert!(status.stdout.contains("1 applied, 0 pending"), "{status}");
}
