//! Step 3 of the journey: a call is admitted. All limits of all who pay for it are looked at together, and taken
//! together or not at all; what was taken is given back when the pass is dropped, however the call ends.

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::MutexGuard;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use policy::grants;
use policy::limits::{Dimension, Short, Taken};
use types::{Fault, FaultKind};

use crate::ask::Ask;
use crate::attribution::Attribution;
use crate::caller::{Account, Owner, denied, no_model};
use crate::keyring::Keyring;
use crate::meters::{Meter, Meters, State};
use crate::terms::Terms;
use crate::{Caller, Gate, Setup};

/// How long a provider may take to notice that it was hung up on. Its slot is not given away before: else it would
/// work for more calls at a time than it is meant to.
const NOTICE: Duration = Duration::from_millis(100);

/// A call that was admitted.
pub(crate) struct Pass {
    pub caller: Arc<Caller>,
    pub call_id: String,
    pub attribution: Attribution,
    pub ip: Option<IpAddr>,
    pub meters: Arc<Meters>,
    /// Where the call is counted, in the order of locks.
    pub accounts: Vec<Account>,
    taken: Vec<Taken>,
    clock: Rc<dyn Fn() -> i64>,
    /// Tokens that the attempts have consumed so far.
    pub tokens: Cell<u64>,
    /// Whether an attempt was cut off, so that its provider may be at work still.
    pub cut: Cell<bool>,
}

impl Pass {
    /// Admits the call that `ask` describes.
    pub fn admit(gate: &Gate, setup: &Setup, caller: Arc<Caller>, ask: &Ask, call_id: &str) -> Result<Rc<Self>, Fault> {
        let attribution = ask.attribution(setup, &caller);
        let meters = gate.keyring.meters().clone();
        let now_ms = (gate.unix_ms)();
        let mut accounts = caller.accounts.clone();
        caller.accounts_of_model(&meters, &ask.model, &mut accounts);
        if let Some(name) = setup.group_name(&ask.model).filter(|name| *name != ask.model) {
            caller.accounts_of_model(&meters, name, &mut accounts);
        }
        accounts.extend(account_of_user_in_team(setup, &caller));
        let names = [Some(&*ask.model), setup.group_name(&ask.model)].into_iter().flatten();
        accounts.extend(names.filter_map(|name| caller.account_of_model_in_project(&meters, name)));
        accounts_of_attribution(&gate.keyring, setup, &attribution, &ask.model, now_ms, &mut accounts)?;
        accounts_of_gateway(&meters, setup, &mut accounts);
        accounts.sort_by_key(|account| account.meter.number);
        accounts.dedup_by_key(|account| account.meter.number);
        let mut pass = Pass {
            caller,
            call_id: call_id.to_owned(),
            attribution,
            ip: ask.ip,
            meters,
            accounts,
            taken: Vec::new(),
            clock: gate.unix_ms.clone(),
            tokens: Cell::new(0),
            cut: Cell::new(false),
        };
        pass.take(ask)?;
        Ok(Rc::new(pass))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// Whether anybody's money is limited.
    pub fn has_budget(&self) -> bool {
        self.accounts.iter().any(|account| !account.terms.budgets.is_empty())
    }

    fn take(&mut self, ask: &Ask) -> Result<(), Fault> {
        if self.accounts.is_empty() {
            return Ok(());
        }
        let tokens = match self.accounts.iter().any(Account::limits_tokens) {
            true => ask.input_estimate(),
            false => 0,
        };
        let now_ms = self.now_ms().max(0) as u64;
        let mut states: Vec<MutexGuard<State>> = self.accounts.iter().map(|account| account.meter.lock()).collect();
        for (account, state) in self.accounts.iter().zip(&mut states) {
            let limits = &account.terms.limits;
            state.usage.room(limits, tokens, now_ms).map_err(|short| refusal(&account.owner, &short))?;
        }
        let taken = self.accounts.iter().zip(&mut states);
        self.taken = taken.map(|(account, state)| state.usage.take(&account.terms.limits, tokens, now_ms)).collect();
        Ok(())
    }

    /// Adds what is left of the caller's limits, in the incumbent's names.
    pub fn write_limits(&self, headers: &mut HeaderMap) {
        let now_ms = self.now_ms().max(0) as u64;
        for account in &self.accounts {
            let Some(word) = account.owner.word() else { continue };
            let limits = &account.terms.limits;
            let (requests, tokens) = account.meter.lock().usage.remaining(limits, now_ms);
            let rows = [("requests", limits.rpm, requests), ("tokens", limits.tpm, tokens)];
            for (unit, limit, remaining) in rows {
                if let (Some(limit), Some(remaining)) = (limit, remaining) {
                    put(headers, &format!("x-ratelimit-{word}-limit-{unit}"), limit);
                    put(headers, &format!("x-ratelimit-{word}-remaining-{unit}"), remaining);
                }
            }
        }
    }
}

fn put(headers: &mut HeaderMap, name: &str, value: u64) {
    if let Ok(name) = HeaderName::try_from(name) {
        headers.insert(name, HeaderValue::from(value));
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        let (tokens, now_ms) = (self.tokens.get(), self.now_ms().max(0) as u64);
        let taken = self.accounts.iter().map(|account| account.meter.clone()).zip(std::mem::take(&mut self.taken));
        let taken: Vec<(Arc<Meter>, Taken)> = taken.collect();
        let give_back = move || {
            for (meter, taken) in taken {
                meter.lock().usage.give_back(taken, tokens, now_ms);
            }
        };
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) if self.cut.get() && !self.accounts.is_empty() => {
                drop(runtime.spawn(async move {
                    tokio::time::sleep(NOTICE).await;
                    give_back();
                }));
            }
            _ => give_back(),
        }
    }
}

