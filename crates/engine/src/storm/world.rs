//! What a seed decides beforehand: providers, those who pay and what they may, the calls, and what happens to the
//! gateway in between.

mod calls;
mod payers;

use std::collections::HashMap;

use policy::limits::Limits;
use policy::{Rules, Span};
use store::records::{Allowance, hash_key};
use types::Usd;

use super::chance::Chance;
use calls::calls;
pub use calls::{CallPlan, HangUp, Wish};
pub use payers::{KEYS, Payer};
use payers::{allowance, money, payers, span};

/// A storm before it breaks out.
pub struct World {
    pub seed: u64,
    /// When it begins, milliseconds since 1970.
    pub began_ms: i64,
    pub hosts: Vec<Host>,
    /// Names of groups, and their hosts.
    pub groups: Vec<(&'static str, Vec<usize>)>,
    pub rules: Rules,
    /// How long calls wait for money.
    pub patience_ms: u64,
    pub heartbeat_ms: u64,
    pub user_budget_in_teams: bool,
    pub gateway: Allowance,
    pub payers: Vec<Payer>,
    pub calls: Vec<CallPlan>,
    /// What happens when, milliseconds since the beginning; sorted.
    pub deeds: Vec<(u64, Deed)>,
    /// Whether the real spool is used.
    pub on_disk: bool,
}

/// A deployment, and the provider behind it.
#[derive(Clone)]
pub struct Host {
    pub name: String,
    /// Prices of a token, picodollars.
    pub input: u64,
    pub output: u64,
    pub temper: Temper,
    pub limits: Limits,
    pub strict: bool,
    /// Budget of the deployment.
    pub budget: Option<(Usd, Option<Span>)>,
}

/// What a provider is like.
#[derive(Clone, Copy, Debug)]
pub struct Temper {
    /// Answers of a hundred that go wrong.
    pub faults: u64,
    /// Answers of a hundred that ignore their bound.
    pub overruns: u64,
    /// Answers of a hundred whose tokens are counted wrong, or not at all.
    pub miscounts: u64,
    /// Longest pause, milliseconds.
    pub slowness: u64,
    /// Longest time until it notices that nobody listens, milliseconds: within half a second everybody does.
    pub deafness: u64,
}

/// What happens beside calls.
#[derive(Clone, Debug)]
pub enum Deed {
    Call(usize),
    /// What is settled is booked, up to so many entries; whether the database says so, and the sums are learnt.
    Book(usize, bool),
    /// The database goes away, or comes back.
    Away(bool),
    /// The configuration is read again.
    Reload,
    /// Budgets of somebody are multiplied by so many percent.
    Change(usize, u64),
    /// Somebody is blocked, or not any more.
    Block(usize),
    /// What somebody has spent is set to nothing.
    Reset(usize),
    /// The ledger does not take anything for a while, or does again.
    Refuse(bool),
    Crash(Crash),
}

/// How the gateway ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The process is killed: what was written is there.
    Killed,
    /// The power is gone: what was not on the disk may be gone too.
    Dark,
}

impl World {
    /// What `seed` decides.
    pub fn new(seed: u64) -> Self {
        let mut chance = Chance::new(seed, 1);
        let honest = chance.percent(50);
        let hosts = hosts(&mut chance, honest);
        let groups = groups(&hosts);
        let span_ms = chance.within(40, 240) * 1000;
        let payers = payers(&mut chance);
        let calls = calls(&mut chance, span_ms);
        let deeds = deeds(&mut chance, &calls, &payers, span_ms);
        let mut fallbacks = HashMap::new();
        for (from, to) in [("alpha", "beta"), ("beta", "alpha")] {
            if chance.percent(60) {
                fallbacks.insert(from.to_owned(), vec![to.to_owned()]);
            }
        }
        let rules = Rules { retries: chance.below(3) as u32, fallbacks, ..Rules::default() };
        World {
            seed,
            began_ms: 1_795_842_000_000 + chance.below(3_600_000) as i64,
            groups,
            rules,
            patience_ms: chance.pick(&[0, 300, 2_000, 5_000]),
            heartbeat_ms: chance.pick(&[1_000, 5_000]),
            user_budget_in_teams: chance.percent(50),
            gateway: if chance.percent(20) { allowance(&mut chance) } else { Allowance::default() },
            on_disk: chance.percent(10),
            hosts,
            payers,
            calls,
            deeds,
        }
    }

