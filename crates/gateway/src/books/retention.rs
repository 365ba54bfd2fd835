//! What is old goes: rows of the ledger, if the operator says how long they are kept, and sums of windows that are long
//! over. Totals and daily roll-ups stay; those of days and months that are over are put together.

use std::time::Duration;

use policy::Span;
use store::{Result, Store};
use tokio::time::sleep;

use super::unix_ms;

/// How often it is looked for what is old.
const EVERY: Duration = Duration::from_secs(3600);
/// Rows that are deleted in one transaction.
const STEP: i64 = 1000;
/// How long rows are kept at least, in milliseconds: for much longer than the spool may still have what they are of.
const LEAST_MS: i64 = 86_400_000;
/// How long answers of the Responses API are kept unless somebody says, in milliseconds, and how many of them.
const RESPONSES_MS: i64 = 30 * 86_400_000;
const MOST_RESPONSES: i64 = 1_000_000;
/// How long others have the database to themselves in between.
const PAUSE: Duration = Duration::from_millis(200);

/// How long things are kept; for ever if nobody says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Retention {
    /// Rows of the ledger.
    pub rows: Option<Span>,
    /// What was said in calls: no longer than their rows.
    pub contents: Option<Span>,
    /// Answers of the Responses API; thirty days if nobody says.
    pub responses: Option<Span>,
    /// How many of those are kept at most; a million if nobody says.
    pub most_responses: Option<i64>,
}

/// Removes what is old, for ever.
pub async fn keep_tidy(store: &Store, retention: &Retention) {
    loop {
        if let Err(problem) = sweep(store, retention, unix_ms()).await {
            tracing::warn!(%problem, "what is old could not be removed now");
        }
        sleep(EVERY).await;
    }
}

/// Removes what is old at this moment.
pub(super) async fn sweep(store: &Store, retention: &Retention, now_ms: i64) -> Result<()> {
    let ms = |span: Span| i64::try_from(span.seconds()).unwrap_or(i64::MAX).saturating_mul(1000);
    let rows_ms = retention.rows.map(|span| ms(span).max(LEAST_MS));
    if let Some(kept_ms) = retention.contents.map(ms).into_iter().chain(rows_ms).min() {
        while store.forget_contents(now_ms.saturating_sub(kept_ms), STEP).await? == STEP as usize {
            sleep(PAUSE).await;
        }
    }
    let responses_ms = retention.responses.map_or(RESPONSES_MS, ms);
    let surplus = store.surplus_responses_before(retention.most_responses.unwrap_or(MOST_RESPONSES)).await?;
    let before_ms =
        now_ms.saturating_sub(responses_ms).max(surplus.map_or(i64::MIN, |newest| newest.saturating_add(1)));
    while store.forget_responses(before_ms, STEP).await? == STEP as usize {
        sleep(PAUSE).await;
    }
    if let Some(kept_ms) = rows_ms {
        while store.forget(now_ms.saturating_sub(kept_ms), STEP).await? == STEP as usize {
            sleep(PAUSE).await;
        }
    }
    while store.forget_windows(now_ms, STEP).await? == STEP as usize {
        sleep(PAUSE).await;
    }
    while store.close_period(now_ms).await? {
        sleep(PAUSE).await;
    }
    Ok(())
}
