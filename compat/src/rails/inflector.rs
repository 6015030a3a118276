//! Names of classes from names of files, and names for people: `ActiveSupport::Inflector` with acronyms.

use std::collections::BTreeMap;

/// The acronyms of a project (`inflect.acronym "API"`), by their small letters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Inflections {
    acronyms: BTreeMap<String, String>,
}

impl Inflections {
    /// With these acronyms.
    pub fn with_acronyms<'a>(words: impl IntoIterator<Item = &'a str>) -> Inflections {
        Inflections {
            acronyms: words.into_iter().map(|word| (word.to_lowercase(), word.to_owned())).collect(),
        }
    }

    /// `create_api_users` → `CreateAPIUsers`; names of files have small letters, digits and `_`.
    pub fn camelize(&self, name: &str) -> String {
        name.split('_').map(|word| self.capitalize(word)).collect()
    }

    fn capitalize(&self, word: &str) -> String {
        if let Some(acronym) = self.acronyms.get(word) {
            return acronym.clone();
        }
        let mut letters = word.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    }

    /// `add_user_id` → `Add user`.
    pub fn humanize(&self, name: &str) -> String {
        let spaced = name.replace('_', " ");
        let mut text = spaced.trim_start_matches(' ');
        if name.ends_with("_id") {
            text = text.strip_suffix(" id").unwrap_or(text);
        }
        let words = text.split(' ').map(|word| self.acronyms.get(word).map_or(word, String::as_str));
        let text = words.collect::<Vec<_>>().join(" ");
        let mut letters = text.chars();
        letters
            .next()
            .map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As ActiveSupport 8.1 gives them: the name, the class and the words without acronyms and with some.
    #[test]
    fn names_are_inflected_as_by_active_support() {
        let plain = Inflections::default();
        let own = Inflections::with_acronyms(["API", "HTML5", "RESTful", "McDonald"]);
        for (name, class, words, own_class, own_words) in [
            ("create_users", "CreateUsers", "Create users", "CreateUsers", "Create users"),
            ("add_api_to_users", "AddApiToUsers", "Add api to users", "AddAPIToUsers", "Add API to users"),
            ("api", "Api", "Api", "API", "API"),
            (
                "create_html5_pages",
                "CreateHtml5Pages",
                "Create html5 pages",
                "CreateHTML5Pages",
                "Create HTML5 pages",
            ),
            ("add_restful_x", "AddRestfulX", "Add restful x", "AddRESTfulX", "Add RESTful x"),
            ("user_id", "UserId", "User", "UserId", "User"),
            ("add_user_id", "AddUserId", "Add user", "AddUserId", "Add user"),
            ("a__b", "AB", "A  b", "AB", "A  b"),
            ("_a", "A", "A", "A", "A"),
            ("a_", "A", "A ", "A", "A "),
            ("1_2", "12", "1 2", "12", "1 2"),
            ("x2y", "X2y", "X2y", "X2y", "X2y"),
            ("mcdonald_x", "McdonaldX", "Mcdonald x", "McDonaldX", "McDonald x"),
            ("_id", "Id", "Id", "Id", "Id"),
            ("some_ids", "SomeIds", "Some ids", "SomeIds", "Some ids"),
            ("html5api", "Html5api", "Html5api", "Html5api", "Html5api"),
        ] {
            assert_eq!(
                (plain.camelize(name).as_str(), plain.humanize(name).as_str()),
                (class, words),
                "{name}"
            );
            assert_eq!(
                (own.camelize(name).as_str(), own.humanize(name).as_str()),
                (own_class, own_words),
                "{name}"
            );
        }
    }
}
