//! Why an answer of Gemini ended.

use types::{Block, Fault, Finish};

use crate::json::Json;
use crate::upstream::malformed;

/// What is known about a candidate when it ends.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Produced {
    /// Something of an answer was generated; thoughts alone are none.
    pub anything: bool,
    /// Tools were called.
    pub calls: bool,
}

impl Produced {
    /// Takes notice of a block.
    pub(super) fn note(&mut self, block: &Block) {
        match block {
            Block::ToolCall(_) => self.calls = true,
            Block::Text(text) if text.text.is_empty() => return,
            Block::Thinking { .. } => return,
            _ => {}
        }
        self.anything = true;
    }

    /// A model that called tools wants them to be called, even if its provider says that it is done.
    pub(super) fn stop(self) -> Finish {
        if self.calls { Finish::ToolCalls } else { Finish::Stop }
    }
}

/// The finish of a candidate that gives a reason, or the fault it stands for: some reasons say that the model's
/// output was unusable, and with nothing produced another try is worth more than an empty answer (wire.md 8.8).
pub(super) fn of_candidate(candidate: Json, produced: Produced) -> Option<Result<Finish, Fault>> {
    let reason = candidate.get_some("finishReason")?.as_str()?;
    Some(match &*reason {
        "STOP" => Ok(produced.stop()),
        "MAX_TOKENS" | "CONTINUATION" => Ok(Finish::Length),
        "MALFORMED_FUNCTION_CALL"
        | "UNEXPECTED_TOOL_CALL"
        | "TOO_MANY_TOOL_CALLS"
        | "MISSING_THOUGHT_SIGNATURE"
        | "MALFORMED_RESPONSE"
        | "FINISH_REASON_UNSPECIFIED" => match produced.anything {
            true => Ok(produced.stop()),
            false => Err(unusable(&reason, candidate)),
        },
        // Everything else is a filter's doing: safety, recitation, block lists, pictures, and what comes to be added.
        _ => Ok(Finish::ContentFilter),
    })
}

fn unusable(reason: &str, candidate: Json) -> Fault {
    let detail = candidate.get("finishMessage").and_then(|message| message.as_string());
    let message = match detail {
        Some(detail) => format!("the model's output was unusable ({reason}): {detail}"),
        None => format!("the model's output was unusable ({reason})"),
    };
    Fault { code: Some(reason.to_owned()), ..malformed(message) }
}

/// Whether the prompt itself was blocked: such answers come with a successful status and without candidates.
pub(super) fn is_blocked(root: Json) -> bool {
    let feedback = root.get_some("promptFeedback");
    feedback.is_some_and(|feedback| feedback.get_some("blockReason").is_some())
}
