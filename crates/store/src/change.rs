//! A change of what is managed: objects, sums of spend, and the audit of both, in one transaction.

use types::Usd;

use crate::audit::{self, Author};
use crate::db::Db;
use crate::{Object, Result, Write, ledger, objects};

/// A change: all of it happens, or nothing.
#[derive(Clone, Debug, Default)]
pub struct Change {
    /// Objects.
    pub writes: Vec<Write>,
    /// Sums of spend.
    pub adjustments: Vec<Adjustment>,
    /// By whom.
    pub author: Author,
}

/// A new sum of spend, beside what is booked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Adjustment {
    /// Whose.
    pub subject: String,
    /// When: `total`, or `<duration>@<unix seconds of the window's start>`.
    pub period: String,
    /// What becomes of it.
    pub spend: NewSum,
}

/// What becomes of a sum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NewSum {
    /// It is this from now on.
    Exactly(Usd),
    /// This is added, or taken off if it is negative.
    Plus(Usd),
}

/// Carries out a change; what is there afterwards.
pub(crate) async fn carry_out(db: &Db, change: Change) -> Result<Vec<Object>> {
    let Change { writes, adjustments, author } = change;
    let mut tx = db.begin().await?;
    let objects = objects::write(&mut tx, writes).await?;
    let mut sums = Vec::with_capacity(adjustments.len());
    for adjustment in &adjustments {
        sums.push((adjustment, ledger::adjust(&mut tx, adjustment).await?));
    }
    // Last, as the ledger does it: whoever waits for one of these counters holds none that comes behind it.
    let mut written = Vec::with_capacity(objects.len());
    for (before, object) in objects {
        audit::note_object(&mut tx, &author, before.as_deref(), &object).await?;
        written.push(object);
    }
    for (adjustment, (before, after)) in sums {
        audit::note_spend(&mut tx, &author, adjustment, before, after).await?;
    }
    tx.commit().await?;
    Ok(written)
}
