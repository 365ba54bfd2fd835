//! The runner's options, and the fields beside them: what the caller set and nothing else, because Ollama loads a
//! model anew when some of them change.

use types::{Chat, Effort, Fault, Format, Raw, Reasoning};

use super::super::OPTIONS;
use crate::fields::Fields;
use crate::json::Doc;
use crate::{Fit, turns};

/// Extras that are fields of every request itself.
const TOP: [&str; 5] = ["keep_alive", "think", "format", "truncate", "shift"];

/// What the fields of a request are gathered into.
#[derive(Default)]
pub(super) struct Settings {
    /// The object `options`.
    pub options: Fields,
    /// Fields of the request itself.
    pub top: Fields,
}

impl Settings {
    /// The settings of a chat or completion. `more` names further fields that this kind of request has.
    pub(super) fn of(chat: &Chat, more: &[&str], fit: &mut Fit) -> Result<Self, Fault> {
        let mut settings = Settings::within(fit);
        settings.sampling(chat)?;
        settings.extras(&chat.extras, more, fit)?;
        if let Some(reasoning) = &chat.reasoning {
            settings.think(reasoning, fit);
        }
        settings.top.opt_num("logprobs", chat.logprobs);
        settings.top.opt_num("top_logprobs", chat.top_logprobs);
        if chat.n.is_some_and(|n| n > 1) {
            return fit.refuse("n", "more than one answer");
        }
        fit.worse_without_some("logit_bias", &chat.logit_bias)?;
        fit.one_call(chat);
        fit.hint("user", &chat.user);
        fit.hint("service_tier", &chat.service_tier);
        settings.uncut(&["truncate", "shift"], fit);
        Ok(settings)
    }

    /// Settings of a model whose context is managed: no other word about it counts.
    pub(super) fn within(fit: &Fit) -> Self {
        let mut settings = Settings::default();
        settings.options.opt_num("num_ctx", fit.target.num_ctx);
        settings
    }

    /// Nothing is cut silently, unless the caller wants that.
    pub(super) fn uncut(&mut self, names: &[&str], fit: &Fit) {
        for name in names.iter().filter(|_| fit.target.num_ctx.is_some()) {
            self.top.opt_num(name, Some(false));
        }
    }

    fn sampling(&mut self, chat: &Chat) -> Result<(), Fault> {
        let options = &mut self.options;
        options.opt_num("num_predict", chat.max_tokens);
        options.opt_float("temperature", "temperature", chat.temperature)?;
        options.opt_float("top_p", "top_p", chat.top_p)?;
        options.opt_num("top_k", chat.top_k);
        options.opt_num("seed", chat.seed);
        options.strings("stop", &chat.stop);
        options.opt_float("presence_penalty", "presence_penalty", chat.presence_penalty)?;
        options.opt_float("frequency_penalty", "frequency_penalty", chat.frequency_penalty)
    }

    /// Puts the caller's extra fields where they belong.
    pub(super) fn extras(&mut self, extras: &[(String, Raw)], more: &[&str], fit: &mut Fit) -> Result<(), Fault> {
        for (name, raw) in extras {
            match name.as_str() {
                option if OPTIONS.contains(&option) => self.options.raw(option, raw),
                field if TOP.contains(&field) || more.contains(&field) => self.top.raw(field, raw),
                "options" => self.options.merge(Doc::parse(raw.get().as_bytes())?.root()),
                hint if turns::is_hint(hint, raw) => fit.hint(hint, &Some(())),
                other => fit.worse_without(other)?,
            }
        }
        Ok(())
    }

    /// The form of the answer.
    pub(super) fn format(&mut self, format: &Format) {
        match format {
            Format::Json => self.top.str("format", "json"),
            Format::Schema { schema, .. } => self.top.raw("format", schema),
        }
    }

    /// `think`: words for the models that know them, otherwise on or off (wire.md 8.10). A model that cannot think
    /// answers any wish for it with a 400; one that can thinks unless told not to.
    fn think(&mut self, reasoning: &Reasoning, fit: &Fit) {
        let effort = reasoning.effort.or(reasoning.budget_tokens.map(turns::effort_of_budget));
        let abilities = fit.target.abilities();
        match effort.map(|effort| if effort == Effort::None { effort } else { abilities.fit_effort(effort) }) {
            None if reasoning.adaptive => self.top.opt_num("think", Some(true)),
            None => {}
            Some(Effort::None) => self.top.opt_num("think", Some(false)),
            Some(effort) if knows_levels(fit.target.model) => self.top.str("think", level(effort)),
            Some(_) => self.top.opt_num("think", Some(true)),
        }
    }
}

/// Whether the model's template knows how much to think, not only whether.
fn knows_levels(model: &str) -> bool {
    model.rsplit('/').next().is_some_and(|name| name.starts_with("gpt-oss"))
}

fn level(effort: Effort) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => "low",
        Effort::Medium => "medium",
        Effort::High => "high",
        Effort::XHigh | Effort::Max => "max",
    }
}
