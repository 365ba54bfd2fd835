//! Whoever is asked by network: what it is asked, what its answer does, and what happens without one.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::gateway::{Gateway, PATIENCE};
use crate::manage::{MASTER, Office, config};

/// What somebody answers to a path and a body; nothing at all is silence.
pub type Answer = fn(&str, &Value) -> Option<(u16, Value)>;

/// A path, the head and the body of a question.
pub type Question = (String, String, Value);

/// Somebody who is asked.
pub struct Oracle {
    addr: SocketAddr,
    heard: Arc<Mutex<Vec<Question>>>,
}

impl Oracle {
    pub async fn open(answer: Answer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let kept = heard.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, answer, kept.clone()));
            }
        });
        Oracle { addr, heard }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    pub fn heard(&self) -> Vec<Question> {
        self.heard.lock().expect("nobody panicked").clone()
    }
}

async fn serve(mut stream: TcpStream, answer: Answer, heard: Arc<Mutex<Vec<Question>>>) {
    let mut inbox = Vec::new();
    while stream.read_buf(&mut inbox).await.is_ok_and(|read| read > 0) {
        let text = String::from_utf8_lossy(&inbox).into_owned();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let Ok(body) = serde_json::from_str::<Value>(body) else { continue };
        let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
        heard.lock().expect("nobody panicked").push((path.clone(), head.to_lowercase(), body.clone()));
        inbox.clear();
        let Some((status, said)) = answer(&path, &body) else { continue };
        let said = said.to_string();
        let reply = format!(
            "HTTP/1.1 {status} OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{said}",
            said.len()
        );
        if stream.write_all(reply.as_bytes()).await.is_err() {
            return;
        }
    }
}

/// A gateway with this guardrail, whose provider says `said`.
pub async fn office(params: &str, said: &str) -> (Office, drill::mock::Mock) {
    let text = said.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let provider = mock(&format!("text={text}")).await;
    let settings = format!("guardrails:\n  - {{guardrail_name: g, litellm_params: {{default_on: true, {params}}}}}\n");
    let base = Back::OpenAi.base(&provider.url());
    let models = format!(
        "model_list:\n  - {{model_name: chat, litellm_params: {{model: openai/demo, api_base: '{base}', api_key: x}}}}\n"
    );
    let text = config(&settings).replace("model_list:\n", &models);
    (Office { gateway: Gateway::start(&text).await }, provider)
}

/// Status and text of an answer to a call that says this.
pub async fn ask(office: &Office, text: &str, stream: bool) -> (u16, String) {
    let answer = office.master().send(&Front::Chat.call("chat", text, stream)).await;
    match answer.status() {
        200 => (200, Front::Chat.hear(&answer).text),
        status => (status, answer.text()),
    }
}

fn hook(_: &str, asked: &Value) -> Option<(u16, Value)> {
    let texts: Vec<String> =
        asked["texts"].as_array()?.iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect();
    Some(match texts.join(" ") {
        all if all.contains("silence") => return None,
        all if all.contains("broken") => (500, json!({"error": all})),
        all if all.contains("forbidden") => {
            (200, json!({"action": "BLOCKED", "blocked_reason": format!("it says {all}")}))
        }
        all if all.contains("hush") => {
            let texts: Vec<String> = texts.iter().map(|text| text.replace("hush", "***")).collect();
            (200, json!({"action": "GUARDRAIL_INTERVENED", "texts": texts}))
        }
        _ => (200, json!({"action": "NONE"})),
    })
}

