use super::MYSQL_FAMILY;
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "character-set-converted",
    title: "All text of the table is converted",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`CONVERT TO CHARACTER SET` copies the table while nobody else writes to it, even where the encoding stays the same. \
                  It widens `TEXT` types so that the text still fits, can break unique keys under the new collation, and makes joins \
                  with columns that are not yet converted compare row by row instead of by index.\n\n`DEFAULT CHARACTER SET` alone \
                  changes only what new columns get. `VARCHAR` columns go from utf8mb3 to utf8mb4 in place one by one with `MODIFY`, \
                  if they are not indexed.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "CREATE TABLE orders (id int PRIMARY KEY, note varchar(20)) CHARACTER SET latin1; INSERT INTO orders VALUES (1, 'x')",
        flagged: "ALTER TABLE orders CONVERT TO CHARACTER SET utf8mb4",
        flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
        safe: "ALTER TABLE orders DEFAULT CHARACTER SET utf8mb4",
        safe_does: ("ALGORITHM=INPLACE, LOCK=NONE", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::ConvertCharacterSet { table, character_set } = &change.kind else { continue };
        if site.is_new(table) {
            continue;
        }
        let message = format!(
            "all text of {table} is converted to {character_set} by copying the table while nobody else writes to it"
        );
        hits.push(
            Hit::at(change, message, "Run it when nobody writes, or convert column by column.").on(table),
        );
    }
}
