//! Deployments and credentials that were added while running. What must stay secret in them is sealed by whoever
//! writes them: nothing here can be read without the key of the gateway.

use serde::{Deserialize, Serialize};

use super::{Fields, Origin, usual};

/// A deployment: what an entry of `model_list` says. The object's id is the deployment's.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Model {
    /// The name that callers use.
    pub model_name: String,
    /// `litellm_params`, as sealed JSON.
    pub params: String,
    /// What is known about it.
    #[serde(skip_serializing_if = "usual")]
    pub model_info: Fields,
    /// Whether it gets no calls.
    #[serde(skip_serializing_if = "usual")]
    pub blocked: bool,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}

/// A credential of a provider. The object's id is its name.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Credential {
    /// `credential_values`, as sealed JSON.
    pub values: String,
    /// What it is for.
    #[serde(skip_serializing_if = "usual")]
    pub credential_info: Fields,
    /// When and by whom.
    #[serde(flatten)]
    pub origin: Origin,
    /// Fields that are only kept.
    #[serde(flatten)]
    pub extra: Fields,
}
