//! Models of Amazon Bedrock: where they are, and who signs what is asked of them.

use drill::mock::{Mock, Recorded};
use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

use super::signed::{self, ID, SECRET};
use super::tokens::{Asked, Tokens};
use super::{asked, header, serving};
use crate::backs::mock;
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::{Folder, Gateway};

/// A credential that is written down.
fn written(model: &str, more: &str) -> String {
    format!(
        "model: 'bedrock/{model}', api_base: 'BASE', aws_access_key_id: {ID}, aws_secret_access_key: {SECRET}{more}"
    )
}

/// Checks who signed a request to a model.
fn is_signed(request: &Recorded, region: &str, keys: (&str, &str, Option<&str>)) {
    let of = |name: &str| header(request, name);
    signed::check(("POST", &request.target), of, &request.body, (region, "bedrock"), keys);
}

async fn call(gateway: &Gateway) -> u16 {
    gateway.call(&Front::Chat.call("demo", "hello", false)).await.status()
}

#[tokio::test]
async fn every_request_is_signed_whoever_asks_and_however() {
    let provider = mock("").await;
    let more = ", aws_region_name: eu-central-1, aws_session_token: a-session";
    let gateway = serving(&provider, &written("us.anthropic.claude-sonnet-4-5-20250929-v1:0", more), &[]).await;
    for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
        let answer = gateway.call(&front.call("demo", "Grüße", stream)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(front.hear(&answer).text, "You said: Grüße");
        let request = asked(&provider);
        let verb = if stream { "converse-stream" } else { "converse" };
        assert_eq!(request.target, format!("/model/us.anthropic.claude-sonnet-4-5-20250929-v1%3A0/{verb}"));
        is_signed(&request, "eu-central-1", (ID, SECRET, Some("a-session")));
    }
    let log = gateway.log();
    assert!(!log.contains(SECRET) && !log.contains("a-session"), "{log}");
}

#[tokio::test]
async fn the_region_is_that_of_the_operator_of_the_model_of_the_environment_or_the_usual_one() {
    let provider = mock("").await;
    let arn = "arn:aws:bedrock:ap-south-1:123456789012:inference-profile/apac.amazon.nova-lite-v1:0";
    let encoded = "arn%3Aaws%3Abedrock%3Aap-south-1%3A123456789012%3Ainference-profile%2Fapac.amazon.nova-lite-v1%3A0";
    for (model, more, env, path, region) in [
        ("amazon.nova-lite-v1:0", ", aws_region_name: eu-west-3", "us-east-2", "amazon.nova-lite-v1%3A0", "eu-west-3"),
        (arn, "", "us-east-2", encoded, "ap-south-1"),
        ("us-gov-west-1/meta.llama3-x", "", "us-east-2", "meta.llama3-x", "us-gov-west-1"),
        ("converse/amazon.nova-lite-v1:0", "", "us-east-2", "amazon.nova-lite-v1%3A0", "us-east-2"),
        ("amazon.nova-lite-v1:0", "", "", "amazon.nova-lite-v1%3A0", "us-west-2"),
    ] {
        let gateway = serving(&provider, &written(model, more), &[("AWS_REGION", env)]).await;
        assert_eq!(call(&gateway).await, 200, "{model}");
        let request = asked(&provider);
        assert_eq!(request.target, format!("/model/{path}/converse"));
        is_signed(&request, region, (ID, SECRET, None));
    }
}

#[tokio::test]
async fn credentials_come_from_the_environment_and_from_profiles_and_a_key_of_bedrock_signs_nothing() {
    let provider = mock("").await;
    let folder = Folder::new();
    let file = folder.path().join("credentials");
    std::fs::write(
        &file,
        "[work]\naws_access_key_id = AKIDPROFILE\naws_secret_access_key = of-profile\nregion = sa-east-1\n",
    )
    .expect("the folder can be written to");
    let file = file.to_string_lossy();
    let env = [
        ("AWS_ACCESS_KEY_ID", ID),
        ("AWS_SECRET_ACCESS_KEY", SECRET),
        ("AWS_SESSION_TOKEN", "of-env"),
        ("AWS_SHARED_CREDENTIALS_FILE", &*file),
    ];
    let model = "model: bedrock/amazon.nova-lite-v1:0, api_base: 'BASE'";
    let gateway = serving(&provider, model, &env).await;
    assert_eq!(call(&gateway).await, 200);
    is_signed(&asked(&provider), "us-west-2", (ID, SECRET, Some("of-env")));
    let gateway = serving(&provider, &format!("{model}, aws_profile_name: work"), &env).await;
    assert_eq!(call(&gateway).await, 200);
    is_signed(&asked(&provider), "sa-east-1", ("AKIDPROFILE", "of-profile", None));
    let key = [&env[..], &[("AWS_BEARER_TOKEN_BEDROCK", "bedrock-key")]].concat();
    let gateway = serving(&provider, model, &key).await;
    assert_eq!(call(&gateway).await, 200);
    let request = asked(&provider);
    assert_eq!(header(&request, "authorization"), Some("Bearer bedrock-key"));
    assert_eq!(header(&request, "x-amz-date"), None);
}

