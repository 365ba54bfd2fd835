//! Mock model providers in every dialect, with knobs for faults and delays: what tests, benchmarks and
//! failover drills talk to instead of a vendor. Deliberately independent of the gateway's own wire code, so
//! that it can judge it: a request the vendor would refuse is refused here with the vendor's error body.
//!
//! A model named `demo@status=429,retry_after=2` fails that way, `demo@chunks=100,chunk_ms=20` streams slowly;
//! [`knobs`] lists all there is. Answers are a function of the request, so tests can tell what comes back.

mod admin;
#[cfg(test)]
mod client;
mod dialect;
pub mod fault;
mod form;
mod knobs;
pub mod load;
pub mod mock;
mod node;
mod problem;
mod recorder;
mod route;
mod schema;
mod script;
mod server;
mod shelf;
mod stats;

pub use knobs::{KnobDoc, knobs};
pub use mock::serve;
