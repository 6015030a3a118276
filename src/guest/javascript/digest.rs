//! Digests for `crypto.createHash()` and `crypto.createHmac()`.

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};

/// The digest of bytes; `None` for a name that is not known.
pub fn hash(name: &str, bytes: &[u8]) -> Option<Vec<u8>> {
    Some(match name.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => Md5::digest(bytes).to_vec(),
        "sha1" => Sha1::digest(bytes).to_vec(),
        "sha224" => Sha224::digest(bytes).to_vec(),
        "sha256" => Sha256::digest(bytes).to_vec(),
        "sha384" => Sha384::digest(bytes).to_vec(),
        "sha512" => Sha512::digest(bytes).to_vec(),
        _ => return None,
    })
}

/// The keyed digest of RFC 2104.
pub fn hmac(name: &str, key: &[u8], bytes: &[u8]) -> Option<Vec<u8>> {
    let size = if matches!(name.to_ascii_lowercase().as_str(), "sha384" | "sha512" | "sha-384" | "sha-512") {
        128
    } else {
        64
    };
    let mut block = if key.len() > size { hash(name, key)? } else { key.to_vec() };
    block.resize(size, 0);
    let keyed = |pad: u8, rest: &[u8]| {
        let mut whole: Vec<u8> = block.iter().map(|byte| byte ^ pad).collect();
        whole.extend_from_slice(rest);
        hash(name, &whole)
    };
    keyed(0x5c, &keyed(0x36, bytes)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn digests_are_the_known_ones() {
        assert_eq!(hex(&hash("md5", b"").unwrap()), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(&hash("SHA1", b"abc").unwrap()), "a9993e364706816aba3e25717850c26c9cd0d89d");
        assert_eq!(hash("whirlpool", b""), None);
        // RFC 2202, test case 2, and RFC 4231, test case 2.
        let (key, text) = (b"Jefe", b"what do ya want for nothing?");
        assert_eq!(hex(&hmac("md5", key, text).unwrap()), "750c783e6ab0b503eaa86e310a5db738");
        assert!(hex(&hmac("sha512", key, text).unwrap()).starts_with("164b7a7bfcf819e2e395fbe73b56e0a3"));
    }
}
