//! Who failed to sign in lately: after too many failures from one address, or for one name, the next ones wait.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::time::{Duration, Instant};

use crate::control::manage::Refusal;

/// Failures within [`WINDOW`] that are forgiven.
const FORGIVEN: u32 = 10;
/// How long a failure counts.
const WINDOW: Duration = Duration::from_secs(60);
/// Most addresses and names that are remembered.
const MOST: usize = 10_000;

/// Failures by address and by name.
#[derive(Clone, Default)]
pub struct Failures(Arc<Mutex<HashMap<String, (u32, Instant)>>>);

impl Failures {
    /// Refuses whoever failed too often.
    pub fn allow(&self, who: &[String]) -> Result<(), Refusal> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let waits = who.iter().filter_map(|who| {
            let (count, since) = known.get(who)?;
            (*count >= FORGIVEN).then(|| WINDOW.checked_sub(since.elapsed())).flatten().filter(|wait| !wait.is_zero())
        });
        match waits.max() {
            Some(wait) => Err(Refusal::too_often(wait.as_secs() + 1)),
            None => Ok(()),
        }
    }

    /// Notes a failure; says whether it is the last one that is forgiven.
    pub fn note(&self, who: &[String]) -> bool {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() + who.len() > MOST {
            known.retain(|_, (_, since)| since.elapsed() < WINDOW);
        }
        if known.len() + who.len() > MOST {
            known.clear();
        }
        let mut is_last = false;
        for who in who {
            let (count, since) = known.entry(who.clone()).or_insert_with(|| (0, Instant::now()));
            if since.elapsed() >= WINDOW {
                (*count, *since) = (0, Instant::now());
            }
            *count += 1;
            is_last |= *count == FORGIVEN;
        }
        is_last
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_fails_too_often_waits_and_nobody_else_does() {
        let failures = Failures::default();
        let (ana, ben) = (["name:ana".to_owned()], ["name:ben".to_owned()]);
        let last = (0..FORGIVEN).map(|_| failures.note(&ana)).position(|is_last| is_last);
        assert_eq!(last, Some(FORGIVEN as usize - 1));
        assert!(failures.allow(&ana).is_err() && failures.allow(&ben).is_ok());
        tokio::time::advance(WINDOW).await;
        assert!(failures.allow(&ana).is_ok());
        failures.note(&ana);
        assert!(failures.allow(&ana).is_ok(), "old failures do not count");
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_remembered_has_an_end() {
        let failures = Failures::default();
        (0..MOST * 2).for_each(|at| _ = failures.note(&[format!("10.0.0.{at}")]));
        assert!(failures.0.lock().unwrap().len() <= MOST);
    }
}
