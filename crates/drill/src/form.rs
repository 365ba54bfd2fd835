//! Forms with files, as the vendors' servers read them: each field as a text, or as the number or list that it looks like,
//! and of a file its name, its type and how long it is.

use crate::problem::Problem;
use serde_json::{Map, Value, json};

/// A field or a file of a form.
pub(crate) struct Part<'b> {
    pub(crate) name: String,
    /// What a file is called.
    pub(crate) filename: Option<String>,
    pub(crate) content: &'b [u8],
}

/// What there is in a form.
pub(crate) fn parts<'b>(content_type: &str, body: &'b [u8]) -> Result<Vec<Part<'b>>, Problem> {
    let (_, boundary) = content_type.split_once("boundary=").ok_or_else(|| refuse("there is no boundary"))?;
    let delimiter = format!("--{}", boundary.split(';').next().unwrap_or_default().trim().trim_matches('"'));
    let mut found = Vec::new();
    let mut rest = after(body, delimiter.as_bytes()).ok_or_else(|| refuse("the boundary is missing"))?;
    while !rest.starts_with(b"--") {
        let part = rest.strip_prefix(b"\r\n").ok_or_else(|| refuse("a delimiter has no line of its own"))?;
        let head_end = find(part, b"\r\n\r\n").ok_or_else(|| refuse("a part has no head"))?;
        let head = String::from_utf8_lossy(&part[..head_end]).into_owned();
        let content = &part[head_end + 4..];
        let end = find(content, format!("\r\n{delimiter}").as_bytes()).ok_or_else(|| refuse("a part has no end"))?;
        let name = param(&head, " name=").ok_or_else(|| refuse("a part has no name"))?;
        found.push(Part { name, filename: param(&head, "filename="), content: &content[..end] });
        rest = &content[end + 2 + delimiter.len()..];
    }
    Ok(found)
}

/// Reads a form into an object.
pub(crate) fn read(content_type: &str, body: &[u8]) -> Result<Value, Problem> {
    let mut fields = Map::new();
    for Part { name, filename, content } in parts(content_type, body)? {
        let value = match filename {
            Some(filename) => json!({ "filename": filename, "bytes": content.len() }),
            None => typed(&name, &String::from_utf8_lossy(content)),
        };
        if fields.insert(name.clone(), value).is_some() && !name.ends_with("[]") {
            return Err(refuse("a field is there twice").at(name));
        }
    }
    Ok(Value::Object(fields))
}

fn refuse(why: &str) -> Problem {
    Problem::refuse(format!("Could not parse multipart form: {why}"))
}

fn typed(name: &str, text: &str) -> Value {
    let value = serde_json::from_str(text).ok().filter(|value: &Value| value.is_number() || value.is_boolean());
    value.filter(|_| name != "model" && name != "prompt").unwrap_or_else(|| text.into())
}

fn param(head: &str, name: &str) -> Option<String> {
    let (_, value) = head.split_once(name)?;
    Some(value.trim_start_matches('"').split(['"', ';', '\r']).next()?.to_owned())
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    memchr::memmem::find(bytes, wanted)
}

fn after<'b>(bytes: &'b [u8], wanted: &[u8]) -> Option<&'b [u8]> {
    find(bytes, wanted).map(|at| &bytes[at + wanted.len()..])
}
