//! A caller's own OpenAI request on its way to an OpenAI-like server: which single fields must change.

use types::{Effort, Operation};

use super::{embeddings, proofs};
use crate::json::{Edit, Json, Object};
use crate::{Splice, Target};

/// Sampling parameters that reasoning models refuse (wire.md 2.7).
const SAMPLING: [&str; 7] =
    ["temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias"];

/// Fields of messages in which reasoning and its proofs come back. OpenAI itself gives out none of them.
const REASONING: [&[u8]; 6] = [
    b"\"reasoning\"",
    b"\"reasoning_content\"",
    b"\"reasoning_details\"",
    b"\"thinking_blocks\"",
    b"\"thought_signature\"",
    proofs::RIDER.as_bytes(),
];

/// The fields that must change; `None` if messages or texts must change, too.
pub(super) fn splice(operation: Operation, body: &Object, target: &Target) -> Option<Splice> {
    let quirks = target.quirks;
    let holds = |word: &[u8]| memchr::memmem::find(body.bytes(), word).is_some();
    let foreign = || match quirks.developer_role {
        true => REASONING.iter().any(|field| holds(field)),
        false => holds(b"\"developer\""),
    };
    if operation == Operation::Chat && (quirks.string_content || foreign() || holds(proofs::MARK.as_bytes())) {
        return None;
    }
    if operation == Operation::Embedding && !quirks.token_ids && body.with(embeddings::holds_token_ids) {
        return None;
    }
    let mut splice = Splice::of(target);
    if !operation.writes() {
        return Some(splice);
    }
    body.with(|root| {
        if let Some(options) = usage_option(root).filter(|_| !quirks.no_stream_options) {
            splice.edits.push(Edit::Set("stream_options".to_owned(), options));
        }
        if quirks.max_tokens {
            rename(root, "max_completion_tokens", "max_tokens", &mut splice.edits);
        } else if quirks.max_completion_tokens && operation == Operation::Chat {
            rename(root, "max_tokens", "max_completion_tokens", &mut splice.edits);
        }
        if quirks.store_false {
            splice.edits.push(Edit::Set("store".to_owned(), "false".to_owned()));
        }
        let effort = || Effort::parse(&root.get_some("reasoning_effort")?.as_str()?);
        if target.drop_params && !target.abilities().takes_sampling(effort()) {
            splice.drop_given(root, &SAMPLING);
        }
    });
    Some(splice)
}

/// `stream_options` with usage asked for: it is always asked upstream, and shown only to callers who want it.
fn usage_option(root: Json) -> Option<String> {
    if !root.get_some("stream")?.as_bool()? {
        return None;
    }
    let Some(options) = root.get_some("stream_options") else {
        return Some(r#"{"include_usage":true}"#.to_owned());
    };
    options.inside(|options| {
        let asked = options.get_some("include_usage").and_then(|flag| flag.as_bool()) == Some(true);
        let others = options.fields().filter(|(key, _)| !key.is("include_usage"));
        let others: String = others.map(|(key, value)| format!("{}:{},", key.raw(), value.raw())).collect();
        (!asked).then(|| format!(r#"{{{others}"include_usage":true}}"#))
    })?
}

/// Calls field `from` by the name `to`, unless both are there.
fn rename(root: Json, from: &str, to: &str, edits: &mut Vec<Edit>) {
    let Some(value) = root.get(from) else { return };
    edits.push(Edit::Remove(from.to_owned()));
    edits.push(Edit::Default(to.to_owned(), value.raw().to_owned()));
}

#[cfg(test)]
mod tests;
