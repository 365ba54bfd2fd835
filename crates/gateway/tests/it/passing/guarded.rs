//! Guardrails of calls that are passed on: what they find is masked or refused, on both ways, and what cannot be looked
//! over goes nowhere.

use serde_json::{Value, json};

use super::{Passing, hello};
use crate::client::Call;
use crate::gateway::{Folder, Gateway, lockgate, run};
use crate::manage::{MASTER, Person};
use crate::sinks::ear::Ear;

/// Looks at all calls: addresses are masked and put back, cards blocked.
const PII: &str = "guardrails: [{guardrail_name: pii, litellm_params: {guardrail: pii, mode: pre_call, default_on: true, \
                   output_parse_pii: true, pii_entities_config: {EMAIL_ADDRESS: MASK, CREDIT_CARD: BLOCK}}}]\n";
/// Looks at all answers.
const SESAME: &str = "guardrails: [{guardrail_name: words, litellm_params: {guardrail: litellm_content_filter, mode: \
                      post_call, default_on: true, blocked_words: [{keyword: sesame, name: magic}]}}]\n";
const CARD: &str = "my card is 4111 1111 1111 1111";

fn says(text: &str) -> Value {
    json!({"messages": [{"role": "user", "content": text}]})
}

/// The same in a knob of the mock.
fn saying(text: &str) -> String {
    format!("chunk_bytes=3,flush,text={}", text.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>())
}

