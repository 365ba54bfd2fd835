//! Drills on live traffic: begun, watched and ended by those who may do everything. What they find is kept in the
//! database while they run, so that every replica shows it, and tomorrow too.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use store::{DrillReport, Store};
use tokio::time::sleep;

use super::form::{Field, Reads, Takes, optional, required};
use super::keys;
use super::moment;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use super::secret;
use super::visit::{Answer, Visit, answer};
use crate::drills::{LiveDrill, Plan, faults_of_live_drills};

const START: &[Field] = &[
    required("key", Takes::Text),
    required("percent", Takes::Positive),
    optional("model", Takes::Name),
    optional("faults", Takes::TEXTS),
    optional("seconds", Takes::Positive),
];
const LIST: &[Field] = &[optional("limit", Takes::Positive)];
/// How long each fault lasts unless somebody says so, seconds.
const SECONDS: u64 = 10;
/// Longest time of a fault, seconds.
const MOST_SECONDS: u64 = 300;
/// How often is kept what a drill has found.
const KEPT_EVERY: Duration = Duration::from_secs(2);
/// After so many milliseconds without that the replica of a drill is gone.
const GONE_AFTER_MS: i64 = 30_000;
/// How often is tried to keep the end, while the database is away.
const TRIES: u32 = 300;
/// Reports that are listed unless somebody says how many, and at most.
const LISTED: u64 = 10;
const MOST_LISTED: u64 = 100;

/// What `start` reads.
pub const START_FORM: Reads = Reads::Body(&[START]);

/// `POST /drill/start`: begins a drill on a share of a key's calls.
pub async fn start(visit: Visit) -> Answer {
    may_manage(&visit)?;
    let form = visit.form()?;
    let (key_hash, key_name) = visit.read(|directory| {
        let (hash, held) = keys::find(directory, form.text("key").unwrap_or_default())?;
        Ok((hash, held.record.key_alias.clone().unwrap_or_else(|| held.record.key_name.clone())))
    })?;
    let count = |name: &'static str, usual: u64, most: u64| match form.count(name).unwrap_or(usual) {
        count if count <= most => Ok(count),
        _ => Err(Refusal::bad_param(name, format!("{name} is {most} at most"))),
    };
    let plan = Plan {
        id: secret::new_id()?,
        started_at: moment::now(),
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
    tokio::spawn(keep(drill.clone(), visit.store().clone()));
    answer(drill.report())
}

/// `GET /drill`: what the drill that runs, or ran last, has found, whichever replica it is of.
pub async fn report(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let here = visit.desk.live.drills.last();
    let running = here.as_ref().filter(|drill| !drill.is_over());
    match (running, visit.store().drills(1).await) {
        (Some(drill), _) => answer(drill.report()),
        (None, Ok(kept)) => match (kept.first(), here) {
            // What has just ended may not be kept yet.
            (kept, Some(drill)) if kept.is_none_or(|kept| kept.started_at <= drill.name().1) => answer(drill.report()),
            (Some(kept), _) => answer(shown(kept)?),
            (None, _) => answer(json!({ "running": false, "drills": [], "faults": faults_of_live_drills() })),
        },
        (None, Err(problem)) => here.map_or_else(|| Err(problem.into()), |drill| answer(drill.report())),
    }
}

/// What `list` reads.
pub const LIST_FORM: Reads = Reads::Query(&[LIST]);

/// `GET /drill/list`: what drills have found, those that were begun last first.
pub async fn list(visit: Visit) -> Answer {
    visit.read(|directory| may(&visit.actor, Wish::SeeAll, directory))?;
    let most = visit.form()?.count("limit").unwrap_or(LISTED).min(MOST_LISTED);
    let kept = visit.store().drills(most as i64).await?;
    answer(json!({ "reports": kept.iter().map(shown).collect::<Result<Vec<Value>>>()? }))
}

/// `POST /drill/stop`
pub async fn stop(visit: Visit) -> Answer {
    may_manage(&visit)?;
    match visit.desk.live.drills.last() {
        Some(drill) => {
            drill.stop("somebody stopped it");
            answer(drill.report())
        }
        None => Err(Refusal::not_found("drill", "no drill has run on this replica")),
    }
}

/// Keeps what a drill finds, until its end is kept.
async fn keep(drill: Arc<LiveDrill>, store: Store) {
    let (id, started_at) = drill.name();
    let mut tried = 0;
    while tried < TRIES {
        let is_over = drill.is_over();
        match store.keep_drill(id, started_at, &drill.report().to_string()).await {
            Ok(()) if is_over => return,
            Ok(()) => {}
            Err(problem) => tracing::warn!("what a drill has found cannot be kept: {problem}"),
        }
        tried += u32::from(is_over);
        sleep(KEPT_EVERY).await;
    }
}

/// A report that was kept. One that nobody goes on with is over.
fn shown(kept: &DrillReport) -> Result<Value> {
    let mut report: Value = serde_json::from_str(&kept.report).map_err(|why| {
        tracing::error!("the report of drill {} cannot be read: {why}", kept.id);
        Refusal::internal()
    })?;
    report["started_at"] = moment::shown(kept.started_at);
    if report["running"] == true && moment::now() - kept.kept_at > GONE_AFTER_MS {
        report["running"] = false.into();
        report["ended_because"] = "its replica is gone".into();
    }
    Ok(report)
}

fn may_manage(visit: &Visit) -> Result<()> {
    visit.read(|directory| may(&visit.actor, Wish::ManageAll, directory))
}