    /// Whom a call is counted for, but for its deployment.
    pub fn subjects(&self, call: &CallPlan) -> Vec<String> {
        let key = &KEYS[call.key];
        let hash = hash_key(key.secret);
        let member = key.team.zip(key.user);
        let named = [
            Some(format!("key:{hash}")),
            key.user.map(|id| format!("user:{id}")),
            key.team.map(|id| format!("team:{id}")),
            member.map(|(team, user)| format!("member:{team}/{user}")),
            key.organization.map(|id| format!("organization:{id}")),
            call.customer.map(|id| format!("customer:{id}")),
        ];
        let tags = call.tags.iter().map(|tag| format!("tag:{tag}"));
        let model = format!("model:key:{hash}|{}", call.model);
        named.into_iter().flatten().chain(tags).chain([model, "gateway".to_owned()]).collect()
    }
}

fn hosts(chance: &mut Chance, honest: bool) -> Vec<Host> {
    let mut host = |number: u64| {
        let price = chance.pick(&[0, 20_000, 150_000, 500_000, 3_000_000]);
        let temper = Temper {
            faults: chance.pick(&[0, 0, 20, 60]),
            overruns: if honest { 0 } else { chance.pick(&[0, 10, 100]) },
            miscounts: if honest { 0 } else { chance.pick(&[0, 20, 100]) },
            slowness: chance.pick(&[0, 20, 400, 3_000]),
            deafness: chance.pick(&[0, 200, 450]),
        };
        let limited = chance.percent(25);
        let limits = Limits {
            rpm: (limited && chance.percent(50)).then(|| chance.within(2, 20)),
            parallel: (limited && chance.percent(70)).then(|| chance.within(1, 4)),
            ..Limits::default()
        };
        Host {
            name: format!("host{number}"),
            input: price,
            output: price * chance.pick(&[1, 4]),
            temper,
            limits,
            strict: chance.percent(50),
            budget: chance.percent(15).then(|| (money(chance), span(chance))),
        }
    };
    (0..4).map(&mut host).collect()
}

fn groups(hosts: &[Host]) -> Vec<(&'static str, Vec<usize>)> {
    vec![("alpha", (0..hosts.len() - 1).collect()), ("beta", vec![hosts.len() - 1])]
}

fn deeds(chance: &mut Chance, calls: &[CallPlan], payers: &[Payer], span_ms: u64) -> Vec<(u64, Deed)> {
    let mut deeds: Vec<_> = calls.iter().enumerate().map(|(index, call)| (call.at_ms, Deed::Call(index))).collect();
    let mut now = 0;
    let pause = chance.pick(&[5_000, 20_000, 60_000]);
    while now < span_ms {
        now += chance.within(100, pause);
        let most = chance.pick(&[1, 5, 1_000]);
        deeds.push((now, Deed::Book(most, !chance.percent(10))));
    }
    if chance.percent(20) {
        let at = chance.below(span_ms);
        deeds.push((at, Deed::Away(true)));
        deeds.push((at + chance.below(60_000), Deed::Away(false)));
    }
    for _ in 0..chance.below(3) {
        deeds.push((chance.below(span_ms), Deed::Reload));
    }
    for _ in 0..chance.below(6) {
        let (at, whose) = (chance.below(span_ms), chance.below(payers.len() as u64) as usize);
        match chance.below(4) {
            0 => {
                deeds.push((at, Deed::Block(whose)));
                deeds.push((at + chance.below(10_000), Deed::Block(whose)));
            }
            1 => deeds.push((at, Deed::Reset(whose))),
            _ => deeds.push((at, Deed::Change(whose, chance.pick(&[1, 50, 150, 1_000])))),
        }
    }
    if chance.percent(10) {
        let at = chance.below(span_ms);
        deeds.push((at, Deed::Refuse(true)));
        deeds.push((at + chance.below(10_000), Deed::Refuse(false)));
    }
    let crashes = chance.pick(&[0, 0, 1, 1, 3]);
    for _ in 0..crashes {
        // Rather in the middle of something than when nothing runs.
        let at = match calls.is_empty() || chance.percent(20) {
            true => chance.below(span_ms),
            false => chance.pick(calls).at_ms + chance.magnitude(1, 6_000),
        };
        deeds.push((at, Deed::Crash(chance.pick(&[Crash::Killed, Crash::Dark]))));
    }
    deeds.sort_by_key(|(at, _)| *at);
    deeds
}
