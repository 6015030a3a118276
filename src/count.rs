//! Numbers with what they count, as people read them.

/// `1 migration`, `2 migrations`.
pub fn counted(number: usize, noun: &str) -> String {
    format!("{number} {}", in_number(number == 1, noun))
}

/// The same with a number that may be large: `1 row`, `2,000 rows`.
pub fn counted_in_groups(number: u64, noun: &str) -> String {
    format!("{} {}", grouped(number), in_number(number == 1, noun))
}

fn in_number(is_one: bool, noun: &str) -> String {
    format!("{noun}{}", if is_one { "" } else { "s" })
}

/// A number in groups of three digits: `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (number, text) in [(0, "0"), (999, "999"), (1_000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }

    #[test]
    fn one_alone_stands_in_the_singular() {
        assert_eq!([0, 1, 2].map(|number| counted(number, "row")), ["0 rows", "1 row", "2 rows"]);
        assert_eq!([1, 2_000].map(|number| counted_in_groups(number, "row")), ["1 row", "2,000 rows"]);
    }
}
