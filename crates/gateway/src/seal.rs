//! Secrets at rest: AES-256-GCM under the SHA-256 of the salt key, or of the master key if there is none. The form is
//! the one the incumbent has for this algorithm (`v2:gcm:`), so that what either has sealed the other can open.

use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;

/// What a sealed text begins with.
const PREFIX: &str = "v2:gcm:";

/// Seals and opens texts.
#[derive(Clone)]
pub struct Seal {
    key: [u8; 32],
    /// Keys of before, which only open.
    former: Vec<[u8; 32]>,
}

/// Why something cannot be sealed or opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Broken {
    /// It was sealed with another key, or changed since.
    Foreign,
    /// The system gives no random bytes.
    NoRandom,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Broken::Foreign => "it was sealed with another key: set LITELLM_SALT_KEY to the one of then",
            Broken::NoRandom => "the system gives no random bytes",
        })
    }
}

impl fmt::Debug for Seal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Seal(***)")
    }
}

impl Seal {
    /// With a text that only the gateway knows.
    pub fn new(secret: &str) -> Self {
        Seal { key: key_of(secret), former: Vec::new() }
    }

    /// Opens what was sealed with another text, too.
    pub fn opening(mut self, former: &str) -> Self {
        self.former.push(key_of(former));
        self
    }

    /// Seals a text; never the same twice.
    pub fn close(&self, text: &str) -> Result<String, Broken> {
        let mut nonce = [0; NONCE_LEN];
        SystemRandom::new().fill(&mut nonce).map_err(|_| Broken::NoRandom)?;
        let mut sealed = text.as_bytes().to_vec();
        let place = Nonce::assume_unique_for_key(nonce);
        self.cipher()?.seal_in_place_append_tag(place, Aad::empty(), &mut sealed).map_err(|_| Broken::NoRandom)?;
        Ok(format!("{PREFIX}{}", URL_SAFE.encode([&nonce[..], &sealed].concat())))
    }

    /// Opens a sealed text.
    pub fn open(&self, sealed: &str) -> Result<String, Broken> {
        let keys = [&self.key].into_iter().chain(&self.former);
        keys.map(|key| open(key, sealed)).find(Result::is_ok).unwrap_or(Err(Broken::Foreign))
    }

    /// Whether a text looks like one that was sealed.
    pub fn has_sealed(text: &str) -> bool {
        text.starts_with(PREFIX)
    }

    /// Whether a text was sealed with a key of before, and can be sealed anew.
    pub fn is_former(&self, sealed: &str) -> bool {
        open(&self.key, sealed).is_err() && self.open(sealed).is_ok()
    }

    fn cipher(&self) -> Result<LessSafeKey, Broken> {
        cipher(&self.key)
    }
}

fn key_of(secret: &str) -> [u8; 32] {
    let mut key = [0; 32];
    key.copy_from_slice(digest(&SHA256, secret.as_bytes()).as_ref());
    key
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, Broken> {
    UnboundKey::new(&AES_256_GCM, key).map(LessSafeKey::new).map_err(|_| Broken::Foreign)
}

fn open(key: &[u8; 32], sealed: &str) -> Result<String, Broken> {
    let bytes = sealed.strip_prefix(PREFIX).and_then(|text| URL_SAFE.decode(text).ok()).ok_or(Broken::Foreign)?;
    let (nonce, body) = bytes.split_at_checked(NONCE_LEN).ok_or(Broken::Foreign)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| Broken::Foreign)?;
    let mut body = body.to_vec();
    let open = cipher(key)?.open_in_place(nonce, Aad::empty(), &mut body).map_err(|_| Broken::Foreign)?;
    String::from_utf8(open.to_vec()).map_err(|_| Broken::Foreign)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_before_opens_and_is_told_apart() {
        let sealed = Seal::new("old").close("text").unwrap();
        let seal = Seal::new("new").opening("old");
        assert_eq!(seal.open(&sealed).as_deref(), Ok("text"));
        let fresh = seal.close("text").unwrap();
        assert!(seal.is_former(&sealed) && !seal.is_former(&fresh) && !seal.is_former("v2:gcm:AAAA"));
        assert_eq!(Seal::new("new").open(&fresh).as_deref(), Ok("text"));
    }

    #[test]
    fn only_the_same_key_opens_what_was_sealed_and_nothing_that_was_changed() {
        let seal = Seal::new("sk-master");
        let sealed = seal.close("an api key: ü").unwrap();
        assert!(sealed.starts_with("v2:gcm:") && !sealed.contains("api key"));
        assert_ne!(sealed, seal.close("an api key: ü").unwrap());
        assert_eq!(seal.open(&sealed).as_deref(), Ok("an api key: ü"));
        assert_eq!(Seal::new("other").open(&sealed), Err(Broken::Foreign));
        for at in [7, 20, sealed.len() - 3] {
            let mut changed = sealed.clone().into_bytes();
            changed[at] = if changed[at] == b'A' { b'B' } else { b'A' };
            assert_eq!(seal.open(&String::from_utf8(changed).unwrap()), Err(Broken::Foreign));
        }
        for wrong in ["", "v2:gcm:", "v2:gcm:AAAA", "plain", "v2:gcm:ü"] {
            assert_eq!(seal.open(wrong), Err(Broken::Foreign), "{wrong}");
        }
        assert_eq!(format!("{seal:?}"), "Seal(***)");
    }
}
