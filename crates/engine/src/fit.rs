//! Which deployments of a group may serve a call at all, whatever their health: those that fit its tags and are where
//! the customer's data must stay.

use std::sync::Arc;

use policy::is_within;
use types::{Fault, FaultKind, Side};

use crate::ask::Ask;
use crate::pass::Pass;
use crate::{Deployment, Group, Setup};

/// Why a deployment may not serve a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It does not fit the call's tags.
    Tags,
    /// It is not where the customer's calls must stay.
    Region,
}

/// The group that `name` means, with those deployments alone that fit the call. A fallback may fit where it does not.
pub(crate) fn narrow(
    setup: &Setup,
    pass: &Pass,
    ask: &Ask,
    name: &str,
    group: Arc<Group>,
) -> Result<Arc<Group>, Fault> {
    let Some(misfits) = judge(setup, pass, ask, name, &group) else { return Ok(group) };
    let fitting = || group.deployments.iter().zip(&misfits).filter(|(_, misfit)| misfit.is_none());
    if fitting().count() == group.deployments.len() {
        return Ok(group);
    }
    if fitting().next().is_none() {
        return Err(match &pass.region {
            Some(allowed) if misfits.contains(&Some(Misfit::Region)) => elsewhere(allowed),
            _ => no_fit(name, &tags(pass, ask, name)),
        });
    }
    let deployments = fitting().map(|(deployment, _)| deployment.clone()).collect();
    let Group { name, team, strategy, .. } = &*group;
    Ok(Arc::new(Group { name: name.clone(), deployments, team: team.clone(), strategy: *strategy }))
}

/// Why each deployment of a group does not fit, if it does not; `None` if nothing is asked for that they could miss.
pub(crate) fn judge(setup: &Setup, pass: &Pass, ask: &Ask, name: &str, group: &Group) -> Option<Vec<Option<Misfit>>> {
    let tagged = by_tags(setup, pass, ask, name, group);
    if tagged.is_none() && pass.region.is_none() {
        return None;
    }
    let allowed = pass.region.as_deref();
    let misfit = |(index, deployment): (usize, &Arc<Deployment>)| {
        if tagged.as_ref().is_some_and(|fitting| !fitting.contains(&index)) {
            return Some(Misfit::Tags);
        }
        let is_here = |allowed| deployment.region.as_ref().is_some_and(|own| is_within(own, allowed));
        allowed.is_some_and(|allowed| !is_here(allowed)).then_some(Misfit::Region)
    };
    Some(group.deployments.iter().enumerate().map(misfit).collect())
}

/// The places of the deployments that fit the call's tags; `None` if tags choose nothing in this group.
fn by_tags(setup: &Setup, pass: &Pass, ask: &Ask, name: &str, group: &Group) -> Option<Vec<usize>> {
    let says = group.deployments.iter().find_map(|deployment| deployment.tag_filtering);
    if !says.unwrap_or(setup.rules.tags.enabled) {
        return None;
    }
    Some(setup.rules.tags.fitting(&tags(pass, ask, name), group.deployments.iter().map(|one| &*one.tags)))
}

/// The tags by which a deployment of this group is chosen.
fn tags<'p>(pass: &'p Pass, ask: &Ask, name: &str) -> Vec<&'p str> {
    // What key, team or project ask for holds everywhere.
    let own = |tag: &str| pass.caller.tags().any(|own| own == tag);
    let used = |tag: &str| ask.route.as_deref().is_some_and(|route| route.has_used(tag, name)) && !own(tag);
    pass.attribution.tags.iter().map(String::as_str).filter(|tag| !used(tag)).collect()
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
