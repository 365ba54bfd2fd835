//! What is known about a model: windows, abilities, list prices.

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
    pub max_effort: crate::Effort,
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
            max_effort: crate::Effort::High,
        }
    }
}
