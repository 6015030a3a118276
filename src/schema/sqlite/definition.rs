//! The text of a definition without what makes no difference.

use dunlin_compat::model::Dialect;

use super::super::Object;
use crate::sql::{Piece, PieceKind, pieces};

/// Adds what a `CREATE TABLE` says: each column and each constraint of the table by itself.
pub(super) fn table(object: &mut Object, sql: &str) {
    let pieces = without_comments(sql);
    let open = pieces.iter().position(|piece| piece.text == "(");
    let is_virtual = pieces.iter().take(2).any(|piece| piece.is("VIRTUAL"));
    let Some(open) = open.filter(|_| !is_virtual) else {
        object.properties.insert("definition".to_owned(), folded(sql));
        return;
    };
    let mut depth = 0_usize;
    let mut current: Vec<Piece<'_>> = Vec::new();
    let mut unnamed = 0;
    for piece in pieces.get(open + 1..).unwrap_or_default() {
        match piece.text {
            "(" => depth += 1,
            ")" if depth == 0 => break,
            ")" => depth -= 1,
            "," if depth == 0 => {
                add(object, &current, &mut unnamed);
                current.clear();
                continue;
            }
            _ => {}
        }
        current.push(*piece);
    }
    add(object, &current, &mut unnamed);
}

/// Words that begin a constraint of a table and not a column.
const CONSTRAINTS: [&str; 5] = ["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"];

fn add(object: &mut Object, pieces: &[Piece<'_>], unnamed: &mut usize) {
    let Some((first, rest)) = pieces.split_first() else { return };
    if !CONSTRAINTS.iter().any(|word| first.is(word)) {
        let name = first.name().unwrap_or_else(|| first.text.to_owned());
        let properties = object.part("column", &name);
        if !rest.is_empty() {
            properties.insert("definition".to_owned(), joined(rest));
        }
        return;
    }
    // SQLite takes them without a comma between, too; they then follow each other in one piece.
    let text = joined(pieces);
    let name = match rest.first().filter(|_| first.is("CONSTRAINT")) {
        Some(name) => name.name().unwrap_or_else(|| name.text.to_owned()),
        // The text is all there is to tell unnamed ones apart.
        None => {
            let taken = object.parts.iter().any(|part| part.kind == "constraint" && part.name == text);
            *unnamed += usize::from(taken);
            if taken { format!("{text} ({unnamed})") } else { text.clone() }
        }
    };
    let properties = object.part("constraint", &name);
    if name != text {
        properties.insert("definition".to_owned(), text);
    }
}

/// Tokens in lower case with one space between them where two would otherwise run together; strings as they are.
pub(super) fn folded(sql: &str) -> String {
    joined(&without_comments(sql))
}

fn without_comments(sql: &str) -> Vec<Piece<'_>> {
    let mut pieces = pieces(sql, Dialect::Sqlite);
    pieces.retain(|piece| piece.kind != PieceKind::Comment);
    pieces
}

