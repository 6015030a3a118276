//! "Did you mean": the known words nearest to one that is not known.

/// How alike two words must be (0 to 1) for one to be offered in place of the other.
const ALIKE: f64 = 0.75;

/// The candidate most like `word`, if any is alike enough.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    nearest_few(word, candidates, 1).into_iter().next()
}

/// Up to `count` candidates that are like `word`, the most alike first.
pub fn nearest_few<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
    count: usize,
) -> Vec<&'a str> {
    let mut alike: Vec<(f64, &str)> = candidates
        .into_iter()
        .map(|candidate| (strsim::jaro_winkler(word, candidate), candidate))
        .filter(|(likeness, _)| *likeness >= ALIKE)
        .collect();
    alike.sort_by(|left, right| right.0.total_cmp(&left.0));
    alike.into_iter().take(count).map(|(_, candidate)| candidate).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_misspelt_word_finds_the_right_one() {
        assert_eq!(nearest("tabel", ["table", "tool", "url"]), Some("table"));
    }

    #[test]
    fn an_unrelated_word_finds_nothing() {
        assert_eq!(nearest("colour", ["table", "url"]), None);
    }

    #[test]
    fn the_most_alike_comes_first() {
        let versions = ["20240101", "20240102", "7"];
        assert_eq!(nearest_few("20240120", versions, 2).len(), 2);
        assert_eq!(nearest_few("20240102", versions, 2)[0], "20240102");
    }
}
