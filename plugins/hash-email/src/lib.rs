//! Customers are to be matched by e-mail address without the address being kept. The hash is keyed: whoever has the table but
//! not the key cannot try addresses. The key is given by reference and never stands in a file of the project.

use dunlin_plugin::{Change, Failure, Row, Transform, Value};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

dunlin_plugin::transform! {
    /// Normalises e-mail addresses and hashes them with a secret key.
    pub struct HashEmail {
        /// The column of addresses
        read email = "email";
        /// The column of hashes, bytes or text
        write hash = "email_hash";
        /// The key, at least 16 characters
        secret key: String;
        /// Whether the hash is written as hexadecimal text rather than as bytes
        option text: bool = "false";
    }
}

impl Transform for HashEmail {
    fn transform(&self, row: &Row<'_>) -> Result<Change, Failure> {
        let Some(email) = row.get::<Option<&str>>(0)? else { return Ok(Change::set([Value::Null])) };
        let normal = normalised(email).ok_or_else(|| row.failure(0, "it is no e-mail address"))?;
        let hash = self.hash(&normal).map_err(Failure::new)?;
        Ok(Change::set([match self.text {
            true => Value::Text(hash.iter().map(|byte| format!("{byte:02x}")).collect()),
            false => Value::Bytes(hash.to_vec()),
        }]))
    }

    fn shape(&self, _setup: &dunlin_plugin::Setup) -> Result<dunlin_plugin::Shape, String> {
        if self.key.chars().count() < 16 {
            return Err("the key is shorter than 16 characters, so it could be guessed".to_owned());
        }
        Ok(dunlin_plugin::Shape { reads: vec![self.email.clone()], writes: vec![self.hash.clone()] })
    }
}

impl HashEmail {
    fn hash(&self, email: &str) -> Result<[u8; 32], String> {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(self.key.as_bytes()).map_err(|error| error.to_string())?;
        mac.update(email.as_bytes());
        Ok(mac.finalize().into_bytes().into())
    }
}

/// One spelling for all that reach the same mailbox without doubt: no space around it, the domain in lower case. The part
/// before the `@` is put in lower case too, as practically every provider treats it so.
fn normalised(email: &str) -> Option<String> {
    let email = email.trim();
    let (local, domain) = email.rsplit_once('@')?;
    let good = |part: &str| {
        !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@')
    };
    if !good(local)
        || !good(domain)
        || !domain.contains('.')
        || domain.starts_with('.')
        || domain.ends_with('.')
    {
        return None;
    }
    Some(format!("{}@{}", local.to_lowercase(), domain.to_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hashed(email: &str) -> Option<Value> {
        let test =
            dunlin_plugin::test::<HashEmail>().option("key", "0123456789abcdef").option("text", "true");
        test.run([[Value::from(email)]]).changes.first().map(|change| change.values[0].clone())
    }

    #[test]
    fn spellings_of_one_address_have_one_hash() {
        assert_eq!(hashed(" Ada@Example.ORG "), hashed("ada@example.org"));
        assert_ne!(hashed("ada@example.org"), hashed("ada@example.com"));
    }

    #[test]
    fn the_hash_is_hmac_sha256() {
        // printf ada@example.org | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = "48eef52843ab78cd641876afd0f93ce36cd8f1140d12da77c82ac27f919a849d";
        assert_eq!(hashed("ada@example.org"), Some(Value::from(expected)));
    }

    #[test]
    fn what_is_no_address_is_refused_and_null_stays_null() {
        for wrong in ["", "ada", "ada@", "@example.org", "a b@example.org", "ada@localhost", "ada@.org"] {
            assert_eq!(hashed(wrong), None, "{wrong:?}");
        }
        let test = dunlin_plugin::test::<HashEmail>().option("key", "0123456789abcdef");
        assert_eq!(test.run([[Value::Null]]).changes[0].values, [Value::Null]);
    }

    #[test]
    fn a_short_key_is_refused() {
        assert!(dunlin_plugin::test::<HashEmail>().option("key", "short").refusal().is_some());
    }
}
