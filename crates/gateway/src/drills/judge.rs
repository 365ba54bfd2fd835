//! From the ledger's entries to what a drill found.

use std::time::Duration;

use engine::Limits;
use store::{Entry, Status};
use types::Usd;

use super::report::Finding;

/// What the ledger calls a time limit that was met.
const TIMEOUT: &str = "Timeout";
/// Faults after which a provider may send a bill for an answer that nobody got.
const BILLED: [&str; 3] = [TIMEOUT, "Cut", "Malformed"];

/// How long is waited for a provider: as configured, or less than that.
pub type Wait = fn(Duration) -> Duration;

/// Reads from `entries` how attempts went while a deployment with these `limits` was broken. `usual` is what a call costs
/// there when all is well.
pub fn judge(finding: &mut Finding, entries: &[Entry], usual: Option<Usd>, limits: Option<&Limits>, wait: Wait) {
    let of_it = || entries.iter().filter(|entry| entry.deployment_id == finding.deployment_id);
    let failed = || of_it().filter_map(|entry| Some((entry, entry.fault.as_ref()?)));
    let attempts = of_it().count();
    let detected = failed().next().map(|(entry, fault)| {
        let took = entry.ended_at.unwrap_or(entry.started_at) - entry.started_at;
        let took = Duration::from_millis(u64::try_from(took).unwrap_or_default());
        let limit = limits.map(|limits| match (entry.stream, entry.first_token_at) {
            (true, Some(_)) => limits.idle,
            (stream, _) => limits.of(stream),
        });
        match limit.filter(|limit| fault.kind == TIMEOUT && took >= wait(*limit)) {
            Some(limit) => (took.max(limit), true),
            None => (took, false),
        }
    });
    let billed = failed().filter(|(_, fault)| BILLED.contains(&&*fault.kind)).count();
    finding.attempts_at_it = u32::try_from(attempts).unwrap_or(u32::MAX);
    finding.detected_after = detected.map(|(after, _)| after);
    finding.waits = detected.is_some_and(|(_, waited)| waited);
    let answered = entries.iter().filter(|entry| entry.status == Status::Success);
    finding.priced = usual.is_some() && answered.clone().all(|entry| entry.cost.is_some());
    if let Some(usual) = usual {
        let spent: Usd = entries.iter().filter_map(|entry| entry.cost).sum();
        finding.extra_cost = (spent - usual.times(answered.count() as u64)).or_zero();
        finding.at_risk = usual.times(billed as u64);
    }
}

/// What an answer of a deployment costs, if that is known.
pub fn usual_cost(entries: &[Entry], id: &str) -> Option<Usd> {
    let costs: Option<Vec<Usd>> = answers(entries, id).map(|entry| entry.cost).collect();
    let costs = costs?;
    let count = u32::try_from(costs.len()).ok().filter(|count| *count > 0)?;
    Some(costs.into_iter().sum::<Usd>().part(count))
}

/// The answers of a deployment.
pub fn answers<'e>(entries: &'e [Entry], id: &'e str) -> impl Iterator<Item = &'e Entry> {
    entries.iter().filter(move |entry| entry.deployment_id == id && entry.status == Status::Success)
}
