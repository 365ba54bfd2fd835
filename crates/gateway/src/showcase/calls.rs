//! What the company called: more by day than by night, less at weekends, a little more each week, now and then a
//! provider that fails.

use engine::Dice;
use jiff::Timestamp;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use policy::{Purse, Span};
use store::{Charge, CostLines, Entry, EntryFault, Status, Story, Verdict};
use types::{Usage, Usd};

use super::company::{Company, DAY, Key};

/// A model: its group, its name at the provider, the provider, nanodollars per token of input and of output (unknown for
/// one of one's own), milliseconds to the first token and for each, usual tokens of input and output.
struct Model {
    group: &'static str,
    name: &'static str,
    provider: &'static str,
    deployment: &'static str,
    prices: Option<(f64, f64)>,
    first_ms: f64,
    each_ms: f64,
    tokens: (f64, f64),
}

#[rustfmt::skip]
const MODELS: [Model; 8] = [
    Model { group: "gpt-4o", name: "openai/gpt-4o", provider: "openai", deployment: "gpt-4o-us", prices: Some((2500.0, 10_000.0)), first_ms: 480.0, each_ms: 14.0, tokens: (5200.0, 620.0) },
    Model { group: "gpt-4o", name: "openai/gpt-4o", provider: "openai", deployment: "gpt-4o-eu", prices: Some((2500.0, 10_000.0)), first_ms: 620.0, each_ms: 16.0, tokens: (5200.0, 620.0) },
    Model { group: "gpt-4o-mini", name: "openai/gpt-4o-mini", provider: "openai", deployment: "gpt-4o-mini", prices: Some((150.0, 600.0)), first_ms: 310.0, each_ms: 8.0, tokens: (7400.0, 410.0) },
    Model { group: "claude-sonnet", name: "anthropic/claude-sonnet-4-5", provider: "anthropic", deployment: "claude-sonnet", prices: Some((3000.0, 15_000.0)), first_ms: 780.0, each_ms: 17.0, tokens: (18_500.0, 1150.0) },
    Model { group: "claude-haiku", name: "anthropic/claude-haiku-4-5", provider: "anthropic", deployment: "claude-haiku", prices: Some((1000.0, 5000.0)), first_ms: 360.0, each_ms: 9.0, tokens: (6100.0, 520.0) },
    Model { group: "gemini-flash", name: "gemini/gemini-2.5-flash", provider: "gemini", deployment: "gemini-flash", prices: Some((300.0, 2500.0)), first_ms: 340.0, each_ms: 6.0, tokens: (14_000.0, 700.0) },
    Model { group: "embedding", name: "openai/text-embedding-3-small", provider: "openai", deployment: "embedding", prices: Some((20.0, 0.0)), first_ms: 0.0, each_ms: 0.0, tokens: (42_000.0, 0.0) },
    Model { group: "in-house", name: "mock/demo", provider: "mock", deployment: "in-house", prices: Some((22.0, 90.0)), first_ms: 210.0, each_ms: 24.0, tokens: (2400.0, 380.0) },
];

/// Calls on an ordinary weekday.
const PER_DAY: f64 = 420.0;

/// All calls up to `now`, in the order of time.
pub fn all(company: &Company, dice: &mut Dice, now: i64, days: u32) -> Vec<Entry> {
    let mut entries = Vec::new();
    for day in 0..i64::from(days) {
        let midnight = (now / DAY - i64::from(days) + 1 + day) * DAY;
        // Two bad days of one provider.
        let troubled = matches!(day, 23 | 61);
        let count = PER_DAY * busy(midnight) * (0.6 + 0.5 * day as f64 / f64::from(days)) * (0.85 + 0.3 * dice.unit());
        for _ in 0..count as usize {
            let at = midnight + hour(dice) + (dice.unit() * 3_600_000.0) as i64;
            if let Some(key) = caller(company, dice, at).filter(|_| at < now) {
                call(company, dice, key, at, troubled, &mut entries);
            }
        }
    }
    entries.sort_by_key(|entry| entry.started_at);
    entries
}

