//! Money that is held for an attempt in flight: with everybody who pays, together or not at all. Dropping a hold gives
//! it back; settling it books what the attempt cost instead.

use std::cell::RefCell;
use std::sync::{Arc, MutexGuard};
use std::time::Duration;

use policy::{Budget, Funds, Last, Need, Purse};
use store::Charge;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use types::{Fault, FaultKind, Side, Usd};

use crate::bells::Bells;
use crate::caller::{Account, Owner, denied};
use crate::meters::{Meter, State};
use crate::pass::Pass;
use crate::sharing::{self, What};

/// What became of a stream whose money is gone.
pub(crate) const CUT_OFF: &str = " The answer was cut off.";

/// Money that is held.
pub(crate) struct Hold {
    places: Vec<Place>,
    amount: Usd,
}

/// Where it is held.
struct Place {
    meter: Arc<Meter>,
    budget: Budget,
    owner: Owner,
    /// First second of the window.
    start: i64,
}

/// What came of asking everybody for money.
enum Asked {
    Held(Hold),
    /// Somebody's money is held by others.
    Wait(Arc<Meter>),
    /// It may be with other replicas.
    Elsewhere(Elsewhere),
    Refused(Fault),
}

/// What is known of money that other replicas may have.
#[derive(Clone, Copy)]
enum Elsewhere {
    /// They were asked.
    Asked,
    /// They have nothing to spare, but what they hold may come back.
    Held,
    /// Nobody can be asked.
    Out,
}

impl Hold {
    /// Holds what `need` says, for a call that `pass` admits, with everybody who pays for its caller and those of
    /// `others` who pay for the deployment. Waits for others to settle when too little is left
    /// while they hold some, at most for `patience`.
    pub async fn take(pass: &Pass, others: &[Account], need: &Need, patience: Duration) -> Result<Self, Fault> {
        let began = Instant::now();
        let (deadline, deadline_elsewhere) = (began + patience, began + sharing::PATIENCE);
        let mut last = Last { here: patience.is_zero(), elsewhere: pass.meters.sharing().is_none() };
        let mut watched: Option<Arc<Notify>> = None;
        loop {
            // Listening before asking: nothing that is given back in between is missed.
            let mut bell = watched.clone().map(|freed| Box::pin(freed.notified_owned()));
            if let Some(bell) = &mut bell {
                bell.as_mut().enable();
            }
            let moved = pass.meters.sharing().map(|sharing| Bells::listen([sharing.moved.clone()].into_iter()));
            let result = match ask(pass, others, need, last, Manner::Take) {
                Asked::Elsewhere(elsewhere) => {
                    let until = match elsewhere {
                        Elsewhere::Asked => deadline_elsewhere,
                        Elsewhere::Held => deadline,
                        Elsewhere::Out => Instant::now(),
                    };
                    let look_again = until.min(Instant::now() + sharing::LOOK_AGAIN);
                    let rang = match moved {
                        Some(mut moved) => moved.ring(look_again).await,
                        None => false,
                    };
                    last.elsewhere = !rang && Instant::now() >= until;
                    continue;
                }
                Asked::Wait(meter) => {
                    if let Some(bell) = bell {
                        last.here = timeout_at(deadline, bell).await.is_err();
                    }
                    watched = Some(meter.freed.clone());
                    continue;
                }
                Asked::Held(hold) => Ok(hold),
                Asked::Refused(fault) => Err(fault),
            };
            // Whoever waits behind us may fit, or be refused, too.
            watched.inspect(|freed| freed.notify_one());
            return result;
        }
    }

    /// How much would be held now, without holding it and without asking other replicas.
    pub fn look(pass: &Pass, others: &[Account], need: &Need) -> Result<Usd, Fault> {
        match ask(pass, others, need, Last { here: true, elsewhere: true }, Manner::Look) {
            Asked::Held(hold) => Ok(hold.amount),
            Asked::Refused(fault) => Err(fault),
            Asked::Wait(_) | Asked::Elsewhere(_) => Ok(Usd::ZERO),
        }
    }

    /// What is held.
    pub fn amount(&self) -> Usd {
        self.amount
    }

