//! Decisions, as pure functions: which deployment, whether to try again, when a deployment must rest; and the
//! catalogue of what is known about models, on which they rest.
//!
//! Nothing here reads a clock, rolls dice, or talks to anybody: time and randomness are arguments. The engine
//! carries the decisions out.

mod addresses;
mod affinity;
mod alike;
mod bounds;
mod breaker;
pub mod catalogue;
mod course;
mod crossing;
mod estimate;
pub mod grants;
mod habits;
pub mod intent;
mod language;
pub mod limits;
mod lot;
mod nearest;
pub mod nodes;
mod pick;
pub mod price;
mod purse;
pub mod queue;
mod region;
mod rest;
pub mod router;
pub mod routes;
mod rules;
pub mod runaway;
pub mod share;
mod sliding;
mod span;
mod strictness;
mod tags;
mod tokens;
pub mod vectors;
pub mod window;

pub use addresses::{AddressRules, Network};
pub use affinity::{Affinity, Bond};
pub use alike::{Wording, marks};
pub use bounds::{RetryBudget, TryBounds};
pub use breaker::{Admission, Breaker};
pub use course::{Course, Offer, Step};
pub use crossing::{Crossing, crossings};
pub use estimate::{estimate_body_tokens, estimate_request_tokens, estimate_tokens};
pub use habits::Habits;
pub use language::language;
pub use nearest::nearest;
pub use pick::{Candidate, Member, Strategy, Worth, pick, weigh};
pub use purse::{Budget, Funds, Last, Need, Obeys, Purse};
pub use region::is_within;
pub use rest::{RestRules, Tally, rest};
pub use routes::RouteRules;
pub use rules::{RetryPolicy, Rules};
pub use sliding::Sliding;
pub use span::{Span, Window};
pub use strictness::Strictness;
pub use tags::{Patterns, TagRules, Tagged};
pub use tokens::text_tokens;
