//! A kept answer as the events that would have told it (wire.md 2.8), for those who ask for its stream when it is over: each
//! item is announced, told in one piece and shown whole. The numbers of the events are the same whenever somebody asks.

use bytes::{Bytes, BytesMut};

use super::stream::event;
use crate::json::{Doc, Edit, Json, Object, Writer};

/// Which event ends the stream of an answer, by its status.
fn last_kind(status: &str) -> &'static str {
    match status {
        "incomplete" => "response.incomplete",
        "failed" => "response.failed",
        "cancelled" => "response.cancelled",
        _ => "response.completed",
    }
}

/// All events of an answer that is over, the last of which shows it; nothing if it is none.
pub fn events(answer: &[u8]) -> Vec<Bytes> {
    let Ok(doc) = Doc::parse_answer(answer) else { return Vec::new() };
    let root = doc.root();
    let mut teller = Teller { number: 0, events: Vec::new() };
    teller.open(answer);
    for (index, item) in root.get_some("output").into_iter().flat_map(|output| output.items()).enumerate() {
        teller.item(index, item);
    }
    teller.last(root);
    teller.events
}

/// The event that ends the stream of an answer, with this number; nothing if it is no answer.
pub fn last_event(answer: &[u8], number: usize) -> Bytes {
    let Ok(doc) = Doc::parse_answer(answer) else { return Bytes::new() };
    let mut teller = Teller { number, events: Vec::new() };
    teller.last(doc.root());
    teller.events.concat().into()
}

/// The events with which an answer begins.
pub fn opening(answer: &[u8]) -> Vec<Bytes> {
    let mut teller = Teller { number: 0, events: Vec::new() };
    teller.open(answer);
    teller.events
}

struct Teller {
    number: usize,
    events: Vec<Bytes>,
}

impl Teller {
    fn open(&mut self, answer: &[u8]) {
        let set = |name: &str, value: &str| Edit::Set(name.to_owned(), value.to_owned());
        let begun = [
            set("status", "\"in_progress\""),
            set("output", "[]"),
            set("usage", "null"),
            set("error", "null"),
            set("incomplete_details", "null"),
            Edit::Remove("completed_at".to_owned()),
        ];
        let begun = Object::parse(Bytes::copy_from_slice(answer)).map(|answer| answer.splice(&begun).concat());
        // What is no object tells nothing.
        let begun = begun.unwrap_or_default();
        let begun = String::from_utf8_lossy(&begun);
        for kind in ["response.created", "response.in_progress"].iter().filter(|_| !begun.is_empty()) {
            self.say(kind, |w| w.key("response").json(&begun));
        }
    }

    fn last(&mut self, answer: Json) {
        self.say(last_kind(&text(answer, "status")), |w| w.key("response").json(answer.raw()));
    }

    fn say(&mut self, kind: &str, fill: impl FnOnce(&mut Writer)) {
        let mut out = BytesMut::new();
        event(&mut out, kind, |w| {
            w.num_field("sequence_number", self.number);
            fill(w);
        });
        self.number += 1;
        self.events.push(out.freeze());
    }

