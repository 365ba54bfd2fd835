//! Who watches the storm: it sees what callers ask and get, what providers are asked, and what is booked, and says what
//! must not be. It knows nothing of how the gateway counts: what it expects it reckons anew from what it saw.

mod bill;
mod books;
mod meters;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Mutex, MutexGuard};

use policy::limits::Limits;
use policy::{Purse, Span};
use store::records::Allowance;
use store::{Entry, Status};
use tokio::time::Instant;
use types::Usd;

use super::world::{CallPlan, Host, World};
use bill::{explained, wrong};

/// Whose money: subject, and length of the window.
type Pocket = (String, String);
/// A sum of the ledger: subject and period.
pub type SumName = (String, String);

/// A minute, and the slice by which a window may be counted longer.
const MINUTE_MS: i64 = 60_000;

/// What was seen.
pub struct Witness(Mutex<Seen>);

/// All that was seen.
pub struct Seen {
    began: Instant,
    began_ms: i64,
    tells: bool,
    digest: DefaultHasher,
    /// The first thing that must not be.
    pub failure: Option<String>,
    hosts: Vec<Host>,
    /// All purses as they were checked last.
    checked: Vec<(u64, Purse)>,
    /// Whether budgets of users hold for keys of teams too.
    bounds_users: bool,
    /// Most that a budget ever was.
    budgets: BTreeMap<Pocket, Usd>,
    limits: BTreeMap<String, Limits>,
    /// Attempts as they were opened.
    pub opened: BTreeMap<String, Entry>,
    newest_of: BTreeMap<usize, String>,
    /// Those of this process that are open.
    open: BTreeSet<String>,
    /// Attempts as they were settled, while the process lived that did.
    pub settled: BTreeMap<String, Entry>,
    /// What this process has settled, by sum.
    spent: BTreeMap<SumName, Usd>,
    /// What providers billed beyond what they were asked for, by sum.
    excess: BTreeMap<SumName, Usd>,
    pub requests: Vec<Request>,
    /// Calls whose requests providers work on, by subject.
    active: BTreeMap<String, Vec<usize>>,
    /// Calls that were admitted by this process, and when, milliseconds since 1970, by subject.
    admitted: BTreeMap<String, Vec<(i64, usize)>>,
    /// Calls whose whole answer, to its end, a caller saw.
    pub finished: Vec<usize>,
    /// Sums that were changed by hand.
    resets: BTreeSet<SumName>,
    /// How many processes there were.
    lives: u64,
    /// Whether the power was gone once.
    pub went_dark: bool,
    /// How many of what happened.
    pub counts: BTreeMap<&'static str, u64>,
}

/// A request that reached a provider.
#[derive(Default)]
pub struct Request {
    pub call: usize,
    pub host: usize,
    pub attempt: Option<String>,
    /// The bound it was given, of all answers together.
    pub bound: Option<u64>,
    pub stream: bool,
    /// What the provider said it counted.
    pub said: (Option<u64>, Option<u64>),
    /// Bytes of the answer that it wrote.
    pub written: u64,
    /// Bytes that can be under way.
    pub capacity: u64,
    /// Bytes of its longest piece.
    pub longest: u64,
    /// Whether it gave the whole answer.
    pub answered: bool,
    pub subjects: Vec<String>,
}

impl Witness {
    pub fn new(world: &World, tells: bool) -> Self {
        let mut seen = Seen {
            began: Instant::now(),
            began_ms: world.began_ms,
            tells,
            digest: DefaultHasher::new(),
            failure: None,
            hosts: world.hosts.clone(),
            checked: Vec::new(),
            bounds_users: world.user_budget_in_teams,
            budgets: BTreeMap::new(),
            limits: BTreeMap::new(),
            opened: BTreeMap::new(),
            newest_of: BTreeMap::new(),
            open: BTreeSet::new(),
            settled: BTreeMap::new(),
            spent: BTreeMap::new(),
            excess: BTreeMap::new(),
            requests: Vec::new(),
            active: BTreeMap::new(),
            admitted: BTreeMap::new(),
            finished: Vec::new(),
            resets: BTreeSet::new(),
            lives: 0,
            went_dark: false,
            counts: BTreeMap::new(),
        };
        world.payers.iter().for_each(|payer| seen.may(&payer.subject, &payer.allowance));
        seen.may("gateway", &world.gateway);
        for (number, host) in world.hosts.iter().enumerate() {
            let subject = format!("deployment:{}", host.name);
            seen.limits.insert(subject.clone(), host.limits);
            if let Some((limit, span)) = host.budget {
                seen.raise(&subject, span_name(span), limit);
            }
            let Host { input, output, temper, .. } = host;
            seen.note(&format!("host {number}: {input}/{output} pUSD, {temper:?}, {:?}", host.limits));
        }
        Witness(Mutex::new(seen))
    }

    pub fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().expect("no witness panics")
    }

    /// Something happened.
    pub fn note(&self, what: &str) {
        self.lock().note(what);
    }

    /// Something must not have happened.
    pub fn fail(&self, what: String) {
        self.lock().fail(what);
    }
}

