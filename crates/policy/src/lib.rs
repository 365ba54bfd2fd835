//! Decisions. Pure: what the world looks like, the time and the dice are arguments.

pub mod catalogue;
mod nearest;

pub use nearest::nearest;
