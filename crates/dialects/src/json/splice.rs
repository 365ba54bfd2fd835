//! Changing single fields of a body while every other byte stays as the caller wrote it.

use std::ops::Range;

use bytes::{Bytes, BytesMut};

use super::{Json, Writer};

/// A change to an object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Edit {
    /// The field gets this JSON value; it is added if missing.
    Set(String, String),
    /// The field is added with this JSON value if it is missing.
    Default(String, String),
    /// The field is taken out.
    Remove(String),
    /// These bytes of a text are taken out, unless its field is changed as a whole.
    Cut(Range<usize>),
}

impl Edit {
    /// The field `name` of the object `object` gets a number; both are added if missing. `root` is the body.
    pub fn set_inside(root: Json, object: &str, name: &str, number: u64) -> Self {
        let changed = Writer::document(|w| {
            let copy = |inner: Json| {
                let others = inner.fields().filter(|(key, _)| !key.is(name));
                others.for_each(|(key, value)| w.key(&key.as_str().unwrap_or_default()).json(value.raw()));
            };
            root.get_some(object).and_then(|inner| inner.inside(copy));
            w.num_field(name, number);
        });
        Edit::Set(object.to_owned(), String::from_utf8_lossy(&changed).into_owned())
    }

    /// The field that it changes as a whole.
    fn name(&self) -> Option<&str> {
        match self {
            Edit::Set(name, _) | Edit::Default(name, _) | Edit::Remove(name) => Some(name),
            Edit::Cut(_) => None,
        }
    }
}

/// Applies `edits` to the object `body`, of which `root` is the parsed form. Returns the new body in pieces:
/// the untouched parts are slices of the old one, so a large body is not copied. A field that one edit takes out
/// is not set by another, and of several other edits to one field the first counts.
pub(super) fn splice(body: &Bytes, root: Json, edits: &[Edit]) -> Vec<Bytes> {
    let (_, end) = root.span();
    let mut cuts: Vec<(usize, usize, Bytes)> = Vec::new();
    let mut added = BytesMut::new();
    let mut kept = root.fields().count();
    for (index, edit) in edits.iter().enumerate() {
        let Some(name) = edit.name() else { continue };
        let mut others = edits.iter().enumerate().filter(|(_, other)| other.name() == Some(name));
        let overruled = match edit {
            Edit::Remove(_) => edits[..index].contains(edit),
            _ => others.any(|(at, other)| at < index || matches!(other, Edit::Remove(_))),
        };
        if overruled {
            continue;
        }
        let places: Vec<_> = root.fields().filter(|(key, _)| key.is(name)).collect();
        match edit {
            Edit::Set(_, value) if !places.is_empty() => {
                cuts.extend(places.iter().map(|(_, old)| {
                    let (start, end) = old.span();
                    (start, end, Bytes::copy_from_slice(value.as_bytes()))
                }));
            }
            Edit::Default(..) if !places.is_empty() => {}
            Edit::Set(_, value) | Edit::Default(_, value) => {
                added.extend_from_slice(b",");
                added.extend_from_slice(super::string(name).as_bytes());
                added.extend_from_slice(b":");
                added.extend_from_slice(value.as_bytes());
            }
            Edit::Remove(_) => {
                kept -= places.len();
                cuts.extend(places.iter().map(|(key, value)| removal(body, key.span().0, value.span().1)));
            }
            Edit::Cut(_) => {}
        }
    }
    let whole = cuts.len();
    for edit in edits {
        if let Edit::Cut(Range { start, end }) = edit
            && !cuts[..whole].iter().any(|(from, to, _)| from <= start && end <= to)
        {
            cuts.push((*start, *end, Bytes::new()));
        }
    }
    if !added.is_empty() {
        let text = added.freeze();
        // The comma in front is wrong if nothing is left before it.
        let text = if kept == 0 { text.slice(1..) } else { text };
        cuts.push((end - 1, end - 1, text));
    }
    cuts.sort_by_key(|cut| cut.0);
    let cuts = without_trailing_comma(body, cuts, kept, end);
    pieces(body, cuts)
}

/// The cut that takes out a field with the comma behind it (or only the field, if it is the last one).
fn removal(body: &[u8], start: usize, end: usize) -> (usize, usize, Bytes) {
    let after = end + body[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let end = if body.get(after) == Some(&b',') { after + 1 } else { end };
    (start, end, Bytes::new())
}

/// If the last fields of the object were removed, the comma of the last one that stays must go too.
fn without_trailing_comma(
    body: &[u8],
    mut cuts: Vec<(usize, usize, Bytes)>,
    kept: usize,
    end: usize,
) -> Vec<(usize, usize, Bytes)> {
    let blank = |range: &[u8]| range.iter().all(u8::is_ascii_whitespace);
    let mut edge = end - 1;
    let mut removed_last = false;
    for cut in cuts.iter().rev().filter(|cut| cut.2.is_empty()) {
        if !blank(&body[cut.1..edge]) {
            break;
        }
        edge = cut.0;
        removed_last = true;
    }
    if removed_last && kept > 0 {
        let before = &body[..edge];
        let spaces = before.iter().rev().take_while(|byte| byte.is_ascii_whitespace()).count();
        let comma = edge - spaces - 1;
        if body[comma] == b',' {
            let place = cuts.partition_point(|cut| cut.0 < comma);
            cuts.insert(place, (comma, comma + 1, Bytes::new()));
        }
    }
    cuts
}

fn pieces(body: &Bytes, cuts: Vec<(usize, usize, Bytes)>) -> Vec<Bytes> {
    let mut out = Vec::with_capacity(cuts.len() * 2 + 1);
    let mut at = 0;
    for (start, end, text) in cuts {
        out.push(body.slice(at..start));
        out.push(text);
        at = end;
    }
    out.push(body.slice(at..));
    out.retain(|piece| !piece.is_empty());
    out
}