    fn item(&mut self, index: usize, item: Json) {
        // What each kind of item says, which is not there yet when it is announced.
        let (said, empty) = match &*text(item, "type") {
            "message" => (&["content"][..], "[]"),
            "reasoning" => (&["summary", "content", "encrypted_content"][..], "[]"),
            "function_call" => (&["arguments"][..], "\"\""),
            "custom_tool_call" => (&["input"][..], "\"\""),
            _ => (&[][..], ""),
        };
        self.say("response.output_item.added", |w| {
            w.num_field("output_index", index);
            w.key("item").object(|w| {
                for (key, value) in item.fields() {
                    let name = key.as_string().unwrap_or_default();
                    match &*name {
                        "encrypted_content" => {}
                        "status" => w.str_field("status", "in_progress"),
                        name if said.contains(&name) => w.key(name).json(empty),
                        name => w.key(name).json(value.raw()),
                    }
                }
            });
        });
        let id = text(item, "id");
        let of_item = |w: &mut Writer| {
            w.str_field("item_id", &id);
            w.num_field("output_index", index);
        };
        let parts = |name: &str| item.get_some(name).into_iter().flat_map(|list| list.items()).enumerate();
        match &*text(item, "type") {
            "message" => parts("content").for_each(|(at, part)| self.part(at, part, &of_item)),
            "reasoning" => {
                parts("summary").for_each(|(at, part)| self.summary(at, part, &of_item));
                for (at, part) in parts("content") {
                    let place = |w: &mut Writer| {
                        of_item(w);
                        w.num_field("content_index", at);
                    };
                    self.pair("response.reasoning_text", "text", part.get_some("text"), &place, &|_| {});
                }
            }
            "function_call" => {
                let name = |w: &mut Writer| w.str_field("name", &text(item, "name"));
                let arguments = item.get_some("arguments");
                self.pair("response.function_call_arguments", "arguments", arguments, &of_item, &name);
            }
            "custom_tool_call" => {
                self.pair("response.custom_tool_call_input", "input", item.get_some("input"), &of_item, &|_| {});
            }
            _ => {}
        }
        self.say("response.output_item.done", |w| {
            w.num_field("output_index", index);
            w.key("item").json(item.raw());
        });
    }

    /// A text as one piece, and once more as a whole, with what `more` there is to say then.
    fn pair(
        &mut self,
        kind: &str,
        name: &str,
        said: Option<Json>,
        place: &dyn Fn(&mut Writer),
        more: &dyn Fn(&mut Writer),
    ) {
        let said = said.map_or("\"\"", |said| said.raw());
        if said != "\"\"" {
            self.say(&format!("{kind}.delta"), |w| {
                place(w);
                w.key("delta").json(said);
            });
        }
        self.say(&format!("{kind}.done"), |w| {
            place(w);
            more(w);
            w.key(name).json(said);
        });
    }

    fn part(&mut self, at: usize, part: Json, of_item: &dyn Fn(&mut Writer)) {
        let place = |w: &mut Writer| {
            of_item(w);
            w.num_field("content_index", at);
        };
        self.say("response.content_part.added", |w| {
            place(w);
            w.key("part").object(|w| {
                for (key, value) in part.fields() {
                    let name = key.as_string().unwrap_or_default();
                    match &*name {
                        "text" | "refusal" => w.str_field(&name, ""),
                        "annotations" | "logprobs" => w.key(&name).array(|_| {}),
                        name => w.key(name).json(value.raw()),
                    }
                }
            });
        });
        let list = |name: &str| part.get_some(name).into_iter().flat_map(|list| list.items());
        if let Some(refusal) = part.get_some("refusal") {
            self.pair("response.refusal", "refusal", Some(refusal), &place, &|_| {});
        } else {
            let tokens = |w: &mut Writer| {
                w.key("logprobs").array(|w| list("logprobs").for_each(|token| w.json(token.raw())));
            };
            let said = part.get_some("text").map_or("\"\"", |said| said.raw());
            if said != "\"\"" {
                self.say("response.output_text.delta", |w| {
                    place(w);
                    w.key("delta").json(said);
                    tokens(w);
                });
            }
            for (number, annotation) in list("annotations").enumerate() {
                self.say("response.output_text.annotation.added", |w| {
                    place(w);
                    w.num_field("annotation_index", number);
                    w.key("annotation").json(annotation.raw());
                });
            }
            self.say("response.output_text.done", |w| {
                place(w);
                w.key("text").json(said);
                tokens(w);
            });
        }
        self.say("response.content_part.done", |w| {
            place(w);
            w.key("part").json(part.raw());
        });
    }

    fn summary(&mut self, at: usize, part: Json, of_item: &dyn Fn(&mut Writer)) {
        let place = |w: &mut Writer| {
            of_item(w);
            w.num_field("summary_index", at);
        };
        self.say("response.reasoning_summary_part.added", |w| {
            place(w);
            w.key("part").object(|w| super::output::summary(w, ""));
        });
        self.pair("response.reasoning_summary_text", "text", part.get_some("text"), &place, &|_| {});
        self.say("response.reasoning_summary_part.done", |w| {
            place(w);
            w.key("part").json(part.raw());
        });
    }
}

