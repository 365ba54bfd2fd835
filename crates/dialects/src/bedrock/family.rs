//! Whose model it is, as far as that says what Converse does with it. Ids begin with a region or none:
//! `us.anthropic.claude-...`, `amazon.nova-pro-v1:0`, `arn:aws:bedrock:...:inference-profile/eu.amazon.nova-...`.

use types::ModelFacts;

/// The maker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    Claude,
    Nova,
    GptOss,
    Other,
}

impl Family {
    /// That of a model.
    pub(super) fn of(model: &str) -> Self {
        let has = |word: &str| model.contains(word);
        match () {
            () if has("claude") => Family::Claude,
            () if has("amazon.nova") || has("nova-") => Family::Nova,
            () if has("gpt-oss") => Family::GptOss,
            () => Family::Other,
        }
    }

    /// Whether it is Anthropic's: its thoughts are signed, and its tools obey.
    pub(super) fn is_claude(self) -> bool {
        self == Family::Claude
    }

    /// Whether it takes marks of what may be cached; others refuse them.
    pub(super) fn caches(self) -> bool {
        matches!(self, Family::Claude | Family::Nova)
    }

    /// What is known about the model, less what Converse does not offer with it.
    pub(super) fn facts(self, model: &str, known: &ModelFacts) -> ModelFacts {
        let mut facts = *known;
        let abilities = &mut facts.abilities;
        if !self.is_claude() {
            abilities.structured_output = false;
            abilities.adaptive_thinking = false;
            abilities.budget_thinking = false;
            abilities.thinking_always_on = false;
            abilities.system_anywhere = false;
            abilities.forced_tool &= self == Family::Nova || model.contains("mistral-large");
        }
        facts
    }
}

/// A model without the words in front of it that say how and where it is called: `converse/`, `us-west-2/`.
pub(super) fn bare_name(model: &str) -> &str {
    let model = model.strip_prefix("converse/").unwrap_or(model);
    match model.split_once('/') {
        Some((region, rest)) if !model.starts_with("arn:") && region.contains('-') && !region.contains('.') => rest,
        _ => model,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_model_is_known_by_its_maker_wherever_it_is_called() {
        let check = |model: &str, bare: &str, family| {
            assert_eq!((bare_name(model), Family::of(model)), (bare, family), "{model}");
        };
        check("us.anthropic.claude-sonnet-4-5-v1:0", "us.anthropic.claude-sonnet-4-5-v1:0", Family::Claude);
        check("us-west-2/anthropic.claude-v2", "anthropic.claude-v2", Family::Claude);
        check("converse/amazon.nova-pro-v1:0", "amazon.nova-pro-v1:0", Family::Nova);
        let arn = "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.amazon.nova-lite-v1:0";
        check(arn, arn, Family::Nova);
        check("openai.gpt-oss-120b-1:0", "openai.gpt-oss-120b-1:0", Family::GptOss);
        check("meta.llama4-x", "meta.llama4-x", Family::Other);
    }
}
