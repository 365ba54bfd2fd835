//! What a provider says, in the headers of its answers, that may still be asked of it in its window. The newest word counts.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use http::{HeaderMap, HeaderName};

/// Headers that say how many requests are left, and how many tokens: OpenAI's names, which most have, and Anthropic's.
static REQUESTS: [HeaderName; 2] = [
    HeaderName::from_static("x-ratelimit-remaining-requests"),
    HeaderName::from_static("anthropic-ratelimit-requests-remaining"),
];
static TOKENS: [HeaderName; 2] = [
    HeaderName::from_static("x-ratelimit-remaining-tokens"),
    HeaderName::from_static("anthropic-ratelimit-tokens-remaining"),
];
/// Nothing was said.
const UNKNOWN: u64 = u64::MAX;

/// What is left.
pub struct Quota {
    requests: AtomicU64,
    tokens: AtomicU64,
}

impl Default for Quota {
    fn default() -> Self {
        Quota { requests: AtomicU64::new(UNKNOWN), tokens: AtomicU64::new(UNKNOWN) }
    }
}

impl Quota {
    /// Takes note of what these headers say.
    pub(crate) fn note(&self, headers: &HeaderMap) {
        for (names, left) in [(&REQUESTS, &self.requests), (&TOKENS, &self.tokens)] {
            let said = names.iter().find_map(|name| headers.get(name)?.to_str().ok()?.trim().parse().ok());
            if let Some(said) = said {
                left.store(said, Relaxed);
            }
        }
    }

    /// Requests that are left, as far as the provider ever said.
    pub fn requests(&self) -> Option<u64> {
        Some(self.requests.load(Relaxed)).filter(|left| *left != UNKNOWN)
    }

    /// Tokens that are left.
    pub fn tokens(&self) -> Option<u64> {
        Some(self.tokens.load(Relaxed)).filter(|left| *left != UNKNOWN)
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn check(headers: &[(&'static str, &'static str)], expected: (Option<u64>, Option<u64>)) {
        let quota = Quota::default();
        let headers =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        quota.note(&headers.collect());
        assert_eq!((quota.requests(), quota.tokens()), expected);
        quota.note(&HeaderMap::new());
        assert_eq!((quota.requests(), quota.tokens()), expected, "who says nothing takes nothing back");
    }

    #[test]
    fn what_providers_say_is_left_is_known_in_the_words_of_each() {
        check(&[], (None, None));
        check(
            &[("x-ratelimit-remaining-requests", "59"), ("x-ratelimit-remaining-tokens", "149984")],
            (Some(59), Some(149_984)),
        );
        check(
            &[("anthropic-ratelimit-requests-remaining", "0"), ("anthropic-ratelimit-tokens-remaining", " 7 ")],
            (Some(0), Some(7)),
        );
        check(&[("x-ratelimit-remaining-requests", "many"), ("x-ratelimit-remaining-tokens", "-1")], (None, None));
    }
}
