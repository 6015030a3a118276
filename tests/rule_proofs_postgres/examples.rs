//! Every example of every rule.

use dunlin::ddl::{self, Blocks, Effect, Known, ServerVersion, TableLock};
use dunlin::lint::{Example, Finding, Group, Rule, Severity};
use dunlin_compat::model::Dialect;

use crate::support::Database;
use crate::{database, linted, measure, server};

fn examples() -> Vec<(&'static Rule, &'static Example)> {
    let rules: Vec<&Rule> = dunlin::lint::rules().collect();
    rules
        .into_iter()
        .flat_map(|rule| rule.examples.iter().map(move |example| (rule, example)))
        .filter(|(_, example)| example.dialects.contains(&Dialect::Postgres))
        .collect()
}

/// An empty database with what the example needs.
fn set_up(database: &Database, example: &Example) {
    prepare(database, example.setup);
}

fn prepare(database: &Database, setup: &str) {
    database.sql(&format!("DROP SCHEMA public CASCADE; CREATE SCHEMA public;\n{setup};\n"));
}

fn effects(statements: &[String], server: ServerVersion) -> Vec<Effect> {
    let mut found = Vec::new();
    for text in statements {
        let read = ddl::read(text, server);
        for change in &read.changes {
            found.extend(ddl::effects(&read, change, server, &|_| Known::default()));
        }
    }
    found
}

fn strongest(effects: &[Effect]) -> &'static str {
    let locks = effects.iter().filter_map(|effect| match effect.lock {
        TableLock::Postgres(lock) => Some(lock),
        _ => None,
    });
    locks.max().map_or("", ddl::PostgresLock::mode)
}

