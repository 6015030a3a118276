//! Identifiers that count steps: `+1`, `-2`, `ae10+2`, `shop@-1`, `shop@head-1`.

/// `[branch@][symbol]±N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Relative {
    /// The branch.
    pub branch: Option<String>,
    /// Where to count from; the current revision if there is nothing.
    pub symbol: Option<String>,
    /// The sign and the number, as written.
    pub text: String,
    /// How many steps, up if positive. So many that they lead past any end if there are too many digits.
    pub steps: i64,
    /// The number of steps without its sign, as Python writes it.
    pub count: String,
}

impl Relative {
    /// Whether an identifier begins in this form; what follows does not matter to Alembic, whose expression
    /// `(?:(.+?)@)?(\w+)?((?:\+|-)\d+)` is not bound to the end.
    pub fn parse(identifier: &str) -> Option<Relative> {
        let branches = identifier.char_indices().filter(|(at, character)| *character == '@' && *at > 0);
        for (at, _) in branches {
            let (branch, rest) = identifier.split_at(at);
            if branch.contains('\n') {
                break;
            }
            if let Some(relative) = Relative::after_branch(Some(branch), &rest[1..]) {
                return Some(relative);
            }
        }
        Relative::after_branch(None, identifier)
    }

    fn after_branch(branch: Option<&str>, text: &str) -> Option<Relative> {
        let is_word = |character: char| character.is_alphanumeric() || character == '_';
        let end = text.find(|character| !is_word(character))?;
        let (symbol, rest) = text.split_at(end);
        let sign = rest.chars().next().filter(|character| matches!(character, '+' | '-'))?;
        let digits: String = rest.chars().skip(1).take_while(char::is_ascii_digit).collect();
        if digits.is_empty() {
            return None;
        }
        let size: i64 = digits.parse().unwrap_or(i64::MAX);
        let trimmed = digits.trim_start_matches('0');
        Some(Relative {
            branch: branch.map(str::to_owned),
            symbol: Some(symbol).filter(|symbol| !symbol.is_empty()).map(str::to_owned),
            text: format!("{sign}{digits}"),
            steps: if sign == '-' { -size } else { size },
            count: if trimmed.is_empty() { "0" } else { trimmed }.to_owned(),
        })
    }

    /// The number of steps as Python writes an integer.
    pub fn number(&self) -> String {
        if self.steps < 0 { format!("-{}", self.count) } else { self.count.clone() }
    }
}

/// What Python's `int()` makes of a text; a number too large for us is the largest one.
pub fn python_int(text: &str) -> Option<i64> {
    let text = text.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let groups_are_numbers =
        digits.split('_').all(|group| !group.is_empty() && group.bytes().all(|byte| byte.is_ascii_digit()));
    if !groups_are_numbers {
        return None;
    }
    let size: i64 = digits.replace('_', "").parse().unwrap_or(i64::MAX);
    Some(if negative { -size } else { size })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(identifier: &str) -> Option<(Option<String>, Option<String>, String)> {
        Relative::parse(identifier).map(|relative| (relative.branch, relative.symbol, relative.text))
    }

    fn some(branch: &str, symbol: &str, text: &str) -> Option<(Option<String>, Option<String>, String)> {
        let given = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
        Some((given(branch), given(symbol), text.to_owned()))
    }

    #[test]
    fn steps_are_counted_from_the_current_revision_a_symbol_or_on_a_branch() {
        assert_eq!(parts("+1"), some("", "", "+1"));
        assert_eq!(parts("-2"), some("", "", "-2"));
        assert_eq!(parts("ae10+2"), some("", "ae10", "+2"));
        assert_eq!(parts("shop@-1"), some("shop", "", "-1"));
        assert_eq!(parts("shop@head-1"), some("shop", "head", "-1"));
        assert_eq!(parts("a@b@+1"), some("a@b", "", "+1"));
    }

    #[test]
    fn only_the_beginning_matters() {
        assert_eq!(parts("+1 and more"), some("", "", "+1"));
        assert_eq!(parts("release-2@head"), some("", "release", "-2"));
    }

    #[test]
    fn other_identifiers_are_not_relative() {
        for identifier in ["", "head", "shop@head", "+", "a+b", "ä-", "@", "a b+1"] {
            assert_eq!(parts(identifier), None, "{identifier}");
        }
    }

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        assert_eq!(Relative::parse("+007").map(|relative| relative.number()), Some("7".to_owned()));
        assert_eq!(Relative::parse("-0").map(|relative| relative.number()), Some("0".to_owned()));
        assert_eq!(python_int(" -1_000 "), Some(-1000));
        assert_eq!(python_int("99999999999999999999"), Some(i64::MAX));
        for text in ["", "-", "1_", "_1", "1.0", "0x1", "1 0"] {
            assert_eq!(python_int(text), None, "{text}");
        }
    }
}
