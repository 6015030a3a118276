//! What a step left behind, freed of what differs from run to run: names of databases and folders, times.

use serde_json::Value;

use crate::scenario::{Stage, Story};

/// What a command did, and how a tool reads what it left.
#[derive(Debug, PartialEq)]
pub struct State {
    /// What the command printed.
    result: Value,
    /// What `info` and `validate` print.
    info: Value,
    traces: Traces,
}

/// What is in the database and the project's folder.
#[derive(Debug, Clone, PartialEq)]
pub struct Traces {
    history: Vec<String>,
    schema: String,
    /// The rows of all tables, `table: values`.
    rows: Vec<String>,
    files: Vec<Option<String>>,
}

impl Traces {
    /// Reads them with the server's own client.
    pub fn of(stage: &Stage, story: &Story) -> Self {
        let Stage { project, database } = stage;
        let history_table = (story.history)(stage);
        let is_there =
            |table: &str| database.try_sql(&format!("SELECT 1 FROM {table} WHERE 1 = 0;")).status == 0;
        let history =
            if is_there(&history_table) { database.history_rows(&history_table) } else { Vec::new() };
        let elsewhere: Vec<String> =
            (story.elsewhere)(stage).into_iter().filter(|table| is_there(table)).collect();
        let tables: Vec<String> = database
            .tables()
            .into_iter()
            .chain(elsewhere.clone())
            .filter(|table| *table != history_table && *table != JOURNAL)
            .collect();
        let found = database.rows_of_tables(&tables);
        let rows = tables.iter().zip(found).flat_map(|(table, rows)| lines_of(stage, table, &rows)).collect();
        let mut schema = without_journal(&database.schema_dump());
        if database.kind().is_mysql_like() {
            // The dump is of one database, and these are in others.
            for table in elsewhere {
                let shown = database.query(&format!("SHOW CREATE TABLE {table}"));
                schema.push_str(&format!("\n{table}: {}", shown[0][1]));
            }
        }
        let file = |name: &&str| std::fs::read_to_string(project.path().join(name)).ok();
        let files = story.written.iter().map(file).map(|text| text.map(|text| clean(stage, &text))).collect();
        Self { history, schema: clean(stage, &schema), rows, files }
    }
}

impl State {
    /// What differs from run to run goes.
    pub fn new(stage: &Stage, result: &Value, info: Value, traces: Traces) -> Self {
        Self { result: neutral(stage, result.clone()), info: neutral(stage, info), traces }
    }

    /// Where this differs from what Flyway left.
    pub fn differences(&self, reference: &Self, place: &str) -> Vec<String> {
        let lines = |text: &str| text.split('\n').map(str::to_owned).collect::<Vec<_>>();
        let pretty = |value: &Value| lines(&serde_json::to_string_pretty(value).unwrap());
        let (here, there) = (&self.traces, &reference.traces);
        let found = [
            difference(&here.history, &there.history, "history"),
            difference(&here.rows, &there.rows, "rows"),
            difference(&here.files, &there.files, "files"),
            difference(&lines(&here.schema), &lines(&there.schema), "schema"),
            difference(&pretty(&self.info), &pretty(&reference.info), "info and validate"),
            difference(&pretty(&self.result), &pretty(&reference.result), "result"),
        ];
        found.into_iter().flatten().map(|difference| format!("{place}: {difference}")).collect()
    }
}

/// Dunlin's journal of half-applied migrations, which is there only while one is.
const JOURNAL: &str = "dunlin_journal";

/// Whether a command failed. The exit code does not tell: Flyway ends with 0 after a failed migration when its reports
/// are not installed, and after a failed validation with JSON.
pub fn has_failed(result: &Value) -> bool {
    !result["error"].is_null() || result["success"] == false
}

/// The results of several commands: of the first, and of the others if they ran.
pub fn divided(mut output: Value) -> (Value, Option<Value>) {
    let Some(results) = output.get_mut("individualResults").and_then(Value::as_array_mut) else {
        return (output, None);
    };
    let result = results.remove(0);
    let others = !results.is_empty();
    (result, others.then_some(output))
}

/// What a command printed, without Java's stack traces.
pub fn shown(stage: &Stage, result: &Value) -> String {
    let neutral = serde_json::to_string_pretty(&neutral(stage, result.clone())).unwrap();
    format!("{neutral}\n{}", result["error"]["message"].as_str().unwrap_or_default())
}

fn difference<T: PartialEq + std::fmt::Debug>(here: &[T], there: &[T], what: &str) -> Option<String> {
    if here == there {
        return None;
    }
    let start = here.iter().zip(there).take_while(|(one, other)| one == other).count();
    let shown = |items: &[T]| {
        let items = items.iter().skip(start.saturating_sub(4)).take(12);
        items.map(|item| format!("    {item:?}")).collect::<Vec<_>>().join("\n")
    };
    Some(format!(
        "{what} differs from item {start} on\n  here\n{}\n  Flyway alone\n{}",
        shown(here),
        shown(there)
    ))
}

fn lines_of(stage: &Stage, table: &str, rows: &str) -> Vec<String> {
    let mut rows: Vec<String> =
        rows.split('\n').map(|row| clean(stage, &format!("{table}: {row}"))).collect();
    // Numbered events read best in their order.
    rows.sort_by_key(|row| {
        (row.split(['|', ' ']).nth(1).and_then(|number| number.parse::<u32>().ok()), row.clone())
    });
    rows
}

/// The text with this run's names replaced.
fn clean(stage: &Stage, text: &str) -> String {
    let text = text.replace(&stage.project.path().display().to_string(), "<project>");
    text.replace(&stage.database.name(), "<database>")
}

fn without_journal(schema: &str) -> String {
    // Each dump sets a table's statement apart in its own way; only MySQL's can hold a journal in these tests.
    match schema.find(&format!("CREATE TABLE `{JOURNAL}`")) {
        None => schema.to_owned(),
        Some(start) => {
            let end = schema[start..].find("\nCREATE").map_or(schema.len(), |end| start + end + 1);
            format!("{}{}", &schema[..start], &schema[end..])
        }
    }
}

/// What differs from run to run.
const CHANGING: [&str; 7] = [
    "installedOnUTC",
    "executionTime",
    "totalMigrationTime",
    "timestamp",
    // Java's stack traces and the texts that its drivers make of the server's.
    "cause",
    "exception",
    "stackTrace",
];

fn neutral(stage: &Stage, value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let failed_statement = fields.contains_key("lineNumber");
            let kept = fields.into_iter().filter(|(key, _)| !CHANGING.contains(&key.as_str()));
            // The message of a failed statement is the driver's; its parts are fields of their own.
            let kept = kept.filter(|(key, _)| !(failed_statement && key == "message"));
            Value::Object(kept.map(|(key, value)| (key, neutral(stage, value))).collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(|item| neutral(stage, item)).collect()),
        Value::String(text) => Value::String(clean(stage, &text)),
        other => other,
    }
}
