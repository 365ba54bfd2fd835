//! The audit: who changed what, from what to what. It is written with the change itself, from what the database holds
//! before and after; secrets are masked.

mod mask;
mod query;

use types::Usd;

use crate::clock::{AUDIT, now, tick};
use crate::db::{Tx, insert, values};
use crate::entry::bound;
use crate::{Adjustment, Kind, Object, Result};

use mask::masked;
pub use query::{Audit, AuditFilter};
pub(crate) use query::{find, list};

/// Longest name of an author.
const LONGEST_NAME: usize = 256;

/// What it is called when a key is taken away because it has another hash now.
pub const ROTATED: &str = "rotated";

/// What it is called when a key is made because somebody signs in, and when it is taken away as they sign out.
pub const SIGNED_IN: &str = "signed_in";
/// The latter.
pub const SIGNED_OUT: &str = "signed_out";

/// Who makes a change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Author {
    /// The user, or on whose behalf it was done; `None` if nobody is known.
    pub changed_by: Option<String>,
    /// Hash of the key that was used; empty for the master key and for the gateway itself.
    pub key_hash: String,
    /// What it means, where that is more than an update: `blocked`, `unblocked`, `rotated`.
    pub action: Option<&'static str>,
}

/// Notes that an object was changed.
pub(crate) async fn note_object(tx: &mut Tx, author: &Author, before: Option<&str>, object: &Object) -> Result<()> {
    // A claim is a part of the object whose name it is.
    if object.kind == Kind::Claim || before.is_none() && object.body.is_none() {
        return Ok(());
    }
    let action = match (before, &object.body) {
        (None, _) => author.action.filter(|action| *action == SIGNED_IN).unwrap_or("created"),
        // A rotated key is another object now, under another hash.
        (_, None) => author.action.filter(|action| [ROTATED, SIGNED_OUT].contains(action)).unwrap_or("deleted"),
        (Some(_), Some(_)) => author.action.unwrap_or("updated"),
    };
    let masked = |body: &str| masked(object.kind, body);
    let (before, after) = (before.map(masked), object.body.as_deref().map(masked));
    note(tx, author, Note { action, kind: object.kind.name(), id: &object.id, before, after }).await
}

/// Notes that a sum of spend was changed by hand.
pub(crate) async fn note_spend(
    tx: &mut Tx,
    author: &Author,
    adjustment: &Adjustment,
    before: Usd,
    after: Usd,
) -> Result<()> {
    let id = format!("{} {}", adjustment.subject, adjustment.period);
    let json = |spend: Usd| Some(format!("{{\"spend\":{spend}}}"));
    let action = author.action.unwrap_or("updated");
    note(tx, author, Note { action, kind: "spend", id: &id, before: json(before), after: json(after) }).await
}

struct Note<'a> {
    action: &'static str,
    kind: &'static str,
    id: &'a str,
    before: Option<String>,
    after: Option<String>,
}

async fn note(tx: &mut Tx, author: &Author, note: Note<'_>) -> Result<()> {
    let id = tick(tx, AUDIT).await?;
    let mut changed_by = author.changed_by.clone();
    if let Some(name) = &mut changed_by {
        bound(name, LONGEST_NAME);
    }
    let row =
        values![id, now(), changed_by, &*author.key_hash, note.action, note.kind, note.id, note.before, note.after];
    let table =
        "lockgate_audit (id, changed_at, changed_by, key_hash, action, kind, object_id, value_before, value_after)";
    insert(tx, table, "", vec![row]).await.map(drop)
}

#[cfg(test)]
mod tests;
