//! Clouds that have other paths and credentials than the dialects they speak.

mod bedrock;
mod cohere;
mod desk;
mod kinds;
mod others;
pub mod signed;
mod tokens;
mod vertex;

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use drill::mock::{Mock, Recorded};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::backs::{UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::gateway::{Folder, Gateway, lockgate, run};
use desk::Desk;

/// The head and the body of a request; what came of it, if it breaks off.
async fn request(stream: &mut TcpStream) -> (String, String) {
    let (mut text, mut part) = (String::new(), [0; 8192]);
    loop {
        let read = stream.read(&mut part).await.unwrap_or_default();
        text.push_str(&String::from_utf8_lossy(&part[..read]));
        let (head, body) = match text.split_once("\r\n\r\n") {
            Some(parts) => parts,
            None if read == 0 => (&*text, ""),
            None => continue,
        };
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().expect("a length is a number"));
        if body.len() >= length || read == 0 {
            return (head.to_owned(), body.to_owned());
        }
    }
}

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

/// An application in Entra ID.
const APPLICATION: &str =
    "model: azure/x, api_base: 'BASE', tenant_id: red, client_id: me, client_secret: canary-secret";

#[tokio::test]
async fn an_application_of_entra_gets_a_token_and_another_one_before_that_ends() {
    let provider = mock("").await;
    let desk = Desk::open(4, 0, |fields| fields["client_secret"] == "canary-secret").await;
    let gateway = serving(&provider, APPLICATION, &[("AZURE_AUTHORITY_HOST", &desk.url())]).await;
    let mut seen = Vec::<String>::new();
    while seen.len() < 3 {
        assert_eq!(gateway.call(&Front::Chat.call("demo", "hello", false)).await.status(), 200);
        let token = header(&asked(&provider), "authorization").expect("there is one").to_owned();
        if seen.last() != Some(&token) {
            seen.push(token);
        }
    }
    assert_eq!(seen, ["Bearer fetched-1", "Bearer fetched-2", "Bearer fetched-3"]);
    let (path, fields) = &desk.asked()[0];
    assert_eq!(path, "/red/oauth2/v2.0/token");
    assert_eq!((&*fields["grant_type"], &*fields["client_id"]), ("client_credentials", "me"));
    assert_eq!(fields["scope"], "https://cognitiveservices.azure.com/.default");
}

#[tokio::test]
async fn while_no_token_can_be_had_callers_hear_why_and_no_secret() {
    let provider = mock("").await;
    let desk = Desk::open(3600, usize::MAX, |_| true).await;
    let gateway = serving(&provider, APPLICATION, &[("AZURE_AUTHORITY_HOST", &desk.url())]).await;
    let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
    assert_eq!(answer.status(), 503, "{}", answer.text());
    assert!(answer.text().contains("invalid_client: who are you?"), "{}", answer.text());
    gateway.logged("no access token from").await;
    assert!(!gateway.log().contains("canary-secret") && !answer.text().contains("canary-secret"));
    assert_eq!(provider.requests().len(), 0, "nobody is asked without a credential");
}

#[tokio::test]
async fn vertex_is_signed_in_to_as_a_service_account_whoever_made_the_model() {
    let provider = mock("").await;
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let public = pair.public_key().as_ref().to_vec();
    let desk = Desk::open(3600, 0, move |fields| is_signed(&fields["assertion"], &public)).await;
    let der = AsDer::<Pkcs8V1Der>::as_der(&pair).expect("a key can be written");
    let pem = STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n");
    let account = json!({ "type": "service_account", "project_id": "red", "private_key_id": "k1", "private_key": pem,
        "client_email": "gateway@red.example", "token_uri": desk.url() });
    let parent = "/v1/projects/red/locations/europe-west4";
    for (model, whole, streamed) in [
        (
            "gemini-3-pro",
            "/publishers/google/models/gemini-3-pro:generateContent",
            "/publishers/google/models/gemini-3-pro:streamGenerateContent?alt=sse",
        ),
        (
            "claude-sonnet-4-5",
            "/publishers/anthropic/models/claude-sonnet-4-5:rawPredict",
            "/publishers/anthropic/models/claude-sonnet-4-5:streamRawPredict",
        ),
        ("meta/llama-4", "/endpoints/openapi/chat/completions", "/endpoints/openapi/chat/completions"),
    ] {
        // The mock asks for no particular key: what it was shown is looked at here.
        let params = format!(
            "model: 'vertex_ai/{model}', api_base: 'BASE', vertex_location: europe-west4, vertex_credentials: {account}"
        );
        let gateway = serving(&provider, &params, &[]).await;
        for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
            let answer = gateway.call(&front.call("demo", "hello", stream)).await;
            assert_eq!(answer.status(), 200, "{model} {}", answer.text());
            let request = asked(&provider);
            assert_eq!(request.target, format!("{parent}{}", if stream { streamed } else { whole }));
            assert!(header(&request, "authorization").is_some_and(|value| value.starts_with("Bearer fetched-")));
            let body: Value = serde_json::from_slice(&request.body).expect("a body is JSON");
            if model.starts_with("claude") {
                assert_eq!(body["anthropic_version"], "vertex-2023-10-16", "{body}");
                assert!(body["model"].is_null(), "{body}");
            }
        }
    }
    let claims = desk.asked()[0].1["assertion"].split('.').nth(1).map(|part| URL_SAFE_NO_PAD.decode(part));
    let claims: Value = serde_json::from_slice(&claims.unwrap().unwrap()).unwrap();
    assert_eq!((&claims["iss"], &claims["aud"]), (&json!("gateway@red.example"), &json!(desk.url())), "{claims}");
}

/// Whether a statement is signed with this key.
fn is_signed(assertion: &str, public: &[u8]) -> bool {
    let Some((said, signature)) = assertion.rsplit_once('.') else { return false };
    let signature = URL_SAFE_NO_PAD.decode(signature).expect("a signature is base64");
    UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, public).verify(said.as_bytes(), &signature).is_ok()
}

#[tokio::test]
async fn vertex_without_a_project_is_told_of_before_anybody_calls() {
    let folder = Folder::new();
    let file = folder.path().join("config.yaml");
    let config = "model_list:\n- {model_name: demo, litellm_params: {model: vertex_ai/gemini-3-pro}}\n";
    std::fs::write(&file, config).expect("the folder can be written to");
    let (code, said, complained) = run(&mut lockgate(&["check", &file.to_string_lossy()])).await;
    assert_eq!(code, Some(1), "{said}{complained}");
    assert!(said.contains("vertex_project: is missing") && said.contains("VERTEXAI_PROJECT"), "{said}");
    let config = config.replace("gemini-3-pro", "gemini-3-pro, vertex_project: red, vertex_credentials: /nowhere.json");
    std::fs::write(&file, config).expect("the folder can be written to");
    let (_, said, _) = run(&mut lockgate(&["check", &file.to_string_lossy()])).await;
    assert!(said.contains("vertex_credentials: /nowhere.json cannot be read") && !said.contains("no key"), "{said}");
}
