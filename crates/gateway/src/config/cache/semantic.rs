//! Questions that mean the same: `cache_params.semantic`, and the incumbent's semantic types.

use std::collections::HashMap;

use engine::Setup;
use engine::cache::SemanticTerms;

use super::SEMANTIC;
use crate::config::keys::CACHE_SEMANTIC;
use crate::config::report::Notes;
use crate::config::section::{Section, scalar};
use crate::config::tree::{Node, Value};

/// Who makes vectors at the incumbent, unless somebody says otherwise.
const INCUMBENTS_MODEL: &str = "text-embedding-ada-002";
/// Keys of the incumbent that name a model.
const MODELS: [&str; 2] = ["redis_semantic_cache_embedding_model", "qdrant_semantic_cache_embedding_model"];

/// When questions mean the same, if they are to be compared.
pub(super) fn read(params: &Section, notes: &mut Notes) -> Option<SemanticTerms> {
    let by_type = params.text("type").is_some_and(|name| SEMANTIC.contains(&name));
    let own = params.node("semantic");
    if own.is_none() && !by_type {
        return None;
    }
    let path = params.at("semantic");
    let section = Section::read(own, &path, &CACHE_SEMANTIC, notes);
    let incumbents = MODELS.into_iter().find_map(|name| params.text(name)).or(by_type.then_some(INCUMBENTS_MODEL));
    let Some(model) = section.text("model").or(incumbents) else {
        section.missing("model", "model: my-embeddings", notes);
        return None;
    };
    let usual = SemanticTerms::default();
    let within = |section: &Section, name: &str, notes: &mut Notes| {
        let node = section.node(name)?;
        share(node, &section.at(name), notes)
    };
    let threshold = within(&section, "threshold", notes).or_else(|| within(params, "similarity_threshold", notes));
    let count =
        |section: &Section, name: &str| section.count(name).map(|count| usize::try_from(count).unwrap_or(usize::MAX));
    Some(SemanticTerms {
        model: model.to_owned(),
        patience: section.seconds("timeout").unwrap_or(usual.patience),
        threshold: threshold.map_or(usual.threshold, |threshold| threshold as f32),
        group_thresholds: thresholds(&section, notes),
        groups: section
            .node("groups")
            .map(|_| section.texts("groups").into_iter().map(|(name, _)| name.to_owned()).collect()),
        messages: count(params, "max_messages").unwrap_or(usual.messages),
        entries: count(&section, "max_entries").unwrap_or(usual.entries),
        bytes: count(&section, "max_memory_mb").map_or(usual.bytes, |mb| mb.saturating_mul(1 << 20)),
        audit: within(&section, "audit", notes).unwrap_or(usual.audit),
        false_hits: within(&section, "max_false_hits", notes).unwrap_or(usual.false_hits),
        same_answer: within(&section, "same_answer", notes).map_or(usual.same_answer, |share| share as f32),
    })
}

fn thresholds(section: &Section, notes: &mut Notes) -> HashMap<String, f32> {
    let Some(Value::Map(groups)) = section.node("group_thresholds").map(|node| &node.value) else {
        return HashMap::new();
    };
    let path = section.at("group_thresholds");
    let read =
        |(group, node): &(String, Node)| Some((group.clone(), share(node, &format!("{path}.{group}"), notes)? as f32));
    groups.iter().filter_map(read).collect()
}

/// A number from 0 to 1.
fn share(node: &Node, path: &str, notes: &mut Notes) -> Option<f64> {
    let share = scalar(node).and_then(|scalar| scalar.decimal()).map(|number| number.to_f64());
    let share = share.filter(|share| (0.0..=1.0).contains(share));
    if share.is_none() {
        notes.error(node.place, path, "expected a number from 0 to 1", "write e.g. 0.95");
    }
    share
}

/// Says so if nobody makes the vectors that questions are compared by.
pub fn check(library: &Section, setup: &Setup, notes: &mut Notes) {
    let terms = setup.cache.as_ref().and_then(|cache| cache.terms().semantic.as_ref());
    let Some(model) = terms.map(|terms| &terms.model) else { return };
    if setup.find(model).is_none() || setup.router(model).is_some() {
        let message = format!("no model group is called {model}: no question is compared by what it means");
        let remedy =
            "add the embedding model to model_list, or name one that is there: semantic: {model: my-embeddings}";
        notes.warn(library.place("cache_params"), &library.at("cache_params"), message, remedy);
    }
}
