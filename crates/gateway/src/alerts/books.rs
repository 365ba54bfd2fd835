//! Alerts about the gateway's own books: what calls cost does not reach the database, or the database is away. Each replica
//! tells of its own spool: it is the one that knows, and where the database is away nobody can agree on anything.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::alert::{Alert, Level, fields};
use crate::books::BooksState;
use crate::config::{AlertKind, Alerts};
use crate::live::Live;

/// After how long somebody is told again while it goes on.
const AGAIN: Duration = Duration::from_secs(3600);

/// What was told.
#[derive(Default)]
pub struct Ledger {
    late: Told,
    away: Told,
    away_since: Option<Instant>,
}

/// Since when something goes on that was told.
#[derive(Default)]
struct Told(Option<Instant>);

/// What is to be told.
#[derive(Debug, PartialEq)]
enum News {
    Begins,
    Over,
}

impl Told {
    /// What is to be told of something that goes on, or does not.
    fn see(&mut self, goes_on: bool) -> Option<News> {
        match (goes_on, self.0) {
            (true, told) if told.is_none_or(|told| told.elapsed() >= AGAIN) => {
                self.0 = Some(Instant::now());
                Some(News::Begins)
            }
            (false, Some(_)) => {
                self.0 = None;
                Some(News::Over)
            }
            _ => None,
        }
    }
}

impl Ledger {
    /// Looks at how the books stand.
    pub async fn look(&mut self, live: &Live, alerts: &Alerts, _now: i64) {
        let Some(books) = &live.books else { return };
        let (state, outbox) = (books.state(), &live.teller.outbox);
        let is_late = !state.healthy || state.lag >= alerts.rules.lag;
        if let Some(news) = self.late.see(is_late && alerts.wants(AlertKind::LedgerLag)) {
            outbox.tell(alerts, ledger(&state, &news));
        }
        self.away_since = match books.registry.is_current() {
            true => None,
            false => self.away_since.or_else(|| Some(Instant::now())),
        };
        let is_away = self.away_since.is_some_and(|since| since.elapsed() >= alerts.rules.lag);
        if let Some(news) = self.away.see(is_away && alerts.wants(AlertKind::Database)) {
            outbox.tell(alerts, database(&news));
        }
    }
}

fn ledger(state: &BooksState, news: &News) -> Alert {
    let alert = Alert::new(AlertKind::LedgerLag, "failed_tracking_spend", "gateway", Level::Grave);
    let mut alert = match news {
        News::Over => Alert { level: Level::Good, event: "spend_tracked", ..alert }
            .saying("The ledger is complete again", "The database has everything that calls cost"),
        News::Begins if !state.healthy => alert.saying(
            "The disk does not take what calls cost",
            "The spool cannot be written: calls are refused meanwhile",
        ),
        News::Begins => alert.saying(
            "The ledger is late",
            format!(
                "What calls cost has not reached the database for {} seconds; it waits on disk",
                state.lag.as_secs()
            ),
        ),
    };
    alert = alert.knowing([
        ("Late by", Some(format!("{} s", state.lag.as_secs()))),
        // Counted by whoever books: who is stuck counts nothing.
        ("Waiting on disk", (state.waiting > 0).then(|| format!("{} bytes", state.waiting))),
    ]);
    alert.fields = fields(json!({
        "lag_seconds": state.lag.as_secs_f64(),
        "waiting_bytes": (state.waiting > 0).then_some(state.waiting),
        "lost_entries": state.lost,
    }));
    alert
}

fn database(news: &News) -> Alert {
    let alert = Alert::new(AlertKind::Database, "db_exceptions", "gateway", Level::Grave);
    match news {
        News::Begins => alert.saying(
            "The database is away",
            "The database does not answer: keys that are known go on, and nothing can be changed",
        ),
        News::Over => Alert { level: Level::Good, event: "db_back", ..alert }
            .saying("The database is back", "The database answers again"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_goes_on_is_told_when_it_begins_now_and_then_and_when_it_is_over() {
        let mut told = Told::default();
        let seen = [false, true, true].map(|goes_on| told.see(goes_on));
        assert_eq!(seen, [None, Some(News::Begins), None]);
        tokio::time::advance(AGAIN).await;
        assert_eq!(told.see(true), Some(News::Begins));
        assert_eq!([told.see(false), told.see(false)], [Some(News::Over), None]);
    }
}
