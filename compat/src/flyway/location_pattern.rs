//! Wildcards in locations (`LocationParser.parseWildcardLocation`), without regular expressions.

/// The part of a location from its first wildcard on: `**/test` of `db/**/test`.
///
/// `**` as a whole part stands for any number of directories, `*` for **one or more** characters other than the
/// separator, `?` for exactly one. When the last part has no dot, everything under what it matches belongs to the
/// location, and paths are relative to it; else the last part names files.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocationPattern {
    parts: Vec<Part>,
    ends_in_file: bool,
    ends_in_directories: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    /// `**`
    Directories,
    /// One name.
    Name(Vec<Token>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token {
    Literal(char),
    /// `?`
    One,
    /// `*`
    OneOrMore,
}

/// How a path matched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PatternMatch<'p> {
    /// The pattern names the file itself; its path is relative to the location's root.
    File,
    /// The file lies under a matching directory; its path relative to that.
    Under(&'p str),
}

impl LocationPattern {
    /// Splits a path into its root, the parts before the first wildcard, and the pattern; `None` without wildcards.
    pub fn split(path: &str) -> Option<(String, LocationPattern)> {
        if !path.contains(['*', '?']) {
            return None;
        }
        let mut names: Vec<&str> = path.split(['/', '\\']).collect();
        while names.last() == Some(&"") {
            names.pop();
        }
        let first = names.iter().position(|name| name.contains(['*', '?'])).unwrap_or(names.len());
        let (root, pattern) = names.split_at(first);
        let last = pattern.last().copied().unwrap_or_default();
        let parts = pattern.iter().map(|name| part(name)).collect();
        let ends_in_directories = last == "**";
        let pattern = LocationPattern {
            parts,
            ends_in_file: !ends_in_directories && last.contains('.'),
            ends_in_directories,
        };
        Some((root.join("/"), pattern))
    }

    /// Whether the pattern ends in `**`, which Flyway translates into an expression that matches no file.
    pub fn matches_nothing(&self) -> bool {
        self.ends_in_directories
    }

    /// Matches a path, with `/`, relative to the root.
    pub fn matches<'p>(&self, path: &'p str) -> Option<PatternMatch<'p>> {
        if self.matches_nothing() {
            return None;
        }
        let names: Vec<(usize, &str)> = path
            .split('/')
            .scan(0, |offset, name| {
                let start = *offset;
                *offset += name.len() + 1;
                Some((start, name))
            })
            .collect();
        let rest = self.first_match(&names)?;
        if self.ends_in_file {
            return Some(PatternMatch::File);
        }
        let (start, _) = names.get(rest)?;
        let relative = path.get(*start..)?;
        // Java's `.` matches no line terminator.
        let is_one_line = !relative.contains(['\n', '\r', '\u{85}', '\u{2028}', '\u{2029}']);
        is_one_line.then_some(PatternMatch::Under(relative))
    }

    /// How many names the pattern consumes in its first match, when `**` tries fewer directories first.
    fn first_match(&self, names: &[(usize, &str)]) -> Option<usize> {
        let width = names.len() + 1;
        // consumed[part][name]: where a match of the parts from `part` on, at `name`, ends.
        let mut consumed: Vec<Option<usize>> = vec![None; (self.parts.len() + 1) * width];
        for (name, end) in consumed.iter_mut().skip(self.parts.len() * width).enumerate() {
            let accepted = if self.ends_in_file { name == names.len() } else { name < names.len() };
            *end = accepted.then_some(name);
        }
        for (index, part) in self.parts.iter().enumerate().rev() {
            for name in (0..width).rev() {
                let at = |part: usize, name: usize| consumed.get(part * width + name).copied().flatten();
                let found = match part {
                    Part::Directories => at(index + 1, name)
                        .or_else(|| if name < names.len() { at(index, name + 1) } else { None }),
                    Part::Name(tokens) => {
                        let matched = names.get(name).is_some_and(|(_, text)| matches_name(tokens, text));
                        if matched { at(index + 1, name + 1) } else { None }
                    }
                };
                if let Some(end) = consumed.get_mut(index * width + name) {
                    *end = found;
                }
            }
        }
        consumed.first().copied().flatten()
    }
}

