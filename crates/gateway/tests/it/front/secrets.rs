//! Canaries: secrets are planted everywhere the gateway has them, every way to make it talk is tried, and none of them
//! may sing.

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

/// What must never be seen.
const CANARY: &str = "canary-7f3a9c";

/// Everything the gateway said in an answer.
fn all(answer: &crate::client::Answer) -> String {
    format!("{:?} {}", answer.head.headers, answer.text())
}

#[tokio::test]
async fn no_secret_is_in_any_answer_header_or_log() {
    let provider = mock("").await;
    // A provider that repeats the credential, as some do.
    let telltale = format!("Incorrect%20API%20key%20provided:%20sk-{CANARY}-upstream.%20Find%20yours%20elsewhere.");
    let key = format!("api_key: sk-{CANARY}-upstream");
    let headers = format!("api_key: os.environ/UPSTREAM, extra_headers: {{x-secret: {CANARY}-header}}");
    let mut config = Config::default().model("demo", "openai/demo", &format!("{}/v1", provider.url()), "");
    config = config.and("");
    let yaml = config.yaml().replace("api_key: sk-upstream-0123456789", &headers);
    let mut yaml = yaml.trim_end().to_owned();
    let mut groups = vec!["demo".to_owned(), "no-such-model".to_owned()];
    for status in [400, 401, 403, 404, 429, 500, 503] {
        let (group, base) = (format!("status-{status}"), format!("{}/v1", provider.url()));
        let model = format!("openai/demo@status={status},message={}", telltale.replace(',', ""));
        yaml.push_str(&format!(
            "\n  - {{model_name: {group}, litellm_params: {{model: \"{model}\", api_base: \"{base}\", {key}, num_retries: 0}}}}"
        ));
        groups.push(group);
    }
    for (group, base) in [
        ("refused", "http://127.0.0.1:1/v1"),
        ("dns", "http://nowherenowherenowherenowherenowherenowherenowherenowherenowherenowhere.invalid/v1"),
    ] {
        yaml.push_str(&format!(
            "\n  - {{model_name: {group}, litellm_params: {{model: openai/demo, api_base: \"{base}\", {key}, num_retries: 0}}}}"
        ));
        groups.push(group.to_owned());
    }
    yaml.push_str(&format!(
        "\nrouter_settings: {{num_retries: 0}}\ngeneral_settings: {{master_key: sk-{CANARY}-master}}\n"
    ));
    let environment = [("UPSTREAM", format!("sk-{CANARY}-environment"))];
    let environment: Vec<(&str, &str)> = environment.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let gateway = Gateway::start_with(&yaml, &["--detailed_debug"], &environment).await;
    let master = format!("Bearer sk-{CANARY}-master");
    for front in Front::ALL {
        for stream in [false, true] {
            for group in &groups {
                let call = front.call(group, "hello", stream).header("authorization", &master);
                let said = all(&gateway.call(&call).await);
                assert!(!said.contains(CANARY), "{group}: {said}");
            }
        }
        // A caller's mistyped key is a secret too.
        let mistyped = front.call("demo", "hello", false).header("x-api-key", format!("sk-{CANARY}-mistyped"));
        let in_path =
            Call::post(&format!("{}?key=sk-{CANARY}-query", front.path()), &front.body("demo", "hello", false));
        let in_body = front.call("demo", "hello", false).body(format!("{{\"api_key\": \"sk-{CANARY}-body\""));
        for call in [mistyped, in_path, in_body.header("authorization", &master)] {
            let said = all(&gateway.call(&call).await);
            assert!(!said.contains(CANARY), "{said}");
        }
    }
    for path in ["/", "/v1/models", "/health/readiness", "/v1/models/demo", "/nothing"] {
        let said = all(&gateway.call(&Call::get(path).header("authorization", &master)).await);
        assert!(!said.contains(CANARY), "{path}: {said}");
    }
    gateway.reconfigure(&format!("{yaml}\nnonsense: [{CANARY}"));
    let reload = gateway.call(&Call::new("POST", "/config/reload").header("authorization", &master)).await;
    assert_eq!(reload.status(), 422, "{}", reload.text());
    assert!(!reload.head.headers.iter().any(|(_, value)| value.contains(CANARY)));
    let log = gateway.logged("status").await;
    let leak = log.lines().find(|line| line.contains(CANARY));
    assert_eq!(leak, None, "a secret is in the log");
    assert!(!gateway.said().contains(CANARY));
}
