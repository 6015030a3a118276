//! How long texts are cut to fit their columns (class `AbbreviationUtils`). Lengths count UTF-16 units, as Java does.

const DESCRIPTION_LIMIT: usize = 200;
const SCRIPT_LIMIT: usize = 1000;
const ELLIPSIS: &str = "...";

/// A description as the history holds it: beyond 200 units the first 197 and `...`.
pub fn shorten_description(description: &str) -> String {
    let units: Vec<u16> = description.encode_utf16().collect();
    if units.len() <= DESCRIPTION_LIMIT {
        return description.to_owned();
    }
    format!("{}{ELLIPSIS}", text(&units[..DESCRIPTION_LIMIT - ELLIPSIS.len()]))
}

/// A script's path as the history holds it: beyond 1000 units `...` and the units 3 to 999.
pub fn shorten_script(script: &str) -> String {
    let units: Vec<u16> = script.encode_utf16().collect();
    if units.len() <= SCRIPT_LIMIT {
        return script.to_owned();
    }
    format!("{ELLIPSIS}{}", text(&units[ELLIPSIS.len()..SCRIPT_LIMIT]))
}

/// The text of the units; half a surrogate pair becomes `?`, as in the encoder of Java's drivers.
fn text(units: &[u16]) -> String {
    char::decode_utf16(units.iter().copied()).map(|unit| unit.unwrap_or('?')).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_texts_stay() {
        assert_eq!(shorten_description(&"d".repeat(200)), "d".repeat(200));
        assert_eq!(shorten_script(&"s".repeat(1000)), "s".repeat(1000));
    }

    #[test]
    fn long_texts_are_cut_where_flyway_cuts_them() {
        assert_eq!(shorten_description(&"d".repeat(201)), format!("{}...", "d".repeat(197)));
        let script = format!("abc{}xyz", "s".repeat(997));
        assert_eq!(shorten_script(&script), format!("...{}", "s".repeat(997)));
    }

    #[test]
    fn units_beyond_the_basic_plane_count_twice() {
        assert_eq!(shorten_description(&"😀".repeat(100)), "😀".repeat(100));
        assert_eq!(shorten_description(&"😀".repeat(101)), format!("{}?...", "😀".repeat(98)));
    }
}
