use bytes::Bytes;
use types::{Abilities, ModelFacts};

use super::*;
use crate::Quirks;

fn check(quirks: Quirks, sampling: bool, body: &'static str, expected: Option<&str>) {
    check_able(quirks, Abilities { sampling, ..Abilities::default() }, body, expected);
}

fn check_able(quirks: Quirks, abilities: Abilities, body: &'static str, expected: Option<&str>) {
    let facts = ModelFacts { abilities, ..ModelFacts::default() };
    let target = Target {
        model: "up",
        name: "x/up",
        facts: &facts,
        quirks: &quirks,
        drop_params: true,
        version: None,
        num_ctx: None,
        issuer: None,
    };
    let object = Object::parse(Bytes::from_static(body.as_bytes())).unwrap();
    let splice = splice(Operation::Chat, &object, &target);
    let got = splice.map(|splice| String::from_utf8(object.splice(&splice.edits).concat()).unwrap());
    assert_eq!(got.as_deref(), expected, "{body}");
}

#[test]
fn only_what_must_change_changes() {
    let plain = Quirks::default();
    check(plain, true, r#"{"model": "a", "x" : [1.0]}"#, Some(r#"{"model": "up", "x" : [1.0]}"#));
    check(
        plain,
        true,
        r#"{"model":"a","stream":true}"#,
        Some(r#"{"model":"up","stream":true,"stream_options":{"include_usage":true}}"#),
    );
    check(
        plain,
        true,
        r#"{"model":"a","stream":true,"stream_options":{"include_obfuscation":false}}"#,
        Some(r#"{"model":"up","stream":true,"stream_options":{"include_obfuscation":false,"include_usage":true}}"#),
    );
    check(
        Quirks { no_stream_options: true, ..plain },
        true,
        r#"{"model":"a","stream":true}"#,
        Some(r#"{"model":"up","stream":true}"#),
    );
    check(
        Quirks { max_tokens: true, ..plain },
        true,
        r#"{"model":"a","max_completion_tokens":5}"#,
        Some(r#"{"model":"up","max_tokens":5}"#),
    );
    check(
        Quirks { max_completion_tokens: true, ..plain },
        true,
        r#"{"model":"a","max_tokens":5,"max_completion_tokens":6}"#,
        Some(r#"{"model":"up","max_completion_tokens":6}"#),
    );
    check(plain, false, r#"{"model":"a","temperature":0.5,"n":1}"#, Some(r#"{"model":"up","n":1}"#));
}

#[test]
fn sampling_goes_where_the_effort_asked_for_excludes_it() {
    let lazy = Abilities {
        reasoning: true,
        reasoning_excludes_sampling: true,
        default_effort: Some(Effort::None),
        ..Abilities::default()
    };
    let check = |body, expected| check_able(Quirks::default(), lazy, body, Some(expected));
    check(r#"{"model":"a","top_p":0.5}"#, r#"{"model":"up","top_p":0.5}"#);
    check(
        r#"{"model":"a","top_p":0.5,"reasoning_effort":"none"}"#,
        r#"{"model":"up","top_p":0.5,"reasoning_effort":"none"}"#,
    );
    check(r#"{"model":"a","top_p":0.5,"reasoning_effort":"high"}"#, r#"{"model":"up","reasoning_effort":"high"}"#);
}

#[test]
fn what_goes_deeper_than_single_fields_is_decoded() {
    let developer = r#"{"model":"a","messages":[{"role":"developer","content":"x"}]}"#;
    check(Quirks::default(), true, developer, None);
    check(
        Quirks { developer_role: true, ..Quirks::default() },
        true,
        developer,
        Some(&developer.replace("\"a\"", "\"up\"")),
    );
    check(Quirks { string_content: true, ..Quirks::default() }, true, r#"{"model":"a"}"#, None);
}

#[test]
fn reasoning_goes_back_only_to_the_server_that_may_have_given_it() {
    let openai = Quirks { developer_role: true, ..Quirks::default() };
    for field in ["reasoning", "reasoning_content", "reasoning_details", "thinking_blocks", "thought_signature"] {
        let body: &str =
            format!(r#"{{"model":"a","messages":[{{"role":"assistant","content":"","{field}":"x"}}]}}"#).leak();
        check(Quirks::default(), true, body, Some(&body.replace("\"a\"", "\"up\"")));
        check(openai, true, body, None);
    }
    let marked: &str = format!(r#"{{"model":"a","messages":[{{"signature":"{}"}}]}}"#, proofs::marked("cA==")).leak();
    check(Quirks::default(), true, marked, None);
    check(openai, true, r#"{"model":"a","messages":[{"tool_call_id":"c__thought__cA=="}]}"#, None);
    check(
        openai,
        true,
        r#"{"model":"a","reasoning_effort":"low"}"#,
        Some(r#"{"model":"up","reasoning_effort":"low"}"#),
    );
}
