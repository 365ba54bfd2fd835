//! Alerts about models that are called for the first time, from the sums of the days.

use std::collections::HashSet;
use std::time::Duration;

use serde_json::json;
use store::reports::{ActivityFilter, By, Order, day_of};
use tokio::time::timeout;

use super::alert::{Alert, Level, fields};
use crate::config::{AlertKind, Alerts};
use crate::live::Live;

/// Most models that are known; where there are more, somebody calls made-up ones, and nobody wants to hear of each.
const MOST: usize = 5_000;
/// How long the database may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a claim holds, milliseconds: after that the sums of the days know the model.
const HOLDS: i64 = 2 * 86_400_000;
/// How far back sums are looked at, milliseconds: sums of yesterday may come in today.
const BACK: i64 = 86_400_000;

/// Models that were called.
#[derive(Default)]
pub struct Models {
    known: Option<HashSet<String>>,
}

impl Models {
    /// Looks at what was called.
    pub async fn look(&mut self, live: &Live, alerts: &Alerts, now: i64) {
        if !alerts.wants(AlertKind::NewModels) {
            self.known = None;
            return;
        }
        let since = self.known.as_ref().map(|_| day_of(now - BACK));
        let Some(called) = called(live, since).await else { return };
        let Some(known) = &mut self.known else {
            // What was called before anybody looked is nothing new.
            self.known = Some(called.into_iter().collect());
            return;
        };
        let new: Vec<String> = called.into_iter().filter(|model| !known.contains(model)).collect();
        for model in new {
            if known.len() < MOST {
                live.teller.once(live, &format!("new_model:{model}"), now + HOLDS, now, || alert(&model)).await;
                known.insert(model);
            }
        }
    }
}

/// Models that were called from a day on, or ever.
async fn called(live: &Live, from: Option<String>) -> Option<Vec<String>> {
    let store = live.books.as_ref()?.registry.store();
    let filter = ActivityFilter { from, ..ActivityFilter::default() };
    let sums = timeout(PATIENCE, store.activity(&filter, &[By::Model], Order::Names, MOST as i64)).await.ok()?.ok()?;
    // A model that never answered is a slip of the pen.
    let answered = sums.into_iter().filter(|sum| sum.metrics.successes > 0);
    Some(answered.filter_map(|mut sum| sum.names.pop()).filter(|model| !model.is_empty()).collect())
}

fn alert(model: &str) -> Alert {
    let alert = Alert::new(AlertKind::NewModels, "new_model_in_use", "model", Level::Note);
    let mut alert = alert.saying("A new model is in use", format!("{model} has answered for the first time"));
    alert = alert.knowing([("Model", Some(model.to_owned()))]);
    alert.fields = fields(json!({ "model": model }));
    alert
}
