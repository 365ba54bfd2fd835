//! What goes on to providers, byte for byte, and what comes back.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use drill::mock::Outcome;
use serde_json::json;

use super::{Passing, hello};
use crate::backs::{UPSTREAM_KEY, mock};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::Ear;

#[tokio::test]
async fn a_call_goes_on_byte_for_byte_with_the_providers_key_in_the_place_of_the_callers() {
    let passing = Passing::open("", "").await;
    let body = "{ \"model\":\"claude-sonnet-4-5\",\"max_tokens\" : 64,\n \"messages\":[{\"role\":\"user\",\
                \"content\":\"h\\u00e9llo\"}], \"metadata\":{\"user_id\":\"u\"} }";
    let call = Call::new("POST", "/anthropic/v1/messages?beta=true")
        .header("content-type", "application/json")
        .header("anthropic-version", "2023-06-01")
        .header("x-api-key", MASTER)
        .header("x-pass-anthropic-beta", "context-1m-2025-08-07")
        .header("x-litellm-tags", "a")
        .header("cookie", "a=b")
        .header("connection", "close")
        .body(body);
    let answer = call.send(passing.gateway.addr).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json()["type"], "message");
    for name in ["x-litellm-call-id", "x-litellm-model-api-base", "x-litellm-response-cost", "request-id"] {
        assert!(answer.header(name).is_some(), "{name}");
    }
    let got = passing.got();
    assert_eq!((&*got.target, &got.body[..]), ("/v1/messages?beta=true", body.as_bytes()));
    assert_eq!(got.header("x-api-key"), Some(UPSTREAM_KEY));
    assert_eq!(got.header("anthropic-beta"), Some("context-1m-2025-08-07"));
    for name in ["authorization", "cookie", "x-litellm-tags", "x-pass-anthropic-beta", "accept-encoding"] {
        assert_eq!(got.header(name), None, "{name}");
    }
}

#[tokio::test]
async fn no_form_of_the_callers_key_reaches_a_provider() {
    let passing = Passing::open("", "").await;
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    let path = "/gemini/v1beta/models/gemini-2.5-flash:generateContent";
    let key = passing.key(json!({})).await;
    let plain = |path: &str| Call::post(path, &body);
    let forms = [
        plain(&format!("{path}?key={key}&alt=json")),
        plain(&format!("{path}?alt=json")).header("x-goog-api-key", &key),
        plain(&format!("{path}?alt=json")).header("authorization", format!("Bearer {key}")),
        plain(&format!("{path}?alt=json")).header("x-litellm-api-key", &key).header("authorization", "Bearer other"),
        plain(&format!("{path}?alt=json")).header("api-key", &key),
    ];
    for call in forms {
        let answer = call.send(passing.gateway.addr).await;
        assert_eq!(answer.status(), 200, "{} {}", call.path(), answer.text());
        let got = passing.got();
        assert_eq!(got.target, "/v1beta/models/gemini-2.5-flash:generateContent?alt=json");
        assert_eq!(got.header("x-goog-api-key"), Some(UPSTREAM_KEY));
        assert!(!format!("{:?}{}", got.headers, got.target).contains(&key));
        assert_eq!(got.header("authorization"), None);
    }
    assert_eq!(plain(path).send(passing.gateway.addr).await.status(), 401);
    assert_eq!(plain(&format!("{path}?key=sk-wrong")).send(passing.gateway.addr).await.status(), 401);
}

#[tokio::test]
async fn a_stream_is_relayed_as_it_comes_and_paid_for_by_what_it_says() {
    let passing = Passing::open("chunks=3", "").await;
    let answer = passing.master().send(&hello(json!({"stream": true}))).await;
    assert_eq!(answer.header("content-type"), Some("text/event-stream; charset=utf-8"));
    assert!(answer.complete && answer.text().contains("event: message_stop"), "{}", answer.text());
    let row = passing.logged(1).await;
    assert_eq!(row["call_type"], "pass_through_endpoint");
    assert!(row["spend"].as_f64().is_some_and(|spend| spend > 0.0), "{row}");
    assert!(row["completion_tokens"].as_u64().is_some_and(|tokens| tokens > 0), "{row}");
    assert_eq!(row["custom_llm_provider"], "anthropic");
}

