//! Money that is held for an attempt in flight: with everybody who pays, together or not at all. Dropping a hold gives
//! it back; settling it books what the attempt cost instead.

use std::cell::RefCell;
use std::future::{Future, poll_fn};
use std::rc::Rc;
use std::sync::{Arc, MutexGuard};
use std::task::Poll;
use std::time::Duration;

use policy::{Budget, Funds, Need, Purse};
use store::Charge;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};
use types::{Fault, FaultKind, Usd};

use crate::caller::{Account, Owner, denied};
use crate::meters::{Meter, State};
use crate::pass::Pass;

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
    Refused(Fault),
}

impl Hold {
    /// Holds what `need` says, for a call that `pass` admits. Waits for others to settle when too little is left
    /// while they hold some, at most for `patience`.
    pub async fn take(pass: &Rc<Pass>, need: &Need, patience: Duration) -> Result<Self, Fault> {
        let deadline = Instant::now() + patience;
        let mut last = patience.is_zero();
        let mut watched: Option<Arc<Notify>> = None;
        loop {
            // Listening before asking: nothing that is given back in between is missed.
            let mut bell = watched.clone().map(|freed| Box::pin(freed.notified_owned()));
            if let Some(bell) = &mut bell {
                bell.as_mut().enable();
            }
            let result = match ask(pass, need, last) {
                Asked::Wait(meter) => {
                    if let Some(bell) = bell {
                        last = timeout_at(deadline, bell).await.is_err();
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

    /// What is held.
    pub fn amount(&self) -> Usd {
        self.amount
    }

    /// Holds more, up to `wanted` and not less than `least`. `Err` says whether it is worth waiting for others.
    pub fn grow(&mut self, wanted: Usd, least: Usd) -> Result<(), Funds> {
        let mut states: Vec<MutexGuard<State>> = self.places.iter().map(|place| place.meter.lock()).collect();
        let mut funds = Funds::Grant(wanted);
        for (place, state) in self.places.iter().zip(&mut states) {
            if let Some(purse) = state.purse_of(place.budget.span, place.start) {
                funds = funds.and(purse.grow(&place.budget, wanted, least));
            }
        }
        let Funds::Grant(more) = funds else { return Err(funds) };
        for (place, state) in self.places.iter().zip(&mut states) {
            if let Some(purse) = state.purse_of(place.budget.span, place.start) {
                purse.held += more;
            }
        }
        self.amount += more;
        Ok(())
    }

    /// Holds more as soon as others give some back; the fault that ends the call, if nobody does within `patience`.
    pub async fn wait_to_grow(hold: &RefCell<Hold>, wanted: Usd, least: Usd, patience: Duration) -> Result<(), Fault> {
        let deadline = Instant::now() + patience;
        let meters: Vec<Arc<Meter>> = hold.borrow().places.iter().map(|place| place.meter.clone()).collect();
        loop {
            // Whose money is short may change; all of them ring.
            let mut bells: Vec<_> = meters.iter().map(|meter| Box::pin(meter.freed.notified())).collect();
            bells.iter_mut().for_each(|bell| _ = bell.as_mut().enable());
            match hold.borrow_mut().grow(wanted, least) {
                Ok(()) => return Ok(()),
                Err(Funds::Wait) => {}
                Err(_) => break,
            }
            let any = poll_fn(|cx| match bells.iter_mut().any(|bell| bell.as_mut().poll(cx).is_ready()) {
                true => Poll::Ready(()),
                false => Poll::Pending,
            });
            if timeout_at(deadline, any).await.is_err() {
                break;
            }
        }
        meters.iter().for_each(|meter| meter.freed.notify_one());
        Err(hold.borrow().exhausted())
    }

    /// The fault of a stream whose money is gone.
    pub fn exhausted(&self) -> Fault {
        let used = self.places.iter().filter_map(|place| {
            let purse = place.meter.lock().purse_of(place.budget.span, place.start).copied()?;
            Some((purse.spent() + purse.held, place))
        });
        let tightest = used.min_by_key(|(used, place)| place.budget.limit - *used);
        match tightest {
            Some((used, place)) => exceeded(place, used, " The answer was cut off."),
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
        self.places.iter().filter_map(window).collect()
    }

    /// The attempt is over and cost `cost`: that is spent, and nothing is held any more.
    pub fn settle(&mut self, cost: Usd) {
        self.finish(cost);
    }

    fn finish(&mut self, cost: Usd) {
        for place in self.places.drain(..) {
            if let Some(purse) = place.meter.lock().purse_of(place.budget.span, place.start) {
                purse.settle(self.amount, cost);
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

/// Asks everybody who pays, and holds the money if all agree.
fn ask(pass: &Pass, need: &Need, last: bool) -> Asked {
    let now_ms = pass.now_ms();
    let payers: Vec<&Account> = pass.accounts.iter().filter(|account| !account.terms.budgets.is_empty()).collect();
    let mut states: Vec<MutexGuard<State>> = payers.iter().map(|account| account.meter.lock()).collect();
    let mut places = Vec::with_capacity(payers.len());
    let (mut funds, mut speaker) = (Funds::Grant(Usd::MAX), 0);
    for (payer, account) in payers.iter().enumerate() {
        for budget in &account.terms.budgets {
            let window = pass.meters.window(budget.span, now_ms);
            let purse = states[payer].purse(&pass.meters, &account.meter.subject, budget.span, window);
            let together = funds.and(purse.offer(budget, need, last));
            if together != funds {
                (funds, speaker) = (together, places.len());
            }
            let (meter, owner) = (account.meter.clone(), account.owner.clone());
            places.push((payer, Place { meter, budget: *budget, owner, start: window.start }));
        }
    }
    let said = places.get(speaker).map(|(_, place)| place);
    match (funds, said) {
        (Funds::Grant(amount), _) => {
            for (payer, place) in &places {
                if let Some(purse) = states[*payer].purse_of(place.budget.span, place.start) {
                    purse.hold(amount);
                }
            }
            Asked::Held(Hold { places: places.into_iter().map(|(_, place)| place).collect(), amount })
        }
        (Funds::Wait, Some(place)) => Asked::Wait(place.meter.clone()),
        (Funds::Spent(spent, _), Some(place)) => Asked::Refused(exceeded(place, spent, "")),
        (Funds::TooLittle(left), Some(place)) => {
            let note = " What is left does not pay for this request.";
            Asked::Refused(exceeded(place, place.budget.limit - left, note))
        }
        // Nobody pays, so nobody says no.
        (_, None) => Asked::Held(Hold { places: Vec::new(), amount: Usd::MAX }),
    }
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
        (owner, _) => {
            let who = match owner {
                Owner::Key(id) => format!(" Key={id}"),
                Owner::Team(id) => format!(" Team={id}"),
                Owner::Member(id) => format!(" TeamMember={id}"),
                Owner::Organization(id) => format!(" Organization={id}"),
                Owner::Project(id) => format!(" Project={id}"),
                Owner::Tag(id) => format!(" Tag={id}"),
                Owner::Model(id) => format!(" Model={id}"),
                Owner::Gateway | Owner::User(_) | Owner::Customer(_) => String::new(),
            };
            format!("Budget has been exceeded!{who} Current cost: {spent}, Max budget: {limit}")
        }
    };
    denied(FaultKind::Budget, "budget_exceeded", format!("{message}{note}"))
}
