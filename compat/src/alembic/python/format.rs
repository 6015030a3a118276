//! The `%` operator of Python's strings with a mapping on its right, as in `"%(rev)s_%(slug)s" % {…}`.

use thiserror::Error;

use super::text::repr;

/// A value to put in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string.
    Text(String),
    /// An integer.
    Integer(i64),
}

/// Why a template cannot be filled in; the first four in Python's words.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum FormatError {
    /// `KeyError`.
    #[error("KeyError: {}", repr(.0))]
    Unknown(String),
    /// `ValueError` at the end of the template.
    #[error("ValueError: incomplete format{}", if *.0 { " key" } else { "" })]
    Incomplete(bool),
    /// `ValueError` for a letter that is no conversion.
    #[error("ValueError: unsupported format character '{character}' ({code:#x}) at index {index}", code = u32::from(*.character))]
    Character {
        /// The letter.
        character: char,
        /// Where it stands, in characters from 0.
        index: usize,
    },
    /// `TypeError`: a number was wanted.
    #[error("TypeError: %{0} format: {kind}, not {1}", kind = if matches!(.0, 'd' | 'i' | 'u') { "a real number is required" } else { "an integer is required" })]
    Number(char, &'static str),
    /// A conversion that Python knows and that makes no sense in a file name.
    #[error(
        "the conversion `{0}` is not supported; use %(name)s, %(name)d or a form with a width as in %(month).2d"
    )]
    Conversion(String),
}

/// Fills in a template. `lookup` gives the value of a key.
///
/// # Errors
/// As Python, or [`FormatError::Conversion`] for what is not supported here (`%s` without a key, `%e`, `%c`, `*`).
pub fn format(template: &str, lookup: &dyn Fn(&str) -> Option<Value>) -> Result<String, FormatError> {
    let characters: Vec<char> = template.chars().collect();
    let mut out = String::with_capacity(template.len());
    let mut position = 0;
    while let Some(character) = characters.get(position) {
        position += 1;
        if *character != '%' {
            out.push(*character);
            continue;
        }
        let specification = Specification::read(&characters, &mut position)?;
        specification.apply(&mut out, lookup)?;
    }
    Ok(out)
}

/// One `%…` of a template.
struct Specification {
    key: Option<String>,
    left: bool,
    zero: bool,
    sign: Option<char>,
    alternate: bool,
    width: usize,
    precision: Option<usize>,
    conversion: char,
    /// Where the conversion stands.
    index: usize,
}

impl Specification {
    /// Reads what stands behind a `%`.
    fn read(characters: &[char], position: &mut usize) -> Result<Specification, FormatError> {
        let at = |position: usize| characters.get(position).copied();
        let mut read = Specification {
            key: None,
            left: false,
            zero: false,
            sign: None,
            alternate: false,
            width: 0,
            precision: None,
            conversion: '%',
            index: 0,
        };
        if at(*position) == Some('(') {
            read.key = Some(key(characters, position)?);
        }
        while let Some(flag) = at(*position).filter(|flag| "#0- +".contains(*flag)) {
            match flag {
                '-' => read.left = true,
                '0' => read.zero = true,
                '#' => read.alternate = true,
                ' ' if read.sign.is_some() => {}
                sign => read.sign = Some(sign),
            }
            *position += 1;
        }
        read.width = number(characters, position)?.unwrap_or(0);
        if at(*position) == Some('.') {
            *position += 1;
            read.precision = Some(number(characters, position)?.unwrap_or(0));
        }
        if matches!(at(*position), Some('h' | 'l' | 'L')) {
            *position += 1;
        }
        read.index = *position;
        read.conversion = at(*position).ok_or(FormatError::Incomplete(false))?;
        *position += 1;
        Ok(read)
    }

    fn apply(&self, out: &mut String, lookup: &dyn Fn(&str) -> Option<Value>) -> Result<(), FormatError> {
        let character = self.conversion;
        let Some(key) = &self.key else {
            // Python takes `%` with a flag or a width for a bad character; without them it is a percent sign.
            return match character {
                '%' if self.is_bare() => {
                    out.push('%');
                    Ok(())
                }
                's' | 'r' | 'a' | 'd' | 'i' | 'u' | 'o' | 'x' | 'X' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G'
                | 'c' => Err(FormatError::Conversion(format!("%{character}"))),
                _ => Err(FormatError::Character { character, index: self.index }),
            };
        };
        let value = lookup(key).ok_or_else(|| FormatError::Unknown(key.clone()))?;
        let text = match (character, value) {
            ('s', Value::Text(text)) => self.cut(&text),
            ('r', Value::Text(text)) => self.cut(&repr(&text)),
            ('s' | 'r' | 'a', Value::Integer(integer)) => self.cut(&integer.to_string()),
            ('d' | 'i' | 'u' | 'o' | 'x' | 'X', Value::Integer(integer)) => self.integer(integer),
            ('d' | 'i' | 'u' | 'o' | 'x' | 'X', Value::Text(_)) => {
                return Err(FormatError::Number(character, "str"));
            }
            ('a' | 'e' | 'E' | 'f' | 'F' | 'g' | 'G' | 'c', _) => {
                return Err(FormatError::Conversion(format!("%({key}){character}")));
            }
            _ => return Err(FormatError::Character { character, index: self.index }),
        };
        self.pad(out, &text);
        Ok(())
    }

