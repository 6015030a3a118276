//! Knexfiles read as text and evaluated by QuickJS: what is understood is the same.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use dunlin_compat::knex::guest::MODULES;
use serde_json::{Value as Json, json};

use super::{Knexfile, Said, Variable, read};
use crate::guest::{JavaScriptCarrier, JavaScriptCommand};

const VARIABLES: [(&str, &str); 9] = [
    ("URL", "postgres://shop:s3cret@db/shop"),
    ("PORT", "5433"),
    ("PADDED", " 12 "),
    ("NUMBER_AND_MORE", "12px"),
    ("HEX", "0x10"),
    ("LIST", "public,shop"),
    ("EMPTY", ""),
    ("DIALECT", "PG"),
    ("NODE_ENV", "production"),
];

/// A project, and a guest that evaluates its files.
struct Both {
    folder: tempfile::TempDir,
    project: PathBuf,
    guest: JavaScriptCarrier,
    variables: BTreeMap<String, String>,
}

impl Both {
    fn new() -> Both {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().canonicalize().unwrap();
        let variables: BTreeMap<String, String> =
            VARIABLES.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        let mut guest = JavaScriptCarrier::start(JavaScriptCommand {
            modules: MODULES,
            folders: vec![project.clone()],
            folder: project.clone(),
            environment: variables.clone().into_iter().collect(),
            time_limit: Duration::from_secs(60),
            memory_limit: 256 << 20,
            interrupted: Arc::new(|| false),
            cache: None,
            packages: PathBuf::new(),
        })
        .unwrap();
        let start = json!({
            "type": "start", "protocol": 1, "tool": "knex", "project": project, "import_paths": [], "options": {},
        });
        let ready = guest.converse(&start.to_string(), &mut |_| r#"{"type":"ok"}"#.to_owned()).unwrap();
        assert!(ready.contains("ready"), "{ready}");
        Both { folder, project, guest, variables }
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.project.join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn read(&self, path: &Path, environment: Option<&str>, in_sandbox: bool) -> Option<Said> {
        let variables = &self.variables;
        let variable = |name: &str| match variables.get(name) {
            Some(value) => Variable::Text(value.clone()),
            None => Variable::Unset,
        };
        read(&Knexfile { path, project: &self.project, environment, in_sandbox, variables: &variable })
    }

    /// What QuickJS makes of it; an error is a text.
    fn evaluate(&mut self, path: &Path, environment: Option<&str>) -> Result<Said, String> {
        let call = json!({
            "type": "call", "name": "knexfile", "arguments": {"path": path, "environment": environment},
        });
        let answer = self.guest.converse(&call.to_string(), &mut |_| r#"{"type":"ok"}"#.to_owned()).unwrap();
        let answer: Json = serde_json::from_str(&answer).unwrap();
        if answer["type"] != "done" {
            return Err(answer["message"].to_string());
        }
        let value = &answer["value"];
        let variables = value["variables"].as_array().unwrap().iter();
        Ok(Said {
            config: value["config"].clone(),
            environment: value["environment"].as_str().map(str::to_owned),
            variables: variables.map(|name| name.as_str().unwrap().to_owned()).collect(),
        })
    }

    /// Both say the same of a file that is understood; whether it is, is given back.
    fn is_understood(&mut self, name: &str, text: &str, environment: Option<&str>) -> bool {
        let path = self.write(name, text);
        let Some(said) = self.read(&path, environment, true) else { return false };
        assert_eq!(Ok(&said), self.evaluate(&path, environment).as_ref(), "{name}: {text}");
        // Node evaluates the same file to the same, unless it may refuse it.
        if let Some(on_host) = self.read(&path, environment, false) {
            assert_eq!(on_host, said, "{name}: {text}");
        }
        true
    }
}

/// Files of CommonJS, as what is exported; each is understood.
const UNDERSTOOD: &[&str] = &[
    "{ client: 'pg', connection: process.env.URL }",
    "{ client: 'pg', connection: process.env['URL'], pool: { min: 2, max: 10 }, debug: false, version: null }",
    "{ development: { client: 'sqlite3' }, production: { client: 'pg', connection: process.env.URL } }",
    "{ development: { client: 'sqlite3' }, production: undefined, client: 'pg' }",
    "{ staging: { client: process.env.STAGING }, production: { client: process.env.CLIENT || 'pg' } }",
    "{ client: process.env.CLIENT ?? 'pg', connection: { port: process.env.EMPTY || 5432, host: process.env.EMPTY ?? 'h' } }",
    "{ client: process.env.NODE_ENV === 'production' ? 'pg' : process.env.OTHER }",
    "{ client: process.env.NODE_ENV !== 'production' ? process.env.OTHER : 'pg' }",
    "{ client: 'pg', connection: { port: parseInt(process.env.PORT), a: parseInt(process.env.PADDED, 10), b: parseInt(process.env.NUMBER_AND_MORE) } }",
    "{ client: 'pg', connection: { port: Number(process.env.PORT), a: +process.env.PADDED, b: Number(process.env.EMPTY) || 7 } }",
    "{ client: 'pg', connection: { port: Number(process.env.NONE), a: parseInt(process.env.NONE, 10) || 1, b: -3, c: 0.25, d: 1e3, e: 0x10 } }",
    "{ client: 'pg', connection: `postgres://${process.env.USER_NAME || 'a'}:${1 + 1}@h/${process.env.NONE}` }",
    "{ client: 'pg', connection: 'postgres://' + process.env.PORT + '/' + 1 + null + true + undefined }",
    "{ client: 'pg', connection: { ssl: process.env.URL ? { rejectUnauthorized: false } : false, a: !process.env.NONE, b: !!process.env.URL } }",
    "{ client: 'pg', ...(process.env.NONE && { debug: true }), ...(process.env.URL ? { pool: { max: 1 } } : {}) }",
    "{ client: 'pg', ...null, ...undefined, ...false, ...7, a: 1, ...{ a: 2, b: undefined } }",
    "{ client: process.env.DIALECT.toLowerCase(), searchPath: process.env.LIST.split(','), a: process.env.NONE?.split(',') }",
    "{ client: process.env.NONE?.toLowerCase() ?? 'pg', a: process.env.URL.startsWith('postgres'), b: process.env.PADDED.trim() }",
    "{ client: 'pg', migrations: { directory: [__dirname + '/a', './b'], loadExtensions: ['.js'], schemaName: null } }",
    "{ client: 'sqlite3', connection: { filename: require('path').join(__dirname, '..', 'dev.sqlite3'), f: __filename } }",
    "{ client: 'sqlite3', connection: { filename: require('node:path').resolve(__dirname, 'db/./x/../dev.sqlite3') } }",
    "{ client: 'sqlite3', connection: { filename: require('path').resolve('dev.sqlite3'), cwd: process.cwd() } }",
    "{ client: 'pg', pool: { afterCreate: (connection, done) => { done(null, connection); } } }",
    "{ client: 'pg', wrapIdentifier(value, original) { return original(value.replace(/a/g, 'b')); }, postProcessResponse: function (r) { return r; } }",
    "{ 'client': 'pg', \"connection\": { 'a b': 1, ['c' + 'd']: 2 } }",
    "{ client: ('pg'), migrations: ({ tableName: 'steps', }) }",
    "{ default: { client: 'pg', connection: process.env.URL } }",
    "() => ({ client: 'pg', connection: process.env.URL })",
    "async () => { const port = Number(process.env.PORT); return { client: 'pg', connection: { port } }; }",
    "async function () { return { production: { client: await 'pg' } }; }",
    "{ client: 'pg', a: '\\u00e9\\n', b: 'ж', c: `\n`, d: 12.5, e: -0 }",
];

/// Of these only evaluating tells what they are, or that they fail.
const EVALUATED: &[&str] = &[
    "require('./settings')",
    "require('knex')",
    "{ client: 'pg', connection: () => process.env.URL }",
    "{ client: 'pg', connection: async () => ({ host: 'h' }) }",
    "{ client: 'pg', migrations: { migrationSource: {} } }",
    "{ client: 'pg', get connection() { return process.env.URL; } }",
    "{ client: 'pg', connection: { ...process.env } }",
    "{ client: 'pg', connection: process.env.toString }",
    "{ client: 'pg', connection: process.env.constructor.name }",
    "{ client: 'pg', connection: process.env.NONE.length }",
    "{ client: 'pg', connection: parseInt(process.env.HEX) }",
    "{ client: 'pg', connection: { port: Number(process.env.HEX) } }",
    "{ client: 'pg', a: new Date(0), b: /a/, c: 10n }",
    "{ client: 'pg', 1: 'a', 0: 'b' }",
    "{ client: 'pg', __proto__: { connection: 1 } }",
    "{ client: 'pg', connection: missing }",
    "{ client: 'pg', connection: String.raw`a` }",
    "{ client: 'pg', connection: JSON.parse(process.env.URL) }",
    "{ client: 'pg', connection: (() => 'a')() }",
    "{ client: 'pg', connection: typeof process.env.URL, then: 1 }",
    "{ client: 'pg', then(resolve) { resolve({}); } }",
    "class { static client = 'pg' }",
    "Promise.resolve({ client: 'pg' })",
    "'pg'",
    "[{ client: 'pg' }]",
    "function* () { yield { client: 'pg' }; }",
    "(a) => ({ client: 'pg' })",
    "{ client: 'pg', connection: '\\ud800' }",
    "{ client: 'pg', connection: this.connection }",
    "{ client: 'pg', connection: process.env.URL = 'b' }",
    "{ client: 'pg', connection: require('os').hostname() }",
    "{ client: 'pg', pool: { afterCreate: (a) => import('./a.mjs') } }",
];

#[test]
fn what_is_understood_is_what_evaluating_gives() {
    let mut both = Both::new();
    for (number, exported) in UNDERSTOOD.iter().enumerate() {
        let text = format!("module.exports = {exported};\n");
        assert!(both.is_understood(&format!("a/{number}.js"), &text, None), "{text}");
        assert!(both.is_understood(&format!("b/{number}.cjs"), &text, Some("staging")), "{text}");
        let script = ["require(", "__dirname", "__filename"].iter().any(|word| exported.contains(word));
        let text = format!("export default {exported};\n");
        assert_eq!(both.is_understood(&format!("c/{number}.mjs"), &text, Some("")), !script, "{text}");
        let text =
            format!("const config = ({exported}) as const;\nexport default config satisfies object;\n");
        assert!(!both.is_understood(&format!("d/{number}.ts"), &text, Some("toString")), "{text}");
        assert!(both.is_understood(&format!("e/{number}.ts"), &text, Some("test")), "{text}");
    }
    for (number, exported) in EVALUATED.iter().enumerate() {
        let text = format!("module.exports = {exported};\n");
        assert!(!both.is_understood(&format!("f/{number}.js"), &text, None), "{text}");
    }
}

/// Whole files, and whether they are understood in the sandbox and on the host.
const FILES: &[(&str, &str, bool, bool)] = &[
    (
        "g/a.js",
        "// Update with your config settings.\n\n/**\n * @type { Object.<string, import(\"knex\").Knex.Config> }\n */\nmodule.exports = {\n\n  production: {\n    client: 'postgresql',\n    connection: { database: 'my_db' },\n    migrations: {\n      tableName: 'knex_migrations'\n    }\n  }\n\n};\n",
        true,
        true,
    ),
    (
        "g/b.ts",
        "import type { Knex } from \"knex\";\n\n// Update with your config settings.\n\nconst config: { [key: string]: Knex.Config } = {\n  production: { client: \"postgresql\", connection: { port: Number(process.env.PORT!) } }\n};\n\nmodule.exports = config;\n",
        true,
        false,
    ),
    (
        "g/c.ts",
        "import { Knex } from 'knex';\nimport path from 'path';\nconst base: Knex.Config = { client: 'pg' };\nexport default { ...base, migrations: { directory: path.join(__dirname, 'm') } };\n",
        true,
        false,
    ),
    (
        "g/b2.ts",
        "import type { Knex } from 'knex';\nmodule.exports = { default: { client: 'pg' } };\n",
        true,
        false,
    ),
    ("g/b3.ts", "export default { client: 'pg' };\nmodule.exports = { client: 'sqlite3' };\n", false, false),
    ("g/d.ts", "import { Knex } from 'knex';\nexport default { client: Knex.name };\n", false, false),
    (
        "g/e.mjs",
        "import path from 'node:path';\nimport { fileURLToPath } from 'url';\nconst __filename = fileURLToPath(import.meta.url);\nconst __dirname = path.dirname(__filename);\nexport default { client: 'pg', migrations: { directory: path.resolve(__dirname, 'm') } };\n",
        true,
        true,
    ),
    (
        "g/f.mjs",
        "import * as path from 'path';\nimport process, { cwd } from 'process';\nexport default { client: 'pg' };\n",
        false,
        false,
    ),
    (
        "g/g.mjs",
        "import process from 'process';\nexport const client = 'pg';\nexport default { client, connection: process.env.URL };\n",
        true,
        true,
    ),
    ("g/h.mjs", "export const client = 'pg';\n", false, false),
    (
        "g/i.js",
        "'use strict'\nconst { URL: url, NONE = 'x', PORT: port = process.env.UNREAD } = process.env\nconst base = { client: 'pg', migrations: { tableName: 'a' } }\nmodule.exports = { ...base, connection: { url, NONE, port }, table: base.migrations.tableName, none: base.nothing }\n",
        true,
        true,
    ),
    (
        "g/j.js",
        "const { env } = process;\nconst isTest = env.NODE_ENV == 'test';\nexports.production = { client: isTest ? 'sqlite3' : 'pg' };\nmodule.exports.test = { client: 'sqlite3' };\n",
        true,
        true,
    ),
    (
        "g/k.js",
        "const config = { client: 'pg' };\nconfig.connection = process.env.URL;\nmodule.exports = config;\n",
        false,
        false,
    ),
    (
        "g/l.js",
        "let client = 'pg';\nif (process.env.URL) client = 'mysql';\nmodule.exports = { client };\n",
        false,
        false,
    ),
    ("g/m.js", "module.exports = { client };\nvar client = 'pg';\n", false, false),
    (
        "g/n.js",
        "module.exports = { pool: { afterCreate } };\nfunction afterCreate(connection, done) { done(); }\n",
        true,
        true,
    ),
    ("g/o.js", "export default { client: 'pg', connection: process.env.URL };\n", true, false),
    ("g/p.js", "const a = 1; export default { client: 'pg' };\n", false, false),
    ("g/q.cjs", "export default { client: 'pg' };\n", false, false),
    (
        "h/r.js",
        "import { join } from 'path';\nexport default () => ({ client: 'pg', a: join('a', 'b') });\n",
        true,
        true,
    ),
    ("h/s.js", "module.exports = { client: 'pg' };\n", false, false),
    ("h/t.cjs", "module.exports = { client: 'pg' };\n", true, true),
    (
        "g/u.js",
        "#!/usr/bin/env node\nconst path = require('path');\nmodule.exports = { client: 'pg', a: path.sep, b: path.normalize('a//b') };\n",
        true,
        true,
    ),
    ("g/v.js", "\u{feff}module.exports = { client: 'pg' };\n", false, false),
    ("g/w.js", "module.exports = { client: 'pg', };;\nconst = 2;\n", false, false),
    (
        "g/x.js",
        "const process = { env: {} };\nmodule.exports = { client: 'pg', connection: process.env.URL };\n",
        true,
        true,
    ),
    (
        "g/y.js",
        "const require = (name) => name;\nmodule.exports = { client: require('pg') };\n",
        false,
        false,
    ),
    ("node_modules/z/a.js", "module.exports = { client: process.env.DIALECT };\n", true, true),
    ("g/with space.js", "module.exports = { client: 'pg' };\n", false, false),
    ("g/a.ts", "enum A { B }\nexport default { client: 'pg', a: A.B };\n", false, false),
    ("g/aa.ts", "export = { client: 'pg' };\n", false, false),
    ("g/ab.js", "console.log('a');\nmodule.exports = { client: 'pg' };\n", false, false),
    ("g/ac.js", "process.env.URL = 'x';\nmodule.exports = { client: 'pg' };\n", false, false),
    (
        "g/o2.js",
        "/** @type {import('knex').Knex.Config} */\nexport default { client: 'pg' };\n",
        false,
        false,
    ),
    ("g/ad.js", "module.exports = { client: 'pg', a: 'x'.split('') };\n", false, false),
];

#[test]
fn whole_files_are_read_as_they_are_evaluated() {
    let mut both = Both::new();
    both.write("h/package.json", r#"{"type": "module"}"#);
    both.write("package.json", r#"{"name": "shop"}"#);
    for (name, text, in_sandbox, on_host) in FILES {
        assert_eq!(both.is_understood(name, text, None), *in_sandbox, "{name}");
        assert_eq!(
            both.read(&both.project.join(name), None, false).is_some(),
            *on_host,
            "{name} on the host"
        );
    }
}

/// The files of a folder of real projects; each is read both ways.
#[test]
fn the_files_of_a_folder_are_read_as_they_are_evaluated() {
    let Some(corpus) = env::var_os("DUNLIN_TEST_KNEXFILES") else { return };
    let mut both = Both::new();
    for entry in fs::read_dir(corpus).unwrap().map(Result::unwrap) {
        let name = entry.file_name().into_string().unwrap();
        let text = fs::read_to_string(entry.path()).unwrap();
        for environment in [None, Some("development"), Some("testing")] {
            let understood = both.is_understood(&format!("files/{name}"), &text, environment);
            println!("{name} {environment:?}: {understood}");
        }
    }
    drop(both.folder);
}
