use proptest::prelude::*;

use super::*;
use crate::{Back, Front, Responses};

const OURS: Issuer = Issuer { account: 0xa, deployment: 0xb };
const MARKED: &str = "0000000a0000000b";

/// What callers get of an answer, or an event of one.
fn given(data: &str) -> String {
    let mut given = data.to_owned();
    for (at, mark) in Responses.marks(data.as_bytes(), OURS).into_iter().rev() {
        given.insert_str(at, &mark);
    }
    given
}

/// What `target` gets of a request; `None` if it would not understand it.
fn taken(body: &str, target: Issuer) -> Option<String> {
    let body = Object::parse(body.to_owned().into()).unwrap();
    let edits = unmarked(&body, Some(target))?;
    Some(String::from_utf8(body.splice(&edits).concat()).unwrap())
}

fn issued(body: &str) -> Option<Issued> {
    Responses.issued(&Object::parse(body.to_owned().into()).unwrap())
}

#[test]
fn what_an_answer_gives_out_gets_a_mark_and_nothing_else_changes() {
    let whole = r#"{"id": "resp_1", "object" : "response","previous_response_id":"resp_0","output":[
        {"type":"reasoning","id":"rs_1","encrypted_content":"gAAA","summary":[]},
        {"type":"reasoning","encrypted_content":""},{"type":"message","id":"msg_1","content":[]}]}"#;
    let expected = whole
        .replace("resp_1", &format!("resp_lg{MARKED}_1"))
        .replace("resp_0", &format!("resp_lg{MARKED}_0"))
        .replace("gAAA", &format!("bG9ja2dhdGVA{MARKED}gAAA"));
    assert_eq!(given(whole), expected);
    let untouched = [
        r#"{"type":"response.output_text.delta","item_id":"msg_1","delta":"\"object\":\"response\""}"#,
        r#"{"type":"response.output_item.added","item":{"type":"message","id":"resp_1"}}"#,
        r#"{"type":"error","message":"resp_1"}"#,
        r#"{"id":"resp_1","object":"list"}"#,
        r#"{"id":"resp_1","object":"response""#,
        "[DONE]",
    ];
    for data in untouched {
        assert_eq!(given(data), data);
    }
}

#[test]
fn lists_of_what_an_answer_was_asked_give_reasoning_out() {
    let list = r#"{"object":"list","data":[{"type":"reasoning","encrypted_content":"gAAA"}]}"#;
    assert_eq!(given(list), list.replace("gAAA", &format!("bG9ja2dhdGVA{MARKED}gAAA")));
}

#[test]
fn events_that_hold_the_answer_or_an_item_of_it_give_it_out_too() {
    let created = r#"{"type":"response.created","response":{"id":"resp_1","object":"response","output":[]}}"#;
    assert_eq!(given(created), created.replace("resp_1", &format!("resp_lg{MARKED}_1")));
    let item = r#"{"type":"response.output_item.done","item":{"type":"reasoning","encrypted_content":"gAAA"}}"#;
    assert_eq!(given(item), item.replace("gAAA", &format!("bG9ja2dhdGVA{MARKED}gAAA")));
}

#[test]
fn its_account_and_its_deployment_get_back_what_they_gave_out() {
    let theirs =
        r#"{"model":"m","previous_response_id":"resp_1","input":[{"type":"reasoning", "encrypted_content" : "gAAA"}]}"#;
    let callers =
        theirs.replace("resp_1", &format!("resp_lg{MARKED}_1")).replace("gAAA", &format!("bG9ja2dhdGVA{MARKED}gAAA"));
    assert_eq!(issued(&callers), Some(Issued { by: OURS, is_kept: true }));
    for target in [OURS, Issuer { deployment: 7, ..OURS }, Issuer { account: 7, ..OURS }] {
        assert_eq!(taken(&callers, target).as_deref(), Some(theirs));
    }
    let stranger = Issuer { account: 7, deployment: 7 };
    assert_eq!(taken(&callers, stranger), None, "reasoning of another account is not understood");
    let kept = callers.replace("encrypted_content", "summary");
    let sent = taken(&kept, stranger).unwrap();
    assert!(sent.contains(r#""previous_response_id":"resp_1""#), "who has not got it says so best: {sent}");
}

#[test]
fn the_reasoning_that_was_given_out_last_says_where_a_conversation_belongs() {
    let blob = |by: &str| format!(r#"{{"encrypted_content":"bG9ja2dhdGVA{by}gAAA"}}"#);
    let body = format!(r#"{{"input":[{},{}]}}"#, blob("0000000100000001"), blob(MARKED));
    assert_eq!(issued(&body), Some(Issued { by: OURS, is_kept: false }));
}

#[test]
fn what_only_looks_like_a_mark_stays() {
    let texts = [
        format!(r#"{{"input":"bG9ja2dhdGVA{MARKED}"}}"#),
        format!(r#"{{"input":"\"encrypted_content\":\"bG9ja2dhdGVA{MARKED}"}}"#),
        r#"{"input":[{"encrypted_content":"bG9ja2dhdGVA0000"}]}"#.to_owned(),
        r#"{"input":[{"encrypted_content":"bG9ja2dhdGVA+00000000000000b"}]}"#.to_owned(),
        r#"{"previous_response_id":"resp_lg12_1"}"#.to_owned(),
        r#"{"previous_response_id":"resp_1"}"#.to_owned(),
        r#"{"previous_response_id":null}"#.to_owned(),
    ];
    for text in texts {
        assert_eq!((issued(&text), taken(&text, OURS)), (None, Some(text)));
    }
}

proptest! {
    #[test]
    fn whatever_is_given_out_comes_back_as_it_was(id in "[ -~é]{0,40}", blob in "[A-Za-z0-9+/=_-]{1,80}", by: u64) {
        let by = Issuer { account: (by >> 32) as u32, deployment: by as u32 };
        let (id, blob) = (json::string(&id), json::string(&blob));
        let answer = format!(r#"{{"object":"response","id":{id},"output":[{{"encrypted_content":{blob}}}]}}"#);
        let mut given = answer.clone();
        for (at, mark) in marks(answer.as_bytes(), by).into_iter().rev() {
            given.insert_str(at, &mark);
        }
        let doc = Doc::parse_answer(given.as_bytes()).unwrap();
        let (given_id, output) = (doc.root().get("id").unwrap().raw(), doc.root().get("output").unwrap().raw());
        let request = format!(r#"{{"previous_response_id":{given_id},"input":{output}}}"#);
        prop_assert_eq!(issued(&request), Some(Issued { by, is_kept: true }));
        let own = format!(r#"{{"previous_response_id":{id},"input":[{{"encrypted_content":{blob}}}]}}"#);
        prop_assert_eq!(taken(&request, by), Some(own));
    }
}
