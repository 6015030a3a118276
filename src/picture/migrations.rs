//! Migrations, and the lanes in which they stand.

/// A migration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Migration {
    /// What the tool calls it by.
    pub id: String,
    /// Readable description.
    pub title: String,
    /// The tool's own word for its state.
    pub state: String,
    /// What that means.
    pub mood: Mood,
    /// The migrations that come right before it.
    pub parents: Vec<String>,
}

/// What a state means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mood {
    /// Applied.
    Applied,
    /// To be applied.
    Pending,
    /// Neither.
    Skipped,
    /// Needs a look.
    Wrong,
}

impl Mood {
    pub(super) fn name(self) -> &'static str {
        match self {
            Mood::Applied => "applied",
            Mood::Pending => "pending",
            Mood::Skipped => "skipped",
            Mood::Wrong => "wrong",
        }
    }

    pub(super) fn colour(self) -> &'static str {
        match self {
            Mood::Applied => "#2e7d32",
            Mood::Pending => "#1565c0",
            Mood::Skipped => "#9e9e9e",
            Mood::Wrong => "#c62828",
        }
    }
}

/// The lane of each, from 0, in the given order, in which parents come first: a migration goes on in its parent's lane unless another
/// one has done so already.
pub(super) fn lanes(migrations: &[Migration]) -> Vec<usize> {
    // The last migration of each lane; none: the lane is free.
    let mut tips: Vec<Option<&str>> = Vec::new();
    let mut lanes = Vec::with_capacity(migrations.len());
    for migration in migrations {
        let parents: Vec<&str> = migration.parents.iter().map(String::as_str).collect();
        let of_parent = tips.iter().position(|tip| tip.is_some_and(|tip| parents.contains(&tip)));
        let lane = of_parent.or_else(|| tips.iter().position(Option::is_none)).unwrap_or(tips.len());
        // What a merge takes up ends there.
        for tip in &mut tips {
            if tip.is_some_and(|tip| parents.contains(&tip)) {
                *tip = None;
            }
        }
        if lane == tips.len() {
            tips.push(None);
        }
        if let Some(tip) = tips.get_mut(lane) {
            *tip = Some(&migration.id);
        }
        lanes.push(lane);
    }
    lanes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(id: &str, parents: &[&str]) -> Migration {
        Migration {
            id: id.to_owned(),
            title: String::new(),
            state: String::new(),
            mood: Mood::Applied,
            parents: parents.iter().map(|parent| (*parent).to_owned()).collect(),
        }
    }

    #[test]
    fn branches_stand_beside_each_other_until_they_are_merged() {
        let all = [
            migration("a", &[]),
            migration("b", &["a"]),
            migration("c", &["a"]),
            migration("d", &["b"]),
            migration("m", &["d", "c"]),
            migration("e", &["m"]),
        ];
        assert_eq!(lanes(&all), [0, 0, 1, 0, 0, 0]);
    }
}
