//! What any two runs may differ in, taken out.

use std::sync::LazyLock;

use regex::Regex;

use crate::support::Database;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    Alembic,
    Dunlin,
}

/// What differs between any two runs, and what stands for it.
static MASKS: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        // Python tells where in its code a warning was given.
        (r"(?m)^/\S+\.py:\d+: (\w*Warning): ([^\n]*)\n  [^\n]*$", "$1: $2"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "<time>"),
        (r"\b[0-9a-f]{12}(_|\b)", "<id>$1"),
        (r" at 0x[0-9a-f]+", " at <address>"),
        (r"/\S*/site-packages/alembic/templates/", ""),
    ]
    .map(|(pattern, by)| (Regex::new(pattern).unwrap(), by))
    .into()
});

static TRACEBACK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?s)Traceback \(most recent call last\):.*").unwrap());

static FAILURE: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s) *error(\[\w+\])?: .*").unwrap());

static LABELS: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"\(([^()]*, [^()]*)\)").unwrap());

/// A text without paths, times and random ids, and in one order where Alembic's is that of a Python set or of a folder.
pub fn normal(tool: Tool, root: &str, database: &Database, status: i32, text: &str) -> String {
    let mut text = text.replace(root, "<project>").replace(&database.name(), "<database>");
    for (mask, by) in MASKS.iter() {
        text = mask.replace_all(&text, *by).into_owned();
    }
    // Where Alembic ends with a traceback, we say what is wrong in words of ours.
    if status == 1 {
        let failure = match tool {
            Tool::Alembic => &TRACEBACK,
            Tool::Dunlin => &FAILURE,
        };
        text = failure.replace_all(&text, "<failure>").into_owned();
    }
    sorted_lists(&text)
}

/// A list of revisions of several branches, between which Alembic's order is that of a Python set.
pub fn in_any_order(text: &str) -> String {
    let (head, blocks) = match text.split_once("Rev: ") {
        Some((head, blocks)) => (head, blocks.split("Rev: ").map(|block| format!("Rev: {block}")).collect()),
        None => ("", text.split_inclusive('\n').map(str::to_owned).collect::<Vec<String>>()),
    };
    let mut blocks = blocks;
    blocks.sort_unstable();
    head.to_owned() + &blocks.concat()
}

fn sorted_lists(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        let line = match line.split_once(": ") {
            Some((key @ ("Branches into" | "Branch names"), list)) => format!("{key}: {}", sorted(list)),
            // Not the columns of a statement.
            _ if line.contains(" -> ") || line.contains(" (head)") || !line.contains(['\'', ';']) => LABELS
                .replace_all(line, |found: &regex::Captures<'_>| format!("({})", sorted(&found[1])))
                .into_owned(),
            _ => line.to_owned(),
        };
        lines.push(line);
    }
    // What follows a branch point, what a template consists of, which templates there are.
    let belongs = |line: &str| {
        line.trim_start().starts_with("-> ")
            || ["Generating ", "Appending ", "File "].iter().any(|word| line.starts_with(word))
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
