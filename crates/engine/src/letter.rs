//! What a deployment gets of a call: path, headers and body in the provider's dialect.

use std::sync::Arc;

use bytes::Bytes;
use dialects::{Amends, Back, Front, OpenAi, Splice};
use http::{HeaderMap, HeaderName, HeaderValue};
use types::{Fault, Operation};

use crate::Deployment;
use crate::ask::Ask;
use crate::detour;

/// Header in which callers name the version of their dialect.
const VERSION: &str = "anthropic-version";

/// Headers of the caller that go on to a provider of the same dialect.
const FORWARDED: &[(&str, &str)] =
    &[("anthropic", VERSION), ("anthropic", "anthropic-beta"), ("openai", "openai-beta")];

/// A request in the provider's form.
pub(crate) struct Encoded {
    /// The dialect it is in, and its answer too.
    pub back: &'static dyn Back,
    pub path: String,
    pub body: Vec<Bytes>,
    pub headers: Vec<(&'static str, String)>,
    pub dropped: Vec<String>,
    pub amends: Amends,
    /// Whether the caller's own bytes go upstream, and so the provider's own bytes come back.
    pub verbatim: bool,
    /// What the provider is asked for: a bridge may turn a completion into a chat.
    pub operation: Operation,
}

/// A call, and whom it is written to.
#[derive(Clone, Copy)]
pub(crate) struct Letter<'a> {
    pub ask: &'a Ask,
    pub deployment: &'a Arc<Deployment>,
    /// What stands for the `*` of a wildcard group.
    pub star: Option<&'a str>,
    /// The context that a local engine must have it with, tokens.
    pub num_ctx: Option<u32>,
}

impl Encoded {
    /// Whether its answer is bytes that go on as they are, unless it comes in events.
    pub fn brings_bytes(&self) -> bool {
        self.back.answers_bytes(self.operation)
    }
}

impl Letter<'_> {
    /// The request in the provider's form; `None` if the provider cannot count tokens and an estimate must do. Refused is
    /// what would lose something, if that is what is wanted.
    pub fn encode(&self) -> Result<Option<Encoded>, Fault> {
        let encoded = self.encode_what_fits()?;
        let lost = encoded.as_ref().map_or(&[][..], |encoded| &encoded.dropped);
        if let Some(first) = lost.first()
            && self.ask.wishes.strict.unwrap_or(self.deployment.strict)
        {
            let (lost, name) = (lost.join("', '"), &self.deployment.name);
            let message = format!("'{lost}' would be lost on the way to {name}, and the call is strict");
            return Err(Fault { message, ..Fault::unsupported(first, name) });
        }
        Ok(encoded)
    }

    fn encode_what_fits(&self) -> Result<Option<Encoded>, Fault> {
        let Letter { ask, deployment, .. } = self;
        let model = deployment.upstream_model(self.star);
        let facts = deployment.facts_of(&model, self.star);
        let mut target = deployment.target(&model, &facts);
        target.num_ctx = self.num_ctx;
        target.issuer = ask.issued.map(|_| deployment.issuer());
        target.drop_params = ask.wishes.drop_params.unwrap_or(target.drop_params);
        target.version = self.forwarded().find(|(name, _)| *name == VERSION).and_then(|(_, value)| value.to_str().ok());
        // What is not the caller's own goes where only a translation knows.
        let fits = ask.front.has_flat_params() || deployment.defaults.is_empty() && target.num_ctx.is_none();
        let is_chat = ask.operation == Operation::Chat && ask.front.name() == Front::name(&OpenAi);
        let merges_thinking = deployment.merges_thinking && is_chat;
        let passes = fits && !merges_thinking && !detour::is_needed(ask, deployment, &model);
        let spoken = self.spoken().filter(|_| passes);
        if let Some(back) = spoken
            && let Some(path) = deployment.path(back, ask.operation, &model, ask.stream)
            && let Some(Splice { mut edits, dropped }) = back.splice(ask.operation, &ask.body, &target)
        {
            edits.extend(ask.edits(deployment));
            let body = ask.spliced(&edits);
            let headers = ask.form.iter().map(|form| ("content-type", form.content_type())).collect();
            let (amends, operation) = (Amends::default(), ask.operation);
            return Ok(Some(Encoded { back, path, body, headers, dropped, amends, verbatim: true, operation }));
        }
        let back = detour::back(ask, deployment, &model);
        if back.gives_out() {
            target.issuer = Some(deployment.issuer());
        }
        let path = |operation| deployment.path(back, operation, &model, ask.stream);
        // What nobody translates is not decoded either.
        let is_understood = ask.operation != Operation::Compact && path(ask.operation).is_some();
        if !ask.operation.is_bridged() && !is_understood {
            return Err(self.cannot(ask.operation));
        }
        let request = ask.decoded(deployment)?;
        // A caller's dialect may mean a chat by what another one calls a completion.
        let asked = request.operation();
        let (operation, path) = match path(asked) {
            Some(path) => (asked, path),
            None if asked == Operation::CountTokens => return Ok(None),
            None if asked == Operation::Completion => {
                let path = path(Operation::Chat);
                (Operation::Chat, path.ok_or_else(|| self.cannot(Operation::Chat))?)
            }
            None => return Err(self.cannot(asked)),
        };
        let mut outgoing = back.write_request(&request, &target)?;
        outgoing.amends.merge_thinking(merges_thinking);
        Ok(Some(Encoded {
            back,
            path: path + &outgoing.behind,
            body: deployment.completed(outgoing.body)?,
            headers: outgoing.headers,
            dropped: outgoing.dropped,
            amends: outgoing.amends,
            verbatim: false,
            operation,
        }))
    }

    /// The caller's own dialect, if the provider speaks it.
    fn spoken(&self) -> Option<&'static dyn Back> {
        self.deployment.speaks(self.ask.front.name())
    }

    /// What the provider does not offer.
    pub fn cannot(&self, operation: Operation) -> Fault {
        let mut fault = Fault::unsupported("model", &self.deployment.name);
        fault.message = format!("{} are not offered by {}", operation.brings(), self.deployment.name);
        fault
    }

    /// The headers that go with it, credential included.
    pub fn headers(&self, encoded: &Encoded) -> Result<HeaderMap, Fault> {
        let mut headers = self.deployment.headers.clone();
        for (name, value) in self.deployment.back.default_headers() {
            headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
        }
        for (name, value) in &encoded.headers {
            let value = HeaderValue::from_str(value)
                .map_err(|_| Fault::invalid(format!("the request would put odd characters into header {name}")))?;
            headers.insert(HeaderName::from_static(name), value);
        }
        for (name, value) in self.forwarded() {
            headers.insert(HeaderName::from_static(name), value.clone());
        }
        Ok(headers)
    }

    /// The caller's headers that go on. They belong to what is said in the body, whether it passes untouched or not.
    fn forwarded(&self) -> impl Iterator<Item = (&'static str, &HeaderValue)> {
        let (front, back) = (self.ask.front, self.deployment.back.name());
        forwarded(front, &self.ask.headers).filter(move |_| front.name() == back)
    }
}

/// The headers of a caller of this dialect that go on to providers of the same.
pub(crate) fn forwarded<'h>(
    front: &dyn Front,
    headers: &'h HeaderMap,
) -> impl Iterator<Item = (&'static str, &'h HeaderValue)> + use<'h> {
    let front = front.name();
    let own = FORWARDED.iter().filter(move |(dialect, _)| *dialect == front);
    own.filter_map(|(_, name)| Some((*name, headers.get(*name)?)))
}
