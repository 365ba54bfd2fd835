//! How the answer is drawn, where it stops, and how it is served.

use types::{Chat, Effort, Fault};

use crate::anthropic::words;
use crate::json::{Json, Writer};
use crate::{Fit, Target};

/// What is said about the answer beside its content.
#[derive(Default)]
pub(crate) struct Plan<'a> {
    pub(crate) temperature: Option<f64>,
    pub(crate) top_p: Option<f64>,
    pub(crate) top_k: Option<u64>,
    pub(crate) stop: Vec<&'a str>,
    tier: Option<&'static str>,
    stream: bool,
}

impl<'a> Plan<'a> {
    /// Decides for `chat`. `thinking` says whether the model is made to think, which rules out sampling.
    pub(crate) fn new(chat: &'a Chat, thinking: bool, fit: &mut Fit) -> Result<Self, Fault> {
        refuse_unknown(chat, fit)?;
        let mut plan = Plan {
            stop: chat.stop.iter().map(String::as_str).filter(|stop| !stop.trim().is_empty()).collect(),
            tier: chat.service_tier.as_deref().and_then(words::tier_from_openai),
            stream: chat.stream,
            ..Plan::default()
        };
        if plan.stop.len() < chat.stop.len() {
            fit.hint("stop", &Some(()));
        }
        if plan.tier.is_none() {
            fit.hint("service_tier", &chat.service_tier);
        }
        let effort = chat.reasoning.as_ref().and_then(|asked| asked.effort);
        if samples(fit.target, effort) && !thinking {
            plan.sample(chat, fit);
            return Ok(plan);
        }
        // 1 is what the model does anyway.
        fit.worse_without_some("temperature", &chat.temperature.filter(|value| *value != 1.0))?;
        fit.worse_without_some("top_p", &chat.top_p.filter(|value| *value != 1.0))?;
        fit.worse_without_some("top_k", &chat.top_k)?;
        Ok(plan)
    }

    /// OpenAI's scale of temperatures ends at 2. Claude 4 and later take temperature or `top_p`, not both.
    fn sample(&mut self, chat: &Chat, fit: &mut Fit) {
        self.temperature = chat.temperature.map(|value| value.clamp(0.0, 1.0));
        self.top_p = chat.top_p.map(|value| value.clamp(0.0, 1.0));
        self.top_k = chat.top_k;
        match (self.temperature, self.top_p) {
            (Some(1.0), Some(_)) => self.temperature = None,
            (Some(_), Some(top_p)) => {
                self.top_p = None;
                fit.hint("top_p", &(top_p != 1.0).then_some(()));
            }
            _ => {}
        }
    }

    /// Writes the fields.
    pub(crate) fn write(&self, w: &mut Writer) {
        w.opt_num("temperature", self.temperature);
        w.opt_num("top_p", self.top_p);
        w.opt_num("top_k", self.top_k);
        if !self.stop.is_empty() {
            w.key("stop_sequences").array(|w| self.stop.iter().for_each(|stop| w.string(stop)));
        }
        w.opt_str("service_tier", self.tier);
        if self.stream {
            w.num_field("stream", true);
        }
    }
}

/// Whether the target takes sampling parameters from a model that does not think.
fn samples(target: &Target, effort: Option<Effort>) -> bool {
    target.version != Some(words::UNSAMPLED_VERSION) && target.abilities().takes_sampling(effort)
}

/// What must go from a caller's own request if the target does not sample, and the caller agreed to lose it. Callers
/// who did not get Anthropic's own refusal.
pub(in crate::anthropic) fn unsampled(root: Json, target: &Target) -> &'static [&'static str] {
    let kind = |thinking: Json| thinking.get("type").is_some_and(|kind| kind.is("enabled") || kind.is("adaptive"));
    let thinks = || root.get_some("thinking").and_then(|thinking| thinking.inside(kind)).unwrap_or(false);
    match target.drop_params && (!samples(target, None) || thinks()) {
        true => &["temperature", "top_p", "top_k"],
        false => &[],
    }
}

/// Parameters that Anthropic does not have.
fn refuse_unknown(chat: &Chat, fit: &mut Fit) -> Result<(), Fault> {
    if chat.n.is_some_and(|n| n > 1) {
        return fit.refuse("n", "more than one answer per call");
    }
    fit.worse_without_some("logprobs", &chat.logprobs.filter(|wanted| *wanted))?;
    fit.worse_without_some("top_logprobs", &chat.top_logprobs.filter(|count| *count > 0))?;
    fit.worse_without_some("logit_bias", &chat.logit_bias.as_ref().filter(|bias| bias.get() != "{}"))?;
    fit.worse_without_some("seed", &chat.seed)?;
    fit.worse_without_some("presence_penalty", &chat.presence_penalty.filter(|penalty| *penalty != 0.0))?;
    fit.worse_without_some("frequency_penalty", &chat.frequency_penalty.filter(|penalty| *penalty != 0.0))
}
