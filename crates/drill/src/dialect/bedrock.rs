//! Amazon Bedrock's Converse: whole answers, streams in binary frames, token counts.

mod blocks;
pub(crate) mod claude;
mod failure;
pub(super) mod frame;
mod reply;
mod request;
mod stream;

#[cfg(test)]
mod tests;

use super::openai::rerank;
use super::{Dialect, Failure, Incoming, Work, Writer, bearer, hash, is_name};
use crate::knobs::Trouble;
use crate::problem::Problem;
use crate::route::Op;
use crate::script::Turn;
use crate::server::Head;
use serde_json::{Value, json};

/// The Bedrock dialect.
pub(crate) struct Bedrock;

impl Dialect for Bedrock {
    fn id_header(&self) -> &'static str {
        "x-amzn-requestid"
    }

    /// A Bedrock key, or whose signature it is.
    fn key<'a>(&self, head: &'a Head) -> Option<&'a str> {
        bearer(head).or_else(|| signer(head))
    }

    fn wrong_key(&self, given: Option<&str>) -> Problem {
        let text = match given {
            Some(_) => "The security token included in the request is invalid.",
            None => "Missing Authentication Token",
        };
        Problem { message: Some(text.to_owned()), ..Problem::new(Trouble::InvalidKey) }
    }

    fn no_model(&self) -> Problem {
        Problem::refuse("The provided model identifier is invalid.")
    }

    fn read(&self, incoming: &Incoming<'_>) -> Result<Work, Problem> {
        signed(incoming.head)?;
        match incoming.op {
            Op::Count => Ok(Work::Json(json!({ "inputTokens": request::count(incoming)? }))),
            Op::Embed => request::embed(incoming).map(Work::Json),
            Op::Rerank => rerank::answer(incoming).map(Work::Json),
            _ => Work::talk(request::read(incoming)?),
        }
    }

    fn failure(&self, problem: &Problem, model: &str) -> Failure {
        failure::failure(problem, model)
    }

    fn whole(&self, turn: &Turn) -> Value {
        reply::whole(turn)
    }

    fn writer<'a>(&self, turn: &'a Turn) -> Box<dyn Writer + 'a> {
        Box::new(stream::Stream::new(turn))
    }

    fn stream_type(&self, _: &Turn) -> &'static str {
        "application/vnd.amazon.eventstream"
    }
}

/// Checks that a request has a key or is signed.
fn signed(head: &Head) -> Result<(), Problem> {
    signed_for(head, "bedrock")
}

/// The same, at another service.
pub(super) fn signed_for(head: &Head, service: &str) -> Result<(), Problem> {
    if bearer(head).is_some() { Ok(()) } else { signature(head, service) }
}

/// The field of a signature with this name.
fn part<'a>(head: &'a Head, name: &str) -> Option<&'a str> {
    let fields = head.header("authorization")?.strip_prefix("AWS4-HMAC-SHA256 ")?;
    fields.split(',').find_map(|field| field.trim().strip_prefix(name)?.strip_prefix('='))
}

fn signer(head: &Head) -> Option<&str> {
    part(head, "Credential")?.split('/').next()
}

/// Checks that a request is signed, as far as that can be seen without the secret.
fn signature(head: &Head, service: &str) -> Result<(), Problem> {
    let refuse = |why: &str| Problem { message: Some(why.to_owned()), ..Problem::new(Trouble::InvalidKey) };
    let scope = part(head, "Credential").ok_or_else(|| refuse("Missing Authentication Token"))?;
    let date = head.header("x-amz-date").unwrap_or_default();
    let [_, day, _, of, "aws4_request"] = scope.split('/').collect::<Vec<_>>()[..] else {
        return Err(refuse("Credential is no scope."));
    };
    if of != service {
        return Err(refuse(&format!("Credential should be scoped to correct service: '{service}'.")));
    }
    if date.len() != 16 || !date.starts_with(day) || day.len() != 8 {
        return Err(refuse("Date in Credential scope does not match YYYYMMDD from x-amz-date."));
    }
    let signed: Vec<&str> = part(head, "SignedHeaders").unwrap_or_default().split(';').collect();
    let needed = ["host", "x-amz-date"].into_iter();
    let needed = needed.chain(head.header("x-amz-security-token").map(|_| "x-amz-security-token"));
    if needed.into_iter().any(|name| !signed.contains(&name)) {
        return Err(refuse("'host' and all 'x-amz-' headers must be signed."));
    }
    let hex = part(head, "Signature").unwrap_or_default();
    match hex.len() == 64 && is_name(hex, "", 64) {
        true => Ok(()),
        false => Err(refuse("Authorization header requires 'Signature' parameter.")),
    }
}

/// The signature the mock gives reasoning, and the only one it takes back with that text: that of the mock Anthropic, whose
/// signatures hold wherever its models are served.
fn proof(thinking: &str) -> String {
    use base64::Engine;
    let text = format!("drill-thinking-{:016x}", hash(&["anthropic", thinking]));
    base64::engine::general_purpose::STANDARD.encode(text)
}
