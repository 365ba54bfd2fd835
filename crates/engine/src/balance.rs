//! A day of calls over four equal deployments: who chooses must be fair to all of them, however long answers take, whatever
//! fails at once, and though each of three replicas only knows its own calls.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use dialects::FRONTS;
use http::HeaderMap;
use jiff::tz::TimeZone;
use policy::{Rules, Strategy};
use tokio::time::advance;
use types::{Fault, FaultKind, Operation};

use crate::ask::Ask;
use crate::attempts::{Choice, Chosen, Field};
use crate::health::Visit;
use crate::pass::Pass;
use crate::rig::{deployment, setup};
use crate::seat::{NoSeat, Wish};
use crate::{Call, Caller, Deployment, Dice, Keyring, Meters, Setup};

const NODES: [&str; 4] = ["a", "b", "c", "d"];
const REPLICAS: usize = 3;
const DAY: Duration = Duration::from_secs(24 * 3600);
/// The time in which shares are looked at, seconds.
const WINDOW_S: u64 = 600;
/// Calls per second, of all replicas together.
const RATE: f64 = 12.0;
/// What part of the calls fails at once.
const ERRORS: f64 = 0.05;
/// What part of the others has a prompt that the provider knows already, and takes half the time.
const CACHED: f64 = 0.3;
/// Tokens of an answer, on average, and seconds for each of them, more or less by up to a quarter.
const TOKENS: f64 = 100.0;
const TOKEN_S: f64 = 0.03;
/// How far a deployment's part may be from a quarter.
const SLACK: f64 = 0.02;
const QUICKEST: Strategy = Strategy::Latency { buffer: 0.0, ttl: Duration::from_secs(3600) };

/// A replica, and the call that all of its callers make.
struct Replica {
    setup: Setup,
    pass: Rc<Pass>,
    ask: Ask,
}

