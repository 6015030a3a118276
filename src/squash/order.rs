//! Putting what needs others behind them.

use std::collections::{BTreeMap, BTreeSet};

/// The names, each behind those that it needs, otherwise in their order. Where they need each other in a circle, one comes
/// first all the same.
pub(super) fn sorted(names: &[String], needs: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
    let mut left: Vec<&String> = names.iter().collect();
    let mut done: Vec<String> = Vec::with_capacity(names.len());
    while !left.is_empty() {
        let is_ready = |name: &&String| {
            needs
                .get(*name)
                .is_none_or(|needed| needed.iter().all(|other| other == *name || !left.contains(&other)))
        };
        let ready: Vec<&String> = left.iter().copied().filter(is_ready).collect();
        let next: Vec<&String> =
            if ready.is_empty() { left.iter().copied().take(1).collect() } else { ready };
        left.retain(|name| !next.contains(name));
        done.extend(next.into_iter().cloned());
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_needed_comes_first_and_a_circle_ends() {
        let names: Vec<String> = ["items", "orders", "customers", "a", "b"].map(str::to_owned).into();
        let need = |name: &str, others: &[&str]| {
            (name.to_owned(), others.iter().map(|other| (*other).to_owned()).collect::<BTreeSet<_>>())
        };
        let needs = BTreeMap::from([
            need("items", &["orders"]),
            need("orders", &["customers", "orders"]),
            need("a", &["b"]),
            need("b", &["a"]),
        ]);
        assert_eq!(sorted(&names, &needs), ["customers", "orders", "items", "a", "b"]);
    }
}
