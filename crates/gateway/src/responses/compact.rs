//! Conversations made short (`POST /v1/responses/compact`, wire.md 2.8). A provider that has this does it; for all others a model
//! sums the conversation up, and what it says is sealed in a `compaction` item, as OpenAI's is. What was sealed here is read
//! back wherever it comes with a later call: as what the model said of the conversation so far.

use std::borrow::Cow;
use std::rc::Rc;

use bytes::Bytes;
use dialects::json::{Doc, Edit, Json, Object, Writer, string};
use dialects::kept;
use engine::{Call, Content, Reply, Setup, refuse_call};
use http::Response;
use memchr::memmem;
use types::{Fault, FaultKind, Operation, Side};

use super::{Live, Wish, front, go_on, items};
use crate::door::{Door, OutBody, response, run};
use crate::seal::Seal;

/// What the sealed content of a compaction of ours begins with: "lockgate#" in base64.
const MARK: &str = "bG9ja2dhdGUj";
/// What sealed texts begin with that are kept elsewhere.
const SEALED: &str = "v2:gcm:";
/// The field that holds it.
const BLOB: &str = "encrypted_content";
/// Fields that say nothing to a model that sums up, or would make something else of its answer.
const LEFT_OUT: [&str; 8] =
    ["background", "image", "include", "max_tool_calls", "stream", "text", "tool_choice", "tools"];
/// What is asked of the model.
const WISH: &str = "Sum up our whole conversation so far, so that you can go on from your summary without seeing the conversation \
    again. Say what I want and what was decided, what was done and found out (with names, numbers, paths and results of \
    tools as they are, wherever they matter), what is still open, and what comes next. My own messages stay visible to \
    you; everything else you will know from the summary alone. Answer with nothing but the summary.";
/// What stands before the summary where it is read back.
const READ_BACK: &str = "Summary of our conversation so far:";

/// Whether a call asks for this, or holds something that was sealed here.
pub fn is_meant(call: &Call) -> bool {
    call.operation == Operation::Compact || memmem::find(&call.body, MARK.as_bytes()).is_some()
}

/// The same call with summaries in the place of what was sealed here.
pub fn opened(live: &Live, mut call: Call) -> Result<Call, Fault> {
    if memmem::find(&call.body, MARK.as_bytes()).is_none() {
        return Ok(call);
    }
    // What is no object is refused by the engine.
    let Ok(body) = Object::parse(call.body.clone()) else { return Ok(call) };
    let Some(list) = body.with(|root| root.get_some("input").map(|input| kept::items_of(input).into_owned())) else {
        return Ok(call);
    };
    let seal = live.management().seal.clone();
    let doc = Doc::parse_answer(list.as_bytes())?;
    let mut items = Vec::new();
    for (index, item) in doc.root().items().enumerate() {
        items.push(match blob(item) {
            Some(blob) => Cow::Owned(read_back(seal.as_ref(), &blob, index)?),
            None => Cow::Borrowed(item.raw()),
        });
    }
    let edit = Edit::Set("input".to_owned(), format!("[{}]", items.join(",")));
    call.body = body.splice(&[edit]).concat().into();
    Ok(call)
}

/// What was sealed here, if an item is that.
fn blob(item: Json) -> Option<String> {
    let is_compaction = item.get_some("type").is_some_and(|kind| kind.is("compaction"));
    let blob = item.get_some(BLOB).filter(|_| is_compaction)?.as_string()?;
    blob.strip_prefix(MARK).map(str::to_owned)
}

/// The summary that was sealed, as a message of the model.
fn read_back(seal: Option<&Seal>, blob: &str, index: usize) -> Result<String, Fault> {
    let why =
        |why: &str| Fault::invalid_param("input", format!("input[{index}]: this compaction cannot be read: {why}"));
    let seal = seal.ok_or_else(|| why("the gateway has no key any more that opens it"))?;
    let summary = seal.open(&format!("{SEALED}{blob}")).map_err(|broken| why(&broken.to_string()))?;
    let text = string(&format!("{READ_BACK}\n\n{summary}"));
    Ok(format!(
        r#"{{"type":"message","role":"assistant","content":[{{"type":"output_text","text":{text},"annotations":[]}}]}}"#
    ))
}

