//! What guardrails said, under the incumbent's names. Series are bounded by the configuration, which names guardrails, and
//! in any case; only calls that a guardrail looked at take the lock.

use std::collections::BTreeMap;
use std::sync::Mutex;

use store::{Entry, Verdict};

use super::block::{Histogram, SHORT_TIMES};
use super::lock;
use super::rows::write_histogram;
use super::text::{Braces, Page};

/// Most combinations of guardrails, modes and verdicts.
const MOST: usize = 512;

/// What was counted.
#[derive(Default)]
pub struct Guards(Mutex<BTreeMap<Said, Histogram>>);

/// Which guardrail said what, and when it was asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    guardrail: String,
    mode: String,
    verdict: String,
}

impl Said {
    fn of(verdict: &Verdict) -> Self {
        let Verdict { name, mode, verdict, .. } = verdict;
        Said { guardrail: name.clone(), mode: mode.clone(), verdict: verdict.clone() }
    }

    /// Why a call did not go on, in one word; empty if it did.
    fn error(&self) -> &str {
        match self.verdict.as_str() {
            "blocked" | "failed" => &self.verdict,
            _ => "",
        }
    }

    fn status(&self) -> &'static str {
        if self.error().is_empty() { "success" } else { "error" }
    }
}

impl Guards {
    /// Counts what was said to a call.
    pub fn count(&self, entry: &Entry) {
        let said = entry.story.as_ref().map(|story| story.guardrails.as_slice()).unwrap_or_default();
        if said.is_empty() {
            return;
        }
        let mut all = lock(&self.0);
        for verdict in said {
            let key = Said::of(verdict);
            if all.len() < MOST || all.contains_key(&key) {
                all.entry(key).or_default().note(&SHORT_TIMES, verdict.took_us);
            }
        }
    }

    /// Writes it.
    pub fn write(&self, page: &mut Page) {
        let all = lock(&self.0);
        let (mut requests, mut errors) = (BTreeMap::<String, f64>::new(), BTreeMap::<String, f64>::new());
        let mut times = BTreeMap::<String, (Vec<u64>, u64)>::new();
        for (said, histogram) in all.iter() {
            let named = || Braces::default().and("guardrail_name", &said.guardrail);
            let count = histogram.count() as f64;
            let request = named().and("status", said.status()).and("hook_type", &said.mode).into_text();
            *requests.entry(request).or_default() += count;
            if !said.error().is_empty() {
                let error = named().and("error_type", said.error()).and("hook_type", &said.mode).into_text();
                *errors.entry(error).or_default() += count;
            }
            let time = named().and("status", said.status()).and("error_type", said.error());
            let (buckets, sum_us) = times.entry(time.and("hook_type", &said.mode).into_text()).or_default();
            buckets.resize(SHORT_TIMES.len() + 1, 0);
            buckets.iter_mut().zip(histogram.buckets()).for_each(|(known, more)| *known += more);
            *sum_us += histogram.sum();
        }
        page.many("litellm_guardrail_requests_total", "calls that a guardrail looked at", "counter", &requests);
        page.many("litellm_guardrail_errors_total", "calls that it refused, or could not look at", "counter", &errors);
        write_histogram(page, "litellm_guardrail_latency_seconds", "seconds that it took", &SHORT_TIMES, times);
    }
}
