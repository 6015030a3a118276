//! Takes out of outputs what differs between any two runs, and what differs between the tools by design.

use std::sync::LazyLock;

use regex::Regex;

/// Whose output it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// The original.
    Flyway,
    /// Ours.
    Dunlin,
}

/// What is replaced everywhere: moments and durations.
static REPLACED: LazyLock<Vec<(Regex, &str)>> = LazyLock::new(|| {
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)", "<moment>"),
        (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?", "<moment>        "),
        (r"\(execution time \d\d:\d\d\.\d{3}s\)", "(execution time <time>)"),
        (r#"("executionTime"|"totalMigrationTime") : \d+"#, "$1 : <time>"),
        (r"('<moment>        '),\d+,", "$1,<time>,"),
        (r"\(SQLite 3\.\d+\)", "(SQLite <version>)"),
        // Which servers Flyway has been tried with is its own to say.
        (r"(?m)^WARNING: Using MySQL \S+ which is newer than the version Flyway has been verified with\..*\n", ""),
        // MySQL's driver makes up the state of a warning; the server sends none.
        (r"\(SQL State: \S* - Error Code: (\d+)\)", "(SQL State:  - Error Code: $1)"),
    ]
    .into_iter()
    .map(|(pattern, with)| (Regex::new(pattern).unwrap(), with))
    .collect()
});

/// Flyway's first lines: edition, empty line, release notes.
static HEADER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^Flyway OSS Edition 13\.\d+\.\d+ by Redgate\n\nSee release notes here: .*$").unwrap()
});

/// Our first line.
static OUR_HEADER: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"(?m)^Dunlin [0-9.]+, compatible with Flyway 13\.\d+\.\d+$").unwrap());

/// What Java's console library says when it finds no terminal for its colours.
static NO_TERMINAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)^.* org\.jline\.utils\.Log logr\nWARNING: Unable to create a system terminal.*\n")
        .unwrap()
});

/// Where a setting stands, which only ours says: `(argument -table)`, `(<project>/flyway.toml:3)`, a file's line.
static ORIGIN: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r" \((argument -[^)]*|variable [^)]*|<project>[^)]*(?::\d+|\.conf))\)|(\tin <project>/[a-z.]+):\d+|(?:\n|\\n)(?:\t|\\t)in <project>/sql/[^,\n]*, line \d+",
    )
    .unwrap()
});

/// Java's chain of causes behind a message.
static CAUSED_BY: LazyLock<Regex> = LazyLock::new(|| Regex::new(r"(?s)\r\nCaused by: .*").unwrap());

/// The words of a server or its driver, in text and in JSON; the line under a title is as long as the title.
static SERVER_WORDS: LazyLock<Vec<Regex>> = LazyLock::new(|| {
    [
        r"(?s)(Message    : ).*?(\n(?:Location|\n|\z))",
        r#"(?s)(Message    : ).*?(\\n(?:Location|"))"#,
        r"(?s)(for user '[^']*': ).*?\n-+(\n)",
        r"(?s)(for user '[^']*': ).*?\\n-+(\\n)",
    ]
    .into_iter()
    .map(|pattern| Regex::new(pattern).unwrap())
    .collect()
});

/// The normal form of a stream or a file of a project.
pub fn normal(tool: Tool, project: &str, text: &str) -> String {
    let text = text.replace(project, "<project>");
    let mut text = match tool {
        Tool::Flyway => {
            let text = NO_TERMINAL.replace_all(&text, "");
            let text = CAUSED_BY.replace_all(&text, "\n");
            without_causes(&HEADER.replace_all(&text, "<header>"))
        }
        Tool::Dunlin => {
            let text = ORIGIN.replace_all(&text, "$2");
            OUR_HEADER.replace_all(&text, "<header>").into_owned()
        }
    };
    for pattern in SERVER_WORDS.iter() {
        text = pattern.replace_all(&text, "$1<the server's words>$2").into_owned();
    }
    text = unknown_sorted(&offenders_sorted(&text));
    for (pattern, with) in REPLACED.iter() {
        text = pattern.replace_all(&text, *with).into_owned();
    }
    text
}

/// Files that collide, which Flyway lists in the order in which the file system gives them.
fn offenders_sorted(text: &str) -> String {
    static OFFENDERS: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"(-> [^\n\\]*\))(\n|\\n)(-> [^\n\\]*\))").unwrap());
    let Some(found) = OFFENDERS.captures(text) else { return text.to_owned() };
    let (first, end, second) = (&found[1], &found[2], &found[3]);
    text.replace(&found[0], &format!("{}{end}{}", first.min(second), first.max(second)))
}

/// Unknown settings, which Flyway lists in the order of a hash table.
fn unknown_sorted(text: &str) -> String {
    static KEYS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?s)(Unknown configuration properties: )([^ ]*)(\. Please)|()((?:\tUnknown: [^\n]*\n)+)()",
        )
        .unwrap()
    });
    let sorted = |found: &regex::Captures<'_>| {
        let group = |number: usize| found.get(number).map(|part| part.as_str());
        let (text, end) = group(2).map_or((group(5).unwrap_or_default(), '\n'), |keys| (keys, ','));
        let mut keys: Vec<&str> = text.split_terminator(end).collect();
        keys.sort_unstable();
        let keys = keys.join(&end.to_string());
        match (group(1), group(3)) {
            (Some(before), Some(after)) => format!("{before}{keys}{after}"),
            _ => format!("{keys}\n"),
        }
    };
    KEYS.replace_all(text, sorted).into_owned()
}

/// JSON errors without Java's stack traces: `"cause" : null`, and no `stackTrace`.
fn without_causes(text: &str) -> String {
    let mut kept = Vec::new();
    let mut inside: Option<usize> = None;
    for line in text.split('\n') {
        let depth = line.len() - line.trim_start().len();
        match inside {
            Some(own) if depth > own => continue,
            Some(_) => {
                // The line `}` or `},` that closes the cause.
                inside = None;
                let comma = if line.ends_with(',') { "," } else { "" };
                kept.push(format!("{}\"cause\" : null{comma}", " ".repeat(depth)));
            }
            None if line.trim_start().starts_with("\"cause\" : {") => inside = Some(depth),
            None if line.trim_start().starts_with("\"stackTrace\" : ") => {}
            None => kept.push(line.to_owned()),
        }
    }
    kept.join("\n")
}
