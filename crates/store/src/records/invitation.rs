//! Invitations: links by which users set their first password. The object's id is the SHA-256 of what the link carries;
//! the link itself is stored nowhere.

use serde::{Deserialize, Serialize};

use super::{Fields, Origin, usual};

/// A link for one user, which works once.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Invitation {
    /// Whom it is for.
    pub user_id: String,
    /// When it was used, milliseconds since 1970.
    #[serde(skip_serializing_if = "usual")]
    pub accepted_at: Option<i64>,
    /// Until when it works, milliseconds since 1970.
    pub expires_at: i64,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}
