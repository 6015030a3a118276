//! The environment that a guest on the host is given: all of ours, without the database's password.

use std::ffi::{OsStr, OsString};

/// Variables from which only a driver takes a password, or a file of passwords. A guest connects nowhere.
const OF_DRIVERS: [&str; 5] =
    ["PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE", "MYSQL_PWD", "MYSQL_TEST_LOGIN_FILE"];

/// Variables that make an interpreter talk to a terminal, or say what is nobody's business.
const OF_INTERPRETERS: [&str; 5] =
    ["PYTHONSTARTUP", "PYTHONINSPECT", "PYTHONVERBOSE", "PYTHONDEBUG", "PYTHONPROFILEIMPORTTIME"];

/// What stands where a password stood. A variable that vanished could stop a project's settings from loading.
const MASK: &str = "***";

/// What decides about variables besides their names.
#[derive(Debug, Clone, Default)]
pub struct Rules {
    /// Variables that are passed on as they are, whatever they hold.
    pub allowed: Vec<String>,
    /// Passwords: a variable whose value is one is masked.
    pub secrets: Vec<String>,
}

/// The variables of a guest on the host.
pub fn for_host(
    variables: impl Iterator<Item = (OsString, OsString)>,
    rules: &Rules,
) -> Vec<(OsString, OsString)> {
    variables.filter_map(|(name, value)| Some((name.clone(), passed(&name, value, rules)?))).collect()
}

/// The variables of a guest in the sandbox: those that are allowed by name.
pub fn for_sandbox(
    variables: impl Iterator<Item = (OsString, OsString)>,
    rules: &Rules,
) -> Vec<(String, String)> {
    variables
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .filter(|(name, _)| rules.allowed.contains(name))
        .collect()
}

/// The same with more variables, by their names, of which only passwords are hidden.
pub fn for_sandbox_with(
    variables: impl Iterator<Item = (OsString, OsString)>,
    rules: &Rules,
    masked: &[String],
) -> Vec<(String, String)> {
    let (allowed, others): (Vec<_>, Vec<_>) = variables.partition(|(name, _)| {
        name.to_str().is_some_and(|name| rules.allowed.iter().any(|known| known == name))
    });
    let others = for_host(others.into_iter(), rules).into_iter().filter_map(|(name, value)| {
        let name = name.into_string().ok().filter(|name| masked.contains(name))?;
        Some((name, value.into_string().ok()?))
    });
    for_sandbox(allowed.into_iter(), rules).into_iter().chain(others).collect()
}

fn passed(name: &OsStr, value: OsString, rules: &Rules) -> Option<OsString> {
    let name = name.to_string_lossy();
    if rules.allowed.iter().any(|allowed| *allowed == name) {
        return Some(value);
    }
    if OF_DRIVERS.contains(&&*name) || OF_INTERPRETERS.contains(&&*name) {
        return None;
    }
    let Some(text) = value.to_str() else { return Some(value) };
    if !text.is_empty() && rules.secrets.iter().any(|secret| secret == text) {
        return Some(MASK.into());
    }
    Some(without_password(text).map_or(value.clone(), OsString::from))
}

/// A database's URL without its password; `None` when the text is none, or has none.
fn without_password(text: &str) -> Option<String> {
    let (scheme, rest) = text.split_once("://")?;
    let plain = scheme.rsplit(':').next()?.split('+').next()?.to_ascii_lowercase();
    let databases = ["postgres", "postgresql", "cockroachdb", "mysql", "mariadb"];
    if !databases.contains(&plain.as_str()) {
        return None;
    }
    if let Some((login, host)) = rest.rsplit_once('@')
        && let Some((user, _)) = login.split_once(':')
    {
        return Some(format!("{scheme}://{user}:{MASK}@{host}"));
    }
    let (address, query) = rest.split_once('?')?;
    let secret = |key: &str| {
        let key = key.to_ascii_lowercase();
        ["password", "passwd", "pwd", "passfile"].contains(&key.as_str())
    };
    let mask = |pair: &str| match pair.split_once('=') {
        Some((key, _)) if secret(key) => format!("{key}={MASK}"),
        _ => pair.to_owned(),
    };
    let masked: Vec<String> = query.split('&').map(mask).collect();
    let masked = masked.join("&");
    (masked != query).then(|| format!("{scheme}://{address}?{masked}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(variables: &[(&str, &str)], rules: &Rules) -> Vec<(String, String)> {
        let given = variables.iter().map(|(name, value)| (OsString::from(name), OsString::from(value)));
        for_host(given, rules)
            .into_iter()
            .map(|(name, value)| (name.into_string().unwrap(), value.into_string().unwrap()))
            .collect()
    }

    #[test]
    fn passwords_of_the_database_do_not_reach_a_guest() {
        let rules = Rules { secrets: vec!["s3cret".to_owned()], ..Rules::default() };
        let cases = [
            ("PGPASSWORD", "anything", None),
            ("PYTHONSTARTUP", "/home/ann/.pythonrc", None),
            ("SHOP_DB_PASSWORD", "s3cret", Some("***")),
            (
                "DATABASE_URL",
                "postgresql+psycopg2://shop:p@ss/w@db/shop?x=1",
                Some("postgresql+psycopg2://shop:***@db/shop?x=1"),
            ),
            (
                "JDBC_URL",
                "jdbc:mysql://db/shop?user=a&password=b&x=1",
                Some("jdbc:mysql://db/shop?user=a&password=***&x=1"),
            ),
            ("SQLALCHEMY_URL", "mysql://root@db/shop", Some("mysql://root@db/shop")),
            ("REDIS_URL", "redis://:key@cache/0", Some("redis://:key@cache/0")),
            ("PYTHONPATH", "/srv/shop/lib", Some("/srv/shop/lib")),
        ];
        for (name, value, expected) in cases {
            let passed = host(&[(name, value)], &rules);
            let expected: Vec<(String, String)> =
                expected.iter().map(|value| (name.to_owned(), (*value).to_owned())).collect();
            assert_eq!(passed, expected, "{name}");
        }
    }

    #[test]
    fn what_the_project_allows_is_passed_as_it_is() {
        let rules = Rules { allowed: vec!["DATABASE_URL".to_owned()], ..Rules::default() };
        let url = ("DATABASE_URL", "postgresql://shop:s3cret@db/shop");
        assert_eq!(host(&[url], &rules), [(url.0.to_owned(), url.1.to_owned())]);
        let given = [(OsString::from("HOME"), OsString::from("/root")), (url.0.into(), url.1.into())];
        let masked = ["HOME", "DATABASE_URL", "UNSET"].map(str::to_owned);
        let with = for_sandbox_with(given.clone().into_iter(), &rules, &masked);
        assert_eq!(with, [url, ("HOME", "/root")].map(|(name, value)| (name.to_owned(), value.to_owned())));
        let hidden = for_sandbox_with(given.clone().into_iter(), &Rules::default(), &masked[1..]);
        assert_eq!(hidden, [(url.0.to_owned(), "postgresql://shop:***@db/shop".to_owned())]);
        assert_eq!(for_sandbox(given.into_iter(), &rules), [(url.0.to_owned(), url.1.to_owned())]);
    }
}
