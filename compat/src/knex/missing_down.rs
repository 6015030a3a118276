//! Whether a migration can be taken back, as far as its file tells without being run.

use std::sync::LazyLock;

use regex::Regex;

use crate::model::MissingDown;

/// `exports.up = …`, `export async function up(…)`, `module.exports = { up … }`
const UP: &str = r"(?m)(\bexports\.up\s*=|\bexport\s+(async\s+)?function\s+up\b|\bexport\s+(const|let|var)\s+up\b|\bmodule\.exports\s*=\s*\{[^}]*\bup\b|\bexport\s+default\s*\{[^}]*\bup\b)";
/// A function named `down` with nothing between its braces.
const EMPTY_DOWN: &str = r"\bdown\s*(=|:)?\s*(:\s*[\w<>.\[\] ]+=\s*)?(async\s*)?(function\s*\w*\s*)?(\([^()]*\)|\w+)\s*(:\s*Promise<\w+>\s*)?(=>)?\s*\{\s*\}";

/// What is missing of `down`. A comment that names it, or stands in it, says that somebody has thought of it.
pub fn missing_down(text: &str) -> Option<MissingDown> {
    static UP_RULE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(UP).ok());
    static EMPTY_RULE: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(EMPTY_DOWN).ok());
    let up = UP_RULE.as_ref()?.find(text)?;
    let line = |offset: usize| 1 + text.get(..offset).unwrap_or_default().matches('\n').count();
    if let Some(empty) = EMPTY_RULE.as_ref()?.find(text) {
        // An up that does nothing either is a place for something.
        let up_is_empty = EMPTY_RULE.as_ref()?.is_match(&text.replace("down", "dawn").replace("up", "down"));
        let missing = MissingDown { line: line(empty.start()), reason: "its down does nothing".to_owned() };
        return (!up_is_empty).then_some(missing);
    }
    // What spreads or requires something may get it from there.
    let is_elsewhere = text.contains("down") || text.contains("...") || text.contains("Object.assign");
    (!is_elsewhere).then(|| MissingDown { line: line(up.start()), reason: "it has no down".to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_certain_is_told() {
        let up = "exports.up = (knex) => knex.schema.dropTable('a');\n";
        for (text, found) in [
            (up.to_owned(), Some((1, "it has no down"))),
            (format!("{up}exports.down = function () {{}};\n"), Some((2, "its down does nothing"))),
            (format!("{up}exports.down = async (knex) => {{\n}};\n"), Some((2, "its down does nothing"))),
            (format!("{up}exports.down = knex => {{}}\n"), Some((2, "its down does nothing"))),
            (format!("{up}exports.down = () => {{ /* it was empty */ }};\n"), None),
            (format!("{up}exports.down = () => Promise.resolve();\n"), None),
            (format!("{up}// There is no way down.\n"), None),
            ("module.exports = { up(knex) { return knex.raw('x'); }, down() {} };\n".to_owned(), Some((1, "its down does nothing"))),
            ("module.exports = { ...shared, up };\n".to_owned(), None),
            ("module.exports = require('./shared');\n".to_owned(), None),
            (
                "export async function up(knex: Knex): Promise<void> {\n  await knex.raw('x');\n}\n\nexport async function down(knex: Knex): Promise<void> {\n}\n".to_owned(),
                Some((5, "its down does nothing")),
            ),
            ("exports.up = async () => {};\nexports.down = async () => {};\n".to_owned(), None),
        ] {
            let told = missing_down(&text);
            assert_eq!(told.as_ref().map(|told| (told.line, told.reason.as_str())), found, "{text}");
        }
    }
}
