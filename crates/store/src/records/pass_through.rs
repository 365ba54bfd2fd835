//! Paths that are passed on and were added while running. Where they lead, and with which credential, is sealed by whoever
//! writes them.

use serde::{Deserialize, Serialize};

use super::{Fields, Origin};

/// A path that is passed on: what an entry of `pass_through_endpoints` says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PassThrough {
    /// The path here.
    pub path: String,
    /// Everything else, as sealed JSON.
    pub params: String,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}
