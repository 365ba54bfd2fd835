//! Clouds with words, signatures or paths of their own around dialects that others speak.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::signed::{self, ID, SECRET};
use super::{asked, header, serving};
use crate::backs::{UPSTREAM_KEY, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Folder;

#[tokio::test]
async fn watsonx_is_asked_in_its_own_words_for_the_project_that_pays() {
    let provider = mock("").await;
    let gateway = serving(
        &provider,
        "model: watsonx/ibm/granite-4, api_base: 'BASE', token: a-token",
        &[("WATSONX_PROJECT_ID", "the-project")],
    )
    .await;
    for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
        let answer = gateway.call(&front.call("demo", "Grüße", stream)).await;
        assert_eq!(answer.status(), 200, "{front:?} {}", answer.text());
        assert_eq!(front.hear(&answer).text, "You said: Grüße");
        let request = asked(&provider);
        let verb = if stream { "chat_stream" } else { "chat" };
        assert_eq!(request.target, format!("/ml/v1/text/{verb}?version=2025-02-06"));
        assert_eq!(header(&request, "authorization"), Some("Bearer a-token"));
        let body: Value = serde_json::from_slice(&request.body).expect("a body is JSON");
        assert_eq!((&body["model_id"], &body["project_id"]), (&json!("ibm/granite-4"), &json!("the-project")));
    }
    let gateway = serving(&provider, "model: watsonx/deployment/mine, api_base: 'BASE', token: a-token", &[]).await;
    assert_eq!(gateway.call(&Front::Chat.call("demo", "hello", false)).await.status(), 200);
    assert_eq!(asked(&provider).target, "/ml/v1/deployments/mine/text/chat?version=2025-02-06");
}

#[tokio::test]
async fn an_endpoint_of_sagemaker_gets_signed_requests_and_its_streams_are_read_from_frames() {
    let provider = mock("").await;
    let params = format!(
        "model: sagemaker_chat/my-endpoint, api_base: 'BASE', aws_access_key_id: {ID}, aws_secret_access_key: {SECRET}, \
         aws_region_name: eu-west-1"
    );
    let gateway = serving(&provider, &params, &[]).await;
    for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
        let answer = gateway.call(&front.call("demo", "Grüße", stream)).await;
        assert_eq!(answer.status(), 200, "{front:?} {}", answer.text());
        let heard = front.hear(&answer);
        assert_eq!((heard.text.as_str(), heard.is_success()), ("You said: Grüße", true), "{front:?}");
        let request = asked(&provider);
        let verb = if stream { "invocations-response-stream" } else { "invocations" };
        assert_eq!(request.target, format!("/endpoints/my-endpoint/{verb}"));
        let of = |name: &str| header(&request, name);
        signed::check(("POST", &request.target), of, &request.body, ("eu-west-1", "sagemaker"), (ID, SECRET, None));
    }
}

#[tokio::test]
async fn oracles_cloud_gets_requests_that_a_users_key_has_signed() {
    let provider = mock("").await;
    let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
    let der = AsDer::<Pkcs8V1Der>::as_der(&pair).expect("a key can be written");
    let pem = STANDARD.encode(der.as_ref());
    let folder = Folder::new();
    let file = folder.path().join("key.pem");
    std::fs::write(&file, format!("-----BEGIN PRIVATE KEY-----\n{pem}\n-----END PRIVATE KEY-----\n"))
        .expect("the folder can be written to");
    let params = format!(
        "model: oci/xai.grok-4, api_base: 'BASE/openai/v1', oci_tenancy: t, oci_user: u, oci_fingerprint: 'a:b', \
         oci_key_file: '{}', oci_compartment_id: ocid1.compartment",
        file.display()
    );
    let gateway = serving(&provider, &params, &[]).await;
    for stream in [false, true] {
        let answer = gateway.call(&Front::Chat.call("demo", "hello", stream)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        let request = asked(&provider);
        let of = |name: &str| header(&request, name).unwrap_or_default();
        assert_eq!((of("compartmentid"), of("opc-compartment-id")), ("ocid1.compartment", "ocid1.compartment"));
        let value = of("authorization");
        let part = |name: &str| value.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next());
        assert_eq!(part("keyId"), Some("t/u/a:b"), "{value}");
        let said = format!(
            "date: {}\n(request-target): post {}\nhost: {}\ncontent-length: {}\ncontent-type: {}\nx-content-sha256: {}",
            of("date"),
            request.target,
            of("host"),
            request.body.len(),
            of("content-type"),
            of("x-content-sha256")
        );
        let signature = STANDARD.decode(part("signature").expect("it is signed")).expect("it is base64");
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        assert!(public.verify(said.as_bytes(), &signature).is_ok(), "{said}");
    }
}

#[tokio::test]
async fn a_key_of_snowflake_says_of_which_kind_it_is() {
    let provider = mock("").await;
    let kind = "x-snowflake-authorization-token-type";
    for (key, shown, expected) in [
        ("pat/secret", "Bearer secret", Some("PROGRAMMATIC_ACCESS_TOKEN")),
        ("eyJh.eyJi.c2ln", "Bearer eyJh.eyJi.c2ln", Some("KEYPAIR_JWT")),
        ("other", "Bearer other", None),
    ] {
        let params = format!("model: snowflake/claude-sonnet-4-5, api_base: 'BASE/v1', api_key: {key}");
        let gateway = serving(&provider, &params, &[]).await;
        assert_eq!(gateway.call(&Front::Chat.call("demo", "hello", false)).await.status(), 200);
        let request = asked(&provider);
        assert_eq!((header(&request, "authorization"), header(&request, kind)), (Some(shown), expected));
    }
}

#[tokio::test]
async fn documents_are_ranked_on_bedrock_and_on_foundry() {
    let provider = mock("").await;
    let key = format!("api_key: {UPSTREAM_KEY}");
    for (params, path) in [
        (
            format!("model: 'bedrock/cohere.rerank-v3-5:0', api_base: 'BASE', {key}"),
            "/model/cohere.rerank-v3-5%3A0/invoke",
        ),
        (format!("model: 'bedrock/amazon.rerank-v1:0', api_base: 'BASE', {key}"), "/model/amazon.rerank-v1%3A0/invoke"),
        (format!("model: azure_ai/cohere-rerank-v4.0-pro, api_base: 'BASE', {key}"), "/v1/rerank"),
        (
            format!("model: azure_ai/Cohere-rerank-v3.5, api_base: 'BASE/providers/cohere/v2', {key}"),
            "/providers/cohere/v2/rerank",
        ),
    ] {
        let gateway = serving(&provider, &params, &[]).await;
        let body = json!({ "model": "demo", "query": "the sun", "documents": ["water", "the sun"], "top_n": 1 });
        let answer = gateway.call(&Call::post("/v1/rerank", &body)).await;
        assert_eq!(answer.status(), 200, "{path}: {}", answer.text());
        let answer: Value = serde_json::from_str(&answer.text()).expect("an answer is JSON");
        assert_eq!((answer["results"].as_array().map(Vec::len), &answer["results"][0]["index"]), (Some(1), &json!(1)));
        assert_eq!(asked(&provider).target, path);
    }
}
