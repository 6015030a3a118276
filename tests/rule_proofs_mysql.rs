//! What the safety rules claim of MySQL and MariaDB, held against the servers: for each clause the gentlest `ALGORITHM` and `LOCK`
//! that the server takes, and whether the table is written anew; for each rule its examples.
// All of this is test code; the lints see only functions marked `#[test]` as such.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use std::collections::BTreeMap;

use dunlin::ddl::{self, Known, MysqlAlgorithm, ServerVersion, TableLock, TableName};
use dunlin::engine::CatalogFacts;
use dunlin::lint::{self, Direction, Example, Facts, Finding, Migration, Severity};
use dunlin_compat::model::Dialect;
use mysql::prelude::Queryable;
use support::{Database, ServerKind};

/// A session that administers a database of its own.
struct Server {
    database: Database,
    session: mysql::Conn,
    version: ServerVersion,
}

impl Server {
    fn open(kind: ServerKind) -> Option<Server> {
        let database = Database::create(kind)?;
        let mut session = mysql::Conn::new(mysql::Opts::from_url(&database.url()).unwrap()).unwrap();
        let text: String = session.query_first("SELECT version()").unwrap().unwrap();
        let mut numbers = text.split(['.', '-']).map(|number| number.parse().unwrap_or(0));
        let mut next = || numbers.next().unwrap_or(0);
        let dialect = if kind == ServerKind::MySql { Dialect::Mysql } else { Dialect::Mariadb };
        let version = ServerVersion { dialect, version: (next(), next(), next()) };
        Some(Server { database, session, version })
    }