    /// Holds more, up to `wanted` and not less than `least`. `Err` says whether it is worth waiting for others.
    pub fn grow(&mut self, wanted: Usd, least: Usd, now_ms: u64) -> Result<(), Funds> {
        // Somebody may have several budgets, and is locked once all the same.
        let payers = self.places.chunk_by(|one, other| Arc::ptr_eq(&one.meter, &other.meter));
        let mut payers: Vec<(MutexGuard<State>, &[Place])> =
            payers.map(|places| (places[0].meter.lock(), places)).collect();
        let mut funds = Funds::Grant(wanted);
        for (state, places) in &mut payers {
            for place in places.iter().filter(|place| !place.budget.only_counts()) {
                if let Some(purse) = state.purse_of(place.budget.span, place.start) {
                    funds = funds.and(purse.grow(&place.budget, wanted, least));
                }
            }
        }
        if let Funds::Missing(missing) = funds {
            let missing = missing.nanos().max(0) as u64;
            let mut worth = false;
            for (state, places) in &mut payers {
                for place in places.iter().filter(|place| !place.budget.only_counts()) {
                    let what = What::Money(place.budget.span, place.start);
                    worth |= state.want_more(&place.meter, what, missing, now_ms);
                }
            }
            return Err(if worth { Funds::Missing(Usd::ZERO) } else { Funds::TooLittle(Usd::ZERO) });
        }
        let Funds::Grant(more) = funds else { return Err(funds) };
        for (state, places) in &mut payers {
            for place in *places {
                if let Some(purse) = state.purse_of(place.budget.span, place.start) {
                    purse.held += place.part_of(more);
                }
            }
        }
        drop(payers);
        self.amount += more;
        Ok(())
    }

    /// Holds more as soon as others give some back; the fault that ends the call, if nobody does within `patience`.
    pub async fn wait_to_grow(
        hold: &RefCell<Hold>,
        pass: &Pass,
        wanted: Usd,
        least: Usd,
        patience: Duration,
    ) -> Result<(), Fault> {
        let elsewhere = Instant::now() + sharing::PATIENCE;
        let deadline = Instant::now() + patience;
        let meters: Vec<Arc<Meter>> = hold.borrow().places.iter().map(|place| place.meter.clone()).collect();
        loop {
            // Whose money is short may change; all of them ring.
            let moved = pass.meters.sharing().map(|sharing| sharing.moved.clone());
            let mut bells = Bells::listen(meters.iter().map(|meter| meter.freed.clone()).chain(moved));
            let grown = hold.borrow_mut().grow(wanted, least, pass.now_ms().max(0) as u64);
            let deadline = match grown {
                Ok(()) => return Ok(()),
                Err(Funds::Wait) => deadline,
                Err(Funds::Missing(_)) => elsewhere,
                Err(_) => break,
            };
            if !bells.ring(deadline).await {
                break;
            }
        }
        meters.iter().for_each(|meter| meter.freed.notify_one());
        Err(hold.borrow().exhausted())
    }

    /// Most that it can ever become: what nobody has spent.
    pub fn most(&self) -> Usd {
        let left = self.places.iter().filter(|place| !place.budget.only_counts()).filter_map(|place| {
            let purse = place.meter.lock().purse_of(place.budget.span, place.start).copied()?;
            Some(place.budget.limit - purse.spent())
        });
        left.min().unwrap_or(Usd::MAX)
    }

    /// The fault of a stream whose money is gone.
    pub fn exhausted(&self) -> Fault {
        let used = self.places.iter().filter(|place| !place.budget.only_counts()).filter_map(|place| {
            let purse = place.meter.lock().purse_of(place.budget.span, place.start).copied()?;
            let used = purse.spent() + purse.held;
            let left = place.budget.limit - used;
            // Our share has an end before the budget has one.
            let elsewhere = purse.share.is_some_and(|share| share - purse.used() < left) && place.is_unknown();
            Some((used, elsewhere, place))
        });
        let tightest = used.min_by_key(|(used, _, place)| place.budget.limit - *used);
        match tightest {
            Some((_, true, place)) => unknown(place, CUT_OFF),
            Some((used, false, place)) => exceeded(place, used, CUT_OFF),
            None => denied(FaultKind::Budget, "budget_exceeded", "Budget has been exceeded!"),
        }
    }

    /// The sums that the attempt counts for, beside everybody's totals.
    pub fn charges(&self) -> Vec<Charge> {
        let window = |place: &Place| {
            let mut state = place.meter.lock();
            let purse = state.purse_of(place.budget.span, place.start)?;
            let period = Purse::period(purse.span, purse.window);
            Some(Charge { subject: place.meter.subject.to_string(), period })
        };
        // What a call alone may cost is nobody's sum.
        let places = self.places.iter().filter(|place| place.owner != Owner::Call);
        places.filter_map(window).collect()
    }

