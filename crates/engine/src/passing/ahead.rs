//! Money that is held ahead for what is paid for when it is done, much later and maybe by another process.

use std::time::Duration;

use tokio::time::{sleep, timeout};
use types::Usd;

use crate::hold::Hold;

/// How often it is looked whether the books' sums have arrived, and for how long.
const LOOK: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(60);

/// What is held here until the books hold it. Dropping it gives it back.
pub struct Ahead(pub(super) Hold);

impl Ahead {
    /// How much.
    pub fn amount(&self) -> Usd {
        self.0.amount()
    }

    /// Hands it over as soon as it is known here that the books hold it, by the change `tick` of their sums.
    pub async fn until_known(self, tick: i64) {
        let known = async {
            while !self.0.is_known(tick) {
                sleep(LOOK).await;
            }
        };
        // While the database is away too much is held for a while, never too little for long.
        let _ = timeout(PATIENCE, known).await;
        self.0.hand_over();
    }
}