/// How much of an ordinary day a day is.
fn busy(at: i64) -> f64 {
    let day = Timestamp::from_millisecond(at).unwrap_or_default().to_zoned_datetime(TimeZone::UTC).weekday();
    if matches!(day, Weekday::Saturday | Weekday::Sunday) { 0.35 } else { 1.0 }
}

/// An hour of the day, milliseconds: mostly between eight and eighteen.
fn hour(dice: &mut Dice) -> i64 {
    let hour = match dice.unit() < 0.78 {
        true => 8.0 + 10.0 * (dice.unit() + dice.unit()) / 2.0,
        false => 24.0 * dice.unit(),
    };
    hour as i64 * 3_600_000
}

/// Who calls: teams as much as they do, their services more than their people.
fn caller<'c>(company: &'c Company, dice: &mut Dice, at: i64) -> Option<&'c Key> {
    let weight = |key: &Key| {
        let kind = if key.user.is_none() { 4.0 } else { 1.0 };
        if key.from <= at { company.team(key.team).weight * kind } else { 0.0 }
    };
    let mut place = dice.unit() * company.keys.iter().map(weight).sum::<f64>();
    company.keys.iter().find(|key| {
        place -= weight(key);
        place < 0.0
    })
}

/// One call: its attempts, the last of which tells of it all.
fn call(company: &Company, dice: &mut Dice, key: &Key, at: i64, troubled: bool, entries: &mut Vec<Entry>) {
    let team = company.team(key.team);
    let liked = match key.user {
        Some(_) => team.models[0],
        // The first ones more often.
        None => team.models[((dice.unit() * dice.unit()) * team.models.len() as f64) as usize],
    };
    let models: Vec<&Model> = MODELS.iter().filter(|model| model.group == liked).collect();
    let model = models[dice.bits() as usize % models.len()];
    let spread = |dice: &mut Dice| (0.25 + 1.8 * dice.unit() * dice.unit() + 0.4 * dice.unit()).max(0.05);
    let input = (model.tokens.0 * spread(dice)) as u64;
    let output = (model.tokens.1 * spread(dice)) as u64;
    let fails = dice.unit() < if troubled && model.group.starts_with("gpt") { 0.35 } else { 0.012 };
    let cached = if dice.unit() < 0.55 { (input as f64 * 0.7 * dice.unit()) as u64 } else { 0 };
    let first = (model.first_ms * (0.6 + dice.unit() + 3.0 * dice.unit().powi(9))) as i64;
    let took = 40 + first + (model.each_ms * output as f64) as i64;
    let is_chat = model.tokens.1 > 0.0;
    let customer = (team.id == "support").then(|| company.customer(dice.bits() as usize).to_owned());
    let mut entry = Entry {
        attempt_id: dice.uuid(at),
        call_id: dice.uuid(at),
        status: if fails { Status::Failure } else { Status::Success },
        started_at: at,
        first_token_at: (!fails && is_chat).then_some(at + first),
        ended_at: Some(at + if fails { 900 } else { took }),
        call_type: if is_chat { "acompletion" } else { "aembedding" }.to_owned(),
        stream: is_chat && dice.unit() < 0.6,
        key: key.hash.clone(),
        key_alias: Some(key.alias.clone()),
        user_id: key.user.map(str::to_owned),
        team_id: Some(team.id.to_owned()),
        organization_id: Some(team.organization.to_owned()),
        customer_id: customer,
        tags: vec![team.tags[dice.bits() as usize % team.tags.len()].to_owned()],
        model_group: model.group.to_owned(),
        model: model.name.to_owned(),
        provider: model.provider.to_owned(),
        deployment_id: model.deployment.to_owned(),
        api_base: format!("https://{}.example.com", model.provider),
        ip: Some(format!("10.0.{}.{}", key.team, dice.bits() % 40 + 10)),
        ..Entry::default()
    };
    match fails {
        true => {
            entry.fault = Some(fault(dice));
            entry.cost = model.prices.map(|_| Usd::ZERO);
        }
        false => spend(&mut entry, model, input, cached, output),
    }
    // What is asked again and again is answered from the cache.
    if !fails && is_chat && dice.unit() < 0.06 {
        (entry.cache_hit, entry.saved, entry.cost) = (true, entry.cost, Some(Usd::ZERO));
        entry.lines = CostLines::default();
    }
    entry.charges = charges(&entry, key.user.is_some() || entry.cost.is_some());
    let mut story = Story {
        received_at: at,
        attempts: 1,
        overhead_us: 60 + dice.bits() % 180,
        guardrails: verdicts(dice),
        ..Story::default()
    };
    // What fails is tried again, mostly with better luck.
    if fails && dice.unit() < 0.5 {
        let again = at + 900 + (dice.unit() * 200.0) as i64;
        let mut second = Entry {
            attempt_id: dice.uuid(again),
            status: Status::Success,
            started_at: again,
            first_token_at: is_chat.then_some(again + first),
            ended_at: Some(again + took),
            fault: None,
            ..entry.clone()
        };
        spend(&mut second, model, input, cached, output);
        second.charges = charges(&second, key.user.is_some() || second.cost.is_some());
        story.attempts = 2;
        entries.push(std::mem::replace(&mut entry, second));
    }
    entry.story = Some(story);
    entries.push(entry);
}

