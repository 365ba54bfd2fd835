//! What happens while a provider is silent: signs of life for the caller and everything on the way to it, and still
//! the right end.

use std::time::Duration;

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Answer;
use crate::gateway::Gateway;

/// The header by which a caller asks for signs of life.
const KEEPALIVE: &str = "x-litellm-keepalive-seconds";

impl Front {
    /// A sign of life: something that every client passes over.
    fn heartbeat(self) -> &'static str {
        match self {
            Front::Chat | Front::Gemini | Front::Responses => "\n\n: ",
            Front::Messages => "event: ping\n",
            Front::Ollama => unreachable!("its clients know none"),
        }
    }

    fn heartbeats(self, answer: &Answer) -> usize {
        // A comment may be the very first thing.
        format!("\n\n{}", answer.text()).matches(self.heartbeat()).count()
    }
}

/// A streamed call that wants a sign of life every fifth of a second.
async fn call(gateway: &Gateway, front: Front, model: &str) -> Answer {
    gateway.call(&front.call(model, "hello", true).header(KEEPALIVE, "0.2")).await
}

#[tokio::test]
async fn silence_between_tokens_is_filled_with_signs_of_life() {
    let slow = mock("text=one%20two%20six,chunk_ms=700").await;
    let gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    let answers = tokio::join!(call(&gateway, Front::Chat, "demo"), call(&gateway, Front::Messages, "demo"));
    for (front, answer) in [(Front::Chat, answers.0), (Front::Messages, answers.1)] {
        let heard = front.hear(&answer);
        assert!(heard.is_success() && heard.text == "one two six", "{}", answer.text());
        let beats = front.heartbeats(&answer);
        assert!((4..=8).contains(&beats), "{beats} signs of life in 1.4 s of silence: {}", answer.text());
        let pauses = answer.pieces.windows(2).map(|pair| pair[1].0 - pair[0].0);
        let longest = pauses.max().expect("there are several pieces");
        assert!(longest < Duration::from_millis(500), "{longest:?} without a sign of life");
    }
}

#[tokio::test]
async fn silence_before_the_first_token_is_filled_too() {
    let slow = mock("delay_ms=900").await;
    let gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    for front in Front::LIVELY {
        let mut open = front.call("demo", "hello", true).header(KEEPALIVE, "0.2").open(gateway.addr).await;
        assert_eq!(open.head.status, 200);
        assert!(open.head.header("content-type").is_some_and(|kind| kind.starts_with("text/event-stream")));
        let first = open.piece().await.expect("a sign of life comes");
        assert!(format!("\n\n{}", String::from_utf8_lossy(&first)).contains(front.heartbeat()));
        let answer = open.finish().await;
        assert!(answer.took >= Duration::from_millis(850), "the provider had not said anything before");
        assert!(front.hear(&answer).is_success(), "{}", answer.text());
    }
}

#[tokio::test]
async fn whoever_does_not_ask_for_signs_of_life_gets_an_ordinary_error_after_a_short_silence() {
    let failing = mock("delay_ms=400,status=500").await;
    let gateway = Gateway::start(&Config::of(&failing).and("router_settings: {num_retries: 0}").yaml()).await;
    for front in Front::ALL {
        let answer = gateway.call(&front.call("demo", "hello", true)).await;
        assert_eq!(answer.status(), 500);
    }
}

#[tokio::test]
async fn a_fault_after_the_first_sign_of_life_is_an_event_and_no_success() {
    let failing = mock("delay_ms=500,status=429").await;
    let gateway = Gateway::start(&Config::of(&failing).and("router_settings: {num_retries: 0}").yaml()).await;
    for front in Front::LIVELY {
        let answer = call(&gateway, front, "demo").await;
        let heard = front.hear(&answer);
        assert_eq!((answer.status(), heard.over), (200, false), "{}", answer.text());
        assert_eq!(heard.trouble.expect("the fault is told").kind, front.kind("rate_limit_error"));
        assert!(front.heartbeats(&answer) > 0);
    }
}

#[tokio::test]
async fn a_fallback_still_saves_the_call_after_signs_of_life() {
    let (hanging, healthy) = (mock("fault=hang_first").await, mock("text=saved").await);
    let config = Config::default().openai("first", &hanging, "stream_timeout: 0.6").openai("second", &healthy, "");
    let settings = "router_settings: {num_retries: 0, fallbacks: [{first: [second]}]}";
    let gateway = Gateway::start(&config.and(settings).yaml()).await;
    for front in Front::LIVELY {
        let answer = call(&gateway, front, "first").await;
        let heard = front.hear(&answer);
        assert!(heard.is_success() && heard.text == "saved", "{}", answer.text());
        assert!(front.heartbeats(&answer) > 0);
    }
}

#[tokio::test]
async fn whole_answers_are_never_touched_by_signs_of_life() {
    let slow = mock("delay_ms=500").await;
    let gateway = Gateway::start(&Config::of(&slow).yaml()).await;
    for front in Front::ALL {
        let call = front.call("demo", "hello", false).header(KEEPALIVE, "0.1");
        assert!(front.hear(&gateway.call(&call).await).is_success());
    }
}

#[tokio::test]
async fn an_odd_wish_for_signs_of_life_does_no_harm() {
    let quick = mock("").await;
    let gateway = Gateway::start(&Config::of(&quick).yaml()).await;
    for wish in ["0", "-1", "NaN", "inf", "1e300", "1e-9", "soon", ""] {
        for front in Front::ALL {
            let answer = gateway.call(&front.call("demo", "hello", true).header(KEEPALIVE, wish)).await;
            assert!(front.hear(&answer).is_success(), "{wish:?}: {}", answer.text());
        }
    }
}
