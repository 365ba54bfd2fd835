//! Callers whose token says something that is not known yet: a key of the issuer, a user, a team. Done once; what calls
//! need after that is in memory.

use super::manage::{Desk, accounts};
use crate::books::unix_ms;
use crate::key_sources;

/// Does what a token needs before it can count, as far as that can be done.
pub async fn introduce(desk: &Desk, token: &str) {
    let Some(tokens) = desk.live.setup().access.tokens.clone() else { return };
    {
        // One question is enough, however many calls wait for its answer.
        let _turn = desk.asking.lock().await;
        for source in tokens.sources_to_ask(token, unix_ms()) {
            if source.ask(unix_ms())
                && let Err(why) = key_sources::refresh(source).await
            {
                tracing::warn!(url = source.url, "the keys of an issuer cannot be had: {why}");
            }
        }
    }
    let Ok(holder) = tokens.holder(token, unix_ms()) else { return };
    let Some(books) = &desk.live.books else { return };
    let wants = holder.wants_change(&tokens, &books.registry.read());
    if wants && let Err(why) = accounts::settle_holder(desk, &holder).await {
        tracing::warn!("whoever a token stands for cannot be added: {}", why.message());
    }
}
