//! A call is a span under its caller's, each attempt one under the call; providers are told only if the operator says so.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::ear::Ear;
use super::protobuf::Message;
use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::gateway::Gateway;

const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const PARENT: &str = "00f067aa0ba902b7";

/// A span as a collector reads it.
#[derive(Clone, Debug)]
struct Span {
    trace: String,
    id: String,
    parent: String,
    state: String,
    name: String,
    kind: u64,
    lasted_ms: u64,
    said: BTreeMap<String, Value>,
    error: bool,
}

/// Field numbers are those of `opentelemetry/proto`.
fn spans(body: &[u8]) -> Vec<Span> {
    let resource_spans = Message::read(body).one(1);
    let resource = said(&resource_spans.one(1).all(1));
    assert_eq!(resource["service.name"], "tests");
    let scope_spans = resource_spans.one(2);
    assert_eq!(scope_spans.one(1).text(1), "lockgate");
    let span = |span: &Message| Span {
        trace: span.hex(1),
        id: span.hex(2),
        state: span.text(3),
        parent: span.hex(4),
        name: span.text(5),
        kind: span.number(6).expect("a span has a kind"),
        lasted_ms: (span.number(8).expect("an end") - span.number(7).expect("a start")) / 1_000_000,
        said: said(&span.all(9)),
        error: span.all(15).iter().any(|status| status.number(3) == Some(2)),
    };
    scope_spans.all(2).iter().map(span).collect()
}

fn said(attributes: &[Message]) -> BTreeMap<String, Value> {
    let value = |any: &Message| match (any.number(2), any.number(3), any.number(4)) {
        (Some(flag), ..) => json!(flag == 1),
        (_, Some(number), _) => json!(number),
        (_, _, Some(bits)) => json!(f64::from_bits(bits)),
        _ => match any.all(5).first() {
            Some(list) => list.all(1).iter().map(|one| one.text(1)).collect(),
            None => json!(any.text(1)),
        },
    };
    attributes.iter().map(|one| (one.text(1), value(&one.one(2)))).collect()
}

fn config(ear: &Ear, models: Config, more: &str) -> String {
    models
        .and("litellm_settings:\n  callbacks: [otel]\n  num_retries: 0")
        .and(&format!("  {more}"))
        .and(&format!(
            "environment_variables:\n  OTEL_EXPORTER_OTLP_ENDPOINT: '{}'\n  OTEL_SERVICE_NAME: tests\n  \
             OTEL_EXPORTER_OTLP_HEADERS: 'x-team=a'",
            ear.url("")
        ))
        .and("callback_settings: {otel: {flush_interval: 0.1}}")
        .and(&format!("general_settings: {{master_key: {}}}", crate::manage::MASTER))
        .yaml()
}

/// All spans of a trace, when there are so many.
async fn trace(ear: &Ear, id: &str, count: usize) -> Vec<Span> {
    ear.hears("/v1/traces", |heard| {
        let all = heard.iter().flat_map(|heard| spans(&heard.body)).filter(|span| span.trace == id);
        let all: Vec<Span> = all.collect();
        (all.len() >= count).then_some(all)
    })
    .await
}

