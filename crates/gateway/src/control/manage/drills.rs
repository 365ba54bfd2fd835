//! Drills on live traffic: begun, watched and ended by those who may do everything.

use std::time::Duration;

use serde_json::json;

use super::form::{Field, Takes, optional, required};
use super::keys;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::visit::{Answer, Visit, answer};
use crate::drills::{Plan, faults_of_live_drills};

const START: &[Field] = &[
    required("key", Takes::Text),
    required("percent", Takes::Positive),
    optional("model", Takes::Name),
    optional("faults", Takes::TEXTS),
    optional("seconds", Takes::Positive),
];
/// How long each fault lasts unless somebody says so, seconds.
const SECONDS: u64 = 10;
/// Longest time of a fault, seconds.
const MOST_SECONDS: u64 = 300;

/// `POST /drill/start`: begins a drill on a share of a key's calls.
pub async fn start(visit: Visit) -> Answer {
    may_manage(&visit)?;
    let form = visit.form(&[START])?;
    let (key_hash, key_name) = visit.read(|directory| {
        let (hash, held) = keys::find(directory, form.text("key").unwrap_or_default())?;
        Ok((hash, held.record.key_alias.clone().unwrap_or_else(|| held.record.key_name.clone())))
    })?;
    let count = |name: &'static str, usual: u64, most: u64| match form.count(name).unwrap_or(usual) {
        count if count <= most => Ok(count),
        _ => Err(Refusal::bad_param(name, format!("{name} is {most} at most"))),
    };
    let plan = Plan {
        key_hash,
        key_name,
        percent: u32::try_from(count("percent", 0, 100)?).unwrap_or(100),
        model: form.text("model").map(str::to_owned),
        faults: form.texts("faults").unwrap_or_default(),
        each: Duration::from_secs(count("seconds", SECONDS, MOST_SECONDS)?),
    };
    tracing::warn!(key = plan.key_name, percent = plan.percent, "a drill on live traffic begins");
    let live = visit.desk.live.clone();
    let drill = live.drills.begin(plan, live.setup()).map_err(Refusal::bad)?;
    tokio::spawn(drill.clone().run(move || live.setup()));
    answer(drill.report())
}

/// `GET /drill`: what the drill that runs, or ran last, has found.
pub async fn report(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    match visit.desk.live.drills.last() {
        Some(drill) => answer(drill.report()),
        None => answer(json!({ "running": false, "drills": [], "faults": faults_of_live_drills() })),
    }
}

/// `POST /drill/stop`
pub async fn stop(visit: Visit) -> Answer {
    may_manage(&visit)?;
    match visit.desk.live.drills.last() {
        Some(drill) => {
            drill.stop("somebody stopped it");
            answer(drill.report())
        }
        None => Err(Refusal::not_found("drill", "no drill has run here")),
    }
}

fn may_manage(visit: &Visit) -> Result<()> {
    visit.read(|directory| may(&visit.actor, Wish::ManageAll, directory))
}
