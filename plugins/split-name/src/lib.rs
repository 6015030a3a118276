//! A full name in one column becomes a given and a family name. Names follow no grammar, so what cannot be split without a
//! guess is reported as a failure of its row for a person to decide, not filled in wrongly.

use dunlin_plugin::{Change, Failure, Row, Transform, Value};

dunlin_plugin::transform! {
    /// Splits a full name into given and family name.
    pub struct SplitName {
        /// The column of full names
        read full = "full_name";
        /// The column of given names
        write given = "given_name";
        /// The column of family names
        write family = "family_name";
    }
}

/// Words that belong to the family name behind them.
const PARTICLES: [&str; 18] = [
    "af", "al", "av", "bin", "da", "de", "del", "den", "der", "di", "dos", "du", "la", "le", "ten", "van",
    "von", "zu",
];

impl Transform for SplitName {
    const REVERSIBLE: bool = true;

    fn transform(&self, row: &Row<'_>) -> Result<Change, Failure> {
        let Some(full) = row.get::<Option<&str>>(0)? else {
            return Ok(Change::set([Value::Null, Value::Null]));
        };
        let (given, family) = split(full).map_err(|reason| row.failure(0, reason))?;
        Ok(Change::set([Value::from(given), Value::from(family)]))
    }

    fn inverse(&self, row: &Row<'_>) -> Result<Change, Failure> {
        let (given, family): (Option<&str>, Option<&str>) = (row.get(0)?, row.get(1)?);
        let parts: Vec<&str> =
            [given, family].into_iter().flatten().filter(|part| !part.is_empty()).collect();
        Ok(Change::set([Value::from((!parts.is_empty()).then(|| parts.join(" ")))]))
    }
}

fn split(full: &str) -> Result<(String, String), &'static str> {
    // "Lovelace, Ada"
    if let Some((family, given)) = full.split_once(',') {
        if given.contains(',') {
            return Err("it has more than one comma");
        }
        return both(given, family);
    }
    let words: Vec<&str> = full.split_whitespace().collect();
    match words[..] {
        [] => Err("it is empty"),
        [_] => Err("it is a single word, which may be either name"),
        [given, family] => both(given, family),
        [first, ref rest @ ..] => {
            match rest.iter().position(|word| PARTICLES.contains(&word.to_lowercase().as_str())) {
                Some(particle) if particle + 1 < rest.len() => {
                    let given = [&[first], &rest[..particle]].concat().join(" ");
                    both(&given, &rest[particle..].join(" "))
                }
                _ => Err("it has more than two words, and where the family name begins cannot be told"),
            }
        }
    }
}

fn both(given: &str, family: &str) -> Result<(String, String), &'static str> {
    let tidy = |name: &str| name.split_whitespace().collect::<Vec<&str>>().join(" ");
    match (tidy(given), tidy(family)) {
        (given, family) if given.is_empty() || family.is_empty() => Err("one of the names is empty"),
        names => Ok(names),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(full: &str) -> Option<(String, String)> {
        split(full).ok()
    }

    #[test]
    fn names_that_can_be_told_apart_are() {
        let cases = [
            ("Ada Lovelace", "Ada", "Lovelace"),
            ("  Ada   Lovelace ", "Ada", "Lovelace"),
            ("Lovelace, Ada", "Ada", "Lovelace"),
            ("García Márquez, Gabriel", "Gabriel", "García Márquez"),
            ("Ludwig van Beethoven", "Ludwig", "van Beethoven"),
            ("Anna Maria von der Leyen", "Anna Maria", "von der Leyen"),
        ];
        for (full, given, family) in cases {
            assert_eq!(names(full), Some((given.to_owned(), family.to_owned())), "{full}");
        }
    }

    #[test]
    fn names_that_cannot_are_left_to_a_person() {
        for full in ["", "Plato", "Gabriel García Márquez", "a, b, c", "Lovelace,", "Ludwig Maria von"] {
            assert_eq!(names(full), None, "{full}");
        }
    }

    #[test]
    fn down_joins_them_again() {
        let outcome = dunlin_plugin::test::<SplitName>()
            .down()
            .run([[Value::from("Ada"), Value::from("Lovelace")], [Value::Null, Value::Null]]);
        assert_eq!(outcome.changes[0].values, [Value::from("Ada Lovelace")]);
        assert_eq!(outcome.changes[1].values, [Value::Null]);
    }
}
