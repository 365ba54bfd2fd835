//! Something that goes on and should be looked at: told to the log when it begins, from time to time while it lasts, and
//! when it is over.

use std::time::Duration;

use tokio::time::Instant;

/// How long nothing is said again while it lasts.
const QUIET: Duration = Duration::from_secs(60);

/// Something that goes on.
#[derive(Default)]
pub struct Alarm(Option<Instant>);

impl Alarm {
    /// It goes on.
    pub fn raise(&mut self, text: &str) {
        if self.0.is_none_or(|said| said.elapsed() >= QUIET) {
            tracing::error!("{text}");
            self.0 = Some(Instant::now());
        }
    }

    /// It does not, or not any more.
    pub fn end(&mut self, text: &str) {
        if self.0.take().is_some() {
            tracing::warn!("{text}");
        }
    }
}
