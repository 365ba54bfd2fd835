//! Why an answer ended (wire.md 8.8).

use types::{Fault, Finish};

use crate::upstream::malformed;

/// The finish that a reason stands for, or the fault: output that was unusable is worth another try if nothing else
/// came of it.
pub(super) fn of(reason: &str, has_calls: bool, has_words: bool) -> Result<Finish, Fault> {
    let stop = if has_calls { Finish::ToolCalls } else { Finish::Stop };
    Ok(match reason {
        "max_tokens" | "model_context_window_exceeded" => Finish::Length,
        "guardrail_intervened" | "content_filtered" => Finish::ContentFilter,
        "malformed_model_output" | "malformed_tool_use" if !has_calls && !has_words => {
            let fault = malformed(format!("the model's output was unusable ({reason})"));
            return Err(Fault { code: Some(reason.to_owned()), ..fault });
        }
        _ => stop,
    })
}
