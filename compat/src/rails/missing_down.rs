//! Whether a migration can be taken back, as far as its file tells without being run.

use crate::model::MissingDown;

/// What Rails cannot reverse: an `up` without a `down`, or a call in `change` that it does not know the way back of.
pub fn missing_down(text: &str) -> Option<MissingDown> {
    let lines: Vec<&str> = text.split('\n').map(str::trim_end).collect();
    let class = lines.iter().find(|line| line.trim_start().starts_with("class "))?;
    // A module or another class may bring what is not here.
    if !class.contains("ActiveRecord::Migration")
        || lines.iter().any(|line| is_call(line.trim_start(), "include"))
    {
        return None;
    }
    let method = |name: &str| {
        lines.iter().position(|line| {
            let rest = line.trim_start().strip_prefix("def ").and_then(|rest| rest.strip_prefix(name));
            rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['(', ' ', ';']))
        })
    };
    if let Some(change) = method("change") {
        return irreversible(&lines, change);
    }
    let up = method("up")?;
    // A comment that names it says that somebody has thought of it, and `self.down` is of old releases.
    if lines.iter().any(|line| line.split(|c: char| !c.is_alphanumeric()).any(|word| word == "down")) {
        return None;
    }
    Some(MissingDown { line: up + 1, reason: "it has no down".to_owned() })
}

/// The first call of a method's own block that cannot be reversed.
fn irreversible(lines: &[&str], method: usize) -> Option<MissingDown> {
    let indent = |line: &str| line.len() - line.trim_start().len();
    let outer = indent(lines.get(method)?);
    let body: Vec<(usize, &str)> = lines
        .iter()
        .copied()
        .enumerate()
        .skip(method + 1)
        .take_while(|(_, line)| !(indent(line) == outer && line.trim() == "end"))
        .collect();
    let inner =
        body.iter().filter(|(_, line)| !line.trim().is_empty()).map(|(_, line)| indent(line)).min()?;
    for (place, (number, line)) in body.iter().enumerate() {
        if indent(line) != inner || inner <= outer {
            continue;
        }
        let mut call = line.trim().to_owned();
        for (_, next) in body.iter().skip(place + 1) {
            if !call.ends_with([',', '(']) {
                break;
            }
            call.push(' ');
            call.push_str(next.trim());
        }
        if let Some(name) = cannot_be_reversed(&call) {
            return Some(MissingDown {
                line: number + 1,
                reason: format!("its change uses {name}, which is not automatically reversible"),
            });
        }
    }
    None
}

/// The name of the call, if Rails has no way back from it as it is written.
fn cannot_be_reversed(call: &str) -> Option<&'static str> {
    const NEVER: [&str; 3] = ["execute", "change_column", "add_enum_value"];
    if let Some(name) = NEVER.into_iter().find(|name| is_call(call, name)) {
        return Some(name);
    }
    let named = |name: &'static str| is_call(call, name).then_some(name);
    let arguments = positional(call);
    // What is spread or made elsewhere may hold what is missing.
    if call.contains('*') || call.contains("&") {
        return None;
    }
    if let Some(name) = named("remove_column") {
        return (arguments < 3).then_some(name);
    }
    if let Some(name) = named("remove_columns") {
        return (!call.contains("type:") && !call.contains(":type")).then_some(name);
    }
    if let Some(name) = named("drop_table") {
        // Without a block or options, the columns are not known.
        let has_block = call.ends_with(" do") || call.contains(" do |") || call.contains('{');
        return (!has_block && arguments == 1 && !has_options(call)).then_some(name);
    }
    let name = ["change_column_default", "change_column_comment", "change_table_comment"]
        .into_iter()
        .find(|name| is_call(call, name))?;
    (!call.contains("from:") && !call.contains(":from")).then_some(name)
}

fn is_call(line: &str, name: &str) -> bool {
    line.strip_prefix(name).is_some_and(|rest| rest.is_empty() || rest.starts_with([' ', '(']))
}

/// How many arguments a call has before its options.
fn positional(call: &str) -> usize {
    let start = call.find([' ', '(']).map_or(call.len(), |place| place + 1);
    let arguments = call.get(start..).unwrap_or_default();
    arguments.split(',').filter(|argument| !argument.trim().is_empty() && !is_option(argument)).count()
}

fn has_options(call: &str) -> bool {
    call.split(',').skip(1).any(is_option)
}

/// `null: false`, `:null => false`; a symbol is none.
fn is_option(argument: &str) -> bool {
    let argument = argument.trim();
    argument.contains("=>")
        || argument.split_once(':').is_some_and(|(name, _)| {
            !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(body: &str) -> Option<(usize, String)> {
        let text = format!("class Change < ActiveRecord::Migration[7.1]\n{body}end\n");
        missing_down(&text).map(|missing| (missing.line, missing.reason))
    }

    fn in_change(call: &str) -> Option<String> {
        told(&format!("  def change\n    {call}\n  end\n")).map(|(_, reason)| reason)
    }

    #[test]
    fn an_up_alone_has_no_down() {
        let up = "  def up\n    execute 'SELECT 1'\n  end\n";
        assert_eq!(told(up), Some((2, "it has no down".to_owned())));
        assert_eq!(
            told(&format!("{up}\n  def down\n    raise ActiveRecord::IrreversibleMigration\n  end\n")),
            None
        );
        assert_eq!(told(&format!("  # Nothing to take down.\n{up}")), None);
        assert_eq!(told(&format!("  include Helpers\n{up}")), None);
    }

    #[test]
    fn what_rails_cannot_reverse_is_told_with_its_line() {
        for (call, name) in [
            ("execute 'SELECT 1'", "execute"),
            ("change_column :orders, :total, :decimal", "change_column"),
            ("remove_column :orders, :note", "remove_column"),
            ("remove_column(:orders, :note)", "remove_column"),
            ("remove_columns :orders, :note, :total", "remove_columns"),
            ("drop_table :orders", "drop_table"),
            ("change_column_default :orders, :state, 'new'", "change_column_default"),
        ] {
            let reason = format!("its change uses {name}, which is not automatically reversible");
            assert_eq!(in_change(call), Some(reason), "{call}");
        }
        for call in [
            "remove_column :orders, :note, :text, null: false",
            "remove_column :orders,\n      :note,\n      :text",
            "remove_columns :orders, :note, type: :text",
            "drop_table :orders do |t|\n      t.text :note\n    end",
            "drop_table :orders, force: true",
            "change_column_default :orders, :state, from: nil, to: 'new'",
            "change_column_null :orders, :state, false",
            "add_column :orders, :note, :text",
            "reversible do |way|\n      way.up { execute 'SELECT 1' }\n    end",
            "up_only do\n      execute 'SELECT 1'\n    end",
            "execute_later :orders",
        ] {
            assert_eq!(in_change(call), None, "{call}");
        }
    }
}
