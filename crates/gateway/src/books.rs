//! Where the gateway keeps its books: the database with keys and ledger, and the folder for what has not reached the
//! database yet. Opened once at the start; it outlives every setup.

mod place;

use std::sync::Arc;
use std::time::Duration;

use store::{POLL, Registry, Store};
use tokio::time::{sleep, timeout};

pub use place::{Place, find};

/// How long the start waits for the database. Without it the gateway starts all the same, and knows no key until the
/// database is there.
const PATIENCE: Duration = Duration::from_secs(5);
/// Longest pause between two tries to reach a database that is away.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// The books.
pub struct Books {
    /// Keys, users, teams and all the rest.
    pub registry: Arc<Registry>,
}

impl Books {
    /// Opens the books in `place`; nothing is read yet.
    pub fn new(place: &Place) -> Self {
        Books { registry: Arc::new(Registry::new(Store::new(&place.url))) }
    }

    /// Brings the tables up to date and reads what is in them. Says why if that did not work in time.
    pub async fn open(&self) -> Result<(), String> {
        match timeout(PATIENCE, self.prepare()).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(problem)) => Err(problem.to_string()),
            Err(_) => Err("it does not answer".to_owned()),
        }
    }

    async fn prepare(&self) -> store::Result<()> {
        self.registry.store().migrate().await?;
        warn(self.registry.refresh().await?);
        Ok(())
    }

    /// Keeps the books up to date for as long as the gateway runs; `open` says whether [`Books::open`] succeeded.
    pub async fn follow(self: Arc<Self>, mut open: bool) {
        let mut pause = POLL;
        loop {
            sleep(pause).await;
            let result = match open {
                true => self.registry.refresh().await.map(warn),
                false => self.prepare().await,
            };
            pause = match &result {
                Ok(()) => POLL,
                Err(_) => (pause * 2).min(LONGEST_PAUSE),
            };
            match result {
                Ok(()) if !open => {
                    open = true;
                    tracing::warn!("the database is there");
                }
                Ok(()) => {}
                Err(problem) => tracing::warn!(%problem, "the database is away"),
            }
        }
    }
}

fn warn(unreadable: Vec<String>) {
    for problem in unreadable {
        tracing::error!("{problem}");
    }
}
