//! The thread on which nodes are looked after: what is loaded there, loading and waking. It has its own connections to
//! them, so that neither a call nor an admin page delays it.

use std::io;
use std::rc::Rc;
use std::sync::Arc;
use std::thread;

use engine::nodes::{Fleets, keep_all};
use providers::http::Client;
use tokio::runtime::Builder;

/// Keeps all fleets for as long as the gateway runs.
pub fn keep(fleets: Arc<Fleets>) {
    let work = move || -> io::Result<()> {
        // The client belongs to one thread. With a runtime of its own it ends with the process, not before.
        let runtime = Builder::new_current_thread().enable_all().build_local(Default::default())?;
        runtime.block_on(keep_all(fleets, Rc::new(Client::default())));
        Ok(())
    };
    let not_kept = |error: &io::Error| tracing::error!("nodes are not looked after: {error}");
    let work = move || _ = work().inspect_err(not_kept);
    _ = thread::Builder::new().name("nodes".to_owned()).spawn(work).inspect_err(not_kept);
}
