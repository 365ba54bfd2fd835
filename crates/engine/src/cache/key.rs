//! Which question an answer belongs to: a digest of all that shapes it, and of who may be given it. It is one that nobody
//! can make collide: two questions with the same key would be an answer for somebody else.

use std::borrow::Cow;
use std::fmt;

use aws_lc_rs::digest::{Context, SHA256};
use dialects::json::Json;
use memchr::memchr2;

use super::Scope;
use super::semantic::Spot;
use crate::ask::Ask;
use crate::fit;
use crate::letter;
use crate::pass::Pass;
use crate::{Group, Setup};

/// Fields of a body that do not shape the answer, sorted: who it is for, how long to wait for it, what is told of it. The
/// model and whether it is streamed count as they were understood.
pub(super) const BESIDE: &[&str] = &[
    "cache",
    "caching",
    "litellm_disabled_callbacks",
    "litellm_metadata",
    "litellm_session_id",
    "litellm_trace_id",
    "max_retries",
    "metadata",
    "model",
    "no-log",
    "num_retries",
    "priority",
    "request_timeout",
    "retry_policy",
    "stream",
    "stream_timeout",
    "tags",
    "timeout",
    "ttl",
    "turn_off_message_logging",
    "user",
];

/// Which question an answer belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey([u8; 32]);

impl CacheKey {
    /// The one that is written so: as `x-litellm-cache-key` shows it.
    pub fn parse(text: &str) -> Option<Self> {
        // A namespace may stand before it, as in the incumbent's keys.
        let text = text.rsplit(':').next()?;
        let digits = text.as_bytes();
        let mut key = [0; 32];
        if digits.len() != 64 {
            return None;
        }
        for (byte, pair) in key.iter_mut().zip(digits.chunks(2)) {
            let digit = |digit: u8| char::from(digit).to_digit(16);
            *byte = (digit(pair[0])? << 4 | digit(pair[1])?) as u8;
        }
        Some(CacheKey(key))
    }

    /// The one of these bytes.
    pub(super) const fn of(bytes: [u8; 32]) -> Self {
        CacheKey(bytes)
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// As Redis knows it, within a namespace.
    pub fn text(&self, namespace: &str) -> String {
        if namespace.is_empty() { self.to_string() } else { format!("{namespace}:{self}") }
    }
}

impl fmt::Display for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).unwrap_or_default())
    }
}

impl fmt::Debug for CacheKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CacheKey({self})")
    }
}

/// What questions share that may be answered alike.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Guard(pub(super) [u8; 32]);

/// A call, as far as its answer depends on it.
pub(super) struct Question<'a> {
    pub setup: &'a Setup,
    pub ask: &'a Ask,
    pub pass: &'a Pass,
    pub group: &'a Group,
    pub scope: Scope,
    /// What the caller wants it told apart by.
    pub namespace: Option<&'a str>,
}