#[tokio::test]
async fn what_is_masked_goes_on_masked_and_comes_back_as_it_was() {
    let passing = Passing::open(&saying("I wrote to <EMAIL_1>."), PII).await;
    for stream in [false, true] {
        let mut call = says("write to ada@example.org");
        call["stream"] = stream.into();
        let answer = passing.master().send(&hello(call)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(answer.header("x-litellm-applied-guardrails"), Some("pii"));
        let sent = String::from_utf8(passing.got().body.to_vec()).unwrap();
        assert!(sent.contains("write to <EMAIL_1>") && !sent.contains("ada@"), "{sent}");
        let text = match stream {
            false => answer.json()["content"][0]["text"].as_str().unwrap_or_default().to_owned(),
            true => {
                assert!(answer.complete && answer.text().contains("event: message_stop"), "{}", answer.text());
                let data = answer.text();
                let data = data.lines().filter_map(|line| line.strip_prefix("data: "));
                let events = data.map(|data| serde_json::from_str::<Value>(data).expect("events are JSON"));
                events.filter_map(|event| event["delta"]["text"].as_str().map(str::to_owned)).collect()
            }
        };
        assert_eq!(text, "I wrote to ada@example.org.", "{}", answer.text());
    }
    let refused = passing.master().send(&hello(says(CARD))).await;
    assert_eq!((refused.status(), refused.text().contains("credit_card")), (400, true), "{}", refused.text());
    assert_eq!(passing.provider.requests().len(), 2);
    let row = passing.logged(3).await;
    assert_eq!(row["guardrails"][0]["verdict"], "blocked", "{row}");
}

#[tokio::test]
async fn answers_are_looked_over_whole_and_in_streams() {
    let passing = Passing::open(&saying("open sesame now"), SESAME).await;
    let path = "/gemini/v1beta/models/gemini-2.5-flash:";
    let contents = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let chat = json!({"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "hi"}]});
    let mut streamed = chat.clone();
    streamed["stream"] = true.into();
    let calls = [
        (hello(json!({})), 400),
        (hello(json!({"stream": true})), 200),
        (Call::post("/openai/v1/chat/completions", &chat), 400),
        (Call::post("/openai_passthrough/v1/chat/completions", &streamed), 200),
        (Call::post(&format!("{path}generateContent"), &contents), 400),
        (Call::post(&format!("{path}streamGenerateContent?alt=sse"), &contents), 200),
    ];
    let count = calls.len();
    for (call, status) in calls {
        let answer = passing.master().send(&call).await;
        let text = answer.text();
        assert_eq!(answer.status(), status, "{} {text}", call.path());
        assert!(!text.contains("sesame") && text.contains("blocked by guardrail 'words': magic"), "{text}");
    }
    // It was paid for all the same.
    let row = passing.logged(count).await;
    assert!(row["spend"].as_f64().is_some_and(|spend| spend > 0.0), "{row}");
    // An array of answers cannot be looked at one by one, so nobody is asked for it.
    let array = Call::post(&format!("{path}streamGenerateContent"), &contents);
    let answer = passing.master().send(&array).await;
    assert!(answer.status() == 400 && answer.text().contains("cannot be looked over"), "{}", answer.text());
    assert_eq!(passing.provider.requests().len(), count);
}

#[tokio::test]
async fn what_has_no_known_shape_is_looked_over_as_a_whole() {
    let ear = Ear::open().await;
    let config = format!(
        "{PII}general_settings:\n  master_key: {MASTER}\n  pass_through_endpoints: [{{path: /mine, target: '{}', \
         include_subpath: true}}]\n",
        ear.url("/up")
    );
    let gateway = Gateway::start(&config).await;
    let master = Person::of(&gateway, MASTER);
    ear.say("application/json", "{\"found\": [{\"about\": \"<EMAIL_1> and <EMAIL_2>\"}]}");
    let body = json!({"deep": [{"note": "ada@example.org"}], "n": 7});
    let answer = master.send(&Call::post("/mine/x?who=bob%40example.org&lang=de", &body)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({"found": [{"about": "bob@example.org and ada@example.org"}]}));
    let heard = ear.heard("/up").pop().expect("it was heard");
    assert_eq!(heard.path, "/up/x?who=%3CEMAIL%5F1%3E&lang=de");
    assert_eq!(heard.json(), json!({"deep": [{"note": "<EMAIL_2>"}], "n": 7}));
    // What nobody can read is sent nowhere.
    for (kind, text) in [("multipart/form-data; boundary=b", "--b--"), ("text/plain", CARD), ("application/json", CARD)]
    {
        let call = Call::new("POST", "/mine/x").header("content-type", kind).body(text);
        let answer = master.send(&call).await;
        assert!(answer.status() == 400 && answer.text().contains("no JSON"), "{kind} {}", answer.text());
    }
    for call in [Call::get("/mine/x?card=4111+1111+1111+1111"), Call::post("/mine/x", &json!([[CARD]]))] {
        assert_eq!(master.send(&call).await.status(), 400, "{}", call.path());
    }
    assert_eq!(ear.heard("/up").len(), 1);
    // Without a body there is nothing to look at.
    assert_eq!(master.send(&Call::new("DELETE", "/mine/x")).await.status(), 200);
}

#[tokio::test]
async fn a_path_has_guardrails_of_its_own_that_look_where_it_says() {
    let ear = Ear::open().await;
    let config = format!(
        "guardrails:\n- {{guardrail_name: cards, litellm_params: {{guardrail: pii, mode: [pre_call, post_call], entities: \
         [credit_card], action: block}}}}\ngeneral_settings:\n  master_key: {MASTER}\n  pass_through_endpoints:\n  \
         - {{path: /all, target: '{0}', guardrails: [cards]}}\n  - {{path: /some, target: '{0}', guardrails: {{cards: \
         {{request_fields: [query, 'documents[*].text'], response_fields: [results]}}}}}}\n  - {{path: /none, target: \
         '{0}'}}\n",
        ear.url("/up")
    );
    let gateway = Gateway::start(&config).await;
    let master = Person::of(&gateway, MASTER);
    let status = async |path: &str, body: Value| master.send(&Call::post(path, &body)).await.status();
    ear.say("application/json", "{}");
    for (path, body, expected) in [
        ("/none", json!({"query": CARD}), 200),
        ("/all", json!({"other": CARD}), 400),
        ("/some", json!({"other": CARD}), 200),
        ("/some", json!({"query": CARD}), 400),
        ("/some", json!({"documents": [{"text": "x"}, {"text": CARD}]}), 400),
    ] {
        assert_eq!(status(path, body.clone()).await, expected, "{path} {body}");
    }
    ear.say("application/json", &json!({"results": ["x"], "more": CARD}).to_string());
    assert_eq!((status("/all", json!({})).await, status("/some", json!({})).await), (400, 200));
    ear.say("application/json", &json!({"results": [{"deep": CARD}]}).to_string());
    assert_eq!((status("/some", json!({})).await, status("/none", json!({})).await), (400, 200));
    // What is no JSON cannot be looked over, so nobody gets to see it.
    for kind in ["text/plain", "text/event-stream", "application/octet-stream"] {
        ear.say(kind, "data: fine\n\n");
        assert_eq!((status("/all", json!({})).await, status("/none", json!({})).await), (400, 200), "{kind}");
    }
}

#[tokio::test]
async fn guardrails_of_a_path_that_cannot_be_are_named() {
    let check = async |guardrails: &str| {
        let folder = Folder::new();
        let text = format!(
            "guardrails: [{{guardrail_name: cards, litellm_params: {{guardrail: pii}}}}]\ngeneral_settings: \
             {{pass_through_endpoints: [{{path: /x, target: 'https://a.b', guardrails: {guardrails}}}]}}\n"
        );
        let path = folder.write("config.yaml", &text);
        let (code, out, err) = run(&mut lockgate(&["check", path.to_str().unwrap()])).await;
        (code == 0.into(), format!("{out}{err}"))
    };
    assert!(check("[cards]").await.0);
    assert!(check("{cards: {request_fields: [a]}}").await.0);
    for (wrong, expected) in [
        ("[nobody]", "no guardrail is called"),
        ("{cards: {request_fields: ['a[']}}", "has a bracket that does not end"),
        ("{cards: {fields: [a]}}", "has settings that no guardrail of a path has"),
        ("{cards: {request_fields: []}}", "names no fields"),
        ("7", "expected guardrails"),
    ] {
        let (fine, said) = check(wrong).await;
        assert!(!fine && said.contains(expected), "{wrong}: {said}");
    }
}
