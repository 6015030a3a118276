//! Mermaid's own words.

use super::migrations::{Migration, Mood};
use super::schema::Table;

pub(super) fn schema(tables: &[Table]) -> String {
    let mut text = "erDiagram\n".to_owned();
    for table in tables {
        let identifier = identifier(tables, &table.name);
        let shown =
            if identifier == table.name { String::new() } else { format!("[\"{}\"]", label(&table.name)) };
        text.push_str(&format!("    {identifier}{shown} {{\n"));
        for column in &table.columns {
            let mut keys = Vec::new();
            if column.is_key {
                keys.push("PK");
            }
            if table.refers(&column.name) {
                keys.push("FK");
            }
            let keys = if keys.is_empty() { String::new() } else { format!(" {}", keys.join(", ")) };
            text.push_str(&format!("        {} {}{keys}\n", word(&column.data_type), word(&column.name)));
        }
        text.push_str("    }\n");
    }
    for table in tables {
        for reference in &table.references {
            let many = if reference.is_unique { "o|" } else { "o{" };
            text.push_str(&format!(
                "    {} ||--{many} {} : \"{}\"\n",
                identifier(tables, &reference.table),
                identifier(tables, &table.name),
                label(&reference.columns.join(", "))
            ));
        }
    }
    text
}

pub(super) fn migrations(migrations: &[Migration]) -> String {
    let mut text = "flowchart TD\n".to_owned();
    let number = |id: &str| migrations.iter().position(|migration| migration.id == id);
    for (index, migration) in migrations.iter().enumerate() {
        let title = if migration.title.is_empty() {
            migration.id.clone()
        } else {
            format!("{} {}", migration.id, migration.title)
        };
        text.push_str(&format!(
            "    m{index}[\"{} ({})\"]:::{}\n",
            label(title.trim()),
            label(&migration.state),
            migration.mood.name()
        ));
    }
    for (index, migration) in migrations.iter().enumerate() {
        for parent in migration.parents.iter().filter_map(|parent| number(parent)) {
            text.push_str(&format!("    m{parent} --> m{index}\n"));
        }
    }
    for mood in [Mood::Applied, Mood::Pending, Mood::Skipped, Mood::Wrong] {
        if migrations.iter().any(|migration| migration.mood == mood) {
            text.push_str(&format!(
                "    classDef {} stroke:{},stroke-width:2px\n",
                mood.name(),
                mood.colour()
            ));
        }
    }
    text
}

/// What Mermaid calls a table: its name, if that is a word, else its number.
fn identifier(tables: &[Table], name: &str) -> String {
    let is_word = name.starts_with(|first: char| first.is_ascii_alphabetic())
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    if is_word && !name.starts_with(NUMBERED) {
        return name.to_owned();
    }
    let number = tables.iter().position(|table| table.name == name).unwrap_or(tables.len());
    format!("{NUMBERED}{number}")
}

/// What tables that are known by their number are called.
const NUMBERED: &str = "table__";

/// A type or a column's name: a word to Mermaid.
fn word(text: &str) -> String {
    let fits = |character: char| {
        character.is_alphanumeric() || matches!(character, '_' | '(' | ')' | '[' | ']' | '-')
    };
    let mut word: String =
        text.chars().map(|character| if fits(character) { character } else { '_' }).collect();
    if !word.starts_with(|first: char| first.is_alphabetic() || first == '_') {
        word.insert(0, '_');
    }
    word
}

/// What stands between quotes.
fn label(text: &str) -> String {
    text.chars()
        .map(|character| match character {
            '"' => "#quot;".to_owned(),
            '#' => "#35;".to_owned(),
            '<' => "#lt;".to_owned(),
            '>' => "#gt;".to_owned(),
            character if character.is_control() => " ".to_owned(),
            character => character.to_string(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stay_apart_whatever_is_in_them() {
        let tables =
            ["orders", "a.b", "table__1"].map(|name| Table { name: name.to_owned(), ..Table::default() });
        let identifiers = tables.each_ref().map(|table| identifier(&tables, &table.name));
        assert_eq!(identifiers, ["orders", "table__1", "table__2"]);
        assert_eq!(word("numeric(10,2)"), "numeric(10_2)");
        assert_eq!(word("2nd"), "_2nd");
        assert_eq!(label("say \"hi\" #1"), "say #quot;hi#quot; #35;1");
    }
}
