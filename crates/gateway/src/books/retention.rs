//! What is old goes: rows of the ledger, if the operator says how long they are kept, and sums of windows that are long
//! over. Totals and daily roll-ups stay.

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
/// How long others have the database to themselves in between.
const PAUSE: Duration = Duration::from_millis(200);

/// Removes what is old, for ever. Rows are kept for `span`, or for ever too.
pub async fn keep_tidy(store: &Store, span: Option<Span>) {
    loop {
        if let Err(problem) = sweep(store, span, unix_ms()).await {
            tracing::warn!(%problem, "what is old could not be removed now");
        }
        sleep(EVERY).await;
    }
}

/// Removes what is old at this moment.
pub(super) async fn sweep(store: &Store, span: Option<Span>, now_ms: i64) -> Result<()> {
    if let Some(span) = span {
        let kept_ms = i64::try_from(span.seconds()).unwrap_or(i64::MAX).saturating_mul(1000).max(LEAST_MS);
        while store.forget(now_ms.saturating_sub(kept_ms), STEP).await? == STEP as usize {
            sleep(PAUSE).await;
        }
    }
    while store.forget_windows(now_ms, STEP).await? == STEP as usize {
        sleep(PAUSE).await;
    }
    Ok(())
}
