//! What plugins say, with secrets masked.

use std::collections::BTreeMap;

use super::bindings::log::Level;
use super::settings::OptionValue;

/// Messages kept of one plugin; later ones are counted only.
const MESSAGES: usize = 1000;

/// Bytes kept of one message.
const LONGEST: usize = 4096;

/// A message.
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    /// How bad it is.
    pub level: Level,
    /// What is said.
    pub text: String,
}

/// What one instance said.
#[derive(Debug, Default)]
pub struct Log {
    messages: Vec<Message>,
    dropped: usize,
    last_error: Option<String>,
    secrets: Vec<String>,
}

impl Log {
    /// An empty log that masks the values of secret options.
    pub fn new(options: &BTreeMap<String, OptionValue>) -> Log {
        let mut secrets: Vec<String> = options
            .values()
            .filter(|option| option.reference.is_some() && !option.value.is_empty())
            .map(|option| option.value.clone())
            .collect();
        // The longest first: one may be part of another.
        secrets.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        Log { secrets, ..Log::default() }
    }

    /// Takes a message.
    pub fn push(&mut self, level: Level, text: &str) {
        let text = self.masked(text);
        let end = text.char_indices().map(|(at, _)| at).take_while(|at| *at < LONGEST).last().unwrap_or(0);
        let text = if text.len() > LONGEST { format!("{}…", &text[..end]) } else { text };
        if level == Level::Error {
            self.last_error = Some(text.clone());
        }
        if self.messages.len() < MESSAGES {
            self.messages.push(Message { level, text });
        } else {
            self.dropped += 1;
        }
    }

    /// The last error that was said since the messages were taken.
    pub fn last_error(&self) -> Option<&str> {
        self.last_error.as_deref()
    }

    /// Takes the messages out.
    pub fn take(&mut self) -> Vec<Message> {
        self.last_error = None;
        let mut messages = std::mem::take(&mut self.messages);
        if self.dropped > 0 {
            let text = format!("{} more messages were dropped", std::mem::take(&mut self.dropped));
            messages.push(Message { level: Level::Warning, text });
        }
        messages
    }

    /// A text without the values of secret options.
    pub fn masked(&self, text: &str) -> String {
        self.secrets.iter().fold(text.to_owned(), |text, secret| text.replace(secret.as_str(), "***"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_in_whatever_is_said() {
        let options = BTreeMap::from([
            ("key".to_owned(), OptionValue::secret("s3cret-key", "env KEY")),
            ("part".to_owned(), OptionValue::secret("s3cret", "env PART")),
            ("column".to_owned(), OptionValue::plain("email")),
        ]);
        let mut log = Log::new(&options);
        log.push(Level::Error, "the key s3cret-key of s3cret does not open email");
        assert_eq!(log.last_error(), Some("the key *** of *** does not open email"));
    }

    #[test]
    fn a_talkative_plugin_fills_no_memory() {
        let mut log = Log::default();
        for _ in 0..MESSAGES + 5 {
            log.push(Level::Info, &"ä".repeat(LONGEST));
        }
        let messages = log.take();
        assert_eq!(messages.len(), MESSAGES + 1);
        assert!(messages[0].text.len() <= LONGEST + 3, "{}", messages[0].text.len());
        assert_eq!(messages[MESSAGES].text, "5 more messages were dropped");
    }
}
