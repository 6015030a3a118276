//! YAML as Psych reads it: YAML 1.1's words for true and false, its numbers, and merge keys.

use std::collections::BTreeMap;
use std::fmt;

use saphyr_parser::{Event, Parser, ScalarStyle, StrInput, Tag};

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub enum Yaml {
    /// nil
    Nil,
    /// true or false
    Bool(bool),
    /// A whole number.
    Integer(i64),
    /// Another number, as Ruby prints it.
    Float(f64),
    /// Text.
    Text(String),
    /// `:name`
    Symbol(String),
    /// A date, a time or whatever else Ruby makes an object of: its text in the file.
    Other(String),
    /// A list.
    List(Vec<Yaml>),
    /// A mapping, each key once, in order.
    Map(Vec<(Yaml, Yaml)>),
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct YamlError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl Yaml {
    /// The text that Ruby prints for it.
    pub fn to_text(&self) -> String {
        match self {
            Yaml::Nil => String::new(),
            Yaml::Bool(value) => value.to_string(),
            Yaml::Integer(number) => number.to_string(),
            Yaml::Float(number) => float_text(*number),
            Yaml::Text(text) | Yaml::Symbol(text) | Yaml::Other(text) => text.clone(),
            Yaml::List(_) => "[…]".to_owned(),
            Yaml::Map(_) => "{…}".to_owned(),
        }
    }

    /// Whether Ruby takes it for true.
    pub fn is_true(&self) -> bool {
        !matches!(self, Yaml::Nil | Yaml::Bool(false))
    }

    /// The value of a key that is text or a symbol.
    pub fn get(&self, name: &str) -> Option<&Yaml> {
        let Yaml::Map(entries) = self else { return None };
        entries
            .iter()
            .find(|(key, _)| matches!(key, Yaml::Text(text) | Yaml::Symbol(text) if text == name))
            .map(|(_, value)| value)
    }
}

impl From<&serde_json::Value> for Yaml {
    /// What a guest made of a file.
    fn from(value: &serde_json::Value) -> Yaml {
        match value {
            serde_json::Value::Null => Yaml::Nil,
            serde_json::Value::Bool(value) => Yaml::Bool(*value),
            serde_json::Value::Number(number) => match (number.as_i64(), number.as_f64()) {
                (Some(number), _) => Yaml::Integer(number),
                (None, Some(number)) => Yaml::Float(number),
                (None, None) => Yaml::Other(number.to_string()),
            },
            serde_json::Value::String(text) => Yaml::Text(text.clone()),
            serde_json::Value::Array(items) => Yaml::List(items.iter().map(Yaml::from).collect()),
            serde_json::Value::Object(entries) => Yaml::Map(
                entries.iter().map(|(key, value)| (Yaml::Text(key.clone()), value.into())).collect(),
            ),
        }
    }
}

/// `Float#to_s`, as far as configurations have such numbers.
fn float_text(number: f64) -> String {
    if number.is_finite() && number.fract() == 0.0 && number.abs() < 1e16 {
        return format!("{number:.1}");
    }
    number.to_string()
}

impl fmt::Display for YamlError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} at line {}", self.message, self.line)
    }
}

/// How deep values may stand in each other.
const DEPTH: usize = 64;
/// How much aliases may grow a file.
const SIZE: usize = 200_000;

/// The first document of a text; `None` when there is none.
///
/// # Errors
/// It is not YAML.
pub fn parse(text: &str) -> Result<Option<Yaml>, YamlError> {
    let mut composer = Composer {
        parser: Parser::new_from_str(text),
        line: 1,
        anchors: BTreeMap::new(),
        size: 0,
        open: Vec::new(),
    };
    loop {
        match composer.next()? {
            None | Some(Event::StreamEnd) => return Ok(None),
            Some(Event::DocumentStart(_)) => break,
            Some(_) => {}
        }
    }
    let Some(event) = composer.next()? else { return Ok(None) };
    if event == Event::DocumentEnd {
        return Ok(None);
    }
    composer.value(event, 0).map(Some)
}

struct Composer<'a> {
    parser: Parser<'a, StrInput<'a>>,
    line: usize,
    anchors: BTreeMap<usize, (Yaml, usize)>,
    size: usize,
    /// Anchors whose values are not complete.
    open: Vec<usize>,
}

