//! A call's place at a deployment, within what the deployment and its provider may be used.

use std::cell::OnceCell;
use std::rc::Rc;
use std::sync::{Arc, OnceLock};

use policy::limits::{Dimension, Limits, Short};
use policy::{Budget, RestRules};
use providers::http::Claim;
use types::{Fault, Side, Usage};

use crate::ask::Ask;
use crate::caller::{Account, Owner};
use crate::health::Visit;
use crate::hold::CROSSED_BUDGET;
use crate::meters::Meters;
use crate::nodes::Placement;
use crate::pass::Pass;
use crate::taking::{Firmness, Taking};
use crate::terms::Terms;
use crate::{Deployment, Group};

/// What a deployment, and its provider as a whole, may be used.
#[derive(Clone, Default)]
pub struct Bounds {
    /// Limits of the deployment.
    pub limits: Limits,
    /// Whether its requests and tokens never go beyond them; else they do when all others have reached theirs too.
    pub is_strict: bool,
    /// Budgets of the deployment.
    pub budgets: Vec<Budget>,
    /// Budgets of all of its provider together.
    pub provider_budgets: Vec<Budget>,
    /// Limits of each key that has none of its own for the model.
    pub key_limits: Limits,
    /// Where calls are counted, once somebody has called.
    pub accounts: Accounts,
}

/// Where the calls of a deployment are counted.
#[derive(Clone, Default)]
pub struct Accounts(OnceLock<Vec<Account>>);

impl Group {
    /// Limits of each key that has none of its own for this group.
    pub(crate) fn key_limits(&self) -> Limits {
        let all = || self.deployments.iter().map(|deployment| &deployment.bounds.key_limits);
        let (rpm, tpm) = (all().find_map(|limits| limits.rpm), all().find_map(|limits| limits.tpm));
        Limits { rpm, tpm, ..Limits::default() }
    }
}

impl Deployment {
    /// Where its calls are counted, in the order of locks.
    pub(crate) fn accounts(&self, meters: &Meters) -> &[Account] {
        let bounds = &self.bounds;
        bounds.accounts.0.get_or_init(|| {
            let own = Terms { limits: bounds.limits, budgets: bounds.budgets.clone(), ..Terms::default() };
            let shared = Terms { budgets: bounds.provider_budgets.clone(), ..Terms::default() };
            let (id, provider) = (format!("deployment:{}", self.id), format!("provider:{}", self.provider));
            let all = [
                (id, own, Owner::Deployment(self.name.clone())),
                (provider, shared, Owner::Provider(self.provider.to_owned())),
            ];
            let limited = all.into_iter().filter(|(_, terms, _)| terms.limit_something());
            let mut accounts: Vec<Account> =
                limited.map(|(subject, terms, owner)| Account { meter: meters.of(&subject), terms, owner }).collect();
            accounts.sort_by_key(|account| account.meter.number);
            accounts
        })
    }
}

/// A call's place at a deployment. Dropping it ends the call there; the place is free when its provider has noticed.
pub(crate) struct Seat {
    pass: Rc<Pass>,
    visit: Visit,
    /// Whether anybody else could take the call.
    alternative: bool,
    /// Whether the caller brought its own connection: what comes of it says nothing about ours.
    brought: bool,
    /// `None` if the deployment counts nothing.
    taking: Option<Arc<Taking>>,
    /// Its place at a node, if the deployment is on one.
    placement: OnceCell<Arc<Placement>>,
}

/// How a place is taken.
#[derive(Clone, Copy)]
pub(crate) struct Wish<'a> {
    /// When deployments rest that have no rules of their own.
    pub rest: &'a Arc<RestRules>,
    /// Whether anybody else could take the call.
    pub alternative: bool,
    /// Whether it may go beyond requests and tokens where the deployment is not strict.
    pub lenient: bool,
    /// Whether it may go where everybody should rest.
    pub anyway: bool,
}

/// Why there is no place for a call at a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoSeat {
    /// A limit is reached.
    Limit(Short),
    /// Somebody tries already whether it is well again.
    Rests,
    /// The money is spent; until when, milliseconds since 1970, unless it is for ever.
    Budget(Option<i64>),
}

impl NoSeat {
    /// Whether a place is free as soon as somebody's call ends.
    pub fn is_taken(&self) -> bool {
        matches!(self, NoSeat::Limit(Short { dimension: Dimension::Parallel, .. }))
    }

    /// Whether another replica may have a place.
    pub fn is_elsewhere(&self) -> bool {
        matches!(self, NoSeat::Limit(Short { missing: Some(_), .. }))
    }
}

impl Seat {
    /// Takes a place for a call.
    pub fn take(deployment: &Deployment, pass: &Rc<Pass>, ask: &Ask, wish: Wish) -> Result<Rc<Self>, NoSeat> {
        let Wish { rest, alternative, anyway, .. } = wish;
        let accounts = solvent(deployment, pass)?;
        let (tokens, now_ms) = (pass.foreseen(ask, accounts), pass.now_ms().max(0) as u64);
        let taking = Taking::take(accounts, tokens, now_ms, wish.firmness(deployment), pass.taking());
        let taking = taking.map_err(|refused| NoSeat::Limit(refused.short))?;
        let visit = deployment.health.visit(deployment.rest.as_ref().unwrap_or(rest), anyway).ok_or(NoSeat::Rests)?;
        let (pass, brought) = (pass.clone(), !ask.connection.is_empty());
        Ok(Rc::new(Seat { pass, visit, alternative, brought, taking, placement: OnceCell::new() }))
    }

