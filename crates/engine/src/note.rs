//! What the headers of an answer tell the caller about the way it took (the incumbent's names).

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue};
use policy::Span;
use types::Usd;

use crate::Deployment;
use crate::attempt::Opened;
use crate::pass::Pass;
use crate::route::Route;

/// Header with the id of a call, in requests and in answers.
pub(crate) const CALL_ID: &str = "x-litellm-call-id";

/// What is known about a call when its answer begins.
pub(crate) struct Note<'a> {
    /// The call's id.
    pub call_id: &'a str,
    /// Header in which the caller looks for an id; the provider's own id stays there if it gave one.
    pub id_header: &'static str,
    /// The group that answered; before that is known, the one that the caller asked for.
    pub group: &'a str,
    /// How the call got its model, if it asked for a router.
    pub route: Option<&'a Route>,
    /// The deployment that answered, as the operator wrote it.
    pub answered: Option<&'a str>,
    /// How the attempts went.
    pub tally: Tally,
    /// Time since the call came in.
    pub elapsed: Duration,
}

/// How the attempts of a call went.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Tally {
    /// Attempts after the first within groups.
    pub retries: u32,
    /// Groups tried after the first.
    pub fallbacks: u32,
    /// All attempts.
    pub attempts: u32,
    /// Time spent waiting for providers.
    pub waited: Duration,
}

/// Headers of a provider's answer that callers get under their own names.
const RELAYED: &[&str] = &[
    "x-ratelimit-limit-requests",
    "x-ratelimit-limit-tokens",
    "x-ratelimit-remaining-requests",
    "x-ratelimit-remaining-tokens",
    "x-ratelimit-reset-requests",
    "x-ratelimit-reset-tokens",
    "request-id",
    "x-request-id",
];

/// Headers that say nothing to a caller, or are only true between the provider and us.
const HIDDEN: &[&str] = &["connection", "content-length", "keep-alive", "set-cookie", "trailer", "transfer-encoding"];

impl Note<'_> {
    /// Adds what is known about the call itself.
    pub fn write(&self, headers: &mut HeaderMap) {
        write_id(headers, self.call_id, self.id_header);
        set(headers, "x-litellm-model-group", self.group);
        if let Some(route) = self.route {
            set(headers, "x-lockgate-route", route.told(self.answered));
        }
        set(headers, "x-litellm-version", HeaderValue::from_static(env!("CARGO_PKG_VERSION")));
        set(headers, "x-litellm-attempted-retries", self.tally.retries);
        set(headers, "x-litellm-attempted-fallbacks", self.tally.fallbacks);
        set(headers, "x-litellm-response-duration-ms", millis(self.elapsed));
        set(headers, "x-litellm-overhead-duration-ms", millis(self.elapsed.saturating_sub(self.tally.waited)));
    }
}

/// Adds what the answer cost, as far as that is known when it begins, and what the budget made of its bound.
pub(crate) fn write_cost(headers: &mut HeaderMap, opened: &Opened) {
    if let Some(tokens) = opened.lowered {
        set(headers, "x-lockgate-max-tokens", tokens);
    }
    let Some(receipt) = &opened.receipt else { return };
    let Some(cost) = &receipt.cost else { return };
    set(headers, "x-litellm-response-cost", cost.total.to_string());
    let marked = |amount: Usd| if cost.discount == Usd::ZERO && cost.margin == Usd::ZERO { Usd::ZERO } else { amount };
    let lines = [
        ("x-litellm-response-cost-original", marked(cost.list_price())),
        ("x-litellm-response-cost-discount-amount", cost.discount),
        ("x-litellm-response-cost-margin-amount", cost.margin),
        ("x-litellm-response-cost-input", cost.input),
        ("x-litellm-response-cost-output", cost.output),
        ("x-litellm-response-cost-reasoning", cost.reasoning),
        ("x-litellm-response-cost-cache-read", cost.cache_read),
        ("x-litellm-response-cost-cache-creation", cost.cache_write),
        ("x-litellm-response-cost-tool-usage", cost.other),
    ];
    for (name, line) in lines.into_iter().filter(|(_, line)| *line != Usd::ZERO) {
        set(headers, name, line.to_string());
    }
}

/// Adds how the call waited for a place, if it did.
pub(crate) fn write_queue(headers: &mut HeaderMap, pass: &Pass) {
    let Some(waited) = pass.waited.get() else { return };
    set(headers, "x-lockgate-queue-position", waited.position);
    waited.expected_ms.into_iter().for_each(|ms| set(headers, "x-lockgate-queue-expected-ms", ms));
    waited.ms.into_iter().for_each(|ms| set(headers, "x-lockgate-queue-waited-ms", ms));
}

/// Adds what the key has spent, and its limits.
pub(crate) fn write_key(headers: &mut HeaderMap, pass: &Pass) {
    let Some(key) = &pass.caller.key else { return };
    let allowance = &key.allowance;
    let span = allowance.budget_duration.as_deref().and_then(Span::parse);
    let spent = pass.meters.spent(&pass.caller.key_subject(), span, pass.now_ms());
    set(headers, "x-litellm-key-spend", spent.to_string());
    if let Some(budget) = allowance.max_budget {
        set(headers, "x-litellm-key-max-budget", budget.to_string());
    }
    for (name, limit) in
        [("x-litellm-key-tpm-limit", allowance.tpm_limit), ("x-litellm-key-rpm-limit", allowance.rpm_limit)]
    {
        if let Some(limit) = limit {
            set(headers, name, limit);
        }
    }
}

/// Adds the call's id, also where callers of this dialect look for one, unless the provider's own is there.
pub(crate) fn write_id(headers: &mut HeaderMap, call_id: &str, id_header: &'static str) {
    set(headers, CALL_ID, call_id);
    if !headers.contains_key(id_header) {
        set(headers, id_header, call_id);
    }
}

/// Adds who answered, what was lost in translation, and what the provider's own headers say.
pub(crate) fn write_source(headers: &mut HeaderMap, deployment: &Deployment, upstream: &HeaderMap, dropped: &[String]) {
    set(headers, "x-litellm-model-id", &deployment.id);
    set(headers, "x-litellm-model-name", &deployment.name);
    set(headers, "x-litellm-model-api-base", deployment.endpoint.url());
    if !dropped.is_empty() {
        set(headers, "x-lockgate-dropped", dropped.join(", "));
    }
    for (name, value) in upstream {
        if RELAYED.contains(&name.as_str()) {
            headers.insert(name.clone(), value.clone());
        }
        if !HIDDEN.contains(&name.as_str())
            && let Ok(prefixed) = HeaderName::from_bytes(format!("llm_provider-{name}").as_bytes())
        {
            headers.insert(prefixed, value.clone());
        }
    }
}

fn set(headers: &mut HeaderMap, name: &'static str, value: impl TryInto<HeaderValue>) {
    // A value that cannot be a header (a model name with odd characters) is left out.
    if let Ok(value) = value.try_into() {
        headers.insert(HeaderName::from_static(name), value);
    }
}

/// Milliseconds with three decimals.
fn millis(duration: Duration) -> String {
    let us = duration.as_micros();
    format!("{}.{:03}", us / 1000, us % 1000)
}
