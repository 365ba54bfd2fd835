//! Names of tools and ids of their calls: what Anthropic accepts, and how a foreign signature travels with one.
//!
//! Gemini refuses a conversation whose calls come back without their signatures, and Anthropic's format has no
//! field for them; so they ride in the id, which callers return untouched.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use types::Fault;

/// Stands between an id and the signature that rides with it.
pub(super) const SIGNATURE_MARK: &str = "__signed__";

/// Longest name of a tool.
const MAX_NAME: usize = 128;

/// Longest id that is sent; Anthropic's own have about 30 characters.
const MAX_ID: usize = 128;

/// Refuses a name that Anthropic does not take for a tool.
pub(super) fn check_tool_name(name: &str) -> Result<(), Fault> {
    if is_plain(name) && name.len() <= MAX_NAME {
        return Ok(());
    }
    let shown: String = name.chars().take(2 * MAX_NAME).collect();
    let rule = "Anthropic takes 1 to 128 letters, digits, '_' and '-'";
    Err(Fault::invalid_param("tools", format!("tool name '{shown}': {rule}")))
}

fn is_plain(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'))
}

/// An id that Anthropic accepts: the same one if possible, otherwise one that is made from it and from nothing
/// else, so that prompt caches stay warm.
pub(super) fn accepted(id: &str) -> Cow<'_, str> {
    if is_plain(id) && id.len() <= MAX_ID {
        return Cow::Borrowed(id);
    }
    let plain = |c: char| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' };
    let start: String = id.chars().take(MAX_ID / 2).map(plain).collect();
    Cow::Owned(format!("{start}_{:016x}", fnv1a(id.as_bytes())))
}

/// The id with a signature riding on it.
pub(super) fn with_signature(id: &str, signature: Option<&str>) -> String {
    match signature {
        None => id.to_owned(),
        Some(signature) => format!("{id}{SIGNATURE_MARK}{}", URL_SAFE_NO_PAD.encode(signature)),
    }
}

/// Takes the signature off an id again.
pub(super) fn split_signature(id: &str) -> (&str, Option<String>) {
    let split = id.split_once(SIGNATURE_MARK).and_then(|(id, rider)| {
        let signature = URL_SAFE_NO_PAD.decode(rider).ok()?;
        Some((id, String::from_utf8(signature).ok()?))
    });
    match split {
        Some((id, signature)) => (id, Some(signature)),
        None => (id, None),
    }
}

/// FNV-1a: only has to keep different ids of one conversation apart.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}
