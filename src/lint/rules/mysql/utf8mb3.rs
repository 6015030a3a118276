use super::{MYSQL_FAMILY, defined};
use crate::ddl::ChangeKind;
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "utf8mb3",
    title: "Text is kept in three-byte UTF-8",
    dialects: MYSQL_FAMILY,
    severity: Severity::Warning,
    is_opt_in: false,
    explanation: "`utf8` is `utf8mb3`, which cannot hold characters beyond U+FFFF: an emoji makes an insert fail in strict mode, and is \
                  cut off with all that follows otherwise. To convert later copies the table.\n\nSay `utf8mb4`.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "",
        flagged: "CREATE TABLE notes (id bigint PRIMARY KEY, note varchar(20)) DEFAULT CHARSET=utf8",
        flagged_does: ("", false),
        safe: "CREATE TABLE notes (id bigint PRIMARY KEY, note varchar(20)) DEFAULT CHARSET=utf8mb4",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        let of_columns = defined(change).into_iter().filter_map(|(_, column)| column.collation.clone());
        let of_table: Vec<String> = match &change.kind {
            ChangeKind::CreateTable { options, .. } | ChangeKind::TableOptions { options, .. } => options
                .iter()
                .filter(|(name, _)| name == "CHARACTER SET" || name == "COLLATE")
                .map(|(_, value)| value.trim_matches(['\'', '"']).to_ascii_lowercase())
                .collect(),
            ChangeKind::ConvertCharacterSet { character_set, .. } => vec![character_set.to_ascii_lowercase()],
            _ => Vec::new(),
        };
        let narrow = |name: &String| {
            let set = name.split([' ', '_']).next().unwrap_or_default();
            set == "utf8" || set == "utf8mb3"
        };
        if of_columns.chain(of_table).any(|name| narrow(&name)) {
            let message = "utf8mb3 cannot hold characters beyond U+FFFF, such as emoji";
            hits.push(Hit::at(change, message, "Say utf8mb4.").whatever_size());
        }
    }
}
