//! Browsers that are signed in: each has a key of its own, which lives in a cookie, ends by itself and is in no list.
//! What it calls counts for its user.

use serde_json::json;
use store::records::{Key, Session};
use store::{Held, SIGNED_IN, SIGNED_OUT, hash_key};

use super::actor::Actor;
use super::draft::Draft;
use super::moment;
use super::record::blank;
use super::refusal::{Refusal, Result};
use super::secret;
use super::visit::{Answer, Desk, Visit, answer};

/// What a session is called where keys are shown.
const NAME: &str = "session";
/// Most sessions whose time is over that are cleared away at once.
const CLEARED: usize = 100;

/// Opens a session for a user, and says what its browser shows from now on.
pub async fn open(desk: &Desk, how: Session, user: &str) -> Result<String> {
    let secret = secret::new_key()?;
    let seconds = desk.live.management().sign_in.session_seconds;
    let hash = hash_key(&secret);
    let mark = (how == Session::Master).then(|| desk.live.setup().access.session_mark(&hash));
    let visit = Visit::by(desk, Actor { user_id: Some(user.to_owned()), ..Actor::default() })?;
    visit.change(clear).await?;
    visit
        .change(|draft| {
            let key = Key {
                key_name: NAME.to_owned(),
                user_id: Some(user.to_owned()),
                expires: Some(moment::after(draft.now, seconds)),
                session: Some(how),
                opened_with_secret: mark.clone(),
                // All that a user calls from browsers is counted together.
                counted_as: Some(format!("{NAME}:{user}")),
                ..blank(draft)
            };
            draft.action = Some(SIGNED_IN);
            draft.create(&hash, &key)
        })
        .await?;
    Ok(secret)
}

/// `POST /logout`: ends the caller's session; whoever calls with another key has none.
pub async fn sign_out(visit: Visit) -> Answer {
    let id = visit.actor.key_hash.clone();
    visit
        .change(|draft| {
            let held = draft.find::<Key>(&id).filter(|held| is_session(held));
            let held = held.ok_or_else(|| Refusal::bad("This key is no session that could end."))?;
            draft.action = Some(SIGNED_OUT);
            draft.remove(&id, held)
        })
        .await?;
    answer(json!({ "message": "You are signed out." }))
}

/// Plans the end of all sessions of a user but the one that asks.
pub fn end_all(draft: &mut Draft, user: &str) -> Result<()> {
    let directory = draft.directory;
    let own = draft.actor.key_hash.clone();
    let theirs = |held: &Held<Key>| is_session(held) && held.record.user_id.as_deref() == Some(user);
    for (id, held) in directory.keys.iter().filter(|(id, held)| theirs(held) && **id != own) {
        draft.remove(id, held)?;
    }
    Ok(())
}

/// Plans to clear away sessions whose time is over.
fn clear(draft: &mut Draft) -> Result<()> {
    let (directory, now) = (draft.directory, draft.now);
    let over = |held: &Held<Key>| is_session(held) && held.record.expires.is_some_and(|expires| expires <= now);
    for (id, held) in directory.keys.iter().filter(|(_, held)| over(held)).take(CLEARED) {
        draft.remove(id, held)?;
    }
    Ok(())
}

fn is_session(held: &Held<Key>) -> bool {
    held.record.session.is_some()
}
