//! Rankings of documents as Jina, Voyage and servers like them make them, and as Cohere does under `/v2` and on Bedrock. A document
//! scores by how many words of the query are in it.

use super::fields::{integer, known_fields, missing, switch, wrong_type};
use crate::dialect::{Incoming, field, hash};
use crate::problem::Problem;
use crate::script::words;
use serde_json::{Value, json};

/// Documents that Cohere counts as one search.
const PER_SEARCH: usize = 100;

/// What rankings on Bedrock have in their bodies.
const OF_BEDROCK: &[&str] = &["query", "documents", "top_n", "max_tokens_per_doc", "api_version"];

pub(crate) fn answer(incoming: &Incoming<'_>) -> Result<Value, Problem> {
    let body = incoming.body;
    let path = incoming.head.path();
    // Bedrock has the model in the path, and Cohere's form whoever made it.
    let is_bedrock = path.starts_with("/model/");
    let is_cohere = is_bedrock || path.contains("/v2/");
    let is_voyage = body.get("top_k").is_some();
    known_fields(body, if is_bedrock { OF_BEDROCK } else { known(is_cohere) }, incoming)?;
    if is_bedrock && incoming.model.contains("cohere.") && body["api_version"] != 2 {
        return Err(missing("api_version"));
    }
    let query = field(body, "query").ok_or_else(|| missing("query"))?;
    let query = query.as_str().ok_or_else(|| wrong_type("query", "a string", query))?;
    let documents = field(body, "documents").ok_or_else(|| missing("documents"))?;
    let list = documents.as_array().ok_or_else(|| wrong_type("documents", "an array", documents))?;
    let texts = list.iter().map(|one| text(one, !is_cohere && !is_voyage)).collect::<Result<Vec<_>, _>>()?;
    let most = integer(body, if is_voyage { "top_k" } else { "top_n" }, 1, i64::MAX)?;
    let returned = switch(body, "return_documents")?.unwrap_or(!is_cohere && !is_voyage);
    let mut ranks: Vec<(usize, f64)> = texts.iter().map(|text| score(query, text)).enumerate().collect();
    ranks.sort_by(|(_, one), (_, other)| other.total_cmp(one));
    ranks.truncate(most.map_or(usize::MAX, |most| most as usize));
    let rank = |(index, score): &(usize, f64)| {
        let mut rank = json!({ "index": index, "relevance_score": score });
        if returned {
            rank["document"] = json!({ "text": texts[*index] });
        }
        rank
    };
    let ranks: Vec<Value> = ranks.iter().map(rank).collect();
    let id = format!("rerank-{:016x}", hash(&[query]));
    let tokens: u64 = texts.iter().map(|text| words(text) + words(query)).sum();
    if is_bedrock {
        return Ok(json!({ "results": ranks }));
    }
    Ok(match (is_cohere, is_voyage) {
        (true, _) => {
            let searches = texts.len().div_ceil(PER_SEARCH);
            json!({ "id": id, "results": ranks, "meta": {
                "api_version": { "version": "2" }, "billed_units": { "search_units": searches } } })
        }
        (_, true) => {
            json!({ "object": "list", "data": ranks, "model": incoming.model, "usage": { "total_tokens": tokens } })
        }
        _ => json!({ "id": id, "model": incoming.model, "results": ranks, "usage": { "total_tokens": tokens } }),
    })
}

fn known(is_cohere: bool) -> &'static [&'static str] {
    match is_cohere {
        true => &["model", "query", "documents", "top_n", "max_tokens_per_doc", "priority"],
        false => &["model", "query", "documents", "top_n", "top_k", "return_documents", "truncation"],
    }
}

fn text(document: &Value, takes_objects: bool) -> Result<String, Problem> {
    match document {
        Value::String(text) => Ok(text.clone()),
        Value::Object(_) if takes_objects => Ok(document["text"].as_str().unwrap_or_default().to_owned()),
        other => Err(wrong_type("documents", "an array of strings", other)),
    }
}

fn score(query: &str, text: &str) -> f64 {
    let of_query = words(query).max(1) as f64;
    query.split_whitespace().filter(|word| text.split_whitespace().any(|other| other == *word)).count() as f64
        / of_query
}