impl<'a> Composer<'a> {
    fn next(&mut self) -> Result<Option<Event<'a>>, YamlError> {
        match self.parser.next_event() {
            None => Ok(None),
            Some(Ok((event, span))) => {
                self.line = span.start.line();
                Ok(Some(event))
            }
            Some(Err(error)) => {
                Err(YamlError { line: error.marker().line(), message: error.info().to_owned() })
            }
        }
    }

    fn needed(&mut self) -> Result<Event<'a>, YamlError> {
        self.next()?.ok_or_else(|| self.wrong("the text ends too early"))
    }

    fn wrong(&self, message: &str) -> YamlError {
        YamlError { line: self.line, message: message.to_owned() }
    }

    fn value(&mut self, event: Event<'a>, depth: usize) -> Result<Yaml, YamlError> {
        self.size += 1;
        if depth > DEPTH || self.size > SIZE {
            return Err(self.wrong("the file is too deep or too large"));
        }
        let size_before = self.size;
        let (anchor, value) = match event {
            Event::Alias(anchor) => {
                if self.open.contains(&anchor) {
                    return Err(self.wrong("a value contains itself"));
                }
                let (value, size) = self
                    .anchors
                    .get(&anchor)
                    .cloned()
                    .ok_or_else(|| self.wrong("an alias without anchor"))?;
                self.size += size;
                return Ok(value);
            }
            Event::Scalar(text, style, anchor, tag) => (anchor, scalar(&text, style, tag.as_deref())),
            Event::SequenceStart(anchor, _) => {
                self.open.push(anchor);
                let mut items = Vec::new();
                loop {
                    match self.needed()? {
                        Event::SequenceEnd => break,
                        event => items.push(self.value(event, depth + 1)?),
                    }
                }
                self.open.pop();
                (anchor, Yaml::List(items))
            }
            Event::MappingStart(anchor, _) => {
                self.open.push(anchor);
                let map = self.mapping(depth)?;
                self.open.pop();
                (anchor, map)
            }
            _ => return Err(self.wrong("a value is missing")),
        };
        if anchor > 0 {
            self.anchors.insert(anchor, (value.clone(), self.size - size_before + 1));
        }
        Ok(value)
    }

    /// Psych puts what `<<` brings where it stands: it replaces what came before, and gives way to what follows.
    fn mapping(&mut self, depth: usize) -> Result<Yaml, YamlError> {
        let mut entries: Vec<(Yaml, Yaml)> = Vec::new();
        loop {
            let key = match self.needed()? {
                Event::MappingEnd => return Ok(Yaml::Map(entries)),
                event => self.value(event, depth + 1)?,
            };
            let event = self.needed()?;
            let value = self.value(event, depth + 1)?;
            if key != Yaml::Text("<<".to_owned()) {
                set(&mut entries, key, value);
                continue;
            }
            match value {
                Yaml::Map(merged) => {
                    merged.into_iter().for_each(|(key, value)| set(&mut entries, key, value))
                }
                Yaml::List(items) if items.iter().all(|item| matches!(item, Yaml::Map(_))) => {
                    for item in items.into_iter().rev() {
                        if let Yaml::Map(merged) = item {
                            merged.into_iter().for_each(|(key, value)| set(&mut entries, key, value));
                        }
                    }
                }
                other => set(&mut entries, key, other),
            }
        }
    }
}

/// Sets a key as a Ruby hash does: one that is there keeps its place.
pub fn set(entries: &mut Vec<(Yaml, Yaml)>, key: Yaml, value: Yaml) {
    match entries.iter_mut().find(|(known, _)| *known == key) {
        Some(entry) => entry.1 = value,
        None => entries.push((key, value)),
    }
}

fn scalar(text: &str, style: ScalarStyle, tag: Option<&Tag>) -> Yaml {
    if let Some(tag) = tag {
        let suffix = tag.suffix.as_str();
        return match (tag.is_yaml_core_schema() || tag.handle == "!!", suffix) {
            (true, "str") => Yaml::Text(text.to_owned()),
            (true, "int" | "float" | "bool" | "null") => {
                let value = plain(text);
                match (suffix, value) {
                    ("float", Yaml::Integer(number)) => Yaml::Float(number as f64),
                    (_, value) => value,
                }
            }
            _ if suffix == "ruby/symbol" || suffix == "ruby/sym" => Yaml::Symbol(text.to_owned()),
            _ if style == ScalarStyle::Plain && suffix.is_empty() => plain(text),
            _ => Yaml::Text(text.to_owned()),
        };
    }
    if style == ScalarStyle::Plain { plain(text) } else { Yaml::Text(text.to_owned()) }
}

