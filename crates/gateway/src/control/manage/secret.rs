//! What must not be guessed: new keys, and ids that nobody has yet.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::actor::KEY_PREFIX;
use super::refusal::{Refusal, Result};

/// A new key: `sk-` and 22 characters, 128 random bits.
pub fn new_key() -> Result<String> {
    Ok(format!("{KEY_PREFIX}{}", URL_SAFE_NO_PAD.encode(random::<16>()?)))
}

/// A new id, as a UUID of version 4.
pub fn new_id() -> Result<String> {
    let mut bytes = random::<16>()?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Ok([&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-"))
}

/// Random bytes of the operating system.
pub fn random<const N: usize>() -> Result<[u8; N]> {
    let mut bytes = [0; N];
    SystemRandom::new().fill(&mut bytes).map_err(|_| {
        tracing::error!("the system gives no random bytes");
        Refusal::internal()
    })?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_and_ids_look_as_at_the_incumbent_and_differ() {
        let (key, id) = (new_key().unwrap(), new_id().unwrap());
        assert_eq!((key.len(), id.len()), (25, 36));
        assert!(key.starts_with("sk-") && id.as_bytes()[14] == b'4', "{key} {id}");
        assert!(key.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{key}");
        assert_ne!((key, id), (new_key().unwrap(), new_id().unwrap()));
    }
}
