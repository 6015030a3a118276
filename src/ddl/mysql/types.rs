//! Types of columns, and what it takes to change one into another.

/// A type, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MysqlType {
    /// Its name without synonyms: `int` for `integer`, `tinyint` for `boolean`.
    pub name: String,
    /// What it says in parentheses; a width that only affects display is left out.
    pub arguments: Vec<String>,
    /// `UNSIGNED`, or `ZEROFILL`, which implies it.
    pub unsigned: bool,
}

/// What lies between two types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TypeChange {
    /// Nothing.
    Same,
    /// `VARCHAR` or `VARBINARY` becomes longer, and needs as many bytes for its length as before.
    Longer,
    /// It becomes longer than 255 bytes, so that its length needs two bytes.
    LongerThanByte,
    /// `ENUM` or `SET` gets members at its end, and stays as wide.
    Appended,
    /// `ENUM` or `SET` gets members at its end, and needs more bytes.
    Overflown,
    /// Members of `ENUM` or `SET` are removed.
    Removed,
    /// Members come in another order, or new ones before others.
    Reordered,
    /// Rows are converted.
    Converted,
}

impl MysqlType {
    /// Takes a type apart, as a statement or the catalog spells it.
    pub fn of(text: &str) -> MysqlType {
        let (head, rest) = match text.split_once('(') {
            Some((head, rest)) => (head, Some(rest)),
            None => (text, None),
        };
        let (inside, tail) = match rest.and_then(|rest| rest.rsplit_once(')')) {
            Some((inside, tail)) => (Some(inside), tail),
            None => (None, ""),
        };
        let lower = head.trim().to_ascii_lowercase();
        let mut words: Vec<&str> = lower.split_whitespace().collect();
        let tail = tail.to_ascii_lowercase();
        let is_unsigned = |word: &str| word == "unsigned" || word == "zerofill";
        let mut unsigned = tail.split_whitespace().any(is_unsigned);
        words.retain(|word| {
            unsigned |= is_unsigned(word);
            !is_unsigned(word) && *word != "signed"
        });
        let mut arguments = inside.map(members).unwrap_or_default();
        let name = match words.join(" ").as_str() {
            "integer" | "int4" => "int",
            "bool" | "boolean" => "tinyint",
            "int1" => "tinyint",
            "int2" => "smallint",
            "int3" | "middleint" => "mediumint",
            "int8" => "bigint",
            "serial" => {
                unsigned = true;
                "bigint"
            }
            "dec" | "numeric" | "fixed" => "decimal",
            "double precision" | "float8" => "double",
            "real" => "double",
            "float4" => "float",
            "character" | "national char" | "national character" | "nchar" => "char",
            "character varying" | "char varying" | "national varchar" | "nvarchar" | "varcharacter" => {
                "varchar"
            }
            "long" | "long varchar" => "mediumtext",
            "long varbinary" => "mediumblob",
            other => other,
        }
        .to_owned();
        let is_integer =
            matches!(name.as_str(), "tinyint" | "smallint" | "mediumint" | "int" | "bigint" | "year");
        if is_integer {
            arguments.clear();
        }
        if arguments.is_empty() && matches!(name.as_str(), "char" | "binary" | "bit") {
            arguments.push("1".to_owned());
        }
        if name == "decimal" {
            if arguments.is_empty() {
                arguments.push("10".to_owned());
            }
            if arguments.len() == 1 {
                arguments.push("0".to_owned());
            }
        }
        if matches!(name.as_str(), "datetime" | "timestamp" | "time")
            && arguments.iter().any(|digits| digits == "0")
        {
            arguments.clear();
        }
        MysqlType { name, arguments, unsigned }
    }

    /// The one number in its parentheses.
    pub fn length(&self) -> Option<u64> {
        self.arguments.first()?.parse().ok()
    }

    /// Whether it holds text, so that a character set matters.
    pub fn is_text(&self) -> bool {
        matches!(
            self.name.as_str(),
            "char" | "varchar" | "tinytext" | "text" | "mediumtext" | "longtext" | "enum" | "set"
        )
    }

    /// Whether it is `ENUM` or `SET`.
    pub fn has_members(&self) -> bool {
        matches!(self.name.as_str(), "enum" | "set")
    }
}

/// What stands between commas outside of strings.
fn members(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    let mut quoted = false;
    for character in text.chars() {
        quoted ^= character == '\'';
        if character == ',' && !quoted {
            found.push(String::new());
        } else if let Some(last) = found.last_mut() {
            last.push(character);
        }
    }
    found.iter_mut().for_each(|member| *member = member.trim().to_owned());
    found.retain(|member| !member.is_empty());
    found
}

/// Bytes that a character of a character set takes at most.
fn bytes_per_character(character_set: Option<&str>) -> u64 {
    match character_set.map(|name| name.split('_').next().unwrap_or(name)) {
        Some("utf8mb4" | "utf16" | "utf16le" | "utf32" | "gb18030") | None => 4,
        Some("utf8" | "utf8mb3" | "ujis" | "eucjpms") => 3,
        Some("ucs2" | "big5" | "gbk" | "gb2312" | "sjis" | "cp932" | "euckr") => 2,
        Some(_) => 1,
    }
}

/// What lies between a column's type and its new one; `character_set` is the new one's, where it is known.
pub fn type_change(
    old: &MysqlType,
    new: &MysqlType,
    old_set: Option<&str>,
    character_set: Option<&str>,
) -> TypeChange {
    if old.name != new.name || old.unsigned != new.unsigned {
        return TypeChange::Converted;
    }
    if old.arguments == new.arguments {
        return TypeChange::Same;
    }
    if old.has_members() {
        return members_change(old, new);
    }
    if let ("varchar" | "varbinary", Some(from), Some(to)) = (old.name.as_str(), old.length(), new.length())
        && to > from
    {
        let (was, is) = if old.name == "varchar" {
            (bytes_per_character(old_set), bytes_per_character(character_set))
        } else {
            (1, 1)
        };
        return if from.saturating_mul(was) <= 255 && to.saturating_mul(is) > 255 {
            TypeChange::LongerThanByte
        } else {
            TypeChange::Longer
        };
    }
    TypeChange::Converted
}

fn members_change(old: &MysqlType, new: &MysqlType) -> TypeChange {
    if old.arguments.iter().any(|member| !new.arguments.contains(member)) {
        return TypeChange::Removed;
    }
    if !new.arguments.starts_with(&old.arguments) {
        return TypeChange::Reordered;
    }
    if member_bytes(old) == member_bytes(new) { TypeChange::Appended } else { TypeChange::Overflown }
}

/// Bytes that a value takes.
fn member_bytes(one: &MysqlType) -> usize {
    let count = one.arguments.len();
    if one.name == "enum" {
        return if count < 256 { 1 } else { 2 };
    }
    match count.div_ceil(8) {
        bytes @ 0..=4 => bytes,
        _ => 8,
    }
}