fn part(name: &str) -> Part {
    if name == "**" {
        return Part::Directories;
    }
    let tokens = name.chars().map(|character| match character {
        '*' => Token::OneOrMore,
        '?' => Token::One,
        literal => Token::Literal(literal),
    });
    Part::Name(tokens.collect())
}

/// Whether a whole name matches; `positions[i]` says that the tokens so far can end after `i` characters.
fn matches_name(tokens: &[Token], name: &str) -> bool {
    let characters: Vec<char> = name.chars().collect();
    let mut positions = vec![false; characters.len() + 1];
    positions[0] = true;
    for token in tokens {
        let mut next = vec![false; positions.len()];
        let mut reachable = false;
        for (index, character) in characters.iter().enumerate() {
            reachable |= positions[index];
            next[index + 1] = match token {
                Token::Literal(literal) => positions[index] && literal == character,
                Token::One => positions[index],
                Token::OneOrMore => reachable,
            };
        }
        positions = next;
    }
    positions.last() == Some(&true)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The path below the location, `file` for a pattern that names files, `-` without a match.
    fn matched(pattern: &str, path: &str) -> String {
        match LocationPattern::split(pattern).unwrap().1.matches(path) {
            None => "-".to_owned(),
            Some(PatternMatch::File) => "file".to_owned(),
            Some(PatternMatch::Under(relative)) => relative.to_owned(),
        }
    }

    /// All results are those of Flyway 13.0.0.
    #[test]
    fn matches_as_flyway_does() {
        for (pattern, path, expected) in [
            ("**/test", "test/V1.sql", "V1.sql"),
            ("**/test", "a/b/test/c/V1.sql", "c/V1.sql"),
            ("**/test", "test/test/V1.sql", "test/V1.sql"),
            ("**/test", "atest/V1.sql", "-"),
            ("**/test", "test", "-"),
            ("**/**/x", "x/V1", "V1"),
            ("**/a/**/b", "x/a/y/b/z/V1", "z/V1"),
            ("**/a/**/b", "a/a/b/b/V1", "b/V1"),
            ("**/a/**/b", "a/x/V1", "-"),
            ("*/test", "test/V1.sql", "-"),
            ("*/test", "a/test/V1.sql", "V1.sql"),
            ("*/test", "a/b/test/V1.sql", "-"),
            ("*/**/x", "a/b/x/V1", "V1"),
            ("*", "a/b/V1.sql", "b/V1.sql"),
            ("*", "V1.sql", "-"),
            ("v?", "v1/x/a.sql", "x/a.sql"),
            ("v?", "v12/a.sql", "-"),
            ("v?", "v/a.sql", "-"),
            ("?", "😀/V1", "V1"),
            ("a**b", "aXXb/V1", "V1"),
            ("a**b", "aXb/V1", "-"),
            ("***", "ab/V1", "-"),
            ("*a*a*", "xaxaxx/V1", "V1"),
            ("*a*a*", "aaaa/V1", "-"),
            ("release1.*", "release1.0", "file"),
            ("release1.*", "release1.0/V1.sql", "-"),
            ("release1.*", "release1.", "-"),
            ("**/*.sql", "a/b/V1.sql", "file"),
            ("**/*.sql", "V1.sql", "file"),
            ("**/*.sql", "a/.sql", "-"),
            ("**", "x/a.sql", "-"),
            ("**/", "x/a.sql", "-"),
            ("*//x", "a/x/V1", "-"),
            ("*", "a\nb/c", "c"),
            ("*", "a/b\nc", "-"),
        ] {
            assert_eq!(matched(pattern, path), expected, "{pattern} {path:?}");
        }
    }

    #[test]
    fn splits_the_root_off() {
        for (path, expected) in [
            ("db/**/x", "db"),
            ("/tmp/*/x", "/tmp"),
            ("./*/x", "."),
            ("db\\*\\x", "db"),
            ("db//*", "db/"),
            ("*/x", ""),
            ("/*/x", ""),
        ] {
            assert_eq!(LocationPattern::split(path).unwrap().0, expected, "{path}");
        }
        assert_eq!(LocationPattern::split("db/migration"), None);
    }

    proptest! {
        #[test]
        fn never_panics_and_is_quick(pattern in "([*?ab./]|\\*\\*/){1,40}", path in "[ab./]{0,60}") {
            if let Some((_, pattern)) = LocationPattern::split(&pattern) {
                let _ = pattern.matches(&path);
            }
        }
    }
}
