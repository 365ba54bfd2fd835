//! What `auto` means where nobody says it: simple work goes to the cheapest model and hard work to the dearest one, if
//! the price of each group is known; otherwise there is no `auto`.

use engine::{Group, Setup};
use policy::router::{Check, Router, Rule, Tier, When};

use super::{arm, rule};

/// The name.
pub const NAME: &str = "auto";

/// The usual router; `None` if prices cannot say what it should do.
pub fn usual(setup: &Setup) -> Option<Router> {
    let groups = setup.groups.values().filter(|group| group.team.is_none() && !is_for_something_else(group));
    let priced: Option<Vec<(u64, &str)>> =
        groups.map(|group| Some((price(setup, group)?, group.name.as_str()))).collect();
    by_price(priced?)
}

/// A router between the cheapest and the dearest of these models.
pub(super) fn by_price(mut priced: Vec<(u64, &str)>) -> Option<Router> {
    priced.sort_unstable();
    let ((least, cheap), (most, dear)) = (priced.first()?, priced.last()?);
    if least == most {
        return None;
    }
    let hard = When { tiers: vec![Tier::Complex, Tier::Reasoning], ..When::default() };
    let simple = Rule {
        arms: vec![arm(cheap, 1)],
        checks: Check::ALL.to_vec(),
        escalate: vec![(*dear).to_owned()],
        ..rule("simple", When::default(), cheap)
    };
    // A caller who may not use the one gets the other.
    let rest = rule("rest", When::default(), dear);
    Some(Router { rules: vec![rule("hard", hard, dear), simple, rest], ..Router::default() })
}

/// What a token of input and one of output cost at most. One's own machine is the cheapest, unless its price is told.
fn price(setup: &Setup, group: &Group) -> Option<u64> {
    let is_local = |id: &str| providers::find(id).is_some_and(|provider| provider.local);
    let local = group.deployments.iter().all(|deployment| is_local(deployment.provider));
    setup.price(&group.name).or(local.then_some(0))
}

/// Whether the catalogue says that these models are not for chats.
fn is_for_something_else(group: &Group) -> bool {
    group.deployments.iter().all(|deployment| {
        policy::catalogue::lookup(deployment.provider, &deployment.model).is_some_and(|entry| entry.mode() != "chat")
    })
}
