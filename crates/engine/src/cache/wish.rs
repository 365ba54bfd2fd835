//! What a call wants of the cache: the field `cache` of its body, `caching`, `ttl` and the header `cache-control`, in the
//! incumbent's words.

use std::time::Duration;

use dialects::json::{Json, Kind};
use http::header::CACHE_CONTROL;
use types::Fault;

use super::CacheTerms;
use crate::ask::Ask;
use crate::pass::Pass;

/// Longest name that tells answers apart.
const LONGEST_NAMESPACE: usize = 256;

/// Fields that make an answer one of a kind: what a provider keeps, what goes on behind it, who must fail for a test.
const SINGULAR: &[&str] = &[
    "background",
    "container",
    "conversation",
    "mock_delay",
    "mock_response",
    "mock_testing_content_policy_fallbacks",
    "mock_testing_context_fallbacks",
    "mock_testing_fallbacks",
    "mock_testing_rate_limit_error",
    "mock_timeout",
    "mock_tool_calls",
    "previous_response_id",
    "store",
];

/// What a call wants.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Wish {
    /// Whether an earlier answer will do.
    pub reads: bool,
    /// Whether its answer may be kept.
    pub writes: bool,
    /// How long it may be kept.
    pub ttl: Option<Duration>,
    /// How old an earlier answer may be.
    pub max_age: Option<Duration>,
    /// What its answer is told apart by.
    pub namespace: Option<String>,
}

impl Wish {
    /// What `ask` wants; `None` if it has nothing to do with the cache.
    pub fn read(terms: &CacheTerms, ask: &Ask, pass: &Pass) -> Result<Option<Self>, Fault> {
        // Whoever brings a key or an address means that one.
        if !ask.connection.is_empty() {
            return Ok(None);
        }
        let allowed = pass.caller.key.as_deref().map_or(&[][..], |key| &key.allowed_cache_controls);
        let may = |name: &str| allowed.is_empty() || allowed.iter().any(|one| one == name);
        let mut wish = Wish { reads: true, writes: true, ttl: None, max_age: None, namespace: None };
        let mut asked = false;
        let header = ask.headers.get(CACHE_CONTROL).and_then(|value| value.to_str().ok()).unwrap_or_default();
        for word in header.split(',').map(str::trim) {
            match word.split_once('=').unwrap_or((word, "")) {
                ("no-cache", _) if may("no-cache") => wish.reads = false,
                ("no-store", _) if may("no-store") => wish.writes = false,
                ("s-maxage", seconds) if may("s-maxage") => {
                    wish.ttl = seconds.parse().ok().map(Duration::from_secs).or(wish.ttl);
                }
                _ => {}
            }
        }
        let singular = ask.body.with(|root| {
            if let Some(ttl) = root.get_some("ttl").filter(|_| may("ttl")) {
                wish.ttl = Some(seconds(ttl, "ttl")?);
            }
            if let Some(controls) = root.get_some("cache") {
                if controls.kind() != Kind::Object {
                    let found = controls.kind().describe();
                    return Err(Fault::invalid_param("cache", format!("'cache' must be an object, but is {found}")));
                }
                let read = controls.inside(|controls| wish.take(controls, may, &mut asked));
                read.unwrap_or(Ok(()))?;
            }
            let off = root.get_some("caching").and_then(|value| value.as_bool()) == Some(false);
            let is_singular = |(name, value): (Json, Json)| {
                let says_no = value.is_null() || value.as_bool() == Some(false);
                !says_no && SINGULAR.iter().any(|singular| name.is(singular))
            };
            Ok(off || root.fields().any(is_singular))
        })?;
        let unasked = terms.on_request && !asked;
        Ok((!singular && !unasked && (wish.reads || wish.writes)).then_some(wish))
    }

    fn take(&mut self, controls: Json, may: impl Fn(&str) -> bool, asked: &mut bool) -> Result<(), Fault> {
        let given = |name: &str| controls.get_some(name).filter(|_| may(name));
        let says = |name: &str| given(name).and_then(|value| value.as_bool()) == Some(true);
        self.reads &= !says("no-cache");
        self.writes &= !says("no-store");
        *asked = says("use-cache");
        if let Some(ttl) = given("ttl") {
            self.ttl = Some(seconds(ttl, "cache.ttl")?);
        }
        if let Some(age) = given("s-maxage") {
            self.max_age = Some(seconds(age, "cache.s-maxage")?);
        }
        if let Some(namespace) = given("namespace") {
            let name = namespace.as_string().filter(|name| name.len() <= LONGEST_NAMESPACE);
            let wrong = || format!("'cache.namespace' must be a text of at most {LONGEST_NAMESPACE} bytes");
            self.namespace = Some(name.ok_or_else(|| Fault::invalid_param("cache", wrong()))?);
        }
        Ok(())
    }
}

/// A time span, in seconds; also one that is written as a text.
fn seconds(value: Json, name: &str) -> Result<Duration, Fault> {
    let number = value.as_f64().or_else(|| value.as_str()?.trim().parse().ok());
    number.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()).ok_or_else(|| {
        Fault::invalid_param("cache", format!("'{name}' must be a number of seconds that is not negative"))
    })
}
