//! Which deployments of a group may serve a call at all, whatever their health: those that fit its tags and are where
//! the customer's data must stay.

use std::sync::Arc;

use policy::is_within;
use types::{Fault, FaultKind, Side};

use crate::ask::Ask;
use crate::pass::Pass;
use crate::{Group, Setup};

/// The group that `name` means, with those deployments alone that fit the call. A fallback may fit where it does not.
pub(crate) fn narrow(
    setup: &Setup,
    pass: &Pass,
    ask: &Ask,
    name: &str,
    group: Arc<Group>,
) -> Result<Arc<Group>, Fault> {
    let tagged = by_tags(setup, pass, ask, name, &group)?;
    if tagged.is_none() && pass.region.is_none() {
        return Ok(group);
    }
    let mut fitting = tagged.unwrap_or_else(|| (0..group.deployments.len()).collect());
    if let Some(allowed) = &pass.region {
        let here = |index: &usize| group.deployments[*index].region.as_ref().is_some_and(|own| is_within(own, allowed));
        fitting.retain(here);
        if fitting.is_empty() {
            return Err(elsewhere(allowed));
        }
    }
    if fitting.len() == group.deployments.len() {
        return Ok(group);
    }
    let deployments = fitting.into_iter().map(|index| group.deployments[index].clone()).collect();
    let Group { name, team, strategy, lines, .. } = &*group;
    let (name, team, lines) = (name.clone(), team.clone(), lines.clone());
    Ok(Arc::new(Group { name, deployments, team, strategy: *strategy, lines }))
}

/// The places of the deployments that fit the call's tags; `None` if tags choose nothing in this group.
fn by_tags(setup: &Setup, pass: &Pass, ask: &Ask, name: &str, group: &Group) -> Result<Option<Vec<usize>>, Fault> {
    let says = group.deployments.iter().find_map(|deployment| deployment.tag_filtering);
    if !says.unwrap_or(setup.rules.tags.enabled) {
        return Ok(None);
    }
    // What key, team or project ask for holds everywhere.
    let own = |tag: &str| pass.caller.tags().any(|own| own == tag);
    let used = |tag: &str| ask.route.as_deref().is_some_and(|route| route.has_used(tag, name)) && !own(tag);
    let tags: Vec<&str> = pass.attribution.tags.iter().map(String::as_str).filter(|tag| !used(tag)).collect();
    let fitting = setup.rules.tags.fitting(&tags, group.deployments.iter().map(|one| &*one.tags));
    if fitting.is_empty() { Err(no_fit(name, &tags)) } else { Ok(Some(fitting)) }
}

/// The incumbent's refusal, status and words included.
fn no_fit(model: &str, tags: &[&str]) -> Fault {
    let tags = tags.iter().map(|tag| format!("'{tag}'")).collect::<Vec<_>>().join(", ");
    let message =
        format!("Not allowed to access model due to tags configuration. Passed model={model} and tags=[{tags}]");
    Fault {
        label: Some("internal_server_error"),
        status: Some(401),
        ..Fault::new(FaultKind::NoDeployment, Side::Gateway, message)
    }
}

fn elsewhere(region: &str) -> Fault {
    let message = format!(
        "No deployments available for selected model: none of them is in the region {region:?}, where the customer's \
         calls must stay (`region_name` of a deployment says where it is)."
    );
    Fault::new(FaultKind::NoDeployment, Side::Gateway, message)
}
