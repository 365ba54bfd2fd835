//! A price map in the incumbent's format: a JSON object of models, each an object with `litellm_provider` and prices.
//!
//! What is not understood is passed over and told in one line: maps grow fields all the time.

use std::collections::{BTreeMap, HashMap};

use dialects::json::{Doc, Json, Kind};
use policy::catalogue;
use policy::price::Listed;

use super::fields::{self, Field};
use crate::config::include::MOST_BYTES;
use crate::config::report::Place;
use crate::config::tree::{Node, Scalar, Value};

/// Fewest models of a map that comes from elsewhere (as at the incumbent).
const FEWEST: usize = 50;
/// Most fields that are named in a remark.
const MOST_NAMED: usize = 8;

/// Keys of the map that are no models.
const NO_MODELS: [&str; 2] = ["sample_spec", "fallback_generalizations"];
/// Modes without tokens, characters or pictures: nothing here serves them.
const OTHER_MODES: [&str; 9] = [
    "search",
    "ocr",
    "evaluation",
    "decisions",
    "extraction",
    "guardrail",
    "vector_store",
    "video_generation",
    "realtime",
];

/// A map that was read.
#[derive(Debug, Default)]
pub struct PriceMap {
    /// Its models by their keys.
    pub models: HashMap<String, Listed>,
    /// What was not understood, in a sentence; empty if everything was.
    pub remark: String,
}

impl PriceMap {
    /// Reads a map. The error says why it is none.
    pub fn read(text: &[u8]) -> Result<Self, String> {
        if text.len() as u64 > MOST_BYTES {
            return Err(format!("larger than {} MiB", MOST_BYTES >> 20));
        }
        let doc = Doc::parse_answer(text).map_err(|error| format!("{} at byte {}", error.what, error.offset))?;
        if doc.root().kind() != Kind::Object {
            return Err("not a JSON object of models".to_owned());
        }
        let mut map = PriceMap::default();
        let mut odd = BTreeMap::new();
        for (key, entry) in doc.root().fields() {
            let Some(key) = key.as_string().filter(|key| !NO_MODELS.contains(&key.as_str())) else { continue };
            match entry.get("litellm_provider").and_then(|provider| provider.as_string()) {
                Some(provider) => drop(map.models.insert(key, listed(entry, &provider, &mut odd))),
                None => *odd.entry("models without litellm_provider".to_owned()).or_default() += 1,
            }
        }
        map.remark = remark(&odd);
        Ok(map)
    }

    /// How many models it has.
    pub fn len(&self) -> usize {
        self.models.len()
    }

    /// How many models are known without any map.
    pub fn built_in() -> usize {
        catalogue::entries().count()
    }

    /// Whether it may replace a map of `before` models: one that shrank by half was cut off or is not what was meant.
    pub fn replaces(&self, before: usize) -> Result<(), String> {
        match self.models.len() {
            models if models < FEWEST => Err(format!("it has only {models} models")),
            models if models < before.div_ceil(2) => Err(format!("it has {models} models where there were {before}")),
            _ => Ok(()),
        }
    }
}

fn listed(entry: Json, provider: &str, odd: &mut BTreeMap<String, usize>) -> Listed {
    let mode = entry.get("mode").and_then(|mode| mode.as_string());
    let fields: Vec<(String, Node)> = entry
        .fields()
        .filter_map(|(name, value)| Some((name.as_string()?, value)))
        .filter(|(name, _)| fields::is_price(name))
        .map(|(name, value)| (name, node(value)))
        .collect();
    let prices = fields::read(fields.iter().map(|(name, node)| -> Field { (name, node) }), mode.as_deref());
    let served = !mode.as_deref().is_some_and(|mode| OTHER_MODES.contains(&mode));
    let unknown = prices.unknown.iter().copied().filter(|_| served);
    for name in unknown.chain(prices.wrong.iter().map(|(name, _)| *name)) {
        *odd.entry(name.to_owned()).or_default() += 1;
    }
    let count = |name: &str| entry.get(name).and_then(|count| count.as_u64()).filter(|count| *count > 0);
    Listed {
        provider: catalogue::provider_of(provider).to_owned(),
        prices: prices.list,
        max_input_tokens: count("max_input_tokens"),
        max_output_tokens: count("max_output_tokens"),
    }
}

fn remark(odd: &BTreeMap<String, usize>) -> String {
    if odd.is_empty() {
        return String::new();
    }
    let mut named: Vec<(&String, &usize)> = odd.iter().collect();
    named.sort_by_key(|(_, models)| std::cmp::Reverse(**models));
    let more = named.len().saturating_sub(MOST_NAMED);
    let named: Vec<String> = named.iter().take(MOST_NAMED).map(|(name, models)| format!("{name} ({models})")).collect();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("not understood, with the number of models: {}{more}", named.join(", "))
}

/// A value of the map as one of a configuration.
fn node(json: Json) -> Node {
    let scalar = |text: String, plain| Value::Scalar(Scalar { text, plain, variable: None });
    let value = match json.kind() {
        Kind::Null => Value::Null,
        Kind::Bool | Kind::Number => scalar(json.raw().to_owned(), true),
        Kind::String => scalar(json.as_string().unwrap_or_default(), false),
        Kind::Array => Value::List(json.items().map(node).collect()),
        Kind::Object => {
            let fields = json.fields();
            Value::Map(fields.map(|(name, value)| (name.as_string().unwrap_or_default(), node(value))).collect())
        }
    };
    Node { place: Place::default(), value }
}

#[cfg(test)]
mod tests;