#[tokio::test]
async fn a_call_is_a_span_of_its_callers_trace_and_each_attempt_one_of_the_call() {
    let (ear, broken, well) = (Ear::open().await, mock("status=500").await, mock("").await);
    let models = Config::default().openai("broken", &broken, "").openai("well", &well, "");
    let settings = "fallbacks: [{broken: [well]}]\n  forward_traceparent_to_llm_provider: true";
    let gateway = Gateway::start(&config(&ear, models, settings)).await;
    let parent = format!("00-{TRACE}-{PARENT}-01");
    let call = Front::Chat.call("broken", "hello", true).header("traceparent", parent).header("tracestate", "a=1");
    let answer = super::ask(&gateway, &call).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());

    let all = trace(&ear, TRACE, 3).await;
    let of_call: Vec<&Span> = all.iter().filter(|span| span.kind == 2).collect();
    let [call] = of_call[..] else { panic!("{all:?}") };
    assert_eq!((&*call.parent, &*call.state, &*call.name), (PARENT, "a=1", "chat broken"));
    assert_eq!(call.said["http.response.status_code"], 200);
    assert_eq!((&call.said["lockgate.attempts"], &call.said["lockgate.fallbacks"]), (&json!(2), &json!(1)));
    assert!(!call.error && call.said.keys().all(|name| !name.starts_with("gen_ai.usage")), "{call:?}");

    let (failed, answered): (Vec<&Span>, Vec<&Span>) =
        all.iter().filter(|span| span.kind == 3).partition(|span| span.error);
    let ([failed], [answered]) = (&failed[..], &answered[..]) else { panic!("{all:?}") };
    assert!(
        [failed, answered].iter().all(|span| span.parent == call.id && span.lasted_ms <= call.lasted_ms),
        "{all:?}"
    );
    assert_eq!((&*answered.name, &answered.said["gen_ai.provider.name"]), ("chat demo", &json!("openai")));
    assert_eq!(answered.said["gen_ai.operation.name"], "chat");
    assert_eq!(answered.said["gen_ai.request.stream"], true);
    assert!(
        answered.said["gen_ai.usage.input_tokens"].is_u64() && answered.said["gen_ai.usage.output_tokens"].is_u64()
    );
    assert!(answered.said["gen_ai.response.time_to_first_chunk"].is_f64());
    assert_eq!(answered.said["server.address"], "127.0.0.1");
    assert!(failed.said["error.type"].is_string());
    assert!(all.iter().all(|span| !span.said.contains_key("gen_ai.input.messages")), "nothing that was said is kept");

    for (provider, span) in [(&broken, failed), (&well, answered)] {
        let told = &provider.requests()[0];
        assert_eq!(told.header("traceparent"), Some(&*format!("00-{TRACE}-{}-01", span.id)));
        assert_eq!(told.header("tracestate"), Some("a=1"));
    }
    let heard = &ear.heard("/v1/traces")[0];
    assert_eq!((heard.header("content-type"), heard.header("x-team")), (Some("application/x-protobuf"), Some("a")));
}

#[tokio::test]
async fn a_trace_that_is_not_recorded_is_told_to_nobody_and_no_provider_is_told_unasked() {
    let (ear, provider) = (Ear::open().await, mock("").await);
    let gateway = Gateway::start(&config(&ear, Config::of(&provider), "")).await;
    let plain = Front::Chat.call("demo", "hello", false);
    let parent = |flags: &str| format!("00-{TRACE}-{PARENT}-{flags}");
    super::ask(&gateway, &plain.clone().header("traceparent", parent("00"))).await;
    super::ask(&gateway, &plain.clone().header("traceparent", "no trace at all")).await;
    // What came before it has been told, or never will be.
    let other = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    super::ask(&gateway, &plain.header("traceparent", format!("00-{other}-{PARENT}-01"))).await;
    trace(&ear, other, 2).await;
    let all: Vec<Span> = ear.heard("/v1/traces").iter().flat_map(|heard| spans(&heard.body)).collect();
    assert_eq!(all.len(), 4, "{all:?}");
    assert!(all.iter().all(|span| span.trace != TRACE), "{all:?}");
    let fresh: Vec<&Span> = all.iter().filter(|span| span.trace != other).collect();
    assert!(fresh.iter().any(|span| span.kind == 2 && span.parent.is_empty()), "{fresh:?}");
    assert!(provider.requests().iter().all(|seen| seen.header("traceparent").is_none()));
}

#[tokio::test]
async fn what_was_said_is_told_in_the_words_of_the_conventions_where_it_is_kept() {
    let (ear, provider) = (Ear::open().await, mock("").await);
    let text = config(&ear, Config::of(&provider), "");
    let text = text.replace("general_settings: {", "general_settings: {store_prompts_in_spend_logs: true, ");
    let gateway = Gateway::start(&text).await;
    for front in Front::ALL {
        let trace_id = format!("{:032x}", front as u128 + 1);
        let call = front.call("demo", "hello there", front != Front::Ollama);
        super::ask(&gateway, &call.header("traceparent", format!("00-{trace_id}-{PARENT}-01"))).await;
        let all = trace(&ear, &trace_id, 2).await;
        let attempt = all.iter().find(|span| span.kind == 3).expect("an attempt was made");
        let messages = |name: &str| -> Value {
            let text = attempt.said.get(name).and_then(Value::as_str);
            serde_json::from_str(text.unwrap_or_else(|| panic!("{front:?} has no {name}: {attempt:?}"))).unwrap()
        };
        let asked = messages("gen_ai.input.messages");
        assert_eq!(asked[0]["role"], "user", "{front:?}: {asked}");
        assert_eq!(asked[0]["parts"][0], json!({"type": "text", "content": "hello there"}), "{front:?}: {asked}");
        let answered = messages("gen_ai.output.messages");
        assert_eq!((&answered[0]["role"], &answered[0]["finish_reason"]), (&json!("assistant"), &json!("stop")));
        assert!(answered[0]["parts"][0]["content"].as_str().is_some_and(|text| !text.is_empty()), "{answered}");
    }
}