/// The fields of a form.
fn fields((.., body): &Asked) -> Value {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(name, value)| (name.to_owned(), Value::String(decoded(value))))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

/// Calls until so many credentials have signed, one after the other.
async fn rotates(gateway: &Gateway, provider: &Mock, region: &str) {
    let mut seen = 0;
    while seen < 2 {
        assert_eq!(call(gateway).await, 200);
        let request = asked(provider);
        let token = header(&request, "x-amz-security-token").expect("there is one").to_owned();
        let number: usize = token.trim_start_matches("session-").parse().expect("it is one of ours");
        assert!(number >= seen, "the newest signs");
        seen = number;
        let keys = (format!("ASIA{number}"), format!("secret-{number}"));
        is_signed(&request, region, (&keys.0, &keys.1, Some(&token)));
    }
}

#[tokio::test]
async fn a_role_is_taken_and_again_before_it_ends() {
    let (provider, tokens) = (mock("").await, Tokens::open(Some(4)).await);
    let more = format!(
        ", aws_region_name: eu-central-1, aws_role_name: 'arn:aws:iam::1:role/x', aws_session_name: me, \
         aws_external_id: outside, aws_sts_endpoint: '{}'",
        tokens.url()
    );
    let gateway = serving(&provider, &written("amazon.nova-lite-v1:0", &more), &[]).await;
    rotates(&gateway, &provider, "eu-central-1").await;
    let first = tokens.asked().remove(0);
    assert_eq!(
        fields(&first),
        json!({"Action": "AssumeRole", "Version": "2011-06-15", "RoleArn": "arn:aws:iam::1:role/x",
            "RoleSessionName": "me", "ExternalId": "outside"})
    );
    let (method, path, head, body) = &first;
    let of = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
    signed::check((method, path), of, body.as_bytes(), ("eu-central-1", "sts"), (ID, SECRET, None));
}