#[tokio::test]
async fn the_hook_for_everybody_is_asked_and_obeyed() {
    let oracle = Oracle::open(hook).await;
    let params = format!(
        "guardrail: generic_guardrail_api, mode: [pre_call, post_call], api_base: '{}', api_key: hook-key, timeout: 0.5, \
         additional_provider_specific_params: {{level: 3}}",
        oracle.url()
    );
    let (closed, provider) = office(&params, "all is well").await;
    assert_eq!(ask(&closed, "hello", false).await, (200, "all is well".to_owned()));
    let (path, head, question) = oracle.heard()[0].clone();
    assert_eq!((&*path, head.contains("x-api-key: hook-key")), ("/beta/litellm_basic_guardrail_api", true));
    assert_eq!((&question["texts"], &question["input_type"]), (&json!(["hello"]), &json!("request")));
    assert_eq!(question["additional_provider_specific_params"], json!({"level": 3}));
    assert_eq!(oracle.heard()[1].2["input_type"], "response");
    assert_eq!(ask(&closed, "say hush now", true).await, (200, "all is well".to_owned()));
    let sent = provider.requests();
    assert!(String::from_utf8_lossy(&sent.last().unwrap().body).contains("say *** now"));
    let before = sent.len();
    let (status, refusal) = ask(&closed, "something forbidden", false).await;
    assert!(status == 400 && refusal.contains("guardrail 'g'") && !refusal.contains("it says"), "{refusal}");
    for text in ["silence please", "something broken"] {
        let (status, refusal) = ask(&closed, text, true).await;
        assert!(status == 503 && refusal.contains("nothing goes on without it"), "{text}: {status} {refusal}");
    }
    assert_eq!(provider.requests().len(), before, "nothing went on");

    let (open, _provider) = office(&format!("{params}, unreachable_fallback: fail_open"), "all is well").await;
    for text in ["silence please", "something broken"] {
        assert_eq!(ask(&open, text, false).await, (200, "all is well".to_owned()), "{text}");
    }
    let (said, _provider) = office(&params, "what is forbidden").await;
    for stream in [false, true] {
        let (status, refusal) = ask(&said, "hello", stream).await;
        assert!(status == 400 && refusal.contains("The answer was blocked by guardrail 'g'"), "{stream}: {refusal}");
    }
    let (said, _provider) = office(&params, "hush").await;
    assert_eq!(ask(&said, "hello", false).await, (200, "***".to_owned()));
}

fn analyzer(_: &str, asked: &Value) -> Option<(u16, Value)> {
    // It counts characters, not bytes.
    let text: Vec<char> = asked["text"].as_str()?.chars().collect();
    let name: Vec<char> = "Zoë".chars().collect();
    let found = text.windows(3).enumerate().filter(|(_, part)| **part == name[..]);
    let found = found.map(|(at, _)| json!({"entity_type": "PERSON", "start": at, "end": at + 3, "score": 0.85}));
    Some((200, Value::Array(found.collect())))
}

#[tokio::test]
async fn what_presidio_finds_is_masked_and_put_back() {
    let oracle = Oracle::open(analyzer).await;
    let params = |more: &str| {
        format!("guardrail: presidio, mode: pre_call, presidio_analyzer_api_base: '{}', {more}", oracle.url())
    };
    let (masking, provider) = office(&params("output_parse_pii: true"), "Dear <NAME_1>!").await;
    for stream in [false, true] {
        assert_eq!(ask(&masking, "Übrigens: Zoë is here", stream).await, (200, "Dear Zoë!".to_owned()));
        let sent = provider.requests();
        assert!(String::from_utf8_lossy(&sent.last().unwrap().body).contains("Übrigens: <NAME_1> is here"));
    }
    assert_eq!((&*oracle.heard()[0].0, &oracle.heard()[0].2["language"]), ("/analyze", &json!("en")));
    let (blocking, _provider) = office(&params("pii_entities_config: {PERSON: BLOCK}"), "x").await;
    let (status, refusal) = ask(&blocking, "Zoë is here", false).await;
    assert!(status == 400 && refusal.contains("PERSON") && !refusal.contains("Zoë"), "{refusal}");
}

fn services(path: &str, asked: &Value) -> Option<(u16, Value)> {
    let bad = asked.to_string().contains("evil");
    Some((
        200,
        match path.split('?').next()? {
            "/v1/moderations" => json!({"results": [{"flagged": bad, "categories": {"violence": bad, "hate": false}}]}),
            "/v2/guard" => json!({"flagged": bad, "breakdown": [{"detector_type": "prompt_attack", "detected": bad}]}),
            "/contentsafety/text:shieldPrompt" => {
                json!({"userPromptAnalysis": {"attackDetected": bad}, "documentsAnalysis": []})
            }
            "/contentsafety/text:analyze" => {
                json!({"categoriesAnalysis": [{"category": "Violence", "severity": if bad { 4 } else { 0 }}]})
            }
            _ => json!({}),
        },
    ))
}

