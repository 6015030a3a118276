use super::{MYSQL_FAMILY, defined};
use crate::lint::{Check, Example, Hit, Rule, Severity, Site};

pub const RULE: Rule = Rule {
    id: "float-money",
    title: "Money is kept in a floating-point type",
    dialects: MYSQL_FAMILY,
    severity: Severity::Note,
    is_opt_in: false,
    explanation: "`FLOAT` and `DOUBLE` hold 0.1 only nearly: sums drift, and comparisons fail. To change the type later copies the \
                  table.\n\nUse `DECIMAL`, or whole cents in a `BIGINT`.",
    examples: &[Example {
        dialects: MYSQL_FAMILY,
        setup: "",
        flagged: "CREATE TABLE orders (id bigint PRIMARY KEY, price float)",
        flagged_does: ("", false),
        safe: "CREATE TABLE orders (id bigint PRIMARY KEY, price decimal(10,2))",
        safe_does: ("", false),
    }],
    squawk: &[],
    check: Check::Statement(check),
};

const WORDS: [&str; 16] = [
    "price", "prices", "amount", "total", "subtotal", "cost", "costs", "fee", "fees", "salary", "balance",
    "tax", "discount", "revenue", "payment", "money",
];

fn check(site: &Site<'_>, hits: &mut Vec<Hit>) {
    for change in site.changes() {
        for (table, column) in defined(change) {
            let kind = column.data_type.split([' ', '(']).next().unwrap_or_default();
            let is_money =
                column.name.split('_').any(|word| WORDS.iter().any(|money| money.eq_ignore_ascii_case(word)));
            if !matches!(kind, "float" | "double" | "real" | "float4" | "float8") || !is_money {
                continue;
            }
            let message = format!("{table}.{} is {kind}, which holds sums of money only nearly", column.name);
            hits.push(Hit::at(change, message, "Use DECIMAL, or whole cents.").whatever_size());
        }
    }
}
