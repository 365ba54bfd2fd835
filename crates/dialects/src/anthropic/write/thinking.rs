//! How much the model thinks and how much it may say: the two share one limit.

use std::borrow::Cow;

use types::{Chat, Effort, Fault, Raw, Reasoning, Role};

use super::extras::Extras;
use super::pieces::Piece;
use super::turns::Turn;
use crate::Fit;
use crate::anthropic::read::thinking_of_extra;
use crate::json::Writer;
use crate::turns::effort_of_budget;

/// `max_tokens` for a caller who sets none and a model whose limit is unknown. Thinking counts against it, so it
/// must not be small; every Claude since version 4 writes at least this much.
const DEFAULT_MAX_TOKENS: u64 = 32_000;

/// Smallest thinking budget that Anthropic takes.
const MIN_BUDGET: u64 = 1024;

/// Room for the answer beside a budget that the caller named without naming `max_tokens`.
const ANSWER_ROOM: u64 = 4096;

/// What is said about thinking and length.
pub(crate) struct Plan<'a> {
    /// The `thinking` field.
    config: Option<Config<'a>>,
    /// `output_config.effort`.
    pub(crate) effort: Option<Effort>,
    /// `max_tokens`.
    pub(crate) max_tokens: u64,
}

enum Config<'a> {
    Adaptive {
        summary: bool,
    },
    Budget {
        tokens: u64,
        summary: Option<bool>,
    },
    Disabled,
    /// A type that we do not know, as the caller wrote it.
    Raw(&'a Raw),
}

impl<'a> Plan<'a> {
    /// Decides for `chat`. `turns` is the conversation as it will be sent.
    pub(crate) fn new(chat: &Chat, extras: &Extras<'a>, turns: &[Turn], fit: &mut Fit) -> Result<Self, Fault> {
        let max_tokens = max_tokens(chat, fit);
        let mut plan = Plan { config: None, effort: None, max_tokens };
        let effort = chat.reasoning.as_ref().and_then(|asked| asked.effort);
        let own = extras.thinking.map(thinking_of_extra).transpose()?;
        let asked = match (extras.thinking, own.flatten()) {
            // A type of thinking that we do not know leaves only the effort to us.
            (Some(raw), None) => {
                plan.config = Some(Config::Raw(raw));
                plan.effort = effort.map(|effort| level(effort, fit));
                None
            }
            // Anthropic's own words are more precise than an effort beside them.
            (Some(_), Some(own)) => Some(Cow::Owned(Reasoning { effort: own.effort.or(effort), ..own })),
            (None, _) => chat.reasoning.as_ref().map(Cow::Borrowed),
        };
        if let Some(asked) = asked {
            // Nobody bounds the output: a budget may stretch it.
            let unbounded = chat.max_tokens.is_none() && fit.target.facts.max_output_tokens.is_none();
            let stretched = asked.budget_tokens.unwrap_or(0).saturating_add(ANSWER_ROOM);
            if unbounded && fit.target.abilities().budget_thinking {
                plan.max_tokens = plan.max_tokens.max(stretched);
            }
            plan.think(&asked, turns, fit)?;
        }
        Ok(plan)
    }

    /// Whether the model is made to think: sampling and forced calls are out then.
    pub(crate) fn is_active(&self) -> bool {
        matches!(self.config, Some(Config::Adaptive { .. } | Config::Budget { .. } | Config::Raw(_)))
    }

    /// Whether there is a `thinking` field to write.
    pub(crate) fn says_something(&self) -> bool {
        self.config.is_some()
    }