#[tokio::test]
async fn a_token_of_an_issuer_the_container_and_the_machine_give_credentials_too() {
    let provider = mock("").await;
    let folder = Folder::new();
    let file = folder.path().join("token");
    std::fs::write(&file, "issued-token\n").expect("the folder can be written to");
    let file = file.to_string_lossy();
    let model = "model: bedrock/amazon.nova-lite-v1:0, api_base: 'BASE'";

    let tokens = Tokens::open(Some(4)).await;
    let issued =
        [("AWS_ROLE_ARN", "arn:r"), ("AWS_WEB_IDENTITY_TOKEN_FILE", &*file), ("AWS_ENDPOINT_URL_STS", &*tokens.url())];
    let gateway = serving(&provider, model, &issued).await;
    rotates(&gateway, &provider, "us-west-2").await;
    let first = tokens.asked().remove(0);
    assert_eq!(fields(&first)["WebIdentityToken"], "issued-token");
    assert!(!first.2.contains("authorization"), "nobody signs it");

    let tokens = Tokens::open(Some(4)).await;
    let uri = format!("{}/v1/credentials", tokens.url());
    let container = [("AWS_CONTAINER_CREDENTIALS_FULL_URI", &*uri), ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", &*file)];
    let gateway = serving(&provider, model, &container).await;
    rotates(&gateway, &provider, "us-west-2").await;
    let (method, path, head, _) = tokens.asked().remove(0);
    assert_eq!((&*method, &*path), ("GET", "/v1/credentials"));
    assert!(head.contains("authorization: issued-token"), "{head}");

    let tokens = Tokens::open(Some(4)).await;
    let gateway = serving(&provider, model, &[("AWS_EC2_METADATA_SERVICE_ENDPOINT", &tokens.url())]).await;
    rotates(&gateway, &provider, "us-west-2").await;
    let asked: Vec<(String, String)> =
        tokens.asked().into_iter().take(3).map(|(method, path, ..)| (method, path)).collect();
    let list = "/latest/meta-data/iam/security-credentials/";
    let expected = [("PUT", "/latest/api/token"), ("GET", list), ("GET", &format!("{list}the-role"))];
    assert_eq!(asked, expected.map(|(method, path)| (method.to_owned(), path.to_owned())));
    assert!(tokens.asked()[2].2.contains("x-aws-ec2-metadata-token: machine-session"));
}

#[tokio::test]
async fn while_no_credential_can_be_had_callers_hear_why_and_no_secret() {
    let (provider, tokens) = (mock("").await, Tokens::open(None).await);
    let more = format!(", aws_role_name: 'arn:r', aws_sts_endpoint: '{}'", tokens.url());
    let gateway = serving(&provider, &written("amazon.nova-lite-v1:0", &more), &[]).await;
    let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
    assert_eq!(answer.status(), 503, "{}", answer.text());
    assert!(answer.text().contains("AccessDenied: User is not authorized"), "{}", answer.text());
    gateway.logged("no access token from").await;
    assert!(!gateway.log().contains(SECRET) && !answer.text().contains(SECRET));
    assert_eq!(provider.requests().len(), 0, "nobody is asked without a credential");
}

#[tokio::test]
async fn a_credential_that_is_refused_is_not_repeated() {
    let message = format!("the canonical string should have been x-amz-security-token:{SECRET}").replace(' ', "%20");
    let provider = mock(&format!("error=invalid_key,message={message}")).await;
    let gateway = serving(&provider, &written("amazon.nova-lite-v1:0", ""), &[]).await;
    let answer = gateway.call(&Front::Chat.call("demo", "hello", false)).await;
    assert_eq!(answer.status(), 502, "{}", answer.text());
    assert!(answer.text().contains("refused the gateway's credential"), "{}", answer.text());
    assert!(!answer.text().contains(SECRET) && !gateway.log().contains(SECRET));
}

#[tokio::test]
async fn tokens_are_counted_by_claude_and_guessed_of_others_and_texts_become_vectors() {
    let provider = mock("").await;
    let entry = |name: &str, model: &str| {
        let params = written(model, "").replace("BASE", &provider.url());
        format!("- {{model_name: {name}, litellm_params: {{{params}}}}}\n")
    };
    let config = format!(
        "model_list:\n{}{}{}",
        entry("claude", "anthropic.claude-haiku-4-5-20251001-v1:0"),
        entry("nova", "amazon.nova-lite-v1:0"),
        entry("titan", "amazon.titan-embed-text-v2:0")
    );
    let gateway = Gateway::start_with(&config, &[], &[]).await;
    let counted = |model: &str| {
        let body = json!({"model": model, "messages": [{"role": "user", "content": "one two three"}]});
        Call::post("/v1/messages/count_tokens", &body)
    };
    let answer = gateway.call(&counted("claude")).await;
    assert_eq!(answer.json(), json!({"input_tokens": 3}));
    let request = asked(&provider);
    assert!(request.target.ends_with("/count-tokens"), "{}", request.target);
    is_signed(&request, "us-west-2", (ID, SECRET, None));
    let before = provider.requests().len();
    assert!(gateway.call(&counted("nova")).await.json()["input_tokens"].as_u64() > Some(0));
    assert_eq!(provider.requests().len(), before, "it cannot count");
    let body = json!({"model": "titan", "input": "a text", "dimensions": 4});
    let answer = gateway.call(&Call::post("/v1/embeddings", &body)).await;
    assert_eq!(answer.json()["data"][0]["embedding"].as_array().map(Vec::len), Some(4), "{}", answer.text());
    assert_eq!(answer.json()["usage"]["prompt_tokens"], 2);
}

#[tokio::test]
async fn claude_is_spoken_to_in_anthropics_words_where_the_operator_wants_that() {
    let provider = mock("").await;
    let gateway = serving(&provider, &written("invoke/eu.anthropic.claude-sonnet-4-6", ""), &[]).await;
    for (front, stream) in Front::ALL.into_iter().flat_map(|front| [(front, false), (front, true)]) {
        let answer = gateway.call(&front.call("demo", "Grüße", stream)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(front.hear(&answer).text, "You said: Grüße");
        let request = asked(&provider);
        let verb = if stream { "invoke-with-response-stream" } else { "invoke" };
        assert_eq!(request.target, format!("/model/eu.anthropic.claude-sonnet-4-6/{verb}"));
        is_signed(&request, "us-west-2", (ID, SECRET, None));
    }
    let gateway = serving(&provider, &written("invoke/amazon.nova-lite-v1:0", ""), &[]).await;
    assert_eq!(call(&gateway).await, 200);
    assert_eq!(asked(&provider).target, "/model/amazon.nova-lite-v1%3A0/converse", "others have one way");
}
