//! The items of answers that are kept: what they said, and what they were asked, as lists of the API.

use std::collections::HashSet;

use dialects::json::{Doc, Json, Kind, Writer};
use types::{Fault, FaultKind, Side};

use crate::door::routes::parameter;

/// Items of a page, unless somebody says, and at most.
const USUAL: usize = 20;
const MOST: usize = 100;

/// The items that an answer says, as a conversation goes on from them: a list. Calls that were never finished are none: no
/// result of them will ever come.
pub fn output(response: &str) -> String {
    let is_half_call = |item: &Json| {
        let is_call =
            item.get_some("type").and_then(|kind| kind.as_string()).is_some_and(|kind| kind.ends_with("_call"));
        is_call && item.get_some("status").is_some_and(|status| status.is("incomplete"))
    };
    let list = |doc: Doc| {
        let output = doc.root().get_some("output")?;
        if !output.items().any(|item| is_half_call(&item)) {
            return Some(output.raw().to_owned());
        }
        let whole: Vec<&str> = output.items().filter(|item| !is_half_call(item)).map(|item| item.raw()).collect();
        Some(format!("[{}]", whole.join(",")))
    };
    Doc::parse_answer(response.as_bytes()).ok().and_then(list).unwrap_or_else(|| "[]".to_owned())
}

/// Whether an answer was made in the background.
pub fn is_background(response: &str) -> bool {
    let flag = |doc: Doc| doc.root().get_some("background").and_then(|flag| flag.as_bool());
    Doc::parse_answer(response.as_bytes()).ok().and_then(flag).unwrap_or(false)
}

/// A page of the items that the answer with this id was asked, by the parameters of `query`.
pub fn page(id: &str, input: &str, query: Option<&str>) -> Result<Vec<u8>, Fault> {
    let broken = |_| Fault::new(FaultKind::Internal, Side::Gateway, "what is kept of this answer cannot be read");
    let doc = Doc::parse_answer(input.as_bytes()).map_err(broken)?;
    let limit = match parameter(query, "limit").map(|text| text.parse()) {
        None => USUAL,
        Some(Ok(limit @ 1..=MOST)) => limit,
        Some(_) => return Err(Fault::invalid_param("limit", format!("'limit' must be a number from 1 to {MOST}"))),
    };
    let rising = match parameter(query, "order").as_deref() {
        None | Some("desc") => false,
        Some("asc") => true,
        Some(_) => return Err(Fault::invalid_param("order", "'order' must be asc or desc")),
    };
    // Callers may give several items the same id: pages go on behind one of them.
    let mut known = HashSet::new();
    let mut named = |at: usize, item: Json| {
        let mut id = id_of(id, at, item);
        while !known.insert(id.clone()) {
            id.push_str(&format!("_{at}"));
        }
        id
    };
    let mut items: Vec<(String, Json)> =
        doc.root().items().enumerate().map(|(at, item)| (named(at, item), item)).collect();
    if !rising {
        items.reverse();
    }
    let first = match parameter(query, "after") {
        None => 0,
        Some(after) => match items.iter().position(|(known, _)| *known == after) {
            Some(at) => at + 1,
            None => return Err(Fault::invalid_param("after", "'after' is the id of no item of this answer")),
        },
    };
    let rest = &items[first..];
    let shown = &rest[..rest.len().min(limit)];
    let page = Writer::document(|w| {
        w.str_field("object", "list");
        w.key("data").array(|w| shown.iter().for_each(|(id, item)| w.object(|w| show(w, id, *item))));
        for (name, one) in [("first_id", shown.first()), ("last_id", shown.last())] {
            match one {
                Some((id, _)) => w.str_field(name, id),
                None => w.key(name).null(),
            }
        }
        w.key("has_more").display(shown.len() < rest.len());
    });
    Ok(page.to_vec())
}

/// The id of an item: its own, or one made of that of the answer.
pub(super) fn id_of(answer: &str, at: usize, item: Json) -> String {
    let own = item.get_some("id").and_then(|id| id.as_string());
    own.unwrap_or_else(|| {
        let kind = item.get_some("type").and_then(|kind| kind.as_string());
        let prefix = match kind.as_deref() {
            None | Some("message") => "msg",
            Some("function_call") => "fc",
            Some("function_call_output") => "fco",
            Some("reasoning") => "rs",
            Some("custom_tool_call") => "ctc",
            Some(_) => "item",
        };
        format!("{prefix}_{}in{at}", answer.trim_start_matches("resp_"))
    })
}

