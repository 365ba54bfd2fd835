//! Step 6 of the journey: attempts until one opens, each next one decided by `policy`.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dialects::Issuer;
use dialects::Stamp;
use policy::{Bond, Candidate, Course, Offer, Step, Strategy, pick};
use tokio::time::{Instant, sleep};
use types::{Fault, FaultKind, Operation, Side};

use crate::ask::Ask;
use crate::attempt::{Attempt, Opened};
use crate::bond::bond;
use crate::fit::{self, Narrowed};
use crate::health::Retry;
use crate::hold::CROSSED_BUDGET;
use crate::nodes::Berth;
use crate::note::Tally;
use crate::pass::Pass;
use crate::search::Search;
use crate::seat::{NoSeat, Seat, Wish};
use crate::{Deployment, Gate, Group, Keyring, Setup};

/// For so long a deployment is as quick as it was when it last answered. Later it may be asked again, if it was slow.
const LATELY: Duration = Duration::from_secs(10);

/// What came of the attempts.
pub(crate) struct Outcome {
    pub result: Result<Opened, Fault>,
    pub tally: Tally,
}

/// What decides which deployment is next.
#[derive(Clone, Copy)]
pub(crate) struct Choice<'a> {
    pub setup: &'a Setup,
    pub pass: &'a Pass,
    pub ask: &'a Ask,
    /// The one that was tried last.
    pub last: Option<usize>,
    /// Those whose nodes refused the call.
    pub closed: &'a [usize],
    /// A random number from 0 to 1.
    pub dice: f64,
}

/// The deployments of the group being tried, and which of them were tried.
pub(crate) struct Field {
    /// The group, as it is asked for.
    pub name: String,
    /// Who pays for this group.
    pub pass: Rc<Pass>,
    pub group: Arc<Group>,
    pub star: Option<String>,
    tried: Vec<bool>,
    /// What ties the call to others, if its group heeds that.
    pub bond: Option<Bond>,
    /// Who gave out what the call brings back.
    pub issuer: Option<Issuer>,
    /// The call as its deployments get it, if the whole one is too long for them.
    pub shorter: Option<Box<Ask>>,
    /// The largest context of a local engine that turned out to be too small, tokens.
    pub outgrown: u32,
}

impl Field {
    /// Those of the group with this name that fit the call, for which `pass` pays.
    pub fn find(setup: &Setup, pass: &Rc<Pass>, ask: &Ask, name: &str) -> Result<Self, Fault> {
        let (group, star) = setup.find(name).ok_or_else(|| unknown_model(name))?;
        let Narrowed { group, shorter } = fit::narrow(setup, pass, ask, name, group, star.as_deref())?;
        let tried = vec![false; group.deployments.len()];
        let bond = bond(setup.rules.affinity_of(&group.name), pass, ask);
        let (name, pass) = (name.to_owned(), pass.clone());
        let issuer = ask.issued.map(|issued| issued.by);
        Ok(Field { name, pass, group, star, tried, bond, issuer, shorter, outgrown: 0 })
    }

    /// The deployments as `policy` sees them, for a call that looks for `strategy`.
    pub fn candidates(&self, strategy: Strategy, stream: bool) -> Vec<Candidate> {
        let candidate = |(deployment, tried): (&Arc<Deployment>, &bool)| {
            let health = &deployment.health;
            let out = *tried || !health.rest_left().is_zero();
            let now = Candidate { member: deployment.member, out, busy: health.busy(), ..Candidate::default() };
            match strategy {
                Strategy::Latency { ttl, .. } => {
                    let [delay, lately] = [ttl, LATELY].map(|ttl| health.pace(stream, ttl));
                    Candidate { delay, stale: lately.is_none() && delay.is_some(), ..now }
                }
                Strategy::Usage => Candidate { used: health.used(), ..now },
                Strategy::Affinity => Candidate { luck: self.luck(deployment), ..now },
                Strategy::SimpleShuffle | Strategy::LeastBusy | Strategy::Cost => now,
            }
        };
        self.group.deployments.iter().zip(&self.tried).map(candidate).collect()
    }

