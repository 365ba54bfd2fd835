//! Talking to upstreams: who they are (data: one row of [`all`] per provider, found by [`find`]), how they want to
//! be addressed, and the HTTP client of the data plane.
//!
//! What a dialect's bytes look like is `dialects`' business, which provider is tried when is `policy`'s.

pub mod aws;
mod base;
mod docs;
pub mod http;
pub mod oci;
mod others;
mod passages;
mod paths;
mod provider;
mod table;

pub use base::{fill, fillings};
pub use docs::markdown;
pub use others::OTHERS;
pub use passages::{Hosts, Passage, joined, passages};
pub use paths::{Fillings, PathForm, Paths, When};
pub use provider::{Auth, Blank, Endpoint, Endpoints, Provider, SignIn, TypedKey};
pub use table::{all, find, vertex_host};
