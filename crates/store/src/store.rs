//! The way into the database.

use std::time::Duration;

use types::day;

use crate::db::Db;
use crate::ledger::Line;
use crate::objects::{self, Changes, Object};
use crate::spool::Batch;
use crate::{
    Asset, Audit, AuditFilter, Booked, Change, DrillReport, Entry, Feedback, Kept, KeptResponse, Result, Said,
    StoreUrl, Sums, Verdicts, assets, audit, change, contents, drills, feedback, ledger, responses, schema,
};

/// How long a connection, a statement or a commit may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The database. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pub(crate) db: Db,
}

impl Store {
    /// Prepares access without any: a database that is away now may be back later.
    pub fn new(url: &StoreUrl) -> Self {
        Self::with_deadline(url, DEADLINE)
    }

    /// The same, with another time that a connection, a statement or a commit may take.
    pub fn with_deadline(url: &StoreUrl, deadline: Duration) -> Self {
        Store { db: Db::new(url, deadline) }
    }

    /// Whether the database is a file, worked on by threads of this process.
    pub fn is_file(&self) -> bool {
        self.db.is_file()
    }

    /// Ends all connections: nothing of a file but the file itself stays behind.
    pub async fn close(&self) {
        self.db.close().await;
    }

    /// Brings the tables up to date. Must have succeeded once before anything else is done.
    pub async fn migrate(&self) -> Result<()> {
        schema::migrate(&self.db).await
    }

    /// Carries out a change, or nothing of it, and returns what is there afterwards.
    pub async fn write(&self, change: Change) -> Result<Vec<Object>> {
        change::carry_out(&self.db, change).await
    }

    /// What changed behind version `since`.
    pub async fn changes(&self, since: i64) -> Result<Changes> {
        objects::changes(&self.db, since).await
    }

    /// Books what is settled among `entries`: rows, sums and roll-ups, each attempt once however often it comes.
    pub async fn book(&self, entries: &[Entry]) -> Result<Booked> {
        let lines: Vec<Line> = entries.iter().map(|entry| Line { entry, body: None }).collect();
        ledger::book(&self.db, &lines).await
    }

    /// The same with what was read from a spool.
    pub async fn book_batch(&self, batch: &Batch) -> Result<Booked> {
        ledger::book(&self.db, &batch.lines()).await
    }

    /// Whether a harmless entry could be booked now. If so, and another one cannot, that one is at fault.
    pub async fn rehearse(&self) -> Result<()> {
        ledger::rehearse(&self.db).await
    }

    /// Deletes up to `most` rows of attempts that were sent and booked before a time; says how many there were. Their
    /// spend stays in all sums.
    pub async fn forget(&self, before_ms: i64, most: i64) -> Result<usize> {
        ledger::forget(&self.db, before_ms, most).await
    }

    /// Deletes up to `most` sums of windows that ended before a time; says how many there were.
    pub async fn forget_windows(&self, before_ms: i64, most: i64) -> Result<usize> {
        ledger::forget_windows(&self.db, before_ms, most).await
    }

    /// Puts the daily roll-ups of one day or month that is over together, so that long times are summed fast; says whether
    /// there was one. `now_ms` is now.
    pub async fn close_period(&self, now_ms: i64) -> Result<bool> {
        ledger::rollup::close(&self.db, day::number(now_ms)).await
    }

    /// Changes by hand that meet `filter`, newest first: `most` of them behind the first `skip`; and how many there are,
    /// counted up to `bound`.
    pub async fn audit(&self, filter: &AuditFilter, skip: i64, most: i64, bound: i64) -> Result<(Vec<Audit>, i64)> {
        audit::list(&self.db, filter, skip, most, bound).await
    }

    /// One change by hand.
    pub async fn find_audit(&self, id: i64) -> Result<Option<Audit>> {
        audit::find(&self.db, id).await
    }

    /// Keeps what a drill that was begun at `started_at` has found so far, as JSON.
    pub async fn keep_drill(&self, id: &str, started_at: i64, report: &str) -> Result<()> {
        drills::keep(&self.db, id, started_at, report).await
    }

    /// Reports of drills, those that were begun last first: `most` of them.
    pub async fn drills(&self, most: i64) -> Result<Vec<DrillReport>> {
        drills::list(&self.db, most).await
    }

