//! What a call means, as a vector, for routers with rules by examples: made by an embedding model of the gateway, within
//! bounds. Whatever goes wrong, the other rules decide.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use policy::router::{Like, Making};
use tokio::time::timeout;

use crate::ask::Ask;
use crate::embed::embed;
use crate::pass::Pass;
use crate::route::question;
use crate::{Caller, Gate, Setup};

/// How long the vectors of all examples of a router may take. One call waits for them, once.
const EXAMPLES: Duration = Duration::from_secs(10);
/// How long nobody is asked who failed.
const REST: Duration = Duration::from_secs(5);
/// How much of a text is looked at, characters: more than that is the matter itself, not what is wanted with it.
const LONGEST: usize = 2_000;
/// The tag of calls that are made for routers.
const TAG: &str = "lockgate-router";

/// The vector of what the user says, if a call asks for a router that needs one.
pub(crate) async fn of(
    gate: &Rc<Gate>,
    setup: &Setup,
    caller: &Arc<Caller>,
    ask: &Ask,
    call_id: &str,
) -> Option<Vec<f32>> {
    let (_, router) = setup.router(&ask.model)?;
    let embedder = router.embedder.as_ref()?;
    let (group, _) = setup.find(&embedder.model).filter(|_| setup.router(&embedder.model).is_none())?;
    // Whoever would be refused gets nothing made.
    let may_reach = |model: &str| caller.may_reach(setup, model).is_ok();
    if caller.may_call(&ask.model, &[]).is_err() && !router.models().any(may_reach) {
        return None;
    }
    let pass = Pass::draw(&gate.keyring, gate.unix_ms.clone(), setup, caller.clone(), ask, call_id).ok()?;
    let text: String = question(ask).chars().take(LONGEST).collect();
    let rests = group.deployments.iter().all(|one| !one.health.rest_left().is_zero());
    if text.trim().is_empty() || rests || pass.is_broke() || pass.would_be_admitted(ask).is_err() {
        return None;
    }
    let likes = || router.rules.iter().filter_map(|rule| rule.when.like.as_ref());
    let unmade = likes().filter(|like| like.vectors.get().is_none());
    let missing: Vec<(&Like, Making)> = unmade.filter_map(|like| Some((like, like.vectors.begin()?))).collect();
    if missing.is_empty() && likes().all(|like| like.vectors.get().is_none()) {
        // There is nothing to compare with yet: somebody else has it made.
        return None;
    }
    let made = async {
        if !missing.is_empty() {
            timeout(EXAMPLES, learn(gate, &embedder.model, &missing)).await.ok()??;
        }
        let vectors =
            timeout(embedder.patience, embed(gate, &embedder.model, &[text.as_str()], TAG)).await.ok()?.ok()?;
        vectors.into_iter().next()
    };
    let vector = made.await;
    if vector.is_none() {
        tracing::warn!(model = embedder.model, "no vector of a call: rules by examples are passed over for a while");
        group.deployments.iter().for_each(|one| one.health.found_ill(REST));
    }
    vector
}

/// Has the vectors of examples made.
async fn learn(gate: &Rc<Gate>, model: &str, missing: &[(&Like, Making)]) -> Option<()> {
    let texts: Vec<&str> = missing.iter().flat_map(|(like, _)| &like.examples).map(String::as_str).collect();
    let mut vectors = embed(gate, model, &texts, TAG).await.ok()?.into_iter();
    for (like, _) in missing {
        like.vectors.keep(vectors.by_ref().take(like.examples.len()).collect());
    }
    Some(())
}
