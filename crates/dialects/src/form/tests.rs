//! Forms that are what they should be, forms that are meant to be understood in two ways, and what becomes of them.

use bytes::BytesMut;
use proptest::prelude::*;

use super::*;

const TYPE: &str = "multipart/form-data; boundary=xyz";

fn part(head: &str, content: &str) -> String {
    format!("--xyz\r\n{head}\r\n\r\n{content}\r\n")
}

fn field(name: &str, content: &str) -> String {
    part(&format!("content-disposition: form-data; name=\"{name}\""), content)
}

fn parse(body: &str) -> Result<Form, Fault> {
    Form::parse(TYPE, Bytes::copy_from_slice(body.as_bytes()))
}

fn shown(form: &Form) -> String {
    String::from_utf8(form.object().unwrap().bytes().to_vec()).unwrap()
}

/// A form of these fields and one file.
fn sample(fields: &[(&str, &str)], file: &[u8]) -> (String, BytesMut) {
    let mut body = BytesMut::new();
    for (name, value) in fields {
        let part = format!("--xyz\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.mp3\"\r\nContent-Type: audio/mpeg";
    body.extend_from_slice(format!("{head}\r\n\r\n").as_bytes());
    body.extend_from_slice(file);
    body.extend_from_slice(b"\r\n--xyz--\r\n");
    ("multipart/form-data; boundary=xyz".to_owned(), body)
}

#[test]
fn fields_are_what_they_look_like_and_files_are_not_looked_into() {
    let (kind, body) = sample(
        &[
            ("model", "7"),
            ("n", "2"),
            ("stream", "true"),
            ("prompt", "[1]"),
            ("metadata", r#"{"a": 1}"#),
            ("x", "a\"b"),
        ],
        b"\r\n--xy\0\xff",
    );
    let form = Form::parse(&kind, body.freeze()).unwrap();
    let expected = r#"{"model":"7","n":2,"stream":true,"prompt":"[1]","metadata":{"a": 1},"x":"a\"b","file":{"filename":"a.mp3","bytes":8}}"#;
    assert_eq!(shown(&form), expected);
    assert_eq!(form.files().collect::<Vec<_>>(), [("file", &b"\r\n--xy\0\xff"[..])]);
}

#[test]
fn a_boundary_may_be_quoted_and_its_line_may_end_in_blanks() {
    let body = format!("preamble\r\n{}--xyz--\r\nepilogue", field("a", "1").replace("--xyz\r\n", "--xyz \t\r\n"));
    for kind in [TYPE, "Multipart/Form-Data;charset=utf-8; Boundary=\"xyz\""] {
        assert!(Form::is_meant(kind));
        let form = Form::parse(kind, body.clone().into()).unwrap();
        assert_eq!(shown(&form), r#"{"a":1}"#);
    }
    assert_eq!(shown(&parse(&format!("{}--xyz--", field("a", ""))).unwrap()), r#"{"a":""}"#);
    assert_eq!(shown(&parse("--xyz--\r\n").unwrap()), "{}");
    assert!(!Form::is_meant("application/json") && !Form::is_meant("multipart/mixed"));
}

#[test]
fn what_could_be_read_in_two_ways_is_refused() {
    let end = "--xyz--\r\n";
    let once = |head: &str| part(head, "v") + end;
    let long = "x".repeat(LONGEST_HEAD);
    for body in [
        String::new(),
        "no delimiter at all".to_owned(),
        field("a", "1"),
        format!("--xyz\r\n{end}"),
        "--xyz\r\ncontent-disposition: form-data; name=\"a\"\r\n--xyz--".to_owned(),
        once("content-disposition: form-data"),
        once("content-disposition: form-data; name="),
        once("content-disposition: form-data; name=\"\""),
        once("content-disposition: form-data; name=\"a\"; name=\"b\""),
        once("content-disposition: form-data; name*=utf-8''a"),
        once("content-disposition: form-data; name=\"a"),
        once("content-disposition: form-data; name=\"a\" b"),
        once("content-disposition: attachment; name=\"a\""),
        once("content-disposition: form-data; name=\"a\"\r\ncontent-disposition: form-data; name=\"b\""),
        once("content-disposition: form-data; name=\"a\"\r\ncontent-transfer-encoding: base64"),
        once("content-disposition: form-data; name=\"a\"\nx: y"),
        once("content-type: text/plain"),
        once("no colon"),
        once(&format!("content-disposition: form-data; name=\"a\"\r\nx: {long}")),
        field("model", "a") + &field("model", "b") + end,
        field("n", "1") + &field("n", "9") + end,
        field("a", &"x".repeat(LONGEST_FIELD + 1)) + end,
        field("a", "1").repeat(MOST_PARTS + 1) + end,
    ] {
        let fault = parse(&body).expect_err(&body[..body.len().min(200)]);
        assert_eq!(fault.status(), 400);
    }
    for kind in [
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"x",
        "multipart/form-data; boundary=a\u{e4}",
        &format!("multipart/form-data; boundary={}", "x".repeat(71)),
    ] {
        assert!(Form::parse(kind, "--x--".into()).is_err(), "{kind}");
    }
    let binary = Form::parse(
        TYPE,
        [part("content-disposition: form-data; name=\"a\"", "").as_bytes(), b"--xyz--"].concat().into(),
    );
    assert!(binary.is_ok());
    let odd = b"--xyz\r\ncontent-disposition: form-data; name=\"a\"\r\n\r\n\xff\r\n--xyz--";
    assert!(Form::parse(TYPE, Bytes::from_static(odd)).unwrap().object().is_err());
}

#[test]
fn fields_change_and_files_are_not_copied() {
    let (kind, body) = sample(&[("model", "mine"), ("tags", "a"), ("language", "de")], &[7; 100_000]);
    let body = body.freeze();
    let form = Form::parse(&kind, body.clone()).unwrap();
    let edits = [
        Edit::Set("model".to_owned(), "\"theirs\"".to_owned()),
        Edit::Remove("tags".to_owned()),
        Edit::Default("temperature".to_owned(), "0.5".to_owned()),
        Edit::Default("language".to_owned(), "\"en\"".to_owned()),
    ];
    let pieces = form.splice(&form.object().unwrap(), &edits);
    let copied: usize =
        pieces.iter().filter(|piece| !body.as_ptr_range().contains(&piece.as_ptr())).map(Bytes::len).sum();
    assert!(copied < 400, "{copied}");
    let sent = Form::parse(&form.content_type(), pieces.concat().into()).unwrap();
    let expected = r#"{"model":"theirs","language":"de","file":{"filename":"a.mp3","bytes":100000},"temperature":0.5}"#;
    assert_eq!(shown(&sent), expected);
    assert_eq!(sent.files().next().unwrap().1, [7; 100_000]);
}

#[test]
fn what_the_object_says_by_now_goes_out() {
    let (kind, body) = sample(&[("model", "m"), ("prompt", "call 4111")], b"x");
    let form = Form::parse(&kind, body.freeze()).unwrap();
    let masked = shown(&form).replace("4111", "<CARD>");
    let object = Object::parse(masked.into()).unwrap();
    let sent = Form::parse(TYPE, form.splice(&object, &[]).concat().into()).unwrap();
    assert!(shown(&sent).contains(r#""prompt":"call <CARD>""#), "{}", shown(&sent));
}

#[test]
fn a_model_is_added_and_one_that_is_a_file_is_replaced() {
    let edit = [Edit::Set("model".to_owned(), "\"m\"".to_owned())];
    let named = part("content-disposition: form-data; name=\"model\"; filename=\"m\"", "other");
    for body in ["--xyz--".to_owned(), named + "--xyz--"] {
        let form = parse(&body).unwrap();
        let sent = Form::parse(TYPE, form.splice(&form.object().unwrap(), &edit).concat().into()).unwrap();
        assert_eq!(shown(&sent), r#"{"model":"m"}"#);
    }
}

proptest! {
    #[test]
    fn nothing_panics_and_what_is_read_is_written_the_same(
        pieces in prop::collection::vec(prop::sample::select(&[
            "--xyz", "\r\n", "--", "content-disposition: form-data; name=\"a\"", "; filename=\"f\"", "v", ":", "\"", " ", "\u{e4}",
        ][..]), 0..24)
    ) {
        if let Ok(form) = parse(&pieces.concat()) {
            let object = form.object().unwrap();
            let again = Form::parse(&form.content_type(), form.splice(&object, &[]).concat().into()).unwrap();
            prop_assert_eq!(shown(&again), shown(&form));
        }
    }
}
