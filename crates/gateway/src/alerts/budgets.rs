//! Alerts about budgets: looks at what everybody has spent, and tells when a budget is nearly spent, spent, or will be.
//! Users hear of their own by mail, if there is a server that takes mail.

mod event;
mod watch;

use std::collections::HashSet;

use policy::crossings;
use store::records::Allowance;

use super::Teller;
use super::forms;
use crate::config::{Alerts, Target};
use crate::live::Live;
use event::Event;
use watch::{Watch, Watched};

/// Most that is told at a look: the rest waits for the next one.
const MOST: usize = 100;

/// What is looked at.
#[derive(Default)]
pub struct Budgets {
    watch: Watch,
    /// What was told and holds still: whoever asks for it anew asks in vain.
    known: HashSet<String>,
}

impl Budgets {
    /// Looks at all budgets.
    pub async fn look(&mut self, live: &Live, alerts: &Alerts, teller: &Teller, now: i64) {
        let Some(books) = &live.books else { return };
        let whole = live.setup().spending.budget.map(Watched::gateway);
        let all = self.watch.all(&books.registry).iter().chain(&whole);
        let due: Vec<Event> = all.flat_map(|watched| due(watched, live, &alerts.rules.levels, now)).collect();
        let mut claimed = 0;
        let mut known = HashSet::new();
        for event in due {
            let (claim, until) = event.claim(alerts.rules.repeat, now);
            if claimed < MOST && !self.known.contains(&claim) {
                claimed += 1;
                if teller.once(live, &claim, until, now, || event.alert()).await {
                    write_to_user(live, alerts, &event);
                }
            } else if !self.known.contains(&claim) {
                continue;
            }
            known.insert(claim);
        }
        self.known = known;
    }
}

/// Mail for whom a budget belongs to, where alerts go by mail.
fn write_to_user(live: &Live, alerts: &Alerts, event: &Event) {
    let by_mail = alerts.channels.iter().find(|channel| matches!(channel.target, Target::Mail { .. }));
    let is_wanted = by_mail.is_some_and(|channel| channel.kinds.contains(&crate::config::AlertKind::Budgets));
    if let Some(reader) = event.reader().filter(|_| is_wanted) {
        live.teller.outbox.write(alerts, reader, forms::letter(&event.alert(), alerts.base_url.as_deref()));
    }
}

/// What is to be told about somebody's budgets.
fn due<'w>(watched: &'w Watched, live: &'w Live, levels: &'w [u8], now: i64) -> impl Iterator<Item = Event> + use<'w> {
    let Allowance { max_budget, soft_budget, budget_duration, budget_limits, .. } = &watched.allowance;
    let main = (watched.most(now).filter(|_| max_budget.is_some()), *soft_budget, budget_duration.as_deref());
    let windows = budget_limits.iter().map(|window| (window.max_budget, None, Some(&*window.budget_duration)));
    [main].into_iter().chain(windows).flat_map(move |(budget, soft, duration)| {
        let span = duration.and_then(policy::Span::parse);
        let spent = live.meters.spent(&watched.subject, span, now);
        let window = span.map(|span| live.meters.window(Some(span), now));
        crossings(spent, budget, soft, levels, window, now / 1000).map(move |crossing| Event {
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
