//! Vectors: what Cohere is asked for, and what it answers.

use serde_json::{Value, json};
use types::*;

use crate::trial::{Upstream, extras};
use crate::{Back, Cohere};

fn asked(change: impl FnOnce(&mut Embedding), upstream: &Upstream) -> Result<(Value, Vec<String>), Fault> {
    let input = EmbeddingInput::Texts(vec!["a".to_owned(), "b".to_owned()]);
    let mut embedding = Embedding { input, ..Embedding::default() };
    change(&mut embedding);
    let outgoing = upstream.write(&Cohere, &Request::Embedding(Box::new(embedding)))?;
    Ok((serde_json::from_slice(&outgoing.body).unwrap(), outgoing.dropped))
}

fn body(change: impl FnOnce(&mut Embedding)) -> Value {
    asked(change, &Upstream::new("embed-v4.0")).unwrap().0
}

#[test]
fn texts_are_documents_and_numbers_are_wanted_unless_somebody_says_otherwise() {
    let expected = json!({
        "model": "embed-v4.0", "input_type": "search_document", "texts": ["a", "b"], "embedding_types": ["float"]
    });
    assert_eq!(body(|_| {}), expected);
    let more = body(|embedding| {
        (embedding.dimensions, embedding.base64) = (Some(256), true);
        embedding.extras = extras(&[("truncate", r#""END""#)]);
    });
    assert_eq!((&more["output_dimension"], &more["truncate"]), (&json!(256), &json!("END")));
    assert_eq!(more["embedding_types"], json!(["float"]));
}

#[test]
fn what_vectors_are_for_is_said_in_cohere_s_words() {
    for (word, expected) in [
        ("search_query", "search_query"),
        ("classification", "classification"),
        ("RETRIEVAL_QUERY", "search_query"),
        ("RETRIEVAL_DOCUMENT", "search_document"),
        ("SEMANTIC_SIMILARITY", "clustering"),
        ("CLUSTERING", "clustering"),
        ("query", "search_query"),
        ("new_word", "new_word"),
    ] {
        assert_eq!(body(|embedding| embedding.input_type = Some(word.to_owned()))["input_type"], expected);
    }
    let extra = body(|embedding| embedding.extras = extras(&[("taskType", r#""CLASSIFICATION""#)]));
    assert_eq!(extra["input_type"], "classification");
}

#[test]
fn what_cannot_be_embedded_is_refused() {
    let refused = |change: fn(&mut Embedding)| asked(change, &Upstream::new("m")).unwrap_err();
    let texts = |count: usize| EmbeddingInput::Texts(vec!["x".to_owned(); count]);
    assert_eq!(body(|embedding| embedding.input = texts(96))["texts"].as_array().map(Vec::len), Some(96));
    let many = asked(|embedding| embedding.input = texts(97), &Upstream::new("m")).unwrap_err();
    assert_eq!((many.status(), many.param.as_deref()), (400, Some("input")));
    assert!(many.message.contains("at most 96") && many.message.contains("97"), "{many}");
    let other = refused(|embedding| embedding.extras = extras(&[("something", "1")]));
    assert_eq!(other.param.as_deref(), Some("something"));
    let (_, dropped) =
        asked(|embedding| embedding.extras = extras(&[("something", "1")]), &Upstream::new("m").dropping()).unwrap();
    assert_eq!(dropped, ["something"]);
}

fn read(body: &str) -> Result<Embeddings, Fault> {
    match Cohere.read_answer(Operation::Embedding, body.as_bytes())? {
        Answer::Embedding(embeddings) => Ok(*embeddings),
        other => panic!("{other:?}"),
    }
}

#[test]
fn vectors_are_read_by_type_or_from_the_older_list() {
    let answer = read(include_str!("../../../fixtures/cohere/embed.json")).unwrap();
    assert_eq!(answer.vectors, [vec![0.016296387, -0.008354187], vec![0.04663086, -0.023239136]]);
    assert_eq!((answer.usage.input, answer.usage.billed_input), (Some(2), Some(2)));
    let older = read(r#"{"embeddings":[[0.5],[1e-3]],"meta":null}"#).unwrap();
    assert_eq!((older.vectors, older.usage), (vec![vec![0.5], vec![0.001]], Usage::default()));
    for broken in ["{}", r#"{"embeddings":{}}"#, r#"{"embeddings":7}"#, r#"{"embeddings":{"float":[["x"]]}}"#] {
        assert_eq!(read(broken).unwrap_err().kind, FaultKind::Malformed, "{broken}");
    }
}

#[test]
fn a_ranking_is_read_with_the_searches_that_are_billed() {
    let body =
        r#"{"id":"r","results":[{"index":1,"relevance_score":0.75}],"meta":{"billed_units":{"search_units":1}}}"#;
    let Answer::Ranking(ranking) = Cohere.read_answer(Operation::Rerank, body.as_bytes()).unwrap() else {
        panic!("it is a ranking")
    };
    assert_eq!((ranking.ranks, ranking.usage.queries), (vec![Rank { index: 1, score: 0.75 }], Some(1)));
}
