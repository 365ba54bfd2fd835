//! How many alerts a channel gets: so many in a minute. The others are counted, and told of as one when it is over.

use std::time::Duration;

use tokio::time::Instant;

/// How long alerts count.
const WINDOW: Duration = Duration::from_secs(60);
/// Titles of alerts that were held back that are told.
const TITLES: usize = 10;

/// What a channel got in this minute.
#[derive(Default)]
pub struct Pace {
    since: Option<Instant>,
    sent: u32,
    held: usize,
    titles: Vec<String>,
}

/// Alerts that were held back.
#[derive(Debug, PartialEq)]
pub struct Held {
    /// How many.
    pub count: usize,
    /// The titles of the first of them.
    pub titles: Vec<String>,
}

impl Pace {
    /// Whether another alert may go now; otherwise it is held back.
    pub fn take(&mut self, title: &str, per_minute: u32, now: Instant) -> bool {
        if self.held == 0 && self.since.is_none_or(|since| now - since >= WINDOW) {
            (self.since, self.sent) = (Some(now), 0);
        }
        // Nobody overtakes the word about those who were held back.
        let goes = self.held == 0 && self.sent < per_minute;
        if goes {
            self.sent += 1;
        } else {
            self.held += 1;
            if self.titles.len() < TITLES {
                self.titles.push(title.to_owned());
            }
        }
        goes
    }

    /// When those that were held back are told of; `None` if there are none.
    pub fn due(&self) -> Option<Instant> {
        Some(self.since? + WINDOW).filter(|_| self.held > 0)
    }

    /// Those that were held back. The next minute begins with the word about them.
    pub fn release(&mut self, now: Instant) -> Held {
        (self.since, self.sent) = (Some(now), 1);
        Held { count: std::mem::take(&mut self.held), titles: std::mem::take(&mut self.titles) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_too_much_for_a_minute_is_told_as_one_when_it_is_over() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        let after = |seconds| began + Duration::from_secs(seconds);
        let went: Vec<bool> = (0..5).map(|at| pace.take(&format!("alert {at}"), 2, after(at))).collect();
        assert_eq!(went, [true, true, false, false, false]);
        assert_eq!(pace.due(), Some(after(60)));
        assert!(!pace.take("late", 2, after(61)), "the word about the others comes first");
        let held = pace.release(after(61));
        assert_eq!((held.count, held.titles.len(), &*held.titles[0]), (4, 4, "alert 2"));
        assert_eq!(pace.due(), None);
        assert!(pace.take("next", 2, after(62)), "the word about the others counts as one");
        assert!(!pace.take("next", 2, after(63)));
    }

    #[test]
    fn a_new_minute_begins_anew_and_titles_have_an_end() {
        let (mut pace, began) = (Pace::default(), Instant::now());
        assert!(pace.take("one", 1, began));
        assert!(pace.take("two", 1, began + WINDOW));
        (0..100).for_each(|_| assert!(!pace.take("more", 1, began + WINDOW)));
        let held = pace.release(began + WINDOW * 2);
        assert_eq!((held.count, held.titles.len()), (100, TITLES));
    }
}
