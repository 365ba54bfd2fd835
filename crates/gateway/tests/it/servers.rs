//! The servers that Lockgate stands on when it is more than one: a real Postgres and a real Redis, each fresh, in a
//! folder of its own, and gone when the value is dropped. Their packages are installed by `tools/setup.sh`; the services
//! that a system runs of them are not touched.
//!
//! Starting one blocks for a moment, and so does telling it something: a test does both while nothing else waits.

mod family;
mod postgres;
mod redis;
mod server;
mod tests;

pub use postgres::{Postgres, query};
pub use redis::{Redis, SERVICE};
pub use server::Server;
