//! What the arms of experiments did: rules of routers whose calls are split between models.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use store::Verdicts;
use store::reports::{ActivityFilter, By, Metrics, Of, Order};

use super::super::feedback;
use super::super::form::{Field, Reads, Takes, optional};
use super::super::visit::{Answer, Visit, answer};
use super::{DATES, days, must_see_all};

const FILTERS: &[Field] = &[optional("experiment", Takes::Text)];
/// Most tags that are looked through.
const MOST_TAGS: i64 = 10_000;

/// What an arm did.
#[derive(Default)]
struct Arm {
    /// Its weight, if the experiment is running.
    weight: Option<u32>,
    metrics: Metrics,
    verdicts: Verdicts,
}

/// What `experiments` reads.
pub const EXPERIMENTS_FORM: Reads = Reads::Query(&[FILTERS, DATES]);

/// `GET /router/experiments`: answers, faults, cost, time and feedback of each arm, of experiments that are running, and of those
/// that were.
pub async fn experiments(visit: Visit) -> Answer {
    must_see_all(&visit)?;
    let form = visit.form()?;
    let dates = if form.has("start_date") || form.has("end_date") { Some(days(&form)?) } else { None };
    let (from, to) = dates.unzip();
    let verdicts = visit.store().verdicts(from.as_deref(), to.as_deref(), MOST_TAGS).await?;
    let filter = ActivityFilter { of: Of::Tag, from, to, ..ActivityFilter::default() };
    let sums = visit.store().activity(&filter, &[By::Id], Order::Names, MOST_TAGS).await?;
    let mut experiments: BTreeMap<String, BTreeMap<String, Arm>> = BTreeMap::new();
    let mut arm_of = |experiment: &str, model: &str, note: &dyn Fn(&mut Arm)| {
        let arms = experiments.entry(experiment.to_owned()).or_default();
        note(arms.entry(model.to_owned()).or_default());
    };
    for (experiment, model, weight) in running(&visit) {
        arm_of(&experiment, &model, &|arm| arm.weight = Some(weight));
    }
    for sum in &sums {
        if let Some((experiment, model)) = feedback::arm(&sum.names[0]) {
            arm_of(experiment, model, &|arm| arm.metrics.add(&sum.metrics));
        }
    }
    for said in &verdicts {
        if let Some((experiment, model)) = feedback::arm(&said.arm) {
            arm_of(experiment, model, &|arm| arm.verdicts = said.clone());
        }
    }
    let meant = experiments.iter().filter(|(name, _)| form.text("experiment").is_none_or(|wanted| wanted == *name));
    let rows = meant.map(|(name, arms)| {
        json!({
            "experiment": name,
            "arms": arms.iter().map(|(model, arm)| shown(model, arm)).collect::<Vec<_>>(),
        })
    });
    answer(json!({ "experiments": rows.collect::<Vec<_>>() }))
}

/// The arms of experiments that are running, with their weights.
fn running(visit: &Visit) -> Vec<(String, String, u32)> {
    let setup = visit.desk.live.setup();
    let rules = setup.routers.values().flat_map(|router| &router.rules);
    let split = rules.filter_map(|rule| Some((rule.experiment.as_ref()?, &rule.arms)));
    split.flat_map(|(name, arms)| arms.iter().map(move |arm| (name.clone(), arm.model.clone(), arm.weight))).collect()
}

fn shown(model: &str, arm: &Arm) -> Value {
    let Arm { weight, metrics, verdicts } = arm;
    let share = |part: i64, whole: i64| (whole > 0).then(|| part as f64 / whole as f64);
    json!({
        "model": model,
        "weight": weight,
        "attempts": metrics.requests,
        "answers": metrics.successes,
        "faults": metrics.failures,
        "fault_rate": share(metrics.failures, metrics.requests),
        "spend": metrics.spend.dollars(),
        "spend_per_answer": (metrics.successes > 0).then(|| metrics.spend.dollars() / metrics.successes as f64),
        "prompt_tokens": metrics.prompt_tokens,
        "completion_tokens": metrics.completion_tokens,
        "mean_duration_ms": share(metrics.duration_ms, metrics.timed),
        "mean_first_token_ms": share(metrics.first_token_ms, metrics.first_tokens),
        "feedback": verdicts.answers,
        "good": verdicts.good,
        "bad": verdicts.answers - verdicts.good,
        "mean_score": share(verdicts.score_thousandths, verdicts.answers).map(|score| score / 1_000.0),
    })
}
