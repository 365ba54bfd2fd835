//! Step 3 of the journey: a call is admitted. All limits of all who pay for it are looked at together, and taken
//! together or not at all; what was taken is given back when the pass is dropped, however the call ends.

use std::cell::Cell;
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use policy::limits::{Dimension, Limits, Short, Tokens};
use policy::{Budget, grants};
use tokio::time::Instant;
use types::{Fault, FaultKind};

use crate::ask::Ask;
use crate::attribution::Attribution;
use crate::bells::Bells;
use crate::caller::{Account, Owner, denied, no_model};
use crate::keyring::Keyring;
use crate::line::Waited;
use crate::meters::{Meter, Meters};
use crate::note::CALL_ID;
use crate::record::Record;
use crate::route::Route;
use crate::sharing::{self, What};
use crate::taking::{Firmness, Refused, Taking};
use crate::terms::Terms;
use crate::{Caller, Counted, Gate, Setup};

/// A call that was admitted.
pub(crate) struct Pass {
    pub caller: Arc<Caller>,
    pub call_id: String,
    /// Whether the call's id is ours, and no attempt has it yet.
    pub id_is_free: Rc<Cell<bool>>,
    pub attribution: Rc<Attribution>,
    /// The region that the customer's calls must stay in.
    pub region: Option<String>,
    pub ip: Option<IpAddr>,
    pub meters: Arc<Meters>,
    /// Where the call is counted, in the order of locks.
    pub accounts: Vec<Account>,
    /// `None` if nobody counts.
    taking: Option<Arc<Taking>>,
    /// The pass with which the call was admitted, if this one is for a model that stands in.
    first: Option<Rc<Pass>>,
    /// Which tokens count for limits.
    pub counted: Counted,
    /// How it waited for a place, if it did.
    pub waited: Rc<Cell<Option<Waited>>>,
    /// Its record for the log, if somebody keeps one.
    pub record: Option<Rc<Record>>,
    clock: Rc<dyn Fn() -> i64>,
}

impl Pass {
    /// Admits the call that `ask` describes, to the group it asks for.
    pub async fn admit(
        gate: &Gate,
        setup: &Setup,
        caller: Arc<Caller>,
        ask: &Ask,
        call_id: &str,
        record: Option<&Rc<Record>>,
    ) -> Result<Rc<Self>, Fault> {
        let mut pass = Pass::draw(&gate.keyring, gate.unix_ms.clone(), setup, caller, ask, call_id)?;
        pass.record = record.cloned();
        pass.taking = pass.take(ask, &pass.accounts, None).await?;
        Ok(Rc::new(pass))
    }

    /// The pass of that call, which has not taken anything yet: who pays for it, and what they are limited to.
    pub fn draw(
        keyring: &Keyring,
        clock: Rc<dyn Fn() -> i64>,
        setup: &Setup,
        caller: Arc<Caller>,
        ask: &Ask,
        call_id: &str,
    ) -> Result<Self, Fault> {
        let attribution = ask.attribution(setup, &caller);
        let meters = keyring.meters().clone();
        let now_ms = clock();
        let mut accounts = caller.accounts.clone();
        if let Some(route) = &ask.route {
            caller.accounts_of_model(&meters, &route.router, None, &mut accounts);
            accounts.extend(caller.account_of_model_in_project(&meters, &route.router));
        }
        accounts.extend(caller.accounts_of(setup, &meters, &ask.model));
        accounts.extend(account_of_user_in_team(setup, &caller));
        accounts_of_attribution(keyring, setup, &attribution, &ask.model, now_ms, &mut accounts)?;
        accounts_of_gateway(&meters, setup, &mut accounts);
        accounts.extend(account_of_call(setup));
        limit_key(&caller, &meters, setup, &mut accounts);
        throttle_key(&caller, &meters, setup, now_ms, &mut accounts);
        in_order(&mut accounts);
        Ok(Pass {
            caller,
            call_id: call_id.to_owned(),
            id_is_free: Rc::new(Cell::new(!ask.headers.contains_key(CALL_ID))),
            region: region_of(keyring, &attribution),
            attribution: Rc::new(attribution),
            ip: ask.ip,
            meters,
            accounts,
            taking: None,
            first: None,
            counted: setup.spending.counted,
            waited: Rc::default(),
            record: None,
            clock,
        })
    }

    /// Whether it would be admitted now, without taking anything.
    pub fn would_be_admitted(&self, ask: &Ask) -> Result<(), Fault> {
        let (tokens, now_ms) = (self.foreseen(ask, &self.accounts), self.now_ms().max(0) as u64);
        let room = Taking::room(&self.accounts, tokens, now_ms, Firmness::All);
        room.map_err(|refused| refusal(&self.accounts[refused.account].owner, &refused.short))
    }

