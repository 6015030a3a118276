//! Types: as written, and as the catalog spells them.

use squawk_syntax::SyntaxNode;

use super::tree;

/// A type in lower case with single blanks: `varchar(20)`, `timestamp(3) with time zone`.
pub(super) fn written(node: &SyntaxNode) -> String {
    let mut text = String::new();
    for token in tree::tokens(node) {
        let word = token.text();
        let is_word = |character: char| character.is_alphanumeric() || character == '_' || character == '"';
        let begins = word.starts_with(is_word);
        let ended = text.ends_with(|last: char| is_word(last) || last == ')');
        if begins && ended {
            text.push(' ');
        }
        if word.starts_with('"') { text.push_str(word) } else { text.push_str(&word.to_lowercase()) }
    }
    text
}

/// A type as the catalog sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PgType {
    /// `character varying`, `integer`; with its schema, if it is not `pg_catalog`.
    pub name: String,
    /// `20`; `10` and `2`.
    pub arguments: Vec<u32>,
    /// Whether it is an array.
    pub is_array: bool,
}

/// Reads a type's text, from a statement or from the catalog.
pub(crate) fn canonical(text: &str) -> PgType {
    let mut text = text.trim().to_owned();
    if !text.contains('"') {
        text = text.to_lowercase();
    }
    let is_array = text.contains('[') || text.split(' ').any(|word| word == "array");
    let open = text.find('(');
    let close = text.find(')');
    let arguments = match (open, close) {
        (Some(open), Some(close)) if open < close => text
            .get(open + 1..close)
            .unwrap_or_default()
            .split(',')
            .filter_map(|argument| argument.trim().parse().ok())
            .collect(),
        _ => Vec::new(),
    };
    let mut base: String = match (open, close) {
        (Some(open), Some(close)) if open < close => {
            format!("{} {}", text.get(..open).unwrap_or_default(), text.get(close + 1..).unwrap_or_default())
        }
        _ => text,
    };
    if let Some(bracket) = base.find('[') {
        base.truncate(bracket);
    }
    let words: Vec<&str> =
        base.split_whitespace().filter(|word| *word != "array" && *word != "setof").collect();
    let joined = words.join(" ");
    let plain = joined.strip_prefix("pg_catalog.").unwrap_or(&joined);
    let mut arguments: Vec<u32> = arguments;
    let name = match plain {
        "int" | "int4" | "integer" | "serial" | "serial4" => "integer",
        "int8" | "bigint" | "bigserial" | "serial8" => "bigint",
        "int2" | "smallint" | "smallserial" | "serial2" => "smallint",
        "varchar"
        | "char varying"
        | "character varying"
        | "national character varying"
        | "national char varying"
        | "nchar varying" => "character varying",
        "char" | "character" | "national character" | "national char" | "nchar" => {
            if arguments.is_empty() {
                arguments.push(1);
            }
            "character"
        }
        "bpchar" => "character",
        "decimal" | "numeric" | "dec" => {
            if arguments.len() == 1 {
                arguments.push(0);
            }
            "numeric"
        }
        "float" => {
            let real = arguments.first().is_some_and(|bits| *bits <= 24);
            arguments.clear();
            if real { "real" } else { "double precision" }
        }
        "float8" | "double precision" => "double precision",
        "float4" | "real" => "real",
        "bool" | "boolean" => "boolean",
        "timestamptz" | "timestamp with time zone" => "timestamp with time zone",
        "timestamp" | "timestamp without time zone" => "timestamp without time zone",
        "timetz" | "time with time zone" => "time with time zone",
        "time" | "time without time zone" => "time without time zone",
        "varbit" | "bit varying" => "bit varying",
        "bit" => {
            if arguments.is_empty() {
                arguments.push(1);
            }
            "bit"
        }
        other => other,
    };
    PgType { name: name.to_owned(), arguments, is_array }
}

/// Whether values of one type are values of the other as they lie, so that a change of a column's type writes no row.
pub(crate) fn is_binary_coercible(from: &PgType, to: &PgType) -> bool {
    if from == to {
        return true;
    }
    // The coercion of an array's elements is a function to the server, so that it writes the table, but for a wider limit alone.
    if from.is_array || to.is_array {
        return false;
    }
    let widens = |unlimited: bool| match (from.arguments.first(), to.arguments.first()) {
        (_, None) => true,
        (None, Some(_)) => unlimited,
        (Some(from), Some(to)) => to >= from,
    };
    match (from.name.as_str(), to.name.as_str()) {
        ("character varying", "text") | ("text", "character varying") => to.arguments.is_empty(),
        ("character varying", "character varying") | ("bit varying", "bit varying") => widens(false),
        ("numeric", "numeric") => match (from.arguments.as_slice(), to.arguments.as_slice()) {
            (_, []) => true,
            ([from, from_scale], [to, to_scale]) => to >= from && from_scale == to_scale,
            _ => false,
        },
        ("timestamp with time zone", "timestamp with time zone")
        | ("timestamp without time zone", "timestamp without time zone")
        | ("time with time zone", "time with time zone")
        | ("time without time zone", "time without time zone")
        | ("interval", "interval") => {
            let precision = |it: &PgType| it.arguments.first().copied().unwrap_or(6);
            precision(to) >= precision(from)
        }
        ("cidr", "inet") | ("xml", "text" | "character varying") => to.arguments.is_empty(),
        ("bit", "bit varying") => to.arguments.is_empty() || to.arguments >= from.arguments,
        ("integer" | "oid" | "regclass" | "regtype" | "regproc", "oid") => true,
        ("oid" | "regclass" | "regtype" | "regproc", "integer") => true,
        _ => false,
    }
}
