//! What is known about a deployment's model: the catalogue, and over it what the operator states.

use policy::catalogue;
use providers::Provider;
use types::ModelFacts;

use super::section::Section;

/// Facts, and how sure they are.
pub struct Known {
    /// The facts.
    pub facts: ModelFacts,
    /// Whether the catalogue lists the model.
    pub listed: bool,
}

/// Picodollars per dollar, as a power of ten.
const PICO: u16 = 12;

/// The facts about `model` of `provider`: prices in `litellm_params` win over `model_info`, both over the catalogue's
/// entry of `base_model`, that over the entry of the model itself.
pub fn gather(provider: &Provider, model: &str, params: &Section, info: &Section) -> Known {
    let (base_provider, base_model) = match info.text("base_model") {
        Some(base) => base.split_once('/').filter(|(id, _)| is_listed(id)).unwrap_or((provider.id, base)),
        None => (provider.id, model),
    };
    let listed = catalogue::lookup(base_provider, base_model).is_some();
    let mut facts = catalogue::facts(base_provider, base_model);
    let price = |name: &str| {
        let decimal = params.decimal(name).or_else(|| info.decimal(name))?;
        decimal.scaled(PICO)
    };
    let hit = price("cache_read_input_token_cost").or_else(|| price("input_cost_per_token_cache_hit"));
    set(&mut facts.input_picousd, price("input_cost_per_token"));
    set(&mut facts.output_picousd, price("output_cost_per_token"));
    set(&mut facts.cache_read_picousd, hit);
    set(&mut facts.cache_write_picousd, price("cache_creation_input_token_cost"));
    set(&mut facts.cache_write_long_picousd, price("cache_creation_input_token_cost_above_1hr"));
    set(&mut facts.max_input_tokens, info.count("max_input_tokens"));
    set(&mut facts.max_output_tokens, info.count("max_output_tokens").or_else(|| info.count("max_tokens")));
    let abilities = &mut facts.abilities;
    abilities.reasoning = info.flag("supports_reasoning").unwrap_or(abilities.reasoning);
    abilities.structured_output = info.flag("supports_response_schema").unwrap_or(abilities.structured_output);
    abilities.prefill = info.flag("supports_assistant_prefill").unwrap_or(abilities.prefill);
    Known { facts, listed }
}

/// Whether `id` may stand in front of a slash in `base_model`; the catalogue knows more providers than we serve.
fn is_listed(id: &str) -> bool {
    providers::find(id).is_some() || catalogue::entries_of(id).next().is_some()
}

fn set(fact: &mut Option<u64>, stated: Option<u64>) {
    *fact = stated.or(*fact);
}

#[cfg(test)]
mod tests;
