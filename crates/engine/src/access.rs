//! Who may call: step 1 of the journey, from memory alone.

use http::HeaderMap;
use types::{Fault, FaultKind, Secret, Side};

/// Who may call.
#[derive(Clone, Debug, Default)]
pub struct Access {
    /// The key that may do everything; without one everybody may.
    pub master_key: Option<Secret>,
    /// One more header in which keys are looked for (`litellm_key_header_name`).
    pub key_header: Option<String>,
}

/// Headers that may carry a key, in the order of preference.
const KEY_HEADERS: [&str; 6] =
    ["x-litellm-api-key", "authorization", "api-key", "x-api-key", "x-goog-api-key", "x-gateway-key"];

impl Access {
    /// Whether everybody may do everything.
    pub fn is_open(&self) -> bool {
        self.master_key.is_none()
    }

    /// The key that came along.
    pub fn key<'h>(&self, headers: &'h HeaderMap) -> Option<&'h [u8]> {
        let names = self.key_header.as_deref().into_iter().chain(KEY_HEADERS);
        names.into_iter().find_map(|name| headers.get(name)).map(|value| strip_bearer(value.as_bytes()))
    }

    /// Whether it is the key that may do everything.
    pub fn is_master(&self, key: &[u8]) -> bool {
        self.master_key.as_ref().is_some_and(|master| equal(key, master.expose().as_bytes()))
    }

    /// Lets the caller in, or says why not.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), Fault> {
        match self.key(headers) {
            _ if self.is_open() => Ok(()),
            None => Err(denied("Authentication Error, No api key passed in.")),
            Some(key) if self.is_master(key) => Ok(()),
            Some(_) => Err(denied("Authentication Error, Invalid API key provided.")),
        }
    }
}

fn denied(message: &str) -> Fault {
    let fault = Fault::new(FaultKind::Authentication, Side::Caller, message);
    Fault { code: Some("invalid_api_key".to_owned()), ..fault }
}

fn strip_bearer(value: &[u8]) -> &[u8] {
    match value.split_at_checked(7) {
        Some((scheme, key)) if scheme.eq_ignore_ascii_case(b"bearer ") => key.trim_ascii(),
        _ => value.trim_ascii(),
    }
}

/// Compares in a time that does not depend on where the first difference is.
fn equal(left: &[u8], right: &[u8]) -> bool {
    let differences = left.iter().zip(right).fold(0, |found, (a, b)| found | (a ^ b));
    left.len() == right.len() && std::hint::black_box(differences) == 0
}

#[cfg(test)]
mod tests;
