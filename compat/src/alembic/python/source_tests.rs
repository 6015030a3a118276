//! Expected values are CPython's.

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn error(bytes: &[u8]) -> String {
    let error = decode(bytes).unwrap_err();
    format!("{}: {}", error.line, error.message)
}

#[test]
fn a_file_is_utf_8_unless_it_says_otherwise() {
    let cases: [(&[u8], &str); 10] = [
        ("# caf\u{e9}\n".as_bytes(), "# café\n"),
        (b"\xef\xbb\xbfx = 1\n", "x = 1\n"),
        (b"# -*- coding: latin-1 -*-\n# caf\xe9\n", "# -*- coding: latin-1 -*-\n# café\n"),
        (
            b"#!/usr/bin/python\n# vim: set fileencoding=iso-8859-15 :\n# \xa4\n",
            "#!/usr/bin/python\n# vim: set fileencoding=iso-8859-15 :\n# €\n",
        ),
        (b"\n  # coding=cp1252\n# \x80\n", "\n  # coding=cp1252\n# €\n"),
        (b"x = 1\n# coding: latin-1\n", "x = 1\n# coding: latin-1\n"),
        (b"\n\n# coding: latin-1\n", "\n\n# coding: latin-1\n"),
        (b"# coding: UTF_8\n", "# coding: UTF_8\n"),
        (b"a\r\nb\rc\n", "a\nb\nc\n"),
        (b"", ""),
    ];
    for (bytes, expected) in cases {
        assert_eq!(decode(bytes).as_deref(), Ok(expected), "{}", String::from_utf8_lossy(bytes));
    }
}

#[test]
fn what_is_no_text_is_refused() {
    let cases: [&[u8]; 6] = [
        b"# a\n# caf\xe9\n",
        b"# coding: ascii\n# caf\xe9\n",
        b"# coding: cp1252\n# \x81\n",
        b"# coding: rot13\n",
        b"\xef\xbb\xbf# coding: latin-1\n",
        b"a\nb\0\n",
    ];
    let errors: Vec<String> = cases.into_iter().map(error).collect();
    assert_snapshot!(errors.join("\n"), @r"
    2: the file is not UTF-8; save it as UTF-8, or declare its encoding in the first line as in `# -*- coding: latin-1 -*-`
    1: the file is not in the encoding 'ascii' that it declares
    1: the file is not in the encoding 'cp1252' that it declares
    1: the encoding 'rot13' is not known here; save the file as UTF-8
    1: encoding problem: latin-1 with BOM
    2: source code cannot contain null bytes
    ");
}

fn documented(source: &str) -> Option<String> {
    with_module(source, |module, _| docstring(module)).unwrap()
}

#[test]
fn a_docstring_is_the_first_statement() {
    let cases = [
        ("'''a'''\n", Some("a")),
        ("# comment\n\n('a' \"b\")\n", Some("ab")),
        ("f'a'\n", None),
        ("b'a'\n", None),
        ("x = 1\n'a'\n", None),
        ("", None),
        (r"'a\tb\x41\N{BULLET}'", Some("a       bA•")),
        (r"r'a\tb'", Some(r"a\tb")),
    ];
    for (source, expected) in cases {
        assert_eq!(documented(source).as_deref(), expected, "{source}");
    }
}

#[test]
fn indentation_that_all_lines_share_is_no_part_of_it() {
    // Output of CPython 3.13.
    let cases = [
        ("'''  a\n    b\n      c\n\n    d\n    '''", "a\nb\n  c\n\nd\n"),
        ("'''a\nb\n  c'''", "a\nb\n  c"),
        ("'''a\n\tb\n        c'''", "a\nb\nc"),
        ("'''\n    a\n  '''", "\na\n"),
    ];
    for (source, expected) in cases {
        assert_eq!(documented(source).as_deref(), Some(expected), "{source}");
    }
}

#[test]
fn nesting_however_deep_does_not_end_the_process() {
    for (open, close) in
        [("[", "]"), ("(", ")"), ("-", ""), ("not ", ""), ("lambda: ", ""), ("a if b else ", "")]
    {
        let source = format!("x = {}1{}\n", open.repeat(20_000), close.repeat(20_000));
        let _ = with_module(&source, |module, _| docstring(module));
    }
}

#[test]
fn a_syntax_error_has_its_line() {
    let error = with_module("x = 1\nprint 'x'\n", |_, _| ()).unwrap_err();
    assert_eq!(error.line, 2);
}

proptest! {
    #[test]
    fn no_bytes_are_too_much(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        if let Ok(text) = decode(&bytes) {
            let _ = with_module(&text, |module, _| docstring(module));
        }
    }
}
