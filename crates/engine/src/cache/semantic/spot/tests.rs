use dialects::json::Object;

use super::*;

/// The field, the text and the number of messages.
fn found(body: &str) -> Option<(&'static str, String, usize)> {
    let object = Object::parse(body.to_owned().into()).unwrap();
    object.with(|root| {
        let Spot { field, place, text, messages } = Spot::find(root)?;
        // The place is that of the text, quotes included.
        let raw = root.get(field)?.raw()[place].to_owned();
        assert_eq!(raw, dialects::json::string(&text), "{body}");
        Some((field, text, messages))
    })
}

fn check(body: &str, field: &'static str, text: &str, messages: usize) {
    assert_eq!(found(body), Some((field, text.to_owned(), messages)), "{body}");
}

#[test]
fn the_last_text_of_the_user_is_found_in_every_dialect() {
    check(r#"{"messages":[{"role":"user","content":"hi"}]}"#, "messages", "hi", 1);
    check(
        r#"{"messages":[{"role":"system","content":"x"},{"content": "h\ni" , "role":"user","name":"ann"}],"model":"m"}"#,
        "messages",
        "h\ni",
        2,
    );
    let part = r#"{"messages":[{"role":"user","content":[{"type":"text","text":"one"},{"type":"text","text":"two",
        "cache_control":{"type":"ephemeral"}}]}],"system":"be brief"}"#;
    check(part, "messages", "two", 1);
    check(r#"{"contents":[{"role":"user","parts":[{"text":"hi"}]}]}"#, "contents", "hi", 1);
    check(r#"{"contents":[{"parts":[{"text":"hi"}]}]}"#, "contents", "hi", 1);
    check(r#"{"input":"hi","instructions":"be brief"}"#, "input", "hi", 1);
    let items = r#"{"input":[{"role":"assistant","content":"yes?"},{"type":"message","role":"user",
        "content":[{"type":"input_text","text":"hi"}]}]}"#;
    check(items, "input", "hi", 2);
    check(r#"{"prompt":"hi","system":"be brief"}"#, "prompt", "hi", 1);
}

#[test]
fn where_there_is_doubt_about_it_there_is_none() {
    for body in [
        "{}",
        r#"{"messages":[]}"#,
        r#"{"messages":null}"#,
        r#"{"messages":7}"#,
        r#"{"messages":["hi"]}"#,
        // The last word is somebody else's.
        r#"{"messages":[{"role":"user","content":"hi"},{"role":"assistant","content":"yes"}]}"#,
        r#"{"messages":[{"role":"user","content":"hi"},{"role":"tool","tool_call_id":"c","content":"5"}]}"#,
        r#"{"messages":[{"role":"system","content":"hi"}]}"#,
        r#"{"messages":[{"content":"hi"}]}"#,
        r#"{"contents":[{"role":"model","parts":[{"text":"hi"}]}]}"#,
        r#"{"contents":[{"role":"user","parts":[{"functionResponse":{"name":"f","response":{}}}]}]}"#,
        r#"{"input":[{"type":"function_call_output","call_id":"c","output":"5"}]}"#,
        r#"{"input":[{"type":"reasoning","role":"user","content":"hi"}]}"#,
        // There is more than text.
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}}]}]}"#,
        r#"{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"x"}},{"type":"text","text":"hi"}]}]}"#,
        r#"{"messages":[{"role":"user","content":"hi","images":["iVBORw0KGgo="]}]}"#,
        r#"{"messages":[{"role":"user","content":[{"type":"document","text":"hi"}]}]}"#,
        r#"{"contents":[{"role":"user","parts":[{"text":"hi","thought":true}]}]}"#,
        r#"{"contents":[{"role":"user","parts":[{"inlineData":{"data":"x"}},{"text":"hi"}]}]}"#,
        r#"{"messages":[{"role":"user","content":[]}]}"#,
        r#"{"messages":[{"role":"user","content":[{"type":"text","text":7}]}]}"#,
        r#"{"messages":[{"role":"user","content":[[]]}]}"#,
        r#"{"prompt":["one","two"]}"#,
        r#"{"input":["one","two"]}"#,
        // Something is there twice.
        r#"{"messages":[{"role":"user","content":"hi"}],"prompt":"hi"}"#,
        r#"{"messages":[{"role":"user","content":"hi"}],"messages":[{"role":"user","content":"hi"}]}"#,
        r#"{"messages":[{"role":"user","content":"hi","content":"ho"}]}"#,
        r#"{"messages":[{"role":"user","role":"user","content":"hi"}]}"#,
        r#"{"messages":[{"role":"user","content":"hi","parts":[{"text":"ho"}]}]}"#,
        r#"{"messages":[{"role":"user","content":[{"text":"hi","text":"ho"}]}]}"#,
        r#"{"messages":[{"role":"user","cont\u0065nt":"hi","content":"ho"}]}"#,
    ] {
        assert_eq!(found(body), None, "{body}");
    }
}
