//! Length, sampling, form of the answer and thinking in Cohere's words (wire.md 8.6, 8.10).

use types::{Abilities, Chat, Effort, Fault, Format, Reasoning};

use crate::Fit;
use crate::fields::Fields;

/// More stop sequences are refused by Cohere.
const MAX_STOPS: usize = 5;
/// Largest `k`; 0 means that all tokens count.
const MAX_K: u64 = 500;
/// Least and largest `p`.
const P: (f64, f64) = (0.01, 0.99);

/// The settings of a chat. `functions` says whether functions are offered.
pub(super) fn of(chat: &Chat, functions: bool, fit: &mut Fit) -> Result<Fields, Fault> {
    let mut fields = Fields::default();
    fields.opt_num("max_tokens", chat.max_tokens);
    sampling(chat, &mut fields, fit)?;
    if chat.stop.len() > MAX_STOPS {
        let message = format!("{} takes at most {MAX_STOPS} stop sequences", fit.target.name);
        return Err(Fault::invalid_param("stop", message));
    }
    fields.strings("stop_sequences", &chat.stop);
    if let Some(format) = &chat.format {
        // Cohere refuses a format beside tools.
        match functions || !fit.target.abilities().structured_output {
            true => fit.worse_without("response_format")?,
            false => write_format(format, &mut fields),
        }
    }
    if let Some(reasoning) = &chat.reasoning {
        thinking(reasoning, chat.max_tokens, fit.target.abilities(), &mut fields);
    }
    logprobs(chat, &mut fields, fit)?;
    if chat.n.is_some_and(|n| n > 1) {
        return fit.refuse("n", "more than one answer");
    }
    fit.worse_without_some("logit_bias", &chat.logit_bias)?;
    fit.one_call(chat);
    fit.hint("user", &chat.user);
    fit.hint("service_tier", &chat.service_tier);
    Ok(fields)
}

fn sampling(chat: &Chat, fields: &mut Fields, fit: &mut Fit) -> Result<(), Fault> {
    let effort = chat.reasoning.as_ref().and_then(|asked| asked.effort);
    if fit.target.abilities().takes_sampling(effort) {
        fields.opt_float("temperature", "temperature", chat.temperature)?;
        let within = |p: f64| if p.is_finite() { p.clamp(P.0, P.1) } else { p };
        fields.opt_float("p", "top_p", chat.top_p.map(within))?;
        fields.opt_num("k", chat.top_k.map(|k| k.min(MAX_K)));
    } else {
        fit.worse_without_some("temperature", &chat.temperature)?;
        fit.worse_without_some("top_p", &chat.top_p)?;
        fit.worse_without_some("top_k", &chat.top_k)?;
    }
    fields.opt_num("seed", chat.seed);
    for (name, penalty) in [("frequency_penalty", chat.frequency_penalty), ("presence_penalty", chat.presence_penalty)]
    {
        match penalty {
            // A penalty of 0 is none; many clients send it always.
            None | Some(0.0) => {}
            Some(penalty) if !penalty.is_finite() || (0.0..=1.0).contains(&penalty) => {
                fields.opt_float(name, name, Some(penalty))?;
            }
            Some(_) => fit.worse_without(name)?,
        }
    }
    Ok(())
}

fn write_format(format: &Format, fields: &mut Fields) {
    fields.set("response_format", |w| {
        w.object(|w| {
            w.str_field("type", "json_object");
            if let Format::Schema { schema, .. } = format {
                w.key("json_schema").raw(schema);
            }
        });
    });
}

/// Cohere tells the probability of what the model said, and of nothing that it might have said.
fn logprobs(chat: &Chat, fields: &mut Fields, fit: &mut Fit) -> Result<(), Fault> {
    if chat.logprobs != Some(true) {
        return Ok(());
    }
    fields.opt_num("logprobs", chat.logprobs);
    fit.worse_without_some("top_logprobs", &chat.top_logprobs.filter(|alternatives| *alternatives > 0))
}

/// `thinking`. Models that can think do so unless told not to; who says nothing of it gets what the model does.
fn thinking(reasoning: &Reasoning, max_tokens: Option<u64>, abilities: &Abilities, fields: &mut Fields) {
    let budget = match (reasoning.budget_tokens, reasoning.effort) {
        (Some(tokens), _) => Some(tokens),
        (None, Some(effort)) => Some(budget(effort, abilities)),
        (None, None) if reasoning.adaptive => None,
        (None, None) => return,
    };
    // Both count against the bound of the answer, so some of it must be left for words.
    let room = max_tokens.map_or(u64::MAX, |most| most.saturating_sub(1));
    let budget = budget.map(|tokens| tokens.min(room));
    let kind = if budget == Some(0) { "disabled" } else { "enabled" };
    fields.set("thinking", |w| {
        w.object(|w| {
            w.str_field("type", kind);
            w.opt_num("token_budget", budget.filter(|tokens| *tokens > 0));
        });
    });
}

/// The tokens that an effort stands for, as everywhere where only tokens are understood.
fn budget(effort: Effort, abilities: &Abilities) -> u64 {
    if effort == Effort::None {
        return 0;
    }
    match abilities.fit_effort(effort) {
        Effort::None | Effort::Minimal | Effort::Low => 1_024,
        Effort::Medium => 2_048,
        Effort::High => 4_096,
        Effort::XHigh => 8_192,
        Effort::Max => 16_384,
    }
}
