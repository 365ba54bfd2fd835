//! On whose behalf somebody asks about calls, and how much of the answer is for them.

use std::sync::Arc;

use engine::Caller;

use super::actor::Actor;
use super::keys::id_of;
use super::moment;
use super::refusal::{Refusal, Result};
use super::rights::{Wish, may};
use crate::live::Live;

/// Whether a caller may see what belongs to the gateway as a whole.
pub fn sees_all(live: &Live, caller: &Caller) -> bool {
    match &live.books {
        Some(books) => {
            let directory = books.registry.read();
            may(&Actor::new(caller, &directory), Wish::SeeAll, &directory).is_ok()
        }
        None => caller.is_admin,
    }
}

/// Whoever has a key that `caller` may look at; it is named by itself or by its hash.
pub fn on_behalf(live: &Live, caller: &Caller, key: &str) -> Result<Arc<Caller>> {
    let books = live.books.as_ref().ok_or_else(Refusal::no_database)?;
    let owner = Caller::find(&books.registry, &live.meters, &id_of(key), moment::now());
    let directory = books.registry.read();
    let actor = Actor::new(caller, &directory);
    let owner = owner.ok().zip(directory.keys.get(&id_of(key)));
    let Some((owner, held)) = owner else {
        // Whoever may not look at all keys is not told which there are.
        may(&actor, Wish::SeeAll, &directory)?;
        return Err(Refusal::not_found("key", "there is no such key, or it may not call"));
    };
    may(&actor, Wish::SeeKey(&id_of(key), &held.record), &directory)?;
    Ok(Arc::new(owner))
}