    fn think(&mut self, asked: &Reasoning, turns: &[Turn], fit: &mut Fit) -> Result<(), Fault> {
        let able = *fit.target.abilities();
        match (asked.effort, asked.budget_tokens) {
            // Not to think at all is more than some models can: as little as possible then.
            (Some(Effort::None), _) if able.thinking_always_on => self.effort = Some(Effort::Low),
            (Some(Effort::None), _) if able.adaptive_thinking => self.config = Some(Config::Disabled),
            (Some(Effort::None), _) => {}
            (None, None) if !asked.adaptive && !able.thinking_always_on => {}
            (_, Some(tokens)) if able.budget_thinking => self.budget(tokens, asked, turns, fit),
            (effort, budget) if able.adaptive_thinking => {
                self.config = Some(Config::Adaptive { summary: asked.summary.unwrap_or(true) });
                self.effort = effort.or(budget.map(effort_of_budget)).map(|effort| level(effort, fit));
            }
            (effort, _) if able.budget_thinking => {
                // The answer needs its share of a small limit.
                let share = (self.max_tokens / 2).max(MIN_BUDGET);
                self.budget(budget_of(effort.unwrap_or(Effort::High)).min(share), asked, turns, fit);
            }
            _ => fit.worse_without(name(asked))?,
        }
        Ok(())
    }

    /// Thinking with a budget, if there is room for it below `max_tokens`.
    fn budget(&mut self, tokens: u64, asked: &Reasoning, turns: &[Turn], fit: &mut Fit) {
        let tokens = tokens.min(self.max_tokens.saturating_sub(1));
        if tokens < MIN_BUDGET || lacks_thoughts(turns) {
            fit.hint(name(asked), &Some(()));
        } else {
            self.config = Some(Config::Budget { tokens, summary: asked.summary });
        }
    }

    /// Writes the `thinking` field, if there is anything to say.
    pub(crate) fn write(&self, w: &mut Writer) {
        let display = |summary: bool| if summary { "summarized" } else { "omitted" };
        match &self.config {
            None => {}
            Some(Config::Raw(raw)) => w.key("thinking").raw(raw),
            Some(Config::Disabled) => w.key("thinking").object(|w| w.str_field("type", "disabled")),
            Some(Config::Adaptive { summary }) => w.key("thinking").object(|w| {
                w.str_field("type", "adaptive");
                w.str_field("display", display(*summary));
            }),
            Some(Config::Budget { tokens, summary }) => w.key("thinking").object(|w| {
                w.str_field("type", "enabled");
                w.num_field("budget_tokens", tokens);
                w.opt_str("display", summary.map(display));
            }),
        }
    }
}

/// The bound of the output. A bound above what the model can write bounds nothing, but would be refused.
fn max_tokens(chat: &Chat, fit: &Fit) -> u64 {
    let limit = fit.target.facts.max_output_tokens;
    match (chat.max_tokens, limit) {
        (Some(asked), Some(limit)) => asked.min(limit),
        (Some(asked), None) => asked,
        (None, limit) => limit.unwrap_or(DEFAULT_MAX_TOKENS),
    }
}

/// Whether the model is in the middle of a turn that it began without thinking, or whose thoughts the caller
/// did not keep: with a budget, Anthropic refuses to let it think from there on.
fn lacks_thoughts(turns: &[Turn]) -> bool {
    let Some(place) = turns.iter().rposition(|turn| turn.role == Role::Assistant) else {
        return false;
    };
    let pieces = &turns[place].pieces;
    let unfinished = place + 1 == turns.len() || pieces.iter().any(|piece| matches!(piece, Piece::ToolUse { .. }));
    unfinished && !pieces.first().is_some_and(Piece::is_thinking)
}

/// What callers call it.
fn name(asked: &Reasoning) -> &'static str {
    if asked.effort.is_some() { "reasoning_effort" } else { "thinking" }
}

/// The nearest effort that the model knows; Anthropic's words begin with "low".
fn level(effort: Effort, fit: &Fit) -> Effort {
    fit.target.abilities().fit_effort(effort).max(Effort::Low)
}

/// The budget that an effort stands for (wire.md 8.10).
fn budget_of(effort: Effort) -> u64 {
    match effort {
        Effort::None | Effort::Minimal | Effort::Low => MIN_BUDGET,
        Effort::Medium => 2048,
        Effort::High => 4096,
        Effort::XHigh => 8192,
        Effort::Max => 16_384,
    }
}
