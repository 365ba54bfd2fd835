//! Why an answer of Cohere ended (wire.md 8.8).

use types::{Fault, FaultKind, Finish};

use super::fault;
use crate::json::Json;

/// The finish of an answer, or of the last event of one, or the fault that it stands for. `calls` says whether tools were
/// called.
pub(super) fn of(root: Json, calls: bool) -> Result<Finish, Fault> {
    if let Some(error) = root.get_some("error") {
        return Err(fault::in_band(error.as_str().as_deref().unwrap_or_default()));
    }
    let reason = root.get_some("finish_reason").and_then(|reason| reason.as_str());
    match reason.as_deref().unwrap_or_default() {
        "MAX_TOKENS" => Ok(Finish::Length),
        "TOOL_CALL" => Ok(Finish::ToolCalls),
        // Older models' word for an answer that a filter stopped.
        "ERROR_TOXIC" => Ok(Finish::ContentFilter),
        "TIMEOUT" => Err(Fault::provider(FaultKind::Timeout, "the model took too long (TIMEOUT)")),
        error if error.starts_with("ERROR") => Err(Fault::provider(
            FaultKind::Upstream,
            format!("the model gave up in the middle of the answer ({error})"),
        )),
        _ if calls => Ok(Finish::ToolCalls),
        _ => Ok(Finish::Stop),
    }
}