    /// The luck that the call has with a deployment: it belongs to the one that gave it something out.
    fn luck(&self, deployment: &Deployment) -> f64 {
        match self.issuer.is_some_and(|issuer| issuer.deployment == deployment.issuer().deployment) {
            true => 1.0 - f64::EPSILON,
            false => self.bond.map_or(0.0, |bond| bond.luck(&deployment.id)),
        }
    }

    /// What is left to try after deployment `last`.
    pub fn offer(&self, last: Option<usize>) -> Offer<'static> {
        let left = self.group.deployments.iter().zip(&self.tried);
        let others = left.filter(|(deployment, tried)| !**tried && deployment.health.rest_left().is_zero()).count();
        Offer { others, retries: last.and_then(|index| self.group.deployments[index].retries), ..Offer::default() }
    }

    /// Leave to try deployment `last` again, if not too many calls do so.
    fn retry(&self, setup: &Setup, last: Option<usize>) -> Option<Retry> {
        self.group.deployments[last?].health.retry(&setup.rules.bounds.retries)
    }

    /// The call as its deployments get it.
    pub fn fitted<'f>(&'f self, ask: &'f Ask) -> &'f Ask {
        self.shorter.as_deref().unwrap_or(ask)
    }

    /// What the call looks for in a deployment.
    pub fn strategy(&self, setup: &Setup) -> Strategy {
        let usual = self.group.strategy.unwrap_or(setup.rules.strategy);
        if self.bond.is_some() || self.issuer.is_some() { Strategy::Affinity } else { usual }
    }

    /// How the call wants a place.
    pub fn wish<'s>(&self, setup: &'s Setup) -> Wish<'s> {
        let stand_in = !setup.rules.fallbacks_for(&self.group.name, FaultKind::Upstream).0.is_empty();
        let alternative = self.group.deployments.len() > 1 || stand_in;
        Wish { rest: &setup.rules.rest, alternative, lenient: false, anyway: false }
    }

    /// The next deployment: a fresh one, else the one that was `last` tried, else (all rest) the one that is well
    /// again soonest, unless the providers themselves asked for a rest. Those that have reached a limit that may be
    /// overrun come after all others. `take` takes a place at a deployment, or only looks whether there is one.
    pub fn choose<S>(
        &self,
        choice: &Choice,
        take: impl Fn(&Deployment, Wish) -> Result<S, NoSeat>,
    ) -> Result<Chosen<S>, Standing> {
        let Choice { setup, pass, ask, last, closed, dice } = *choice;
        let (strategy, wish) = (self.strategy(setup), self.wish(setup));
        let mut full = Vec::new();
        for lenient in [false, true] {
            let mut candidates = self.candidates(strategy, ask.stream);
            closed.iter().for_each(|index| candidates[*index].out = true);
            full.clear();
            while let Some(index) = pick(strategy, &candidates, dice) {
                if self.berth(index, ask).is_some() {
                    return Ok(Chosen::Node(index));
                }
                match take(&self.group.deployments[index], Wish { lenient, ..wish }) {
                    Ok(seat) => return Ok(Chosen::Seat(index, seat)),
                    Err(NoSeat::Rests) => {}
                    Err(why) => full.push(why),
                }
                candidates[index].out = true;
            }
        }
        if !full.is_empty() {
            return Err(Standing::of(&full, pass.now_ms()));
        }
        let index = last.map_or_else(|| self.soonest(), Ok).map_err(Standing::Refused)?;
        if self.berth(index, ask).is_some() {
            return Ok(Chosen::Node(index));
        }
        let seat = take(&self.group.deployments[index], Wish { lenient: true, anyway: true, ..wish });
        seat.map(|seat| Chosen::Seat(index, seat)).map_err(|why| Standing::of(&[why], pass.now_ms()))
    }

    /// Whether the prompt turned out not to fit the context of a local engine; each time it gets a larger one, as far as
    /// there is one.
    fn outgrows(&mut self, result: &Result<Opened, Fault>, seat: &Seat) -> bool {
        let too_long = result.as_ref().is_err_and(|fault| fault.kind == FaultKind::ContextWindow);
        let num_ctx = seat.placement().and_then(|placement| Some(placement.started()?.num_ctx));
        let outgrown = num_ctx.filter(|num_ctx| too_long && *num_ctx > self.outgrown);
        self.outgrown = outgrown.unwrap_or(self.outgrown);
        outgrown.is_some()
    }

    /// The seat at a deployment whose node has a place for the call, within the deployment's own limits.
    pub fn seat_at(&self, index: usize, setup: &Setup, pass: &Rc<Pass>, ask: &Ask) -> Result<Rc<Seat>, Standing> {
        let wish = Wish { lenient: true, anyway: true, ..self.wish(setup) };
        let seat = Seat::take(&self.group.deployments[index], pass, ask, wish);
        seat.map_err(|why| Standing::of(&[why], pass.now_ms()))
    }

    /// The node of a deployment, if it has one that decides when the call starts. A caller that brings an address, or only
    /// wants its tokens counted, has nothing to do with it.
    pub fn berth(&self, index: usize, ask: &Ask) -> Option<&Berth> {
        let deployment = &self.group.deployments[index];
        let berth = deployment.node.as_ref()?;
        // Models that a wildcard lets callers name may run in the vendor's cloud.
        let runs = |star| {
            let engine = deployment.back.local_engine();
            engine.is_some_and(|engine| engine.runs(&deployment.endpoint.host, &deployment.upstream_model(Some(star))))
        };
        let is_here = self.star.as_deref().is_none_or(runs);
        (is_here && ask.connection.is_empty() && ask.operation != Operation::CountTokens).then_some(berth)
    }

    /// Whether a deployment may be tried now.
    pub fn is_open(&self, index: usize) -> bool {
        !self.tried[index] && self.group.deployments[index].health.rest_left().is_zero()
    }

    /// The deployment that is well again soonest.
    fn soonest(&self) -> Result<usize, Fault> {
        let deployments = self.group.deployments.iter().enumerate();
        let soonest = deployments.min_by_key(|(_, deployment)| deployment.health.rest_left());
        let (index, deployment) = soonest.ok_or_else(|| no_deployment("the group has no deployment"))?;
        match deployment.health.asked_rest_left() {
            wait if wait.is_zero() => Ok(index),
            wait => Err(Fault {
                retry_after: Some(wait),
                code: Some("all_deployments_in_cooldown".to_owned()),
                ..no_deployment(
                    "No deployments available for selected model: all of them rest at their providers' request.",
                )
            }),
        }
    }
}

