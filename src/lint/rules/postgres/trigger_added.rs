use dunlin_compat::model::Dialect;

use super::form;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "trigger-added",
    title: "A trigger is added to a table in use",
    dialects: &[Dialect::Postgres],
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`CREATE TRIGGER` takes a SHARE ROW EXCLUSIVE lock, for a moment, and waits for whoever writes. From \
                 then on it runs with every row that the application changes: its cost and its errors become the \
                 application's.\n\nKeep it small, and test it under load first.",
    examples: &[Example {
        dialects: &[Dialect::Postgres],
        setup: "CREATE TABLE orders (id bigint PRIMARY KEY, number text, status text, total numeric); CREATE \
                         FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.status := 'x'; RETURN NEW; \
                         END $$",
        flagged: "CREATE TRIGGER orders_touch BEFORE UPDATE ON orders FOR EACH ROW EXECUTE FUNCTION touch()",
        flagged_does: ("ShareRowExclusiveLock", false),
        safe: "",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::CreateTrigger { table, name } = &change.kind else { continue };
        if form::is_harmless(site, table) {
            continue;
        }
        hits.push(
            Hit::at(
                change,
                format!("{name} runs with every change of {table} from now on, and adding it waits for whoever writes"),
                "Keep it small, and try it under load first.",
            )
            .on(table),
        );
    }
}
