//! The words of the field (ARCHITECTURE.md, section 2), as data: what a caller asks, what a model answers,
//! what can go wrong, and what the operator configured.
//!
//! Nothing here talks to the network, reads a clock or knows a wire format. The types do not derive serde:
//! each wire format has its own room in `dialects`, and none of them may leak into the vocabulary.

mod catalogue;
mod chat;
pub mod day;
mod decimal;
mod fault;
mod money;
mod operation;
mod other;
mod picture;
mod raw;
mod rerank;
mod response;
mod secret;
mod sound;
mod usage;

pub use catalogue::*;
pub use chat::*;
pub use decimal::*;
pub use fault::*;
pub use money::*;
pub use operation::*;
pub use other::*;
pub use picture::*;
pub use raw::*;
pub use rerank::*;
pub use response::*;
pub use secret::*;
pub use sound::*;
pub use usage::*;
