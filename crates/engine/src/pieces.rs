//! What calls consume beside tokens, foreseen from what they ask for: money is held by it, and what a provider does not
//! state is booked by it. Rather too much than too little: unknown is never zero.

use dialects::json::Json;
use policy::text_tokens;
use types::{Operation, Usage};

use crate::ask::Ask;

/// Documents that are one search at Cohere.
const PER_SEARCH: u64 = 100;
/// Tokens, query included, behind which a document counts as one more; half of them, for what a query may take.
const PER_DOCUMENT: u64 = 250;

/// What `ask` will probably consume beside its input.
pub(crate) fn foreseen(ask: &Ask) -> Usage {
    match ask.operation {
        Operation::Rerank => {
            let documents = ask.body.with(documents);
            let searches = (documents + ask.input_estimate() / PER_DOCUMENT).div_ceil(PER_SEARCH).max(1);
            Usage { queries: Some(searches), ..Usage::default() }
        }
        _ => Usage::default(),
    }
}

/// About how many tokens its input has, if that is not plain from the length of its body.
pub(crate) fn input_tokens(ask: &Ask) -> Option<u64> {
    match ask.operation {
        Operation::Rerank => {
            // The query is read with each document.
            let query = ask.body.with(|root| root.get_some("query").and_then(|query| query.as_string()));
            let query = text_tokens(query.as_deref().unwrap_or_default());
            let documents = ask.body.with(documents);
            Some(policy::estimate_body_tokens(ask.body.bytes()).saturating_add(query.saturating_mul(documents)))
        }
        _ => None,
    }
}

fn documents(root: Json) -> u64 {
    let list = root.get_some("documents");
    list.and_then(|list| list.inside(|list| list.items().count() as u64)).unwrap_or(0)
}
