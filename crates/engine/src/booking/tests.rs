use std::time::Duration;

use policy::Budget;
use serde_json::{Value, json};
use tokio::time::Instant;
use types::Usd;

use super::*;
use crate::Spending;
use crate::rig::{Act, Rig, Script, counted, deployment, finish, piece, priced, stream, text};

/// Nanodollars of a token.
const TOKEN: i64 = 1_000;

/// A gateway whose whole budget pays for so many tokens.
fn rig(tokens: i64, scripts: impl IntoIterator<Item = Script>) -> Rig {
    let budget = Budget { limit: Usd::from_nanos(tokens * TOKEN), span: None, lenient: false };
    let spending = Spending { budget: Some(budget), patience: Duration::ZERO, ..Spending::default() };
    let price = TOKEN as u64 * 1_000;
    Rig::new(spending, Deployment { pricing: priced(price, price), ..deployment("one") }, scripts)
}

/// A stream of these pieces, one after the other.
fn streamed(pieces: &[&str]) -> Script {
    let pieces = pieces.iter().flat_map(|text| [Act::Wait(Duration::from_millis(9)), piece(0, text)]);
    [stream()].into_iter().chain(pieces).chain([finish(0), counted(10, 50)]).collect()
}

/// What a question with these fields is taken to cost, tokens.
async fn question(fields: &Value) -> i64 {
    let rig = rig(1_000_000, [streamed(&["a"])]);
    text(rig.ask(fields.clone()).await).await;
    let cost = rig.opened.borrow()[0].cost.unwrap();
    cost.nanos() / TOKEN
}

#[tokio::test(start_paused = true)]
async fn a_stream_that_is_paid_for_up_to_its_bound_is_not_cut_off() {
    let fields = json!({"stream": true, "max_tokens": 100});
    let rig = rig(question(&fields).await + 100, [streamed(&["longer than tokens usually are"; 20])]);
    let text = text(rig.ask(fields).await).await;
    assert!(text.ends_with("data: [DONE]\n\n") && !text.contains("\"error\""), "{text}");
    assert_eq!(rig.entries.borrow()[0].status, Status::Success);
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_bounded_to_all_the_money_there_is_unless_that_is_plenty() {
    let fields = json!({"stream": true});
    let paid = question(&fields).await;
    for (tokens, bound) in [(20, json!(20)), (5_000, json!(5_000)), (100_000, Value::Null)] {
        let rig = rig(paid + tokens, [streamed(&["a"])]);
        text(rig.ask(fields.clone()).await).await;
        assert_eq!(rig.bodies()[0]["max_completion_tokens"], bound, "{tokens}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_is_cut_off_as_soon_as_it_has_written_more_than_there_is_money_for() {
    let fields = json!({"stream": true});
    let slow = vec![stream(), piece(0, &"a".repeat(10_000)), Act::Wait(Duration::from_secs(60)), piece(0, "a")];
    let rig = rig(question(&fields).await + 200, [slow]);
    let began = Instant::now();
    let text = text(rig.ask(fields).await).await;
    assert!(text.contains("The answer was cut off."), "{text}");
    assert_eq!(began.elapsed(), Duration::ZERO, "its next piece is not waited for");
    assert_eq!(rig.meters.held(), Usd::ZERO);
}

#[tokio::test(start_paused = true)]
async fn money_that_does_not_pay_for_a_token_of_each_answer_asks_nobody() {
    for (tokens, status) in [(2, 422), (4, 200)] {
        let fields = json!({"n": 3, "stream": true});
        let rig = rig(question(&fields).await + tokens, [streamed(&["a"])]);
        assert_eq!((rig.ask(fields).await.status, rig.bodies().len()), (status, usize::from(status == 200)));
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_provider_does_not_count_is_booked_as_it_was_quoted() {
    let fields = json!({"stream": true});
    let quoted = question(&fields).await as u64;
    let uncounted = vec![stream(), Act::Wait(Duration::from_secs(9)), piece(0, "a"), finish(0)];
    let counted = vec![stream(), piece(0, "a"), finish(0), counted(quoted * 10, 1)];
    let rig = rig(1_000_000, [uncounted, counted]);
    let both = async |fields: Value| text(rig.ask(fields).await).await;
    tokio::join!(both(fields.clone()), both(fields));
    let inputs: Vec<_> = rig.entries.borrow().iter().map(|entry| entry.usage.input).collect();
    assert_eq!(inputs, [Some(quoted * 10), Some(quoted)], "whatever came to be known of the deployment in between");
}
