//! Alerts: tells the log, and whoever is named in `general_settings.alerting`, what they should know of. Every few seconds
//! it looks at budgets, deployments, books and keys; replicas agree in the database on who tells what, so that it is told
//! once ([`claims`]). What is told is an [`alert::Alert`], which [`forms`] writes for each channel and [`outbox`] brings
//! there.

mod alert;
mod books;
mod budgets;
mod claims;
mod deployments;
mod forms;
mod keys;
pub mod letters;
mod logins;
mod loops;
mod models;
mod outbox;
pub mod reports;

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::time::sleep;

use alert::{Alert, Level};
pub use logins::failed as login_failed;
use outbox::Outbox;

use crate::config::Alerts;
use crate::live::Live;
use books::Ledger;
use budgets::Budgets;
use claims::Claims;
use deployments::Deployments;
use models::Models;

/// How often everything is looked at.
const LOOK: Duration = Duration::from_secs(5);
/// After how many looks what changes slowly is looked at: keys, models, reports.
const SLOW: u64 = 3;
/// After how many looks claims are taken away that hold no more.
const TIDY: u64 = 60;

/// Tells people, each thing once.
#[derive(Default)]
pub struct Teller {
    /// The way to the channels.
    pub outbox: Outbox,
    claims: Mutex<Claims>,
}

impl Teller {
    /// Tells something that goes by `name` and holds until then, if nobody has; says whether it is told now.
    pub async fn once(&self, live: &Live, name: &str, until: i64, now: i64, alert: impl FnOnce() -> Alert) -> bool {
        let ours = self.claims.lock().await.take(live, name, until, now).await;
        if ours {
            self.outbox.tell(&live.management().alerts, alert());
        }
        ours
    }

    /// Whether nobody has told what goes by `name`, as far as is known here.
    async fn may_be_told(&self, live: &Live, name: &str, now: i64) -> bool {
        self.claims.lock().await.may_take(live, name, now)
    }

    /// There is nothing to tell under `name` until then.
    async fn pass_over(&self, name: &str, until: i64) {
        self.claims.lock().await.pass_over(name, until);
    }

    /// Whether it is on us to tell that something is over; it is not told of again before `until`.
    async fn over(&self, live: &Live, name: &str, until: i64, now: i64) -> bool {
        self.claims.lock().await.end(live, name, until, now).await
    }
}

/// Looks at everything for as long as the gateway runs.
pub async fn follow(live: Arc<Live>) {
    live.teller.outbox.start();
    let (mut budgets, mut ledger, mut models) = (Budgets::default(), Ledger::default(), Models::default());
    let mut deployments = Deployments::default();
    for looks in 0u64.. {
        sleep(LOOK).await;
        let (now, management) = (crate::books::unix_ms(), live.management());
        let (alerts, teller) = (&management.alerts, &live.teller);
        deployments.look(&live, alerts, now).await;
        ledger.look(&live, alerts, now).await;
        if live.books.as_ref().is_none_or(|books| !books.registry.is_current()) {
            continue;
        }
        budgets.look(&live, alerts, teller, now).await;
        loops::look(&live, now).await;
        if looks % SLOW == 0 {
            keys::look(&live, alerts, now).await;
            models.look(&live, alerts, now).await;
            reports::look(&live, alerts, now).await;
        }
        if looks % TIDY == 0 {
            claims::forget(&live, now).await;
        }
    }
}

/// What a channel is sent to see whether it works.
pub fn trial(alerts: &Alerts) -> Alert {
    let alert = Alert::new(crate::config::AlertKind::Budgets, "test", "gateway", Level::Note);
    let alert = alert.saying("This is a test", "Alerts of Lockgate arrive here.");
    alert.knowing([("Version", Some(env!("CARGO_PKG_VERSION").to_owned())), ("Gateway", alerts.base_url.clone())])
}
