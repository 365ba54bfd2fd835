//! All kinds of credentials that are exchanged for tokens: each token is fetched again before it ends, while calls go on.

use serde_json::json;

use super::desk::Desk;
use super::header;
use crate::backs::mock;
use crate::callers::Front;
use crate::gateway::{Folder, Gateway};

/// Credentials, and what their issuer is asked at.
const KINDS: [(&str, &str, &str); 7] = [
    (
        "workload",
        "model: azure/x, azure_credential: WorkloadIdentityCredential, tenant_id: w, client_id: me",
        "/w/oauth2",
    ),
    (
        "person",
        "model: azure/x, tenant_id: p, client_id: me, azure_username: me, azure_password: canary-word",
        "/p/oauth2",
    ),
    (
        "managed",
        "model: azure_ai/x, azure_credential: ManagedIdentityCredential, client_id: mine",
        "/metadata/identity",
    ),
    ("elsewhere", "model: vertex_ai/gemini-3-pro, vertex_project: red, vertex_credentials: ELSEWHERE", "/act"),
    ("ibm", "model: watsonx/ibm/granite-4, project_id: p, api_key: canary-key", "/identity/token"),
    ("sber", "model: gigachat/GigaChat-2, api_key: canary-key", "/oauth"),
    ("machine", "model: vertex_ai/gemini-3-pro, vertex_project: red", "/computeMetadata"),
];

#[tokio::test]
async fn every_kind_of_credential_gets_its_next_token_before_the_last_one_ends() {
    let provider = mock("").await;
    let desk = Desk::open(6, 0, |_| true).await;
    let folder = Folder::new();
    let token = folder.path().join("token");
    std::fs::write(&token, "canary-voucher\n").expect("the folder can be written to");
    let elsewhere = json!({ "type": "external_account", "audience": "//iam", "subject_token_type": "urn:jwt",
        "token_url": format!("{}/sts", desk.url()), "credential_source": { "file": token },
        "service_account_impersonation_url": format!("{}/act", desk.url()) });
    let entry = |(name, params, _): &(&str, &str, &str)| {
        let base = if params.contains("gigachat") { format!("{}/v1", provider.url()) } else { provider.url() };
        let params = params.replace("ELSEWHERE", &elsewhere.to_string());
        format!("- {{model_name: {name}, litellm_params: {{{params}, api_base: '{base}'}}}}\n")
    };
    let config = format!("model_list:\n{}", KINDS.iter().map(entry).collect::<String>());
    let (identity, oauth) = (format!("{}/identity/token", desk.url()), format!("{}/oauth", desk.url()));
    let (url, file, home) = (desk.url(), token.to_string_lossy(), folder.path().to_string_lossy());
    let env = [
        ("AZURE_AUTHORITY_HOST", &*url),
        ("AZURE_FEDERATED_TOKEN_FILE", &*file),
        ("AZURE_POD_IDENTITY_AUTHORITY_HOST", &url),
        ("GCE_METADATA_HOST", url.trim_start_matches("http://")),
        ("WATSONX_IAM_URL", &identity),
        ("GIGACHAT_AUTH_URL", &oauth),
        ("HOME", &home),
    ];
    let gateway = Gateway::start_with(&config, &[], &env).await;
    for (name, _, place) in KINDS {
        let mut seen = Vec::<String>::new();
        while seen.len() < 2 {
            let answer = gateway.call(&Front::Chat.call(name, "hello", false)).await;
            assert_eq!(answer.status(), 200, "{name}: {}", answer.text());
            let request = provider.requests().pop().expect("it was asked");
            let token = header(&request, "authorization").expect("there is one").to_owned();
            assert!(token.starts_with("Bearer fetched-"), "{name}: {token}");
            if seen.last() != Some(&token) {
                seen.push(token);
            }
        }
        assert!(desk.asked().iter().any(|(path, _)| path.starts_with(place)), "{name}: {:?}", desk.asked());
    }
    let asked = |place: &str| {
        let found = desk.asked().into_iter().zip(desk.heads()).find(|((path, _), _)| path.starts_with(place));
        found.map(|((path, fields), head)| (path, fields, head)).expect("it was asked")
    };
    let (_, fields, _) = asked("/w/oauth2");
    assert_eq!((&*fields["client_assertion"], &*fields["grant_type"]), ("canary-voucher", "client_credentials"));
    let (path, _, head) = asked("/metadata/identity");
    assert!(path.ends_with("resource=https://cognitiveservices.azure.com&client_id=mine"), "{path}");
    assert!(head.contains("metadata: true"), "{head}");
    let (_, fields, _) = asked("/sts");
    assert_eq!((&*fields["subject_token"], &*fields["audience"]), ("canary-voucher", "//iam"));
    let (_, _, head) = asked("/act");
    assert!(head.contains("authorization: bearer fetched-"), "{head}");
    let (_, fields, _) = asked("/identity/token");
    assert_eq!(fields["apikey"], "canary-key");
    let (_, fields, head) = asked("/oauth");
    assert_eq!(fields["scope"], "GIGACHAT_API_PERS");
    assert!(head.contains("authorization: basic canary-key") && head.contains("rquid: "), "{head}");
    assert!(!gateway.log().contains("canary"), "{}", gateway.log());
}