    /// Takes every table away and runs statements.
    fn reset(&mut self, setup: &str) {
        self.session.query_drop("UNLOCK TABLES").unwrap();
        self.session.query_drop("ROLLBACK").unwrap();
        self.session.query_drop("SET foreign_key_checks = 0").unwrap();
        let tables: Vec<String> = self
            .session
            .query("SELECT table_name FROM information_schema.tables WHERE table_schema = database()")
            .unwrap();
        for table in tables {
            self.session.query_drop(format!("DROP TABLE `{table}`")).unwrap();
        }
        self.session.query_drop("SET foreign_key_checks = 1, lock_wait_timeout = 20").unwrap();
        for statement in self.cut(setup) {
            self.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }

    fn cut(&self, script: &str) -> Vec<String> {
        let found = dunlin::sql::split(script, self.version.dialect).unwrap();
        found.into_iter().map(|statement| statement.text).collect()
    }

    fn run(&mut self, statement: &str) -> Result<(), String> {
        self.session.query_drop(statement).map_err(|error| error.to_string())
    }

    /// Numbers that the server gives to a table's files, or its partitions': others once they are written anew.
    fn files(&mut self, table: &str) -> Vec<u64> {
        let view = if self.version.dialect == Dialect::Mysql { "innodb_tables" } else { "innodb_sys_tables" };
        let name = format!("{}/{table}", self.database.name());
        self.session
            .exec(
                format!(
                    "SELECT table_id FROM information_schema.{view} WHERE name = ? OR name LIKE ? ORDER BY 1"
                ),
                (&name, format!("{name}#p#%")),
            )
            .unwrap()
    }

    /// The gentlest way that the server takes for a statement that names none. What is refused changes nothing.
    fn gentlest(&mut self, statement: &str) -> Result<MysqlAlgorithm, String> {
        use MysqlAlgorithm as A;
        let mut ways = vec![("INSTANT", "DEFAULT", A::Instant)];
        if self.version.dialect == Dialect::Mariadb {
            ways.push(("NOCOPY", "NONE", A::InPlace));
        }
        ways.extend([
            ("INPLACE", "NONE", A::InPlace),
            ("INPLACE", "SHARED", A::InPlaceShared),
            ("COPY", "NONE", A::CopyOnline),
            ("COPY", "SHARED", A::Copy),
            ("DEFAULT", "EXCLUSIVE", A::Exclusive),
        ]);
        let mut last = String::new();
        for (algorithm, lock, found) in ways {
            match self.run(&named(statement, algorithm, lock)) {
                Ok(()) => return Ok(found),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// What the catalog tells of a table, as `lint` asks it.
    fn facts<T>(&self, ask: impl FnOnce(&dyn Facts) -> T) -> T {
        let url = dunlin::db::DatabaseUrl::parse(&self.database.url()).unwrap();
        let mut connection = dunlin::db::connect(&url, &Default::default()).unwrap();
        let facts = CatalogFacts::new(connection.as_mut());
        ask(&facts)
    }

    fn known(&self, table: &str) -> Known {
        self.facts(|facts| facts.table(&TableName::plain(table)).map(|facts| facts.known).unwrap_or_default())
    }
}

/// The statement with a way to carry it out: behind an index, in front of partitions, else behind the last clause.
fn named(statement: &str, algorithm: &str, lock: &str) -> String {
    let upper = statement.to_ascii_uppercase();
    if !upper.starts_with("ALTER") {
        return format!("{statement} ALGORITHM={algorithm} LOCK={lock}");
    }
    if !upper.contains("PARTITION") && !upper.contains("ORDER BY") {
        return format!("{statement}, ALGORITHM={algorithm}, LOCK={lock}");
    }
    let mut words = statement.splitn(4, ' ');
    let (table, rest) = (words.nth(2).unwrap(), words.next().unwrap());
    let comma = if rest.starts_with("PARTITION BY") || rest.starts_with("REMOVE") { "" } else { "," };
    format!("ALTER TABLE {table} ALGORITHM={algorithm}, LOCK={lock}{comma} {rest}")
}

/// Runs the same on both servers at once, and fails with what was wrong on either.
fn on_each(check: fn(&mut Server) -> Vec<String>) {
    let found: Vec<String> = std::thread::scope(|scope| {
        let threads: Vec<_> =
            servers().into_iter().map(|mut server| scope.spawn(move || check(&mut server))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    assert!(found.is_empty(), "{}", found.join("\n"));
}

fn servers() -> Vec<Server> {
    [ServerKind::MySql, ServerKind::MariaDb].into_iter().filter_map(Server::open).collect()
}

/// Tables that the clauses below alter, with a row each: on an empty table MySQL rebuilds what it would do instantly.
const TABLES: &[(&str, &str)] = &[
    ("parent", "CREATE TABLE parent (id int PRIMARY KEY, n int); INSERT INTO parent VALUES (1, 1)"),
    (
        "t",
        "CREATE TABLE parent (id int PRIMARY KEY); INSERT INTO parent VALUES (1); CREATE TABLE t (id int PRIMARY KEY AUTO_INCREMENT, n \
         int, nn int NOT NULL, s varchar(20), long_s varchar(300), latin varchar(20) CHARACTER SET latin1, three varchar(20) CHARACTER \
         SET utf8mb3 COLLATE utf8mb3_general_ci, body text, c char(10), e enum('a','b'), flags set('a','b','c'), d decimal(8,2), moment \
         datetime, yes tinyint(1), vb varbinary(20), i int, si varchar(20), fkc int, ni int NOT NULL, KEY ix (i), KEY ixs (si), \
         CONSTRAINT fk1 FOREIGN KEY (fkc) REFERENCES parent (id), CONSTRAINT ck1 CHECK (nn > -5)) CHARACTER SET utf8mb4; INSERT INTO t \
         (nn, ni, n) VALUES (1, 1, 1)",
    ),
    ("plain", "CREATE TABLE plain (id int PRIMARY KEY, n int); INSERT INTO plain VALUES (1, 1)"),
    (
        "made",
        "CREATE TABLE made (id int PRIMARY KEY, n int, v int GENERATED ALWAYS AS (n + 1) VIRTUAL, st int GENERATED ALWAYS AS (n + 1) \
         STORED); INSERT INTO made (id, n) VALUES (1, 1)",
    ),
    ("keyless", "CREATE TABLE keyless (a int NOT NULL, b int); INSERT INTO keyless VALUES (1, 1)"),
    (
        "ranges",
        "CREATE TABLE ranges (id int PRIMARY KEY, n int) PARTITION BY RANGE (id) (PARTITION p0 VALUES LESS THAN (10), PARTITION p1 \
         VALUES LESS THAN (20)); INSERT INTO ranges VALUES (1, 1)",
    ),
    (
        "hashes",
        "CREATE TABLE hashes (id int PRIMARY KEY, n int) PARTITION BY HASH (id) PARTITIONS 4; INSERT INTO hashes VALUES (1, 1)",
    ),
    (
        "words",
        "CREATE TABLE words (id int PRIMARY KEY, s text, s2 text, n int, FULLTEXT KEY ixft (s)); INSERT INTO words VALUES (1, 'a', 'b', \
         1)",
    ),
    (
        "packed",
        "CREATE TABLE packed (id int PRIMARY KEY, n int) ROW_FORMAT=COMPRESSED; INSERT INTO packed VALUES (1, 1)",
    ),
    (
        "old",
        "CREATE TABLE old (id int PRIMARY KEY, n int, KEY ix (n)) ENGINE=MyISAM; INSERT INTO old VALUES (1, 1)",
    ),
];

/// Clauses of `ALTER TABLE` by their table.
const CLAUSES: &[(&str, &[&str])] = &[
    (
        "t",
        &[
            "ADD COLUMN x int",
            "ADD COLUMN x int NOT NULL DEFAULT 5",
            "ADD COLUMN x int FIRST",
            "ADD COLUMN x int AFTER id",
            "ADD COLUMN x datetime NOT NULL DEFAULT CURRENT_TIMESTAMP",
            "ADD COLUMN x timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP ON UPDATE CURRENT_TIMESTAMP",
            "ADD COLUMN x int DEFAULT -1",
            "ADD COLUMN x int DEFAULT (1 + 2)",
            "ADD COLUMN x varchar(20) DEFAULT (concat('a', 'b'))",
            "ADD COLUMN x int GENERATED ALWAYS AS (n + 1) VIRTUAL",
            "ADD COLUMN x int GENERATED ALWAYS AS (n + 1) STORED",
            "ADD COLUMN x int UNIQUE",
            "ADD COLUMN x int CHECK (x > 0)",
            "ADD COLUMN x int REFERENCES parent (id)",
            "ADD COLUMN x json",
            "ADD COLUMN x int COMMENT 'hello' INVISIBLE",
            "ADD COLUMN x int, ADD COLUMN y int",
            "ADD COLUMN x int, ADD INDEX xn (n)",
            "DROP COLUMN n",
            "DROP COLUMN i",
            "DROP COLUMN n, ADD COLUMN x int",
            "DROP COLUMN fkc, DROP FOREIGN KEY fk1",
            "RENAME COLUMN n TO n2",
            "RENAME COLUMN fkc TO fkc2",
            "RENAME COLUMN n TO n2, ADD COLUMN x int",
            "CHANGE n n2 int",
            "CHANGE n n2 bigint",
            "ALTER COLUMN n SET DEFAULT 3",
            "ALTER COLUMN n DROP DEFAULT",
            "MODIFY n int",
            "MODIFY n integer",
            "MODIFY n bigint",
            "MODIFY n int unsigned",
            "MODIFY n int NOT NULL",
            "MODIFY nn int",
            "MODIFY nn int NOT NULL FIRST",
            "MODIFY n int COMMENT 'x'",
            "MODIFY n int DEFAULT 4",
            "MODIFY n int UNIQUE",
            "MODIFY n int CHECK (n > 0)",
            "MODIFY s varchar(30)",
            "MODIFY s varchar(10)",
            "MODIFY s varchar(63)",
            "MODIFY s varchar(64)",
            "MODIFY long_s varchar(400)",
            "MODIFY long_s varchar(200)",
            "MODIFY latin varchar(255) CHARACTER SET latin1",
            "MODIFY latin varchar(256) CHARACTER SET latin1",
            "MODIFY latin varchar(20) CHARACTER SET utf8mb4",
            "MODIFY latin varchar(20) CHARACTER SET latin1 COLLATE latin1_bin",
            "MODIFY s varchar(20) CHARACTER SET latin1",
            "MODIFY s varchar(20) COLLATE utf8mb4_bin",
            "MODIFY si varchar(20) COLLATE utf8mb4_bin",
            "MODIFY three varchar(20) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
            "MODIFY three varchar(80) CHARACTER SET utf8mb4 COLLATE utf8mb4_general_ci",
            "MODIFY three varchar(80) CHARACTER SET utf8mb3 COLLATE utf8mb3_general_ci",
            "MODIFY s text",
            "MODIFY body varchar(20)",
            "MODIFY body mediumtext",
            "MODIFY c char(20)",
            "MODIFY c varchar(10)",
            "MODIFY e enum('a','b','c')",
            "MODIFY e enum('a')",
            "MODIFY e enum('b','a')",
            "MODIFY e enum('z','a','b')",
            "MODIFY flags set('a','b','c','d','e','f','g','h')",
            "MODIFY flags set('a','b','c','d','e','f','g','h','i')",
            "MODIFY flags set('a','b')",
            "MODIFY d decimal(10,2)",
            "MODIFY d numeric(8,2)",
            "MODIFY moment datetime(6)",
            "MODIFY moment timestamp NULL",
            "MODIFY yes boolean",
            "MODIFY yes int",
            "MODIFY vb varbinary(30)",
            "MODIFY vb varbinary(300)",
            "MODIFY i bigint",
            "MODIFY si varchar(30)",
            "ADD INDEX xi (n)",
            "ADD UNIQUE INDEX xi (n)",
            "ADD INDEX xi (n DESC, s(5))",
            "ADD FULLTEXT INDEX xi (s)",
            "DROP INDEX ix",
            "RENAME INDEX ix TO ix2",
            "ADD CONSTRAINT fk9 FOREIGN KEY (n) REFERENCES parent (id)",
            "DROP FOREIGN KEY fk1",
            "ADD CHECK (n > 0)",
            "CONVERT TO CHARACTER SET latin1",
            "CONVERT TO CHARACTER SET utf8mb4",
            "DEFAULT CHARACTER SET latin1",
            "ENGINE=InnoDB",
            "FORCE",
            "ROW_FORMAT=COMPRESSED",
            "KEY_BLOCK_SIZE=8",
            "AUTO_INCREMENT=1000",
            "COMMENT='hello'",
            "STATS_PERSISTENT=1, STATS_SAMPLE_PAGES=25",
            "DISABLE KEYS",
        ],
    ),
    (
        "plain",
        &[
            "ADD COLUMN x int NOT NULL AUTO_INCREMENT UNIQUE",
            "ADD COLUMN x serial",
            "MODIFY id int AUTO_INCREMENT",
            "MODIFY id int NOT NULL",
            "DROP PRIMARY KEY",
            "DROP PRIMARY KEY, ADD PRIMARY KEY (n)",
            "ENGINE=MyISAM",
            "RENAME TO renamed",
            "ADD COLUMN x int, RENAME TO renamed",
            "MODIFY id bigint",
        ],
    ),
    ("parent", &["DROP COLUMN n", "MODIFY id bigint"]),
    (
        "made",
        &[
            "DROP COLUMN v",
            "DROP COLUMN st",
            "ADD COLUMN x int",
            "ADD COLUMN x int FIRST",
            "MODIFY n bigint",
            "MODIFY st int",
            "ADD INDEX xi (v)",
        ],
    ),
    (
        "keyless",
        &[
            "ADD PRIMARY KEY (a)",
            "ADD UNIQUE (a)",
            "ADD UNIQUE (b)",
            "ADD COLUMN id int NOT NULL AUTO_INCREMENT PRIMARY KEY",
            "ADD COLUMN x int",
            "FORCE",
        ],
    ),
    ("ranges", &["ADD COLUMN x int", "ADD INDEX xi (n)"]),
    (
        "words",
        &[
            "ADD FULLTEXT INDEX i2 (s2)",
            "ADD COLUMN x int",
            "ADD INDEX i2 (n)",
            "DROP COLUMN n",
            "FORCE",
            "MODIFY n bigint",
            "MODIFY n int NOT NULL",
            "DROP INDEX ixft",
            "RENAME COLUMN n TO m",
        ],
    ),
    ("packed", &["ADD COLUMN x int", "DROP COLUMN n", "ADD INDEX xi (n)"]),
    (
        "old",
        &[
            "ADD COLUMN x int",
            "ADD INDEX xi (n)",
            "ALTER COLUMN n SET DEFAULT 3",
            "RENAME COLUMN n TO m",
            "DROP INDEX ix",
        ],
    ),
];

/// Of MySQL alone: MariaDB has no such clause, or takes no `ALGORITHM` for it.
const OF_MYSQL: &[(&str, &[&str])] = &[
    (
        "t",
        &[
            "ALTER COLUMN n SET INVISIBLE",
            "ALTER INDEX ix INVISIBLE",
            "ADD INDEX xi ((n + 1))",
            "ADD CONSTRAINT ck CHECK (n > 0) NOT ENFORCED",
            "DROP CHECK ck1",
            "ALTER CHECK ck1 NOT ENFORCED",
        ],
    ),
    ("made", &["MODIFY v int GENERATED ALWAYS AS (n + 2) VIRTUAL"]),
    (
        "ranges",
        &[
            "ADD PARTITION (PARTITION p9 VALUES LESS THAN (900))",
            "DROP PARTITION p1",
            "REORGANIZE PARTITION p1 INTO (PARTITION p1a VALUES LESS THAN (15), PARTITION p1b VALUES LESS THAN (20))",
            "REBUILD PARTITION p0",
            "REMOVE PARTITIONING",
            "PARTITION BY HASH (id) PARTITIONS 3",
        ],
    ),
    ("hashes", &["ADD PARTITION PARTITIONS 2", "COALESCE PARTITION 1"]),
    ("plain", &["PARTITION BY HASH (id) PARTITIONS 4", "ORDER BY n"]),
];

/// Of MariaDB alone.
const OF_MARIADB: &[(&str, &[&str])] = &[
    ("t", &["DROP CONSTRAINT ck1", "ALTER INDEX ix IGNORED", "ADD SYSTEM VERSIONING", "PAGE_COMPRESSED=1"]),
    (
        "plain",
        &[
            "ADD COLUMN x varchar(36) DEFAULT (uuid())",
            "ADD COLUMN x int DEFAULT (n)",
            "ADD COLUMN x double DEFAULT (rand())",
        ],
    ),
];

#[test]
fn each_clause_is_carried_out_as_it_is_said() {
    on_each(clauses_of);
}

fn clauses_of(server: &mut Server) -> Vec<String> {
    let setups: BTreeMap<&str, &str> = TABLES.iter().copied().collect();
    let mut wrong = Vec::new();
    let own = if server.version.dialect == Dialect::Mysql { OF_MYSQL } else { OF_MARIADB };
    for (table, clauses) in CLAUSES.iter().chain(own) {
        server.reset(setups[table]);
        let known = server.known(table);
        for clause in *clauses {
            server.reset(setups[table]);
            let statement = format!("ALTER TABLE {table} {clause}");
            let read = ddl::read(&statement, server.version);
            assert!(read.unread.is_empty(), "{statement}: {:?}", read.unread);
            let said = ddl::mysql_gentlest(&read, server.version, &|_| known.clone()).unwrap();
            let before = server.files(table);
            let found = match server.gentlest(&statement) {
                Ok(found) => found,
                Err(error) => {
                    wrong.push(format!("{}: {statement}: {error}", server.version.dialect));
                    continue;
                }
            };
            let after = server.files(if clause.contains("RENAME TO") { "renamed" } else { table });
            let TableLock::Mysql(algorithm) = said.lock else { panic!("{statement}: {said:?}") };
            // Files that were there must be there still; a partition may come or go.
            let kept = before.iter().filter(|file| after.contains(file)).count();
            let dropped = usize::from(clause.contains("DROP PARTITION"));
            let is_visible = !matches!(*table, "old");
            let rewritten = kept + dropped < before.len();
            // MariaDB takes ALGORITHM=INSTANT for another engine and copies all the same.
            let found =
                if rewritten && found == MysqlAlgorithm::Instant { MysqlAlgorithm::Copy } else { found };
            if algorithm != found || is_visible && rewritten != said.rewrites {
                wrong.push(format!(
                    "{}: {statement}: said {algorithm:?} and {}, was {found:?} and {rewritten}",
                    server.version.dialect, said.rewrites
                ));
            }
        }
    }
    wrong
}

/// A statement by itself, as a migration of nothing else.
fn migration(statements: Vec<String>) -> Migration {
    let statement = |(line, text): (usize, String)| lint::Statement {
        text,
        path: "1.sql".into(),
        line: line + 1,
        column: 1,
        transaction: None,
        is_batched: false,
    };
    Migration {
        id: "1".into(),
        path: "1.sql".into(),
        direction: Direction::Up,
        has_down: Some(true),
        missing_down: None,
        is_code: false,
        has_lock_timeout: false,
        statements: statements.into_iter().enumerate().map(statement).collect(),
    }
}

fn findings(server: &Server, statements: Vec<String>, rule: &str) -> Vec<Finding> {
    let settings = lint::Settings { on: vec![rule.to_owned()], ..Default::default() };
    server.facts(|facts| lint::findings(&[migration(statements)], server.version, Some(facts), &settings))
}

fn examples(dialect: Dialect) -> impl Iterator<Item = (&'static lint::Rule, &'static Example)> {
    lint::rules().flat_map(|rule| rule.examples.iter().map(move |example| (rule, example))).filter(
        move |(rule, example)| {
            example.dialects.contains(&dialect) && rule.dialects.iter().any(|one| *one != Dialect::Postgres)
        },
    )
}

#[test]
fn each_rule_finds_what_it_flags_and_leaves_the_safe_form_alone() {
    on_each(examples_of);
}

fn examples_of(server: &mut Server) -> Vec<String> {
    let mut wrong = Vec::new();
    for (rule, example) in examples(server.version.dialect) {
        let place = format!("{}: {}: {}", server.version.dialect, rule.id, example.flagged);
        server.reset(example.setup);
        let found = findings(server, server.cut(example.flagged), rule.id);
        if !found.iter().any(|finding| finding.rule == rule.id) {
            wrong.push(format!("{place}: not found"));
        }
        let safe = findings(server, server.cut(example.safe), rule.id);
        for finding in safe.iter().filter(|finding| {
            finding.rule == rule.id && finding.severity > Severity::Note
                || finding.severity == Severity::Error
        }) {
            wrong.push(format!("{place}: the safe form is found by {}: {}", finding.rule, finding.message));
        }
        prove(server, example, &place, &mut wrong);
        for fix in
            found.iter().filter(|finding| finding.rule == rule.id).filter_map(|finding| finding.fix.as_ref())
        {
            // What is sent in batches has places for the keys.
            if fix.groups.iter().any(|group| group.batch.is_some()) {
                continue;
            }
            let fixed: Vec<String> = fix.groups.iter().flat_map(|group| group.statements.clone()).collect();
            server.reset(example.setup);
            let left = findings(server, fixed.clone(), rule.id);
            if left.iter().any(|finding| finding.rule == rule.id) {
                wrong.push(format!("{place}: the fix is found again: {fixed:?}"));
            }
            for statement in &fixed {
                if let Err(error) = server.run(statement) {
                    wrong.push(format!("{place}: {statement}: {error}"));
                }
            }
            let by_fix = definitions(server);
            server.reset(example.setup);
            for statement in server.cut(example.flagged) {
                let _ = server.run(&statement);
            }
            if definitions(server) != by_fix {
                wrong.push(format!("{place}: the fix leaves another schema: {by_fix:?}"));
            }
        }
    }
    wrong
}

/// The tables as the server defines them.
fn definitions(server: &mut Server) -> Vec<String> {
    let tables: Vec<String> = server.session.query("SHOW TABLES").unwrap();
    let mut found = Vec::new();
    for table in tables {
        let row: Option<(String, String)> =
            server.session.query_first(format!("SHOW CREATE TABLE `{table}`")).unwrap();
        found.extend(row.map(|(_, text)| text));
    }
    found
}

/// Runs an example on the server.
fn prove(server: &mut Server, example: &Example, place: &str, wrong: &mut Vec<String>) {
    for (script, (lock, rewrites)) in
        [(example.flagged, example.flagged_does), (example.safe, example.safe_does)]
    {
        let mut statements = server.cut(script);
        // What restores a setting comes behind what is meant.
        while statements.len() > 1 && statements.last().is_some_and(|last| last.starts_with("SET ")) {
            statements.pop();
        }
        let Some(last) = statements.pop() else { continue };
        server.reset(example.setup);
        for statement in &statements {
            if let Err(error) = server.run(statement) {
                wrong.push(format!("{place}: {statement}: {error}"));
            }
        }
        match lock {
            "error" => {
                if server.run(&last).is_ok() {
                    wrong.push(format!("{place}: the server takes {last}"));
                }
            }
            "LOCK=EXCLUSIVE" => {
                server.run(&last).unwrap();
                let mut other =
                    mysql::Conn::new(mysql::Opts::from_url(&server.database.url()).unwrap()).unwrap();
                other.query_drop("SET lock_wait_timeout = 1").unwrap();
                if other.query_drop("SELECT * FROM orders").is_ok() {
                    wrong.push(format!("{place}: others read meanwhile"));
                }
            }
            "" => {
                if let Err(error) = server.run(&last) {
                    wrong.push(format!("{place}: {last}: {error}"));
                }
            }
            _ => {
                let read = ddl::read(&last, server.version);
                let table = read.changes[0].kind.altered_table().map(|table| table.name.clone());
                let table = table.or_else(|| match &read.changes[0].kind {
                    ddl::ChangeKind::CreateIndex { index, .. } => Some(index.table.name.clone()),
                    _ => None,
                });
                let table = table.unwrap_or_else(|| "orders".to_owned());
                let before = server.files(&table);
                let names_way = read.algorithm.is_some() || read.lock.is_some();
                let found = if names_way {
                    // The server takes it as it is named; what that is, is read from it.
                    server.run(&last).map(|()| named_way(&read))
                } else {
                    server.gentlest(&last)
                };
                let rewritten = before != server.files(&table);
                let found = match found {
                    Ok(MysqlAlgorithm::Instant) if rewritten => MysqlAlgorithm::Copy,
                    Ok(found) => found,
                    Err(error) => {
                        wrong.push(format!("{place}: {last}: {error}"));
                        continue;
                    }
                };
                let found = TableLock::Mysql(found).to_string();
                // MariaDB calls instant what MySQL does in place in the dictionary.
                let gentler = lock == "ALGORITHM=INPLACE, LOCK=NONE"
                    && found == "ALGORITHM=INSTANT"
                    && script == example.safe;
                let invisible = last.contains("MyISAM");
                if found != lock && !gentler || rewritten != rewrites && !invisible {
                    wrong.push(format!(
                        "{place}: {last}: said {lock} and {rewrites}, was {found} and {rewritten}"
                    ));
                }
            }
        }
    }
}

fn named_way(read: &ddl::Statement) -> MysqlAlgorithm {
    match (read.algorithm.as_deref(), read.lock.as_deref()) {
        (Some("INSTANT"), _) => MysqlAlgorithm::Instant,
        (Some("COPY"), _) => MysqlAlgorithm::Copy,
        (_, Some("SHARED")) => MysqlAlgorithm::InPlaceShared,
        (_, Some("EXCLUSIVE")) => MysqlAlgorithm::Exclusive,
        _ => MysqlAlgorithm::InPlace,
    }
}

#[test]
fn a_new_foreign_key_waits_for_those_who_use_the_parent() {
    for mut server in servers() {
        server.reset(
            "CREATE TABLE customers (id int PRIMARY KEY); INSERT INTO customers VALUES (1); CREATE TABLE orders (id int PRIMARY KEY, \
             customer int, KEY (customer))",
        );
        let mut other = mysql::Conn::new(mysql::Opts::from_url(&server.database.url()).unwrap()).unwrap();
        other.query_drop("BEGIN").unwrap();
        let used = if server.version.dialect == Dialect::Mysql {
            "SELECT * FROM customers"
        } else {
            "INSERT INTO customers VALUES (2)"
        };
        other.query_drop(used).unwrap();
        server.run("SET lock_wait_timeout = 1").unwrap();
        let error = server
            .run("ALTER TABLE orders ADD CONSTRAINT c FOREIGN KEY (customer) REFERENCES customers (id)")
            .unwrap_err();
        assert!(error.contains("1205"), "{error}");
    }
}

#[test]
fn rows_get_the_implicit_default() {
    for mut server in servers() {
        server.reset("CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders VALUES (1)");
        for (column, value) in [
            ("int", "0"),
            ("varchar(5)", ""),
            ("enum('b','a')", "b"),
            ("decimal(5,2)", "0.00"),
            ("time", "00:00:00"),
        ] {
            server.run(&format!("ALTER TABLE orders ADD COLUMN x {column} NOT NULL")).unwrap();
            let found: Option<String> =
                server.session.query_first("SELECT cast(x AS char) FROM orders").unwrap();
            assert_eq!(found.as_deref(), Some(value), "{column}");
            server.run("ALTER TABLE orders DROP COLUMN x").unwrap();
        }
        for column in ["date", "datetime"] {
            let added = server.run(&format!("ALTER TABLE orders ADD COLUMN x {column} NOT NULL"));
            assert_eq!(added.is_err(), server.version.dialect == Dialect::Mysql, "{column}");
            let _ = server.run("ALTER TABLE orders DROP COLUMN x");
        }
    }
}

#[test]
fn attributes_that_are_not_repeated_are_gone() {
    for mut server in servers() {
        server.reset("CREATE TABLE orders (id int PRIMARY KEY, status varchar(20) NOT NULL DEFAULT 'new' COMMENT 'state')");
        server.run("ALTER TABLE orders MODIFY status varchar(30)").unwrap();
        let known = server.known("orders").columns.unwrap();
        let status = known.iter().find(|column| column.name == "status").unwrap();
        assert!(!status.not_null && status.default.is_none() && status.comment.is_empty(), "{status:?}");
    }
}

/// Statements that do no harm.
const SAFE: &[&str] = &[
    "CREATE TABLE customers (id bigint AUTO_INCREMENT PRIMARY KEY, name varchar(100) NOT NULL, mail varchar(255), UNIQUE KEY customers_mail (mail)) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4",
    "CREATE TABLE orders (id bigint unsigned AUTO_INCREMENT PRIMARY KEY, customer bigint NOT NULL, total decimal(10,2) NOT NULL DEFAULT 0, made datetime NOT NULL DEFAULT CURRENT_TIMESTAMP, KEY orders_customer (customer), CONSTRAINT orders_customer_fk FOREIGN KEY (customer) REFERENCES customers (id))",
    "CREATE TABLE IF NOT EXISTS tags (id int unsigned NOT NULL, name varchar(50), PRIMARY KEY (id))",
    "CREATE TABLE order_tags (order_id bigint unsigned NOT NULL, tag_id int unsigned NOT NULL, PRIMARY KEY (order_id, tag_id))",
    "CREATE TABLE sessions (token char(32) PRIMARY KEY, data json)",
    "CREATE TEMPORARY TABLE picked (id bigint)",
    "CREATE TABLE tags_copy LIKE tags",
    "SET NAMES utf8mb4",
    "SET SESSION lock_wait_timeout = 5",
    "SET @count = 3",
    "ALTER TABLE kept ADD COLUMN note varchar(200), ALGORITHM=INSTANT",
    "ALTER TABLE kept ADD COLUMN state varchar(20) NOT NULL DEFAULT 'new', ALGORITHM=INSTANT",
    "ALTER TABLE kept ADD COLUMN seen datetime DEFAULT CURRENT_TIMESTAMP",
    "ALTER TABLE kept ADD COLUMN size int unsigned NULL DEFAULT NULL",
    "ALTER TABLE kept ADD COLUMN shape json, ADD COLUMN color char(6)",
    "ALTER TABLE kept ADD COLUMN double_n int GENERATED ALWAYS AS (n * 2) VIRTUAL",
    "ALTER TABLE kept ADD INDEX kept_n (n), ALGORITHM=INPLACE, LOCK=NONE",
    "CREATE INDEX kept_s ON kept (s)",
    "CREATE INDEX kept_n_s ON kept (n, s) ALGORITHM=INPLACE LOCK=NONE",
    "CREATE INDEX kept_prefix ON kept (s(5))",
    "ALTER TABLE kept RENAME INDEX kept_s TO kept_text",
    "DROP INDEX kept_n ON kept",
    "ALTER TABLE kept DROP INDEX kept_text",
    "ALTER TABLE kept ALTER COLUMN size SET DEFAULT 1",
    "ALTER TABLE kept COMMENT = 'what is kept'",
    "ALTER TABLE kept AUTO_INCREMENT = 1000",
    "ALTER TABLE kept DEFAULT CHARACTER SET utf8mb4",
    "ALTER TABLE kept STATS_PERSISTENT = 1",
    "ALTER TABLE kept ENGINE = InnoDB",
    "ANALYZE TABLE kept",
    "INSERT INTO kept (id, n) VALUES (1, 2), (3, 4)",
    "INSERT IGNORE INTO tags (id, name) VALUES (1, 'new')",
    "INSERT INTO tags (id, name) VALUES (2, 'old') ON DUPLICATE KEY UPDATE name = 'old'",
    "REPLACE INTO tags (id, name) VALUES (3, 'odd')",
    "UPDATE kept SET n = 5 WHERE id = 1",
    "DELETE FROM tags WHERE id = 3",
    "UPDATE kept SET n = 6 WHERE n IS NULL LIMIT 100",
    "CREATE VIEW tag_names AS SELECT name FROM tags",
    "CREATE OR REPLACE VIEW tag_names AS SELECT id, name FROM tags",
    "SELECT count(*) FROM kept",
    "SHOW TABLES",
    "DROP TABLE IF EXISTS tags_copy",
    "DROP TEMPORARY TABLE picked",
    "CREATE TRIGGER tags_name BEFORE INSERT ON tags FOR EACH ROW SET NEW.name = lower(NEW.name)",
    "START TRANSACTION",
    "COMMIT",
];

#[test]
fn safe_statements_are_left_alone_and_run() {
    assert!(SAFE.len() >= 40);
    for mut server in servers() {
        let statements: Vec<String> = SAFE.iter().map(|statement| (*statement).to_owned()).collect();
        let mut whole = migration(statements.clone());
        whole.has_lock_timeout = true;
        let found = lint::findings(&[whole], server.version, None, &Default::default());
        let loud: Vec<String> = found
            .iter()
            .filter(|finding| finding.severity > Severity::Note)
            // The script does commit by itself.
            .map(|finding| format!("{} {}: {}", finding.rule, finding.statement, finding.message))
            .collect();
        assert!(loud.is_empty(), "{}", loud.join("\n"));
        server.reset("CREATE TABLE kept (id bigint AUTO_INCREMENT PRIMARY KEY, n int, s varchar(100)); INSERT INTO kept VALUES (9, 1, 'x')");
        for statement in statements {
            server.run(&statement).unwrap_or_else(|error| panic!("{statement}: {error}"));
        }
    }
}
