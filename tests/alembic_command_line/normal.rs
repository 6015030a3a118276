//! What any two runs may differ in, taken out.

use regex::Regex;

use crate::support::Database;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Alembic,
    Dunlin,
}

/// A text without paths, times and random ids, and in one order where Alembic's is that of a Python set or of a folder.
pub fn normal(tool: Tool, root: &str, database: &Database, status: i32, text: &str) -> String {
    let mut text = text.replace(root, "<project>").replace(&database.name(), "<database>");
    // Python tells where in its code a warning was given.
    text = replaced(r"(?m)^/\S+\.py:\d+: UserWarning: ([^\n]*)\n  [^\n]*$", "UserWarning: $1", &text);
    text = replaced(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "<time>", &text);
    text = replaced(r"\b[0-9a-f]{12}\b", "<id>", &text);
    text = replaced(r"/\S*/site-packages/alembic/templates/", "", &text);
    // Where Alembic ends with a traceback, we say what is wrong in words of ours.
    if status == 1 {
        let begins = match tool {
            Tool::Alembic => r"(?s)Traceback \(most recent call last\):.*",
            Tool::Dunlin => r"(?s)error(\[\w+\])?: .*",
        };
        text = replaced(begins, "<failure>", &text);
    }
    sorted_lists(&text)
}

fn replaced(pattern: &str, by: &str, text: &str) -> String {
    Regex::new(pattern).unwrap().replace_all(text, by).into_owned()
}

fn sorted_lists(text: &str) -> String {
    let labels = Regex::new(r"\(([^()]*, [^()]*)\)").unwrap();
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = match line.split_once(": ") {
            Some((key @ ("Branches into" | "Branch names"), list)) => format!("{key}: {}", sorted(list)),
            _ => labels
                .replace_all(line, |found: &regex::Captures<'_>| format!("({})", sorted(&found[1])))
                .into_owned(),
        };
        lines.push(line);
    }
    // What follows a branch point, what a template consists of, which templates there are.
    let belongs = |line: &str| {
        line.trim_start().starts_with("-> ")
            || line.starts_with("Generating ")
            || line.contains(" configuration")
    };
    let mut start = 0;
    while start < lines.len() {
        let length = lines[start..].iter().take_while(|line| belongs(line)).count();
        lines[start..start + length].sort();
        start += length.max(1);
    }
    lines.join("\n")
}

fn sorted(list: &str) -> String {
    let mut items: Vec<&str> = list.split(", ").collect();
    items.sort_unstable();
    items.join(", ")
}