fn span_name(span: Option<Span>) -> String {
    span.map_or("total".to_owned(), |span| span.to_string())
}

impl Seen {
    /// Milliseconds since the storm began.
    fn elapsed_ms(&self) -> u64 {
        self.began.elapsed().as_millis() as u64
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        self.began_ms + self.elapsed_ms() as i64
    }

    pub fn note(&mut self, what: &str) {
        what.hash(&mut self.digest);
        self.elapsed_ms().hash(&mut self.digest);
        if self.tells {
            eprintln!("{:>8.3} {what}", self.began.elapsed().as_secs_f64());
        }
    }

    pub fn fail(&mut self, what: String) {
        self.note(&format!("MUST NOT BE: {what}"));
        self.failure.get_or_insert(format!("at {} ms: {what}", self.began.elapsed().as_millis()));
    }

    pub fn count(&mut self, what: &'static str) {
        *self.counts.entry(what).or_default() += 1;
    }

    /// What happened, in a number.
    pub fn digest(&self) -> u64 {
        self.digest.finish()
    }

    /// From now on `subject` may this.
    pub fn may(&mut self, subject: &str, allowance: &Allowance) {
        let limits = Limits {
            rpm: allowance.rpm_limit,
            tpm: allowance.tpm_limit,
            tpd: allowance.tpd_limit,
            parallel: allowance.max_parallel_requests,
            ..Limits::default()
        };
        self.limits.insert(subject.to_owned(), limits);
        if let Some(limit) = allowance.max_budget {
            let span = allowance.budget_duration.as_deref().and_then(Span::parse);
            self.raise(subject, span_name(span), limit);
        }
        for window in &allowance.budget_limits {
            let span = Span::parse(&window.budget_duration);
            self.raise(subject, span_name(span), window.max_budget.unwrap_or_default());
        }
        for (model, budget) in &allowance.model_max_budget {
            let subject = format!("model:{subject}|{model}");
            self.raise(&subject, span_name(None), budget.budget_limit.unwrap_or_default());
        }
    }

    fn raise(&mut self, subject: &str, span: String, limit: Usd) {
        let budget = self.budgets.entry((subject.to_owned(), span)).or_default();
        *budget = limit.max(*budget);
    }

    /// Most that may be spent, if that is bounded.
    fn budget(&self, subject: &str, span: &str) -> Option<Usd> {
        // What a user spends by keys of teams counts for them, and may not be held back by their own budget.
        let is_free = subject.starts_with("user:") && span == "total" && !self.bounds_users;
        self.budgets.get(&(subject.to_owned(), span.to_owned())).copied().filter(|_| !is_free)
    }

    /// A new process: it has spent nothing, and admitted nobody.
    pub fn restarted(&mut self) {
        self.lives += 1;
        self.spent.clear();
        self.admitted.clear();
        self.open.clear();
        self.checked.clear();
    }

    // Calls.

    /// A caller saw the whole answer of a call.
    pub fn finished(&mut self, index: usize) {
        self.finished.push(index);
        let of_call = |entry: &&Entry| call_of(entry) == index && entry.status == Status::Success;
        let entries: Vec<Entry> = self.settled.values().filter(of_call).cloned().collect();
        let [entry] = &entries[..] else {
            return self
                .fail(format!("the caller saw the end of call {index}, which succeeded {} times", entries.len()));
        };
        let of_attempt = |request: &&Request| request.attempt.as_deref() == Some(&*entry.attempt_id);
        let Some(request) = self.requests.iter().rev().find(of_attempt) else { return };
        let counted = request.said.0.is_some() && request.said.1.is_some();
        if entry.estimated == counted {
            self.fail(format!("call {index} is estimated: {}, provider said {:?}", entry.estimated, request.said));
        }
    }

    /// A call was admitted.
    pub fn admitted(&mut self, index: usize, subjects: &[String]) {
        let now = self.now_ms();
        for subject in subjects {
            let calls = self.admitted.entry(subject.clone()).or_default();
            calls.push((now, index));
            let recent = calls.iter().filter(|(at, _)| now - at < MINUTE_MS).count() as u64;
            let limit = self.limits.get(subject).and_then(|limits| limits.rpm);
            if limit.is_some_and(|limit| recent > limit) {
                self.fail(format!("call {index} is request {recent} of {subject} within a minute, of {limit:?}"));
            }
        }
    }

    // Providers.

