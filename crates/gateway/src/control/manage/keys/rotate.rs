//! Rotation: a key gets a new secret and stays what it is. The old one may go on working for a while.

use policy::Span;
use serde_json::Value;
use store::records::{Key, RetiredKey};
use store::{ROTATED, hash_key};

use super::super::draft::Draft;
use super::super::form::{Field, Form, Reads, Takes, joined, optional};
use super::super::moment;
use super::super::record::ADDITION;
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may, stands_for};
use super::super::secret;
use super::super::visit::{Answer, Visit, answer};
use super::change::revised;
use super::{ALIAS, NEW, SHORTEST, check_secret, find, issued, name_of, rename};
use crate::config::KeyRules;

const FIELDS: &[Field] = &[
    optional("key", Takes::Text),
    optional("new_key", Takes::Text),
    optional("new_master_key", Takes::Text),
    optional("grace_period", Takes::Span),
];

/// What `regenerate` reads.
pub const REGENERATE_FORM: Reads = Reads::Body(&joined::<6>(&[FIELDS, ADDITION], &NEW));

/// `POST /key/regenerate`
pub async fn regenerate(visit: Visit) -> Answer {
    let form = visit.form()?;
    let given = form.text("key").ok_or_else(|| Refusal::bad_param("key", "No key passed in."))?.to_owned();
    rotate(visit, &given, form).await
}

/// What `regenerate_named` reads.
pub const REGENERATE_NAMED_FORM: Reads = Reads::OptionalBody(&joined::<6>(&[FIELDS, ADDITION], &NEW));

/// `POST /key/{key}/regenerate`
pub async fn regenerate_named(visit: Visit) -> Answer {
    let form = visit.form()?;
    let given = visit.segment("key").to_owned();
    rotate(visit, &given, form).await
}

async fn rotate(visit: Visit, given: &str, mut form: Form) -> Answer {
    form.take("key");
    if form.take("new_master_key").is_some_and(|key| !key.is_null()) {
        let message =
            "The master key is a setting of the gateway: change it there, and set LITELLM_SALT_KEY to the old one.";
        return Err(Refusal::bad_param("new_master_key", message));
    }
    let grace = form.take("grace_period");
    let grace = grace.as_ref().and_then(Value::as_str).and_then(Span::parse);
    let management = visit.desk.live.management();
    let new = match form.take("new_key").and_then(|key| key.as_str().map(str::to_owned)) {
        Some(_) if management.keys.no_custom_keys => {
            return Err(Refusal::forbidden(
                "Custom API key values are disabled by your administrator. Keys must be auto-generated.",
            ));
        }
        Some(own) => {
            check_secret(&own, SHORTEST)?;
            own
        }
        None => secret::new_key()?,
    };
    let body = visit.change(|draft| replace(draft, given, form.clone(), &new, grace, &management.keys)).await?;
    answer(body)
}

fn replace(draft: &mut Draft, given: &str, form: Form, new: &str, grace: Option<Span>, by: &KeyRules) -> Result<Value> {
    let (old, held) = find(draft.directory, given)?;
    let before = &held.record;
    may(draft.actor, Wish::UseKey(before, "/key/regenerate"), draft.directory)?;
    let id = hash_key(new);
    if draft.find::<Key>(&id).is_some() || draft.directory.retired_keys.contains_key(&id) {
        return Err(Refusal::bad_param("new_key", "This key exists already."));
    }
    let revised = revised(draft, before, form, by)?;
    let user = revised.user_id.as_deref();
    let key = Key {
        key_name: name_of(new),
        // Who gets to see the new secret must not become somebody else by it.
        delegated: user.is_some_and(|user| !stands_for(draft.actor, user, draft.directory)),
        rotation_count: before.rotation_count + 1,
        last_rotation_at: Some(draft.now),
        counted_as: Some(before.counted_as(&old).to_owned()),
        ..revised
    };
    move_alias(draft, &id, before.key_alias.as_deref(), key.key_alias.as_deref())?;
    // What stood for the old key stands for the new one now, no longer than before.
    for (older, retired) in draft.directory.retired_keys.iter().filter(|(_, retired)| retired.record.active == old) {
        match retired.record.revoke_at > draft.now {
            true => draft.replace(older, retired, &RetiredKey { active: id.clone(), ..*retired.record })?,
            false => draft.remove(older, retired)?,
        }
    }
    draft.action = Some(ROTATED);
    draft.remove(&old, held)?;
    if let Some(grace) = grace {
        draft.create(&old, &RetiredKey { active: id.clone(), revoke_at: moment::after(draft.now, grace.seconds()) })?;
    }
    draft.create(&id, &key)?;
    Ok(issued(&id, &key, new, draft.directory, draft.spend))
}

/// The alias goes on meaning the same key.
fn move_alias(draft: &mut Draft, id: &str, before: Option<&str>, after: Option<&str>) -> Result<()> {
    match (before, after) {
        (Some(before), Some(after)) if before == after => {
            draft.release(ALIAS, before)?;
            draft.claim(ALIAS, after, id)
        }
        _ => rename(draft, id, before, after),
    }
}
