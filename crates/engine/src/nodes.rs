//! Engines on machines of one's own: `policy::nodes` decides which waiting call starts where and when what is loaded, and
//! this room carries it out. Callers join a [`Fleet`] and are told when they may start; one task for each fleet, the
//! keeper, asks the nodes what they have loaded, loads and wakes.

mod fleet;
mod keeper;
mod placement;
mod roll;
mod terms;
mod view;
mod wake;

pub(crate) use fleet::{Denial, Wish};
pub use fleet::{Fleet, NotNow};
pub use keeper::keep_all;
pub(crate) use placement::Placement;
pub use roll::Fleets;
pub use terms::{Berth, FleetTerms, ModelTerms, Site, Wake};
pub use view::{FleetView, LoadedView, ModelView, NodeView, WaitingView};
