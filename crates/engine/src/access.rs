//! Where a key is found in a head, and whether it is the master key, a virtual one, or a token.

use std::borrow::Cow;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use store::hash_key;
use types::{Fault, FaultKind, Secret};

use crate::Caller;
use crate::caller::denied;
use crate::tokens::{Tokens, is_token};

/// Who may call.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The key that may do everything; without one everybody may.
    pub master_key: Option<Secret>,
    /// One more header in which keys are looked for (`litellm_key_header_name`).
    pub key_header: Option<String>,
    /// What opens a session of the master key beside it (`UI_PASSWORD`).
    pub ui_password: Option<Secret>,
    /// Whose tokens count like keys; without any, none do.
    pub tokens: Option<Arc<Tokens>>,
}

/// What somebody shows who calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Identity {
    /// The master key, or nothing where no key is needed.
    Admin,
    /// A virtual key, by its hash.
    Key(String),
    /// A JSON web token that is not checked yet.
    Token(String),
}

/// What every virtual key begins with.
const PREFIX: &str = "sk-";

/// Headers that may carry a key, in the order of preference.
pub(crate) const KEY_HEADERS: [&str; 6] =
    ["x-litellm-api-key", "authorization", "api-key", "x-api-key", "x-goog-api-key", "x-gateway-key"];

impl Access {
    /// Whether everybody may do everything.
    pub fn is_open(&self) -> bool {
        self.master_key.is_none()
    }

    /// Who shows what with these headers, or why nobody may call who shows that.
    pub fn identify(&self, headers: &HeaderMap) -> Result<Identity, Fault> {
        if self.is_open() {
            return Ok(Identity::Admin);
        }
        let Some(key) = self.key(headers) else {
            return Err(denied(FaultKind::Authentication, "auth_error", "Authentication Error, No api key passed in."));
        };
        if self.is_master(&key) {
            return Ok(Identity::Admin);
        }
        match std::str::from_utf8(&key) {
            Ok(text) if text.starts_with(PREFIX) => Ok(Identity::Key(hash_key(text))),
            Ok(text) if self.tokens.is_some() && is_token(text) => Ok(Identity::Token(text.to_owned())),
            _ => {
                let message = format!(
                    "Authentication Error, LiteLLM Virtual Key expected. Received={}, expected to start with '{PREFIX}'.",
                    masked(&key)
                );
                Err(denied(FaultKind::Authentication, "auth_error", message))
            }
        }
    }

    /// What tells a session that was opened with the master key, or with what stands for it, from one that was opened
    /// with another one.
    pub fn session_mark(&self, hash: &str) -> String {
        let secret =
            |secret: &Option<Secret>| secret.as_ref().map(|secret| hash_key(secret.expose())).unwrap_or_default();
        hash_key(&[hash, &secret(&self.master_key), &secret(&self.ui_password)].join("/"))
    }

    /// Refuses a session of a master key of before.
    pub fn vouch(&self, caller: &Caller) -> Result<(), Fault> {
        let Some(key) = caller.key.as_deref().filter(|key| key.is_master_session()) else { return Ok(()) };
        match key.opened_with_secret.as_ref() == Some(&self.session_mark(&caller.key_hash)) {
            true => Ok(()),
            false => {
                let message = "Authentication Error, the master key is another one since you signed in. Sign in again.";
                Err(denied(FaultKind::Authentication, "auth_error", message))
            }
        }
    }

    /// The key that came along.
    fn key<'h>(&self, headers: &'h HeaderMap) -> Option<Cow<'h, [u8]>> {
        let names = self.key_header.as_deref().into_iter().chain(KEY_HEADERS);
        names.into_iter().find_map(|name| headers.get(name)).map(|value| bare(value.as_bytes()))
    }

    /// Whether it is the key that may do everything.
    fn is_master(&self, key: &[u8]) -> bool {
        self.master_key.as_ref().is_some_and(|master| equal(key, master.expose().as_bytes()))
    }
}

/// What may be shown of a text that was meant as a key.
fn masked(key: &[u8]) -> String {
    let text = String::from_utf8_lossy(key);
    let shown: String = text.chars().filter(|c| c.is_ascii_graphic()).take(4).collect();
    if text.chars().count() > 8 { format!("{shown}****") } else { "****".to_owned() }
}

/// The key in a header, without the word for how it is shown. Of a name and a password (RFC 7617), with which clients of
/// some providers show their keys, it is the password, or the name that has none.
fn bare(value: &[u8]) -> Cow<'_, [u8]> {
    let behind = |scheme: &[u8]| {
        let (own, key) = value.split_at_checked(scheme.len())?;
        own.eq_ignore_ascii_case(scheme).then(|| key.trim_ascii())
    };
    if let Some(key) = behind(b"bearer ") {
        return Cow::Borrowed(key);
    }
    let pair = behind(b"basic ").and_then(|pair| STANDARD.decode(pair).ok());
    let Some(mut pair) = pair else { return Cow::Borrowed(value.trim_ascii()) };
    let colon = pair.iter().position(|byte| *byte == b':').unwrap_or(pair.len());
    let password = pair.split_off(colon.saturating_add(1).min(pair.len()));
    pair.truncate(colon);
    Cow::Owned(if password.is_empty() { pair } else { password })
}

/// Compares in a time that does not depend on where the first difference is.
fn equal(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |found, (a, b)| found | (a ^ b));
    left.len() == right.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests;
