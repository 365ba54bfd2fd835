//! Proofs of reasoning that other dialects gave us and that must return to them: a signature, an unreadable block.
//!
//! OpenAI has no word for them, and providers refuse those of others. They go to callers in the fields that the
//! incumbent's clients send back, with a mark: a request that holds it cannot pass untouched to a server that
//! speaks OpenAI's dialect ([`super::splice`]), where such fields may also be that server's own.

/// What marks a proof: "lockgate:" in base64, as proofs are. Clients that decode and encode them keep it.
pub(crate) const MARK: &str = "bG9ja2dhdGU6";

/// Stands between the id of a call and the Gemini signature that the incumbent lets ride on it, for clients that lose
/// every other field.
pub(crate) const RIDER: &str = "__thought__";

/// The proof as callers get it.
pub(crate) fn marked(proof: &str) -> String {
    format!("{MARK}{proof}")
}

/// The proof as it was given; `None` if it is empty.
pub(crate) fn unmarked(proof: String) -> Option<String> {
    let proof = proof.strip_prefix(MARK).map(str::to_owned).unwrap_or(proof);
    Some(proof).filter(|proof| !proof.is_empty())
}

/// The id of a call, and the signature that rides on it.
pub(crate) fn split(id: String) -> (String, Option<String>) {
    match id.split_once(RIDER) {
        Some((id, signature)) => (id.to_owned(), unmarked(signature.to_owned())),
        None => (id, None),
    }
}
