//! Floor 1: what may be said. Finds personal data and secrets in texts, and masks them so that they can be put back,
//! also in a text that comes in pieces; knows words, tricks and tools that are not wanted. No I/O, no clock: which
//! guardrail applies to which call, and what becomes of what was found, is the engine's business.

mod action;
mod class;
mod injection;
mod scan;
mod stream;
mod tools;
mod vault;
mod words;

pub use action::Action;
pub use class::{Class, Kind};
pub use injection::{Injection, LONGEST_PHRASE};
pub use scan::{Scanner, Span};
pub use stream::Masker;
pub use tools::{Permission, Rule};
pub use vault::{Form, Restorer, Vault};
pub use words::{Found, Word, Words};
