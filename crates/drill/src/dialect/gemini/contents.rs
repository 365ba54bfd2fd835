//! Reads and checks contents: roles that take turns, parts with one payload, calls and their responses, and
//! the thought signatures that must come back.

use super::fields::{get, list, object, text};
use super::is_signature;
use super::parts::parts;
use crate::knobs::Knobs;
use crate::problem::Problem;
use crate::script::words;
use serde_json::Value;

/// What the contents amount to.
#[derive(Default)]
pub(super) struct Talk {
    pub(super) last_user: String,
    /// Text of the function responses at the end, if the contents end with some.
    pub(super) tool_result: Option<String>,
    pub(super) words: u64,
}

/// One content, as far as it matters to the conversation.
struct Content<'a> {
    model: bool,
    parts: &'a [Value],
}

impl<'a> Content<'a> {
    fn each(&self, payload: &'static str) -> impl Iterator<Item = &'a Value> {
        self.parts.iter().filter_map(move |part| get(part, payload))
    }

    fn text(&self) -> String {
        self.each("text").filter_map(Value::as_str).collect::<Vec<_>>().join(" ")
    }
}

pub(super) fn read(body: &Value, knobs: &Knobs) -> Result<Talk, Problem> {
    let list = list(body, "contents", "contents")?;
    if list.is_empty() {
        return Err(Problem::refuse("* GenerateContentRequest.contents: contents is not specified"));
    }
    let contents = list.iter().enumerate().map(|(at, one)| content(one, at)).collect::<Result<Vec<_>, _>>()?;
    turns(&contents)?;
    calls(&contents)?;
    signatures(&contents, knobs)?;
    Ok(talk(&contents))
}

fn content(content: &Value, at: usize) -> Result<Content<'_>, Problem> {
    let path = format!("contents[{at}]");
    object(content, &path, &["role", "parts"])?;
    let model = match text(content, "role", &path)? {
        None | Some("" | "user") => false,
        Some("model") => true,
        Some(_) => return Err(Problem::refuse("Please use a valid role: user, model.")),
    };
    let parts = parts(content, &path)?;
    let alien = if model { "functionResponse" } else { "functionCall" };
    if parts.iter().any(|part| get(part, alien).is_some()) {
        return Err(Problem::refuse(format!("{path}: a part of kind {alien} is not allowed in this role.")));
    }
    Ok(Content { model, parts })
}

/// User and model take turns, and the user has the first and the last word.
fn turns(contents: &[Content<'_>]) -> Result<(), Problem> {
    let alternate = contents.windows(2).all(|pair| pair[0].model != pair[1].model);
    if !alternate || contents.first().is_some_and(|first| first.model) {
        return Err(Problem::refuse("Please ensure that multiturn requests alternate between user and model."));
    }
    if contents.last().is_some_and(|last| last.model) {
        return Err(Problem::refuse(
            "Please ensure that multiturn requests end with a user role or a function response.",
        ));
    }
    Ok(())
}

/// Every call is answered in the next content, in order and by name, and nothing else is answered.
fn calls(contents: &[Content<'_>]) -> Result<(), Problem> {
    let none: &[Value] = &[];
    let before = std::iter::once(none).chain(contents.iter().map(|content| content.parts));
    for (asked, content) in before.zip(contents).filter(|(_, content)| !content.model) {
        let calls: Vec<&Value> = asked.iter().filter_map(|part| get(part, "functionCall")).collect();
        let responses: Vec<&Value> = content.each("functionResponse").collect();
        if calls.is_empty() && !responses.is_empty() {
            let text = "Please ensure that function response turn comes immediately after a function call turn.";
            return Err(Problem::refuse(text));
        }
        if calls.len() != responses.len() {
            let text = "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.";
            return Err(Problem::refuse(text));
        }
        for (call, response) in calls.iter().zip(&responses) {
            if call["name"] != response["name"] {
                let text = format!(
                    "Function response {} does not match the function call {}.",
                    response["name"], call["name"]
                );
                return Err(Problem::refuse(text));
            }
            // Google's own SDK leaves the id out when it calls functions by itself, so only another id is wrong.
            if get(response, "id").is_some_and(|id| get(call, "id") != Some(id)) {
                let text = format!(
                    "Function response id {} does not match the function call id {}.",
                    response["id"], call["id"]
                );
                return Err(Problem::refuse(text));
            }
        }
    }
    Ok(())
}

/// Signatures that come back must be the mock's own. Gemini 3 also wants one on the first call of each step
/// of the current turn, which begins at the last user content with text.
fn signatures(contents: &[Content<'_>], knobs: &Knobs) -> Result<(), Problem> {
    let is_turn = |content: &Content<'_>| !content.model && content.each("text").next().is_some();
    let current = contents.iter().rposition(is_turn).unwrap_or(0);
    for (at, content) in contents.iter().enumerate() {
        let mut first_call = true;
        for (part_at, part) in content.parts.iter().enumerate() {
            let name = get(part, "functionCall").and_then(|call| call["name"].as_str());
            let given = get(part, "thoughtSignature").and_then(Value::as_str);
            if given.is_some_and(|given| !is_signature(given, name.unwrap_or("text"))) {
                return Err(Problem::refuse("Corrupted thought signature."));
            }
            let Some(name) = name else { continue };
            if knobs.on(knobs.gemini3) && at > current && first_call && given.is_none() {
                let text = format!(
                    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly. Function call `{name}`, position {} in contents[{at}].",
                    part_at + 1
                );
                return Err(Problem::refuse(text));
            }
            first_call = false;
        }
    }
    Ok(())
}

fn talk(contents: &[Content<'_>]) -> Talk {
    let mut talk = Talk::default();
    for content in contents {
        let text = content.text();
        let results: Vec<String> = content.each("functionResponse").map(result_text).collect();
        talk.words += words(&text) + results.iter().map(|result| words(result)).sum::<u64>();
        if content.model {
            continue;
        }
        talk.tool_result = (!results.is_empty() && text.is_empty()).then(|| results.join(" "));
        if results.is_empty() || !text.is_empty() {
            talk.last_user = text;
        }
    }
    talk
}

/// What a function answered: its `output`, `result` or `error` if that is text, otherwise all of it as JSON.
fn result_text(response: &Value) -> String {
    let body = &response["response"];
    let known = ["output", "result", "error"].iter().find_map(|name| body[*name].as_str());
    known.map_or_else(|| body.to_string(), str::to_owned)
}

/// Checks the system instruction; its words.
pub(super) fn system(body: &Value) -> Result<u64, Problem> {
    let Some(system) = get(body, "systemInstruction") else {
        return Ok(0);
    };
    let path = "system_instruction";
    object(system, path, &["role", "parts"])?;
    let parts = parts(system, path)?;
    if parts.iter().any(|part| get(part, "text").is_none()) {
        return Err(Problem::refuse("System instruction can only contain text parts."));
    }
    Ok(parts.iter().filter_map(|part| get(part, "text")?.as_str()).map(words).sum())
}
