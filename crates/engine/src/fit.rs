//! Which deployments of a group may serve a call at all, whatever their health: those that fit its tags.

use std::sync::Arc;

use types::{Fault, FaultKind, Side};

use crate::ask::Ask;
use crate::pass::Pass;
use crate::{Group, Setup};

/// The group that `name` means, with those deployments alone that fit the call.
pub(crate) fn narrow(
    setup: &Setup,
    pass: &Pass,
    ask: &Ask,
    name: &str,
    group: Arc<Group>,
) -> Result<Arc<Group>, Fault> {
    let own = group.deployments.iter().find_map(|deployment| deployment.tag_filtering);
    if !own.unwrap_or(setup.rules.tags.enabled) {
        return Ok(group);
    }
    // The tag of an experiment's arm is for reports.
    let arm = ask.route.as_deref().and_then(|route| route.tag());
    let tags: Vec<&str> = pass.attribution.tags.iter().map(String::as_str).filter(|tag| Some(*tag) != arm).collect();
    let fitting = setup.rules.tags.fitting(&tags, group.deployments.iter().map(|one| &*one.tags));
    match fitting.len() {
        0 => Err(no_fit(name, &tags)),
        all if all == group.deployments.len() => Ok(group),
        _ => {
            let deployments = fitting.into_iter().map(|index| group.deployments[index].clone()).collect();
            let Group { name, team, strategy, .. } = &*group;
            Ok(Arc::new(Group { name: name.clone(), deployments, team: team.clone(), strategy: *strategy }))
        }
    }
}

/// The incumbent's refusal, status and words included. A fallback may fit.
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
