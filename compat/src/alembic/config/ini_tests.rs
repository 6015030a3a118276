//! Expected values and messages are CPython's.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Ini {
    parse("alembic.ini", text, &[("here", "/shop")]).unwrap()
}

fn error(text: &str) -> String {
    parse("alembic.ini", text, &[]).unwrap_err().to_string()
}

fn value(text: &str, key: &str) -> Option<String> {
    let ini = parsed(text);
    ini.section("alembic").unwrap().options.get(key).map(|value| value.text.clone())
}

#[test]
fn keys_are_in_lower_case_and_values_stripped() {
    let cases = [
        ("[alembic]\nScript_Location = alembic  \n", "script_location", "alembic"),
        ("[alembic]\nurl: a=b:c\n", "url", "a=b:c"),
        ("[alembic]\nurl=\n", "url", ""),
        ("[alembic]\n two words  =\tx # no comment\n", "two words", "x # no comment"),
        ("[alembic] ; as written\na = 1", "a", "1"),
        ("[alembic]\r\na = 1\r\nb = 2\r\n", "b", "2"),
        ("[alembic]\ra = 1\rb = 2", "a", "1"),
        ("[alembic]\na = \u{a0}x\u{1f}\n", "a", "x"),
    ];
    for (text, key, expected) in cases {
        assert_eq!(value(text, key).as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn indented_lines_continue_a_value() {
    let cases = [
        ("[alembic]\na = 1\n  2\n\t3\n", "1\n2\n3"),
        ("[alembic]\na =\n  1\n  2\n", "\n1\n2"),
        ("[alembic]\na = 1\n\n  2\n\n", "1\n\n2"),
        ("[alembic]\na = 1\n  # a comment\n  ; another\n  2\n", "1\n2"),
        ("[alembic]\na = 1\n  b = 2\n", "1\nb = 2"),
        ("[alembic]\n  a = 1\n  b = 2\n", "1"),
        ("[alembic]\na = 1\n  [post_write_hooks]\n", "1\n[post_write_hooks]"),
    ];
    for (text, expected) in cases {
        assert_eq!(value(text, "a").as_deref(), Some(expected), "{text:?}");
    }
}

#[test]
fn a_line_knows_where_it_stands() {
    let ini = parsed("# shop\n\n[alembic]\n; x\nurl = a\n  b\nlast = c\n[DEFAULT]\nhere = there\n");
    let alembic = ini.section("alembic").unwrap();
    assert_eq!(alembic.line, 3);
    assert_eq!(alembic.options.get("url").unwrap().line, 5);
    assert_eq!(alembic.options.get("last").unwrap().line, 7);
    assert_eq!(ini.defaults.get("here"), Some(&RawValue { text: "there".to_owned(), line: 9 }));
}

#[test]
fn malformed_files_are_refused_in_config_parsers_words() {
    let cases = [
        "a = 1\n",
        "\u{feff}[alembic]\n",
        "[alembic]\na = 1\n[alembic]\n",
        "[alembic]\na = 1\nb = 2\nA = 3\n",
        "[DEFAULT]\na = 1\n[DEFAULT]\na = 2\n",
        "[alembic]\njunk\na = 1\n\tmore\n[]\n= v\n",
    ];
    let errors: Vec<String> = cases.into_iter().map(error).collect();
    assert_snapshot!(errors.join("\n--\n"), @r"
    File contains no section headers.
    file: 'alembic.ini', line: 1
    'a = 1\n'
    --
    File contains no section headers.
    file: 'alembic.ini', line: 1
    '\ufeff[alembic]\n'
    --
    While reading from 'alembic.ini' [line  3]: section 'alembic' already exists
    --
    While reading from 'alembic.ini' [line  4]: option 'a' in section 'alembic' already exists
    --
    While reading from 'alembic.ini' [line  4]: option 'a' in section 'DEFAULT' already exists
    --
    Source contains parsing errors: 'alembic.ini'
    	[line  2]: 'junk\n'
    	[line  5]: '[]\n'
    	[line  6]: '= v\n'
    ");
}

#[test]
fn default_may_occur_twice() {
    let ini = parsed("[DEFAULT]\na = 1\n[alembic]\n[DEFAULT]\nb = 2\n");
    assert_eq!(ini.defaults.get("b").unwrap().text, "2");
    assert_eq!(ini.sections.len(), 1);
}

proptest! {
    #[test]
    fn no_text_is_too_much(text in "([\\[\\]=:;#% \t\r\na-cA\u{a0}\u{85}é]|\\PC){0,200}") {
        let _ = parse("alembic.ini", &text, &[("here", "/shop")]);
    }

    #[test]
    fn what_is_written_is_read(entries in prop::collection::btree_map("[a-z_]{1,8}", "[!-~é]{0,12}", 0..6)) {
        let lines: String = entries.iter().map(|(key, value)| format!("{key} = {value}\n")).collect();
        let ini = parsed(&format!("[alembic]\n{lines}"));
        let options = &ini.section("alembic").unwrap().options;
        let read: std::collections::BTreeMap<String, String> =
            options.iter().map(|(key, value)| (key.to_owned(), value.text.clone())).collect();
        prop_assert_eq!(read, entries);
    }
}
