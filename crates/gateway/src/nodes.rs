//! The thread on which nodes are looked after: what is loaded there, loading and waking. It has its own connections to
//! them, so that neither a call nor an admin page delays it.

use std::rc::Rc;
use std::sync::Arc;

use engine::nodes::{Fleets, keep_all};
use providers::http::Client;
use tokio::runtime::Handle;
use tokio::task::{LocalSet, spawn_blocking};

/// Keeps all fleets for as long as the gateway runs.
pub fn keep(fleets: Arc<Fleets>) {
    let runtime = Handle::current();
    // The client belongs to one thread.
    spawn_blocking(move || {
        let local = LocalSet::new();
        runtime.block_on(local.run_until(keep_all(fleets, Rc::new(Client::default()))));
    });
}