impl Question<'_> {
    /// Its key.
    pub fn key(&self) -> CacheKey {
        let mut digest = Digest(Context::new(&SHA256));
        self.write_head(&mut digest);
        self.ask.body.with(|root| write_body(&mut digest, root, None));
        CacheKey(digest.end())
    }

    /// What another question must share with it, beside its key, to be answered alike: everything but the text at `spot`,
    /// and these words.
    pub fn guard(&self, spot: &Spot, beside: [&str; 2]) -> Guard {
        let mut digest = Digest(Context::new(&SHA256));
        digest.part(b"semantic");
        self.write_head(&mut digest);
        beside.iter().for_each(|text| digest.part(text.as_bytes()));
        self.ask.body.with(|root| write_body(&mut digest, root, Some(spot)));
        Guard(digest.end())
    }

    fn write_head(&self, digest: &mut Digest) {
        let Question { setup, ask, pass, group, namespace, .. } = self;
        self.write_scope(digest);
        digest.maybe(*namespace);
        digest.part(ask.front.name().as_bytes());
        digest.part(ask.front.stream_type().as_bytes());
        digest.part(ask.front.call_type(ask.operation).as_bytes());
        digest.part(ask.model.as_bytes());
        digest.part(&[u8::from(ask.stream), u8::from(ask.wishes.drop_params.unwrap_or_default())]);
        digest.maybe(pass.region.as_deref());
        for deployment in fit::by_tags(setup, pass, ask, &ask.model, group).unwrap_or_default() {
            digest.part(group.deployments[deployment].id.as_bytes());
        }
        for (name, value) in letter::forwarded(ask.front, &ask.headers) {
            digest.part(name.as_bytes());
            digest.part(value.as_bytes());
        }
    }

    /// Who may be given the answer.
    fn write_scope(&self, digest: &mut Digest) {
        let caller = &self.pass.caller;
        let own = match self.scope {
            Scope::Team => caller.team_id.is_none(),
            Scope::Organization => caller.organization_id.is_none(),
            Scope::Key | Scope::Customer => true,
            Scope::Gateway => false,
        };
        // A key without a team is none of a team without a name.
        let scope = if own && self.scope != Scope::Customer { Scope::Key } else { self.scope };
        digest.part(scope.name().as_bytes());
        match scope {
            Scope::Key | Scope::Customer => {
                digest.part(caller.counted_hash().as_bytes());
                // Tokens may be of customers alone.
                for id in [&caller.user_id, &caller.team_id, &caller.organization_id, &caller.customer_id] {
                    digest.maybe(id.as_deref());
                }
                if scope == Scope::Customer {
                    digest.maybe(self.pass.attribution.customer_id.as_deref());
                }
            }
            Scope::Team => digest.maybe(caller.team_id.as_deref()),
            Scope::Organization => digest.maybe(caller.organization_id.as_deref()),
            Scope::Gateway => {}
        }
    }
}

/// What is asked, whatever the order of its fields and the blanks between them; without the text at `spot`.
fn write_body(digest: &mut Digest, root: Json, spot: Option<&Spot>) {
    let mut fields: Vec<(Cow<'_, str>, &str)> =
        root.fields().filter_map(|(name, value)| Some((name.as_str()?, value.raw()))).collect();
    fields.retain(|(name, _)| BESIDE.binary_search(&&**name).is_err());
    // Of fields with the same name the order stays: it says which one counts.
    fields.sort_by(|(one, _), (other, _)| one.cmp(other));
    for (name, value) in fields {
        digest.part(name.as_bytes());
        match spot.filter(|spot| spot.field == name) {
            Some(Spot { place, .. }) => {
                digest.json(&value.as_bytes()[..place.start]);
                digest.json(&value.as_bytes()[place.end..]);
            }
            None => digest.json(value.as_bytes()),
        }
    }
}

/// A digest of parts: each says how long it is, so that nobody moves what is between two of them.
struct Digest(Context);

impl Digest {
    fn end(self) -> [u8; 32] {
        let mut end = [0; 32];
        end.copy_from_slice(self.0.finish().as_ref());
        end
    }

    fn part(&mut self, bytes: &[u8]) {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
    }

    fn maybe(&mut self, text: Option<&str>) {
        self.0.update(&[u8::from(text.is_some())]);
        self.part(text.unwrap_or_default().as_bytes());
    }

    /// A JSON value without its blanks. Where it ends is plain: it is JSON.
    fn json(&mut self, text: &[u8]) {
        let (mut begin, mut at) = (0, 0);
        while at < text.len() {
            match text[at] {
                b'"' => at = behind_string(text, at),
                b' ' | b'\n' | b'\r' | b'\t' => {
                    self.0.update(&text[begin..at]);
                    at += 1;
                    begin = at;
                }
                _ => at += 1,
            }
        }
        self.0.update(&text[begin..]);
        self.0.update(&[0]);
    }
}

/// The place behind the string that begins at `start`.
fn behind_string(text: &[u8], start: usize) -> usize {
    let mut at = start + 1;
    while let Some(found) = memchr2(b'"', b'\\', &text[at..]) {
        at += found;
        if text[at] == b'"' {
            return at + 1;
        }
        at += 2;
        if at >= text.len() {
            break;
        }
    }
    text.len()
}