    /// Whether everybody who pays knows the sums of the books in their state `tick`, or a later one.
    pub fn is_known(&self, tick: i64) -> bool {
        self.places.iter().filter(|place| place.owner != Owner::Call).all(|place| {
            let mut state = place.meter.lock();
            state.purse_of(place.budget.span, place.start).is_none_or(|purse| purse.known_at >= tick)
        })
    }

    /// The books count it now: it is neither held here nor part of our share any more.
    pub fn hand_over(self) {
        for place in &self.places {
            let mut state = place.meter.lock();
            if let Some(purse) = state.purse_of(place.budget.span, place.start).copied() {
                state.shrink(&purse, place.part_of(self.amount));
            }
        }
    }

    /// The attempt is over and cost `cost`: that is spent, and nothing is held any more.
    pub fn settle(&mut self, cost: Usd) {
        #[cfg(test)]
        crate::storm::note_settlement(self.amount);
        self.finish(cost);
    }

    fn finish(&mut self, cost: Usd) {
        for place in self.places.drain(..) {
            if let Some(purse) = place.meter.lock().purse_of(place.budget.span, place.start) {
                purse.settle(place.part_of(self.amount), cost);
            }
            place.meter.freed.notify_one();
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.finish(Usd::ZERO);
    }
}

/// How everybody is asked for money.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    /// To have it, of other replicas too.
    Take,
    /// To know.
    Look,
}

/// Asks everybody who pays, and holds the money if all agree.
fn ask(pass: &Pass, others: &[Account], need: &Need, last: Last, manner: Manner) -> Asked {
    let now_ms = pass.now_ms();
    let accounts = pass.accounts.iter().chain(others);
    let mut payers: Vec<&Account> = accounts.filter(|account| !account.terms.budgets.is_empty()).collect();
    payers.sort_by_key(|account| account.meter.number);
    let mut states: Vec<MutexGuard<State>> = payers.iter().map(|account| account.meter.lock()).collect();
    let mut places = Vec::with_capacity(payers.len());
    let (mut funds, mut speaker, mut elsewhere) = (Funds::Grant(Usd::MAX), 0, Elsewhere::Asked);
    for (payer, account) in payers.iter().enumerate() {
        for budget in &account.terms.budgets {
            let window = pass.meters.window(budget.span, now_ms);
            let (meter, owner) = (account.meter.clone(), account.owner.clone());
            let place = Place { meter, budget: *budget, owner, start: window.start };
            states[payer].purse(&pass.meters, &account.meter.subject, budget.span, window);
            if budget.only_counts() {
                places.push((payer, place));
                continue;
            }
            if manner == Manner::Take {
                states[payer].share_budget(&account.meter, budget, window.start, now_ms.max(0) as u64);
            }
            let purse = states[payer].purse(&pass.meters, &account.meter.subject, budget.span, window);
            let offer = match account.owner {
                Owner::Call => purse.offer_all(budget, need, last),
                _ => purse.offer(budget, need, last),
            };
            if let (Funds::Missing(missing), Manner::Take) = (offer, manner) {
                let (what, missing) = (What::Money(budget.span, window.start), missing.nanos().max(0) as u64);
                let asked = states[payer].want_more(&account.meter, what, missing, now_ms.max(0) as u64);
                elsewhere = match states[payer].is_held_elsewhere(&account.meter, what) {
                    true => Elsewhere::Held,
                    false if asked => Elsewhere::Asked,
                    false => Elsewhere::Out,
                };
            }
            let together = funds.and(offer);
            if together != funds {
                (funds, speaker) = (together, places.len());
            }
            places.push((payer, place));
        }
    }
    let said = places.get(speaker).map(|(_, place)| place);
    match (funds, said) {
        (Funds::Grant(amount), _) if manner == Manner::Look => Asked::Held(Hold { places: Vec::new(), amount }),
        (Funds::Grant(amount), _) => {
            for (payer, place) in &places {
                if let Some(purse) = states[*payer].purse_of(place.budget.span, place.start) {
                    purse.hold(place.part_of(amount));
                }
            }
            Asked::Held(Hold { places: places.into_iter().map(|(_, place)| place).collect(), amount })
        }
        (Funds::Wait, Some(place)) => Asked::Wait(place.meter.clone()),
        (Funds::Missing(_), Some(_)) => Asked::Elsewhere(elsewhere),
        (Funds::Spent(spent, _), Some(place)) => Asked::Refused(exceeded(place, spent, "")),
        (Funds::TooLittle(_), Some(place)) if place.may_be_elsewhere(&mut states[places[speaker].0], need) => {
            Asked::Refused(unknown(place, ""))
        }
        (Funds::TooLittle(left), Some(place)) => {
            let note = " What is left does not pay for this request.";
            Asked::Refused(exceeded(place, place.budget.limit - left, note))
        }
        // Nobody pays, so nobody says no.
        (_, None) => Asked::Held(Hold { places: Vec::new(), amount: Usd::MAX }),
    }
}

