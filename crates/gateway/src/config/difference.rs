//! What is different between two configurations, without their secrets: what a reload would change.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use super::build::Tree;
use super::report::printable;
use super::shown::{is_secret, value};
use super::tree::{Node, Value};

/// Most differences that are told.
const MOST: usize = 500;
/// What stands for a secret.
const HIDDEN: &str = "(secret)";
/// Names by which entries of lists are told apart, rather than by their place.
const NAMES: [&str; 4] = ["model_name", "credential_name", "guardrail_name", "name"];

/// A value that is not the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Where it is: `model_list[gpt-4o].litellm_params.rpm`.
    pub path: String,
    /// What it was, as JSON; `None` if it was not there.
    pub before: Option<String>,
    /// What it is now.
    pub after: Option<String>,
}

/// A value at the end of a path: what it is, and how it may be shown.
#[derive(PartialEq, Eq)]
struct Leaf {
    is: String,
    shown: String,
}

/// What `after` has that `before` has not or has otherwise, and the other way around, in the order of their paths.
pub(super) fn between(before: Option<&Tree>, after: &Tree) -> Vec<Difference> {
    let mut leaves: BTreeMap<String, [Option<Leaf>; 2]> = BTreeMap::new();
    for (side, tree) in [before, Some(after)].into_iter().enumerate() {
        if let Some(tree) = tree {
            flatten(tree.root(), String::new(), "", &mut |path, leaf| {
                leaves.entry(path).or_default()[side] = Some(leaf)
            });
        }
    }
    let differ = leaves.into_iter().filter(|(_, [before, after])| before != after);
    let told = differ.map(|(path, sides)| {
        let [before, after] = sides.map(|leaf| leaf.map(|leaf| leaf.shown));
        Difference { path: printable(&path), before, after }
    });
    told.take(MOST).collect()
}

fn flatten(node: &Node, path: String, name: &str, leaf: &mut impl FnMut(String, Leaf)) {
    match &node.value {
        Value::Map(entries) if !entries.is_empty() => {
            for (name, node) in entries {
                let below = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                flatten(node, below, name, leaf);
            }
        }
        Value::List(items) if items.iter().any(|item| matches!(item.value, Value::Map(_))) => {
            let mut seen: BTreeMap<String, usize> = BTreeMap::new();
            for (at, item) in items.iter().enumerate() {
                let label = NAMES.iter().find_map(|name| text(item.get(name)?)).unwrap_or_else(|| at.to_string());
                let count = seen.entry(label.clone()).or_default();
                *count += 1;
                let label = if *count == 1 { label } else { format!("{label} #{count}") };
                flatten(item, format!("{path}[{label}]"), name, leaf);
            }
        }
        _ => {
            let is = node.json();
            let shown = value(node);
            let shown = match is_secret(name, &shown) {
                true => HIDDEN.to_owned(),
                false => printable(&without_password(&shown).to_string()),
            };
            leaf(path, Leaf { is, shown });
        }
    }
}

fn text(node: &Node) -> Option<String> {
    match value(node) {
        Json::String(text) => Some(text),
        _ => None,
    }
}

/// An address without the user and the password in it.
fn without_password(value: &Json) -> Json {
    match value {
        Json::String(text) => {
            match text.split_once("://").and_then(|(scheme, rest)| Some((scheme, rest.rsplit_once('@')?.1))) {
                Some((scheme, rest)) => format!("{scheme}://…@{rest}").into(),
                None => value.clone(),
            }
        }
        Json::Array(items) => items.iter().map(without_password).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests;
