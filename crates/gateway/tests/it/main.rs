//! The one integration binary: everything that is checked from outside, one module per subject.

mod backs;
mod callers;
mod cli;
mod client;
mod drills;
mod faults;
mod front;
mod gateway;
mod health;
mod hostile;
mod house;
mod manage;
mod metrics;
mod money;
mod nodes;
mod price_map;
mod prices;
mod queue;
mod reload;
mod routing;
mod servers;
mod staying_alive;
mod store;
mod streams;
mod tls;
mod utils;