impl Account {
    fn limits_tokens(&self) -> bool {
        self.terms.limits.tpm.is_some() || self.terms.limits.tpd.is_some()
    }
}

impl Owner {
    /// The word for it in headers.
    fn word(&self) -> Option<&'static str> {
        match self {
            Owner::Key(_) => Some("api_key"),
            Owner::User(_) => Some("user"),
            Owner::Team(_) => Some("team"),
            Owner::Member(_) => Some("team_member"),
            Owner::Organization(_) => Some("organization"),
            Owner::Customer(_) => Some("end_user"),
            Owner::Model(_) => Some("model_per_key"),
            Owner::Project(_) | Owner::Tag(_) | Owner::Gateway => None,
        }
    }
}

/// The user of a team's key: their limits hold everywhere, their budget where the operator says so.
fn account_of_user_in_team(setup: &Setup, caller: &Caller) -> Option<Account> {
    let mut account = caller.user_in_team.clone()?;
    if !setup.spending.user_budget_in_teams {
        account.terms.budgets.clear();
    }
    account.terms.limit_something().then_some(account)
}

/// The customer and the tags of a call, as far as anything is limited for them.
fn accounts_of_attribution(
    keyring: &Keyring,
    setup: &Setup,
    attribution: &Attribution,
    model: &str,
    now_ms: i64,
    accounts: &mut Vec<Account>,
) -> Result<(), Fault> {
    let (Some(registry), meters) = (keyring.registry(), keyring.meters()) else { return Ok(()) };
    if attribution.customer_id.is_none() && attribution.tags.is_empty() {
        return Ok(());
    }
    let directory = registry.read();
    let shared = |id: Option<&String>| directory.budgets.get(id?).map(|held| held.record.clone());
    if let Some(id) = &attribution.customer_id {
        let customer = directory.customers.get(id).map(|held| held.record.clone());
        if customer.as_ref().is_some_and(|customer| customer.blocked) {
            let message = format!("Authentication Error, User={id} is blocked.");
            return Err(denied(FaultKind::Authentication, "auth_error", message));
        }
        let groups = setup.access_groups_of(model);
        let refused = |models: &[String]| !grants::allows(models, model) && !grants::name_group(models, groups);
        if customer.as_ref().is_some_and(|customer| refused(&customer.models)) {
            return Err(no_model("customer", model));
        }
        let allowance = customer.map(|customer| customer.allowance.clone()).unwrap_or_default();
        let budget = shared(allowance.budget_id.as_ref().or(setup.spending.customer_budget_id.as_ref()));
        if budget.as_ref().is_some_and(|budget| refused(&budget.allowed_models)) {
            return Err(no_model("customer", model));
        }
        let mut terms = Terms::of(&allowance, budget.as_ref().map(|budget| &budget.allowance), true, now_ms);
        if terms.budgets.is_empty() {
            terms.budgets.extend(setup.spending.customer_budget);
        }
        if terms.limit_something() {
            let meter = meters.of(&format!("customer:{id}"));
            accounts.push(Account { meter, terms, owner: Owner::Customer(id.clone()) });
        }
    }
    for name in &attribution.tags {
        let Some(tag) = directory.tags.get(name) else { continue };
        let budget = shared(tag.record.allowance.budget_id.as_ref());
        let budget = budget.as_ref().map(|budget| &budget.allowance);
        let terms = Terms::of(&tag.record.allowance, budget, false, now_ms);
        if terms.limit_something() {
            accounts.push(Account { meter: meters.of(&format!("tag:{name}")), terms, owner: Owner::Tag(name.clone()) });
        }
    }
    Ok(())
}

fn accounts_of_gateway(meters: &Meters, setup: &Setup, accounts: &mut Vec<Account>) {
    let spending = &setup.spending;
    let terms = Terms { limits: spending.limits, budgets: spending.budget.into_iter().collect(), valid_until: None };
    if terms.limit_something() {
        accounts.push(Account { meter: meters.of("gateway"), terms, owner: Owner::Gateway });
    }
}

/// The refusal by a limit, in the incumbent's words.
fn refusal(owner: &Owner, short: &Short) -> Fault {
    let what = match short.dimension {
        Dimension::Requests => "requests",
        Dimension::Tokens => "tokens",
        Dimension::DayTokens => "tokens per day",
        Dimension::Parallel => "max_parallel_requests",
    };
    let (descriptor, id) = match owner {
        Owner::Key(id) => ("api_key", id.as_str()),
        Owner::User(id) => ("user", id.as_str()),
        Owner::Team(id) => ("team", id.as_str()),
        Owner::Member(id) => ("team_member", id.as_str()),
        Owner::Organization(id) => ("organization", id.as_str()),
        Owner::Customer(id) => ("end_user", id.as_str()),
        Owner::Project(id) => ("project", id.as_str()),
        Owner::Tag(id) => ("tag", id.as_str()),
        Owner::Model(id) => ("model_per_key", id.as_str()),
        Owner::Gateway => ("gateway", "all"),
    };
    let Short { limit, remaining, .. } = short;
    let never = short.wait_ms.is_none() && short.dimension != Dimension::Parallel;
    let advice = if never { " This request alone is larger than the limit." } else { "" };
    let message = format!(
        "Rate limit exceeded for {descriptor}: {id}. Limit type: {what}. Current limit: {limit}, Remaining: {remaining}.{advice}"
    );
    // A slot is free as soon as somebody's call ends: nobody knows when, but it is worth a try soon.
    let wait = short.wait_ms.or((!never).then_some(1_000)).map(Duration::from_millis);
    Fault { retry_after: wait, ..denied(FaultKind::RateLimit, "rate_limit_error", message) }
}
