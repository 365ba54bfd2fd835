//! Clouds that have other paths and credentials than the dialects they speak.

use drill::mock::{Mock, Recorded};

use crate::backs::{UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::gateway::Gateway;

/// A gateway with one model, `demo`, and these parameters of it.
async fn serving(provider: &Mock, params: &str, env: &[(&str, &str)]) -> Gateway {
    let params = params.replace("BASE", &provider.url());
    let config = format!("model_list:\n- {{model_name: demo, litellm_params: {{{params}}}}}\n");
    Gateway::start_with(&config, &[], env).await
}

/// The last request that a provider got.
fn asked(provider: &Mock) -> Recorded {
    provider.requests().pop().expect("it was asked")
}

fn header<'a>(request: &'a Recorded, name: &str) -> Option<&'a str> {
    request.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
}

#[tokio::test]
async fn azure_gets_the_deployment_in_the_path_a_version_and_its_own_header() {
    let provider = mock("").await;
    let params = format!("model: azure/my-gpt, api_base: 'BASE', api_version: '2024-10-21', api_key: {UPSTREAM_KEY}");
    let gateway = serving(&provider, &params, &[]).await;
    for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
        let answer = gateway.call(&front.call("demo", "hello", stream)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let request = asked(&provider);
        let expected = match front {
            Front::Responses => "/openai/v1/responses",
            _ => "/openai/deployments/my-gpt/chat/completions?api-version=2024-10-21",
        };
        assert_eq!(request.target, expected);
        assert_eq!(header(&request, "api-key"), Some(UPSTREAM_KEY));
        assert_eq!(header(&request, "authorization"), None);
    }
}

#[tokio::test]
async fn azure_is_reached_by_whatever_address_its_portal_shows() {
    let provider = mock("").await;
    let key = format!("api_key: {UPSTREAM_KEY}");
    for (params, env, expected) in [
        (
            "model: azure/x, api_base: 'BASE/openai/deployments/mine/chat/completions?api-version=2024-06-01'",
            "",
            "/openai/deployments/mine/chat/completions?api-version=2024-06-01",
        ),
        ("model: azure/x, api_base: 'BASE/openai/v1'", "", "/openai/v1/chat/completions"),
        ("model: azure/x, api_base: 'BASE/', api_version: v1", "", "/openai/v1/chat/completions"),
        (
            "model: azure/x, api_base: 'BASE'",
            "2025-01-01",
            "/openai/deployments/x/chat/completions?api-version=2025-01-01",
        ),
        (
            "model: azure_ai/grok, api_base: 'BASE/models'",
            "",
            "/models/chat/completions?api-version=2024-05-01-preview",
        ),
    ] {
        let gateway = serving(&provider, &format!("{params}, {key}"), &[("AZURE_API_VERSION", env)]).await;
        let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
        assert_eq!(answer.status(), 200, "{params}: {}", answer.text());
        assert_eq!(asked(&provider).target, expected);
    }
}

#[tokio::test]
async fn a_token_of_entra_takes_the_place_of_the_key() {
    let provider = mock("").await;
    for (params, env) in [
        ("model: azure/x, api_base: 'BASE', azure_ad_token: entra-token", ""),
        ("model: azure/x, api_base: 'BASE'", "entra-token"),
    ] {
        let gateway = serving(&provider, params, &[("AZURE_AD_TOKEN", env)]).await;
        assert_eq!(gateway.call(&Front::Chat.call("demo", "hello", false)).await.status(), 200);
        let request = asked(&provider);
        assert_eq!(header(&request, "authorization"), Some("Bearer entra-token"), "{params}");
        assert_eq!(header(&request, "api-key"), None);
    }
}

#[tokio::test]
async fn claude_on_foundry_is_spoken_to_in_anthropics_dialect() {
    let provider = mock("").await;
    let params = format!("model: azure_ai/claude-sonnet-4-5, api_base: 'BASE', api_key: {UPSTREAM_KEY}");
    let gateway = serving(&provider, &params, &[]).await;
    for front in Front::ALL {
        let answer = gateway.call(&front.call("demo", "hello", true)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let request = asked(&provider);
        assert_eq!(request.target, "/anthropic/v1/messages");
        assert_eq!(header(&request, "x-api-key"), Some(UPSTREAM_KEY));
    }
}
