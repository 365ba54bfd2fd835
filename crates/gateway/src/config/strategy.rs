//! How deployments are chosen: in all groups, and in groups of groups.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use engine::{Deployment, Group};
use policy::{Member, Strategy, nearest};

use super::keys::{ROUTING_GROUP, STRATEGY_ARGS};
use super::report::{Notes, Place};
use super::section::{Section, scalar};
use super::tree::Value;

/// How long a measurement of speed counts, unless somebody says otherwise.
const TTL: Duration = Duration::from_secs(3600);

/// The incumbent's names; `None` is not there yet.
const STRATEGIES: [(&str, Option<Strategy>); 9] = [
    ("simple-shuffle", Some(Strategy::SimpleShuffle)),
    ("least-busy", Some(Strategy::LeastBusy)),
    ("latency-based-routing", Some(Strategy::Latency { buffer: 0.0, ttl: TTL })),
    ("usage-based-routing", Some(Strategy::Usage)),
    ("usage-based-routing-v2", Some(Strategy::Usage)),
    ("cost-based-routing", Some(Strategy::Cost)),
    // Budgets always hold; beside them it is a shuffle.
    ("provider-budget-routing", Some(Strategy::SimpleShuffle)),
    // Priorities are orders, and equals share.
    ("priority", Some(Strategy::SimpleShuffle)),
    ("lar1", None),
];

/// A name for several groups, whose deployments are chosen from as if they were of one.
#[derive(Clone, Debug, PartialEq)]
pub struct RoutingGroup {
    /// What callers ask for.
    pub name: String,
    /// The groups.
    pub models: Vec<(String, Place)>,
    /// Groups with a lower number come first; those without one last.
    pub priorities: Vec<(String, i64)>,
    /// How a deployment is chosen.
    pub strategy: Option<Strategy>,
    /// Its place in the tree.
    pub path: String,
    /// Where it was written.
    pub place: Place,
}

impl RoutingGroup {
    /// All deployments of the groups that it names, as one group. The orders of the groups come before those of
    /// their deployments.
    pub fn join(&self, groups: &HashMap<String, Arc<Group>>, notes: &mut Notes) -> Option<Group> {
        let mut deployments = Vec::new();
        if groups.contains_key(&self.name) {
            let message = format!("a group is called {:?} already", self.name);
            notes.error(self.place, &self.path, message, "give it a name of its own");
            return None;
        }
        for (model, place) in &self.models {
            let Some(group) = groups.get(model).filter(|group| group.team.is_none()) else {
                let near = nearest(model, groups.keys().map(String::as_str));
                let remedy =
                    near.map_or_else(|| "name groups of model_list".to_owned(), |near| format!("did you mean {near}?"));
                notes.error(*place, &format!("{}.models", self.path), format!("no group is called {model:?}"), remedy);
                continue;
            };
            let priority = self.priorities.iter().find(|(name, _)| name == model).map(|(_, priority)| *priority);
            for deployment in &group.deployments {
                let order = priority.unwrap_or(deployment.member.order);
                let member = Member { order, ..deployment.member };
                deployments.push(Arc::new(Deployment { member, ..Deployment::clone(deployment) }));
            }
        }
        let (name, strategy) = (self.name.clone(), self.strategy);
        (!deployments.is_empty()).then_some(Group { name, deployments, team: None, strategy, lines: Arc::default() })
    }
}

/// The strategy that a section names; `None` if it names none.
pub fn read(section: &Section, notes: &mut Notes) -> Option<Strategy> {
    let name = section.text("routing_strategy")?;
    let (place, path) = (section.place("routing_strategy"), section.at("routing_strategy"));
    match STRATEGIES.iter().find(|(known, _)| *known == name) {
        Some((_, Some(strategy))) => Some(with_args(*strategy, section, notes)),
        Some((_, None)) => {
            notes.warn(place, &path, format!("{name} is known, but not there yet: calls are shared by weight"), "");
            None
        }
        None => {
            let near = nearest(name, STRATEGIES.iter().map(|(known, _)| *known));
            let remedy = near.map_or("write simple-shuffle".to_owned(), |near| format!("did you mean {near}?"));
            notes.error(place, &path, format!("no strategy is called {name:?}"), remedy);
            None
        }
    }
}

fn with_args(strategy: Strategy, section: &Section, notes: &mut Notes) -> Strategy {
    let (node, path) = (section.node("routing_strategy_args"), section.at("routing_strategy_args"));
    let args = Section::read(node, &path, &STRATEGY_ARGS, notes);
    match strategy {
        Strategy::Latency { buffer, ttl } => Strategy::Latency {
            buffer: args.decimal("lowest_latency_buffer").map_or(buffer, |buffer| buffer.to_f64()),
            ttl: args.seconds("ttl").unwrap_or(ttl),
        },
        other => other,
    }
}

/// Reads `routing_groups`.
pub fn routing_groups(router: &Section, notes: &mut Notes) -> Vec<RoutingGroup> {
    let nodes = match router.node("routing_groups").map(|node| &node.value) {
        Some(Value::List(nodes)) => nodes.as_slice(),
        _ => &[],
    };
    let mut groups = Vec::new();
    for (index, node) in nodes.iter().enumerate() {
        let path = format!("{}[{index}]", router.at("routing_groups"));
        let section = Section::read(Some(node), &path, &ROUTING_GROUP, notes);
        let Some(name) = section.text("group_name") else {
            section.missing("group_name", "fast-chat", notes);
            continue;
        };
        let models = section.texts("models").into_iter().map(|(model, place)| (model.to_owned(), place)).collect();
        let priorities = priorities(&section, notes);
        let strategy = read(&section, notes);
        groups.push(RoutingGroup { name: name.to_owned(), models, priorities, strategy, path, place: node.place });
    }
    groups
}

fn priorities(section: &Section, notes: &mut Notes) -> Vec<(String, i64)> {
    let entries = match section.node("model_priorities").map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let mut priorities = Vec::new();
    for (name, node) in entries {
        match scalar(node).and_then(|scalar| scalar.text.parse().ok()) {
            Some(priority) => priorities.push((name.clone(), priority)),
            None => {
                let path = format!("{}.{name}", section.at("model_priorities"));
                notes.error(node.place, &path, "a priority is a whole number".to_owned(), "write e.g. 1");
            }
        }
    }
    priorities
}

#[cfg(test)]
mod tests;
