//! What would become of a call, asked without making it. The decisions are those of the journey, by the same functions;
//! here they are asked with empty hands: no place, no limit and no money is taken, and nothing is sent.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use policy::limits::{Dimension, Limits};
use policy::{Offer, Purse, Span, Step, Strategy, Worth, weigh};
use types::{Fault, Usd};

use crate::ask::Ask;
use crate::attempts::{self, Choice, Chosen, Field, Standing};
use crate::caller::Account;
use crate::fit::{self, Misfit};
use crate::forecast::Forecast;
use crate::guards;
use crate::hold::Hold;
use crate::journey::{check_stand_ins, steer};
use crate::letter::Letter;
use crate::pass::{Pass, dimension_name};
use crate::route::{Route, RuleSaid};
use crate::seat::{NoSeat, Seat, Wish};
use crate::{Call, Caller, Deployment, Excess, Keyring, Setup};

/// What the answer depends on beside the call.
pub struct Moment<'a> {
    /// The setup that the call would meet.
    pub setup: &'a Setup,
    /// Who has keys, and what everybody has used.
    pub keyring: &'a Keyring,
    /// Milliseconds since 1970.
    pub now_ms: i64,
    /// A random number from 0 to 1.
    pub dice: f64,
    /// Whether the body that a provider would get is shown with what the operator always adds.
    pub in_full: bool,
}

/// What would become of a call.
#[derive(Default)]
pub struct Explanation {
    /// The model that is asked for, by the caller's own name for it.
    pub model: String,
    /// The router that this means, and what its rules say.
    pub router: Option<(String, Vec<RuleSaid>)>,
    /// What the answer would say about the route.
    pub route: Option<String>,
    /// About how many tokens the input has.
    pub input_tokens: u64,
    /// Who pays, and what they have left.
    pub payers: Vec<Means>,
    /// The groups that would be looked at, one after another.
    pub groups: Vec<Look>,
    /// Why the call would fail, if it would.
    pub fault: Option<Fault>,
}

/// What would be seen of a group.
pub struct Look {
    /// Its name.
    pub group: String,
    /// What is looked for in a deployment.
    pub strategy: Strategy,
    /// All of its deployments.
    pub candidates: Vec<Judged>,
    /// Messages that would be left out, for the call is too long with them.
    pub left_out: usize,
    /// What the one that is chosen would get.
    pub upstream: Option<Upstream>,
    /// Why nobody there gets the call, if that is so.
    pub fault: Option<Fault>,
}

/// A deployment, and what is thought of it.
pub struct Judged {
    /// Which one.
    pub deployment: Arc<Deployment>,
    /// Whether it would be tried first.
    pub chosen: bool,
    /// Why it is out of the question, if it is.
    pub dropped: Option<Dropped>,
    /// What the strategy thinks of it, if it is among those that are compared.
    pub worth: Option<Worth>,
    /// Calls under way.
    pub busy: u32,
    /// How much longer it rests after faults.
    pub rests: Duration,
    /// What it, and its provider, may still be used.
    pub means: Vec<Means>,
    /// What the call would probably cost there.
    pub foreseen: Foreseen,
}

/// Why a deployment is out of the question.
#[derive(Clone, Debug, PartialEq)]
pub enum Dropped {
    /// It does not fit the call's tags.
    Tags,
    /// It is not where the customer's calls must stay.
    Region,
    /// The call goes on from an answer that is kept elsewhere.
    Issuer,
    /// The call is too long for it.
    Context(Excess),
    /// It rests after faults, or somebody tries already whether it is well again.
    Rests,
    /// It has reached a limit: which one, what is left of it, and after how long the call would fit, milliseconds.
    Full(&'static str, u64, Option<u64>),
    /// Its money is spent; until when, milliseconds since 1970, unless it is for ever.
    Spent(Option<i64>),
    /// Others have a lower order.
    Order,
}

/// What a call would probably consume and cost.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Foreseen {
    /// Tokens of input, as the provider will probably count them.
    pub input_tokens: u64,
    /// Most tokens of the answer, if anything bounds it.
    pub most_output_tokens: Option<u64>,
    /// The input, with the shortest answer; `None` if prices are not known.
    pub least: Option<Usd>,
    /// What calls like it cost lately.
    pub likely: Option<Usd>,
    /// What it can cost at worst, if anything bounds it.
    pub worst: Option<Usd>,
}

