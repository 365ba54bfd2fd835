//! From `model: provider/model` to a row of the provider table and the model as the provider calls it.

use policy::{catalogue, nearest};
use providers::{OTHERS, Provider};

/// Who is called, and for what.
#[derive(Debug, PartialEq)]
pub struct Called {
    /// The provider.
    pub provider: &'static Provider,
    /// The model as the provider calls it; may hold a `*`.
    pub model: String,
}

/// Why nobody can be called.
#[derive(Debug, PartialEq)]
pub enum Nobody {
    /// A provider that the incumbent knows and we do not serve yet.
    Unserved(String),
    /// What is wrong, and what to do about it.
    Unknown(String, String),
}

/// Providers of models whose name stands alone, asked in this order.
const WITHOUT_PREFIX: [&str; 4] = ["openai", "anthropic", "gemini", "cohere"];

/// Beginnings of names that stand alone, for models newer than the catalogue and for `model_name: "*"`.
pub const FAMILIES: [(&str, &str); 7] = [
    ("gpt-", "openai"),
    ("chatgpt-", "openai"),
    ("o1-", "openai"),
    ("o3-", "openai"),
    ("o4-", "openai"),
    ("claude-", "anthropic"),
    ("gemini-", "gemini"),
];

/// What speaks for itself when a server is named but no provider.
const COMPATIBLE: &str = "openai";

/// Who is meant by `model`. `custom` is `custom_llm_provider`; `has_base` tells whether a server is named.
pub fn resolve(model: &str, custom: Option<&str>, has_base: bool) -> Result<Called, Nobody> {
    let called = |provider: &'static Provider, model: &str| {
        let (provider, model) = (provider.for_model(model), provider.bare_model(model));
        Ok(Called { provider, model: model.to_owned() })
    };
    let prefix = model.split_once('/');
    if let Some(custom) = custom {
        let model = prefix.filter(|(prefix, _)| *prefix == custom).map_or(model, |(_, model)| model);
        return match providers::find(custom) {
            Some(provider) => called(provider, model),
            None => Err(nobody(custom, None)),
        };
    }
    if let Some((prefix, rest)) = prefix {
        match providers::find(prefix) {
            Some(_) if rest.is_empty() => {
                let remedy = format!("write {prefix}/ and the provider's name of the model");
                return Err(Nobody::Unknown("no model is named behind the provider".to_owned(), remedy));
            }
            Some(provider) => return called(provider, rest),
            None if is_unserved(prefix) => return Err(Nobody::Unserved(prefix.to_owned())),
            None => {}
        }
    }
    match alone(model) {
        Some(provider) if !has_base => called(provider, model),
        _ if has_base => providers::find(COMPATIBLE)
            .map_or_else(|| Err(nobody(COMPATIBLE, None)), |provider| called(provider, model)),
        _ => Err(match prefix {
            Some((prefix, rest)) => nobody(prefix, Some(rest)),
            None => Nobody::Unknown(
                format!("nobody knows whose model {model:?} is"),
                format!("name the provider: e.g. openai/{model}, or ollama/{model}"),
            ),
        }),
    }
}

/// The provider that was probably meant, if what stands before the first slash of `model` is almost the id of one.
pub fn slip(model: &str) -> Option<&'static str> {
    let (prefix, _) = model.split_once('/')?;
    near(prefix)
}

fn near(id: &str) -> Option<&'static str> {
    nearest(id, providers::all().iter().map(|provider| provider.id).chain(OTHERS.iter().map(|(id, _)| *id)))
}

/// The provider of a model whose name stands alone.
fn alone(model: &str) -> Option<&'static Provider> {
    let listed = WITHOUT_PREFIX.into_iter().find(|id| catalogue::lookup(id, model).is_some());
    let family = || FAMILIES.iter().find(|(start, _)| model.starts_with(start)).map(|(_, id)| *id);
    providers::find(listed.or_else(family)?)
}

fn nobody(id: &str, model: Option<&str>) -> Nobody {
    if is_unserved(id) {
        return Nobody::Unserved(id.to_owned());
    }
    let model = model.map(|model| format!("/{model}")).unwrap_or_default();
    let remedy = match near(id) {
        Some(near) => format!("did you mean {near}{model}?"),
        None => "for any OpenAI-compatible server write openai/MODEL and its api_base".to_owned(),
    };
    Nobody::Unknown(format!("no provider is called {id:?}"), remedy)
}

fn is_unserved(id: &str) -> bool {
    OTHERS.iter().any(|(other, _)| *other == id)
}

#[cfg(test)]
mod tests;
