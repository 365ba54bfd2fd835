use std::sync::Arc;

use http::HeaderMap;
use serde_json::{Value, json};
use store::Entry;

use super::Logging;
use crate::rig::{Rig, Script, counted, deployment, finish, piece, setup, stream, text};
use crate::{Setup, Telemetry};

fn script() -> Script {
    vec![stream(), piece(0, "a"), finish(0), counted(10, 50)]
}

/// The entry that stands for a streamed call with these fields and headers.
async fn told(telemetry: &Telemetry, fields: Value, headers: &[(&'static str, &str)]) -> Entry {
    let mut all = HeaderMap::new();
    for (name, value) in headers {
        all.append(*name, value.parse().unwrap());
    }
    let telemetry = Telemetry { content_bytes: 100, ..telemetry.clone() };
    let rig = Rig::of(Setup { telemetry, ..setup([("demo", vec![Arc::new(deployment("one"))])]) }, [script()]);
    let mut body = json!({"stream": true});
    fields.as_object().unwrap().iter().for_each(|(name, value)| body[name] = value.clone());
    text(rig.ask_with(body, all).await).await;
    let sent = &rig.bodies()[0];
    assert!(!sent.to_string().contains("logging") && !sent.to_string().contains("callbacks"), "{sent}");
    let entries = rig.entries.borrow();
    entries.iter().find(|entry| entry.is_call()).unwrap().clone()
}

async fn keeps(telemetry: &Telemetry, fields: Value, headers: &[(&'static str, &str)]) -> bool {
    told(telemetry, fields, headers).await.aside.is_some_and(|aside| aside.content.is_some())
}

#[tokio::test(start_paused = true)]
async fn what_is_said_is_kept_only_if_the_operator_wants_it_and_the_caller_does_not_object() {
    let (off, on) = (Telemetry::default(), Telemetry { contents: true, ..Telemetry::default() });
    assert!(!keeps(&off, json!({}), &[]).await);
    assert!(told(&off, json!({}), &[]).await.aside.is_none(), "nothing at all is carried along");
    assert!(keeps(&on, json!({}), &[]).await);
    assert!(!keeps(&Telemetry { redacted: true, ..on.clone() }, json!({}), &[]).await);
    assert!(!keeps(&on, json!({"turn_off_message_logging": true}), &[]).await);
    assert!(keeps(&on, json!({"turn_off_message_logging": false}), &[]).await);
    assert!(!keeps(&on, json!({"no-log": true}), &[]).await);
    assert!(!keeps(&on, json!({}), &[("x-litellm-enable-message-redaction", "True")]).await);
    assert!(!keeps(&off, json!({"turn_off_message_logging": false}), &[]).await, "a caller cannot switch it on");
}

#[tokio::test(start_paused = true)]
async fn who_is_not_told_is_named_by_everybody_who_may() {
    let sinks = Telemetry { sinks: true, traces: true, ..Telemetry::default() };
    let fields = json!({"litellm_disabled_callbacks": ["otel"], "no-log": true});
    let aside = told(&sinks, fields, &[("x-litellm-disable-callbacks", "s3, langfuse")]).await.aside.unwrap();
    assert_eq!((&*aside.muted, aside.silent), (&["s3".to_owned(), "langfuse".to_owned(), "otel".to_owned()][..], true));
    let fixed = Telemetry { unmutable: true, loud: true, ..sinks.clone() };
    let fields = json!({"litellm_disabled_callbacks": ["otel"], "no-log": true});
    let aside = told(&fixed, fields, &[("x-litellm-disable-callbacks", "s3")]).await.aside.unwrap();
    assert!(aside.muted.is_empty() && !aside.silent, "the operator does not want that");
    let parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let aside = told(&sinks, json!({}), &[("traceparent", parent)]).await.aside.unwrap();
    let trace = aside.trace.unwrap();
    assert_eq!((trace.parent, aside.content), (Some(0x00f0_67aa_0ba9_02b7), None));
    assert!(aside.span != 0 && aside.span != trace.span);
}

#[test]
fn a_keys_word_counts_before_its_teams_but_whoever_wants_nothing_kept_prevails() {
    let logging = |key: Value, team: Value| {
        let logging = Logging::of(key.as_object().unwrap(), team.as_object());
        (logging.contents, logging.redacted, logging.muted)
    };
    let none: Vec<String> = Vec::new();
    assert_eq!(logging(json!({}), json!(null)), (None, false, none.clone()));
    let (yes, no) = (json!({"store_prompts_in_spend_logs": true}), json!({"store_prompts_in_spend_logs": false}));
    assert_eq!(logging(yes.clone(), no.clone()).0, Some(true));
    assert_eq!(logging(json!({"x": 1}), no).0, Some(false));
    let off = json!({"turn_off_message_logging": true});
    assert_eq!(logging(yes, off), (Some(true), true, none));
    let muted = json!({"litellm_disabled_callbacks": ["otel", 7]});
    assert_eq!(logging(json!({}), muted).2, ["otel"]);
}