/// Writes an item as the API shows it: with its id and its kind, and the content of messages as a list.
pub(super) fn show(w: &mut Writer, id: &str, item: Json) {
    w.str_field("id", id);
    let is_message = item.get_some("type").is_none_or(|kind| kind.is("message"));
    if is_message {
        w.str_field("type", "message");
    }
    if is_message && item.get_some("status").is_none() {
        w.str_field("status", "completed");
    }
    let from_model = item.get_some("role").is_some_and(|role| role.is("assistant"));
    for (name, value) in item.fields().filter(|(name, _)| !(name.is("id") || is_message && name.is("type"))) {
        match is_message && name.is("content") && value.kind() == Kind::String {
            true => w.key("content").array(|w| {
                w.object(|w| {
                    w.str_field("type", if from_model { "output_text" } else { "input_text" });
                    w.key("text").json(value.raw());
                    if from_model {
                        w.key("annotations").array(|_| {});
                    }
                });
            }),
            false => w.key(&name.as_string().unwrap_or_default()).json(value.raw()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn of(query: &str) -> Result<Value, Fault> {
        let input = json!([{ "role": "user", "content": "one" }, { "type": "function_call", "id": "fc_1", "name": "f" },
            { "type": "message", "role": "assistant", "content": "three" }]);
        page("resp_gwx", &input.to_string(), Some(query)).map(|page| serde_json::from_slice(&page).unwrap())
    }

    #[test]
    fn items_are_shown_in_pages_newest_first_each_with_an_id() {
        let ids = |query: &str| {
            let page = of(query).unwrap();
            let ids: Vec<_> = page["data"].as_array().unwrap().iter().map(|item| item["id"].clone()).collect();
            (json!(ids), page["has_more"] == true)
        };
        assert_eq!(ids(""), (json!(["msg_gwxin2", "fc_1", "msg_gwxin0"]), false));
        assert_eq!(ids("order=asc&limit=2"), (json!(["msg_gwxin0", "fc_1"]), true));
        assert_eq!(ids("order=asc&after=fc_1"), (json!(["msg_gwxin2"]), false));
        let page = of("").unwrap();
        assert_eq!(page["data"][2]["content"], json!([{ "type": "input_text", "text": "one" }]));
        assert_eq!(page["data"][0]["content"][0]["type"], "output_text");
        assert_eq!((&page["first_id"], &page["last_id"]), (&json!("msg_gwxin2"), &json!("msg_gwxin0")));
        for wrong in ["limit=0", "limit=x", "limit=101", "order=up", "after=nothing"] {
            assert!(of(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pages_show_every_item_once_in_either_order_and_whatever_ids_callers_gave_them() {
        let item = |id: &str| json!({ "type": "message", "role": "user", "id": id, "content": "x" });
        let input =
            json!([item("a"), item("a"), item("a_1"), { "role": "user", "content": "y" }, item("a")]).to_string();
        let page =
            |query: &str| -> Value { serde_json::from_slice(&page("resp_gwx", &input, Some(query)).unwrap()).unwrap() };
        let walk = |order: &str| {
            let (mut ids, mut after) = (Vec::new(), String::new());
            loop {
                let page = page(&format!("limit=2&order={order}{after}"));
                ids.extend(page["data"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
                assert!(ids.len() <= 5, "{ids:?}");
                if page["has_more"] == false {
                    return ids;
                }
                after = format!("&after={}", page["last_id"].as_str().unwrap());
            }
        };
        let rising = walk("asc");
        assert_eq!(rising.iter().collect::<HashSet<_>>().len(), 5, "{rising:?}");
        assert!(walk("desc").iter().eq(rising.iter().rev()));
        let none = page(&format!("order=asc&after={}", rising[4]));
        assert_eq!(none, json!({ "object": "list", "data": [], "first_id": null, "last_id": null, "has_more": false }));
    }

    #[test]
    fn what_an_answer_said_goes_on_as_it_was_written() {
        assert_eq!(output(r#"{"output": [ {"type":"message"} ]}"#), r#"[ {"type":"message"} ]"#);
        assert_eq!(output("{}"), "[]");
        let cut =
            r#"{"output":[{"type":"message","status":"incomplete"},{"type":"function_call","status":"incomplete"}]}"#;
        assert_eq!(output(cut), r#"[{"type":"message","status":"incomplete"}]"#);
    }
}