/// `Psych::ScalarScanner#tokenize`.
fn plain(text: &str) -> Yaml {
    match text {
        "" | "~" => return Yaml::Nil,
        _ if text.eq_ignore_ascii_case("null") => return Yaml::Nil,
        _ => {}
    }
    for word in ["yes", "true", "on"] {
        if text.eq_ignore_ascii_case(word) {
            return Yaml::Bool(true);
        }
    }
    for word in ["no", "false", "off"] {
        if text.eq_ignore_ascii_case(word) {
            return Yaml::Bool(false);
        }
    }
    if let Some(name) = text.strip_prefix(':')
        && !name.is_empty()
        && !name.starts_with([':', ' '])
    {
        let quoted = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        let single = name.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        return Yaml::Symbol(quoted.or(single).unwrap_or(name).to_owned());
    }
    number(text).unwrap_or_else(|| Yaml::Text(text.to_owned()))
}

fn number(text: &str) -> Option<Yaml> {
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let first = unsigned.chars().next()?;
    if !first.is_ascii_digit() && first != '.' {
        return None;
    }
    let lower = unsigned.to_ascii_lowercase();
    match lower.as_str() {
        ".inf" => {
            return Some(Yaml::Float(if text.starts_with('-') { f64::NEG_INFINITY } else { f64::INFINITY }));
        }
        ".nan" if unsigned == text => return Some(Yaml::Float(f64::NAN)),
        _ => {}
    }
    let sign = if text.starts_with('-') { -1 } else { 1 };
    integer(unsigned)
        .map(|number| Yaml::Integer(sign * number))
        .or_else(|| other_number(text, unsigned, sign))
}

/// Decimal with `_` or `,` between digits, octal, hexadecimal, binary.
fn integer(text: &str) -> Option<i64> {
    let radix = |digits: &str, radix: u32| {
        let plain = digits.replace(['_', ','], "");
        (!plain.is_empty()).then(|| i64::from_str_radix(&plain, radix).ok()).flatten()
    };
    if let Some(digits) = text.strip_prefix("0b") {
        return digits.bytes().all(|byte| b"01_,".contains(&byte)).then(|| radix(digits, 2)).flatten();
    }
    if let Some(digits) = text.strip_prefix("0x") {
        let fits = digits.bytes().all(|byte| byte.is_ascii_hexdigit() || b"_,".contains(&byte));
        return fits.then(|| radix(digits, 16)).flatten();
    }
    if text == "0" {
        return Some(0);
    }
    if let Some(digits) = text.strip_prefix('0') {
        return digits
            .bytes()
            .all(|byte| (b'0'..=b'7').contains(&byte) || b"_,".contains(&byte))
            .then(|| radix(digits, 8))
            .flatten();
    }
    let separated = |separator: char| {
        let mut parts = text.split(separator);
        parts.all(|part| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()))
    };
    (separated('_') || separated(',')).then(|| radix(text, 10)).flatten()
}