impl Replica {
    fn new(strategy: Strategy) -> Self {
        let nodes = NODES.map(|id| Arc::new(deployment(id))).to_vec();
        let rules = Rules { strategy, ..Rules::default() };
        let setup = Setup { rules: Arc::new(rules), ..setup([("demo", nodes)]) };
        let caller = Arc::new(Caller::admin());
        let body = Bytes::from_static(br#"{"model":"demo","messages":[{"role":"user","content":"hello"}]}"#);
        let (front, operation, headers) = (FRONTS[0], Operation::Chat, HeaderMap::new());
        let id = "call".to_owned();
        let call = Call {
            id,
            front,
            operation,
            path_model: None,
            path_stream: None,
            headers,
            body,
            caller: caller.clone(),
            ip: None,
        };
        let ask = Ask::read(call).unwrap();
        let keyring = Keyring::new(None, Arc::new(Meters::new(TimeZone::UTC)));
        let pass = Pass::draw(&keyring, Rc::new(|| 0), &setup, caller, &ask, "call").unwrap();
        Replica { setup, pass: Rc::new(pass), ask }
    }

    /// The deployment that gets the next call, and the call there.
    fn send(&self, dice: f64) -> (usize, Visit) {
        let Replica { setup, pass, ask } = self;
        let field = Field::find(setup, pass, ask, "demo").unwrap();
        let take =
            |deployment: &Deployment, wish: Wish| deployment.health.visit(wish.rest, wish.anyway).ok_or(NoSeat::Rests);
        let choice = Choice { setup, pass, ask, last: None, closed: &[], dice };
        match field.choose(&choice, take) {
            Ok(Chosen::Seat(node, visit)) => (node, visit),
            _ => panic!("somebody is always there"),
        }
    }
}

/// A call that is under way: when it ends, whether well, and where it is.
struct Running {
    well: bool,
    /// Seconds that each token takes, and how many there are.
    pace: f64,
    tokens: u64,
    replica: usize,
    node: usize,
    visit: Visit,
}

/// The part of each deployment in every window of a day that was furthest from a quarter.
async fn furthest(strategy: Strategy, seed: u64) -> f64 {
    let replicas: Vec<Replica> = (0..REPLICAS).map(|_| Replica::new(strategy)).collect();
    let mut dice = Dice::new(seed);
    let mut ends: BinaryHeap<Reverse<(Duration, usize)>> = BinaryHeap::new();
    let mut running: Vec<Option<Running>> = Vec::new();
    let mut free: Vec<usize> = Vec::new();
    let (mut now, mut next, mut furthest) = (Duration::ZERO, Duration::ZERO, 0.0_f64);
    let (mut counts, mut window) = ([0_u64; NODES.len()], 0);
    while now < DAY {
        let ends_first = ends.peek().is_some_and(|Reverse((at, _))| *at <= next);
        let at = if ends_first { ends.peek().map_or(next, |Reverse((at, _))| *at) } else { next };
        advance(at - now).await;
        now = at;
        if ends_first {
            let Some(Reverse((_, slot))) = ends.pop() else { continue };
            let Some(call) = running[slot].take() else { continue };
            free.push(slot);
            finish(&replicas[call.replica].setup, &call);
            continue;
        }
        if now.as_secs() / WINDOW_S != window {
            let all: u64 = counts.iter().sum();
            let part = |count: u64| (count as f64 / all as f64 - 1.0 / NODES.len() as f64).abs();
            furthest = counts.into_iter().map(part).fold(furthest, f64::max);
            (counts, window) = (Default::default(), now.as_secs() / WINDOW_S);
        }
        let replica = (dice.unit() * REPLICAS as f64) as usize;
        let (node, visit) = replicas[replica].send(dice.unit());
        counts[node] += 1;
        let well = dice.unit() >= ERRORS;
        let tokens = (-TOKENS * (1.0 - dice.unit()).ln()).ceil() as u64;
        let pace = TOKEN_S * (0.75 + 0.5 * dice.unit()) * if dice.unit() < CACHED { 0.5 } else { 1.0 };
        let seconds = if well { pace * tokens as f64 } else { 0.005 };
        let slot = free.pop().unwrap_or_else(|| {
            running.push(None);
            running.len() - 1
        });
        running[slot] = Some(Running { well, pace, tokens, replica, node, visit });
        ends.push(Reverse((now + Duration::from_secs_f64(seconds), slot)));
        next = now + Duration::from_secs_f64(-(1.0 - dice.unit()).ln() / RATE);
    }
    furthest
}

fn finish(setup: &Setup, call: &Running) {
    let (group, _) = setup.find("demo").unwrap();
    let health = &group.deployments[call.node].health;
    if call.well {
        health.note_answer(10, 10, call.tokens, None);
        health.note_pace(false, call.pace);
        call.visit.succeeded();
    } else {
        call.visit.failed(&Fault::provider(FaultKind::Upstream, "it breaks"), true);
    }
}

async fn check(strategy: Strategy) {
    let furthest = furthest(strategy, 7).await;
    assert!(furthest <= SLACK, "{strategy:?}: {:.1} % away from a quarter within ten minutes", furthest * 100.0);
}

#[tokio::test(start_paused = true)]
async fn whoever_is_chosen_at_random_gets_a_fair_part() {
    check(Strategy::SimpleShuffle).await;
}

#[tokio::test(start_paused = true)]
async fn whoever_fails_at_once_is_not_the_least_busy() {
    check(Strategy::LeastBusy).await;
}

#[tokio::test(start_paused = true)]
async fn luck_with_quick_answers_draws_no_crowd() {
    check(QUICKEST).await;
}

/// How many calls each deployment got within `time`, one call a second, if each of its tokens takes so many seconds.
async fn one_by_one(replica: &Replica, dice: &mut Dice, time: Duration, paces: [f64; 4]) -> [u64; 4] {
    let mut counts = [0; NODES.len()];
    for _ in 0..time.as_secs() {
        let (node, visit) = replica.send(dice.unit());
        counts[node] += 1;
        advance(Duration::from_secs(1)).await;
        finish(&replica.setup, &Running { well: true, pace: paces[node], tokens: 100, replica: 0, node, visit });
    }
    counts
}

#[tokio::test(start_paused = true)]
async fn whoever_was_slow_gets_the_calls_within_minutes_of_being_the_quickest() {
    let (replica, mut dice) = (Replica::new(QUICKEST), Dice::new(7));
    let [minutes, hour] = [10 * 60, 3600].map(Duration::from_secs);
    let [slow, ..] = one_by_one(&replica, &mut dice, hour, [0.3, 0.03, 0.03, 0.03]).await;
    assert!(slow <= 3600 / 50, "{slow} of 3600 calls went to the slow one");
    one_by_one(&replica, &mut dice, minutes, [0.01, 0.03, 0.03, 0.03]).await;
    let [quick, ..] = one_by_one(&replica, &mut dice, minutes, [0.01, 0.03, 0.03, 0.03]).await;
    assert!(quick >= 580, "{quick} of 600 calls went to the quickest");
}

#[tokio::test(start_paused = true)]
async fn whoever_used_little_in_the_last_minute_is_not_overrun() {
    check(Strategy::Usage).await;
}
