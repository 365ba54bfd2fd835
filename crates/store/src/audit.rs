//! The audit: who changed what, from what to what, and what guardrails did to whose calls. It is written with the change
//! itself, from what the database holds before and after, or with the call's entry; secrets are masked.

mod mask;
mod query;

use serde_json::json;
use types::Usd;

use crate::clock::{AUDIT, now, tick, ticks};
use crate::db::{Tx, insert, values};
use crate::entry::bound;
use crate::{Adjustment, Entry, Kind, Object, Result};

use mask::masked;
pub use query::{Audit, AuditFilter};
pub(crate) use query::{find, list};

/// What stands in the place of a kind where a guardrail did something.
pub const GUARDRAIL: &str = "guardrail";
/// The verdict of those that did nothing: it is in the log alone.
const PASSED: &str = "passed";

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

/// Notes what guardrails did to calls: which classes they found how often, never what.
pub(crate) async fn note_verdicts(tx: &mut Tx, entries: &[&Entry]) -> Result<()> {
    let told = entries.iter().flat_map(|entry| {
        let story = entry.story.iter();
        story.flat_map(|story| &story.guardrails).map(move |verdict| (*entry, verdict))
    });
    let told: Vec<_> = told.filter(|(_, verdict)| verdict.verdict != PASSED).collect();
    if told.is_empty() {
        return Ok(());
    }
    let last = ticks(tx, AUDIT, told.len() as i64).await?;
    let first = last - told.len() as i64 + 1;
    let rows = told.into_iter().zip(first..).map(|((entry, verdict), id)| {
        let after = json!({
            "litellm_call_id": entry.call_id,
            "model_group": entry.model_group,
            "mode": verdict.mode,
            "found": verdict.found,
        });
        let (by, action, name) = (entry.user_id.clone(), verdict.verdict.clone(), verdict.name.clone());
        values![
            id,
            entry.ended_at.unwrap_or(entry.started_at),
            by,
            &*entry.key,
            action,
            GUARDRAIL,
            name,
            None::<String>,
            Some(after.to_string())
        ]
    });
    insert(tx, TABLE, "", rows.collect()).await.map(drop)
}

const TABLE: &str =
    "lockgate_audit (id, changed_at, changed_by, key_hash, action, kind, object_id, value_before, value_after)";

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
    insert(tx, TABLE, "", vec![row]).await.map(drop)
}

#[cfg(test)]
mod tests;
