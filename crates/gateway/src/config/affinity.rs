//! What holds calls together: `optional_pre_call_checks` for all groups, `model_group_affinity_config` for single ones.

use std::collections::HashMap;

use policy::Affinity;

use super::report::{Notes, Place};
use super::section::{Section, texts};
use super::tree::Value;

const SESSION: &str = "session_affinity";
const PROMPT: &str = "prompt_caching";
const KEY: &str = "deployment_affinity";

/// The checks that are read here.
pub const CHECKS: [&str; 3] = [SESSION, PROMPT, KEY];

/// For all groups.
pub fn read(router: &Section) -> Affinity {
    of(&router.texts("optional_pre_call_checks"))
}

/// For single groups, by name.
pub fn of_groups(router: &Section, notes: &mut Notes) -> HashMap<String, Affinity> {
    let Some(Value::Map(entries)) = router.node("model_group_affinity_config").map(|node| &node.value) else {
        return HashMap::new();
    };
    let mut groups = HashMap::new();
    for (group, node) in entries {
        let checks = texts(node);
        without_effect(&checks, &CHECKS, &format!("{}.{group}", router.at("model_group_affinity_config")), notes);
        groups.insert(group.clone(), of(&checks));
    }
    groups
}

/// Notes which of the checks are none of the `known` ones.
pub fn without_effect(checks: &[(&str, Place)], known: &[&str], path: &str, notes: &mut Notes) {
    for (check, place) in checks.iter().filter(|(check, _)| !known.contains(check)) {
        notes.warn(*place, path, format!("{check} is known, but has no effect yet"), "");
    }
}

fn of(checks: &[(&str, Place)]) -> Affinity {
    let has = |name: &str| checks.iter().any(|(check, _)| *check == name);
    Affinity { session: has(SESSION), prompt: has(PROMPT), key: has(KEY) }
}
