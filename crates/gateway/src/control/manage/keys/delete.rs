//! Keys that end.

use serde_json::json;
use store::Held;
use store::records::Key;

use super::super::draft::{Draft, holder};
use super::super::form::{Field, Reads, Takes, optional};
use super::super::refusal::{Refusal, Result};
use super::super::rights::{Wish, may};
use super::super::visit::{Answer, Visit, answer};
use super::{ALIAS, find, rename};

const FIELDS: &[Field] = &[optional("keys", Takes::TEXTS), optional("key_aliases", Takes::TEXTS)];

/// What `delete` reads.
pub const DELETE_FORM: Reads = Reads::Body(&[FIELDS]);

/// `POST /key/delete`: all of the keys that are named, or none.
pub async fn delete(visit: Visit) -> Answer {
    let form = visit.form()?;
    let (keys, aliases) = (form.texts("keys").unwrap_or_default(), form.texts("key_aliases").unwrap_or_default());
    if keys.is_empty() && aliases.is_empty() {
        return Err(Refusal::bad("Either keys or key_aliases must be provided."));
    }
    let deleted = visit
        .change(|draft| {
            let mut done: Vec<String> = Vec::new();
            let mut deleted = Vec::new();
            let named = aliases.iter().map(|alias| {
                let id = holder(draft.directory, ALIAS, alias);
                id.ok_or_else(|| Refusal::not_found("key_aliases", format!("No key has the alias '{alias}'")))
            });
            let named = named.collect::<Result<Vec<_>>>()?;
            for given in keys.iter().chain(&named) {
                let (id, held) = find(draft.directory, given)?;
                may(draft.actor, Wish::UseKey(&held.record, "/key/delete"), draft.directory)?;
                if !done.contains(&id) {
                    remove(draft, &id, held)?;
                    done.push(id);
                }
                deleted.push(given.clone());
            }
            Ok(deleted)
        })
        .await?;
    answer(json!({ "deleted_keys": deleted }))
}

/// Plans the end of a key, and of what it was called before.
pub fn remove(draft: &mut Draft, id: &str, held: &Held<Key>) -> Result<()> {
    rename(draft, id, held.record.key_alias.as_deref(), None)?;
    for (old, retired) in draft.directory.retired_keys.iter().filter(|(_, retired)| retired.record.active == id) {
        draft.remove(old, retired)?;
    }
    draft.remove(id, held)
}
