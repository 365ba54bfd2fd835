//! What was masked or blocked is nowhere: not at the provider, not in the log, in sinks, metrics, files or errors.

use serde_json::{Value, json};

use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{Office, config};
use crate::sinks::ear::{Ear, Heard, until};

const MAIL: &str = "canary.of.this.test@example.org";
const CARD: &str = "5555 5555 5555 4444";
const TOKEN: &str = "ghp_cAnArY0123456789cAnArY0123456789cAnA";
/// What the model says: it knows placeholders alone.
const SAID: &str = "I wrote to <EMAIL_1> with <API_KEY_1>, and not to <EMAIL_2>.";

const GUARDS: &str = "guardrails:\n  \
    - {guardrail_name: pii, litellm_params: {guardrail: pii, mode: pre_call, default_on: true, output_parse_pii: true, \
      pii_entities_config: {EMAIL_ADDRESS: MASK, CREDIT_CARD: BLOCK}}}\n  \
    - {guardrail_name: keys, litellm_params: {guardrail: secrets, mode: pre_call, default_on: true, action: mask_and_unmask}}\n";

fn call_id(answer: &Answer) -> String {
    answer.header("x-litellm-call-id").expect("every answer to a call has its id").to_owned()
}

#[tokio::test]
async fn what_was_masked_or_blocked_is_nowhere() {
    let ear = Ear::open().await;
    let text = SAID.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let provider = mock(&format!("text={text},chunk_bytes=3,flush")).await;
    let broken = mock("status=500,error=overloaded").await;
    let settings = format!(
        "{GUARDS}litellm_settings:\n  callbacks: [generic_api, otel]\n  num_retries: 0\ncallback_settings:\n  \
         generic_api: {{endpoint: '{root}/array'}}\n  otel: {{endpoint: '{root}/otel', protocol: http/json}}\n\
         general_settings:\n  store_prompts_in_spend_logs: true\n",
        root = ear.url("")
    );
    let model = |name: &str, back: Back, mock: &drill::mock::Mock| {
        let (provider, base) = (back.provider(), back.base(&mock.url()));
        format!(
            "  - {{model_name: {name}, litellm_params: {{model: {provider}/demo, api_base: '{base}', api_key: x}}}}\n"
        )
    };
    let models = [
        model("chat", Back::OpenAi, &provider),
        model("claude", Back::Anthropic, &provider),
        model("broken", Back::OpenAi, &broken),
    ];
    let text = config(&settings).replace("model_list:\n", &format!("model_list:\n{}", models.concat()));
    let office = Office { gateway: Gateway::start_with(&text, &["--detailed_debug"], &[]).await };

    let mut seen: Vec<(String, String)> = Vec::new();
    let mut ids = Vec::new();
    let confession = format!("I am {MAIL}, my token is {TOKEN}");
    for front in Front::ALL {
        for stream in [false, true] {
            for model in ["chat", "claude"] {
                let what = format!("{front:?} to {model}, stream: {stream}");
                let answer = office.master().send(&front.call(model, &confession, stream)).await;
                let applied = answer.header("x-litellm-applied-guardrails").map(str::to_owned);
                let heard = front.hear(&answer);
                assert_eq!(
                    heard.text,
                    SAID.replace("<EMAIL_1>", MAIL).replace("<API_KEY_1>", TOKEN),
                    "{what}: {}",
                    answer.text()
                );
                assert_eq!(applied.as_deref(), Some("pii,keys"), "{what}");
                ids.push(call_id(&answer));
            }
            let blocked =
                office.master().send(&front.call("chat", &format!("{confession}, pay with {CARD}"), stream)).await;
            assert_eq!(blocked.status(), 400, "{front:?}: {}", blocked.text());
            assert!(
                blocked.text().contains("blocked by guardrail 'pii': credit_card"),
                "{front:?}: {}",
                blocked.text()
            );
            ids.push(call_id(&blocked));
            seen.push((format!("the refusal of {front:?}"), blocked.text()));
            let failed = office.master().send(&front.call("broken", &confession, stream)).await;
            ids.push(call_id(&failed));
            seen.push((format!("the fault of {front:?}"), failed.text()));
        }
    }
    let last = Front::Chat.call("chat", &format!("the last, from {MAIL}"), false);
    ids.push(call_id(&office.master().send(&last).await));

    for one in provider.requests().iter().chain(&broken.requests()) {
        seen.push(("what a provider got".to_owned(), String::from_utf8_lossy(&one.body).into_owned()));
    }
    let of_last = ids.last().cloned().unwrap_or_default();
    for path in ["/array", "/otel"] {
        let last = |heard: &[Heard]| {
            let told = heard.iter().any(|heard| String::from_utf8_lossy(&heard.body).contains(&of_last));
            told.then(|| heard.to_vec())
        };
        for heard in ear.hears(path, last).await {
            seen.push((format!("what was told at {path}"), String::from_utf8_lossy(&heard.body).into_owned()));
        }
    }
    for id in &ids {
        let story = until(async || {
            let answer = office.master().send(&Call::get(&format!("/spend/logs/ui/{id}"))).await;
            (answer.status() == 200 && answer.json()["proxy_server_request"] != json!({})).then(|| answer.json())
        });
        let story: Value = story.await;
        assert!(!story["guardrails"].as_array().unwrap().is_empty(), "{story}");
        seen.push((format!("the log of {id}"), story.to_string()));
    }
    seen.push(("metrics".to_owned(), office.master().send(&Call::get("/metrics")).await.text()));
    seen.push(("the log of the process".to_owned(), office.gateway.log()));
    let mut folders = vec![office.gateway.folder().path().to_owned()];
    while let Some(folder) = folders.pop() {
        for file in std::fs::read_dir(folder).expect("it has files").flatten() {
            if file.path().is_dir() {
                folders.push(file.path());
            } else if let Ok(bytes) = std::fs::read(file.path()) {
                seen.push((file.path().display().to_string(), String::from_utf8_lossy(&bytes).into_owned()));
            }
        }
    }
    for (place, text) in &seen {
        for canary in ["canary.of.this", "cAnArY", "5555 5555", "55555555"] {
            assert!(!text.contains(canary), "{canary} is in {place}: {text}");
        }
    }
    let count = |part: &str| seen.iter().filter(|(_, text)| text.contains(part)).count();
    assert!(
        count("I am <EMAIL_1>, my token is <API_KEY_1>") > 40 && count("with <API_KEY_1>, and not") > 20,
        "the rest is there"
    );
    assert!(count("pay with <CARD_1>") >= 10, "what was refused is kept without what it was refused for");
}
