//! Findings for the pages of a pull or merge request.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::shown;
use crate::lint::{Finding, Severity};

/// Workflow commands of GitHub Actions, a line each.
pub(super) fn github(findings: &[Finding]) -> String {
    findings
        .iter()
        .map(|finding| {
            let level = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "notice",
            };
            let mut place = format!("file={}", property(&shown(&finding.path)));
            if finding.line > 0 {
                place.push_str(&format!(",line={},col={}", finding.line, finding.column));
            }
            let message = text(finding);
            format!("::{level} {place},title={}::{}\n", property(&finding.rule), data(&message))
        })
        .collect()
}

/// What is special in a message of a workflow command.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The same in a property.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// GitLab's code quality report: an array of issues.
pub(super) fn gitlab(findings: &[Finding]) -> Value {
    let mut seen: Vec<String> = Vec::new();
    let issues = findings.iter().map(|finding| {
        // The same finding twice in a file is told apart by its number, not by its line, which moves.
        let base = format!("{}\0{}\0{}", finding.rule, shown(&finding.path), finding.statement);
        let number = seen.iter().filter(|other| **other == base).count();
        seen.push(base.clone());
        let digest = Sha256::digest(format!("{base}\0{number}"));
        let fingerprint: String = digest.iter().take(20).map(|byte| format!("{byte:02x}")).collect();
        json!({
            "description": text(finding),
            "check_name": finding.rule,
            "fingerprint": fingerprint,
            "severity": match finding.severity {
                Severity::Error => "critical",
                Severity::Warning => "major",
                Severity::Note => "info",
            },
            "location": { "path": shown(&finding.path), "lines": { "begin": finding.line.max(1) } },
        })
    });
    Value::Array(issues.collect())
}

fn text(finding: &Finding) -> String {
    if finding.advice.is_empty() {
        finding.message.clone()
    } else {
        format!("{}. {}", finding.message, finding.advice)
    }
}
