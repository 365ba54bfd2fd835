//! Alerts: tells the log, and whoever is named in `general_settings.alerting`, what they should know of. Here about
//! budgets: looks now and then at what everybody has spent, and tells when a budget is nearly spent, spent, or will be.
//! Replicas agree in the database on who tells it, so that it is told once. About deployments: [`deployments`].

pub mod deployments;
mod event;
mod sender;
mod watch;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use policy::crossings;
use store::records::Allowance;
use store::{Author, Change, Expect, Kind, Problem, Write};
use tokio::time::sleep;

use crate::live::Live;
use event::Event;
use sender::Sender;
use watch::{Watch, Watched};

/// How often everybody's budgets are looked at.
const LOOK: Duration = Duration::from_secs(5);
/// After how many looks claims are taken away that hold no more.
const TIDY: u64 = 60;
/// Most that is told at a look: the rest waits for the next one.
const MOST: usize = 100;
/// What the claim of an alert begins with.
const CLAIM: &str = "alert:";

/// Looks at budgets for as long as the gateway runs.
pub async fn follow(live: Arc<Live>) {
    let Some(books) = live.books.clone() else { return };
    let mut lookout = Lookout { sender: Sender::start(), watch: Watch::default(), told: HashMap::new() };
    for looks in 0u64.. {
        sleep(LOOK).await;
        if books.registry.is_current() {
            lookout.look(&live).await;
            if looks % TIDY == 0 {
                forget(&live).await;
            }
        }
    }
}

struct Lookout {
    sender: Sender,
    watch: Watch,
    /// What was told, by us or by another replica, and until when that holds (milliseconds since 1970).
    told: HashMap<String, i64>,
}

impl Lookout {
    async fn look(&mut self, live: &Live) {
        let Some(books) = &live.books else { return };
        let now = jiff::Timestamp::now().as_millisecond();
        let alerts = live.management().alerts.clone();
        let whole = live.setup().spending.budget.map(Watched::gateway);
        let all = self.watch.all(&books.registry).iter().chain(&whole);
        let due: Vec<Event> = all.flat_map(|watched| due(watched, live, now)).collect();
        self.told.retain(|_, until| *until > now);
        let mut claimed = 0;
        for event in due {
            let (claim, until) = event.claim(alerts.repeat, now);
            if claimed >= MOST || self.told.contains_key(&claim) {
                continue;
            }
            claimed += 1;
            let ours = claim_it(live, &claim, until).await;
            self.told.insert(claim, until);
            if ours {
                let (what, whose, spend) = (event.name(), event.group(), event.spend());
                tracing::warn!(event = what, group = whose, spend, "{}", event.message());
                self.sender.send(&alerts.targets, &event.text(), &event.fields());
            }
        }
    }
}

/// What is to be told about somebody's budgets.
fn due<'w>(watched: &'w Watched, live: &'w Live, now: i64) -> impl Iterator<Item = Event> + use<'w> {
    let Allowance { max_budget, soft_budget, budget_duration, budget_limits, .. } = &watched.allowance;
    let main = (watched.most(now).filter(|_| max_budget.is_some()), *soft_budget, budget_duration.as_deref());
    let windows = budget_limits.iter().map(|window| (window.max_budget, None, Some(&*window.budget_duration)));
    [main].into_iter().chain(windows).flat_map(move |(budget, soft, duration)| {
        let span = duration.and_then(policy::Span::parse);
        let spent = live.meters.spent(&watched.subject, span, now);
        let window = span.map(|span| live.meters.window(Some(span), now));
        crossings(spent, budget, soft, window, now / 1000).map(move |crossing| Event {
            crossing,
            who: watched.who.clone(),
            subject: watched.subject.clone(),
            spent,
            budget,
            soft,
            window,
        })
    })
}

/// Takes it on us to tell something; `false` if another replica has done so. Who cannot ask tells it: better twice than
/// never.
async fn claim_it(live: &Live, claim: &str, until: i64) -> bool {
    let Some(books) = &live.books else { return true };
    let body = Some(format!("{{\"until\":{until}}}"));
    let write = Write { kind: Kind::Claim, id: claim.to_owned(), expect: Expect::Nothing, body };
    let change = Change { writes: vec![write], adjustments: Vec::new(), author: Author::default() };
    !matches!(books.registry.write(change).await, Err(Problem::Conflict(_)))
}

/// Takes claims away that hold no more.
async fn forget(live: &Live) {
    let now = jiff::Timestamp::now().as_millisecond();
    let Some(books) = &live.books else { return };
    let old: Vec<Write> = {
        let directory = books.registry.read();
        let claims = directory.others.iter().filter(|((kind, id), _)| *kind == Kind::Claim && id.starts_with(CLAIM));
        let ended = claims.filter(|(_, held)| until(&held.record).is_none_or(|until| until <= now));
        let write = |((kind, id), held): (&(Kind, String), &store::Held<String>)| Write {
            kind: *kind,
            id: id.clone(),
            expect: Expect::Version(held.version),
            body: None,
        };
        ended.take(MOST).map(write).collect()
    };
    if !old.is_empty() {
        let change = Change { writes: old, adjustments: Vec::new(), author: Author::default() };
        // Another replica may have been faster, and there is a next time.
        let _ = books.registry.write(change).await;
    }
}

fn until(body: &str) -> Option<i64> {
    serde_json::from_str::<serde_json::Value>(body).ok()?["until"].as_i64()
}
