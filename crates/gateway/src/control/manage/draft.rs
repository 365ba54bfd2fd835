//! A change in the making: what it writes and what the audit will say about it, planned over the directory as it is
//! now. If somebody else is faster it is planned anew over what they left.

use std::collections::HashSet;

use serde_json::Value;
use store::records::{Allowance, Origin, Record};
use store::{Adjustment, Author, Change, Directory, Expect, Held, Kind, NewSum, Write};
use types::Usd;

use super::actor::Actor;
use super::refusal::{Refusal, Result};
use super::spend::Spend;

/// Largest object, in bytes: all of them are in the memory of every replica.
const LARGEST: usize = 256 << 10;

/// A change in the making.
pub struct Draft<'d> {
    /// Everything there is.
    pub directory: &'d Directory,
    /// Who wants the change.
    pub actor: &'d Actor,
    /// Now, in milliseconds since 1970.
    pub now: i64,
    /// What everybody has spent.
    pub spend: &'d Spend,
    /// What the change means, where that is more than an update: `blocked`, `unblocked`, `rotated`.
    pub action: Option<&'static str>,
    writes: Vec<Write>,
    adjustments: Vec<Adjustment>,
    removed: HashSet<(Kind, String)>,
}

impl<'d> Draft<'d> {
    /// A change that changes nothing yet.
    pub fn new(directory: &'d Directory, actor: &'d Actor, spend: &'d Spend) -> Self {
        Draft {
            directory,
            actor,
            now: spend.now,
            spend,
            action: None,
            writes: Vec::new(),
            adjustments: Vec::new(),
            removed: HashSet::new(),
        }
    }

    /// The change, by `author`.
    pub fn into_change(self, author: Author) -> Change {
        let author = Author { action: self.action, ..author };
        Change { writes: self.writes, adjustments: self.adjustments, author }
    }

    /// Sets back what a subject has spent in the current window of its budget, and says what that was. What is not
    /// booked yet counts too, and calls that end from now on count as always.
    pub fn reset_spend(&mut self, subject: &str, allowance: &Allowance, to: Usd) -> Usd {
        self.action = Some("reset");
        let (period, before) =
            (self.spend.period(allowance, self.directory), self.spend.amount(subject, allowance, self.directory));
        if to != before {
            let spend = NewSum::Plus(to - before);
            self.adjustments.push(Adjustment { subject: subject.to_owned(), period, spend });
        }
        before
    }

    /// A record.
    pub fn find<T: Record>(&self, id: &str) -> Option<&'d Held<T>> {
        T::all(self.directory).get(id)
    }

    /// Creates a record that must not be there yet.
    pub fn create<T: Record>(&mut self, id: &str, record: &T) -> Result<()> {
        self.write(T::KIND, id, Expect::Nothing, Some(json(record)?))
    }

    /// Replaces a record by another version of it.
    pub fn replace<T: Record>(&mut self, id: &str, held: &Held<T>, record: &T) -> Result<()> {
        self.write(T::KIND, id, Expect::Version(held.version), Some(json(record)?))
    }

    /// Deletes a record; twice is as good as once.
    pub fn remove<T: Record>(&mut self, id: &str, held: &Held<T>) -> Result<()> {
        match self.removed.insert((T::KIND, id.to_owned())) {
            true => self.write(T::KIND, id, Expect::Version(held.version), None),
            false => Ok(()),
        }
    }

    /// Takes a name that only one object may have.
    pub fn claim(&mut self, what: &str, name: &str, of: &str) -> Result<()> {
        let body = serde_json::json!({ "of": of }).to_string();
        self.write(Kind::Claim, &claim(what, name), Expect::Nothing, Some(body))
    }

    /// Gives a name back.
    pub fn release(&mut self, what: &str, name: &str) -> Result<()> {
        self.write(Kind::Claim, &claim(what, name), Expect::Anything, None)
    }

    /// Sets a setting of the gateway.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        self.write(Kind::Setting, name, Expect::Anything, Some(value.to_string()))
    }

    /// Takes a setting back.
    pub fn unset(&mut self, name: &str) -> Result<()> {
        self.write(Kind::Setting, name, Expect::Anything, None)
    }

    /// When and by whom something is created.
    pub fn origin(&self) -> Origin {
        let by = self.actor.user_id.clone();
        Origin { created_at: self.now, created_by: by.clone(), updated_at: self.now, updated_by: by }
    }

    /// The same for something that is changed.
    pub fn changed(&self, origin: &Origin) -> Origin {
        Origin { updated_at: self.now, updated_by: self.actor.user_id.clone(), ..origin.clone() }
    }

    fn write(&mut self, kind: Kind, id: &str, expect: Expect, body: Option<String>) -> Result<()> {
        if body.as_ref().is_some_and(|body| body.len() > LARGEST) {
            return Err(Refusal::bad(format!("a {} may have at most {} KiB", kind.name(), LARGEST >> 10)));
        }
        self.writes.push(Write { kind, id: id.to_owned(), expect, body });
        Ok(())
    }
}

/// Whose a name is that only one object may have.
pub fn holder(directory: &Directory, what: &str, name: &str) -> Option<String> {
    let held = directory.others.get(&(Kind::Claim, claim(what, name)))?;
    let body: Value = serde_json::from_str(&held.record).ok()?;
    body["of"].as_str().map(str::to_owned)
}

fn claim(what: &str, name: &str) -> String {
    format!("{what}:{name}")
}

fn json<T: Record>(record: &T) -> Result<String> {
    serde_json::to_string(record).map_err(|why| {
        tracing::error!("a {} cannot be written: {why}", T::KIND.name());
        Refusal::internal()
    })
}
