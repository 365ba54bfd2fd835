//! What callers ask to be ranked, what providers get of it, and what comes back.

use types::{ModelFacts, Operation, Request, Usage};

use super::*;
use crate::{Back, Quirks, Target};

const ASKED: &str = r#"{"model": "m", "query": "what is rain?", "documents": ["water", {"text": "sun", "id": 7},
    {"title": "Fog", "year": 1980}], "top_n": 2, "rank_fields": null, "max_tokens_per_doc": 512,
    "return_documents": true, "truncation": false}"#;

fn read(body: &str) -> Result<Rerank, Fault> {
    match Reranking.read_request(Operation::Rerank, body.as_bytes())? {
        Request::Rerank(rerank) => Ok(*rerank),
        other => panic!("{other:?}"),
    }
}

fn written(body: &str, rerank: RerankForm) -> Result<(String, Vec<String>), Fault> {
    let (facts, quirks) = (ModelFacts::default(), Quirks { rerank, ..Quirks::default() });
    let target = Target {
        model: "up",
        name: "p/up",
        facts: &facts,
        quirks: &quirks,
        drop_params: false,
        version: None,
        num_ctx: None,
        issuer: None,
    };
    let request = Reranking.read_request(Operation::Rerank, body.as_bytes())?;
    let outgoing = OpenAi.write_request(&request, &target)?;
    Ok((String::from_utf8(outgoing.body.to_vec()).unwrap(), outgoing.dropped))
}

#[test]
fn documents_are_texts_or_objects_whose_text_counts() {
    let rerank = read(ASKED).unwrap();
    assert_eq!((rerank.query.as_str(), rerank.top_n, rerank.max_tokens_per_doc), ("what is rain?", Some(2), Some(512)));
    assert_eq!(rerank.documents[..2], ["water", "sun"].map(|text| Document::Text(text.to_owned())));
    assert!(matches!(&rerank.documents[2], Document::Other(raw) if raw.get().contains("Fog")));
    let named = read(
        r#"{"query": "q", "documents": [{"title": "Fog", "year": 1980, "id": 7}],
        "rank_fields": ["title", "year", "missing"]}"#,
    );
    assert_eq!(named.unwrap().documents, [Document::Text("title: Fog\nyear: 1980".to_owned())]);
}

