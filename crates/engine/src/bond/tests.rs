use bytes::Bytes;
use dialects::json::Object;

use super::*;

fn begins(body: &str) -> Option<Bond> {
    Object::parse(Bytes::copy_from_slice(body.as_bytes())).unwrap().with(beginning)
}

#[test]
fn all_turns_of_a_conversation_begin_alike() {
    let first = r#"{"system":"kind","messages":[{"role":"user","content":"hello"}]}"#;
    let marked = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"hello","cache_control":{"type":
                 "ephemeral"}}]}],"system":[{"type":"text","text":"kind"}]}"#;
    let later = r#"{"system":"kind","messages":[{"content":"hello","role":"user"},{"role":"assistant","content":"hi"},
                {"role":"user","content":"more"}],"max_tokens":5}"#;
    assert!(begins(first).is_some());
    for turn in [marked, later] {
        assert_eq!(begins(turn), begins(first), "{turn}");
    }
    for other in [
        r#"{"system":"kind","messages":[{"role":"user","content":"bye"}]}"#,
        r#"{"system":"rude","messages":[{"role":"user","content":"hello"}]}"#,
        r#"{"tools":[{"name":"t"}],"system":"kind","messages":[{"role":"user","content":"hello"}]}"#,
    ] {
        assert_ne!(begins(other), begins(first), "{other}");
    }
    let developer = |text: &str| {
        begins(&format!(
            r#"{{"messages":[{{"role":"developer","content":"{text}"}},{{"role":"user","content":"x"}}]}}"#
        ))
    };
    assert_ne!(developer("kind"), developer("rude"));
}

#[test]
fn what_is_no_conversation_has_no_beginning_and_odd_ones_harm_nobody() {
    assert_eq!(begins(r#"{"input":"hello"}"#), None);
    for odd in [r#"{"messages":7}"#, r#"{"messages":[7,null,{"content":{"a":1}}]}"#, r#"{"system":7,"messages":[]}"#] {
        begins(odd);
    }
}
