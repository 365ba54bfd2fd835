//! How quick a node is with a model, as observed.

use super::Done;

/// Share of the newest measurement in a mean.
const NEWEST: f64 = 0.3;

/// No call is thought to take longer: a day.
const LONGEST_MS: f64 = 86_400_000.0;

/// Means, milliseconds; `None` as long as nothing was observed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Speed {
    /// A load.
    load: Option<f64>,
    /// A token of prompt.
    prompt: Option<f64>,
    /// A token of output.
    output: Option<f64>,
}

impl Speed {
    /// What is assumed of a model of which nothing is known anywhere.
    const UNKNOWN: Speed = Speed { load: Some(20_000.0), prompt: Some(1.0), output: Some(30.0) };

    pub fn loaded(&mut self, took_ms: u64) {
        note(&mut self.load, took_ms as f64);
    }

    pub fn done(&mut self, done: &Done) {
        let per_token = |ms: u64, tokens: u32| (tokens > 0).then(|| ms as f64 / f64::from(tokens));
        per_token(done.prompt_ms, done.prompt_tokens).into_iter().for_each(|ms| note(&mut self.prompt, ms));
        per_token(done.output_ms, done.output_tokens).into_iter().for_each(|ms| note(&mut self.output, ms));
    }

    /// What is not known here is taken from there.
    pub fn or(self, other: Speed) -> Speed {
        let Speed { load, prompt, output } = self;
        Speed { load: load.or(other.load), prompt: prompt.or(other.prompt), output: output.or(other.output) }
    }

    pub fn load_ms(&self) -> u64 {
        self.load.or(Speed::UNKNOWN.load).unwrap_or_default() as u64
    }

    pub fn service_ms(&self, prompt_tokens: u32, output_tokens: u32) -> u64 {
        let Speed { prompt, output, .. } = self.or(Speed::UNKNOWN);
        let of = |tokens: u32, ms: Option<f64>| f64::from(tokens) * ms.unwrap_or_default();
        (of(prompt_tokens, prompt) + of(output_tokens, output)).clamp(1.0, LONGEST_MS) as u64
    }
}

fn note(mean: &mut Option<f64>, new: f64) {
    *mean = Some(mean.map_or(new, |mean| mean + NEWEST * (new - mean)));
}
