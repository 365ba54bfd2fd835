use std::time::Duration;

use serde_json::json;
use store::{Entry, Status};
use types::Usd;

use crate::rig::{Act, Rig, Script, counted, deployment, finish, piece, priced, stream, text};
use crate::{Deployment, Spending};

/// A gateway whose provider follows these scripts.
fn rig(scripts: impl IntoIterator<Item = Script>) -> Rig {
    Rig::new(Spending::default(), Deployment { pricing: priced(1, 1), ..deployment("one") }, scripts)
}

fn streamed() -> Script {
    vec![stream(), piece(0, "a"), finish(0), counted(10, 50)]
}

/// What stands for calls, of whatever kind.
fn calls(rig: &Rig) -> Vec<Entry> {
    let settled = rig.entries.borrow();
    settled.iter().chain(rig.told.borrow().iter()).filter(|entry| entry.is_call()).cloned().collect()
}

#[tokio::test(start_paused = true)]
async fn an_attempt_that_answers_is_the_record_of_its_call() {
    let rig = rig([vec![Act::Wait(Duration::from_millis(30))].into_iter().chain(streamed()).collect()]);
    text(rig.ask(json!({"stream": true, "tags": ["night"]})).await).await;
    let calls = calls(&rig);
    let [call] = &calls[..] else { panic!("{calls:?}") };
    let story = call.story.as_ref().unwrap();
    assert!(call.is_attempt() && rig.told.borrow().is_empty());
    assert_eq!((call.status, story.attempts, story.fallbacks, story.overhead_us), (Status::Success, 1, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_refused_or_tried_in_vain_leaves_a_record_that_counts_for_nothing() {
    let broken = || vec![Act::Write("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}".to_owned())];
    for (fields, attempts, code) in [(json!({"model": "nobody's"}), 0, 400), (json!({"tags": ["night"]}), 1, 400)] {
        let rig = rig([broken()]);
        assert_eq!(rig.ask(fields.clone()).await.status, code);
        let calls = calls(&rig);
        let [call] = &calls[..] else { panic!("{calls:?}") };
        let story = call.story.as_ref().unwrap();
        assert!(!call.is_attempt() && call.cost.is_none() && call.charges.is_empty(), "{call:?}");
        assert_eq!((call.status, story.attempts, call.code()), (Status::Refused, attempts, code), "{fields}");
        assert_eq!((&*call.call_id, &*call.call_type), ("call", "acompletion"));
        assert_eq!(call.tags.is_empty(), fields.get("tags").is_none());
        assert_eq!(rig.entries.borrow().len(), attempts as usize, "the attempt has an entry of its own");
    }
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_budget_is_spent_is_told_with_the_status_that_the_operator_wants() {
    let budget = policy::Budget { limit: Usd::ZERO, span: None, lenient: false };
    let spending = Spending { budget: Some(budget), status: 429, ..Spending::default() };
    let rig = Rig::new(spending, Deployment { pricing: priced(1000, 1000), ..deployment("one") }, [streamed()]);
    assert_eq!(rig.ask(json!({})).await.status, 429);
    assert_eq!(calls(&rig).iter().map(Entry::code).collect::<Vec<_>>(), [429]);
}

#[tokio::test(start_paused = true)]
async fn a_caller_who_leaves_leaves_one_record() {
    let silent = || vec![Act::Wait(Duration::from_secs(3600))];
    let rig = rig([silent()]);
    let left = tokio::time::timeout(Duration::from_secs(3), rig.ask(json!({}))).await;
    assert!(left.is_err());
    let calls = calls(&rig);
    assert_eq!(calls.iter().map(|call| call.status).collect::<Vec<_>>(), [Status::Aborted]);
    assert_eq!(calls[0].code(), 499);
}
