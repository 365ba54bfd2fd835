//! `generationConfig`: length, sampling, form of the answer, thinking.

use types::{Abilities, Chat, Effort, Fault, Format, Reasoning};

use super::family::{Family, Thinking};
use crate::fields::Fields;
use crate::{Fit, turns};

/// More stop sequences are refused by Gemini.
const MAX_STOPS: usize = 5;

/// The settings of a chat in Gemini's words. `functions` says whether functions are offered.
pub(super) fn generation(chat: &Chat, family: &Family, functions: bool, fit: &mut Fit) -> Result<Fields, Fault> {
    let mut config = Fields::default();
    config.opt_num("maxOutputTokens", chat.max_tokens);
    sampling(chat, family, &mut config, fit)?;
    if chat.stop.len() > MAX_STOPS {
        let message = format!("{} takes at most {MAX_STOPS} stop sequences", fit.target.name);
        return Err(Fault::invalid_param("stop", message));
    }
    config.strings("stopSequences", &chat.stop);
    config.opt_num("candidateCount", chat.n.filter(|n| *n != 1));
    if chat.logprobs == Some(true) {
        config.opt_num("responseLogprobs", chat.logprobs);
        config.opt_num("logprobs", chat.top_logprobs);
    }
    if let Some(format) = &chat.format {
        let alone = !functions || family.is_third();
        if alone && fit.target.abilities().structured_output {
            write_format(format, &mut config);
        } else {
            fit.worse_without("response_format")?;
        }
    }
    if let Some(reasoning) = &chat.reasoning {
        thinking(reasoning, chat.max_tokens, family, &mut config, fit)?;
    }
    Ok(config)
}

fn sampling(chat: &Chat, family: &Family, config: &mut Fields, fit: &mut Fit) -> Result<(), Fault> {
    let effort = chat.reasoning.as_ref().and_then(|asked| asked.effort);
    if fit.target.abilities().takes_sampling(effort) {
        config.opt_float("temperature", "temperature", chat.temperature)?;
        config.opt_float("topP", "top_p", chat.top_p)?;
        config.opt_num("topK", chat.top_k);
    } else {
        fit.worse_without_some("temperature", &chat.temperature)?;
        fit.worse_without_some("top_p", &chat.top_p)?;
        fit.worse_without_some("top_k", &chat.top_k)?;
    }
    config.opt_num("seed", chat.seed);
    for (name, param, penalty) in [
        ("presencePenalty", "presence_penalty", chat.presence_penalty),
        ("frequencyPenalty", "frequency_penalty", chat.frequency_penalty),
    ] {
        // A penalty of 0 is none; many clients send it always.
        let penalty = penalty.filter(|penalty| *penalty != 0.0);
        if family.takes_penalties() {
            config.opt_float(name, param, penalty)?;
        } else {
            fit.worse_without_some(param, &penalty)?;
        }
    }
    Ok(())
}

fn write_format(format: &Format, config: &mut Fields) {
    config.str("responseMimeType", "application/json");
    if let Format::Schema { schema, .. } = format {
        config.raw("responseJsonSchema", schema);
    }
}

/// `thinkingConfig` (wire.md 8.10).
fn thinking(
    reasoning: &Reasoning,
    max_tokens: Option<u64>,
    family: &Family,
    config: &mut Fields,
    fit: &mut Fit,
) -> Result<(), Fault> {
    let abilities = fit.target.abilities();
    let off = reasoning.effort == Some(Effort::None) || reasoning.budget_tokens == Some(0);
    let mut chosen = Fields::default();
    match family.thinking(abilities) {
        Thinking::No if off => return Ok(()),
        Thinking::No => return fit.worse_without("reasoning_effort"),
        Thinking::Budget => match budget(reasoning, abilities, max_tokens, family) {
            None if reasoning.adaptive => chosen.opt_num("thinkingBudget", Some(-1)),
            budget => chosen.opt_num("thinkingBudget", budget),
        },
        Thinking::Level => {
            let effort = reasoning.effort.or(reasoning.budget_tokens.map(turns::effort_of_budget));
            // Thinking cannot be switched off from Gemini 3 on: the lowest level stands for `none`.
            if let Some(effort) = effort.map(|effort| abilities.fit_effort(effort.max(Effort::Minimal))) {
                chosen.str("thinkingLevel", level(effort, family));
            }
        }
    }
    chosen.opt_num("includeThoughts", Some(!off && reasoning.summary != Some(false)));
    config.set("thinkingConfig", |w| w.object(|w| chosen.write_into(w)));
    Ok(())
}

/// The budget of a 2.5 model: what the caller says in tokens, or what their effort word stands for. It leaves room
/// for an answer, since both count against `maxOutputTokens`.
fn budget(reasoning: &Reasoning, abilities: &Abilities, max_tokens: Option<u64>, family: &Family) -> Option<u64> {
    let (least, most, can_stop) = family.budget_bounds();
    let wanted = match (reasoning.budget_tokens, reasoning.effort) {
        (Some(tokens), _) => tokens,
        (None, None) => return None,
        (None, Some(Effort::None)) => 0,
        (None, Some(effort)) => match abilities.fit_effort(effort) {
            Effort::None | Effort::Minimal => least,
            Effort::Low => 1_024,
            Effort::Medium => 2_048,
            Effort::High => 4_096,
            Effort::XHigh => 8_192,
            Effort::Max => 16_384,
        },
    };
    let room = max_tokens.map_or(most, |max| max.saturating_sub(1));
    if can_stop && (wanted == 0 || room < least) {
        return Some(0);
    }
    Some(wanted.min(room).clamp(least, most))
}

/// The level for an effort. The large models know no `MINIMAL`.
fn level(effort: Effort, family: &Family) -> &'static str {
    match effort {
        Effort::None | Effort::Minimal if !family.is_pro() => "MINIMAL",
        Effort::None | Effort::Minimal | Effort::Low => "LOW",
        Effort::Medium => "MEDIUM",
        Effort::High => "HIGH",
        Effort::XHigh | Effort::Max => "XHIGH",
    }
}
