//! What holds for every URL: reading never panics, and a password is never shown.

use super::*;
use proptest::prelude::*;

proptest! {
    #[test]
    fn never_panics(scheme in "(postgres|postgresql\\+psycopg2|mysql|sqlite|sqlite3|jdbc:postgresql|jdbc:mysql|jdbc:sqlite)?", rest in "[:/?#@%&=,;\\[\\]a-z0-9é ]{0,40}") {
        if let Ok(url) = DatabaseUrl::parse(&format!("{scheme}:{rest}")) {
            let _ = format!("{url} {url:?}");
        }
        let _ = DatabaseUrl::parse(&format!("{scheme}://{rest}"));
    }

    #[test]
    fn a_password_is_read_back_and_never_printed(
        form in prop::sample::select(vec![
            "postgres://anna:P@db/shop", "mysql+pymysql://anna:P@db/shop", "jdbc:postgresql://db/shop?password=P&user=anna",
            "jdbc:mysql://db/shop?user=anna&password=P", "mysql2://anna:P@db:3306/shop?ssl_mode=required",
        ]),
        middle in "\\PC{0,12}",
    ) {
        let password = format!("Zq7{middle}7qZ");
        let encoded = percent_encoding::utf8_percent_encode(&password, percent_encoding::NON_ALPHANUMERIC).to_string();
        let url = DatabaseUrl::parse(&form.replace('P', &encoded)).unwrap();
        prop_assert_eq!(url.password.as_ref().map(Password::reveal), Some(password.as_str()));
        let shown = format!("{url} {url:?} {url:#?}");
        prop_assert!(!shown.contains("Zq7"), "{}", shown);
    }

    #[test]
    fn an_error_never_shows_the_password(middle in "[a-z@:/?#%=é ]{0,12}", rest in "[:a-z0-9?%]{0,8}") {
        let text = format!("postgres://anna:Zq7{middle}7qZ@db{rest}");
        if let Err(error) = DatabaseUrl::parse(&text) {
            prop_assert!(!format!("{error} {error:?}").contains("Zq7"), "{}", error);
        }
    }
}