    /// It is at a node that has a place for the call.
    pub fn place(&self, placement: Arc<Placement>) {
        // It gets one place.
        let _ = self.placement.set(placement);
    }

    /// Its place at a node, if the deployment is on one.
    pub fn placement(&self) -> Option<&Arc<Placement>> {
        self.placement.get()
    }

    /// Whether there is a place for a call, without taking it.
    pub fn look(deployment: &Deployment, pass: &Rc<Pass>, ask: &Ask, wish: Wish) -> Result<(), NoSeat> {
        let accounts = solvent(deployment, pass)?;
        let (tokens, now_ms) = (pass.foreseen(ask, accounts), pass.now_ms().max(0) as u64);
        let room = Taking::room(accounts, tokens, now_ms, wish.firmness(deployment));
        room.map_err(|refused| NoSeat::Limit(refused.short))?;
        if deployment.health.would_admit(wish.anyway) { Ok(()) } else { Err(NoSeat::Rests) }
    }

    /// The call that has it.
    pub fn pass(&self) -> &Rc<Pass> {
        &self.pass
    }

    /// A whole answer has come.
    pub fn succeeded(&self) {
        if !self.brought {
            self.visit.succeeded();
        }
    }

    /// A stream has opened: whether the deployment has done what it should shows at the end.
    pub fn opened(&self) {
        if !self.brought {
            self.visit.opened();
        }
    }

    /// More of the stream has come.
    pub fn goes_on(&self) {
        if !self.brought {
            self.visit.goes_on();
        }
    }

    /// The stream has come to its end.
    pub fn ended(&self) {
        if !self.brought {
            self.visit.ended();
        }
    }

    /// The call has failed before an answer began.
    pub fn failed(&self, fault: &Fault) {
        if self.is_to_blame(fault) {
            self.visit.failed(fault, self.alternative);
            self.tell_node(fault);
        }
    }

    /// The stream has failed after it had opened.
    pub fn broke_off(&self, fault: &Fault) {
        if self.is_to_blame(fault) {
            self.visit.broke_off(fault, self.alternative);
            self.tell_node(fault);
        }
    }

    /// Whether a fault says something about the deployment: what we refuse ourselves does not.
    fn is_to_blame(&self, fault: &Fault) -> bool {
        !self.brought && fault.side == Side::Provider && fault.code.as_deref() != Some(CROSSED_BUDGET)
    }

    /// Its node, if there is one, learns of a fault.
    pub fn tell_node(&self, fault: &Fault) {
        if let Some(placement) = self.placement() {
            placement.failed(fault);
        }
    }

    /// An attempt has consumed this.
    pub fn count(&self, usage: &Usage) {
        let tokens = self.pass.counted.of(usage);
        self.pass.count_tokens(tokens);
        if let Some(taking) = &self.taking {
            taking.count_tokens(tokens);
        }
    }

    /// What keeps the place occupied, and the caller's own slots, while a provider works for the call. A provider that
    /// is hung up on may take a moment to notice: were its slot given away before, it would work for more calls at a
    /// time than it is meant to.
    pub fn claim(&self) -> Option<Claim> {
        let taking = self.taking.clone().or_else(|| self.pass.taking());
        match self.placement() {
            Some(placement) => Some(Arc::new((taking, placement.clone()))),
            None => taking.map(|taking| taking as Claim),
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        if let Some(taking) = &self.taking {
            taking.end(self.pass.now_ms());
        }
    }
}

impl Wish<'_> {
    fn firmness(&self, deployment: &Deployment) -> Firmness {
        if self.lenient && !deployment.bounds.is_strict { Firmness::Parallel } else { Firmness::All }
    }
}

/// Where the calls of a deployment are counted, if all of its budgets have money.
fn solvent<'d>(deployment: &'d Deployment, pass: &Pass) -> Result<&'d [Account], NoSeat> {
    let (accounts, now_ms) = (deployment.accounts(&pass.meters), pass.now_ms());
    match accounts.iter().find_map(|account| spent_until(account, pass, now_ms)) {
        Some(until) => Err(NoSeat::Budget(until)),
        None => Ok(accounts),
    }
}

/// Until when an account has no money, if it has none.
fn spent_until(account: &Account, pass: &Pass, now_ms: i64) -> Option<Option<i64>> {
    account.terms.budgets.iter().find_map(|budget| {
        let spent = pass.meters.spent(&account.meter.subject, budget.span, now_ms);
        let end = budget.span.map(|_| pass.meters.window(budget.span, now_ms).end.saturating_mul(1000));
        (spent >= budget.limit).then_some(end)
    })
}