/// What somebody may still use.
pub struct Means {
    /// What they are: `api_key`, `team`, `deployment`.
    pub kind: &'static str,
    /// Which one, as the operator calls it.
    pub name: String,
    /// Limits by name: the limit, and what is left of it.
    pub limits: Vec<(&'static str, u64, u64)>,
    /// Budgets.
    pub budgets: Vec<Money>,
}

/// A budget at this moment.
pub struct Money {
    /// Most that may be spent.
    pub limit: Usd,
    /// In which time; ever, if there is none.
    pub span: Option<Span>,
    /// What is spent of it.
    pub spent: Usd,
    /// What is held of it for calls in flight.
    pub held: Usd,
}

/// What a deployment would get.
pub struct Upstream {
    /// The address.
    pub url: String,
    /// The headers; values of a credential are marked as sensitive.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
    /// What the translation leaves out.
    pub dropped: Vec<String>,
    /// How much money would be held for it, if anybody's is limited.
    pub hold: Option<Usd>,
}

/// What would become of `call`. A call that cannot be read is refused as it would be when it is made.
pub fn explain(moment: &Moment, call: Call) -> Result<Explanation, Fault> {
    let Moment { setup, now_ms, .. } = *moment;
    let (caller, call_id) = (call.caller.clone(), call.id.clone());
    let mut ask = Ask::read(call.forced(setup))?;
    let guarded = guards::before(setup, &caller, &mut ask);
    ask.spell(setup);
    let caller = caller.paying_for(setup, &ask.model);
    let router = setup.router(&ask.model).map(|(name, _)| name.to_owned());
    let rules = Route::verdicts(setup, &caller, &ask, now_ms.div_euclid(1000), &call_id);
    let mut explanation = Explanation {
        model: ask.model.clone(),
        router: router.map(|name| (name, rules)),
        input_tokens: ask.input_estimate(),
        ..Explanation::default()
    };
    let steered = guarded
        .and_then(|()| check_stand_ins(setup, &caller, &ask))
        .and_then(|()| steer(setup, &caller, &mut ask, None, now_ms, &call_id));
    if let Err(fault) = steered {
        explanation.fault = Some(fault);
        return Ok(explanation);
    }
    explanation.route = ask.route.as_ref().map(|route| route.told(None));
    match draw(moment, caller, &ask, &call_id) {
        Ok(pass) => {
            explanation.payers = pass.accounts.iter().map(|account| means(account, &pass)).collect();
            let refused = pass.would_be_admitted(&ask).err();
            let (groups, fault) = follow(moment, &pass, &ask);
            explanation.groups = groups;
            explanation.fault = refused.or(fault);
        }
        Err(fault) => explanation.fault = Some(fault),
    }
    Ok(explanation)
}

fn draw(moment: &Moment, caller: Arc<Caller>, ask: &Ask, call_id: &str) -> Result<Rc<Pass>, Fault> {
    let Moment { setup, keyring, now_ms, .. } = *moment;
    Pass::draw(keyring, Rc::new(move || now_ms), setup, caller, ask, call_id).map(Rc::new)
}

/// The groups that are looked at until one has a deployment for the call, or none is left that makes sense.
fn follow(moment: &Moment, pass: &Rc<Pass>, ask: &Ask) -> (Vec<Look>, Option<Fault>) {
    let (setup, mut course, mut looks) = (moment.setup, attempts::course(ask), Vec::new());
    loop {
        let fault = match look(moment, pass, ask, &course.group) {
            Ok(look) => {
                let fault = look.fault.clone();
                looks.push(look);
                fault
            }
            Err(fault) => Some(fault),
        };
        let Some(fault) = fault else { return (looks, None) };
        let known = |name: &str| attempts::may_stand_in(moment.keyring, setup, pass, name);
        match course.after(&setup.rules, &fault, Offer::default(), known, moment.dice) {
            Step::Fallback => {}
            // What helps is to wait, and nobody waits here.
            Step::Retry { .. } | Step::GiveUp => return (looks, Some(fault)),
        }
    }
}

/// What is seen of the group that `name` means; the fault if there is none.
fn look(moment: &Moment, pass: &Rc<Pass>, ask: &Ask, name: &str) -> Result<Look, Fault> {
    let setup = moment.setup;
    let (group, star) = setup.find(name).ok_or_else(|| attempts::unknown_model(name))?;
    let misfits = fit::judge(setup, pass, ask, name, &group, star.as_deref()).unwrap_or_default();
    let mut candidates: Vec<Judged> = group
        .deployments
        .iter()
        .enumerate()
        .map(|(index, deployment)| {
            let misfit = misfits.get(index).copied().flatten();
            judged(pass, ask, deployment, star.as_deref(), misfit.map(Dropped::of_misfit))
        })
        .collect();
    let mut look = Look {
        group: group.name.clone(),
        strategy: group.strategy.unwrap_or(setup.rules.strategy),
        candidates: Vec::new(),
        left_out: 0,
        upstream: None,
        fault: None,
    };
    match Field::find(setup, pass, ask, name) {
        Ok(field) => {
            look.strategy = field.strategy(setup);
            let ask = field.fitted(ask);
            look.left_out = ask.left_out;
            compare(setup, pass, ask, &field, &mut candidates);
            match choose(moment, pass, ask, &field, &mut candidates) {
                Ok(upstream) => look.upstream = upstream,
                Err(fault) => look.fault = Some(fault),
            }
        }
        Err(fault) => look.fault = Some(fault),
    }
    Ok(Look { candidates, ..look })
}

/// Asks each deployment of the field whether it has a place, and compares those that have.
fn compare(setup: &Setup, pass: &Rc<Pass>, ask: &Ask, field: &Field, all: &mut [Judged]) {
    let (strategy, wish) = (field.strategy(setup), field.wish(setup));
    let mut candidates = field.candidates(strategy, ask.stream);
    for (deployment, candidate) in field.group.deployments.iter().zip(&mut candidates) {
        let no_seat = Seat::look(deployment, pass, ask, wish).err();
        let why = no_seat.map(Dropped::of_seat).or(candidate.out.then_some(Dropped::Rests));
        candidate.out = why.is_some();
        if let Some(judged) = of(all, deployment) {
            judged.dropped = why;
        }
    }
    for (deployment, worth) in field.group.deployments.iter().zip(weigh(strategy, &candidates)) {
        if let Some(judged) = of(all, deployment) {
            judged.worth = worth;
            if worth.is_none() {
                judged.dropped.get_or_insert(Dropped::Order);
            }
        }
    }
}

/// The deployment that would be tried, and what it would get: nothing, if we count tokens in its place.
fn choose(
    moment: &Moment,
    pass: &Rc<Pass>,
    ask: &Ask,
    field: &Field,
    all: &mut [Judged],
) -> Result<Option<Upstream>, Fault> {
    let setup = moment.setup;
    let take = |deployment: &Deployment, wish: Wish| Seat::look(deployment, pass, ask, wish);
    let choice = Choice { setup, pass, ask, last: None, closed: &[], dice: moment.dice };
    let chosen = field.choose(&choice, take).map_err(Standing::into_fault)?;
    // On which of its nodes a call would start, and when, only the fleet knows that it joins.
    let (Chosen::Seat(index, ()) | Chosen::Node(index)) = chosen;
    let deployment = &field.group.deployments[index];
    if let Some(judged) = of(all, deployment) {
        judged.chosen = true;
    }
    let mut deployment = ask.connect(setup, deployment)?;
    if !moment.in_full {
        deployment = Arc::new(Deployment { defaults: Vec::new(), ..Deployment::clone(&deployment) });
    }
    let star = field.star.as_deref();
    let others = deployment.accounts(&pass.meters);
    let limited = pass.has_budget() || others.iter().any(Account::has_budget);
    let forecast = Forecast::of(ask, &deployment, &deployment.upstream_model(star), true);
    let priced = forecast.priced(setup, ask, &deployment, limited)?;
    let hold = priced.map(|(_, need)| Hold::look(pass, others, &need)).transpose()?;
    let letter = Letter { ask, deployment: &deployment, star, num_ctx: None };
    let Some(encoded) = letter.encode()? else { return Ok(None) };
    Ok(Some(Upstream {
        url: format!("{}{}", deployment.endpoint.url(), encoded.path),
        headers: letter.headers(&encoded)?,
        body: encoded.body.concat().into(),
        dropped: encoded.dropped,
        hold,
    }))
}

fn of<'j>(all: &'j mut [Judged], deployment: &Arc<Deployment>) -> Option<&'j mut Judged> {
    all.iter_mut().find(|judged| Arc::ptr_eq(&judged.deployment, deployment))
}

