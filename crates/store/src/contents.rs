//! What was said in calls, where that is kept: in a table of its own, so that the rows of the log stay small.

use crate::db::{Db, Row, insert, values};
use crate::entry::bound;
use crate::{Result, ledger};

/// Longest request and longest answer that is kept, in bytes, whatever somebody wants.
const LONGEST: usize = 16 << 20;

/// What was said in a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The entry that stands for the call.
    pub attempt_id: String,
    /// When it came in, milliseconds since 1970.
    pub received_at: i64,
    /// The request: JSON.
    pub request: String,
    /// The answer, if there was one: JSON.
    pub answer: Option<String>,
    /// Whether something of it is missing, for there was more than what is kept.
    pub cut: bool,
}

impl Said {
    /// Bytes that it takes.
    pub fn bytes(&self) -> usize {
        self.request.len() + self.answer.as_ref().map_or(0, String::len)
    }
}

/// Keeps all of it; what is kept already stays as it is.
pub(crate) async fn keep(db: &Db, said: &[Said]) -> Result<()> {
    let bounded = |text: &str| {
        let mut text = text.to_owned();
        bound(&mut text, LONGEST);
        text
    };
    let row = |said: &Said| {
        let Said { attempt_id, received_at, request, answer, cut } = said;
        let (request, answer) = (bounded(request), answer.as_deref().map(bounded));
        values![&**attempt_id, *received_at, request, answer, i64::from(*cut)]
    };
    let mut tx = db.begin().await?;
    let table = "lockgate_contents (attempt_id, received_at, request, answer, cut)";
    insert(&mut tx, table, "ON CONFLICT (attempt_id) DO NOTHING", said.iter().map(row).collect()).await?;
    tx.commit().await
}

/// What was said in the call that this entry stands for.
pub(crate) async fn find(db: &Db, attempt_id: &str) -> Result<Option<Said>> {
    let sql = "SELECT attempt_id, received_at, request, answer, cut FROM lockgate_contents WHERE attempt_id = $1";
    let rows = db.rows(sql, values![attempt_id]).await?;
    let read = |row: &Row| {
        let (attempt_id, received_at, request) = (row.text(0)?, row.int(1)?, row.text(2)?);
        Ok(Said { attempt_id, received_at, request, answer: row.maybe_text(3)?, cut: row.int(4)? != 0 })
    };
    rows.first().map(read).transpose()
}

/// Deletes up to `most` of those that came in before a time; says how many there were.
pub(crate) async fn forget(db: &Db, before: i64, most: i64) -> Result<usize> {
    let sql = "DELETE FROM lockgate_contents WHERE attempt_id IN (SELECT attempt_id FROM lockgate_contents
        WHERE received_at < $1 ORDER BY received_at LIMIT $2) RETURNING received_at";
    ledger::delete(db, sql, before, most).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreUrl};

    #[tokio::test]
    async fn what_was_said_is_kept_once_and_goes_when_it_is_old() {
        let store = Store::new(&StoreUrl::Memory);
        store.migrate().await.unwrap();
        let said = |id: usize, answer: Option<&str>| Said {
            attempt_id: format!("a{id}"),
            received_at: id as i64,
            request: r#"{"messages":[]}"#.to_owned(),
            answer: answer.map(str::to_owned),
            cut: id == 3,
        };
        let all: Vec<Said> = (0..300).map(|id| said(id, (id % 2 == 0).then_some("{}"))).collect();
        store.keep_contents(&all).await.unwrap();
        store.keep_contents(&[said(3, Some("another")), said(300, None)]).await.unwrap();
        for id in [0, 3, 299] {
            assert_eq!(store.content(&format!("a{id}")).await.unwrap().as_ref(), Some(&all[id]));
        }
        assert_eq!(store.content("nobody's").await.unwrap(), None);
        assert_eq!(store.forget_contents(200, 150).await.unwrap(), 150);
        assert_eq!(store.forget_contents(200, 150).await.unwrap(), 50);
        assert_eq!(store.content("a199").await.unwrap(), None);
        assert!(store.content("a200").await.unwrap().is_some());
        let odd = Said { attempt_id: "odd".to_owned(), request: "a\0b".to_owned(), ..Said::default() };
        store.keep_contents(&[odd]).await.unwrap();
        assert_eq!(store.content("odd").await.unwrap().unwrap().request, "a\u{fffd}b", "no database refuses it");
    }
}
