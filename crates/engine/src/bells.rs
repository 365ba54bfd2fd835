//! Waiting for any of several things to happen, without missing what happens between looking and listening.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::{Instant, timeout_at};

/// Ears for several bells, from now on.
pub(crate) struct Bells {
    ears: Vec<Pin<Box<OwnedNotified>>>,
    bells: Vec<Arc<Notify>>,
}

impl Bells {
    /// Listens to all of `bells`.
    pub fn listen(bells: impl Iterator<Item = Arc<Notify>>) -> Self {
        let bells: Vec<Arc<Notify>> = bells.collect();
        let mut ears: Vec<_> = bells.iter().map(|bell| Box::pin(bell.clone().notified_owned())).collect();
        ears.iter_mut().for_each(|ear| _ = ear.as_mut().enable());
        Bells { ears, bells }
    }

    /// Waits until one of them rings; false if none does before `deadline`.
    pub async fn ring(&mut self, deadline: Instant) -> bool {
        let any = poll_fn(|cx| match self.ears.iter_mut().any(|ear| ear.as_mut().poll(cx).is_ready()) {
            true => Poll::Ready(()),
            false => Poll::Pending,
        });
        timeout_at(deadline, any).await.is_ok()
    }

    /// Rings all of them for somebody else who waits: what we heard may be of use there.
    pub fn pass_on(&self) {
        self.bells.iter().for_each(|bell| bell.notify_one());
    }
}
