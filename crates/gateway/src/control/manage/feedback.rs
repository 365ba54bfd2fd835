//! What applications say about answers. It counts for the arm of an experiment that gave the answer.

use std::time::Duration;

use serde_json::{Value, json};
use store::reports::{LogFilter, LogPage, Owner};
use store::{Entry, Feedback, Status};
use tokio::time::{Instant, sleep};

use super::form::{Field, Reads, Takes, required};
use super::refusal::{Refusal, Result};
use super::visit::{Answer, Visit, answer};

const GIVE: &[Field] = &[required("call_id", Takes::Text), required("score", Takes::Any)];
/// What the tag of an arm begins with.
const ARM: &str = "experiment:";
/// How long is waited for a call that has just ended to be booked.
const PATIENCE: Duration = Duration::from_secs(5);
/// First pause between two looks; each one is twice as long as the one before.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What `give` reads.
pub const GIVE_FORM: Reads = Reads::Body(&[GIVE]);

/// `POST /v1/feedback`: says how good an answer was.
pub async fn give(visit: Visit) -> Answer {
    let form = visit.form()?;
    let (call_id, score_thousandths) = (form.needed("call_id"), score(form.get("score"))?);
    let Some(entry) = answer_to(&visit, call_id).await? else {
        return Err(Refusal::not_found("call_id", format!("no answer to a call {call_id:?} of yours is known")));
    };
    let call_id = entry.call_id;
    let tag = entry.tags.iter().find_map(|tag| Some((tag, arm(tag)?)));
    let Some((tag, (experiment, model))) = tag else {
        let reason = "the call is in no experiment";
        return answer(json!({ "status": "ignored", "call_id": call_id, "reason": reason }));
    };
    let shown = json!({ "status": "counted", "call_id": call_id, "experiment": experiment, "model": model });
    let feedback = Feedback { call_id, arm: tag.clone(), called_at: entry.started_at, score_thousandths };
    visit.store().keep_feedback(&feedback).await?;
    answer(shown)
}

/// The experiment and the model of an arm, by its tag. The name of a model may hold a colon, that of an experiment is what
/// the operator wrote.
pub fn arm(tag: &str) -> Option<(&str, &str)> {
    tag.strip_prefix(ARM)?.split_once(':')
}

/// The attempt that brought the answer to a call, as soon as it is booked.
async fn answer_to(visit: &Visit, call_id: &str) -> Result<Option<Entry>> {
    let filter = LogFilter {
        within: whose(visit),
        request_id: Some(call_id.to_owned()),
        status: Some(Status::Success),
        ..LogFilter::default()
    };
    let page = LogPage { after: None, skip: 0, most: 1, oldest_first: false };
    let (since, mut pause) = (Instant::now(), LOOK_AGAIN);
    loop {
        let (mut found, _) = visit.store().logs(&filter, &page).await?;
        if !found.is_empty() || since.elapsed() > PATIENCE {
            return Ok(found.pop());
        }
        sleep(pause).await;
        pause *= 2;
    }
}

/// Whose answers the caller may judge: its own. Administrators judge all.
fn whose(visit: &Visit) -> Option<Vec<Owner>> {
    let actor = &visit.actor;
    if actor.is_admin() {
        return None;
    }
    let key = actor.key.as_deref().map(|key| Owner::Key(key.counted_as(&actor.key_hash).to_owned()));
    Some(key.into_iter().chain(actor.user_id.clone().map(Owner::User)).collect())
}

/// A score in thousandths.
fn score(value: Option<&Value>) -> Result<i64> {
    let score = match value {
        Some(Value::Bool(good)) => Some(f64::from(u8::from(*good))),
        value => value.and_then(Value::as_f64),
    };
    match score {
        Some(score) if (0.0..=1.0).contains(&score) => Ok((score * 1_000.0).round() as i64),
        _ => Err(Refusal::bad_param("score", "score is true or false, or a number from 0 (bad) to 1 (good)")),
    }
}
