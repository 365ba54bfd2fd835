//! A request's journey, from the caller's bytes to the caller's bytes (see [`serve`]).
//!
//! The engine carries out what `policy` decides, in the words of `dialects`, over what `providers` connects. It
//! knows nothing of listening sockets, configuration files or databases.

mod access;
mod ask;
mod attempt;
mod attempts;
mod deliver;
mod dice;
mod flow;
mod gate;
mod health;
mod journey;
mod note;
mod reply;
mod setup;
mod wire;

pub use access::Access;
pub use ask::Call;
pub use deliver::Delivery;
pub use dice::Dice;
pub use gate::Gate;
pub use health::{Health, Roll};
pub use journey::{refuse, serve};
pub use reply::{Content, Reply};
pub use setup::{ClientParams, Deployment, Group, Intake, Limits, Pattern, Pricing, Setup};
pub use wire::Wire;