/// What the guardrails of the configuration said: now and then there is an address in a call.
fn verdicts(dice: &mut Dice) -> Vec<Verdict> {
    let masked = dice.unit() < 0.004;
    let mut verdict = |name: &str, verdict: &str, found: &[(&str, u32)]| Verdict {
        name: name.to_owned(),
        mode: "pre_call".to_owned(),
        verdict: verdict.to_owned(),
        found: found.iter().map(|(class, count)| ((*class).to_owned(), *count)).collect(),
        took_us: 20 + dice.bits() % 60,
    };
    let of_people = match masked {
        true => verdict("personal-data", "masked", &[("email", 1)]),
        false => verdict("personal-data", "passed", &[]),
    };
    vec![of_people, verdict("secrets", "passed", &[])]
}

fn fault(dice: &mut Dice) -> EntryFault {
    let (kind, status, message) = match dice.bits() % 4 {
        0 => ("rate_limit", 429, "Rate limit reached for requests"),
        1 => ("timeout", 504, "the provider sent nothing for 60 s"),
        2 => ("overloaded", 529, "Overloaded"),
        _ => ("server_error", 500, "The server had an error while processing your request"),
    };
    EntryFault { kind: kind.to_owned(), status, message: message.to_owned() }
}

fn spend(entry: &mut Entry, model: &Model, input: u64, cached: u64, output: u64) {
    let count = |tokens: u64| (tokens > 0).then_some(tokens);
    entry.usage = Usage { input: Some(input), cache_read: count(cached), output: Some(output), ..Usage::default() };
    let Some((per_input, per_output)) = model.prices else { return };
    let nanos = |tokens: u64, price: f64| Usd::from_nanos((tokens as f64 * price) as i64);
    entry.lines = CostLines {
        input: nanos(input - cached, per_input),
        cache_read: nanos(cached, per_input / 10.0),
        output: nanos(output, per_output),
        ..CostLines::default()
    };
    let cost = entry.lines.input + entry.lines.cache_read + entry.lines.output;
    entry.cost = Some(cost);
    // What `replaces` in the configuration would have cost.
    if model.group == "in-house" {
        entry.saved = Some(nanos(input, 150.0) + nanos(output, 600.0) - cost);
    }
}

/// The windows of a month that it counts for.
fn charges(entry: &Entry, counts: bool) -> Vec<Charge> {
    let span = Span::parse("1mo");
    let (Some(month), true) = (span, counts) else { return Vec::new() };
    let period = Purse::period(span, month.window(entry.started_at / 1000, &TimeZone::UTC));
    let named = |kind: &str, id: &Option<String>| id.as_ref().map(|id| format!("{kind}:{id}"));
    let subjects = [
        Some(format!("key:{}", entry.key)),
        named("user", &entry.user_id),
        named("team", &entry.team_id),
        named("organization", &entry.organization_id),
        named("customer", &entry.customer_id),
    ];
    subjects.into_iter().flatten().map(|subject| Charge { subject, period: period.clone() }).collect()
}
