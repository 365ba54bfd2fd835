//! The one sum of the handshake.

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// What RFC 6455 has everybody put behind a key.
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The value of `sec-websocket-accept` that answers a `sec-websocket-key`.
pub fn accepting(key: &str) -> String {
    STANDARD.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, [key, GUID].concat().as_bytes()))
}

/// A key out of these random numbers.
pub(super) fn key(random: [u64; 2]) -> String {
    STANDARD.encode([random[0].to_ne_bytes(), random[1].to_ne_bytes()].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard_is_accepted() {
        assert_eq!(accepting("dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        assert_eq!(key([0; 2]), "AAAAAAAAAAAAAAAAAAAAAA==");
    }
}
