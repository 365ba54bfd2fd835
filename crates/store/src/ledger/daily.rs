//! Daily roll-ups: what every day, user, team, organization, customer and tag, and the gateway as a whole, has spent
//! and asked, by key, model and kind of call. Reports read them alone.

use std::collections::{BTreeMap, BTreeSet};

use foldhash::{HashMap, HashMapExt};
use types::{Usd, day};

use super::{added, rollup};
use crate::clock::now;
use crate::db::{Tx, Value, insert, values};
use crate::{Entry, Result, Status};

/// What a roll-up is of.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Key<'a> {
    kind: &'static str,
    id: &'a str,
    day: i64,
    key: &'a str,
    model_group: &'a str,
    model: &'a str,
    provider: &'a str,
    call_type: &'a str,
}

/// Names of the sums, in the order of [`sums`].
pub(crate) const DAILY_SUMS: [&str; 17] = [
    "spend_nanousd",
    "unpriced",
    "requests",
    "successes",
    "failures",
    "cache_hits",
    "prompt_tokens",
    "completion_tokens",
    "cache_read_tokens",
    "cache_creation_tokens",
    "reasoning_tokens",
    "timed",
    "duration_ms",
    "first_tokens",
    "first_token_ms",
    "cache_savings_nanousd",
    "local_savings_nanousd",
];

/// The sums, in that order.
type AllSums = [i64; DAILY_SUMS.len()];

/// What decides for which roll-ups an entry counts.
#[derive(PartialEq, Eq, Hash)]
struct Alike<'a> {
    day: i64,
    names: [Option<&'a str>; 4],
    always: [&'a str; 5],
    tags: &'a [String],
}

impl<'a> Alike<'a> {
    fn of(entry: &'a Entry) -> Self {
        let names = [&entry.user_id, &entry.team_id, &entry.organization_id, &entry.customer_id];
        Alike {
            day: day::number(entry.started_at),
            names: names.map(Option::as_deref),
            always: [&entry.key, &entry.model_group, &entry.model, &entry.provider, &entry.call_type],
            tags: &entry.tags,
        }
    }
}

/// Adds `entries` to the roll-ups.
pub(super) async fn book(tx: &mut Tx, entries: &[&Entry]) -> Result<()> {
    // Most attempts count for the same roll-ups as many others: they are put together before those are named.
    let mut alike: HashMap<Alike, (&Entry, AllSums)> = HashMap::new();
    for entry in entries {
        add(&mut alike.entry(Alike::of(entry)).or_insert((entry, AllSums::default())).1, &sums(entry));
    }
    let mut days: BTreeMap<Key<'_>, AllSums> = BTreeMap::new();
    for (entry, sums) in alike.into_values() {
        for key in keys(entry) {
            add(days.entry(key).or_default(), &sums);
        }
    }
    let booked: BTreeSet<i64> = days.keys().map(|key| key.day).collect();
    rollup::reopen(tx, &booked, day::number(now())).await?;
    let columns = DAILY_SUMS.join(", ");
    let table = format!("lockgate_daily (kind, id, day, key_hash, model_group, model, provider, call_type, {columns})");
    let added: Vec<String> = DAILY_SUMS.iter().map(|column| added("lockgate_daily", column)).collect();
    let tail = format!(
        "ON CONFLICT (kind, id, day, key_hash, model_group, model, provider, call_type) DO UPDATE SET {}",
        added.join(", ")
    );
    insert(tx, &table, &tail, days.into_iter().map(row).collect()).await.map(drop)
}

fn add(all: &mut AllSums, more: &AllSums) {
    all.iter_mut().zip(more).for_each(|(all, one)| *all = all.saturating_add(*one));
}

fn row((key, sums): (Key<'_>, AllSums)) -> Vec<Value> {
    let day = day::text(key.day);
    let mut row = values![key.kind, key.id, day, key.key, key.model_group, key.model, key.provider, key.call_type];
    row.extend(sums.map(Value::from));
    row
}

/// The roll-ups that an entry counts for. A key's are the gateway's with its hash.
fn keys(entry: &Entry) -> Vec<Key<'_>> {
    let named = [
        ("user", &entry.user_id),
        ("team", &entry.team_id),
        ("organization", &entry.organization_id),
        ("customer", &entry.customer_id),
    ];
    let named = named.into_iter().filter_map(|(kind, id)| Some((kind, id.as_deref()?)));
    let mut tags: Vec<&str> = entry.tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    let subjects = [("gateway", "")].into_iter().chain(named).chain(tags.into_iter().map(|tag| ("tag", tag)));
    let key = |(kind, id)| Key {
        kind,
        id,
        day: day::number(entry.started_at),
        key: &entry.key,
        model_group: &entry.model_group,
        model: &entry.model,
        provider: &entry.provider,
        call_type: &entry.call_type,
    };
    subjects.map(key).collect()
}

fn sums(entry: &Entry) -> AllSums {
    let count = |count: Option<u64>| count.map_or(0, |count| i64::try_from(count).unwrap_or(i64::MAX));
    let since = |end: Option<i64>| end.map(|end| end.saturating_sub(entry.started_at).max(0));
    let (whole, first) = (since(entry.ended_at), since(entry.first_token_at));
    let usage = &entry.usage;
    let saved = entry.saved.map_or(0, Usd::nanos);
    [
        entry.cost.map_or(0, Usd::nanos),
        entry.cost.is_none().into(),
        1,
        (entry.status == Status::Success).into(),
        (entry.status == Status::Failure).into(),
        entry.cache_hit.into(),
        count(usage.input),
        count(usage.output),
        count(usage.cache_read),
        count(usage.cache_write).saturating_add(count(usage.cache_write_long)),
        count(usage.reasoning),
        whole.is_some().into(),
        whole.unwrap_or(0),
        first.is_some().into(),
        first.unwrap_or(0),
        if entry.cache_hit { saved } else { 0 },
        if entry.cache_hit { 0 } else { saved },
    ]
}
