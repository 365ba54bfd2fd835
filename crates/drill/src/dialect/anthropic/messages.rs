//! Reads and checks the messages: roles, the order of tool results, and thinking that must come back.

use super::blocks::{self, Block};
use super::request::{extra, required, required_text};
use crate::dialect::unknown;
use crate::knobs::Knobs;
use crate::problem::Problem;
use crate::script::words;
use serde_json::Value;

/// Most messages of one request.
const MAX_MESSAGES: usize = 100_000;

/// What the messages amount to.
#[derive(Default)]
pub(super) struct Talk {
    pub(super) last_user: String,
    /// Text of the tool results at the end, if the messages end with some.
    pub(super) tool_result: Option<String>,
    pub(super) words: u64,
}

/// Consecutive messages of one role, which the API takes for one.
struct Phase<'a> {
    role: &'a str,
    blocks: Vec<Block<'a>>,
    at: usize,
}

/// `strict` demands that an assistant turn in a tool loop begins with its thinking.
pub(super) fn read(body: &Value, knobs: &Knobs, strict: bool) -> Result<Talk, Problem> {
    let value = required(body, "messages")?;
    let list = value.as_array().ok_or_else(|| Problem::refuse("messages: Input should be a valid list"))?;
    match list.len() {
        0 => return Err(Problem::refuse("messages: at least one message is required")),
        1..=MAX_MESSAGES => {}
        _ => {
            return Err(Problem::refuse(format!("messages: at most {MAX_MESSAGES} messages are allowed")));
        }
    }
    let phases = phases(list, knobs)?;
    if phases[0].role != "user" {
        return Err(Problem::refuse("messages: first message must use the \"user\" role"));
    }
    let turns: Vec<&Phase<'_>> = phases.iter().filter(|phase| phase.role != "system").collect();
    tool_order(&turns)?;
    last(&turns, knobs)?;
    if strict {
        thinking_first(&turns)?;
    }
    Ok(talk(&phases))
}

fn phases<'a>(list: &'a [Value], knobs: &Knobs) -> Result<Vec<Phase<'a>>, Problem> {
    let mut phases: Vec<Phase<'a>> = Vec::new();
    for (at, message) in list.iter().enumerate() {
        let path = format!("messages.{at}");
        let map = message.as_object().ok_or_else(|| Problem::refuse(format!("{path}: Input should be an object")))?;
        if let Some(name) = unknown(map, &["role", "content"]) {
            return Err(extra(&format!("{path}.{name}")));
        }
        let role = required_text(message, &format!("{path}.role"))?;
        match role {
            "user" | "assistant" => {}
            "system" if !knobs.on(knobs.no_system_role) => place_system(list, at)?,
            "system" => {
                let text = "messages: Unexpected role \"system\". The Messages API accepts a top-level `system` parameter, not \"system\" as an input message role.";
                return Err(Problem::refuse(text));
            }
            other => {
                let text =
                    format!("messages: Unexpected role \"{other}\". Allowed roles are \"user\" or \"assistant\".");
                return Err(Problem::refuse(text));
            }
        }
        let last = at + 1 == list.len() && role == "assistant";
        let blocks = blocks::read(required(message, &format!("{path}.content"))?, role, &path, last)?;
        match phases.last_mut().filter(|phase| phase.role == role) {
            Some(phase) => phase.blocks.extend(blocks),
            None => phases.push(Phase { role, blocks, at }),
        }
    }
    Ok(phases)
}

/// A system message stands directly after a user turn, and at the end or before an assistant turn.
fn place_system(list: &[Value], at: usize) -> Result<(), Problem> {
    let after_user = at > 0 && list[at - 1]["role"] == "user";
    let before_assistant = list.get(at + 1).is_none_or(|next| next["role"] == "assistant");
    if after_user && before_assistant {
        return Ok(());
    }
    let text = format!(
        "messages.{at}: a \"system\" message must directly follow a \"user\" message and be last or be followed by an \"assistant\" message"
    );
    Err(Problem::refuse(text))
}