#[tokio::test]
async fn the_first_words_of_a_stream_do_not_wait_for_the_last() {
    let passing = Passing::open("fault=stall,after=2", "").await;
    let call = hello(json!({"stream": true})).header("authorization", format!("Bearer {MASTER}"));
    let mut open = call.open(passing.gateway.addr).await;
    open.until("content_block_delta").await;
    drop(open);
    let left = passing.provider.wait_for(|one| matches!(one.outcome, Outcome::Aborted { .. })).await;
    assert!(left.is_some(), "the provider learns that nobody listens");
    assert_eq!(passing.logged(1).await["status"], "failure");
}

#[tokio::test]
async fn a_stream_that_is_an_array_is_read_all_the_same() {
    let passing = Passing::open("chunks=3", "").await;
    let body = json!({"contents": [{"parts": [{"text": "hi"}]}]});
    for (query, kind) in [("", "application/json"), ("?alt=sse", "text/event-stream")] {
        let path = format!("/gemini/v1beta/models/gemini-2.5-flash:streamGenerateContent{query}");
        let answer = passing.master().send(&Call::post(&path, &body)).await;
        assert!(answer.header("content-type").is_some_and(|own| own.starts_with(kind)), "{}", answer.text());
    }
    let row = passing.logged(2).await;
    assert!(row["spend"].as_f64().is_some_and(|spend| spend > 0.0), "{row}");
    let first = &passing.master().see("/spend/logs/v2").await["data"][1];
    assert_eq!(first["spend"], row["spend"]);
}

#[tokio::test]
async fn an_error_of_the_provider_comes_back_as_it_is() {
    let passing = Passing::open("status=529", "").await;
    let answer = passing.master().send(&hello(json!({}))).await;
    assert_eq!(answer.status(), 529);
    assert_eq!(answer.json()["type"], "error");
    let row = passing.logged(1).await;
    assert_eq!((&row["status"], row["spend"].as_f64()), (&json!("failure"), Some(0.0)), "{row}");
}

#[tokio::test]
async fn every_prefix_of_openai_leads_there_beside_the_gateways_own_paths() {
    let passing = Passing::open("", "").await;
    let body = |model: &str| json!({"model": model, "messages": [{"role": "user", "content": "hi"}]});
    for path in ["/openai/v1/chat/completions", "/openai_passthrough/v1/chat/completions", "/openai/chat/completions"] {
        let answer = passing.master().send(&Call::post(path, &body("gpt-4o-mini"))).await;
        assert_eq!((answer.status(), &*passing.got().target), (200, "/v1/chat/completions"), "{path}");
        assert_eq!(passing.got().header("authorization"), Some(&*format!("Bearer {UPSTREAM_KEY}")));
    }
    // Paths of Azure's clients mean a model of the gateway.
    let azure = Call::post("/openai/deployments/gpt/chat/completions", &body("x"));
    assert_eq!(passing.master().send(&azure).await.status(), 200);
    let listed = passing.master().send(&Call::get("/openai/v1/models")).await;
    assert_eq!(listed.json()["data"][0]["owned_by"], "drill", "{}", listed.text());
}

#[tokio::test]
async fn whatever_else_a_provider_has_is_passed_on_without_being_held() {
    let ear = Ear::open().await;
    let config = format!(
        "model_list: [{{model_name: m, litellm_params: {{model: mistral/x, api_base: '{}', api_key: up}}}}]\n\
         general_settings: {{master_key: {MASTER}}}\n",
        ear.url("/v1")
    );
    let gateway = Gateway::start(&config).await;
    let master = Person::of(&gateway, MASTER);
    let huge: Vec<u8> = vec![b'x'; 48 << 20];
    let call = Call::new("POST", "/mistral/v1/files").header("content-type", "multipart/form-data; boundary=b");
    let answer = master.send(&call.clone().body(huge.clone())).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let heard = ear.heard("/v1/files").pop().expect("it was heard");
    assert!(heard.body == huge && heard.header("authorization") == Some("Bearer up"));
    assert_eq!(heard.header("content-type"), Some("multipart/form-data; boundary=b"));
    for (method, path) in [("DELETE", "/mistral/v1/files/7"), ("PUT", "/mistral/v1/x"), ("PATCH", "/mistral/v1/x")] {
        assert_eq!(master.send(&Call::new(method, path)).await.status(), 200);
        assert_eq!(ear.heard("").pop().expect("it was heard").method, method);
    }
    assert_eq!(master.send(&Call::new("TRACE", "/mistral/v1/x")).await.status(), 405);
    assert!(gateway.memory_kib("VmHWM") < 160 << 10, "{}", gateway.memory_kib("VmHWM"));
}

