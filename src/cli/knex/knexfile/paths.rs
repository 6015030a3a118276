//! Paths as `path` of Node joins and resolves them on Unix.

/// `path.join`
pub fn join(parts: &[String]) -> String {
    let parts: Vec<&str> = parts.iter().map(String::as_str).filter(|part| !part.is_empty()).collect();
    normalize(&parts.join("/"))
}

/// `path.resolve`
pub fn resolve(folder: &str, parts: &[String]) -> String {
    let mut whole = String::new();
    for part in parts.iter().map(String::as_str).rev().chain([folder]).filter(|part| !part.is_empty()) {
        whole = format!("{part}/{whole}");
        if part.starts_with('/') {
            break;
        }
    }
    format!("/{}", without_dots(&whole, false))
}

/// `path.normalize`
pub fn normalize(path: &str) -> String {
    let (root, rest) = if path.starts_with('/') { ("/", path) } else { ("", path) };
    let clean = without_dots(rest, root.is_empty());
    let end = if path.ends_with('/') { "/" } else { "" };
    match (root, clean.as_str()) {
        ("", "") => if end.is_empty() { "." } else { "./" }.to_owned(),
        ("/", "") => "/".to_owned(),
        _ => format!("{root}{clean}{end}"),
    }
}

/// `path.dirname`
pub fn folder_of(path: &str) -> String {
    let is_absolute = path.starts_with('/');
    let rest = path.trim_end_matches('/');
    match rest.rfind('/') {
        None if rest.is_empty() && !path.is_empty() => "/".to_owned(),
        None => ".".to_owned(),
        Some(0) => "/".to_owned(),
        // `//a` has the folder `//`.
        Some(1) if is_absolute && rest.starts_with("//") => "//".to_owned(),
        Some(end) => rest.get(..end).unwrap_or_default().to_owned(),
    }
}

fn without_dots(path: &str, above_root: bool) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => {
                kept.pop();
            }
            ".." if !above_root => {}
            _ => kept.push(part),
        }
    }
    kept.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Node 20 says.
    #[test]
    fn paths_are_nodes() {
        let parts = |text: &str| text.split('|').map(str::to_owned).collect::<Vec<_>>();
        for (given, expected) in [
            ("/a/b|../c", "/a/c"),
            ("a|..|..|b", "../b"),
            ("/|..|a/", "/a/"),
            ("|", "."),
            ("a|..", "."),
            ("a|../", "./"),
            ("/a|/b//c/.", "/a/b/c"),
        ] {
            assert_eq!(join(&parts(given)), expected, "{given}");
        }
        for (given, expected) in
            [("a|b", "/w/a/b"), ("..", "/"), ("/a|../../b/", "/b"), ("a|/b|c", "/b/c"), ("", "/w")]
        {
            assert_eq!(resolve("/w", &parts(given)), expected, "{given}");
        }
        for (given, expected) in [
            ("/a/b", "/a"),
            ("/a/b/", "/a"),
            ("/a", "/"),
            ("/", "/"),
            ("a", "."),
            ("", "."),
            ("a//b", "a/"),
            ("//a", "//"),
        ] {
            assert_eq!(folder_of(given), expected, "{given}");
        }
    }
}