fn joined(pieces: &[Piece<'_>]) -> String {
    let mut text = String::new();
    let mut end = 0;
    for (index, piece) in pieces.iter().enumerate() {
        if in_needless_parentheses(pieces, index) {
            continue;
        }
        let shown = match piece.kind {
            PieceKind::Word => piece.text.to_ascii_lowercase(),
            PieceKind::QuotedName => unquoted(piece, true),
            _ => piece.text.to_owned(),
        };
        // `<=` and the like are two symbols that belong together.
        let closes = matches!(piece.text, ")" | "," | ".");
        let sticks = text.is_empty() || text.ends_with(['(', '.']) || closes;
        let operator = piece.kind == PieceKind::Other
            && end == piece.start
            && text.ends_with(['<', '>', '=', '!', '|', '-', '+', '*', '/'])
            && matches!(piece.text, "=" | ">" | "<" | "|");
        let call = piece.text == "(" && pieces_call(&text);
        if !(sticks || operator || call) {
            text.push(' ');
        }
        text.push_str(&shown);
        end = piece.start + piece.text.len();
    }
    text
}

/// Whether a token is a parenthesis around a default of one token: some tools write them, others do not.
fn in_needless_parentheses(pieces: &[Piece<'_>], index: usize) -> bool {
    let text = |offset: usize| pieces.get(offset).map_or("", |piece| piece.text);
    let is_default = |offset: Option<usize>| {
        offset.and_then(|offset| pieces.get(offset)).is_some_and(|piece| piece.is("DEFAULT"))
    };
    (text(index) == "(" && text(index + 2) == ")" && is_default(index.checked_sub(1)))
        || (text(index) == ")"
            && index.checked_sub(2).is_some_and(|open| text(open) == "(")
            && is_default(index.checked_sub(3)))
}

/// Whether a parenthesis behind this text is that of a type's length or a function's arguments.
fn pieces_call(text: &str) -> bool {
    let word = text.rsplit([' ', '(', ',']).next().unwrap_or_default();
    let keyword =
        ["check", "key", "unique", "default", "as", "in", "and", "or", "not", "references", "on", "where"];
    word.ends_with(|character: char| character.is_ascii_alphanumeric() || character == '_')
        && !keyword.contains(&word)
}

/// A quoted name without its quotes where it needs none to be read.
fn unquoted(piece: &Piece<'_>, fold: bool) -> String {
    let name = piece.name().unwrap_or_default();
    let plain = name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|character| character.is_ascii_alphanumeric() || character == '_');
    match (plain, fold) {
        (true, true) => name.to_ascii_lowercase(),
        (true, false) => name,
        (false, _) => Dialect::Sqlite.quote_identifier(&name),
    }
}

/// The text as it is written but for quotes around names that need none: SQLite adds them when a table is renamed.
pub(super) fn plain(sql: &str) -> String {
    let mut text = String::new();
    let mut end = 0;
    for piece in pieces(sql, Dialect::Sqlite) {
        text.push_str(sql.get(end..piece.start).unwrap_or_default());
        if piece.kind == PieceKind::QuotedName {
            text.push_str(&unquoted(&piece, false));
        } else {
            text.push_str(piece.text);
        }
        end = piece.start + piece.text.len();
    }
    text.push_str(sql.get(end..).unwrap_or_default());
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_difference_is_not_told() {
        let parts = |sql: &str| {
            let mut object = Object::default();
            table(&mut object, sql);
            object
        };
        let one = parts(
            "CREATE TABLE orders (id INTEGER PRIMARY KEY, -- the key\n \"total\" decimal(10, 2) NOT NULL DEFAULT 0, \
             CHECK (total >= 0), CONSTRAINT paid FOREIGN KEY (id) REFERENCES bills (id))",
        );
        let other = parts(
            "CREATE TABLE \"orders\" (\"id\" integer primary key, total DECIMAL(10,2) NOT NULL DEFAULT 0, \
             CHECK (\"total\" >= 0), CONSTRAINT \"paid\" FOREIGN KEY(id) REFERENCES \"bills\"(\"id\"))",
        );
        let shown = |object: &Object| -> Vec<String> {
            object
                .parts
                .iter()
                .map(|part| format!("{} {} {:?}", part.kind, part.name, part.properties))
                .collect()
        };
        assert_eq!(shown(&one), shown(&other));
        insta::assert_snapshot!(shown(&one).join("\n"), @r#"
        column id {"definition": "integer primary key"}
        column total {"definition": "decimal(10, 2) not null default 0"}
        constraint check (total >= 0) {}
        constraint paid {"definition": "constraint paid foreign key (id) references bills(id)"}
        "#);
        let third =
            parts("CREATE TABLE orders (id INTEGER PRIMARY KEY, total decimal(10, 2) NOT NULL DEFAULT 1)");
        assert_ne!(one, third);
    }
}
