//! Findings as SARIF 2.1.0.

use serde_json::{Value, json};

use super::report::time_json;
use super::shown;
use crate::lint::{self, Finding, Severity};

/// The log: one run of one tool.
pub(super) fn document(findings: &[Finding]) -> Value {
    let rules: Vec<Value> = lint::rules()
        .map(|rule| {
            json!({
                "id": rule.id,
                "shortDescription": { "text": rule.title },
                "help": { "text": rule.explanation, "markdown": rule.explanation },
                "defaultConfiguration": { "level": level(rule.severity), "enabled": !rule.is_opt_in },
            })
        })
        .collect();
    let results: Vec<Value> = findings.iter().map(result).collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {
                "driver": { "name": "dunlin", "version": env!("CARGO_PKG_VERSION"), "rules": rules }
            },
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    }
}

fn result(finding: &Finding) -> Value {
    let uri = shown(&finding.path).replace('\\', "/");
    let mut place = json!({ "artifactLocation": { "uri": uri } });
    if finding.line > 0
        && let Some(place) = place.as_object_mut()
    {
        place
            .insert("region".to_owned(), json!({ "startLine": finding.line, "startColumn": finding.column }));
    }
    let text = if finding.advice.is_empty() {
        finding.message.clone()
    } else {
        format!("{}. {}", finding.message, finding.advice)
    };
    let mut result = json!({
        "ruleId": finding.rule,
        "level": level(finding.severity),
        "message": { "text": text },
        "locations": [{ "physicalLocation": place }],
    });
    if let (Some(size), Some(result)) = (&finding.size, result.as_object_mut()) {
        let time = finding.time.as_ref().map(time_json);
        result.insert("properties".to_owned(), json!({ "size": size, "time": time }));
    }
    result
}
