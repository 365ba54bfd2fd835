//! Forms with files.

use bytes::Bytes;

use super::{in_proportion, must_be_json};
use crate::Form;
use crate::json::Edit;

/// The boundary of the fixtures.
const TYPE: &str = "multipart/form-data; boundary=xyz";

/// The first line of the input is the content type, if it looks like one.
pub(super) fn run(data: &[u8]) {
    let line = data.iter().position(|byte| *byte == b'\n');
    let own = line.and_then(|end| Some((std::str::from_utf8(&data[..end]).ok()?, &data[end + 1..])));
    let (kind, body) = own.filter(|(kind, _)| Form::is_meant(kind)).unwrap_or((TYPE, data));
    let Ok(form) = Form::parse(kind, Bytes::copy_from_slice(body)) else { return };
    assert!(form.files().map(|(_, content)| content.len()).sum::<usize>() <= body.len());
    let Ok(object) = form.object() else { return };
    in_proportion("a form's object", data, object.bytes().len());
    must_be_json("a form's object", object.bytes());
    let names = object.with(|root| root.fields().filter_map(|(key, _)| key.as_string()).next());
    let edits = [
        Edit::Set("model".to_owned(), "\"other\"".to_owned()),
        Edit::Remove(names.filter(|name| name != "model").unwrap_or_default()),
    ];
    let spliced = form.splice(&object, &edits).concat();
    in_proportion("a form", data, spliced.len());
    let again = Form::parse(&form.content_type(), Bytes::from(spliced)).expect("a spliced form is a form");
    let again = again.object().expect("a spliced form has texts");
    again.with(|root| assert!(root.get("model").is_some_and(|model| model.is("other")), "{:?}", again.bytes()));
}
