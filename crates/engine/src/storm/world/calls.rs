//! Who calls when, for what, and how patiently.

use super::super::chance::Chance;
use super::payers::{CUSTOMERS, KEYS, TAGS};

/// A call as somebody will make it.
#[derive(Clone, Debug)]
pub struct CallPlan {
    pub at_ms: u64,
    pub key: usize,
    pub model: &'static str,
    pub wish: Wish,
    pub stream: bool,
    pub bound: Option<u64>,
    pub answers: u64,
    pub customer: Option<&'static str>,
    pub tags: Vec<&'static str>,
    /// Length of the question, bytes.
    pub size: u64,
    pub hang_up: HangUp,
    /// Pause after each piece that was read, milliseconds.
    pub sloth_ms: u64,
    pub timeout_ms: Option<u64>,
}

/// What a call is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// A chat, in the dialect of the providers.
    Chat,
    /// A chat in another dialect.
    Message,
    /// One with something in it that no provider takes, which is found out when there is money for it.
    Misfit,
    /// The tokens of one, which no provider counts: the gateway estimates them.
    Count,
    Embedding,
}

/// When a caller leaves.
#[derive(Clone, Copy, Debug)]
pub enum HangUp {
    Never,
    /// When it was looked after so often.
    Polls(u64),
    /// After so many milliseconds.
    After(u64),
}

/// The calls of a storm that lasts so long: they come in bursts.
pub fn calls(chance: &mut Chance, span_ms: u64) -> Vec<CallPlan> {
    let mut calls = Vec::new();
    let wanted = chance.within(10, 50) as usize;
    while calls.len() < wanted {
        // A burst: often from one key.
        let (at_ms, length) = (chance.below(span_ms), chance.pick(&[0, 50, 2_000]));
        let favourite = chance.percent(60).then(|| chance.below(KEYS.len() as u64) as usize);
        for _ in 0..chance.within(1, 14) {
            let key = favourite.unwrap_or_else(|| chance.below(KEYS.len() as u64) as usize);
            let at_ms = at_ms + chance.below(length + 1);
            calls.push(call(chance, key, at_ms));
        }
    }
    calls
}

fn call(chance: &mut Chance, key: usize, at_ms: u64) -> CallPlan {
    let wish = match chance.below(20) {
        0 => Wish::Embedding,
        1 => Wish::Count,
        2 => Wish::Misfit,
        3..7 => Wish::Message,
        _ => Wish::Chat,
    };
    let stream = matches!(wish, Wish::Chat | Wish::Message) && chance.percent(60);
    CallPlan {
        at_ms,
        key,
        model: if chance.percent(75) { "alpha" } else { "beta" },
        wish,
        stream,
        bound: match wish {
            Wish::Chat => chance.percent(50).then(|| chance.magnitude(1, 4_000)),
            Wish::Message | Wish::Misfit => Some(chance.magnitude(1, 4_000)),
            Wish::Count | Wish::Embedding => None,
        },
        answers: if wish == Wish::Chat && chance.percent(8) { chance.within(2, 3) } else { 1 },
        customer: chance.percent(30).then(|| chance.pick(&CUSTOMERS)),
        tags: TAGS.into_iter().filter(|_| chance.percent(20)).collect(),
        size: chance.magnitude(10, 4_000),
        hang_up: match chance.below(10) {
            0 => HangUp::Polls(chance.below(30)),
            1 => HangUp::After(chance.magnitude(1, 20_000)),
            _ => HangUp::Never,
        },
        sloth_ms: if chance.percent(10) { chance.below(500) } else { 0 },
        timeout_ms: chance.percent(10).then(|| chance.within(50, 5_000)),
    }
}
