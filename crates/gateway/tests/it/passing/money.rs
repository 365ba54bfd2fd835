//! Money and limits hold for calls that are passed on.

use serde_json::json;

use super::{Passing, hello};
use crate::client::Call;

#[tokio::test]
async fn a_budget_pays_for_what_answers_report_and_then_no_more() {
    let passing = Passing::open("answer_bytes=256", "").await;
    let person = passing.person(json!({"max_budget": 0.002})).await;
    let first = person.send(&hello(json!({}))).await;
    assert_eq!(first.status(), 200, "{}", first.text());
    let row = passing.logged(1).await;
    let spend = row["spend"].as_f64().expect("it has a price");
    assert!(spend > 0.0, "{row}");
    let mut answers = 1;
    loop {
        let answer = person.send(&hello(json!({}))).await;
        if answer.status() != 200 {
            assert_eq!(answer.status(), 422, "{}", answer.text());
            break;
        }
        answers += 1;
        assert!(answers < 20, "the budget never ends");
    }
    // What nobody knows the price of is not free either.
    let unknown = person.send(&Call::get("/anthropic/v1/models")).await;
    assert!(matches!(unknown.status(), 200 | 422));
}

#[tokio::test]
async fn an_answer_is_bounded_to_what_is_left() {
    let passing = Passing::open("", "").await;
    // 64 tokens of output are 0.00096 dollars, and there is less.
    let person = passing.person(json!({"max_budget": 0.0006})).await;
    let answer = person.send(&hello(json!({}))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let sent: serde_json::Value = serde_json::from_slice(&passing.got().body).unwrap();
    assert!(sent["max_tokens"].as_u64().is_some_and(|tokens| tokens < 64), "{sent}");
}

#[tokio::test]
async fn limits_count_what_is_passed_on() {
    let passing = Passing::open("", "").await;
    let person = passing.person(json!({"rpm_limit": 2})).await;
    let calls = [Call::get("/anthropic/v1/models"), hello(json!({})), hello(json!({}))];
    let mut statuses = Vec::new();
    for call in calls {
        statuses.push(person.send(&call).await.status());
    }
    assert_eq!(statuses, [200, 200, 429]);
}

#[tokio::test]
async fn what_has_no_known_shape_has_no_price_and_is_logged() {
    let passing = Passing::open("", "").await;
    assert_eq!(passing.master().send(&Call::get("/anthropic/v1/models")).await.status(), 200);
    let row = passing.logged(1).await;
    assert_eq!(row["call_type"], "pass_through_endpoint");
    assert_eq!(row["total_tokens"], 0, "{row}");
    // Counting tokens is free, everywhere.
    let count = json!({"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "hello"}]});
    let call = Call::post("/anthropic/v1/messages/count_tokens", &count).header("anthropic-version", "2023-06-01");
    let counted = passing.master().send(&call).await;
    assert!(counted.json()["input_tokens"].is_u64(), "{}", counted.text());
}
