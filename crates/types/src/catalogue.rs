//! What is known about a model: windows, abilities, list prices.

use crate::Effort;

/// Facts about one upstream model. `None` means unknown.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ModelFacts {
    /// Context window for input, tokens.
    pub max_input_tokens: Option<u64>,
    /// Largest output, tokens.
    pub max_output_tokens: Option<u64>,
    /// List price of one input token, picodollars (1e-12 USD).
    pub input_picousd: Option<u64>,
    /// List price of one output token, picodollars.
    pub output_picousd: Option<u64>,
    /// List price of one input token read from the provider's prompt cache, picodollars.
    pub cache_read_picousd: Option<u64>,
    /// List price of one input token written to the prompt cache for the short lifetime, picodollars.
    pub cache_write_picousd: Option<u64>,
    /// List price of one input token written to the prompt cache for the long lifetime, picodollars.
    pub cache_write_long_picousd: Option<u64>,
    /// Day on which the provider switches the model off, as `YYYYMMDD`.
    pub deprecation_date: Option<u32>,
    /// What it can do.
    pub abilities: Abilities,
}

/// What a model can do, as far as it matters for translation (wire.md 2.7, 3.9, 4). The default is what an
/// unknown model of the provider is assumed to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// Takes `temperature`, `top_p`, `top_k`.
    pub sampling: bool,
    /// Takes them only while it does not reason (OpenAI from gpt-5.1 on); [`Abilities::takes_sampling`] decides.
    pub reasoning_excludes_sampling: bool,
    /// Knows reasoning at all.
    pub reasoning: bool,
    /// Takes Anthropic's `thinking: {type: adaptive}` with `output_config.effort`.
    pub adaptive_thinking: bool,
    /// Takes Anthropic's `thinking: {type: enabled, budget_tokens}`.
    pub budget_thinking: bool,
    /// Thinks whether asked or not.
    pub thinking_always_on: bool,
    /// A trailing assistant message is continued.
    pub prefill: bool,
    /// A tool call can be forced.
    pub forced_tool: bool,
    /// Takes system messages inside the conversation.
    pub system_anywhere: bool,
    /// Takes a JSON schema for the answer natively.
    pub structured_output: bool,
    /// Highest effort it knows.
    pub max_effort: Effort,
    /// Knows the effort `none`: reasoning can be switched off.
    pub effort_none: bool,
    /// Knows the effort `minimal`.
    pub effort_minimal: bool,
    /// Knows the effort `xhigh` (some models skip it and know `max`).
    pub effort_xhigh: bool,
    /// The effort it takes unless told; `None` if the provider does not say.
    pub default_effort: Option<Effort>,
}

impl Abilities {
    /// Whether sampling parameters are accepted beside the effort `asked` for. A default effort that nobody
    /// knows counts as reasoning.
    pub fn takes_sampling(&self, asked: Option<Effort>) -> bool {
        let reasons = asked.or(self.default_effort) != Some(Effort::None);
        self.sampling && !(self.reasoning_excludes_sampling && reasons)
    }

    /// The effort nearest to `wanted` that the model knows: the next lower one, but reasoning is never switched
    /// off instead of being kept small.
    pub fn fit_effort(&self, wanted: Effort) -> Effort {
        match wanted.min(self.max_effort) {
            Effort::None | Effort::Minimal if self.effort_none && wanted == Effort::None => Effort::None,
            Effort::None | Effort::Minimal if self.effort_minimal => Effort::Minimal,
            Effort::None | Effort::Minimal => Effort::Low,
            Effort::XHigh if !self.effort_xhigh => Effort::High,
            known => known,
        }
    }
}

impl Default for Abilities {
    fn default() -> Self {
        Abilities {
            sampling: true,
            reasoning: false,
            adaptive_thinking: false,
            budget_thinking: false,
            thinking_always_on: false,
            prefill: true,
            forced_tool: true,
            system_anywhere: false,
            structured_output: true,
            reasoning_excludes_sampling: false,
            max_effort: Effort::High,
            effort_none: true,
            effort_minimal: true,
            effort_xhigh: false,
            default_effort: None,
        }
    }
}

#[cfg(test)]
mod tests;