    /// Keeps a file or a batch; returns what is kept of the same thing already, if something is.
    pub async fn keep_asset(&self, asset: &Asset) -> Result<Kept> {
        assets::keep(&self.db, asset).await
    }

    /// The file or batch with this id.
    pub async fn asset(&self, id: &str) -> Result<Option<Asset>> {
        assets::find(&self.db, id).await
    }

    /// Files or batches, newest first: of `owner`, if one is named, and behind the one that was made then; `most` of them.
    pub async fn assets(
        &self,
        kind: &str,
        owner: Option<&str>,
        behind: Option<(i64, &str)>,
        most: i64,
    ) -> Result<Vec<Asset>> {
        assets::list(&self.db, kind, owner, behind, most).await
    }

    /// Batches that are not paid for yet, oldest first: `most` of them behind the first `skip`.
    pub async fn open_batches(&self, skip: i64, most: i64) -> Result<Vec<Asset>> {
        assets::open(&self.db, skip, most).await
    }

    /// Changes the state of a file or batch, and what is shown of it.
    pub async fn change_asset(&self, id: &str, state: &str, shown: &str) -> Result<()> {
        assets::change(&self.db, id, state, shown).await
    }

    /// Forgets a file or a batch.
    pub async fn forget_asset(&self, id: &str) -> Result<()> {
        assets::forget(&self.db, id).await
    }

    /// Keeps what is said about an answer; of what is said twice, the last counts.
    pub async fn keep_feedback(&self, feedback: &Feedback) -> Result<()> {
        feedback::keep(&self.db, feedback).await
    }

    /// Keeps what was said in calls, each once however often it comes.
    pub async fn keep_contents(&self, said: &[Said]) -> Result<()> {
        contents::keep(&self.db, said).await
    }

    /// What was said in the call that this entry stands for, if that was kept.
    pub async fn content(&self, attempt_id: &str) -> Result<Option<Said>> {
        contents::find(&self.db, attempt_id).await
    }

    /// Deletes up to `most` contents of calls that came in before a time; says how many there were.
    pub async fn forget_contents(&self, before_ms: i64, most: i64) -> Result<usize> {
        contents::forget(&self.db, before_ms, most).await
    }

    /// Keeps answers of the Responses API, in the place of what is kept of the same ones.
    pub async fn keep_responses(&self, kept: &[KeptResponse]) -> Result<()> {
        responses::keep(&self.db, kept).await
    }

    /// The answer with this id, if it is of `owner`.
    pub async fn response(&self, id: &str, owner: &str) -> Result<Option<KeptResponse>> {
        responses::find(&self.db, id, owner).await
    }

    /// Whose the answer with this id is.
    pub async fn response_owners(&self, id: &str) -> Result<Vec<String>> {
        responses::owners(&self.db, id).await
    }

    /// Deletes the answer with this id, if it is of `owner`; whether there was one.
    pub async fn delete_response(&self, id: &str, owner: &str) -> Result<bool> {
        responses::delete(&self.db, id, owner).await
    }

    /// Whoever makes an answer is alive; says the state that it has here, if it is here.
    pub async fn beat_response(&self, id: &str, owner: &str, now_ms: i64) -> Result<Option<String>> {
        responses::beat(&self.db, id, owner, now_ms).await
    }

    /// An answer that is still being made gets this state; whether it was one.
    pub async fn turn_response(&self, id: &str, owner: &str, status: &str) -> Result<bool> {
        responses::turn(&self.db, id, owner, status).await
    }

    /// Deletes up to `most` answers that were asked for before a time; says how many there were.
    pub async fn forget_responses(&self, before_ms: i64, most: i64) -> Result<usize> {
        responses::forget(&self.db, before_ms, most).await
    }

    /// The time before which answers were asked for that are more than the newest `most`, if there are any.
    pub async fn surplus_responses_before(&self, most: i64) -> Result<Option<i64>> {
        responses::surplus_before(&self.db, most).await
    }

    /// What was said about calls between two days (`2026-11-28`), by arm: `most` arms.
    pub async fn verdicts(&self, from: Option<&str>, to: Option<&str>, most: i64) -> Result<Vec<Verdicts>> {
        feedback::verdicts(&self.db, from, to, most).await
    }

    /// The sums of spend that changed behind `since`; all of them behind zero.
    pub async fn spend(&self, since: i64) -> Result<Sums> {
        ledger::changed(&self.db, since).await
    }
}

#[cfg(test)]
mod tests;
