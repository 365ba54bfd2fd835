//! Answers of the Responses API that callers may ask for again: those that the gateway keeps itself with what they answered,
//! of those that a provider keeps only whose they are.

use crate::db::{Db, Row, insert, values};
use crate::{Result, ledger};

/// Longest input and longest answer that is kept, in bytes, whatever somebody wants.
const LONGEST: usize = 64 << 20;
/// States in which an answer is still being made.
const OPEN: &str = "('queued', 'in_progress', 'cancelling')";
/// State of one whose provider keeps it.
pub const ELSEWHERE: &str = "elsewhere";
/// State of one that is to be given up.
pub const CANCELLING: &str = "cancelling";

/// An answer that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KeptResponse {
    /// Its id.
    pub id: String,
    /// Whose it is.
    pub owner: String,
    /// When it was asked for, milliseconds since 1970.
    pub created_at: i64,
    /// When whoever makes it was last heard of, milliseconds since 1970.
    pub alive_at: i64,
    /// Its state, in the words of the API; [`ELSEWHERE`] if its provider keeps it, [`CANCELLING`] while it is given up.
    pub status: String,
    /// The items that it answers; may be sealed.
    pub input: String,
    /// The answer; may be sealed.
    pub response: String,
}

impl KeptResponse {
    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.input.len() + self.response.len()
    }
}

/// Keeps all of it, in the place of what is kept of the same ones.
pub(crate) async fn keep(db: &Db, kept: &[KeptResponse]) -> Result<()> {
    let fits = |one: &&KeptResponse| one.input.len() <= LONGEST && one.response.len() <= LONGEST;
    let row = |one: &KeptResponse| {
        let KeptResponse { id, owner, created_at, alive_at, status, input, response } = one;
        values![&**id, &**owner, *created_at, *alive_at, &**status, &**input, &**response]
    };
    let table = "lockgate_responses (id, owner, created_at, alive_at, status, input, response)";
    let tail = "ON CONFLICT (id, owner) DO UPDATE SET alive_at = excluded.alive_at, status = excluded.status,
        input = excluded.input, response = excluded.response";
    let mut tx = db.begin().await?;
    insert(&mut tx, table, tail, kept.iter().filter(fits).map(row).collect()).await?;
    tx.commit().await
}

/// The answer with this id, if it is of `owner`.
pub(crate) async fn find(db: &Db, id: &str, owner: &str) -> Result<Option<KeptResponse>> {
    let sql = "SELECT id, owner, created_at, alive_at, status, input, response FROM lockgate_responses
        WHERE id = $1 AND owner = $2";
    let read = |row: &Row| {
        let (id, owner, created_at, alive_at) = (row.text(0)?, row.text(1)?, row.int(2)?, row.int(3)?);
        let (status, input, response) = (row.text(4)?, row.text(5)?, row.text(6)?);
        Ok(KeptResponse { id, owner, created_at, alive_at, status, input, response })
    };
    db.rows(sql, values![id, owner]).await?.first().map(read).transpose()
}

/// Whose the answer with this id is: several may have got the same one from the cache.
pub(crate) async fn owners(db: &Db, id: &str) -> Result<Vec<String>> {
    let sql = "SELECT owner FROM lockgate_responses WHERE id = $1 LIMIT 1000";
    db.rows(sql, values![id]).await?.iter().map(|row| row.text(0)).collect()
}

/// Deletes an answer; whether there was one.
pub(crate) async fn delete(db: &Db, id: &str, owner: &str) -> Result<bool> {
    let mut tx = db.begin().await?;
    let sql = "DELETE FROM lockgate_responses WHERE id = $1 AND owner = $2";
    let deleted = tx.run(sql, values![id, owner]).await?;
    tx.commit().await?;
    Ok(deleted > 0)
}

/// Whoever makes an answer is alive; says the state that it has in the database, if it is still there.
pub(crate) async fn beat(db: &Db, id: &str, owner: &str, now: i64) -> Result<Option<String>> {
    let mut tx = db.begin().await?;
    let sql = "UPDATE lockgate_responses SET alive_at = $1 WHERE id = $2 AND owner = $3 RETURNING status";
    let rows = tx.rows(sql, values![now, id, owner]).await?;
    tx.commit().await?;
    rows.first().map(|row| row.text(0)).transpose()
}

