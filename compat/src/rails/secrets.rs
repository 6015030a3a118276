//! A `database.yml` as it may be shown: without what may be a secret.

/// Words of keys and values that a secret may stand behind.
const SECRET: [&str; 8] = ["pass", "pwd", "secret", "token", "credential", "key", "private", "://"];

/// The text with `…` for all that may be a secret, line by line. Shown are keys, and values on the line of their key where the
/// line has none of those words. What continues another line may continue a secret, and so may what stands below one.
pub fn without_secrets(text: &str) -> String {
    let mut lines = Vec::new();
    // How far the key of a secret is indented.
    let mut secret: Option<usize> = None;
    for line in text.split('\n') {
        let content = line.trim_start();
        if content.is_empty() {
            lines.push(String::new());
            continue;
        }
        let indent = line.len() - content.len();
        if secret.is_some_and(|of_secret| indent <= of_secret) {
            secret = None;
        }
        if secret.is_some() {
            lines.push(format!("{}…", &line[..indent]));
            continue;
        }
        let lower = content.to_ascii_lowercase();
        let is_secret = SECRET.iter().any(|word| lower.contains(word));
        match key_and_value(content) {
            Some((key, _)) if is_secret => {
                secret = Some(indent);
                lines.push(format!("{}{key}: …", &line[..indent]));
            }
            Some(_) => lines.push(line.to_owned()),
            None => lines.push(format!("{}…", &line[..indent])),
        }
    }
    lines.join("\n")
}

fn key_and_value(content: &str) -> Option<(&str, &str)> {
    let (key, value) = content.split_once(':')?;
    let of_key = |character: char| character.is_ascii_alphanumeric() || "_-<\"' ".contains(character);
    let is_key = !key.is_empty() && key.chars().all(of_key);
    (is_key && (value.is_empty() || value.starts_with(char::is_whitespace))).then_some((key, value))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_secret_is_not_shown() {
        let text = "# for the shop, fish7\ndevelopment:\n  adapter: sqlite3\n   database: db/shop.sqlite3\n  password: fish7\n  \
                    url: postgres://shop:fish7@db/shop\n  host: a password: fish7\n  password: |\n    fish7\n    a: fish7\n  \
                    \"password\": \"fish7\n\n  secret_key:\n";
        let shown = without_secrets(text);
        assert!(!shown.contains("fish7"), "{shown}");
        assert_eq!(
            shown,
            "…\ndevelopment:\n  adapter: sqlite3\n   database: db/shop.sqlite3\n  password: …\n  url: …\n  host: …\n  \
             password: …\n    …\n    …\n  \"password\": …\n\n  secret_key: …\n"
        );
        assert_eq!(shown.split('\n').count(), text.split('\n').count());
    }
}
