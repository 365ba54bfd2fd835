//! What is drilled: each deployment of each model group, in turn.

use engine::Setup;

/// A deployment that is to break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scene {
    /// What callers ask for.
    pub model: String,
    /// The deployment.
    pub deployment_id: String,
    /// The same, as the operator wrote it.
    pub deployment: String,
    /// Deployments of the group.
    pub siblings: usize,
}

/// What stands for the `*` of a group for all names that fit.
const STAR: &str = "demo";

impl Scene {
    /// Every deployment of a setup, or of one model group of it, by name.
    pub fn all(setup: &Setup, model: Option<&str>) -> Vec<Self> {
        let groups = setup.groups.values().map(|group| (group.name.clone(), group));
        let patterns =
            setup.patterns.iter().map(|pattern| (format!("{}{STAR}{}", pattern.before, pattern.after), &pattern.group));
        let mut groups: Vec<_> = groups.chain(patterns).collect();
        groups.retain(|(name, group)| model.is_none_or(|model| *name == model || group.name == model));
        groups.sort_by(|(one, _), (other, _)| one.cmp(other));
        let scenes = groups.into_iter().flat_map(|(name, group)| {
            group.deployments.iter().map(move |deployment| Scene {
                model: name.clone(),
                deployment_id: deployment.id.clone(),
                deployment: deployment.name.clone(),
                siblings: group.deployments.len(),
            })
        });
        scenes.collect()
    }
}