impl Place {
    /// What of an amount is held here.
    fn part_of(&self, amount: Usd) -> Usd {
        if self.budget.only_counts() { Usd::ZERO } else { amount }
    }

    /// Whether nobody can tell how much of the budget is left: not while the others cannot be asked.
    fn is_unknown(&self) -> bool {
        self.owner.is_callers() && self.meter.sharing.as_ref().is_some_and(|sharing| sharing.is_away())
    }

    /// Whether the money that is missing may be there, but with replicas that cannot be asked.
    fn may_be_elsewhere(&self, state: &mut State, need: &Need) -> bool {
        let purse = state.purse_of(self.budget.span, self.start).filter(|_| self.is_unknown());
        let last = Last { here: true, elsewhere: true };
        purse.is_some_and(|purse| {
            matches!(Purse { share: None, ..*purse }.offer(&self.budget, need, last), Funds::Grant(_))
        })
    }
}

impl Owner {
    /// Whether it pays for callers, not for a deployment.
    fn is_callers(&self) -> bool {
        !matches!(self, Owner::Deployment(_) | Owner::Provider(_))
    }

    /// Whose budget it is, as refusals say it.
    fn in_words(&self) -> String {
        match self {
            Owner::Key(id) => format!(" Key={id}"),
            Owner::User(id) => format!(" User={id}"),
            Owner::Customer(id) => format!(" End User={id}"),
            Owner::Team(id) => format!(" Team={id}"),
            Owner::Member(id) => format!(" TeamMember={id}"),
            Owner::Organization(id) => format!(" Organization={id}"),
            Owner::Project(id) => format!(" Project={id}"),
            Owner::Tag(id) => format!(" Tag={id}"),
            Owner::Model(id) => format!(" Model={id}"),
            _ => String::new(),
        }
    }
}

/// After how long a call may ask again whether other replicas can be asked.
const ASK_AGAIN: Duration = Duration::from_secs(2);

/// The refusal by this replica's share of a budget, when that is all it knows.
fn unknown(place: &Place, note: &str) -> Fault {
    let who = place.owner.in_words();
    let message = format!(
        "This replica's share of a budget is spent, and what other replicas hold of it is not known while Redis is \
         away.{who} Max budget: {}. Please try again.{note}",
        place.budget.limit
    );
    let fault = Fault::new(FaultKind::Unavailable, Side::Gateway, message);
    Fault { retry_after: Some(ASK_AGAIN), label: Some("budget_unknown"), ..fault }
}

/// The refusal by a budget, in the incumbent's words.
fn exceeded(place: &Place, spent: Usd, note: &str) -> Fault {
    let limit = place.budget.limit;
    let message = match (&place.owner, place.budget.span) {
        (Owner::Key(_), Some(span)) => {
            format!("ExceededBudget: Key over {span} budget. Spend=${spent}, Limit=${limit}")
        }
        (Owner::User(id), _) => format!("ExceededBudget: User={id} over budget. Spend={spent}, Budget={limit}"),
        (Owner::Customer(id), _) => format!("ExceededBudget: End User={id} over budget. Spend={spent}, Budget={limit}"),
        (Owner::Deployment(id) | Owner::Provider(id), _) => return crossed(id, spent, limit),
        (Owner::Call, _) => {
            format!("A call may cost at most ${limit} with all of its attempts; this one has used ${spent} of it.")
        }
        (owner, _) => {
            let who = owner.in_words();
            format!("Budget has been exceeded!{who} Current cost: {spent}, Max budget: {limit}")
        }
    };
    let kind = match place.owner {
        Owner::Model(_) => FaultKind::ModelBudget,
        _ => FaultKind::Budget,
    };
    denied(kind, "budget_exceeded", format!("{message}{note}"))
}

/// Code of the refusal by a deployment's own budget.
pub(crate) const CROSSED_BUDGET: &str = "crossed_budget";

/// The refusal by the budget of a deployment or a provider: another one may still have money.
fn crossed(whose: &str, spent: Usd, limit: Usd) -> Fault {
    let message = format!("Exceeded budget for {whose}: {spent} of {limit} is spent or held");
    let code = Some(CROSSED_BUDGET.to_owned());
    Fault { status: Some(429), code, ..Fault::provider(FaultKind::Payment, message) }
}

#[cfg(test)]
mod tests;
