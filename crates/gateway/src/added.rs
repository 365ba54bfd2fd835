//! Serves what is added, changed and taken away in the database while running, on every replica.

use std::sync::Arc;

use store::{Directory, Kind, POLL};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use crate::live::Live;

/// What tells one state of what was added from another: how many there are, and the newest version among them.
type State = (usize, i64);

/// Follows the database for as long as the gateway runs; `seen` is what the setup holds already.
pub async fn follow(live: Arc<Live>, mut seen: State) {
    let Some(books) = live.books.clone() else { return };
    loop {
        sleep(POLL).await;
        let now = state(&books.registry.read());
        if now == seen {
            continue;
        }
        match rebuild(live.clone()).await {
            Some(left_out) => {
                for (id, why) in left_out {
                    tracing::warn!(id, "what was added to the database is not served: {why}");
                }
                seen = now;
            }
            None => tracing::error!("the models of the database could not be read"),
        }
    }
}

/// Makes a setup with what the database holds now; what cannot be served, and why.
pub async fn rebuild(live: Arc<Live>) -> Option<Vec<(String, String)>> {
    spawn_blocking(move || live.rebuild()).await.ok()
}

/// The state of what was added.
pub fn state(directory: &Directory) -> State {
    let models = directory.models.values().map(|held| held.version);
    let credentials = directory.credentials.values().map(|held| held.version);
    let passages = directory.pass_throughs.values().map(|held| held.version);
    let settings = directory.others.iter().filter(|((kind, _), _)| *kind == Kind::Setting);
    let versions = models.chain(credentials).chain(passages).chain(settings.map(|(_, held)| held.version));
    versions.fold((0, 0), |(count, newest), version| (count + 1, newest.max(version)))
}