#[tokio::test]
async fn a_path_never_leads_out_of_its_prefix() {
    let passing = Passing::open("", "").await;
    for path in ["/anthropic/../x", "/anthropic/v1/%2e%2e/x", "/anthropic/v1/..%2f..%2fx", "/anthropic/%252e%252e/x"] {
        assert_eq!(passing.master().send(&Call::get(path)).await.status(), 400, "{path}");
    }
    assert!(passing.provider.requests().is_empty());
}

#[tokio::test]
async fn the_environment_alone_is_enough() {
    let provider = mock("").await;
    let env = [("ANTHROPIC_API_KEY", "from-env"), ("ANTHROPIC_API_BASE", &*provider.url())];
    let gateway = Gateway::start_with(&format!("general_settings: {{master_key: {MASTER}}}\n"), &[], &env).await;
    let answer = Person::of(&gateway, MASTER).send(&hello(json!({}))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let got = provider.requests().pop().expect("it was asked");
    assert_eq!(got.header("x-api-key"), Some("from-env"));
    let nobody = Call::post("/mistral/v1/chat/completions", &json!({"model": "m", "messages": []}));
    let answer = Person::of(&gateway, MASTER).send(&nobody).await;
    assert!(answer.status() == 404 && answer.text().contains("MISTRAL_API_KEY"), "{}", answer.text());
}

#[tokio::test]
async fn a_credential_that_is_offered_comes_first_and_one_that_is_not_never() {
    let (plain, offered, kept) = (mock("").await, mock("").await, mock("").await);
    let config = format!(
        "model_list:\n- {{model_name: a, litellm_params: {{model: anthropic/a, api_base: '{}', api_key: k, \
         use_in_pass_through: false}}}}\n- {{model_name: b, litellm_params: {{model: anthropic/b, api_base: '{}', \
         api_key: k}}}}\n- {{model_name: c, litellm_params: {{model: anthropic/c, api_base: '{}', api_key: k, \
         use_in_pass_through: true}}}}\n",
        kept.url(),
        plain.url(),
        offered.url()
    );
    let gateway = Gateway::start(&config).await;
    for (model, provider) in [("c", &offered), ("a", &offered), ("other", &offered), ("b", &plain)] {
        let before = provider.requests().len();
        hello(json!({"model": model})).send(gateway.addr).await;
        assert_eq!(provider.requests().len(), before + 1, "{model}");
    }
    assert!(kept.requests().is_empty());
}

#[tokio::test]
async fn bedrock_is_signed_and_relayed_in_its_own_frames() {
    let provider = mock("chunks=2").await;
    let config = format!(
        "model_list: [{{model_name: b, litellm_params: {{model: bedrock/amazon.nova-lite-v1:0, api_base: '{}', \
         aws_access_key_id: AKIDEXAMPLE, aws_secret_access_key: secret, aws_region_name: eu-west-1}}}}]\n\
         general_settings: {{master_key: {MASTER}}}\n",
        provider.url()
    );
    let gateway = Gateway::start(&config).await;
    let master = Person::of(&gateway, MASTER);
    let body =
        json!({"messages": [{"role": "user", "content": [{"text": "hi"}]}], "inferenceConfig": {"maxTokens": 9}});
    for (verb, kind) in [("converse", "application/json"), ("converse-stream", "application/vnd.amazon.eventstream")] {
        let call = Call::post(&format!("/bedrock/model/amazon.nova-lite-v1%3A0/{verb}"), &body);
        let answer = master.send(&call).await;
        assert_eq!((answer.status(), answer.header("content-type")), (200, Some(kind)), "{}", answer.text());
        let got = provider.requests().pop().expect("it was asked");
        assert_eq!(got.target, format!("/model/amazon.nova-lite-v1%3A0/{verb}"));
        let signed = got.header("authorization").unwrap_or_default();
        assert!(
            signed.starts_with("AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/") && signed.contains("/eu-west-1/bedrock/")
        );
        assert!(!signed.contains(MASTER));
    }
    let rows = crate::sinks::ear::until(async || {
        let page = master.see("/spend/logs/v2").await;
        (page["total"] == 2).then(|| page["data"].clone())
    });
    for row in rows.await.as_array().expect("a list") {
        assert!(row["spend"].as_f64().is_some_and(|spend| spend > 0.0), "{row}");
    }
}

#[tokio::test]
async fn every_provider_is_shown_its_key_in_its_own_way() {
    let ear = Ear::open().await;
    let root = ear.url("");
    let bases = [
        "CURSOR_API_BASE",
        "FAL_AI_API_BASE",
        "LANGFUSE_HOST",
        "AZURE_SPEECH_API_BASE",
        "TINYFISH_API_BASE",
        "TYPESAFE_API_BASE",
        "AWS_ENDPOINT_URL_TRANSCRIBE",
        "AWS_ENDPOINT_URL_COMPREHENDMEDICAL",
    ];
    let keys = [
        ("CURSOR_API_KEY", "up"),
        ("FAL_AI_API_KEY", "up"),
        ("LANGFUSE_PUBLIC_KEY", "pk"),
        ("LANGFUSE_SECRET_KEY", "sk"),
        ("AZURE_SPEECH_API_KEY", "up"),
        ("TINYFISH_API_KEY", "up"),
        ("TYPESAFE_API_KEY", "up"),
        ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
        ("AWS_REGION", "eu-west-1"),
    ];
    let env: Vec<(&str, &str)> = bases.iter().map(|name| (*name, &*root)).chain(keys).collect();
    let gateway = Gateway::start_with(&format!("general_settings: {{master_key: {MASTER}}}\n"), &[], &env).await;
    let master = Person::of(&gateway, MASTER);
    for (path, header, expected) in [
        ("/cursor/v0/agents", "authorization", "Basic dXA6"),
        ("/fal_ai/fal-ai/flux", "authorization", "Key up"),
        ("/langfuse/api/public/ingestion", "authorization", "Basic cGs6c2s="),
        ("/azure_speech/cognitiveservices/v1", "ocp-apim-subscription-key", "up"),
        ("/tinyfish/v1/automation/run", "x-api-key", "up"),
        ("/typesafe/v1/decide", "authorization", "Bearer up"),
    ] {
        let answer = master.send(&Call::post(path, &json!({}))).await;
        assert_eq!(answer.status(), 200, "{path} {}", answer.text());
        let heard = ear.heard("").pop().expect("it was heard");
        assert!(path.ends_with(&heard.path) && heard.path.len() > 1, "{path}: {}", heard.path);
        assert_eq!(heard.header(header), Some(expected), "{path}");
    }
    for (path, target) in [
        ("/transcribe/StartTranscriptionJob", "Transcribe.StartTranscriptionJob"),
        ("/comprehendmedical/DetectEntitiesV2", "ComprehendMedical_20181030.DetectEntitiesV2"),
        ("/transcribe", "Transcribe.ListVocabularies"),
    ] {
        let call = Call::post(path, &json!({})).header("x-amz-target", "Transcribe.ListVocabularies");
        assert_eq!(master.send(&call).await.status(), 200, "{path}");
        let heard = ear.heard("").pop().expect("it was heard");
        assert_eq!((&*heard.path, heard.header("x-amz-target")), ("/", Some(target)));
        let signed = heard.header("authorization").unwrap_or_default();
        let service = path.split('/').nth(1).unwrap();
        assert!(signed.contains(&format!("/eu-west-1/{service}/aws4_request")), "{path}: {signed}");
        assert!(signed.contains("x-amz-target"), "{path}: {signed}");
    }
    // Clients of some providers show their keys as passwords.
    let pair = STANDARD.encode(format!("me:{MASTER}"));
    let call = Call::get("/langfuse/api/public/traces").header("authorization", format!("Basic {pair}"));
    assert_eq!(call.send(gateway.addr).await.status(), 200);
    let nobody = master.send(&Call::get("/milvus/v2/x")).await;
    assert!(nobody.status() == 404 && nobody.text().contains("set MILVUS_API_KEY"), "{}", nobody.text());
}
