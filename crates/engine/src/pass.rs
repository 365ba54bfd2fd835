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
use crate::meters::Meters;
use crate::note::CALL_ID;
use crate::sharing::{self, What};
use crate::taking::{Firmness, Refused, Taking};
use crate::terms::Terms;
use crate::{Caller, Counted, Gate, Group, Setup};

/// A call that was admitted.
pub(crate) struct Pass {
    pub caller: Arc<Caller>,
    pub call_id: String,
    /// Whether the call's id is ours, and no attempt has it yet.
    pub id_is_free: Cell<bool>,
    pub attribution: Attribution,
    /// The region that the customer's calls must stay in.
    pub region: Option<String>,
    pub ip: Option<IpAddr>,
    pub meters: Arc<Meters>,
    /// Where the call is counted, in the order of locks.
    pub accounts: Vec<Account>,
    /// `None` if nobody counts.
    taking: Option<Arc<Taking>>,
    /// Which tokens count for limits.
    pub counted: Counted,
    /// How it waited for a place, if it did.
    pub waited: Cell<Option<Waited>>,
    clock: Rc<dyn Fn() -> i64>,
}

impl Pass {
    /// Admits the call that `ask` describes, to the group it asks for.
    pub async fn admit(
        gate: &Gate,
        setup: &Setup,
        caller: Arc<Caller>,
        group: Option<&Group>,
        ask: &Ask,
        call_id: &str,
    ) -> Result<Rc<Self>, Fault> {
        let mut pass = Pass::draw(&gate.keyring, gate.unix_ms.clone(), setup, caller, group, ask, call_id)?;
        pass.take(ask).await?;
        Ok(Rc::new(pass))
    }

    /// The pass of that call, which has not taken anything yet: who pays for it, and what they are limited to.
    pub fn draw(
        keyring: &Keyring,
        clock: Rc<dyn Fn() -> i64>,
        setup: &Setup,
        caller: Arc<Caller>,
        group: Option<&Group>,
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
        let name = setup.group_name(&ask.model).filter(|name| *name != ask.model);
        caller.accounts_of_model(&meters, &ask.model, group.filter(|_| name.is_none()), &mut accounts);
        if let Some(name) = name {
            caller.accounts_of_model(&meters, name, group, &mut accounts);
        }
        accounts.extend(account_of_user_in_team(setup, &caller));
        let names = [Some(&*ask.model), setup.group_name(&ask.model)].into_iter().flatten();
        accounts.extend(names.filter_map(|name| caller.account_of_model_in_project(&meters, name)));
        accounts_of_attribution(keyring, setup, &attribution, &ask.model, now_ms, &mut accounts)?;
        accounts_of_gateway(&meters, setup, &mut accounts);
        limit_key(&caller, &meters, setup, &mut accounts);
        accounts.sort_by_key(|account| account.meter.number);
        accounts.dedup_by_key(|account| account.meter.number);
        Ok(Pass {
            caller,
            call_id: call_id.to_owned(),
            id_is_free: Cell::new(!ask.headers.contains_key(CALL_ID)),
            region: region_of(keyring, &attribution),
            attribution,
            ip: ask.ip,
            meters,
            accounts,
            taking: None,
            counted: setup.spending.counted,
            waited: Cell::new(None),
            clock,
        })
    }

    /// Whether it would be admitted now, without taking anything.
    pub fn would_be_admitted(&self, ask: &Ask) -> Result<(), Fault> {
        let (tokens, now_ms) = (self.foreseen(ask, &self.accounts), self.now_ms().max(0) as u64);
        let room = Taking::room(&self.accounts, tokens, now_ms, Firmness::All);
        room.map_err(|refused| refusal(&self.accounts[refused.account].owner, &refused.short))
    }

    /// Milliseconds since 1970.
    pub fn now_ms(&self) -> i64 {
        (self.clock)()
    }

    /// Who calls, as queues see it.
    pub fn queue_key(&self) -> Arc<str> {
        self.caller.counted_hash().into()
    }

    /// Whether anybody's money is limited.
    pub fn has_budget(&self) -> bool {
        self.accounts.iter().any(Account::has_budget)
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
    async fn take(&mut self, ask: &Ask) -> Result<(), Fault> {
        let mut deadline = None;
        let tokens = self.foreseen(ask, &self.accounts);
        loop {
            let now_ms = self.now_ms().max(0) as u64;
            // Listening before asking: no share that moves in between is missed.
            let moved = self.meters.sharing().map(|sharing| Bells::listen([sharing.moved.clone()].into_iter()));
            let refused = match Taking::take(&self.accounts, tokens, now_ms, Firmness::All, None) {
                Ok(taking) => {
                    self.taking = taking;
                    return Ok(());
                }
                Err(refused) => refused,
            };
            let moved = match moved {
                Some(mut moved) if refused.short.missing.is_some() => {
                    moved.ring(*deadline.get_or_insert_with(|| Instant::now() + sharing::PATIENCE)).await
                }
                _ => false,
            };
            if !moved {
                self.give_up(&refused, now_ms);
                return Err(refusal(&self.accounts[refused.account].owner, &refused.short));
            }
        }
    }

    /// What no other replica gave in time it will not give to the next call either.
    fn give_up(&self, refused: &Refused, now_ms: u64) {
        if refused.short.missing.is_some() {
            let what = What::Limit(refused.short.dimension);
            self.accounts[refused.account].meter.lock().give_up(what, now_ms);
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
    }

    /// What the call took, if anybody counts.
    pub fn taking(&self) -> Option<Arc<Taking>> {
        self.taking.clone()
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
            Owner::Project(_) | Owner::Tag(_) | Owner::Gateway | Owner::Deployment(_) | Owner::Provider(_) => None,
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

/// The region that a customer's calls must stay in.
fn region_of(keyring: &Keyring, attribution: &Attribution) -> Option<String> {
    let id = attribution.customer_id.as_ref()?;
    keyring.registry()?.read().customers.get(id)?.record.allowed_model_region.clone()
}

fn accounts_of_gateway(meters: &Meters, setup: &Setup, accounts: &mut Vec<Account>) {
    let spending = &setup.spending;
    let terms = Terms { limits: spending.limits, budgets: spending.budget.into_iter().collect(), valid_until: None };
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
            Owner::Gateway => ("gateway", "all"),
            Owner::Deployment(id) => ("deployment", id),
            Owner::Provider(id) => ("provider", id),
        }
    }
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
