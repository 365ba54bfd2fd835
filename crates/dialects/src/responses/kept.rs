//! Answers that the gateway keeps itself, where the provider does not: what their ids look like, and what is kept of them.

use std::borrow::Cow;

use bytes::BytesMut;
use memchr::memmem;
use types::{Finish, Usage};

use super::issued;
use super::output::{Body, Status};
pub use super::replay::{events, last_event, opening};
use super::tools::Offered;
use crate::json::{Json, Kind, Writer, string};
use crate::{Issuer, Stamp};

/// What ids of answers begin with that are made here.
const OWN_ID: &str = "resp_gw";
/// What the ids of all answers begin with that are made here or marked.
const OURS: &[u8] = b"resp_";
/// Within how many bytes of an answer its id stands.
const NEAR: usize = 64 << 10;
/// Longest id.
const MAX_ID: usize = 512;

/// Whether an id is of an answer that was made here.
pub fn is_own(id: &str) -> bool {
    id.starts_with(OWN_ID)
}

/// Who gave an id out that is marked, and what it is there.
pub fn issuer_of(id: &str) -> Option<(Issuer, Cow<'_, str>)> {
    issued::unmarked_id(id)
}

/// The id of an answer that is made here.
pub fn own_id(stamp: &Stamp) -> String {
    format!("{OWN_ID}{}", stamp.id)
}

/// The id of an answer that was made here, or passed by with a mark, from the beginning of its text or of its stream.
pub fn find_id(text: &[u8]) -> Option<&str> {
    let text = &text[..text.len().min(NEAR)];
    memmem::find_iter(text, OURS).find_map(|at| {
        let before = text[..at].strip_suffix(b"\"")?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
        let end = memchr::memchr(b'"', &text[at..]).filter(|end| *end <= MAX_ID)?;
        let id = str::from_utf8(&text[at..at + end]).ok()?;
        let is_ours = is_own(id) || issuer_of(id).is_some();
        (before.ends_with(b"\"id\"") && is_ours).then_some(id)
    })
}

/// An answer that is only asked for so far: the object.
pub fn queued(stamp: &Stamp) -> BytesMut {
    without_items(stamp, Status::Queued, Usage::default())
}

/// An answer to what was only to be noted, in which nothing is said: the object.
pub fn noted(stamp: &Stamp) -> BytesMut {
    let usage = Usage { input: Some(0), output: Some(0), ..Usage::default() };
    without_items(stamp, Status::Over(Finish::Stop), usage)
}

fn without_items(stamp: &Stamp, status: Status, usage: Usage) -> BytesMut {
    let offered = Offered::default();
    let (model, items, cut, fault) = ("", &[][..], &[][..], None);
    let body = Body { stamp, offered: &offered, model, status, items, cut, usage: &usage, fault };
    Writer::document(|w| body.write(w))
}

/// The items of an `input`: a list.
pub fn items_of(input: Json<'_>) -> Cow<'_, str> {
    match input.kind() {
        Kind::Array => Cow::Borrowed(input.raw()),
        Kind::String => Cow::Owned(format!(
            r#"[{{"type":"message","role":"user","content":[{{"type":"input_text","text":{}}}]}}]"#,
            string(&input.as_string().unwrap_or_default())
        )),
        _ => Cow::Borrowed("[]"),
    }
}

/// Lists of items behind each other.
pub fn joined(lists: &[&str]) -> String {
    let inner = |list: &&str| list.trim().strip_prefix('[')?.strip_suffix(']').map(|inner| inner.trim().to_owned());
    let inner: Vec<String> = lists.iter().filter_map(inner).filter(|inner| !inner.is_empty()).collect();
    format!("[{}]", inner.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::json::Doc;

    #[test]
    fn an_id_is_found_where_it_stands_as_one_and_is_ours() {
        let check = |text: &str, id: Option<&str>| assert_eq!(find_id(text.as_bytes()), id, "{text}");
        check(r#"{"id":"resp_gwabc","output":[]}"#, Some("resp_gwabc"));
        check("data: {\"response\": { \"id\" : \"resp_lg0000000100000002_x\"", Some("resp_lg0000000100000002_x"));
        check(r#"{"previous_response_id":"resp_gwone","id":"resp_gwtwo"}"#, Some("resp_gwtwo"));
        check(r#"{"id":"resp_123"}"#, None);
        check(r#"{"text":"\"id\":\"resp_gwabc\""}"#, None);
        check(r#"{"id":"resp_gwabc"#, None);
    }

    #[test]
    fn items_stand_behind_each_other_as_they_were_written() {
        let items = |text: &str| items_of(Doc::parse(text.as_bytes()).unwrap().root()).into_owned();
        let said = items(r#""a \"b\"""#);
        assert!(said.contains(r#""text":"a \"b\"""#), "{said}");
        assert_eq!(items("[ 1 ]"), "[ 1 ]");
        assert_eq!(joined(&["[1, 2]", " [ ] ", "[3]"]), "[1, 2,3]");
        assert_eq!(joined(&["[]"]), "[]");
    }

    #[test]
    fn an_answer_that_is_only_asked_for_says_so() {
        let stamp = Stamp { id: "abc".to_owned(), model: "m".to_owned(), ..Stamp::default() };
        let text = queued(&stamp);
        let doc = Doc::parse(&text).unwrap();
        assert!(doc.root().get("status").unwrap().is("queued") && doc.root().get("id").unwrap().is("resp_gwabc"));
        assert!(doc.root().get("usage").unwrap().is_null());
    }
}
