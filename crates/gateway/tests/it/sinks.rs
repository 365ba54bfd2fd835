//! Who is told of calls, as it arrives there; and what is kept of what was said.

mod away;
mod contents;
pub mod ear;
mod numbers;
mod protobuf;
mod secrets;
mod told;
mod traces;

use serde_json::Value;

use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::MASTER;

/// Asks the gateway with the master key.
async fn ask(gateway: &Gateway, call: &Call) -> Answer {
    gateway.call(&call.clone().header("authorization", format!("Bearer {MASTER}"))).await
}

/// The page of metrics.
async fn metrics(gateway: &Gateway) -> String {
    ask(gateway, &Call::get("/metrics")).await.text()
}

/// The id of the call that an answer belongs to.
fn call_id(answer: &Answer) -> String {
    answer.header("x-litellm-call-id").expect("every answer to a call has its id").to_owned()
}

/// What the log says of a call, once it is there.
async fn story(gateway: &Gateway, id: &str) -> Value {
    ear::until(async || {
        let answer = ask(gateway, &Call::get(&format!("/spend/logs/ui/{id}"))).await;
        (answer.status() == 200).then(|| answer.json())
    })
    .await
}
