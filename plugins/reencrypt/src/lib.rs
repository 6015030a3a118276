//! A key has to be replaced, and with it every value that is encrypted under it. The plugin opens each with the old key and
//! closes it with the new one; no plain text leaves the sandbox. Both keys are given by reference.
//!
//! A value is AES-256-GCM as most libraries write it: a nonce of 12 bytes, the cipher text, a tag of 16 bytes; as bytes, or in
//! base64 in a text column.

use aes_gcm::aead::{Aead, KeyInit, Nonce};
use aes_gcm::{Aes256Gcm, Key};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use dunlin_plugin::{Change, Failure, Row, Setup, Shape, Transform, Value};
use hmac::{Hmac, Mac};
use sha2::Sha256;

dunlin_plugin::transform! {
    /// Encrypts a column anew under another key.
    pub struct Reencrypt {
        /// The column, bytes or base64 text
        option column: String;
        /// The key that values are encrypted with, 32 bytes in base64
        secret old_key: AesKey;
        /// The key that they will be encrypted with, 32 bytes in base64
        secret new_key: AesKey;
    }
}

/// A key of 32 bytes.
pub struct AesKey([u8; 32]);

impl std::str::FromStr for AesKey {
    type Err = ();

    fn from_str(text: &str) -> Result<AesKey, ()> {
        let bytes = BASE64_STANDARD.decode(text.trim()).map_err(drop)?;
        Ok(AesKey(bytes.try_into().map_err(drop)?))
    }
}

const NONCE: usize = 12;

impl Transform for Reencrypt {
    const REVERSIBLE: bool = true;

    fn shape(&self, _setup: &Setup) -> Result<Shape, String> {
        if self.old_key.0 == self.new_key.0 {
            return Err("the keys are the same".to_owned());
        }
        Ok(Shape { reads: vec![self.column.clone()], writes: vec![self.column.clone()] })
    }

    fn transform(&self, row: &Row<'_>) -> Result<Change, Failure> {
        turn(row, &self.old_key, &self.new_key)
    }

    fn inverse(&self, row: &Row<'_>) -> Result<Change, Failure> {
        turn(row, &self.new_key, &self.old_key)
    }
}

fn turn(row: &Row<'_>, from: &AesKey, to: &AesKey) -> Result<Change, Failure> {
    let fail = |reason: &str| row.failure(0, reason);
    let (sealed, as_text) = match row.value(0)? {
        Value::Null => return Ok(Change::Keep),
        Value::Bytes(bytes) => (bytes.clone(), false),
        Value::Text(text) => (BASE64_STANDARD.decode(text).map_err(|_| fail("it is no base64"))?, true),
        _ => return Err(fail("it is neither bytes nor text")),
    };
    let Some(plain) = open(from, &sealed) else {
        // A row that was given before must become the same again.
        return match open(to, &sealed) {
            Some(_) => Ok(Change::Keep),
            None => Err(fail("neither key opens it")),
        };
    };
    let sealed = seal(to, &sealed, &plain).ok_or_else(|| fail("it cannot be encrypted"))?;
    Ok(Change::set([match as_text {
        true => Value::Text(BASE64_STANDARD.encode(sealed)),
        false => Value::Bytes(sealed),
    }]))
}

fn cipher(key: &AesKey) -> Aes256Gcm {
    let key: &Key<Aes256Gcm> = (&key.0).into();
    Aes256Gcm::new(key)
}

fn open(key: &AesKey, sealed: &[u8]) -> Option<Vec<u8>> {
    let (nonce, text) = sealed.split_at_checked(NONCE)?;
    let nonce: [u8; NONCE] = nonce.try_into().ok()?;
    cipher(key).decrypt(&Nonce::<Aes256Gcm>::from(nonce), text).ok()
}

/// A plugin has no random numbers. The nonce is made of the key and of the former value, whose own nonce was random: so it
/// is as unlikely to occur twice, and a row that is given again becomes the same again.
fn seal(key: &AesKey, former: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
    let mut mac = <Hmac<Sha256> as hmac::KeyInit>::new_from_slice(&key.0).ok()?;
    mac.update(b"dunlin reencrypt nonce");
    mac.update(former);
    let digest: [u8; 32] = mac.finalize().into_bytes().into();
    let nonce: [u8; NONCE] = digest.first_chunk().copied()?;
    let text = cipher(key).encrypt(&Nonce::<Aes256Gcm>::from(nonce), plain).ok()?;
    Some([&nonce[..], &text].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: [u8; 32] = [1; 32];
    const NEW: [u8; 32] = [2; 32];

    fn test() -> dunlin_plugin::Test<Reencrypt> {
        dunlin_plugin::test::<Reencrypt>()
            .option("column", "diagnosis")
            .option("old_key", &BASE64_STANDARD.encode(OLD))
            .option("new_key", &BASE64_STANDARD.encode(NEW))
    }

    fn sealed(key: [u8; 32], nonce: u8, plain: &str) -> Vec<u8> {
        let text = cipher(&AesKey(key))
            .encrypt(&Nonce::<Aes256Gcm>::from([nonce; NONCE]), plain.as_bytes())
            .unwrap();
        [&[nonce; NONCE][..], &text].concat()
    }

    #[test]
    fn values_open_with_the_new_key_only_and_go_back() {
        let before = Value::Bytes(sealed(OLD, 7, "influenza"));
        let up = test().run([[before.clone()]]);
        let Value::Bytes(after) = &up.changes[0].values[0] else { panic!("no bytes") };
        assert_eq!(open(&AesKey(NEW), after).as_deref(), Some(&b"influenza"[..]));
        assert_eq!(open(&AesKey(OLD), after), None);
        let down = test().down().run([[Value::Bytes(after.clone())]]);
        let Value::Bytes(back) = &down.changes[0].values[0] else { panic!("no bytes") };
        assert_eq!(open(&AesKey(OLD), back).as_deref(), Some(&b"influenza"[..]));
    }

    #[test]
    fn a_row_that_is_given_again_stays() {
        let up = test().run([[Value::Bytes(sealed(OLD, 7, "influenza"))]]);
        let again = test().run([up.changes[0].values.clone()]);
        assert!(again.changes.is_empty() && again.failures.is_empty());
    }

    #[test]
    fn equal_plain_texts_stay_unlike() {
        let rows = [7, 8].map(|nonce| [Value::Text(BASE64_STANDARD.encode(sealed(OLD, nonce, "influenza")))]);
        let outcome = test().run(rows);
        assert_ne!(outcome.changes[0].values, outcome.changes[1].values);
    }

    #[test]
    fn what_neither_key_opens_is_a_failure_of_its_row() {
        let outcome = test().run([[Value::Bytes(sealed([3; 32], 7, "x"))], [Value::Bytes(vec![1, 2])]]);
        assert_eq!(outcome.failures.len(), 2);
        assert_eq!(outcome.failures[0].column.as_deref(), Some("diagnosis"));
    }

    #[test]
    fn a_key_that_is_none_is_not_repeated_in_the_message() {
        let refusal = test().option("new_key", "c2VjcmV0").refusal().unwrap();
        assert!(refusal.contains("new_key") && !refusal.contains("c2VjcmV0"), "{refusal}");
    }
}
