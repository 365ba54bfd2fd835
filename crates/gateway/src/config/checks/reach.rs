//! Names that lead nowhere, or in circles; entries that add nothing.

use std::collections::{HashMap, HashSet};

use engine::Setup;
use policy::nearest;

use crate::config::fallbacks::{Chain, EVERY, Occasion};
use crate::config::models::Row;
use crate::config::report::{Notes, Place};
use crate::config::router::Alias;

/// Whether there is anything to call.
pub fn anything(rows: &[Row], notes: &mut Notes) {
    if rows.is_empty() {
        let top = Place { line: 1, column: 1, ..Place::default() };
        notes.warn(top, "model_list", "no model can be called", "add an entry with a model_name and litellm_params");
    }
}

/// Fallbacks from or to groups that are not there.
pub fn fallbacks(setup: &Setup, chains: &[Chain], notes: &mut Notes) {
    for chain in chains {
        if chain.group != EVERY && setup.find(&chain.group).is_none() {
            let message = format!("no group is called {:?}: this fallback never happens", chain.group);
            notes.warn(chain.place, &chain.path, message, did_you_mean(setup, &chain.group));
        }
        for (target, place) in &chain.targets {
            if *target == chain.group {
                notes.warn(*place, &chain.path, format!("{target} stands in for itself"), "remove it");
            } else if setup.find(target).is_none() {
                let message = format!("no group is called {target:?}: this fallback is dead");
                notes.warn(*place, &chain.path, message, did_you_mean(setup, target));
            }
        }
    }
}

fn did_you_mean(setup: &Setup, name: &str) -> String {
    let names = setup.groups.keys().chain(setup.aliases.keys());
    let mut names: Vec<&str> = names.map(String::as_str).collect();
    names.sort_unstable();
    nearest(name, names).map_or("add it to model_list".to_owned(), |near| format!("did you mean {near}?"))
}

/// Groups that stand in for each other in a circle: when all of them fail, each call tries them all.
pub fn loops(chains: &[Chain], notes: &mut Notes) {
    let chains = chains.iter().filter(|chain| chain.occasion == Occasion::Fault && chain.group != EVERY);
    let chains: HashMap<&str, &Chain> = chains.map(|chain| (chain.group.as_str(), chain)).collect();
    let mut starts: Vec<&&Chain> = chains.values().collect();
    starts.sort_by_key(|chain| chain.place);
    let mut done = HashSet::new();
    for start in starts {
        // Depth first; `way` holds each group on the way and the stand-in that is looked at next.
        let mut way = vec![(*start, 0)];
        while let Some((chain, at)) = way.last_mut() {
            let Some((target, _)) = chain.targets.get(*at).filter(|_| !done.contains(chain.group.as_str())) else {
                done.insert(chain.group.as_str());
                way.pop();
                continue;
            };
            *at += 1;
            let Some(next) = chains.get(target.as_str()) else { continue };
            match way.iter().position(|(chain, _)| chain.group == *target) {
                Some(first) if first + 1 < way.len() => warn_of_loop(&way[first..], notes),
                Some(_) => {}
                None if !done.contains(target.as_str()) => way.push((next, 0)),
                None => {}
            }
        }
    }
}

fn warn_of_loop(way: &[(&Chain, usize)], notes: &mut Notes) {
    let Some((first, _)) = way.iter().min_by_key(|(chain, _)| chain.place) else { return };
    let mut names: Vec<&str> = way.iter().map(|(chain, _)| chain.group.as_str()).collect();
    names.push(names[0]);
    let message = format!("a loop: {}", names.join(" -> "));
    notes.warn(first.place, &first.path, message, "each group is tried once per call; break the loop to fail faster");
}

/// Aliases that hide a group, or lead nowhere.
pub fn aliases(setup: &Setup, aliases: &[Alias], notes: &mut Notes) {
    for Alias { name, target, place, path, .. } in aliases {
        if setup.groups.contains_key(name) && name != target {
            let message = format!("hides the group of the same name: calls of {name} go to {target}");
            notes.warn(*place, path, message, "give one of them another name");
        }
        // Aliases of aliases are not followed.
        if setup.aliases.contains_key(target) && name != target {
            let message = format!("{target} is an alias itself, which is not followed");
            notes.warn(*place, path, message, "name the group");
        } else if setup.find(target).is_none() {
            let message = format!("no group is called {target:?}: calls of {name} find nothing");
            notes.warn(*place, path, message, did_you_mean(setup, target));
        }
    }
}

/// Deployments of one group that are the same in everything that matters.
pub fn twins(rows: &[Row], notes: &mut Notes) {
    let mut seen: HashMap<_, Vec<&Row>> = HashMap::new();
    for row in rows {
        let deployment = &row.deployment;
        let key = (&row.group, &deployment.name, &deployment.endpoint, &deployment.canned);
        let like = seen.entry(key).or_default();
        let twin = like.iter().find(|other| {
            other.deployment.headers == deployment.headers && other.deployment.defaults == deployment.defaults
        });
        match twin {
            Some(twin) => {
                let message = format!("the same as {}: it adds neither capacity nor safety", twin.path);
                notes.warn(row.place, &row.path, message, "remove one, or give it another key or server");
            }
            None => like.push(row),
        }
    }
}
