//! Routers: names such as `auto` that stand for the model that fits a call. Declared as `router_settings.routers`, or in
//! the incumbent's way as an entry of `model_list` whose model is `auto_router/...`; and an `auto` where nobody declares
//! one and the prices say what it should mean.

mod markers;
mod rules;
mod usual;

use std::collections::HashMap;
use std::sync::Arc;

use engine::{Group, Roll, Setup};
use policy::nearest;
use policy::router::{Arm, Router, Rule, When};

use super::report::{Notes, Place};

pub use markers::{is_marker, read as markers};
pub use rules::read as rules;
pub use usual::{NAME as AUTO, usual};

/// A router and where it was written.
pub struct Declared {
    /// The name that callers use.
    pub name: String,
    /// What it does.
    pub router: Router,
    /// The models that it names, and where.
    pub targets: Vec<(String, Place, String)>,
    /// Its place in the file.
    pub place: Place,
    /// Its path.
    pub path: String,
}

/// Adds the declared routers to a setup, and the usual one where there is room for it. Vectors of examples that were made
/// for earlier setups are in `roll`.
pub fn add(setup: &mut Setup, declared: Vec<Declared>, roll: &Roll, notes: &mut Notes) {
    for one in declared {
        let Declared { name, mut router, targets, place, path } = one;
        if setup.groups.contains_key(&name) || setup.routers.contains_key(&name) {
            let message = format!("{name:?} is called by another entry already");
            notes.error(place, &path, message, "give the router a name of its own");
            continue;
        }
        for (target, place, path) in &targets {
            if setup.find(target).is_none() {
                let message = format!("no group is called {target:?}: no call goes there");
                notes.warn(*place, path, message, did_you_mean(&setup.groups, target));
            }
        }
        find_vectors(setup, &mut router, roll, place, &path, notes);
        setup.routers.insert(name, Arc::new(router));
    }
    if setup.router(AUTO).is_none()
        && setup.find(AUTO).is_none()
        && let Some(router) = usual(setup)
    {
        setup.routers.insert(AUTO.to_owned(), Arc::new(router));
        setup.hidden.push(AUTO.to_owned());
    }
}

/// Finds the vectors of a router's examples, as the models behind its embedding group make them.
fn find_vectors(setup: &Setup, router: &mut Router, roll: &Roll, place: Place, path: &str, notes: &mut Notes) {
    let Some(embedder) = &router.embedder else { return };
    let Some((group, star)) = setup.find(&embedder.model) else {
        let message = format!("no group is called {:?}: rules by examples never hold", embedder.model);
        notes.warn(place, path, message, did_you_mean(&setup.groups, &embedder.model));
        return;
    };
    let makers =
        group.deployments.iter().map(|one| format!("{}/{}", one.provider, one.upstream_model(star.as_deref())));
    let makers = makers.collect::<Vec<_>>().join(",");
    for like in router.rules.iter_mut().filter_map(|rule| rule.when.like.as_mut()) {
        like.vectors = roll.vectors(&makers, &like.examples);
    }
}

fn did_you_mean(groups: &HashMap<String, Arc<Group>>, name: &str) -> String {
    let mut names: Vec<&str> = groups.keys().map(String::as_str).collect();
    names.sort_unstable();
    nearest(name, names).map_or("name groups of model_list".to_owned(), |near| format!("did you mean {near}?"))
}

/// A rule that sends to one model.
fn rule(name: &str, when: When, model: &str) -> Rule {
    Rule { name: name.to_owned(), when, arms: vec![arm(model, 1)], ..Rule::default() }
}

fn arm(model: &str, weight: u32) -> Arm {
    Arm { model: model.to_owned(), weight }
}

#[cfg(test)]
mod tests;
