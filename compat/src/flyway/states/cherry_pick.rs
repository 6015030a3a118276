//! `cherryPick`, by Flyway's documentation; the class behind it is closed.

use crate::flyway::version::MigrationVersion;

/// The migrations to consider, in the order to consider them: versions, and descriptions of repeatable migrations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CherryPick(Vec<Pick>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Pick {
    version: Option<MigrationVersion>,
    description: String,
}

impl CherryPick {
    /// Reads what the setting lists. A text that is a version also stands for a description of the same text.
    pub fn new<S: AsRef<str>>(texts: &[S]) -> CherryPick {
        let picks = texts.iter().map(|text| {
            let text = text.as_ref();
            Pick { version: MigrationVersion::parse(text).ok(), description: text.replace('_', " ") }
        });
        CherryPick(picks.collect())
    }

    /// The place of a migration in the list.
    pub fn position(&self, version: Option<&MigrationVersion>, description: &str) -> Option<usize> {
        self.0.iter().position(|pick| match version {
            Some(version) => pick.version.as_ref() == Some(version),
            None => pick.description == description,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_and_descriptions_have_their_place() {
        let picks = CherryPick::new(&["2.0", "sales_view", "1"]);
        let version = |text| MigrationVersion::parse(text).unwrap();
        assert_eq!(picks.position(Some(&version("2")), "orders"), Some(0));
        assert_eq!(picks.position(None, "sales view"), Some(1));
        assert_eq!(picks.position(Some(&version("3")), "sales view"), None);
    }
}