#[test]
fn what_is_no_request_is_refused_with_its_place() {
    for (body, param) in [
        (r#"{"documents": ["a"]}"#, "query"),
        (r#"{"query": "q"}"#, "documents"),
        (r#"{"query": "q", "documents": "a"}"#, "documents"),
        (r#"{"query": "q", "documents": ["a", 7]}"#, "documents[1]"),
        (r#"{"query": "q", "documents": [{"text": 7}]}"#, "documents[0]"),
        (r#"{"query": "q", "documents": [], "top_n": -1}"#, "top_n"),
        (r#"{"query": "q", "documents": [], "return_documents": "yes"}"#, "return_documents"),
    ] {
        let fault = read(body).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some(param)), "{body}");
    }
    let other = Reranking.read_request(Operation::Chat, b"{}").unwrap_err();
    assert_eq!(other.status(), 400);
}

#[test]
fn each_provider_gets_it_in_its_own_form() {
    let (body, dropped) = written(ASKED, RerankForm::Jina).unwrap();
    let expected = r#"{"model":"up","query":"what is rain?","documents":["water","sun",{"title": "Fog", "year": 1980}],"top_n":2,"return_documents":false,"truncation":false}"#;
    assert_eq!((body.as_str(), dropped), (expected, vec!["max_tokens_per_doc".to_owned()]));
    let texts = ASKED.replace(r#"{"title": "Fog", "year": 1980}"#, r#""fog""#);
    let (body, dropped) = written(&texts, RerankForm::Cohere).unwrap();
    let expected = r#"{"model":"up","query":"what is rain?","documents":["water","sun","fog"],"top_n":2,"max_tokens_per_doc":512,"truncation":false}"#;
    assert_eq!((body.as_str(), dropped), (expected, Vec::new()));
    let (body, _) = written(&texts, RerankForm::Voyage).unwrap();
    let expected =
        r#"{"model":"up","query":"what is rain?","documents":["water","sun","fog"],"top_k":2,"truncation":false}"#;
    assert_eq!(body, expected);
    for form in [RerankForm::Cohere, RerankForm::Voyage] {
        let fault = written(ASKED, form).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("documents")), "{form:?}");
    }
}

#[test]
fn answers_of_all_forms_look_the_same_to_the_caller() {
    let echo = OBJECT_ECHO;
    let stamp = Stamp { id: "id1".to_owned(), model: "mine".to_owned(), echo: Some(echo.into()), ..Stamp::default() };
    let shown = |body: &str| {
        let answer = OpenAi.read_answer(Operation::Rerank, body.as_bytes()).unwrap();
        String::from_utf8(Reranking.write_answer(Operation::Rerank, &answer, &stamp).to_vec()).unwrap()
    };
    let results = r#""results":[{"index":1,"relevance_score":0.75,"document":{"text": "sun"}},{"index":0,"relevance_score":0.5,"document":{"text":"water"}},{"index":9,"relevance_score":0.0}]"#;
    let cohere = r#"{"id":"r1","results":[{"index":1,"relevance_score":0.75},{"index":0,"relevance_score":0.5},
        {"index":9,"relevance_score":0}],"meta":{"billed_units":{"search_units":3.0}}}"#;
    let meta = r#""meta":{"api_version":{"version":"2"},"billed_units":{"search_units":3}}"#;
    assert_eq!(shown(cohere), format!(r#"{{"id":"r1","model":"mine",{results},{meta}}}"#));
    let voyage = r#"{"object":"list","data":[{"relevance_score":0.75,"index":1},{"relevance_score":0.5,"index":0},
        {"score":0,"index":9}],"model":"v","usage":{"total_tokens":12}}"#;
    let meta = r#""meta":{"api_version":{"version":"2"},"tokens":{"input_tokens":12}},"usage":{"prompt_tokens":12,"total_tokens":12}"#;
    assert_eq!(shown(voyage), format!(r#"{{"id":"id1","model":"v",{results},{meta}}}"#));
}

const OBJECT_ECHO: &str = r#"["water", {"text": "sun"}]"#;

#[test]
fn documents_come_back_only_to_who_asked_for_them() {
    let echo = |body: &str| Doc::parse(body.as_bytes()).ok().and_then(|doc| Reranking.echo(doc.root(), false));
    assert_eq!(echo(r#"{"return_documents": true, "documents": ["a"]}"#).as_deref(), Some(r#"["a"]"#));
    assert_eq!(echo(r#"{"return_documents": false, "documents": ["a"]}"#), None);
    assert_eq!(echo(r#"{"documents": ["a"]}"#), None);
}

#[test]
fn what_is_no_ranking_is_the_providers_fault() {
    for body in [
        "{}",
        r#"{"results": null}"#,
        r#"{"results": [{"index": 0}]}"#,
        r#"{"results": [{"relevance_score": 1}]}"#,
        r#"{"results": [{"index": -1, "relevance_score": 1}]}"#,
        r#"{"results": [{"index": 0, "relevance_score": "high"}]}"#,
        "<html>",
    ] {
        assert!(OpenAi.read_answer(Operation::Rerank, body.as_bytes()).is_err(), "{body}");
    }
    let empty = OpenAi.read_answer(Operation::Rerank, br#"{"results": []}"#).unwrap();
    assert_eq!(empty.usage(), Usage::default());
}

#[test]
fn a_fault_is_told_to_clients_of_both_makers() {
    let fault = Fault::invalid_param("query", "no query");
    let body = String::from_utf8(Reranking.write_fault(&fault, 400).to_vec()).unwrap();
    assert!(body.starts_with(r#"{"message":"no query","error":{"message":"no query""#), "{body}");
}