/// Makes a conversation short.
pub async fn answer(door: &Rc<Door>, setup: &Setup, mut call: Call) -> Result<Response<OutBody>, Fault> {
    let mut body = Object::parse(call.body.clone())?;
    let wish = body.with(Wish::read);
    if let Some(previous) = &wish.previous {
        body = go_on(door, setup, body, previous, &call.caller.keeper()).await?;
        call.body = body.bytes().clone();
    }
    let model = call.path_model.as_deref().or(wish.model.as_deref()).unwrap_or_default();
    if is_made_by_provider(setup, &call, model) {
        return Ok(response(run(door, call).await));
    }
    let seal = door.live.management().seal.clone().ok_or_else(|| {
        let message = "this model's provider cannot make conversations short, and the gateway has no key to seal a summary \
            with: set general_settings.master_key or LITELLM_SALT_KEY, or send the whole conversation";
        Fault::invalid_param("model", message)
    })?;
    let list = body.with(|root| root.get_some("input").map(|input| kept::items_of(input).into_owned()));
    let list = list.filter(|list| list.trim() != "[]").ok_or_else(|| {
        Fault::invalid_param("input", "there is no conversation to be made short: send it as 'input'")
    })?;
    let (id, gone) = (call.id.clone(), wish.previous.filter(|previous| kept::is_own(previous)));
    let asked = format!(r#"[{{"type":"message","role":"user","content":{}}}]"#, string(WISH));
    let mut edits = vec![
        Edit::Set("input".to_owned(), kept::joined(&[&list, &asked])),
        Edit::Set("store".to_owned(), "false".to_owned()),
    ];
    edits.extend(LEFT_OUT.iter().map(|name| Edit::Remove((*name).to_owned())));
    edits.extend(gone.map(|_| Edit::Remove(super::PREVIOUS.to_owned())));
    call.body = body.splice(&edits).concat().into();
    call.operation = Operation::Chat;
    let reply = run(door, call).await;
    Ok(response(match (reply.status, reply.content) {
        (200, Content::Whole(answer)) => match compacted(&answer, &list, &seal) {
            Ok(made) => Reply { content: Content::Whole(made), status: reply.status, headers: reply.headers },
            // It is in the log already, as what it cost.
            Err(fault) => refuse_call(front(), &id, &fault),
        },
        (status, content) => Reply { status, content, headers: reply.headers },
    }))
}

/// Whether all who might answer make conversations short themselves.
fn is_made_by_provider(setup: &Setup, call: &Call, model: &str) -> bool {
    let name = call.caller.alias(model);
    let makes = |one: &std::sync::Arc<engine::Deployment>| {
        one.speaks(super::NAME).is_some() && providers::find(one.provider).is_some_and(|row| row.compacts)
    };
    match setup.find(name) {
        Some((group, _)) => group.deployments.iter().all(makes),
        // Whom nobody knows the engine refuses.
        None => setup.router(name).is_none(),
    }
}

/// The answer: what users said, and the summary, sealed.
fn compacted(answer: &Bytes, list: &str, seal: &Seal) -> Result<Bytes, Fault> {
    let broken =
        |what: &str| Fault::provider(FaultKind::Malformed, format!("the conversation was not made short: {what}"));
    let doc = Doc::parse_answer(answer).map_err(|_| broken("the answer cannot be read"))?;
    let root = doc.root();
    if !root.get_some("status").is_some_and(|status| status.is("completed")) {
        return Err(broken("the model did not finish its summary"));
    }
    let summary = said(root);
    if summary.trim().is_empty() {
        return Err(broken("the model said nothing"));
    }
    let no_random = |_| Fault::new(FaultKind::Internal, Side::Gateway, "the system gives no random bytes");
    let sealed = seal.close(&summary).map_err(no_random)?;
    let blob = format!("{MARK}{}", sealed.strip_prefix(SEALED).unwrap_or(&sealed));
    let text = |name: &str| root.get_some(name).and_then(|value| value.as_string()).unwrap_or_default();
    let id = text("id");
    let asked = Doc::parse_answer(list.as_bytes())?;
    let is_users = |item: &Json| item.get_some("role").is_some_and(|role| role.is("user"));
    let made = Writer::document(|w| {
        w.str_field("id", &id);
        w.str_field("object", "response.compaction");
        w.key("created_at").json(root.get_some("created_at").map_or("0", |at| at.raw()));
        w.key("output").array(|w| {
            for (at, item) in asked.root().items().enumerate().filter(|(_, item)| is_users(item)) {
                w.object(|w| items::show(w, &items::id_of(&id, at, item), item));
            }
            w.object(|w| {
                w.str_field("id", &format!("cmp_{}", id.trim_start_matches("resp_")));
                w.str_field("type", "compaction");
                w.str_field(BLOB, &blob);
            });
        });
        match root.get_some("usage") {
            Some(usage) => w.key("usage").json(usage.raw()),
            None => w.key("usage").null(),
        }
    });
    Ok(made.freeze())
}

/// What the model says in an answer.
fn said(answer: Json) -> String {
    let items = answer.get_some("output").into_iter().flat_map(|output| output.items());
    let parts = items.flat_map(|item| item.get_some("content").into_iter().flat_map(|content| content.items()));
    let texts = parts.filter(|part| part.get_some("type").is_some_and(|kind| kind.is("output_text")));
    texts.filter_map(|part| part.get_some("text")?.as_string()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn answer(status: &str, text: &str) -> Bytes {
        let part = json!({ "type": "output_text", "text": text });
        let output = json!([{ "type": "reasoning", "summary": [] }, { "type": "message", "content": [part] }]);
        let answer =
            json!({ "id": "resp_gwx", "created_at": 5, "status": status, "output": output, "usage": { "a": 1 } });
        answer.to_string().into()
    }

    #[test]
    fn what_users_said_stays_and_the_rest_is_sealed_so_that_the_gateway_alone_reads_it_back() {
        let list = json!([{ "role": "user", "content": "one" }, { "role": "assistant", "content": "two" },
            { "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}" },
            { "type": "message", "id": "msg_own", "role": "user", "content": [{ "type": "input_text", "text": "three" }] }]);
        let seal = Seal::new("salt");
        let made = compacted(&answer("completed", "they spoke"), &list.to_string(), &seal).unwrap();
        let made: Value = serde_json::from_slice(&made).unwrap();
        assert_eq!((&made["object"], &made["created_at"]), (&json!("response.compaction"), &json!(5)));
        assert_eq!(made["usage"], json!({ "a": 1 }));
        let ids: Vec<_> = made["output"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap()).collect();
        assert_eq!(ids, ["msg_gwxin0", "msg_own", "cmp_gwx"]);
        let sealed = made["output"][2].to_string();
        assert!(!sealed.contains("they spoke"), "{sealed}");
        let doc = Doc::parse(sealed.as_bytes()).unwrap();
        let blob = blob(doc.root()).unwrap();
        assert!(read_back(Some(&seal), &blob, 0).unwrap().contains("they spoke"));
        for other in [Some(Seal::new("another")), None] {
            let fault = read_back(other.as_ref(), &blob, 3).unwrap_err();
            assert!(fault.status() == 400 && fault.message.contains("input[3]"), "{}", fault.message);
        }
    }

    #[test]
    fn a_summary_that_is_cut_off_or_empty_is_none() {
        for (status, text) in [("incomplete", "they"), ("completed", " ")] {
            assert!(compacted(&answer(status, text), "[]", &Seal::new("salt")).is_err(), "{status} {text:?}");
        }
    }
}
