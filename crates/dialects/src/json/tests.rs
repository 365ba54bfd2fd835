use bytes::Bytes;
use proptest::prelude::*;

use super::*;

fn text_of(pieces: &[Bytes]) -> String {
    String::from_utf8(pieces.concat()).unwrap()
}

fn value_of(json: Json) -> serde_json::Value {
    use serde_json::Value;
    match json.kind() {
        Kind::Null => Value::Null,
        Kind::Bool => Value::Bool(json.as_bool().unwrap()),
        Kind::Number => json.raw().parse::<serde_json::Number>().unwrap().into(),
        Kind::String => Value::String(json.as_string().unwrap()),
        Kind::Array => json.items().map(value_of).collect(),
        Kind::Object => json.fields().map(|(key, value)| (key.as_string().unwrap(), value_of(value))).collect(),
    }
}

fn arbitrary_json() -> impl Strategy<Value = serde_json::Value> {
    use serde_json::{Value, json};
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1e9..1e9f64).prop_map(|number| json!(number)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn reads_what_serde_json_writes(value in arbitrary_json(), pretty: bool) {
        let text = if pretty { serde_json::to_string_pretty(&value) } else { serde_json::to_string(&value) }.unwrap();
        let doc = Doc::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(value_of(doc.root()), value);
    }

    #[test]
    fn accepts_and_refuses_the_same_texts_as_serde_json(mut text in "[\\[\\]{}:,\"\\\\ \n\ru01-9eE.+truefalsn\u{1}é]{0,24}", at: usize) {
        let ours = |text: &str| Doc::parse(text.as_bytes()).is_ok();
        let theirs = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
        prop_assert_eq!(ours(&text), theirs(&text), "{}", text);
        text.insert_str(text.floor_char_boundary(at % (text.len() + 1)), "\"a\"");
        prop_assert_eq!(ours(&text), theirs(&text), "{}", text);
    }

    #[test]
    fn never_panics_on_bytes(bytes: Vec<u8>) {
        let _ = Doc::parse(&bytes);
        let _ = Doc::parse_head(&bytes);
    }

    #[test]
    fn writes_strings_that_serde_json_reads(text: String) {
        let out = Writer::document(|w| w.str_field("k", &text));
        let back: serde_json::Value = serde_json::from_slice(&out).unwrap();
        prop_assert_eq!(back["k"].as_str().unwrap(), text);
    }

    #[test]
    fn splicing_equals_editing_the_parsed_object(
        fields in prop::collection::vec(("[abc]", any::<Option<u8>>()), 0..5),
        edits in prop::collection::vec((0..3u8, "[abcd]"), 0..5),
        pretty: bool,
    ) {
        let blank = if pretty { "\n " } else { "" };
        let value = |value: &Option<u8>| value.map_or("null".to_owned(), |number| number.to_string());
        let written: Vec<_> = fields.iter().map(|(name, field)| format!("{blank}\"{name}\":{blank}{}", value(field))).collect();
        let body = Bytes::from(format!("{{{}{blank}}}", written.join(",")));
        let mut expected: serde_json::Map<_, _> = serde_json::from_slice(&body).unwrap();
        let mut list = Vec::new();
        let mut changed = std::collections::HashSet::new();
        let removed: std::collections::HashSet<_> = edits.iter().filter(|(kind, _)| *kind == 2).map(|(_, name)| name.clone()).collect();
        for (kind, name) in &edits {
            let counts = *kind == 2 || (!removed.contains(name) && changed.insert(name.clone()));
            match kind {
                0 => {
                    list.push(Edit::Set(name.clone(), "\"new\"".into()));
                    counts.then(|| expected.insert(name.clone(), "new".into()));
                }
                1 => {
                    list.push(Edit::Default(name.clone(), "7".into()));
                    counts.then(|| expected.entry(name.clone()).or_insert(7.into()));
                }
                _ => {
                    list.push(Edit::Remove(name.clone()));
                    expected.remove(name);
                }
            }
        }
        let out = text_of(&Object::parse(body).unwrap().splice(&list));
        let back: serde_json::Value = serde_json::from_str(&out).map_err(|e| TestCaseError::fail(format!("{e}: {out}")))?;
        prop_assert_eq!(back, serde_json::Value::Object(expected));
    }
}

