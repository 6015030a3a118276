//! How texts are cut into tokens.

use super::*;

fn tokens(text: &str, dialect: Dialect) -> Vec<(TokenKind, &str)> {
    let mut lexer = Lexer::new(text, 0, dialect);
    let mut found = Vec::new();
    while let Some(token) = lexer.next_token().unwrap() {
        found.push((token.kind, token.text(text)));
    }
    found
}

fn only(text: &str, dialect: Dialect) -> TokenKind {
    let found = tokens(text, dialect);
    assert_eq!(found.len(), 1, "{text}: {found:?}");
    found[0].0
}

#[test]
fn postgres_strings_are_one_token() {
    for text in [
        "'it''s'",
        r"'a\'",
        r"E'it\'s'",
        r"e'\\'",
        "U&'d!0061' ",
        "b'01'",
        "X'1F'",
        "N'x'",
        "$$a;b$$",
        "$tag$ $$ $other$ $tag$",
        "$été$x$été$",
        "E'a'\n  '\\'b'",
        "e'a' -- note\n'\\'b'",
        "$a$ $a $a$",
    ] {
        assert_eq!(only(text.trim(), Dialect::Postgres), TokenKind::Literal, "{text}");
    }
}

#[test]
fn a_dollar_inside_an_identifier_or_before_a_digit_opens_no_string() {
    assert_eq!(only("a$b$c", Dialect::Postgres), TokenKind::Word);
    assert_eq!(
        tokens("$1$ x", Dialect::Postgres),
        [
            (TokenKind::Symbol, "$"),
            (TokenKind::Number, "1"),
            (TokenKind::Symbol, "$"),
            (TokenKind::Word, "x")
        ]
    );
}

#[test]
fn comments_nest_in_postgres_only() {
    let text = "/* a /* b */ c */";
    assert_eq!(only(text, Dialect::Postgres), TokenKind::Comment);
    for dialect in [Dialect::Mysql, Dialect::Mariadb, Dialect::Sqlite] {
        assert_eq!(tokens(text, dialect)[0], (TokenKind::Comment, "/* a /* b */"), "{dialect}");
    }
}

#[test]
fn two_dashes_need_whitespace_in_mysql_inside_a_statement() {
    assert_eq!(tokens("1--1", Dialect::Mysql).len(), 4);
    assert_eq!(tokens("1-- 1", Dialect::Mysql).len(), 2);
    assert_eq!(tokens("1 --\n2", Dialect::Mysql).len(), 3);
    assert_eq!(only("--x", Dialect::Mysql), TokenKind::Comment);
    assert_eq!(tokens("1--1", Dialect::Sqlite).len(), 2);
}

#[test]
fn the_content_of_an_executable_comment_is_code() {
    for text in ["/*!40101 SET */", "/*! SET */", "/*M!100100 SET */", "/*!100100 SET */"] {
        let kinds: Vec<_> = tokens(text, Dialect::Mariadb).into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, [TokenKind::CodeOpen, TokenKind::Word, TokenKind::CodeClose], "{text}");
    }
    for text in ["/*M!999999\\- enable the sandbox mode */", "/*!99999 don't */", "/*+ HINT */", "/**/"] {
        assert_eq!(only(text, Dialect::Mariadb), TokenKind::Comment, "{text}");
    }
}

#[test]
fn a_delimiter_ends_a_word_in_its_midst() {
    let mut lexer = Lexer::new("END$$", 0, Dialect::Mysql);
    lexer.delimiter = "$$";
    assert_eq!(lexer.next_token().unwrap().unwrap().end, 3);
    assert_eq!(lexer.next_token().unwrap().unwrap().kind, TokenKind::Delimiter);
}

#[test]
fn sqlite_quotes_names_four_ways() {
    for text in ["\"a\"\"b\"", "`a;b`", "[a;'b]"] {
        assert_eq!(only(text, Dialect::Sqlite), TokenKind::QuotedName, "{text}");
    }
    assert_eq!(only("/* open", Dialect::Sqlite), TokenKind::Comment);
}
