//! Virtual keys. The object's id is the SHA-256 of the key in hexadecimal; the key itself is stored nowhere.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};

use super::{Allowance, Fields, Origin, usual};

/// A virtual key.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Key {
    /// What may be shown of it: `sk-...abcd`.
    pub key_name: String,
    /// A name that is unique among keys.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_alias: Option<String>,
    /// Whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_id: Option<String>,
    /// The team that pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub team_id: Option<String>,
    /// The project of the team that it is for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub project_id: Option<String>,
    /// The organization that pays.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub organization_id: Option<String>,
    /// When it stops working, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// Whether it is blocked.
    #[serde(skip_serializing_if = "usual")]
    pub blocked: bool,
    /// Models it may call; all of them (or its team's) if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub models: Vec<String>,
    /// Names of its own for models.
    #[serde(skip_serializing_if = "usual")]
    pub aliases: BTreeMap<String, String>,
    /// Budgets and limits.
    #[serde(flatten)]
    pub allowance: Allowance,
    /// Paths, or groups of paths, that it may use; all of its role's if there are none.
    #[serde(skip_serializing_if = "usual")]
    pub allowed_routes: Vec<String>,
    /// What it may say about caching.
    #[serde(skip_serializing_if = "usual")]
    pub allowed_cache_controls: Vec<String>,
    /// Single permissions.
    #[serde(skip_serializing_if = "usual")]
    pub permissions: Fields,
    /// Whatever its owner wants to remember; also holds `tags`, `guardrails` and `service_account_id`.
    #[serde(skip_serializing_if = "usual")]
    pub metadata: Fields,
    /// How often it was rotated.
    #[serde(skip_serializing_if = "usual")]
    pub rotation_count: u64,
    /// When it was rotated last, milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_rotation_at: Option<i64>,
    /// The hash it had before it was rotated for the first time: what it spends is counted under that one, so that
    /// nobody gets a new budget by a new secret.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counted_as: Option<String>,
    /// Whether its secret was handed out by somebody else than its user, who might not do all that the user may: it
    /// calls models in the user's name, and does nothing else in it.
    #[serde(skip_serializing_if = "usual")]
    pub delegated: bool,
    /// Whether it is not a key that somebody keeps but that of a browser where somebody signed in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session: Option<Session>,
    /// What the session of a master key was opened with, as a mark: it ends when the master key is another one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub opened_with_secret: Option<String>,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}

impl Key {
    /// Whether whoever has it signed in with the master key.
    pub fn is_master_session(&self) -> bool {
        self.session == Some(Session::Master)
    }

    /// The hash under which its spend is counted; `hash` is the one it has.
    pub fn counted_as<'a>(&'a self, hash: &'a str) -> &'a str {
        self.counted_as.as_deref().unwrap_or(hash)
    }
}

/// How somebody signed in whose browser has a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Session {
    /// With the master key, or with what stands for it: it may do everything.
    Master,
    /// As a user: it may do what the user may.
    User,
}

/// The hash of a key that was rotated, and still works until the new one is in place everywhere.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetiredKey {
    /// The hash of the key that replaced it.
    pub active: String,
    /// Until when it works, milliseconds since 1970.
    pub revoke_at: i64,
}

/// The id under which a key is stored: its SHA-256 in hexadecimal, as at the incumbent. A key has far too many random
/// bits to be guessed from it.
pub fn hash_key(key: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let hash = digest(&SHA256, key.as_bytes());
    hash.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The beginning of the SHA-256 of something: enough to tell a few from each other, and far too little to guess it from.
pub fn short_hash(bytes: &[u8]) -> u32 {
    let hash = digest(&SHA256, bytes);
    hash.as_ref().iter().take(4).fold(0, |all, byte| all << 8 | u32::from(*byte))
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_is_the_incumbents() {
        let of_1234 = "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b";
        assert_eq!(super::hash_key("sk-1234"), of_1234);
        assert_eq!(super::hash_key(""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
