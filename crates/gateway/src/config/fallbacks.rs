//! Which groups stand in for which: two ways of writing it, three occasions.

use policy::Rules;

use super::report::{Notes, Place};
use super::section::{Section, scalar, shown};
use super::tree::{Node, Value};

/// A group and those that stand in for it.
pub struct Chain {
    /// On which occasion.
    pub occasion: Occasion,
    /// The group; `*` is every group.
    pub group: String,
    /// Those that stand in, best first, and where each is written.
    pub targets: Vec<(String, Place)>,
    /// Where the group is written.
    pub place: Place,
    /// Its path.
    pub path: String,
}

/// When a fallback happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Occasion {
    /// Any fault of a provider.
    Fault,
    /// The input does not fit.
    ContextWindow,
    /// The provider refuses the content.
    ContentPolicy,
}

const KEYS: [(&str, Occasion); 3] = [
    ("fallbacks", Occasion::Fault),
    ("context_window_fallbacks", Occasion::ContextWindow),
    ("content_policy_fallbacks", Occasion::ContentPolicy),
];

/// Every group.
pub const EVERY: &str = "*";

/// What to write.
const EXAMPLE: &str = "write e.g. - my-group: [other-group, another-group]";

/// All chains of `router_settings`, and for keys that are not there those of `litellm_settings`.
pub fn read(router: &Section, library: &Section, notes: &mut Notes) -> Vec<Chain> {
    let mut chains = Vec::new();
    for (key, occasion) in KEYS {
        let section = if router.node(key).is_some() { router } else { library };
        if let Some(node) = section.node(key) {
            let reader = Reader { occasion, chains: &mut chains, notes };
            reader.read(node, &section.at(key));
        }
    }
    let key = "default_fallbacks";
    let section = if router.node(key).is_some() { router } else { library };
    let every = |chain: &Chain| chain.occasion == Occasion::Fault && chain.group == EVERY;
    if section.node(key).is_some() && !chains.iter().any(every) {
        let targets = section.texts(key).into_iter().map(|(text, place)| (text.to_owned(), place)).collect();
        let (place, path) = (section.place(key), section.at(key));
        chains.push(Chain { occasion: Occasion::Fault, group: EVERY.to_owned(), targets, place, path });
    }
    chains
}

/// Puts the chains into the rules.
pub fn apply(chains: &[Chain], rules: &mut Rules) {
    for chain in chains {
        let lists = match chain.occasion {
            Occasion::Fault => &mut rules.fallbacks,
            Occasion::ContextWindow => &mut rules.context_window_fallbacks,
            Occasion::ContentPolicy => &mut rules.content_policy_fallbacks,
        };
        let targets = chain.targets.iter().map(|(name, _)| name.clone()).collect();
        lists.insert(chain.group.clone(), targets);
    }
}

struct Reader<'a> {
    occasion: Occasion,
    chains: &'a mut Vec<Chain>,
    notes: &'a mut Notes,
}

impl Reader<'_> {
    fn read(mut self, node: &Node, path: &str) {
        match &node.value {
            Value::Map(entries) => self.map(entries, path),
            Value::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    match &item.value {
                        Value::Map(entries) => self.map(entries, &path),
                        _ => self.wrong(item, &path, "a group and its stand-ins"),
                    }
                }
            }
            _ => self.wrong(node, path, "a list of groups and their stand-ins"),
        }
    }

    fn map(&mut self, entries: &[(String, Node)], path: &str) {
        for (group, node) in entries {
            let path = format!("{path}.{group}");
            let known = |chain: &&Chain| chain.occasion == self.occasion && chain.group == *group;
            if let Some(first) = self.chains.iter().find(known) {
                let message = format!("{group} is there already in line {}, which counts", first.place.line);
                self.notes.warn(node.place, &path, message, "join the two lists");
                continue;
            }
            let targets = self.targets(node, &path);
            self.chains.push(Chain { occasion: self.occasion, group: group.clone(), targets, place: node.place, path });
        }
    }

    fn targets(&mut self, node: &Node, path: &str) -> Vec<(String, Place)> {
        match &node.value {
            Value::List(items) => items.iter().filter_map(|item| self.target(item, path)).collect(),
            Value::Null => Vec::new(),
            _ => self.target(node, path).into_iter().collect(),
        }
    }

    /// A stand-in: a name, or a mapping with a `model`.
    fn target(&mut self, node: &Node, path: &str) -> Option<(String, Place)> {
        let name = scalar(node).or_else(|| scalar(node.get("model")?));
        let Some(name) = name else {
            self.wrong(node, path, "the name of a group");
            return None;
        };
        if let Value::Map(entries) = &node.value
            && entries.len() > 1
        {
            let message = "parameters of a stand-in are known, but not honoured yet: only its model is used";
            self.notes.warn(node.place, path, message, "make it a group of its own, with these parameters");
        }
        Some((name.text.clone(), node.place))
    }

    fn wrong(&mut self, node: &Node, path: &str, expected: &str) {
        let message = format!("expected {expected}, found {}", shown(node, false));
        self.notes.error(node.place, path, message, EXAMPLE);
    }
}

#[cfg(test)]
mod tests;
