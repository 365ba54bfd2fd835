//! Names of tools and ids of their calls: what Anthropic accepts, and how a foreign signature travels with one.
//!
//! Gemini refuses a conversation whose calls come back without their signatures, and Anthropic's format has no
//! field for them; so they ride in the id, which callers return untouched.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use types::Fault;

use super::words::JSON_TOOL;
use crate::names::Rule;

/// Stands between an id and the signature that rides with it.
pub(super) const SIGNATURE_MARK: &str = "__signed__";

/// Names of tools that Anthropic takes. The one that stands in for a schema is ours.
pub(super) const TOOL_NAMES: Rule = Rule { most: 128, marks: "_-", letter_first: false, reserved: JSON_TOOL };

/// Ids of calls that Anthropic takes; its own have about 30 characters.
pub(super) const CALL_IDS: Rule = Rule { reserved: "", ..TOOL_NAMES };

/// Refuses a call or a tool without a name.
pub(super) fn check_tool_name(name: &str) -> Result<(), Fault> {
    match name {
        "" => Err(Fault::invalid_param("tools", "the name of a tool must not be empty")),
        _ => Ok(()),
    }
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
