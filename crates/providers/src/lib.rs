//! Talking to upstreams. Who they are is data: one row of [`all`] per provider, found by [`find`].
//!
//! What a dialect's bytes look like is `dialects`' business, which provider is tried when is `policy`'s.

mod base;
mod docs;
mod provider;
mod table;

pub use docs::markdown;
pub use provider::{Auth, Blank, Endpoint, Endpoints, Provider};
pub use table::{all, find};
