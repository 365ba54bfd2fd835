//! What a dialect must be able to do to manage an engine on a machine of one's own, which loads models when they are
//! needed: ask what is loaded, load and unload.

use bytes::Bytes;
use types::{Fault, Raw};

/// A dialect of engines that load models when they are needed.
pub trait LocalEngine: Send + Sync {
    /// Whether the engine at `host` runs a model itself, and does not pass its calls on to its vendor's cloud.
    fn runs(&self, host: &str, model: &str) -> bool;

    /// The whole name of a model, where several names mean the same one.
    fn full_name(&self, model: &str) -> String;

    /// What is loaded: a path for `GET`, and what the answer says.
    fn running_path(&self) -> &'static str;

    /// Decodes the answer.
    fn read_running(&self, body: &[u8]) -> Result<Vec<Running>, Fault>;

    /// A request that loads a model with this context and answers when that is done.
    fn load(&self, model: &str, num_ctx: u32, keep_alive: Option<&Raw>) -> Errand;

    /// A request that unloads a model.
    fn unload(&self, model: &str) -> Errand;

    /// A request for what is known of a model, and the largest context in the answer, tokens.
    fn describe(&self, model: &str) -> Errand;

    /// Decodes the answer.
    fn read_context(&self, body: &[u8]) -> Option<u32>;
}

/// A `POST` of JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Errand {
    /// Path behind the base address.
    pub path: &'static str,
    /// The body.
    pub body: Bytes,
}

/// A model that is loaded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Running {
    /// Its whole name.
    pub model: String,
    /// Its context, tokens; 0 if the engine does not say.
    pub num_ctx: u32,
    /// Memory that it takes.
    pub vram_bytes: u64,
    /// When it is unloaded, as the engine writes it.
    pub expires_at: String,
}