/// An answer that is still being made gets this state; whether it was one.
pub(crate) async fn turn(db: &Db, id: &str, owner: &str, status: &str) -> Result<bool> {
    let mut tx = db.begin().await?;
    let sql = format!("UPDATE lockgate_responses SET status = $1 WHERE id = $2 AND owner = $3 AND status IN {OPEN}");
    let turned = tx.run(sql, values![status, id, owner]).await?;
    tx.commit().await?;
    Ok(turned > 0)
}

/// Deletes up to `most` of those that were asked for before a time; says how many there were.
pub(crate) async fn forget(db: &Db, before: i64, most: i64) -> Result<usize> {
    let sql = "DELETE FROM lockgate_responses WHERE (id, owner) IN (SELECT id, owner FROM lockgate_responses
        WHERE created_at < $1 ORDER BY created_at LIMIT $2) RETURNING created_at";
    ledger::delete(db, sql, before, most).await
}

/// The time before which those were asked for that are more than the newest `most`; `None` if there are not so many.
pub(crate) async fn surplus_before(db: &Db, most: i64) -> Result<Option<i64>> {
    let sql = "SELECT created_at FROM lockgate_responses ORDER BY created_at DESC LIMIT 1 OFFSET $1";
    db.rows(sql, values![most]).await?.first().map(|row| row.int(0)).transpose()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreUrl};

    fn one(id: &str, owner: &str, created_at: i64, status: &str) -> KeptResponse {
        let (id, owner, status) = (id.to_owned(), owner.to_owned(), status.to_owned());
        let (input, response) = ("[]".to_owned(), "{}".to_owned());
        KeptResponse { id, owner, created_at, alive_at: created_at, status, input, response }
    }

    #[tokio::test]
    async fn an_answer_is_found_by_its_owner_alone_until_it_is_deleted_or_old() {
        let store = Store::new(&StoreUrl::Memory);
        store.migrate().await.unwrap();
        let all: Vec<_> = (0..40).map(|n| one(&format!("r{n}"), "a", n, "completed")).collect();
        store.keep_responses(&all).await.unwrap();
        store.keep_responses(&[one("r3", "b", 3, "completed")]).await.unwrap();
        assert_eq!(store.response("r3", "a").await.unwrap().as_ref(), Some(&all[3]));
        assert_eq!(store.response("r4", "b").await.unwrap(), None);
        let mut owners = store.response_owners("r3").await.unwrap();
        owners.sort();
        assert_eq!(owners, ["a", "b"]);
        assert!(!store.delete_response("r4", "b").await.unwrap());
        assert!(store.delete_response("r3", "b").await.unwrap() && !store.delete_response("r3", "b").await.unwrap());
        assert_eq!(store.surplus_responses_before(100).await.unwrap(), None);
        assert_eq!(store.surplus_responses_before(10).await.unwrap(), Some(29));
        assert_eq!(store.forget_responses(30, 20).await.unwrap(), 20);
        assert_eq!(store.forget_responses(30, 20).await.unwrap(), 10);
        assert!(
            store.response("r29", "a").await.unwrap().is_none() && store.response("r30", "a").await.unwrap().is_some()
        );
    }

    #[tokio::test]
    async fn one_that_is_made_is_given_up_once_and_what_it_became_stays() {
        let store = Store::new(&StoreUrl::Memory);
        store.migrate().await.unwrap();
        store.keep_responses(&[one("r", "a", 1, "in_progress")]).await.unwrap();
        assert_eq!(store.beat_response("r", "a", 9).await.unwrap().as_deref(), Some("in_progress"));
        assert!(store.turn_response("r", "a", CANCELLING).await.unwrap());
        assert!(!store.turn_response("r", "b", CANCELLING).await.unwrap());
        assert_eq!(store.beat_response("r", "a", 10).await.unwrap().as_deref(), Some(CANCELLING));
        store.keep_responses(&[one("r", "a", 1, "cancelled")]).await.unwrap();
        assert!(!store.turn_response("r", "a", "failed").await.unwrap());
        let kept = store.response("r", "a").await.unwrap().unwrap();
        assert_eq!((&*kept.status, kept.created_at), ("cancelled", 1));
        assert_eq!(store.beat_response("gone", "a", 9).await.unwrap(), None);
    }
}
