//! What is known about a deployment's model: the catalogue, and over it what the operator states.

use policy::catalogue::{self, Kind};
use policy::price::{Book, Origin, Tariff};
use types::ModelFacts;

use super::section::Section;

/// Facts, and how sure they are.
pub struct Known {
    /// The facts.
    pub facts: ModelFacts,
    /// Whether the catalogue or the operator's price map lists the model.
    pub listed: bool,
}

/// The model whose facts and prices hold for another one (`base_model`), and whose it is: `provider` is asked unless
/// another provider is named.
pub fn base<'t>(provider: &'t str, info: &Section<'t>) -> Option<(&'t str, &'t str)> {
    let base = info.text("base_model")?;
    Some(base.split_once('/').filter(|(id, _)| is_listed(id)).unwrap_or((provider, base)))
}

/// The facts about `model` of `provider`: what `model_info` says wins over the price map, that over the catalogue.
/// Its prices are those of its tariff, as far as they are list prices or stated.
pub fn gather(provider: &str, model: &str, info: &Section, book: &Book, tariff: &Tariff) -> Known {
    let mapped = book.listed(provider, model);
    let listed = mapped.is_some() || catalogue::lookup(provider, model).is_some();
    let mut facts = catalogue::facts(provider, model);
    set(&mut facts.max_input_tokens, mapped.and_then(|mapped| mapped.max_input_tokens));
    set(&mut facts.max_output_tokens, mapped.and_then(|mapped| mapped.max_output_tokens));
    set(&mut facts.max_input_tokens, info.count("max_input_tokens"));
    set(&mut facts.max_output_tokens, info.count("max_output_tokens").or_else(|| info.count("max_tokens")));
    let stated = |kind| {
        let listed = matches!(tariff.origin, Origin::Catalogue | Origin::Map | Origin::Stated);
        tariff.list.base.stated(kind).filter(|_| listed)
    };
    facts.input_picousd = stated(Kind::Input);
    facts.output_picousd = stated(Kind::Output);
    facts.cache_read_picousd = stated(Kind::CacheRead);
    facts.cache_write_picousd = stated(Kind::CacheWrite);
    facts.cache_write_long_picousd = stated(Kind::CacheWriteLong);
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
