//! Defaults: whether each row may get another value.

use squawk_syntax::ast::{self, AstNode};
use squawk_syntax::{SyntaxKind, SyntaxNode};

use super::tree;
use crate::ddl::ColumnDefault;

/// Functions of PostgreSQL that are evaluated once for a whole statement, as far as defaults call them. A name that is not here may
/// be a volatile one.
pub const NON_VOLATILE: &[&str] = &[
    "abs",
    "age",
    "array_append",
    "array_cat",
    "array_fill",
    "array_length",
    "array_position",
    "array_prepend",
    "array_remove",
    "array_replace",
    "array_to_json",
    "array_to_string",
    "ascii",
    "bit_length",
    "box",
    "btrim",
    "cardinality",
    "ceil",
    "ceiling",
    "char_length",
    "character_length",
    "chr",
    "circle",
    "coalesce",
    "concat",
    "concat_ws",
    "convert_from",
    "convert_to",
    "cos",
    "current_database",
    "current_schema",
    "current_schemas",
    "current_setting",
    "current_user",
    "date",
    "date_bin",
    "date_part",
    "date_trunc",
    "daterange",
    "decode",
    "degrees",
    "div",
    "encode",
    "enum_first",
    "enum_last",
    "enum_range",
    "exp",
    "factorial",
    "floor",
    "format",
    "format_type",
    "gcd",
    "get_byte",
    "greatest",
    "host",
    "inet_client_addr",
    "inet_server_addr",
    "initcap",
    "int4range",
    "int8range",
    "isfinite",
    "json_array",
    "json_build_array",
    "json_build_object",
    "json_object",
    "json_strip_nulls",
    "jsonb_build_array",
    "jsonb_build_object",
    "jsonb_object",
    "jsonb_set",
    "jsonb_strip_nulls",
    "justify_days",
    "justify_hours",
    "justify_interval",
    "lcm",
    "least",
    "left",
    "length",
    "line",
    "ln",
    "localtime",
    "localtimestamp",
    "log",
    "lower",
    "lpad",
    "lseg",
    "ltrim",
    "make_date",
    "make_interval",
    "make_time",
    "make_timestamp",
    "make_timestamptz",
    "md5",
    "mod",
    "now",
    "nullif",
    "num_nonnulls",
    "num_nulls",
    "numrange",
    "octet_length",
    "overlay",
    "path",
    "pg_client_encoding",
    "pg_get_userbyid",
    "pi",
    "point",
    "polygon",
    "position",
    "power",
    "quote_ident",
    "quote_literal",
    "quote_nullable",
    "radians",
    "regexp_match",
    "regexp_matches",
    "regexp_replace",
    "repeat",
    "replace",
    "reverse",
    "right",
    "round",
    "row_to_json",
    "rpad",
    "rtrim",
    "scale",
    "session_user",
    "sha224",
    "sha256",
    "sha384",
    "sha512",
    "sign",
    "sin",
    "split_part",
    "sqrt",
    "starts_with",
    "statement_timestamp",
    "string_to_array",
    "strpos",
    "substr",
    "substring",
    "tan",
    "timezone",
    "to_ascii",
    "to_char",
    "to_date",
    "to_hex",
    "to_json",
    "to_jsonb",
    "to_number",
    "to_regclass",
    "to_timestamp",
    "to_tsquery",
    "to_tsvector",
    "transaction_timestamp",
    "translate",
    "trim",
    "trunc",
    "tsrange",
    "tstzrange",
    "txid_current_snapshot",
    "upper",
    "version",
    "width_bucket",
];

/// Reads the expression of a default.
pub(super) fn default(expression: &SyntaxNode) -> ColumnDefault {
    let is_null = is_null(expression);
    ColumnDefault {
        text: tree::text(expression),
        is_constant: is_null || is_constant(expression),
        is_null,
        may_be_volatile: may_be_volatile(expression),
    }
}

/// Whether each evaluation may give another value.
pub(super) fn may_be_volatile(expression: &SyntaxNode) -> bool {
    expression
        .descendants()
        .filter_map(ast::CallExpr::cast)
        .filter_map(|call| call.expr())
        .any(|callee| !is_known(callee.syntax()))
        // `'tomorrow'` aside, a query may call anything.
        || expression.descendants().any(|node| matches!(node.kind(), SyntaxKind::SELECT))
}

fn is_known(callee: &SyntaxNode) -> bool {
    let words: Vec<String> = tree::tokens(callee).map(|token| token.text().to_lowercase()).collect();
    let name = match words.as_slice() {
        [name] => name,
        [schema, _, name] if schema == "pg_catalog" => name,
        _ => return false,
    };
    NON_VOLATILE.binary_search(&name.trim_matches('"')).is_ok()
}

fn is_null(node: &SyntaxNode) -> bool {
    match node.kind() {
        SyntaxKind::LITERAL => tree::has_token(node, SyntaxKind::NULL_KW),
        SyntaxKind::CAST_EXPR | SyntaxKind::PAREN_EXPR => {
            node.children().next().is_some_and(|it| is_null(&it))
        }
        _ => false,
    }
}

fn is_constant(node: &SyntaxNode) -> bool {
    match node.kind() {
        SyntaxKind::LITERAL => true,
        SyntaxKind::CAST_EXPR => {
            let values: Vec<_> = node.children().filter(|it| ast::Expr::can_cast(it.kind())).collect();
            !values.is_empty() && values.iter().all(is_constant)
        }
        SyntaxKind::PAREN_EXPR | SyntaxKind::PREFIX_EXPR | SyntaxKind::ARRAY_EXPR | SyntaxKind::COLLATE => {
            node.children().filter(|it| ast::Expr::can_cast(it.kind())).all(|it| is_constant(&it))
        }
        _ => false,
    }
}