fn judged(
    pass: &Pass,
    ask: &Ask,
    deployment: &Arc<Deployment>,
    star: Option<&str>,
    dropped: Option<Dropped>,
) -> Judged {
    let forecast = Forecast::of(ask, deployment, &deployment.upstream_model(star), true);
    let need = forecast.need(ask, deployment);
    Judged {
        deployment: deployment.clone(),
        chosen: false,
        dropped,
        worth: None,
        busy: deployment.health.busy(),
        rests: deployment.health.rest_left(),
        means: deployment.accounts(&pass.meters).iter().map(|account| means(account, pass)).collect(),
        foreseen: Foreseen {
            input_tokens: forecast.foreseen.input.unwrap_or(0),
            most_output_tokens: forecast.bound,
            least: need.map(|need| need.input),
            likely: need.and_then(|need| need.likely),
            worst: need.and_then(|need| need.worst),
        },
    }
}

/// What an account has left.
fn means(account: &Account, pass: &Pass) -> Means {
    let now_ms = pass.now_ms();
    let (kind, name) = account.owner.names();
    let limits: &Limits = &account.terms.limits;
    let mut state = account.meter.lock();
    let mut left = |dimension: Dimension| {
        let limit = limits.of(dimension)?;
        let used = state.usage.used(dimension, now_ms.max(0) as u64);
        Some((dimension_name(dimension), limit, limit.saturating_sub(used)))
    };
    let limits = Dimension::ALL.into_iter().filter_map(&mut left).collect();
    let budgets = account.terms.budgets.iter().map(|budget| {
        let window = pass.meters.window(budget.span, now_ms);
        let purse: &mut Purse = state.purse(&pass.meters, &account.meter.subject, budget.span, window);
        Money { limit: budget.limit, span: budget.span, spent: purse.spent(), held: purse.held }
    });
    Means { kind, name: name.to_owned(), limits, budgets: budgets.collect() }
}

impl Dropped {
    fn of_misfit(misfit: Misfit) -> Self {
        match misfit {
            Misfit::Tags => Dropped::Tags,
            Misfit::Region => Dropped::Region,
            Misfit::Issuer => Dropped::Issuer,
            Misfit::Context(excess) => Dropped::Context(excess),
        }
    }

    fn of_seat(why: NoSeat) -> Self {
        match why {
            NoSeat::Limit(short) => Dropped::Full(dimension_name(short.dimension), short.remaining, short.wait_ms),
            NoSeat::Rests => Dropped::Rests,
            NoSeat::Budget(until) => Dropped::Spent(until),
        }
    }
}