    /// The pass for `model`, which may stand in for the one that the call was admitted to: limits of that model alone
    /// are taken beside those that the call has taken already, and its budget pays instead of the other one's.
    pub async fn for_model(self: &Rc<Self>, setup: &Setup, ask: &Ask, model: &str) -> Result<Rc<Self>, Fault> {
        let admitted = ask.route.as_deref().map_or(&*ask.model, Route::chosen);
        if model == admitted {
            return Ok(self.clone());
        }
        let [own, before] = [model, admitted].map(|model| self.caller.accounts_of(setup, &self.meters, model));
        if own.is_empty() && before.is_empty() {
            return Ok(self.clone());
        }
        let is_among = |accounts: &[Account], one: &Account| {
            accounts.iter().any(|account| account.meter.number == one.meter.number)
        };
        // What the call was admitted by, it does not take twice.
        let mut new: Vec<Account> = own.iter().filter(|account| !is_among(&before, account)).cloned().collect();
        in_order(&mut new);
        let taking = self.take(ask, &new, self.taking()).await?;
        let common = self.accounts.iter().filter(|account| !is_among(&before, account)).cloned();
        let mut accounts: Vec<Account> = common.chain(own).collect();
        in_order(&mut accounts);
        Ok(Rc::new(Pass {
            caller: self.caller.clone(),
            call_id: self.call_id.clone(),
            id_is_free: self.id_is_free.clone(),
            region: self.region.clone(),
            attribution: self.attribution.clone(),
            ip: self.ip,
            meters: self.meters.clone(),
            accounts,
            taking,
            first: Some(self.clone()),
            counted: self.counted,
            waited: self.waited.clone(),
            record: self.record.clone(),
            clock: self.clock.clone(),
        }))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// Who calls, as queues see it.
    pub fn queue_key(&self) -> Arc<str> {
        self.caller.counted_hash().into()
    }

    /// Whether whoever calls may have `model`.
    pub fn may_reach(&self, keyring: &Keyring, setup: &Setup, model: &str) -> bool {
        self.caller.may_reach(setup, model).is_ok() && customer_may_have(keyring, setup, &self.attribution, model)
    }

    /// Whether anybody's money is limited.
    pub fn has_budget(&self) -> bool {
        self.accounts.iter().any(Account::has_budget)
    }

    /// Whether somebody who pays may not spend without end.
    pub fn is_limited(&self) -> bool {
        self.accounts.iter().any(|account| account.terms.budgets.iter().any(|budget| !budget.only_counts()))
    }

    /// Whether somebody who pays has spent all that they may.
    pub fn is_broke(&self) -> bool {
        let spent = |account: &Account, budget: &Budget| {
            self.meters.spent(&account.meter.subject, budget.span, self.now_ms()) >= budget.limit
        };
        self.accounts.iter().any(|account| account.terms.budgets.iter().any(|budget| spent(account, budget)))
    }

    /// Takes what the call needs of all limits. Where this replica's share is too small, it waits for others, but not
    /// for long.
    async fn take(
        &self,
        ask: &Ask,
        accounts: &[Account],
        within: Option<Arc<Taking>>,
    ) -> Result<Option<Arc<Taking>>, Fault> {
        let mut deadline = None;
        let tokens = self.foreseen(ask, accounts);
        loop {
            let now_ms = self.now_ms().max(0) as u64;
            // Listening before asking: no share that moves in between is missed.
            let moved = self.meters.sharing().map(|sharing| Bells::listen([sharing.moved.clone()].into_iter()));
            let refused = match Taking::take(accounts, tokens, now_ms, Firmness::All, within.clone()) {
                Ok(taking) => return Ok(taking),
                Err(refused) => refused,
            };
            let moved = match moved {
                Some(mut moved) if refused.short.missing.is_some() => {
                    moved.ring(*deadline.get_or_insert_with(|| Instant::now() + sharing::PATIENCE)).await
                }
                _ => false,
            };
            if !moved {
                give_up(&accounts[refused.account], &refused, now_ms);
                return Err(refusal(&accounts[refused.account].owner, &refused.short));
            }
        }
    }

    /// Tokens that count before the call is made, if `accounts` limit any.
    pub fn foreseen(&self, ask: &Ask, accounts: &[Account]) -> Tokens {
        match accounts.iter().any(Account::limits_tokens) {
            true => self.counted.of_input(ask.input_estimate()),
            false => Tokens::default(),
        }
    }

    /// An attempt has consumed so many tokens.
    pub fn count_tokens(&self, tokens: Tokens) {
        if let Some(taking) = &self.taking {
            taking.count_tokens(tokens);
        }
        if let Some(first) = &self.first {
            first.count_tokens(tokens);
        }
    }

    /// What the call took, if anybody counts.
    pub fn taking(&self) -> Option<Arc<Taking>> {
        self.taking.clone().or_else(|| self.first.as_ref()?.taking())
    }

    /// Adds what is left of the caller's limits, in the incumbent's names.
    pub fn write_limits(&self, headers: &mut HeaderMap) {
        let now_ms = self.now_ms().max(0) as u64;
        for account in &self.accounts {
            let Some(names) = account.owner.headers() else { continue };
            let limits = &account.terms.limits;
            let (requests, tokens) = account.meter.lock().usage.remaining(limits, now_ms);
            for (names, limit, remaining) in [(&names[..2], limits.rpm, requests), (&names[2..], limits.tpm, tokens)] {
                if let (Some(limit), Some(remaining)) = (limit, remaining) {
                    headers.insert(HeaderName::from_static(names[0]), HeaderValue::from(limit));
                    headers.insert(HeaderName::from_static(names[1]), HeaderValue::from(remaining));
                }
            }
        }
    }
}

/// Sorts accounts by the order of locks; somebody counts once.
fn in_order(accounts: &mut Vec<Account>) {
    accounts.sort_by_key(|account| account.meter.number);
    accounts.dedup_by_key(|account| account.meter.number);
}

/// What no other replica gave in time it will not give to the next call either.
fn give_up(account: &Account, refused: &Refused, now_ms: u64) {
    if refused.short.missing.is_some() {
        account.meter.lock().give_up(What::Limit(refused.short.dimension), now_ms);
    }
}

/// Names of the headers with somebody's requests and tokens: the limit, and what is left of it.
type LimitHeaders = [&'static str; 4];

macro_rules! limit_headers {
    ($word:literal) => {
        [
            concat!("x-ratelimit-", $word, "-limit-requests"),
            concat!("x-ratelimit-", $word, "-remaining-requests"),
            concat!("x-ratelimit-", $word, "-limit-tokens"),
            concat!("x-ratelimit-", $word, "-remaining-tokens"),
        ]
    };
}

impl Drop for Pass {
    fn drop(&mut self) {
        if let Some(taking) = &self.taking {
            taking.end(self.now_ms());
        }
    }
}

impl Account {
    /// Whether money is limited.
    pub fn has_budget(&self) -> bool {
        !self.terms.budgets.is_empty()
    }

    /// Whether tokens are limited.
    pub fn limits_tokens(&self) -> bool {
        self.terms.limits.limits_tokens()
    }
}

impl Owner {
    /// How its limits are told.
    fn headers(&self) -> Option<&'static LimitHeaders> {
        match self {
            Owner::Key(_) => Some(&limit_headers!("api_key")),
            Owner::User(_) => Some(&limit_headers!("user")),
            Owner::Team(_) => Some(&limit_headers!("team")),
            Owner::Member(_) => Some(&limit_headers!("team_member")),
            Owner::Organization(_) => Some(&limit_headers!("organization")),
            Owner::Customer(_) => Some(&limit_headers!("end_user")),
            Owner::Model(_) => Some(&limit_headers!("model_per_key")),
            Owner::Project(_) | Owner::Tag(_) | Owner::Call | Owner::Gateway => None,
            Owner::Deployment(_) | Owner::Provider(_) => None,
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
        let allowance = customer.as_ref().map(|customer| customer.allowance.clone()).unwrap_or_default();
        let budget = shared(allowance.budget_id.as_ref().or(setup.spending.customer_budget_id.as_ref()));
        let lists =
            [customer.as_ref().map(|customer| &customer.models), budget.as_ref().map(|budget| &budget.allowed_models)];
        if !lists.into_iter().flatten().all(|models| lets_through(models, setup, model)) {
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

/// Whether a list of models lets a model through.
fn lets_through(models: &[String], setup: &Setup, model: &str) -> bool {
    grants::allows(models, model) || grants::name_group(models, setup.access_groups_of(model))
}

/// Whether a customer may have a model.
fn customer_may_have(keyring: &Keyring, setup: &Setup, attribution: &Attribution, model: &str) -> bool {
    let (Some(registry), Some(id)) = (keyring.registry(), &attribution.customer_id) else { return true };
    let directory = registry.read();
    let customer = directory.customers.get(id).map(|held| &held.record);
    let own = customer.and_then(|customer| customer.allowance.budget_id.as_ref());
    let budget = own.or(setup.spending.customer_budget_id.as_ref()).and_then(|id| directory.budgets.get(id));
    let lists = [customer.map(|customer| &customer.models), budget.map(|budget| &budget.record.allowed_models)];
    lists.into_iter().flatten().all(|models| lets_through(models, setup, model))
}

/// The region that a customer's calls must stay in.
fn region_of(keyring: &Keyring, attribution: &Attribution) -> Option<String> {
    let id = attribution.customer_id.as_ref()?;
    keyring.registry()?.read().customers.get(id)?.record.allowed_model_region.clone()
}

/// What the attempts of a call may cost together, if that is bounded.
fn account_of_call(setup: &Setup) -> Option<Account> {
    let limit = setup.rules.bounds.cost?;
    let budgets = vec![Budget { limit, span: None, lenient: false }];
    Some(Account { meter: Meter::of_call(), terms: Terms { budgets, ..Terms::default() }, owner: Owner::Call })
}

fn accounts_of_gateway(meters: &Meters, setup: &Setup, accounts: &mut Vec<Account>) {
    let spending = &setup.spending;
    let terms = Terms { limits: spending.limits, budgets: spending.budget.into_iter().collect(), ..Terms::default() };
    if terms.limit_something() {
        accounts.push(Account { meter: meters.of("gateway"), terms, owner: Owner::Gateway });
    }
}

/// Keys that say nothing may make as many calls at a time as the setup says.
fn limit_key(caller: &Caller, meters: &Meters, setup: &Setup, accounts: &mut Vec<Account>) {
    let (Some(parallel), Some(_)) = (setup.spending.key_parallel, &caller.key) else { return };
    let subject = caller.key_subject();
    match accounts.iter_mut().find(|account| *account.meter.subject == *subject) {
        Some(account) => _ = account.terms.limits.parallel.get_or_insert(parallel),
        None => {
            let limits = Limits { parallel: Some(parallel), ..Limits::default() };
            let terms = Terms { limits, ..Terms::default() };
            accounts.push(Account { meter: meters.of(&subject), terms, owner: caller.key_owner() });
        }
    }
}

impl Owner {
    /// What it is, and which one, as refusals say it.
    pub fn names(&self) -> (&'static str, &str) {
        match self {
            Owner::Key(id) => ("api_key", id),
            Owner::User(id) => ("user", id),
            Owner::Team(id) => ("team", id),
            Owner::Member(id) => ("team_member", id),
            Owner::Organization(id) => ("organization", id),
            Owner::Customer(id) => ("end_user", id),
            Owner::Project(id) => ("project", id),
            Owner::Tag(id) => ("tag", id),
            Owner::Model(id) => ("model_per_key", id),
            Owner::Call => ("call", "this"),
            Owner::Gateway => ("gateway", "all"),
            Owner::Deployment(id) => ("deployment", id),
            Owner::Provider(id) => ("provider", id),
        }
    }
}

/// A key that is to be slowed down where its own budget is spent (`throttle_on_budget_exceeded`) has a part of its
/// requests and tokens then, and is not refused for that budget. One without such limits has nothing to be slowed by.
fn throttle_key(caller: &Caller, meters: &Meters, setup: &Setup, now_ms: i64, accounts: &mut [Account]) {
    let (Some(share), true) = (setup.spending.throttle, caller.is_throttled()) else { return };
    let subject = caller.key_subject();
    let Some(account) = accounts.iter_mut().find(|account| *account.meter.subject == *subject) else { return };
    let Terms { limits, budgets, main, .. } = &mut account.terms;
    let has_limit = limits.rpm.is_some() || limits.tpm.is_some();
    let Some(budget) = budgets.iter_mut().find(|budget| has_limit && Some(**budget) == *main) else { return };
    if meters.spent(&subject, budget.span, now_ms) >= budget.limit {
        *limits = limits.throttled(share);
    }
    *budget = budget.counting();
}

/// What is limited, as refusals say it.
pub(crate) fn dimension_name(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Requests => "requests",
        Dimension::DayRequests => "requests per day",
        Dimension::Tokens => "tokens",
        Dimension::InputTokens => "input tokens",
        Dimension::OutputTokens => "output tokens",
        Dimension::DayTokens => "tokens per day",
        Dimension::Parallel => "max_parallel_requests",
    }
}

/// The refusal by a limit, in the incumbent's words.
fn refusal(owner: &Owner, short: &Short) -> Fault {
    let what = dimension_name(short.dimension);
    let (descriptor, id) = owner.names();
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
