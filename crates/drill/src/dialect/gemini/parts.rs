//! Reads and checks the parts of one content: one payload each, and every payload in its form.

use super::fields::{get, invalid, list, object, text};
use crate::dialect::is_either_base64;
use crate::problem::Problem;
use serde_json::Value;

const PAYLOADS: &[&str] = &[
    "text",
    "inlineData",
    "fileData",
    "functionCall",
    "functionResponse",
    "executableCode",
    "codeExecutionResult",
    "toolCall",
    "toolResponse",
];

const MARKERS: &[&str] =
    &["thought", "thoughtSignature", "videoMetadata", "mediaResolution", "mediaProcessing", "partMetadata"];

pub(super) fn parts<'a>(content: &'a Value, path: &str) -> Result<&'a [Value], Problem> {
    let parts = list(content, "parts", &format!("{path}.parts"))?;
    if parts.is_empty() {
        return Err(Problem::refuse(format!(
            "* GenerateContentRequest.{path}.parts: contents.parts must not be empty."
        )));
    }
    for (at, one) in parts.iter().enumerate() {
        part(one, &format!("{path}.parts[{at}]"))?;
    }
    Ok(parts)
}

fn part(part: &Value, path: &str) -> Result<(), Problem> {
    object(part, path, &[PAYLOADS, MARKERS].concat())?;
    let mut payloads = PAYLOADS.iter().filter_map(|name| Some((*name, get(part, name)?)));
    let Some((name, payload)) = payloads.next() else {
        let text = format!(
            "* GenerateContentRequest.{path}.data: required oneof field 'data' must have one initialized field"
        );
        return Err(Problem::refuse(text));
    };
    if payloads.next().is_some() {
        let text = format!("Invalid value at '{path}' (oneof), oneof field 'data' is already set. Cannot set '{name}'");
        return Err(Problem::refuse(text));
    }
    match name {
        "text" => text(part, "text", path).map(|_| ()),
        "inlineData" => inline_data(payload, &format!("{path}.inline_data")),
        "fileData" => file_data(payload, &format!("{path}.file_data")),
        "functionCall" => {
            let path = format!("{path}.function_call");
            object(payload, &path, &["id", "name", "args", "partialArgs", "willContinue"])?;
            named_object(payload, "args", &path)
        }
        "functionResponse" => {
            let path = format!("{path}.function_response");
            object(payload, &path, &["id", "name", "response", "parts", "willContinue", "scheduling"])?;
            named_object(payload, "response", &path)
        }
        _ => Ok(()),
    }
}

fn inline_data(data: &Value, path: &str) -> Result<(), Problem> {
    object(data, path, &["mimeType", "data", "displayName"])?;
    if text(data, "mimeType", path)?.is_none_or(|kind| !kind.contains('/')) {
        return Err(Problem::refuse(format!("* GenerateContentRequest.{path}.mime_type: mimeType must be set.")));
    }
    let bytes = text(data, "data", path)?.unwrap_or_default();
    if bytes.is_empty() || !is_either_base64(bytes) {
        return Err(Problem::refuse(format!("Invalid value at '{path}.data' (TYPE_BYTES), Base64 decoding failed")));
    }
    Ok(())
}

fn file_data(data: &Value, path: &str) -> Result<(), Problem> {
    object(data, path, &["mimeType", "fileUri", "displayName"])?;
    match text(data, "fileUri", path)? {
        Some(uri) if !uri.is_empty() => Ok(()),
        _ => Err(Problem::refuse(format!("* GenerateContentRequest.{path}.file_uri: fileUri must be set."))),
    }
}

/// A call or response: a name, and an object if there is a body.
fn named_object(payload: &Value, body: &str, path: &str) -> Result<(), Problem> {
    if text(payload, "name", path)?.is_none_or(str::is_empty) {
        return Err(Problem::refuse(format!("* GenerateContentRequest.{path}.name: Name cannot be empty.")));
    }
    let required = body == "response";
    match get(payload, body) {
        Some(Value::Object(_)) => Ok(()),
        None if !required => Ok(()),
        None => Err(Problem::refuse(format!("* GenerateContentRequest.{path}.{body}: {body} must be set."))),
        Some(other) => {
            let wrong = if other.is_array() {
                "Proto field is not repeating, cannot start list."
            } else {
                "expected an object"
            };
            Err(invalid(path, &format!("Invalid value at '{path}.{body}': {wrong}")))
        }
    }
}