fn text(holder: Json, name: &str) -> String {
    holder.get_some(name).and_then(|value| value.as_string()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::Responses;
    use crate::trial::events_of;

    fn answer(status: &str) -> Value {
        let token = json!({ "token": "we", "logprob": -0.5, "bytes": [119, 101], "top_logprobs": [] });
        json!({ "id": "resp_gwx", "object": "response", "status": status, "model": "m", "completed_at": 7,
            "usage": { "input_tokens": 2, "output_tokens": 3, "total_tokens": 5 },
            "output": [
                { "type": "reasoning", "id": "rs_0", "summary": [{ "type": "summary_text", "text": "hm" }],
                    "encrypted_content": "x" },
                { "type": "message", "id": "msg_1", "status": "completed", "role": "assistant", "content": [
                    { "type": "output_text", "text": "we\nll", "annotations": [{ "type": "url_citation", "url": "u" }],
                        "logprobs": [token] },
                    { "type": "refusal", "refusal": "no" } ] },
                { "type": "function_call", "id": "fc_2", "status": "completed", "call_id": "c", "name": "f",
                    "arguments": "{}" },
                { "type": "custom_tool_call", "id": "fc_3", "call_id": "d", "name": "p", "input": "a" },
                { "type": "image_generation_call", "id": "ig_4", "status": "completed", "result": "AA==" },
            ] })
    }

    fn told(answer: &Value) -> Vec<Value> {
        let events = events(answer.to_string().as_bytes());
        let data = |event: &Bytes| {
            let event = std::str::from_utf8(event).unwrap();
            let (name, data) = event.strip_suffix("\n\n").unwrap().split_once('\n').unwrap();
            let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
            assert_eq!(name.strip_prefix("event: ").unwrap(), data["type"]);
            data
        };
        events.iter().map(data).collect()
    }

    #[test]
    fn an_answer_is_told_in_the_order_of_its_stream_with_numbers_without_gaps() {
        let answer = answer("completed");
        let told = told(&answer);
        let kinds: Vec<&str> =
            told.iter().map(|event| event["type"].as_str().unwrap().trim_start_matches("response.")).collect();
        let expected = "created in_progress output_item.added reasoning_summary_part.added reasoning_summary_text.delta \
            reasoning_summary_text.done reasoning_summary_part.done output_item.done output_item.added content_part.added \
            output_text.delta output_text.annotation.added output_text.done content_part.done content_part.added \
            refusal.delta refusal.done content_part.done output_item.done output_item.added function_call_arguments.delta \
            function_call_arguments.done output_item.done output_item.added custom_tool_call_input.delta \
            custom_tool_call_input.done output_item.done output_item.added output_item.done completed";
        assert_eq!(kinds.join(" "), expected);
        assert!(told.iter().enumerate().all(|(number, event)| event["sequence_number"] == number));
        let begun = &told[0]["response"];
        assert_eq!((&begun["status"], &begun["output"]), (&json!("in_progress"), &json!([])));
        assert!(begun["usage"].is_null() && begun.get("completed_at").is_none());
        assert!(told[2]["item"].get("encrypted_content").is_none() && told[7]["item"] == answer["output"][0]);
        assert_eq!(told[8]["item"]["content"], json!([]));
        assert_eq!(told[10]["logprobs"], answer["output"][1]["content"][0]["logprobs"]);
        assert_eq!(told.last().unwrap()["response"], answer);
    }

    #[test]
    fn whoever_reads_such_a_stream_reads_what_the_answer_says() {
        let stream = events(answer("completed").to_string().as_bytes()).concat();
        let read = format!("{:?}", events_of(&Responses, types::Operation::Chat, &[&stream]));
        for said in
            ["Text(\"we\\nll\")", "Refusal(\"no\")", "Thinking(\"hm\")", "fragment: \"{}\"", "fragment: \"a\"", "End"]
        {
            assert!(read.contains(said), "{said}: {read}");
        }
    }

    #[test]
    fn the_last_event_says_what_became_of_the_answer() {
        for status in ["completed", "incomplete", "failed", "cancelled"] {
            assert_eq!(told(&answer(status)).last().unwrap()["type"], format!("response.{status}"));
        }
        assert!(events(b"nothing").is_empty());
    }
}