#[tokio::test]
async fn who_is_asked_during_a_call_keeps_it_from_no_provider_and_has_the_last_word() {
    let oracle = Oracle::open(hook).await;
    let params = format!(
        "guardrail: generic_guardrail_api, mode: during_call, api_base: '{}', api_key: hook-key, timeout: 60",
        oracle.url()
    );
    let (office, provider) = office(&params, "all is well").await;
    assert_eq!(ask(&office, "hello", false).await, (200, "all is well".to_owned()));
    for stream in [false, true] {
        let (status, refusal) = ask(&office, "something forbidden", stream).await;
        assert!(status == 400 && refusal.contains("guardrail 'g'"), "{refusal}");
    }
    assert_eq!(provider.requests().len(), 3, "what was refused had been asked all the same");
    let addr = office.gateway.addr;
    let call = Front::Chat.call("chat", "silence", false).header("authorization", format!("Bearer {MASTER}"));
    let waiting = tokio::spawn(async move { call.send(addr).await });
    let asked = async {
        while provider.requests().len() < 4 {
            tokio::task::yield_now().await
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("the provider is asked while nobody has said anything yet");
    assert!(!waiting.is_finished(), "the answer waits");
    waiting.abort();
}

#[tokio::test]
async fn services_that_moderate_are_asked_as_they_want_to_be() {
    let oracle = Oracle::open(services).await;
    let root = oracle.url();
    for (params, header, class) in [
        (format!("guardrail: openai_moderation, api_base: '{root}/v1'"), "authorization: bearer key", "violence"),
        (format!("guardrail: lakera_v2, api_base: '{root}'"), "authorization: bearer key", "prompt_attack"),
        (
            format!("guardrail: azure/prompt_shield, api_base: '{root}'"),
            "ocp-apim-subscription-key: key",
            "prompt_injection",
        ),
        (
            format!("guardrail: azure/text_moderations, api_base: '{root}'"),
            "ocp-apim-subscription-key: key",
            "Violence",
        ),
    ] {
        let (office, _provider) = office(&format!("{params}, mode: during_call, api_key: key"), "fine").await;
        assert_eq!(ask(&office, "something good", false).await, (200, "fine".to_owned()), "{params}");
        let (status, refusal) = ask(&office, "something evil", false).await;
        assert!(status == 400 && refusal.contains(class), "{params}: {refusal}");
        assert!(oracle.heard().last().unwrap().1.contains(header), "{params}");
    }
}

#[tokio::test]
async fn a_model_of_the_gateway_judges_and_nobody_judges_the_judge() {
    for (said, more, status) in [
        ("ALLOW", "", 200),
        ("BLOCK%2C%20clearly", "", 400),
        ("perhaps", "", 503),
        ("perhaps", ", unreachable_fallback: fail_open", 200),
    ] {
        let provider = mock("text=fine").await;
        let judge = mock(&format!("text={said}")).await;
        let base = |mock: &drill::mock::Mock| Back::OpenAi.base(&mock.url());
        let model = |name: &str, mock: &drill::mock::Mock| {
            format!(
                "  - {{model_name: {name}, litellm_params: {{model: openai/demo, api_base: '{}', api_key: x}}}}\n",
                base(mock)
            )
        };
        let params =
            format!("guardrail: llm_as_a_judge, mode: pre_call, model: judge, prompt: no medical advice{more}");
        let settings =
            format!("guardrails:\n  - {{guardrail_name: g, litellm_params: {{default_on: true, {params}}}}}\n");
        let models = format!("model_list:\n{}{}", model("chat", &provider), model("judge", &judge));
        let office = Office { gateway: Gateway::start(&config(&settings).replace("model_list:\n", &models)).await };
        let (found, text) = ask(&office, "what helps against a cold?", false).await;
        assert_eq!(found, status, "{said}: {text}");
        let asked = judge.requests();
        assert_eq!((asked.len(), provider.requests().len()), (1, usize::from(status == 200)), "{said}");
        let asked = String::from_utf8_lossy(&asked[0].body).into_owned();
        assert!(asked.contains("no medical advice") && asked.contains("against a cold"), "{asked}");
    }
}
