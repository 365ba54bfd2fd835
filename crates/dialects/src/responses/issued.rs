//! What a provider gave out and only its own account understands when it comes back: the id of an answer that is kept
//! there, and reasoning that is encrypted. On the way to the caller a mark is put before each that says whose it is; on the
//! way back it is taken off. So conversations find their way whichever replica they come to, however long after, and
//! nothing has to be remembered.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::{ISSUED, kept};
use crate::json::{self, Doc, Edit, Json, Object};
use crate::{Issued, Issuer};

/// What every id of an answer begins with, at OpenAI.
const ID: &str = "resp_";
/// What stands behind that where a mark follows.
const MARKED_ID: &str = "resp_lg";
/// "lockgate@" in base64, as encrypted reasoning is.
const MARKED_BLOB: &str = "bG9ja2dhdGVA";
/// Letters of an issuer: as many as base64 takes together, so that what is marked still is base64.
const ISSUER: usize = 16;

/// Field of encrypted reasoning.
const BLOB: &str = "encrypted_content";

/// Events in which nothing is given out.
static PIECE: LazyLock<Finder> = LazyLock::new(|| Finder::new(".delta\""));
/// Within how many bytes its kind is told.
const NEAR: usize = 256;

/// Whose a request is, if it brings anything back. Only the head of the body behind `root` is noted.
pub(super) fn by(body: &Object) -> Option<Issued> {
    let before = before(body);
    if let Some((issuer, _)) = before.as_deref().and_then(unmarked_id) {
        return Some(Issued { by: issuer, is_kept: true });
    }
    blobs(body.bytes()).last().map(|(_, by)| Issued { by, is_kept: false })
}

/// The changes that take the marks off a request; `None` if something in it is of another account than `target`'s, which
/// would be refused there.
pub(super) fn unmarked(body: &Object, target: Option<Issuer>) -> Option<Vec<Edit>> {
    let before = before(body);
    let id = before.as_deref().and_then(|id| match kept::is_own(id) {
        // What it stands for is in front of the input.
        true => Some(Edit::Remove(ISSUED.to_owned())),
        false => unmarked_id(id).map(|(_, id)| Edit::Set(ISSUED.to_owned(), json::string(&id))),
    });
    let mut edits: Vec<Edit> = id.into_iter().collect();
    for (mark, by) in blobs(body.bytes()) {
        if !target.is_some_and(|target| target.understands(by)) {
            return None;
        }
        edits.push(Edit::Cut(mark));
    }
    Some(edits)
}

/// Where marks go into an answer, or an event of one, and what they are, in order.
pub(super) fn marks(data: &[u8], issuer: Issuer) -> Vec<(usize, String)> {
    let mut marks = Vec::new();
    if PIECE.find(&data[..data.len().min(NEAR)]).is_some() {
        return marks;
    }
    // Who says something unreadable is found out elsewhere.
    let Ok(doc) = Doc::parse_answer(data) else { return marks };
    let root = doc.root();
    let answer = root.get_some("response").unwrap_or(root);
    if answer.get("object").is_some_and(|object| object.is("response")) {
        for id in ["id", ISSUED].iter().filter_map(|name| answer.get_some(name)) {
            marks.extend(id.as_str().map(|text| match text.starts_with(ID) {
                true => (id.span().0 + 1 + ID.len(), format!("{}{issuer}_", &MARKED_ID[ID.len()..])),
                false => (id.span().0 + 1, format!("{MARKED_ID}{issuer}__")),
            }));
        }
    }
    let items = answer.get("output").into_iter().flat_map(|output| output.items()).chain(root.get_some("item"));
    // What an answer that is kept was asked comes in lists.
    let is_list = root.get("object").is_some_and(|object| object.is("list"));
    let listed = root.get("data").filter(|_| is_list).into_iter().flat_map(|data| data.items());
    let blobs = items.chain(listed).filter_map(|item| item.get_some(BLOB)).filter(|blob: &Json| !blob.is(""));
    marks.extend(blobs.map(|blob| (blob.span().0 + 1, format!("{MARKED_BLOB}{issuer}"))));
    marks.sort_by_key(|(at, _)| *at);
    marks
}

/// The id of the answer that a request goes on from.
fn before(body: &Object) -> Option<String> {
    body.with(|root| root.get_some(ISSUED)?.as_string())
}

/// Who gave the id of an answer out, and what it is there.
pub(super) fn unmarked_id(text: &str) -> Option<(Issuer, Cow<'_, str>)> {
    let (issuer, id) = text.strip_prefix(MARKED_ID)?.split_at_checked(ISSUER)?;
    let id = match id.strip_prefix("__") {
        Some(whole) => Cow::Borrowed(whole),
        None => Cow::Owned(format!("{ID}{}", id.strip_prefix('_')?)),
    };
    Some((Issuer::parse(issuer)?, id))
}

/// The marks before encrypted reasoning in a request, and whose it is.
fn blobs(body: &[u8]) -> impl Iterator<Item = (Range<usize>, Issuer)> {
    memmem::find_iter(body, MARKED_BLOB).filter_map(|at| {
        let before = body[..at].strip_suffix(b"\"")?.trim_ascii_end().strip_suffix(b":")?.trim_ascii_end();
        let is_blob = before.strip_suffix(b"\"").is_some_and(|before| before.ends_with(BLOB.as_bytes()));
        let (from, end) = (at + MARKED_BLOB.len(), at + MARKED_BLOB.len() + ISSUER);
        let issuer = Issuer::parse(str::from_utf8(body.get(from..end)?).ok()?)?;
        is_blob.then_some((at..end, issuer))
    })
}

#[cfg(test)]
mod tests;
