//! The word that the gateway goes down, on its way from the signals to everybody who has to hurry up then.

use std::time::Duration;

use tokio::sync::watch;
use tokio::time::sleep;

/// Hears when the gateway goes down.
#[derive(Clone)]
pub struct Stop(watch::Receiver<bool>);

/// Both ends: true is the word.
pub fn channel() -> (watch::Sender<bool>, Stop) {
    let (sender, receiver) = watch::channel(false);
    (sender, Stop(receiver))
}

impl Stop {
    /// Whether the gateway goes down.
    pub fn is_told(&self) -> bool {
        *self.0.borrow()
    }

    /// Returns when the gateway goes down.
    pub async fn told(&self) {
        // An error means that the process is going down anyway.
        let _ = self.0.clone().wait_for(|stop| *stop).await;
    }

    /// Returns when the gateway goes down and `grace` has passed after that; if it goes down already, after `grace`.
    pub async fn told_and(&self, grace: Duration) {
        self.told().await;
        sleep(grace).await;
    }
}
