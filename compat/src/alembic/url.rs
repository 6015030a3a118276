//! SQLAlchemy's URLs, as far as messages and dialects go.

use std::fmt;

/// A URL as SQLAlchemy writes it. It may hold a password, so neither `Display` nor `Debug` shows that.
#[derive(Clone, PartialEq, Eq)]
pub struct SqlalchemyUrl(String);

impl SqlalchemyUrl {
    /// A URL by its text.
    pub fn new(text: impl Into<String>) -> SqlalchemyUrl {
        SqlalchemyUrl(text.into())
    }

    /// The text with the password in it.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// What stands before `://`: `postgresql+psycopg2`.
    pub fn driver_name(&self) -> &str {
        self.0.split_once("://").map_or("", |(driver, _)| driver)
    }

    /// The dialect: `postgresql`.
    pub fn dialect(&self) -> &str {
        let driver = self.driver_name();
        driver.split_once('+').map_or(driver, |(dialect, _)| dialect)
    }
}

impl fmt::Debug for SqlalchemyUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SqlalchemyUrl({self})")
    }
}

impl fmt::Display for SqlalchemyUrl {
    /// `URL.render_as_string(hide_password=True)`, but with everything else as it is written.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some((driver, rest)) = self.0.split_once("://") else {
            // Not a URL: it may be anything.
            return formatter.write_str("***");
        };
        // The last `@` before the path ends the user and password: `(?:([^:/]*)(?::([^@]*))?@)?`.
        let authority = rest.find('/').map_or(rest, |slash| rest.get(..slash).unwrap_or(rest));
        let user = authority.split_once(':').filter(|(user, _)| !user.contains('@'));
        let Some((user, after)) = user.and_then(|(user, _)| {
            let password = rest.get(user.len() + 1..)?;
            password.split_once('@').map(|(_, after)| (user, after))
        }) else {
            return write!(formatter, "{driver}://{}", hide_query(rest));
        };
        write!(formatter, "{driver}://{user}:***@{}", hide_query(after))
    }
}

/// Passwords may also stand in the query.
fn hide_query(rest: &str) -> String {
    let Some((before, query)) = rest.split_once('?') else {
        return rest.to_owned();
    };
    let hide = |pair: &str| match pair.split_once('=') {
        Some((key, _))
            if key.to_lowercase().contains("password") || key.to_lowercase().contains("secret") =>
        {
            format!("{key}=***")
        }
        _ => pair.to_owned(),
    };
    let pairs: Vec<String> = query.split('&').map(hide).collect();
    format!("{before}?{}", pairs.join("&"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let cases = [
            ("postgresql://shop:s3cret@db:5432/shop", "postgresql://shop:***@db:5432/shop"),
            (
                "postgresql+psycopg2://shop:s3cret@/shop?host=/run",
                "postgresql+psycopg2://shop:***@/shop?host=/run",
            ),
            ("postgresql://shop@db/shop", "postgresql://shop@db/shop"),
            ("postgresql://db:5432/shop", "postgresql://db:5432/shop"),
            ("mysql://shop:s3/cr:et@db/shop", "mysql://shop:***@db/shop"),
            ("mysql://db/shop?user=shop&password=s3cret", "mysql://db/shop?user=shop&password=***"),
            ("sqlite:///shop.db", "sqlite:///shop.db"),
            ("sqlite:////tmp/a@b:c.db", "sqlite:////tmp/a@b:c.db"),
            ("s3cret", "***"),
        ];
        for (text, shown) in cases {
            let url = SqlalchemyUrl::new(text);
            assert_eq!(url.to_string(), shown);
            assert!(!format!("{url:?}").contains("s3cret"));
        }
    }

    #[test]
    fn the_dialect_is_told() {
        assert_eq!(SqlalchemyUrl::new("postgresql+asyncpg://db/shop").dialect(), "postgresql");
        assert_eq!(SqlalchemyUrl::new("sqlite://").dialect(), "sqlite");
    }
}
