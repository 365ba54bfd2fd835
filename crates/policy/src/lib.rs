//! Decisions, as pure functions: which deployment, whether to try again, when a deployment must rest; and the
//! catalogue of what is known about models, on which they rest.
//!
//! Nothing here reads a clock, rolls dice, or talks to anybody: time and randomness are arguments. The engine
//! carries the decisions out.

pub mod catalogue;
mod course;
mod estimate;
mod nearest;
mod pick;
mod rest;
mod rules;

pub use course::{Course, Offer, Step};
pub use estimate::estimate_tokens;
pub use nearest::nearest;
pub use pick::{Member, pick};
pub use rest::{Tally, rest};
pub use rules::{RetryPolicy, Rules, Strategy};