/// What was chosen.
pub(crate) enum Chosen<S> {
    /// A deployment, and the call's seat there.
    Seat(usize, S),
    /// A deployment on a node, which decides with its like where and when the call starts.
    Node(usize),
}

/// Why a call has no seat.
pub(crate) enum Standing {
    /// One may be free any moment, here or at another replica; the refusal if none is in time.
    Wait { elsewhere: bool, fault: Fault },
    /// There will be none soon.
    Refused(Fault),
}

impl Standing {
    /// What several deployments say together.
    fn of(reasons: &[NoSeat], now_ms: i64) -> Self {
        let wait = |reason: &NoSeat| match reason {
            NoSeat::Limit(short) if reason.is_taken() => Some(short.wait_ms.unwrap_or(1_000)),
            NoSeat::Limit(short) => short.wait_ms,
            NoSeat::Rests => None,
            NoSeat::Budget(until) => Some((*until)?.saturating_sub(now_ms).max(0) as u64),
        };
        let crossed = reasons.iter().all(|reason| matches!(reason, NoSeat::Budget(_)));
        let (code, why) = match crossed {
            true => (CROSSED_BUDGET, "crossed budget"),
            false => ("deployments_at_limit", "all of them have reached their limits"),
        };
        let fault = Fault {
            retry_after: reasons.iter().filter_map(wait).min().map(Duration::from_millis),
            code: Some(code.to_owned()),
            ..no_deployment(&format!("No deployments available for selected model: {why}."))
        };
        let elsewhere = reasons.iter().any(NoSeat::is_elsewhere);
        match elsewhere || reasons.iter().any(NoSeat::is_taken) {
            true => Standing::Wait { elsewhere, fault },
            false => Standing::Refused(fault),
        }
    }

    pub fn into_fault(self) -> Fault {
        match self {
            Standing::Wait { fault, .. } | Standing::Refused(fault) => fault,
        }
    }
}

