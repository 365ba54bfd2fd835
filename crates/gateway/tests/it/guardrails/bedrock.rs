//! A guardrail of Amazon Bedrock: what it is asked, who signs that, and what its answer does.

use serde_json::{Value, json};

use super::remote::{Oracle, Question, ask, office};
use crate::clouds::signed::{self, ID, SECRET};

/// Masks addresses, blocks what is evil, and says nothing sensible about what is odd.
fn apply(_: &str, asked: &Value) -> Option<(u16, Value)> {
    let texts: Vec<&str> =
        asked["content"].as_array()?.iter().filter_map(|item| item["text"]["text"].as_str()).collect();
    let all = texts.join(" ");
    let find = |policy: &str, list: &str, find: Value| json!([{policy: {list: [find]}}]);
    let said = |outputs: Vec<Value>, assessments: Value| json!({"action": "GUARDRAIL_INTERVENED", "outputs": outputs, "assessments": assessments, "usage": {}});
    let email = |action: &str| json!({"type": "EMAIL", "match": "ann@example.com", "action": action});
    Some(match all {
        all if all.contains("odd") => (500, json!({"message": all})),
        all if all.contains("evil") => {
            let filter = json!({"type": "VIOLENCE", "confidence": "HIGH", "action": "BLOCKED"});
            (200, said(vec![json!({"text": "Sorry."})], find("contentPolicy", "filters", filter)))
        }
        all if all.contains("ann@example.com") => {
            let outputs = texts.iter().map(|text| json!({"text": text.replace("ann@example.com", "{EMAIL}")}));
            let outputs = match all.contains("joined") && texts.len() > 1 {
                true => vec![json!({"text": "all in one"})],
                false => outputs.collect(),
            };
            (200, said(outputs, find("sensitiveInformationPolicy", "piiEntities", email("ANONYMIZED"))))
        }
        _ => (200, json!({"action": "NONE", "outputs": [], "assessments": [{}]})),
    })
}

fn is_signed(question: &Question) {
    let (path, head, body) = question;
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).map(str::trim);
    let body = body.to_string();
    let keys = (ID, SECRET, Some("a-session"));
    signed::check(("POST", path), header, body.as_bytes(), ("eu-central-1", "bedrock"), keys);
}

fn params(oracle: &Oracle, more: &str) -> String {
    format!(
        "guardrail: bedrock, mode: [pre_call, post_call], guardrailIdentifier: 'arn:aws:bedrock:x:1:guardrail/g', \
         guardrailVersion: '3', aws_bedrock_runtime_endpoint: '{}', aws_region_name: eu-central-1, aws_access_key_id: {ID}, \
         aws_secret_access_key: {SECRET}, aws_session_token: a-session{more}",
        oracle.url()
    )
}

#[tokio::test]
async fn a_guardrail_of_bedrock_is_asked_with_a_signature_and_obeyed() {
    let oracle = Oracle::open(apply).await;
    let (closed, provider) = office(&params(&oracle, ""), "all is well").await;
    assert_eq!(ask(&closed, "hello", false).await, (200, "all is well".to_owned()));
    let heard = oracle.heard();
    assert_eq!(heard[0].0, "/guardrail/arn%3Aaws%3Abedrock%3Ax%3A1%3Aguardrail%2Fg/version/3/apply");
    assert_eq!(heard[0].2, json!({"source": "INPUT", "content": [{"text": {"text": "hello"}}]}));
    assert_eq!(heard[1].2, json!({"source": "OUTPUT", "content": [{"text": {"text": "all is well"}}]}));
    heard.iter().for_each(is_signed);
    assert_eq!(ask(&closed, "write to ann@example.com", true).await, (200, "all is well".to_owned()));
    let sent = || String::from_utf8_lossy(&provider.requests().last().unwrap().body).into_owned();
    assert!(sent().contains("write to {EMAIL}"), "{}", sent());
    let before = provider.requests().len();
    let (status, refusal) = ask(&closed, "something evil", false).await;
    assert!(status == 400 && refusal.contains("VIOLENCE") && !refusal.contains("Sorry"), "{refusal}");
    let (status, refusal) = ask(&closed, "something odd", false).await;
    assert!(status == 503 && refusal.contains("nothing goes on without it"), "{status} {refusal}");
    assert_eq!(provider.requests().len(), before, "nothing went on");
    let log = closed.gateway.log();
    assert!(!log.contains(SECRET) && !log.contains("something odd") && !log.contains("a-session"), "{log}");

    let (open, _provider) = office(&params(&oracle, ", unreachable_fallback: fail_open"), "all is well").await;
    assert_eq!(ask(&open, "something odd", false).await, (200, "all is well".to_owned()));
    let (said, _provider) = office(&params(&oracle, ""), "it is ann@example.com").await;
    assert_eq!(ask(&said, "hello", false).await, (200, "it is {EMAIL}".to_owned()));
    assert_eq!(ask(&said, "hello", true).await.0, 400, "a stream cannot be changed");
}

#[tokio::test]
async fn a_key_of_bedrock_needs_no_signature_and_masked_texts_that_came_as_one_are_asked_about_alone() {
    let oracle = Oracle::open(apply).await;
    let params =
        format!("guardrail: bedrock, guardrailIdentifier: gr1, api_base: '{}', api_key: bedrock-key", oracle.url());
    let (office, provider) = office(&params, "fine").await;
    let body = json!({"model": "chat", "messages": [{"role": "system", "content": "joined"}, {"role": "user", "content": " "},
        {"role": "user", "content": "ann@example.com"}]});
    let answer = office.master().ask("POST", "/v1/chat/completions", body).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let heard = oracle.heard();
    assert_eq!(heard.len(), 3);
    assert_eq!(heard[0].0, "/guardrail/gr1/version/DRAFT/apply");
    assert!(
        heard.iter().all(|(_, head, _)| head.contains("authorization: bearer bedrock-key") && !head.contains("x-amz"))
    );
    let sent = String::from_utf8_lossy(&provider.requests().last().unwrap().body).into_owned();
    assert!(sent.contains("\"joined\"") && sent.contains("{EMAIL}") && !sent.contains("ann@"), "{sent}");
}
