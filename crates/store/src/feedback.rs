//! What applications say about answers: one score for each call, and sums by the arms of experiments.

use types::day;

use crate::Result;
use crate::clock::now;
use crate::db::{Db, Filter, values};

/// The score from which on an answer was good, in thousandths.
const GOOD: i64 = 500;

/// What is said about an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The call.
    pub call_id: String,
    /// The tag of the arm that answered.
    pub arm: String,
    /// When it was called, milliseconds since 1970.
    pub called_at: i64,
    /// From 0 (bad) to 1,000 (good).
    pub score_thousandths: i64,
}

/// What was said about the answers of an arm.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdicts {
    /// The tag of the arm.
    pub arm: String,
    /// Answers about which something was said.
    pub answers: i64,
    /// Those that were rather good than bad.
    pub good: i64,
    /// All scores together.
    pub score_thousandths: i64,
}

/// Keeps it; of what is said twice about a call, the last counts.
pub(crate) async fn keep(db: &Db, feedback: &Feedback) -> Result<()> {
    let Feedback { call_id, arm, called_at, score_thousandths } = feedback;
    let mut tx = db.begin().await?;
    let sql =
        "INSERT INTO lockgate_feedback (call_id, arm, day, score_thousandths, given_at) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT (call_id) DO UPDATE SET arm = excluded.arm, day = excluded.day,
        score_thousandths = excluded.score_thousandths, given_at = excluded.given_at";
    let called = day::text(day::number(*called_at));
    tx.run(sql, values![&**call_id, &**arm, called, *score_thousandths, now()]).await?;
    tx.commit().await
}

/// What was said about calls of these days, by arm: `most` arms.
pub(crate) async fn verdicts(db: &Db, from: Option<&str>, to: Option<&str>, most: i64) -> Result<Vec<Verdicts>> {
    let mut filter = Filter::default();
    filter.and_if("day >= {}", from);
    filter.and_if("day <= {}", to);
    let most = filter.value(most);
    let sql = format!(
        "SELECT arm, CAST(COUNT(*) AS BIGINT),
        CAST(SUM(CASE WHEN score_thousandths >= {GOOD} THEN 1 ELSE 0 END) AS BIGINT),
        CAST(SUM(score_thousandths) AS BIGINT) FROM lockgate_feedback{} GROUP BY arm ORDER BY arm LIMIT {most}",
        filter.sql()
    );
    let rows = db.rows(sql, filter.into_values()).await?;
    let read = |row: &crate::db::Row| {
        let (arm, answers, good) = (row.text(0)?, row.int(1)?, row.int(2)?);
        Ok(Verdicts { arm, answers, good, score_thousandths: row.int(3)? })
    };
    rows.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Store, StoreUrl};

    #[tokio::test]
    async fn each_call_counts_once_for_its_arm_as_was_said_last() {
        let store = Store::new(&StoreUrl::Memory);
        store.migrate().await.unwrap();
        for (call, arm, day, score) in
            [("1", "a", 0, 0), ("2", "a", 1, 1_000), ("3", "b", 1, 499), ("1", "a", 0, 1_000), ("4", "a", 2, 200)]
        {
            let (call_id, arm, called_at) = (call.to_owned(), arm.to_owned(), day * 86_400_000);
            store.keep_feedback(&Feedback { call_id, arm, called_at, score_thousandths: score }).await.unwrap();
        }
        let verdicts = |arm: &str, answers, good, score_thousandths| Verdicts {
            arm: arm.to_owned(),
            answers,
            good,
            score_thousandths,
        };
        let all = store.verdicts(None, None, 10).await.unwrap();
        assert_eq!(all, [verdicts("a", 3, 2, 2_200), verdicts("b", 1, 0, 499)]);
        let days = store.verdicts(Some("1970-01-02"), Some("1970-01-02"), 10).await.unwrap();
        assert_eq!(days, [verdicts("a", 1, 1, 1_000), verdicts("b", 1, 0, 499)]);
        assert_eq!(store.verdicts(None, None, 1).await.unwrap().len(), 1);
    }
}
