//! What keeps calls alive when providers fail, and what ends them when nobody wants them any more: choosing among
//! deployments, fallbacks, patience with silence, callers that hang up, going down without cutting anybody off.

mod affinity;
mod bounds;
mod choosing;
mod connections;
mod context;
mod drain;
mod fallbacks;
mod hanging_up;
mod silence;
mod strategies;
mod tags;

use crate::callers::Front;
use crate::client::Answer;
use crate::gateway::Gateway;

/// A chat that is not streamed.
async fn chat(gateway: &Gateway, model: &str) -> Answer {
    gateway.call(&Front::Chat.call(model, "hello", false)).await
}

/// A number in a header, 0 if it is not there.
fn number(answer: &Answer, header: &str) -> u64 {
    answer.header(header).and_then(|value| value.parse().ok()).unwrap_or_default()
}