#[test]
fn what_is_flagged_does_what_the_rule_says() {
    let Some(database) = database() else { return };
    // `SET TABLESPACE` needs a second one; another run of this test may have made it.
    database.try_sql("SET allow_in_place_tablespaces = on;\nCREATE TABLESPACE dunlin_fast LOCATION '';");
    let server = server(&database);
    let mut wrong = Vec::new();
    for (rule, example) in examples() {
        set_up(&database, example);
        let statements = measure::statements(example.flagged);
        let named = format!("{}: {}", rule.id, example.flagged);
        let (lock, rewrites) = example.flagged_does;
        if lock == "refused" {
            if database.try_sql(&format!("{};", statements.join(";\n"))).status == 0 {
                wrong.push(format!("{named}: the server does not refuse it"));
            }
            continue;
        }
        if lock.is_empty() && !rewrites {
            database.sql(&format!("{};", statements.join(";\n")));
            continue;
        }
        let is_alone = statements.len() == 1 && measure::is_alone(&statements[0]);
        let measured = if is_alone {
            measure::alone(&database, &statements[0])
        } else {
            measure::together(&database, &statements)
        };
        if (measured.mode(), measured.rewrites) != (lock, rewrites) {
            wrong.push(format!("{named}: the example says {lock} {rewrites}, the server does {measured:?}"));
        }
        let all = effects(&statements, server);
        // The locks of a domain are on tables that the statement does not name.
        if !all.is_empty() && strongest(&all) != measured.mode() {
            wrong.push(format!("{named}: effects say {}, the server does {measured:?}", strongest(&all)));
        }
        let last = effects(&statements[statements.len() - 1..], server);
        let says = (last.iter().any(|effect| effect.rewrites), last.iter().any(|effect| effect.scans));
        if says.0 != measured.rewrites {
            wrong.push(format!("{named}: effects say it rewrites: {}, the server {measured:?}", says.0));
        }
        // An index that is dropped is not read; what is rewritten may be read through an index.
        if !is_alone && !says.0 && !last.is_empty() && says.1 != measured.scans {
            wrong.push(format!("{named}: effects say it reads: {}, the server {measured:?}", says.1));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_safe_form_does_less() {
    let Some(database) = database() else { return };
    let mut wrong = Vec::new();
    for (rule, example) in examples().into_iter().filter(|(_, example)| !example.safe.is_empty()) {
        set_up(&database, example);
        let statements = measure::statements(example.safe);
        let named = format!("{}: {}", rule.id, example.safe);
        let (lock, rewrites) = example.safe_does;
        if lock.is_empty() {
            for statement in &statements {
                database.sql(&format!("{statement};"));
            }
            continue;
        }
        let measured = statements
            .iter()
            .map(|statement| {
                if measure::is_alone(statement) {
                    measure::alone(&database, statement)
                } else {
                    measure::together(&database, std::slice::from_ref(statement))
                }
            })
            .fold(measure::Measured::default(), measure::Measured::and);
        if (measured.mode(), measured.rewrites) != (lock, rewrites) {
            wrong.push(format!("{named}: the example says {lock} {rewrites}, the server does {measured:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_rule_finds_its_example_and_not_the_safe_form() {
    let newest = ServerVersion { dialect: Dialect::Postgres, version: (18, 0, 0) };
    let mut wrong = Vec::new();
    for (rule, example) in examples() {
        let mut migration = linted::migration(&linted::in_one(&measure::statements(example.flagged)));
        migration.has_lock_timeout = rule.id != "missing-lock-timeout";
        let found = linted::findings(migration, newest, rule.id);
        if !found.iter().any(|finding| finding.rule == rule.id) {
            wrong.push(format!("{}: not found in {}", rule.id, example.flagged));
        }
        if example.safe.is_empty() {
            continue;
        }
        let mut migration = linted::migration(&linted::apart(&measure::statements(example.safe)));
        migration.has_lock_timeout = rule.id != "missing-lock-timeout";
        for finding in linted::findings(migration, newest, rule.id) {
            if finding.rule == rule.id || finding.severity == Severity::Error {
                wrong.push(format!("{}: {} found in {}", rule.id, finding.rule, example.safe));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The fix's statements with their transactions, and batches as one statement over all keys.
fn statements_of(groups: &[Group]) -> Vec<(String, Option<usize>)> {
    let mut all = Vec::new();
    for (index, group) in groups.iter().enumerate() {
        for text in &group.statements {
            let text = text.replace(":from", "0").replace(":to", "1000000");
            all.push((text, group.transaction.then_some(index)));
        }
    }
    all
}

/// Other ways to write what is fixed: a rule, what it needs, the statement.
const FORMS: &[(&str, &str, &str)] = &[
    (
        "index-without-concurrently",
        SHOP,
        "create unique index if not exists \"Number\" on \"Orders\" (\"Number\" desc)",
    ),
    (
        "index-without-concurrently",
        SHOP,
        "CREATE INDEX ON customers /* why */ (lower(name)) WHERE name IS NOT NULL",
    ),
    ("drop-index-without-concurrently", SHOP, "drop index if exists by_name, \"By Number\""),
    ("reindex-without-concurrently", SHOP, "REINDEX (VERBOSE) INDEX by_name"),
    (
        "foreign-key-without-not-valid",
        SHOP,
        "ALTER TABLE \"Orders\" ADD FOREIGN KEY (customer_id) REFERENCES customers ON DELETE CASCADE",
    ),
    (
        "foreign-key-without-not-valid",
        SHOP,
        "alter table only public.\"Orders\" add note text, add constraint \"By\" foreign key (customer_id) references customers (id) deferrable initially deferred",
    ),
    ("check-without-not-valid", SHOP, "ALTER TABLE customers ADD CHECK (name <> '' AND length(name) < 100)"),
    ("check-without-not-valid", SHOP, "ALTER TABLE customers ADD CHECK (id > 0 OR name IS NULL)"),
    ("unique-constraint-without-index", SHOP, "ALTER TABLE customers ADD UNIQUE (name, id)"),
    (
        "unique-constraint-without-index",
        SHOP,
        "ALTER TABLE \"Orders\" ADD CONSTRAINT \"Of Customer\" UNIQUE (customer_id) DEFERRABLE INITIALLY DEFERRED, ADD note text",
    ),
    ("primary-key-without-index", SHOP, "alter table visits add primary key (id, day)"),
    ("set-not-null", SHOP, "ALTER TABLE \"Orders\" ALTER \"Number\" SET NOT NULL"),
    (
        "set-not-null",
        SHOP,
        "alter table if exists public.customers alter column name set not null, alter column name set default ''",
    ),
    (
        "reference-in-one-step",
        SHOP,
        "alter table customers add column referrer bigint references customers on delete set null",
    ),
];

const SHOP: &str = "CREATE TABLE customers (id bigint PRIMARY KEY, name text); CREATE TABLE \"Orders\" (id bigint PRIMARY KEY, \
                    customer_id bigint, \"Number\" text); CREATE INDEX by_name ON customers (name); CREATE INDEX \"By Number\" ON \
                    \"Orders\" (\"Number\"); CREATE TABLE visits (id bigint NOT NULL, day date NOT NULL); INSERT INTO customers VALUES \
                    (1, 'Ada'), (2, 'Grace'); INSERT INTO \"Orders\" VALUES (1, 1, 'A'), (2, 2, 'B')";

#[test]
fn a_fix_gives_the_same_schema_and_keeps_nobody_waiting() {
    let Some(database) = database() else { return };
    let server = server(&database);
    let mut wrong = Vec::new();
    let mut fixed = Vec::new();
    let all: Vec<(&'static str, &'static str, &'static str)> = examples()
        .into_iter()
        .map(|(rule, example)| (rule.id, example.setup, example.flagged))
        .chain(FORMS.iter().copied())
        .collect();
    for (id, setup, flagged) in all {
        let flagged = measure::statements(flagged);
        let [one] = flagged.as_slice() else { continue };
        let found = linted::findings(linted::migration(&linted::in_one(&flagged)), server, id);
        let fix =
            found.into_iter().find(|finding: &Finding| finding.rule == id).and_then(|finding| finding.fix);
        let named = format!("{id}: {one}");
        let Some(fix) = fix else {
            if setup == SHOP {
                wrong.push(format!("{named}: no fix"));
            }
            continue;
        };
        let fixed_statements = statements_of(&fix.groups);
        prepare(&database, setup);
        let flagged_schema = if database.try_sql(&format!("{one};")).status == 0 {
            Some(database.schema_dump())
        } else {
            None
        };
        prepare(&database, setup);
        for group in &fix.groups {
            let measured = if group.transaction {
                measure::together(&database, &group.statements)
            } else {
                let each = group.statements.iter().map(|text| measure::alone(&database, text));
                each.fold(measure::Measured::default(), measure::Measured::and)
            };
            let blocks = measured.lock.map_or(Blocks::Nothing, |lock| TableLock::Postgres(lock).blocks());
            if measured.rewrites || measured.scans && blocks != Blocks::Nothing {
                wrong.push(format!("{named}: the fix does {measured:?} in {:?}", group.statements));
            }
        }
        // A check is left of the bounds of a partition that was detached so; the rule says that it may be dropped.
        if id == "detach-partition-without-concurrently" {
            database.sql("ALTER TABLE visits_2020 DROP CONSTRAINT visits_2020_day_check;");
        }
        if let Some(schema) = flagged_schema
            && schema != database.schema_dump()
        {
            wrong.push(format!("{named}: another schema\n{schema}\n---\n{}", database.schema_dump()));
        }
        for finding in linted::findings(linted::migration(&fixed_statements), server, id) {
            // What the statement that is fixed has besides is not the fix's.
            let besides =
                ["unnamed-constraint", "foreign-key-without-index"].contains(&finding.rule.as_str());
            if finding.severity > Severity::Note && !besides {
                wrong.push(format!(
                    "{named}: the fix itself is found by {}: {}",
                    finding.rule, finding.message
                ));
            }
        }
        fixed.push(id);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for id in [
        "index-without-concurrently",
        "drop-index-without-concurrently",
        "reindex-without-concurrently",
        "detach-partition-without-concurrently",
        "foreign-key-without-not-valid",
        "check-without-not-valid",
        "unique-constraint-without-index",
        "primary-key-without-index",
        "set-not-null",
        "reference-in-one-step",
    ] {
        assert!(fixed.contains(&id), "{id} has no fix that was tried: {fixed:?}");
    }
}