    /// A provider begins to work on a request.
    pub fn asked(&mut self, request: Request, plan: &CallPlan) -> usize {
        let (call, host) = (request.call, request.host);
        let mut subjects = request.subjects.clone();
        subjects.push(format!("deployment:{}", self.hosts[host].name));
        self.note(&format!("host {host} is asked by call {call}, bound {:?}, {plan:?}", request.bound));
        let attempt = self.newest_of.get(&call).cloned();
        // The call may be given up while its question is under way.
        let settled = attempt.as_ref().map(|attempt| self.settled.get(attempt));
        if settled.is_none_or(|settled| settled.is_some_and(|entry| entry.status == Status::Success)) {
            self.fail(format!("call {call} asks host {host} without an open attempt"));
        }
        for subject in &subjects {
            let calls = self.active.entry(subject.clone()).or_default();
            calls.push(call);
            // The provider of an attempt that was given up may notice it when the next one is under way.
            let by_call: BTreeSet<usize> = calls.iter().copied().collect();
            let active = if subject.starts_with("deployment:") { calls.len() } else { by_call.len() } as u64;
            let limit = self.limits.get(subject).and_then(|limits| limits.parallel);
            if limit.is_some_and(|limit| active > limit) {
                self.fail(format!("{active} calls of {subject} at providers at a time, of {limit:?} (call {call})"));
            }
        }
        self.requests.push(Request { attempt, subjects, ..request });
        self.requests.len() - 1
    }

    /// A provider does not work on it any more.
    pub fn left(&mut self, number: usize) {
        if self.requests[number].subjects.is_empty() {
            return;
        }
        let Request { call, host, .. } = self.requests[number];
        for subject in std::mem::take(&mut self.requests[number].subjects) {
            let calls = self.active.entry(subject).or_default();
            calls.iter().position(|one| *one == call).map(|at| calls.remove(at));
        }
        self.note(&format!("host {host} is done with call {call}"));
    }

    // The ledger.

    pub fn opened(&mut self, entry: &Entry) {
        let call = call_of(entry);
        self.note(&format!("attempt of call {call} at {} is open, {:?}", entry.deployment_id, entry.cost));
        self.newest_of.insert(call, entry.attempt_id.clone());
        self.open.insert(entry.attempt_id.clone());
        self.checked.clear();
        if self.opened.insert(entry.attempt_id.clone(), bookable(entry)).is_some() {
            self.fail(format!("attempt {} is opened twice", entry.attempt_id));
        }
    }

    /// An attempt is settled for which `held` was held.
    pub fn settled(&mut self, entry: &Entry, held: Option<Usd>) {
        let call = call_of(entry);
        let (status, cost) = (entry.status.name(), entry.cost.unwrap_or_default());
        self.note(&format!("attempt of call {call} is settled: {status}, {cost}, {:?}", entry.usage.total()));
        self.count(status);
        self.open.remove(&entry.attempt_id);
        self.checked.clear();
        if self.settled.insert(entry.attempt_id.clone(), bookable(entry)).is_some() {
            self.fail(format!("attempt {} of call {call} is settled twice", entry.attempt_id));
        }
        let Some(opened) = self.opened.get(&entry.attempt_id).cloned() else {
            return self.fail(format!("an attempt of call {call} is settled that was never open"));
        };
        for charge in &entry.charges {
            *self.spent.entry((charge.subject.clone(), charge.period.clone())).or_default() += cost;
        }
        let of_attempt = |request: &&Request| request.attempt.as_deref() == Some(&*entry.attempt_id);
        let Some(at) = self.requests.iter().rev().find(of_attempt) else {
            if entry.status == Status::Success || cost > opened.cost.unwrap_or_default() {
                self.fail(format!("call {call} is booked as {cost}, {status}, without a provider"));
            }
            return;
        };
        let host = &self.hosts[at.host];
        let wrong = (entry.status == Status::Success).then(|| wrong(host, at, entry)).flatten();
        let excess = held.map_or(Usd::ZERO, |held| (cost - held).or_zero());
        let unexplained = (excess - explained(host, at, entry, &opened)).or_zero();
        let burst = (at.burst() * u128::from(host.output)).div_ceil(1000) as i64;
        if unexplained > Usd::from_nanos(if at.stream { burst } else { 0 }) {
            let Request { bound, said, .. } = at;
            self.fail(format!("call {call} held {held:?} and cost {cost}: bound {bound:?}, said {said:?}"));
        }
        if excess > Usd::ZERO {
            self.note(&format!("call {call} cost {excess} more than was held"));
            self.count(if unexplained > Usd::ZERO { "came in a burst" } else { "billed beyond the bound" });
            for charge in &entry.charges {
                *self.excess.entry((charge.subject.clone(), charge.period.clone())).or_default() += excess;
            }
        }
        if let Some(wrong) = wrong {
            self.fail(format!("call {call}: {wrong}"));
        }
    }

    /// These sums were set to nothing by hand: they are not those of the rows any more.
    pub fn reset(&mut self, names: &[SumName]) {
        self.resets.extend(names.iter().cloned());
    }
}

/// The call that an attempt belongs to.
pub fn call_of(entry: &Entry) -> usize {
    entry.call_id.strip_prefix("call-").and_then(|number| number.parse().ok()).expect("the storm names its calls")
}

/// An entry without what goes along with it, which is in no book.
fn bookable(entry: &Entry) -> Entry {
    Entry { aside: None, ..entry.clone() }
}
