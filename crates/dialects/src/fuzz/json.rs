//! The scanner, what is looked up by it, and single fields that change.

use bytes::Bytes;
use serde_json::Value;

use super::{in_proportion, is_json, must_be_json};
use crate::json::{Doc, Edit, Json, Kind, Names, Object, compact};

/// Most values of a text that are looked at one by one.
const MOST: usize = 500;

pub(super) fn run(data: &[u8]) {
    let strict = Doc::parse(data).is_ok();
    let text = data.strip_prefix(b"\xef\xbb\xbf").unwrap_or(data);
    assert!(!strict || is_json(text), "accepted: {}", String::from_utf8_lossy(data));
    let value = serde_json::from_slice::<Value>(text);
    assert!(value.is_err() || strict, "refused: {}", String::from_utf8_lossy(data));
    // Providers may do all that callers may.
    for (what, accepted) in [
        ("an answer", Doc::parse_answer(data).is_ok()),
        ("the head of an answer", Doc::parse_answer_head(data).is_ok()),
        ("a measured answer", Doc::parse_measured(data, Names::of(&["content", "text"])).is_ok()),
    ] {
        assert!(accepted || !strict, "refused as {what}: {}", String::from_utf8_lossy(data));
    }
    if let Ok(doc) = Doc::parse(data) {
        values(doc.root(), &mut 0);
        let compact = compact(doc.root().raw());
        assert!(is_json(compact.as_bytes()) && compact.len() <= data.len(), "{compact}");
        if let Ok(value) = &value {
            assert_eq!(serde_json::from_str::<Value>(&compact).ok().as_ref(), Some(value));
        }
    }
    if let Ok(object) = Object::parse(Bytes::copy_from_slice(data)) {
        edits(&object, data);
    }
}

/// Each value is where it is said to be.
fn values(value: Json, seen: &mut usize) {
    *seen += 1;
    if *seen > MOST {
        return;
    }
    must_be_json("a value", value.raw().as_bytes());
    let text = value.as_str();
    assert_eq!(text.is_some(), value.kind() == Kind::String);
    if let (Some(text), Ok(own)) = (text, serde_json::from_str::<String>(value.raw())) {
        assert_eq!(text, own);
    }
    let _ = (value.as_f64(), value.as_u64(), value.as_i64(), value.as_bool());
    value.items().for_each(|item| values(item, seen));
    for (key, field) in value.fields() {
        let name = key.as_str().unwrap_or_default();
        assert!(key.is(&name) && value.get(&name).is_some(), "{name:?}");
        values(field, seen);
    }
}

/// What is set is there and what is removed is not, whatever else the object holds.
fn edits(object: &Object, data: &[u8]) {
    let names: Vec<String> = object.with(|root| {
        let names = root.fields().filter_map(|(key, _)| key.as_string());
        names.take(8).chain(["new \"one\"".to_owned()]).collect()
    });
    let mut wanted = Vec::new();
    for (at, name) in names.iter().enumerate() {
        wanted.push(match (at + data.len()) % 3 {
            0 => Edit::Remove(name.clone()),
            1 => Edit::Set(name.clone(), "{\"set\":1}".to_owned()),
            _ => Edit::Default(name.clone(), "[]".to_owned()),
        });
        let spliced = object.splice(&wanted).concat();
        in_proportion("a splice", data, spliced.len());
        must_be_json("a splice", &spliced);
        let after = Object::parse(Bytes::from(spliced)).expect("it is still an object");
        for edit in &wanted {
            after.with(|root| match edit {
                Edit::Remove(name) => assert!(root.get(name).is_none(), "{name:?} is still there"),
                Edit::Set(name, value) if !wanted.contains(&Edit::Remove(name.clone())) => {
                    let first = wanted
                        .iter()
                        .find(|other| matches!(other, Edit::Set(own, _) | Edit::Default(own, _) if own == name));
                    let is_first = first == Some(edit);
                    assert!(!is_first || root.get(name).is_some_and(|own| own.raw() == value), "{name:?} is not set");
                }
                Edit::Default(name, _) if !wanted.contains(&Edit::Remove(name.clone())) => {
                    assert!(root.get(name).is_some(), "{name:?} is missing");
                }
                _ => {}
            });
        }
    }
}
