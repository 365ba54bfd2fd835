//! When deployments rest after faults: `allowed_fails`, `allowed_fails_policy` and `cooldown_time`, of all deployments and
//! of single ones.

use std::collections::HashMap;
use std::sync::Arc;

use policy::RestRules;
use types::FaultKind;

use super::keys::ALLOWED_FAILS;
use super::report::Notes;
use super::router::kinds;
use super::section::Section;

/// For all deployments: the router's word wins over the library's.
pub fn read(router: &Section, library: &Section, notes: &mut Notes) -> RestRules {
    let usual = RestRules::default();
    RestRules {
        allowed_fails: router.small("allowed_fails").or_else(|| library.small("allowed_fails")),
        fails_by_kind: by_kind(router, notes),
        cooldown: router
            .seconds("cooldown_time")
            .or_else(|| library.seconds("cooldown_time"))
            .unwrap_or(usual.cooldown),
        cooldowns: !router.flag("disable_cooldowns").unwrap_or(false),
    }
}

/// For a deployment that says something itself; what it leaves out holds as `usual`. A number of its own counts for every
/// kind of fault that it does not name.
pub fn own(params: &Section, info: &Section, usual: &RestRules, notes: &mut Notes) -> Option<Arc<RestRules>> {
    let cooldown = params.seconds("cooldown_time").or_else(|| info.seconds("cooldown_time"));
    let allowed_fails = info.small("allowed_fails");
    let fails_by_kind = by_kind(info, notes);
    if cooldown.is_none() && allowed_fails.is_none() && fails_by_kind.is_empty() {
        return None;
    }
    let counts = allowed_fails.is_some() || !fails_by_kind.is_empty();
    Some(Arc::new(RestRules {
        allowed_fails: allowed_fails.or(usual.allowed_fails),
        fails_by_kind: if counts { fails_by_kind } else { usual.fails_by_kind.clone() },
        cooldown: cooldown.unwrap_or(usual.cooldown),
        cooldowns: usual.cooldowns,
    }))
}

fn by_kind(section: &Section, notes: &mut Notes) -> HashMap<FaultKind, u32> {
    let (node, path) = (section.node("allowed_fails_policy"), section.at("allowed_fails_policy"));
    let section = Section::read(node, &path, &ALLOWED_FAILS, notes);
    let mut fails = HashMap::new();
    for (key, _) in section.given() {
        let class = key.name.trim_end_matches("AllowedFails");
        let count = section.small(key.name);
        fails.extend(kinds(class).iter().filter_map(|kind| Some((*kind, count?))));
    }
    fails
}

#[cfg(test)]
mod tests;