pub(crate) fn no_deployment(message: &str) -> Fault {
    Fault::new(FaultKind::NoDeployment, Side::Provider, message)
}

/// Tries until an answer opens or nothing is left that makes sense.
/// `before` are attempts that the call had made already.
pub(crate) async fn run(gate: &Gate, setup: &Setup, pass: &Rc<Pass>, ask: &Ask, stamp: &Stamp, before: u32) -> Outcome {
    let mut course = course(ask).after_attempts(before);
    // While a call tries again what has failed it, fewer others may do so.
    let mut retrying: Option<Retry> = None;
    let mut field = None;
    let mut last = None;
    let mut waited = Duration::ZERO;
    loop {
        let result = match found(&mut field, setup, pass, ask, &course.group).await {
            Ok(field) => {
                match (Search { field, gate, setup, pass: &field.pass, ask: field.fitted(ask), last }).seat().await {
                    Ok((index, seat)) => {
                        course.attempt();
                        field.tried[index] = true;
                        last = Some(index);
                        let sent = Instant::now();
                        let result = try_deployment(gate, setup, &seat, field.fitted(ask), stamp, field, index).await;
                        waited += sent.elapsed();
                        if field.outgrows(&result, &seat) {
                            // What the estimate did not foresee is put right at once, with a larger context.
                            continue;
                        }
                        result
                    }
                    Err(fault) => Err(fault),
                }
            }
            Err(fault) => Err(fault.clone()),
        };
        let fault = match result {
            Ok(opened) => return outcome(Ok(opened), &course, waited),
            Err(fault) => fault,
        };
        tracing::debug!(group = course.group, kind = ?fault.kind, status = fault.upstream_status, "attempt failed: {fault}");
        let offer =
            field.as_ref().and_then(|field| field.as_ref().ok()).map_or_else(Offer::default, |field| field.offer(last));
        let affordable = affordable(gate, setup, pass, &course, &fault);
        drop(retrying.take());
        let again = field.as_ref().and_then(|field| field.as_ref().ok()?.retry(setup, last));
        let offer = Offer { again: again.is_some(), affordable: &affordable, ..offer };
        match course.after(
            &setup.rules,
            &fault,
            offer,
            |name| may_stand_in(&gate.keyring, setup, pass, name),
            gate.roll(),
        ) {
            Step::Retry { pause } => {
                retrying = again;
                sleep(pause).await;
            }
            Step::Fallback => {
                pass.record.iter().for_each(|record| record.fell_back());
                (field, last) = (None, None);
            }
            Step::GiveUp => return outcome(Err(fault), &course, waited),
        }
    }
}

/// The course of a call, at its beginning.
pub(crate) fn course(ask: &Ask) -> Course {
    let wishes = &ask.wishes;
    let group = ask.pinned.as_deref().unwrap_or(&ask.model);
    Course::new(group, wishes.retries, !wishes.no_fallbacks, wishes.fallbacks.clone())
}

/// Whether there is a group of this name, which the caller may reach by a fallback.
pub(crate) fn may_stand_in(keyring: &Keyring, setup: &Setup, pass: &Pass, name: &str) -> bool {
    let found = setup.find(name).filter(|(group, _)| pass.caller.may_use(group, name).is_ok());
    found.is_some() && (!setup.guards_fallbacks || pass.may_reach(keyring, setup, name))
}

/// Models that stand in when a budget for one of those that were begun is spent: the key names them, and may call them.
fn affordable(gate: &Gate, setup: &Setup, pass: &Pass, course: &Course, fault: &Fault) -> Vec<String> {
    if fault.side != Side::Caller {
        return Vec::new();
    }
    let named = course.begun().iter().flat_map(|group| pass.caller.budget_fallbacks(setup, group));
    named.filter(|name| pass.may_reach(&gate.keyring, setup, name)).collect()
}

/// The group with this name, if the call is admitted to it; it is looked for once.
async fn found<'f>(
    field: &'f mut Option<Result<Field, Fault>>,
    setup: &Setup,
    pass: &Rc<Pass>,
    ask: &Ask,
    name: &str,
) -> Result<&'f mut Field, Fault> {
    if field.is_none() {
        *field = Some(match pass.for_model(setup, ask, name).await {
            Ok(pass) => Field::find(setup, &pass, ask, name),
            Err(fault) => Err(fault),
        });
    }
    let found = field.as_mut().map(|field| field.as_mut().map_err(|fault| fault.clone()));
    found.unwrap_or_else(|| Err(unknown_model(name)))
}

