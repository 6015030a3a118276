//! Expressions that the server writes in two ways, though they say the same.

/// `(ARRAY[a, b])::text[]` as `ARRAY[(a)::text, (b)::text]`. The server writes the first where `IN` was written and the second once it
/// has read the first again, as from a dump.
pub(super) fn settled(text: &str) -> String {
    const HEAD: &str = "(ARRAY[";
    let mut settled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(HEAD) {
        settled.push_str(before);
        match cast(after) {
            Some((items, kind, tail)) => {
                let items: Vec<String> = items.iter().map(|item| format!("({item})::{kind}")).collect();
                settled.push_str(&format!("ARRAY[{}]", items.join(", ")));
                rest = tail;
            }
            None => {
                settled.push_str(HEAD);
                rest = after;
            }
        }
    }
    settled.push_str(rest);
    settled
}

/// What follows `(ARRAY[`, if it is a list, `])::`, a type and `[]`: the items, the type, and the rest.
fn cast(text: &str) -> Option<(Vec<&str>, &str, &str)> {
    let mut depth = 0_usize;
    let mut is_quoted = false;
    let (mut items, mut start, mut end) = (Vec::new(), 0, None);
    for (index, character) in text.char_indices() {
        match character {
            '\'' => is_quoted = !is_quoted,
            _ if is_quoted => {}
            '(' | '[' => depth += 1,
            ']' if depth == 0 => {
                end = Some(index);
                break;
            }
            ')' | ']' => depth = depth.checked_sub(1)?,
            ',' if depth == 0 => {
                items.push(text.get(start..index)?.trim());
                start = index + 1;
            }
            _ => {}
        }
    }
    let end = end?;
    items.push(text.get(start..end)?.trim());
    let after = text.get(end..)?.strip_prefix("])::")?;
    let (kind, tail) = after.split_once("[]")?;
    let is_type = |character: char| character.is_alphanumeric() || " _.\"".contains(character);
    (!kind.is_empty() && kind.chars().all(is_type)).then_some((items, kind, tail))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cast_of_a_list_is_one_of_its_items() {
        let cases = [
            (
                "((kind)::text = ANY ((ARRAY['a,b'::character varying, 'c]'::character varying])::text[]))",
                "((kind)::text = ANY (ARRAY[('a,b'::character varying)::text, ('c]'::character varying)::text]))",
            ),
            (
                "(ARRAY[f(1, 2), b[1]])::public.\"T\"[] AND x",
                "ARRAY[(f(1, 2))::public.\"T\", (b[1])::public.\"T\"] AND x",
            ),
            ("(ARRAY['a'])", "(ARRAY['a'])"),
            ("'(ARRAY[", "'(ARRAY["),
        ];
        for (text, expected) in cases {
            assert_eq!(settled(text), expected);
        }
    }
}