#[test]
fn a_piece_of_a_text_is_cut_out_unless_its_field_is_changed_as_a_whole() {
    let body = Bytes::from_static(br#"{"a": "one-two", "b": {"c": "three"}, "d": 1}"#);
    let cut = |text: &str| {
        let at = memchr::memmem::find(&body, text.as_bytes()).unwrap();
        Edit::Cut(at..at + text.len())
    };
    let spliced = |edits: &[Edit]| text_of(&Object::parse(body.clone()).unwrap().splice(edits));
    let (one, three) = (cut("one-"), cut("th"));
    let remove = |name: &str| Edit::Remove(name.to_owned());
    assert_eq!(spliced(&[three.clone(), one.clone()]), r#"{"a": "two", "b": {"c": "ree"}, "d": 1}"#);
    assert_eq!(spliced(&[one.clone(), remove("d")]), r#"{"a": "two", "b": {"c": "three"} }"#);
    assert_eq!(spliced(&[one, three.clone(), remove("a")]), r#"{ "b": {"c": "ree"}, "d": 1}"#);
    assert_eq!(spliced(&[three, Edit::Set("b".into(), "7".into())]), r#"{"a": "one-two", "b": 7, "d": 1}"#);
}

#[test]
fn looks_up_fields_and_keeps_the_spelling() {
    let doc =
        Doc::parse(br#"{"a": [1, 2.50, {"x":null}], "b\u0062": "q\n\ud83d\ude00", "a2": 1e3, "a2": 3.0}"#).unwrap();
    let root = doc.root();
    assert_eq!(root.get("a").unwrap().raw(), r#"[1, 2.50, {"x":null}]"#);
    assert_eq!(root.get("bb").unwrap().as_str().unwrap(), "q\n😀");
    assert_eq!(root.get("a2").unwrap().as_u64(), Some(3), "the last of several equal names counts");
    assert!(root.get("a").unwrap().items().nth(2).unwrap().get_some("x").is_none());
    assert_eq!(root.get("a").unwrap().one_or_many().count(), 3);
    assert_eq!(root.get("bb").unwrap().one_or_many().count(), 1);
}

#[test]
fn the_head_holds_only_the_outermost_fields() {
    let doc = Doc::parse_head(br#"{"model":"m","messages":[{"role":"user"}],"stream":true}"#).unwrap();
    assert_eq!(doc.root().get("model").unwrap().as_str().unwrap(), "m");
    assert_eq!(doc.root().get("stream").unwrap().as_bool(), Some(true));
    assert_eq!(doc.root().get("messages").unwrap().raw(), r#"[{"role":"user"}]"#);
}

#[test]
fn refuses_hostile_texts_with_a_place() {
    let many = format!("[{}0]", "0,".repeat(MAX_VALUES));
    assert_eq!(Doc::parse(many.as_bytes()).err().unwrap().what, "too many values");
    assert!(Doc::parse_answer(many.as_bytes()).is_ok(), "embeddings have more");
    assert!(Doc::parse_head(many.replace("[", "{\"a\":[").replace("]", "]}").as_bytes()).is_ok());
    let deep = "[".repeat(1000) + &"]".repeat(1000);
    for (text, offset, what) in [
        (deep.as_bytes(), 128, "nesting deeper than 128 levels"),
        (b"{\"a\":\"\0\"}", 6, "control character inside a string"),
        (b"{\"a\":\"\xff\"}", 6, "text that is not UTF-8"),
        (b"", 0, "unexpected end of the text"),
        (b"{\"a\":1", 6, "unexpected end of the text"),
        (b"{} x", 3, "text after the end of the value"),
        (br#"["\ud800"]"#, 8, "half of a surrogate pair inside a string"),
    ] {
        let error = Doc::parse(text).err().unwrap();
        assert_eq!((error.offset, error.what), (offset, what));
    }
}

#[test]
fn what_ends_a_string_is_seen_at_every_place() {
    for length in 0..40 {
        for byte in 0..128u8 {
            let text = format!("[\"{}{}é{}\"]", "aß".repeat(length), char::from(byte), "é".repeat(9));
            let theirs = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            assert_eq!(Doc::parse(text.as_bytes()).is_ok(), theirs, "{text:?}");
        }
    }
}

#[test]
fn halves_of_characters_are_borne_where_a_provider_cut_them() {
    for (text, expected) in [
        (r#"["a\ud83d"]"#, "a\u{fffd}"),
        (r#"["\ude00b"]"#, "\u{fffd}b"),
        (r#"["\ud83d\ude00"]"#, "😀"),
        (r#"["\ud83d\n"]"#, "\u{fffd}\n"),
        (r#"["\ud83dxxde00"]"#, "\u{fffd}xxde00"),
        (r#"["\ud83d\ud83d\ude00"]"#, "\u{fffd}😀"),
    ] {
        let doc = Doc::parse_answer(text.as_bytes()).unwrap();
        assert_eq!(doc.root().items().next().unwrap().as_str().unwrap(), expected);
        assert!(measure(text.as_bytes(), Names::of(&[])).is_ok() && Doc::parse_answer_head(text.as_bytes()).is_ok());
    }
    for text in [r#"["\ud83"]"#, r#"["\ud83x"]"#] {
        assert!(Doc::parse_answer(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn text_is_measured_where_it_is_asked_for() {
    const NAMES: Names = Names::of(&["a", "aa"]);
    for (text, expected) in [
        (r#"{"a":"four","b":"five5"}"#, 4),
        (r#"{"x":{"y":[{"a":"four"},{"a":"two"}]}}"#, 7),
        (r#"{"a":["ab","cd"],"b":["ef"]}"#, 4),
        (r#"{"a":[{"b":"no"},"ab",["no"]],"b":"no"}"#, 2),
        (r#"{"a":{"k": "v\n", "a": 1}}"#, r#"{"k": "v\n", "a": 1}"#.len()),
        (r#"{"a":"é\n\"\\","b":"a"}"#, "é\n\"\\".len()),
        (r#"{"a":"\u00e9\u00e8"}"#, "éè".len()),
        (r#"{"a":"\ud83d\ude00"}"#, "😀".len()),
        (r#"{"a":null,"b":"a","c":[]}"#, 0),
        (r#"{"\u0061":"escaped names are not ours"}"#, 0),
        (r#""a""#, 0),
    ] {
        assert_eq!(measure(text.as_bytes(), NAMES), Ok(expected), "{text}");
        assert_eq!(Doc::parse_measured(text.as_bytes(), NAMES).unwrap().1, expected, "{text}");
    }
    assert!(measure(br#"{"a":"half"#, NAMES).is_err());
}

#[test]
fn compact_text_says_the_same_without_blanks() {
    for (text, expected) in [
        (
            "{\n  \"a b\": [1, 2.50],\t\"c\": \"x \\\" y\\\\\" , \"d\":null }\r\n",
            r#"{"a b":[1,2.50],"c":"x \" y\\","d":null}"#,
        ),
        ("{}", "{}"),
        ("\"é \\u00e9\"", "\"é \\u00e9\""),
    ] {
        assert_eq!(compact(text), expected);
    }
}
