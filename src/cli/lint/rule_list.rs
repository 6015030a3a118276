//! What rules there are, and what they are about.

use serde_json::{Value, json};

use crate::cli::failure::Failure;
use crate::cli::output;
use crate::cli::table::{self, Column, Squeeze};
use crate::lint::{self, Rule};

/// Lists the rules.
pub(super) fn print(as_json: bool) -> Result<(), Failure> {
    let mut rules: Vec<&Rule> = lint::rules().collect();
    rules.sort_by_key(|rule| rule.id);
    if as_json {
        return output::json(&Value::Array(rules.into_iter().map(document).collect()));
    }
    let columns = [
        Column { header: "RULE", squeeze: Squeeze::Never },
        Column { header: "SEVERITY", squeeze: Squeeze::Never },
        Column { header: "SERVERS", squeeze: Squeeze::LeaveOut(1) },
        Column { header: "ABOUT", squeeze: Squeeze::Cut },
    ];
    let rows: Vec<Vec<String>> = rules
        .iter()
        .map(|rule| {
            let severity =
                if rule.is_opt_in { format!("({})", rule.severity) } else { rule.severity.to_string() };
            vec![rule.id.to_owned(), severity, servers(rule), rule.title.to_owned()]
        })
        .collect();
    output::print(&table::format(&columns, &rows, output::columns(&console::Term::stdout()), |_, _| None))
}

/// Says what one rule is about.
pub(super) fn explain(id: &str, as_json: bool) -> Result<(), Failure> {
    let rule = find(id)?;
    if as_json {
        return output::json(&document(rule));
    }
    output::line(page(rule).trim_end())
}

/// The rule of an id.
pub(super) fn find(id: &str) -> Result<&'static Rule, Failure> {
    lint::rules().find(|rule| rule.id == id).ok_or_else(|| {
        let near = dunlin_compat::native::suggest::nearest(id, lint::rules().map(|rule| rule.id));
        let failure = Failure::usage(format!("there is no rule {id}"));
        match near {
            Some(near) => failure.help(format!("Did you mean {near}?")),
            None => failure.help("`dunlin lint --rules` lists them."),
        }
    })
}

fn servers(rule: &Rule) -> String {
    if rule.dialects.len() == 4 {
        return "all".to_owned();
    }
    rule.dialects.iter().map(ToString::to_string).collect::<Vec<String>>().join(", ")
}

fn document(rule: &Rule) -> Value {
    let examples =
        rule.examples.iter().map(|example| json!({ "flagged": example.flagged, "safe": example.safe }));
    json!({
        "id": rule.id,
        "title": rule.title,
        "severity": rule.severity.to_string(),
        "optIn": rule.is_opt_in,
        "servers": rule.dialects.iter().map(ToString::to_string).collect::<Vec<String>>(),
        "explanation": rule.explanation,
        "examples": examples.collect::<Vec<Value>>(),
    })
}

/// The page of a rule, in Markdown.
pub fn page(rule: &Rule) -> String {
    let opt_in = if rule.is_opt_in { ", off unless `on` of `[lint]` names it" } else { "" };
    let mut text = format!(
        "# {}\n\n{}.\n\nSeverity: {}{opt_in}. Servers: {}.\n\n{}\n",
        rule.id,
        rule.title,
        rule.severity,
        servers(rule),
        rule.explanation
    );
    let shown = |sql: &str| {
        let statements: Vec<&str> = sql.split("; ").collect();
        format!("```sql\n{};\n```\n", statements.join(";\n").trim_end_matches(';'))
    };
    for example in rule.examples {
        let names: Vec<String> = example.dialects.iter().map(ToString::to_string).collect();
        text.push_str(&format!("\n## {}\n\n{}", names.join(", "), shown(example.flagged)));
        if !example.safe.is_empty() {
            text.push_str(&format!("\nSafe:\n\n{}", shown(example.safe)));
        }
    }
    text
}
