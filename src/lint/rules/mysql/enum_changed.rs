use super::{MYSQL_FAMILY, attributes_lost::defined_before, known_column};
use crate::ddl::{ChangeKind, MysqlType, TypeChange, type_change};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "enum-changed",
    title: "Members of ENUM or SET are removed, reordered, put between others, or overflow their bytes",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "Members are stored by number. One added at the end changes the dictionary alone; one put before others, or a new \
                  order, renumbers them and copies the table while nobody else writes. Rows with a member that is removed make the \
                  statement fail in strict mode, and become the empty string otherwise. More than 255 members of an `ENUM`, or more \
                  than a multiple of 8 of a `SET`, need another byte and copy the table too.\n\nAdd members at the end, and first \
                  change the rows of one that goes. What the column was is known from the database or from the migration itself.",
    examples: &[
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, status enum('new','sent')); INSERT INTO orders VALUES (1, 'new')",
            flagged: "ALTER TABLE orders MODIFY status enum('draft','new','sent')",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "ALTER TABLE orders MODIFY status enum('new','sent','draft'), ALGORITHM=INSTANT",
            safe_does: ("ALGORITHM=INSTANT", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, status enum('new','sent','lost')); INSERT INTO orders VALUES (1, 'new')",
            flagged: "ALTER TABLE orders MODIFY status enum('new','sent')",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
        Example {
            dialects: MYSQL_FAMILY,
            setup: "CREATE TABLE orders (id int PRIMARY KEY, tags set('a','b','c','d','e','f','g','h')); INSERT INTO orders VALUES (1, 'a')",
            flagged: "ALTER TABLE orders MODIFY tags set('a','b','c','d','e','f','g','h','i')",
            flagged_does: ("ALGORITHM=COPY, LOCK=SHARED", true),
            safe: "",
            safe_does: ("", false),
        },
    ],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let ChangeKind::RedefineColumn { table, old_name, column, .. } = &change.kind else { continue };
        let before = known_column(site, table, old_name)
            .map(|known| known.data_type)
            .or_else(|| defined_before(site, change).map(|column| column.data_type));
        let Some(before) = before else { continue };
        let (was, is) = (MysqlType::of(&before), MysqlType::of(&column.data_type));
        if !was.has_members() {
            continue;
        }
        let gone = |member: &&String| !is.arguments.contains(member);
        let (message, advice) = match type_change(&was, &is, None, None) {
            TypeChange::Removed => {
                let removed: Vec<&str> = was.arguments.iter().filter(gone).map(String::as_str).collect();
                (
                    format!(
                        "{table}.{old_name} loses {}: rows that have it make this fail, or become empty without strict mode",
                        removed.join(", ")
                    ),
                    "Change those rows first.",
                )
            }
            TypeChange::Reordered => (
                format!(
                    "members of {table}.{old_name} get other numbers, so {table} is copied while nobody else writes to it"
                ),
                "Add members at the end.",
            ),
            TypeChange::Overflown => (
                format!(
                    "members of {table}.{old_name} need another byte, so {table} is copied while nobody else writes to it"
                ),
                "Run it when nobody writes.",
            ),
            _ => continue,
        };
        hits.push(Hit::at(change, message, advice).on(table));
    }
}