/// Asks the next model as long as an answer fails a check and there is somebody left; the last answer stands, whatever
/// it is like, and so does one that nobody else could better.
pub(crate) async fn escalate(
    gate: &Gate,
    setup: &Setup,
    pass: &Rc<Pass>,
    ask: &Ask,
    stamp: &Stamp,
    mut outcome: Outcome,
) -> Outcome {
    let Some(route) = &ask.route else { return outcome };
    while let Ok(opened) = &outcome.result
        && outcome.tally.attempts < setup.rules.bounds.attempts
        && let Some(model) = route.escalate(ask, opened)
    {
        let Ok(again) = ask.of_model(model) else {
            route.give_up();
            break;
        };
        let stamp = Stamp { id: gate.dice.borrow_mut().id(), model: model.to_owned(), ..stamp.clone() };
        // In a box: calls that stay with their model need no room for another one.
        let next = Box::pin(run(gate, setup, pass, &again, &stamp, outcome.tally.attempts)).await;
        let (before, after) = (outcome.tally, next.tally);
        outcome.tally = Tally {
            retries: before.retries + after.retries,
            fallbacks: before.fallbacks + after.fallbacks + 1,
            attempts: before.attempts + after.attempts,
            waited: before.waited + after.waited,
        };
        match next.result {
            Ok(opened) => outcome.result = Ok(opened),
            Err(fault) => {
                tracing::debug!(model, "escalation failed: {fault}");
                route.give_up();
                break;
            }
        }
    }
    outcome
}

fn outcome(result: Result<Opened, Fault>, course: &Course, waited: Duration) -> Outcome {
    let fallbacks = course.fallbacks_taken();
    let retries = course.total.saturating_sub(1 + fallbacks);
    Outcome { result, tally: Tally { retries, fallbacks, attempts: course.total, waited } }
}

async fn try_deployment(
    gate: &Gate,
    setup: &Setup,
    seat: &Rc<Seat>,
    ask: &Ask,
    stamp: &Stamp,
    field: &Field,
    index: usize,
) -> Result<Opened, Fault> {
    let deployment = ask.connect(setup, &field.group.deployments[index])?;
    let (group, star) = (&*field.name, field.star.as_deref());
    let attempt = Attempt { gate, setup, seat, ask, group, deployment: &deployment, star, stamp };
    let result = attempt.run().await.map_err(|fault| deployment.without_credential(fault));
    let brought = !ask.connection.is_empty();
    if let Err(fault) = &result {
        if !is_callers_doing(ask, &deployment, field, fault) {
            seat.failed(fault);
        } else if fault.kind == FaultKind::NotFound && fault.side == Side::Provider {
            // That a node does not have a model is worth knowing whoever asked for it.
            seat.tell_node(fault);
        }
    }
    result.map_err(|fault| if brought { of_callers_key(fault) } else { fault })
}

/// Whether a fault of the provider only came about by what this caller asked for: nobody else must suffer from it.
fn is_callers_doing(ask: &Ask, deployment: &Deployment, field: &Field, fault: &Fault) -> bool {
    match fault.kind {
        FaultKind::Timeout => ask.patience().is_some_and(|own| own < deployment.limits.of(ask.stream)),
        // In a wildcard group it is the caller who names the model.
        FaultKind::NotFound => field.star.is_some(),
        _ => false,
    }
}

/// A refused credential is the caller's own, if it brought one.
fn of_callers_key(fault: Fault) -> Fault {
    let message = match fault.kind {
        FaultKind::Authentication => "the provider refused the key that came with the request".to_owned(),
        FaultKind::Permission | FaultKind::Payment => fault.message.clone(),
        _ => return fault,
    };
    Fault { side: Side::Caller, message, ..fault }
}

pub(crate) fn unknown_model(model: &str) -> Fault {
    let message =
        format!("Invalid model name passed in model={model}. Call `/v1/models` to view available models for your key.");
    Fault { code: Some("model_not_found".to_owned()), ..Fault::invalid_param("model", message) }
}