/// Every call is answered at the head of the next user turn, and nothing else is answered.
fn tool_order(turns: &[&Phase<'_>]) -> Result<(), Problem> {
    for (at, turn) in turns.iter().enumerate() {
        let next = turns.get(at + 1);
        if turn.role == "assistant" {
            let results: Vec<&str> = next.map_or(Vec::new(), |next| leading_results(&next.blocks));
            let calls = turn.blocks.iter().filter_map(Block::call);
            let missing: Vec<&str> = calls.filter(|id| !results.contains(id)).collect();
            // Without a next turn the request ends in a call, which is refused the same way.
            if !missing.is_empty() {
                let text = format!(
                    "messages.{}: `tool_use` ids were found without `tool_result` blocks immediately after: {}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
                    turn.at,
                    missing.join(", ")
                );
                return Err(Problem::refuse(text));
            }
            continue;
        }
        let calls: Vec<&str> = match at.checked_sub(1) {
            Some(before) => turns[before].blocks.iter().filter_map(Block::call).collect(),
            None => Vec::new(),
        };
        results(turn, &calls)?;
    }
    Ok(())
}

fn leading_results<'a>(blocks: &[Block<'a>]) -> Vec<&'a str> {
    blocks.iter().map_while(Block::result).collect()
}

fn results(turn: &Phase<'_>, calls: &[&str]) -> Result<(), Problem> {
    let mut seen: Vec<&str> = Vec::new();
    for (at, id) in turn.blocks.iter().enumerate().filter_map(|(at, block)| Some((at, block.result()?))) {
        if !calls.contains(&id) {
            let text = format!(
                "messages.{}.content.{at}: unexpected `tool_use_id` found in `tool_result` blocks: {id}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.",
                turn.at
            );
            return Err(Problem::refuse(text));
        }
        if seen.contains(&id) {
            let text = format!(
                "messages.{}.content.{at}: each tool_use must have a single result. Found multiple `tool_result` blocks with id: {id}",
                turn.at
            );
            return Err(Problem::refuse(text));
        }
        seen.push(id);
    }
    Ok(())
}

fn last(turns: &[&Phase<'_>], knobs: &Knobs) -> Result<(), Problem> {
    let Some(last) = turns.last().filter(|turn| turn.role == "assistant") else {
        return Ok(());
    };
    if knobs.on(knobs.no_prefill) {
        let text =
            "This model does not support assistant message prefill. The conversation must end with a user message.";
        return Err(Problem::refuse(text));
    }
    match last.blocks.last() {
        Some(Block::Text(text)) if text.ends_with(char::is_whitespace) => {
            Err(Problem::refuse("messages: final assistant content cannot end with trailing whitespace"))
        }
        _ => Ok(()),
    }
}

fn thinking_first(turns: &[&Phase<'_>]) -> Result<(), Problem> {
    let [.., assistant, user] = turns else { return Ok(()) };
    let loops = user.blocks.iter().any(|block| block.result().is_some());
    let first = assistant.blocks.first();
    if !loops || assistant.role != "assistant" || matches!(first, Some(Block::Thinking)) {
        return Ok(());
    }
    let text = format!(
        "messages.{}.content.0.type: Expected `thinking` or `redacted_thinking`, but found `{}`. When `thinking` is enabled, a final `assistant` message must start with a thinking block.",
        assistant.at,
        if matches!(first, Some(Block::Text(_))) { "text" } else { "tool_use" }
    );
    Err(Problem::refuse(text))
}

fn talk(phases: &[Phase<'_>]) -> Talk {
    let mut talk = Talk::default();
    for phase in phases {
        let texts: Vec<&str> = phase.blocks.iter().filter_map(Block::text).collect();
        let results: Vec<&str> = phase.blocks.iter().filter_map(Block::result_text).collect();
        talk.words += texts.iter().chain(&results).map(|text| words(text)).sum::<u64>();
        if phase.role == "user" {
            talk.tool_result = (!results.is_empty() && texts.is_empty()).then(|| results.join(" "));
            if results.is_empty() || !texts.is_empty() {
                talk.last_user = texts.join(" ");
            }
        }
    }
    talk
}
