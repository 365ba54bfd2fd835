//! Which deployments of a group may serve a call at all, whatever their health: those that fit its tags, are where the
//! customer's data must stay, keep the answer that it goes on from, and have a context window that is large enough.

use std::sync::Arc;

use dialects::Issuer;
use http::header::USER_AGENT;
use policy::window::Truncation;
use policy::{Tagged, is_within};
use types::{Fault, FaultKind, Side};

use crate::ask::Ask;
use crate::pass::Pass;
use crate::window::{self, Excess};
use crate::{Deployment, Group, Setup};

/// Why a deployment may not serve a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// It does not fit the call's tags.
    Tags,
    /// It is not where the customer's calls must stay.
    Region,
    /// The call goes on from an answer that is kept elsewhere.
    Issuer,
    /// The call is too long for it.
    Context(Excess),
}

/// Those deployments of a group that fit a call.
pub(crate) struct Narrowed {
    pub group: Arc<Group>,
    /// The call that fits them, if that is a shorter one.
    pub shorter: Option<Box<Ask>>,
}

/// The group that `name` means, with those deployments alone that fit the call. A fallback may fit where it does not.
pub(crate) fn narrow(
    setup: &Setup,
    pass: &Pass,
    ask: &Ask,
    name: &str,
    group: Arc<Group>,
    star: Option<&str>,
) -> Result<Narrowed, Fault> {
    let Some(misfits) = judge(setup, pass, ask, name, &group, star) else {
        return Ok(Narrowed { group, shorter: None });
    };
    if let Some(group) = only(&group, |index| misfits[index].is_none()) {
        return Ok(Narrowed { group, shorter: None });
    }
    let excess = |index: &usize| match misfits[*index] {
        Some(Misfit::Context(excess)) => Some((excess, &group.deployments[*index])),
        _ => None,
    };
    let largest = (0..misfits.len()).filter_map(|index| excess(&index)).max_by_key(|(excess, _)| excess.window);
    let Some((excess, deployment)) = largest else {
        return Err(match &pass.region {
            Some(allowed) if misfits.contains(&Some(Misfit::Region)) => elsewhere(allowed),
            _ => no_fit(name, &tags(pass, ask, name)),
        });
    };
    let rule = window::rule(setup, ask, &group).unwrap_or_default();
    if rule != Truncation::Refuse
        && let Some(shorter) = window::shorten(ask, rule, |ask| window::excess(ask, deployment, star))
    {
        let fits = judge(setup, pass, &shorter, name, &group, star).unwrap_or_default();
        if let Some(group) = only(&group, |index| fits.get(index).is_none_or(Option::is_none)) {
            return Ok(Narrowed { group, shorter: Some(Box::new(shorter)) });
        }
    }
    let is_doubtful = |misfit: &Option<Misfit>| matches!(misfit, Some(Misfit::Context(excess)) if excess.is_doubtful);
    match only(&group, |index| is_doubtful(&misfits[index])) {
        Some(group) => Ok(Narrowed { group, shorter: None }),
        None => Err(window::too_long(name, excess)),
    }
}

/// The group with those deployments alone that fit; `None` if none does.
fn only(group: &Arc<Group>, fits: impl Fn(usize) -> bool) -> Option<Arc<Group>> {
    let fitting: Vec<usize> = (0..group.deployments.len()).filter(|index| fits(*index)).collect();
    if fitting.len() == group.deployments.len() {
        return Some(group.clone());
    }
    let deployments: Vec<_> = fitting.into_iter().map(|index| group.deployments[index].clone()).collect();
    if deployments.is_empty() {
        return None;
    }
    let Group { name, team, strategy, lines, .. } = &**group;
    let (name, team, lines) = (name.clone(), team.clone(), lines.clone());
    Some(Arc::new(Group { name, deployments, team, strategy: *strategy, lines }))
}

/// Why each deployment of a group does not fit, if it does not; `None` if nothing is asked for that they could miss.
pub(crate) fn judge(
    setup: &Setup,
    pass: &Pass,
    ask: &Ask,
    name: &str,
    group: &Group,
    star: Option<&str>,
) -> Option<Vec<Option<Misfit>>> {
    let tagged = by_tags(setup, pass, ask, name, group);
    let counts = window::rule(setup, ask, group).is_some();
    let kept_by = kept_by(ask, group);
    if tagged.is_none() && pass.region.is_none() && kept_by.is_none() && !counts {
        return None;
    }
    let allowed = pass.region.as_deref();
    let misfit = |(index, deployment): (usize, &Arc<Deployment>)| {
        let is_here = |allowed| deployment.region.as_ref().is_some_and(|own| is_within(own, allowed));
        match tagged.as_ref().is_some_and(|fitting| !fitting.contains(&index)) {
            true => Some(Misfit::Tags),
            false if allowed.is_some_and(|allowed| !is_here(allowed)) => Some(Misfit::Region),
            false if kept_by.is_some_and(|by| !deployment.issuer().understands(by)) => Some(Misfit::Issuer),
            false if counts => window::excess(ask, deployment, star).map(Misfit::Context),
            false => None,
        }
    };
    Some(group.deployments.iter().enumerate().map(misfit).collect())
}

/// Who keeps what the call goes on from, if that is known in this group: otherwise whoever is asked says best that it is
/// not there.
fn kept_by(ask: &Ask, group: &Group) -> Option<Issuer> {
    let by = ask.issued.filter(|issued| issued.is_kept)?.by;
    group.deployments.iter().any(|one| one.issuer().understands(by)).then_some(by)
}

/// The places of the deployments that fit the call's tags; `None` if tags choose nothing in this group.
pub(crate) fn by_tags(setup: &Setup, pass: &Pass, ask: &Ask, name: &str, group: &Group) -> Option<Vec<usize>> {
    let says = group.deployments.iter().find_map(|deployment| deployment.tag_filtering);
    if !says.unwrap_or(setup.rules.tags.enabled) {
        return None;
    }
    let client = ask.headers.get(USER_AGENT).and_then(|value| value.to_str().ok());
    let client = client.map(|client| format!("User-Agent: {client}"));
    let tagged = |one: &'_ Arc<Deployment>| client.as_ref().is_some_and(|client| one.tag_patterns.fit(client));
    let all = group.deployments.iter().map(|one| Tagged { tags: &one.tags, is_meant: tagged(one) });
    Some(setup.rules.tags.fitting(&tags(pass, ask, name), all))
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