fn other_number(text: &str, unsigned: &str, sign: i64) -> Option<Yaml> {
    // Base sixty: hours, minutes, seconds.
    let parts: Vec<&str> = unsigned.split(':').collect();
    if (2..=3).contains(&parts.len())
        && parts.iter().enumerate().all(|(place, part)| {
            let longest = if place == 0 { 9 } else { 2 };
            (1..=longest).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit())
        })
        && parts.iter().skip(1).all(|part| part.parse::<u8>().is_ok_and(|value| value < 60))
    {
        let mut value = 0_i64;
        for (place, part) in parts.iter().enumerate() {
            let weight = 60_i64.pow(2 - u32::try_from(place).unwrap_or(2));
            value = value.checked_add(part.parse::<i64>().ok()?.checked_mul(weight)?)?;
        }
        return Some(Yaml::Integer(sign * value));
    }
    let is_date = unsigned == text
        && unsigned.len() >= 8
        && unsigned.get(..4).is_some_and(|year| year.bytes().all(|byte| byte.is_ascii_digit()))
        && unsigned.get(4..5) == Some("-")
        && unsigned.bytes().all(|byte| byte.is_ascii_digit() || b"-:. TtZz+".contains(&byte));
    if is_date {
        return Some(Yaml::Other(text.to_owned()));
    }
    let digits = unsigned.replace(['_', ','], "");
    let (whole, fraction) = digits.split_once('.')?;
    let are_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let exponent = fraction.split_once(['e', 'E']);
    let fits = match exponent {
        None => are_digits(fraction),
        // `0.1e5` is text to Psych, `0.1e+5` is a number.
        Some((fraction, power)) => {
            are_digits(fraction)
                && power.strip_prefix(['+', '-']).is_some_and(|power| !power.is_empty() && are_digits(power))
        }
    };
    if !are_digits(whole) || !fits || (whole.is_empty() && fraction.is_empty()) {
        return None;
    }
    let number: f64 = format!("0{digits}").trim_end_matches('.').parse().ok()?;
    Some(Yaml::Float(if sign < 0 { -number } else { number }))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> String {
        match parse(&format!("a: {text}\n")) {
            Ok(Some(map)) => match map.get("a") {
                Some(value) => format!("{value:?}"),
                None => format!("{map:?}"),
            },
            other => format!("{other:?}"),
        }
    }

    /// Each as Psych 5.1 gives it.
    #[test]
    fn plain_words_are_what_psych_takes_them_for() {
        let cases = [
            ("yes", "Bool(true)"),
            ("No", "Bool(false)"),
            ("OFF", "Bool(false)"),
            ("y", "Text(\"y\")"),
            ("~", "Nil"),
            ("Null", "Nil"),
            ("", "Nil"),
            ("010", "Integer(8)"),
            ("01234", "Integer(668)"),
            ("0o10", "Text(\"0o10\")"),
            ("0x1F", "Integer(31)"),
            ("0b11", "Integer(3)"),
            ("1_000", "Integer(1000)"),
            ("1,000", "Integer(1000)"),
            ("1e3", "Text(\"1e3\")"),
            ("1.5", "Float(1.5)"),
            (".5", "Float(0.5)"),
            ("1.", "Float(1.0)"),
            ("-.inf", "Float(-inf)"),
            ("12:30:45", "Integer(45045)"),
            ("12:30", "Integer(45000)"),
            ("190:20:30", "Integer(685230)"),
            ("2001-01-01", "Other(\"2001-01-01\")"),
            (":sym", "Symbol(\"sym\")"),
            (":\"a\"", "Symbol(\"a\")"),
            ("1.0.0", "Text(\"1.0.0\")"),
            ("+5", "Integer(5)"),
            ("-5", "Integer(-5)"),
            ("\"5\"", "Text(\"5\")"),
            ("08", "Text(\"08\")"),
            ("1_", "Text(\"1_\")"),
            ("1__0", "Text(\"1__0\")"),
            ("0x_1", "Integer(1)"),
            ("0.1e5", "Text(\"0.1e5\")"),
            ("--", "Text(\"--\")"),
            ("10.0.0.5", "Text(\"10.0.0.5\")"),
            ("!!str 1", "Text(\"1\")"),
            ("!ruby/symbol x", "Symbol(\"x\")"),
            ("!!int '3'", "Integer(3)"),
            ("!!float 1", "Float(1.0)"),
        ];
        for (text, expected) in cases {
            assert_eq!(value(text), expected, "{text}");
        }
    }

    #[test]
    fn merge_keys_stand_where_they_are_written() {
        let text = "a: &x {p: 1, q: 2}\nb:\n  <<: *x\n  q: 3\nc:\n  q: 3\n  <<: *x\nd:\n  <<: [*x, {r: 9}]\ne:\n  '<<': *x\nf:\n  <<: 5\n";
        let found = parse(text).unwrap().unwrap();
        let shown: Vec<String> = ["b", "c", "d", "e", "f"]
            .iter()
            .map(|name| {
                let Some(Yaml::Map(entries)) = found.get(name) else { panic!("{name}") };
                entries
                    .iter()
                    .map(|(key, value)| format!("{} {}", key.to_text(), value.to_text()))
                    .collect::<Vec<_>>()
                    .join(", ")
            })
            .collect();
        assert_eq!(shown, ["p 1, q 3", "q 2, p 1", "r 9, p 1, q 2", "p 1, q 2", "<< 5"]);
    }

    #[test]
    fn only_the_first_document_counts_and_none_is_none() {
        assert_eq!(parse("").unwrap(), None);
        assert_eq!(parse("# nothing\n").unwrap(), None);
        assert_eq!(parse("--- x\n--- y\n").unwrap(), Some(Yaml::Text("x".to_owned())));
        assert_eq!(parse("a: 1\na: 2\n").unwrap().unwrap().get("a"), Some(&Yaml::Integer(2)));
    }

    #[test]
    fn what_is_no_yaml_is_told_with_its_line() {
        for (text, line) in [("a:\n\t- b", 2), ("a: [\n", 2), ("a: *nope\n", 1), ("a: &a [*a]\n", 1)] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text}: {error}");
        }
    }

    #[test]
    fn aliases_do_not_grow_without_end() {
        let mut text = "a0: &a0 [x, x]\n".to_owned();
        for level in 1..40 {
            text.push_str(&format!("a{level}: &a{level} [*a{0}, *a{0}]\n", level - 1));
        }
        assert!(parse(&text).is_err());
        assert!(parse(&"[".repeat(10_000)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "([a-c]: |- |&a |\\*a|<<: |\\n *|\\[|\\]|\\{|\\}|,|'|\"|!!int |[0-9.:_-]{0,5}|\\||>|#|\\PC){0,30}") {
            let _ = parse(&text);
        }
    }
}