    fn is_bare(&self) -> bool {
        let flags = self.left || self.zero || self.alternate || self.sign.is_some();
        !flags && self.width == 0 && self.precision.is_none()
    }

    /// A precision cuts text.
    fn cut(&self, text: &str) -> String {
        match self.precision {
            Some(precision) => text.chars().take(precision).collect(),
            None => text.to_owned(),
        }
    }

    fn integer(&self, integer: i64) -> String {
        let magnitude = integer.unsigned_abs();
        let (prefix, digits) = match self.conversion {
            'o' => ("0o", format!("{magnitude:o}")),
            'x' => ("0x", format!("{magnitude:x}")),
            'X' => ("0X", format!("{magnitude:X}")),
            _ => ("", magnitude.to_string()),
        };
        let prefix = if self.alternate { prefix } else { "" };
        let sign = match (integer < 0, self.sign) {
            (true, _) => "-",
            (false, Some('+')) => "+",
            (false, Some(_)) => " ",
            (false, None) => "",
        };
        let zeros = self.precision.unwrap_or(0).saturating_sub(digits.len());
        let digits = format!("{}{digits}", "0".repeat(zeros));
        let fill = if self.zero && !self.left {
            self.width.saturating_sub(sign.len() + prefix.len() + digits.len())
        } else {
            0
        };
        format!("{sign}{prefix}{}{digits}", "0".repeat(fill))
    }

    fn pad(&self, out: &mut String, text: &str) {
        let blanks = " ".repeat(self.width.saturating_sub(text.chars().count()));
        if self.left {
            out.push_str(text);
            out.push_str(&blanks);
        } else {
            out.push_str(&blanks);
            out.push_str(text);
        }
    }
}

/// The key between parentheses, which may nest.
fn key(characters: &[char], position: &mut usize) -> Result<String, FormatError> {
    *position += 1;
    let mut depth = 1;
    let mut key = String::new();
    while let Some(character) = characters.get(*position) {
        *position += 1;
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Ok(key);
        }
        key.push(*character);
    }
    Err(FormatError::Incomplete(true))
}

/// The longest width or precision taken: more would only be padding.
const WIDEST: usize = 4096;

fn number(characters: &[char], position: &mut usize) -> Result<Option<usize>, FormatError> {
    if characters.get(*position) == Some(&'*') {
        return Err(FormatError::Conversion("*".to_owned()));
    }
    let mut number = None;
    while let Some(digit) = characters.get(*position).and_then(|character| character.to_digit(10)) {
        let digit = usize::try_from(digit).unwrap_or(0);
        number = Some(number.unwrap_or(0) * 10 + digit);
        if number > Some(WIDEST) {
            return Err(FormatError::Conversion("a width above 4096".to_owned()));
        }
        *position += 1;
    }
    Ok(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn formatted(template: &str) -> Result<String, String> {
        let lookup = |key: &str| match key {
            "a" => Some(Value::Text("abc".to_owned())),
            "n" => Some(Value::Integer(42)),
            "m" => Some(Value::Integer(-7)),
            "(a)" => Some(Value::Text("nested".to_owned())),
            _ => None,
        };
        format(template, &lookup).map_err(|error| error.to_string())
    }

    #[test]
    fn templates_are_filled_in_as_by_python() {
        // Output of CPython 3.11.
        let cases = [
            ("%(a)s-%(n)d", "abc-42"),
            ("%(n)-5d|", "42   |"),
            ("%(n)05.3d", "00042"),
            ("%(n).4d", "0042"),
            ("%(n)+d", "+42"),
            ("%(n) d", " 42"),
            ("%(m)05d", "-0007"),
            ("%(m).3d", "-007"),
            ("%(n)x %(n)#x %(n)#o %(n)X", "2a 0x2a 0o52 2A"),
            ("%(a)10s|%(a)-10s|", "       abc|abc       |"),
            ("%(a).1s", "a"),
            ("%(a)r", "'abc'"),
            ("%(n)ld", "42"),
            ("%%%(n)s", "%42"),
            ("%((a))s", "nested"),
            ("", ""),
        ];
        for (template, expected) in cases {
            assert_eq!(formatted(template).as_deref(), Ok(expected), "{template}");
        }
    }

    #[test]
    fn errors_are_pythons() {
        let cases = [
            ("%(b)s", "KeyError: 'b'"),
            ("%(a)", "ValueError: incomplete format"),
            ("%(a", "ValueError: incomplete format key"),
            ("%", "ValueError: incomplete format"),
            ("%(a)d", "TypeError: %d format: a real number is required, not str"),
            ("%(a)x", "TypeError: %x format: an integer is required, not str"),
            ("%(n)q", "ValueError: unsupported format character 'q' (0x71) at index 4"),
            ("%(n)%", "ValueError: unsupported format character '%' (0x25) at index 4"),
            ("%5%", "ValueError: unsupported format character '%' (0x25) at index 2"),
        ];
        for (template, expected) in cases {
            assert_eq!(formatted(template).unwrap_err(), expected, "{template}");
        }
        for template in ["%s", "%d", "%(n)e", "%(n)c", "%(n)*d", "%(n)99999d"] {
            assert!(formatted(template).unwrap_err().contains("not supported"), "{template}");
        }
    }
}
