use bytes::Bytes;
use serde_json::{Value, json};
use types::{Embedding, EmbeddingInput, Operation, Raw, Request};

use super::*;
use crate::json::Object;
use crate::trial::Upstream;
use crate::{Back, Bedrock, Cohere, Gemini, Ollama, OpenAi, Quirks};

/// What a target is sent of `ids`.
fn sent(upstream: &Upstream, back: &dyn Back, ids: &str) -> Result<Value, Fault> {
    let embedding = Embedding { input: EmbeddingInput::Tokens(Raw::new(ids)), ..Embedding::default() };
    let outgoing = upstream.write(back, &Request::Embedding(Box::new(embedding)))?;
    Ok(serde_json::from_slice(&outgoing.body).unwrap())
}

fn embedded(back: &dyn Back, model: &str, ids: &str) -> Result<Value, Fault> {
    sent(&Upstream::new(model), back, ids)
}

#[test]
fn token_ids_go_as_the_texts_that_they_stand_for_to_those_who_do_not_know_them() {
    let ids = "[[9906, 1917], [0]]";
    let texts = json!(["Hello world", "!"]);
    assert_eq!(embedded(&Ollama, "nomic", ids).unwrap()["input"], texts);
    assert_eq!(embedded(&Cohere, "embed-v4.0", ids).unwrap()["texts"], texts);
    assert_eq!(embedded(&Bedrock, "cohere.embed-v4", ids).unwrap()["texts"], texts);
    let google = embedded(&Gemini, "gemini-embedding-001", ids).unwrap();
    assert_eq!(google.pointer("/requests/0/content/parts/0/text"), Some(&texts[0]), "{google}");
    assert_eq!(google.pointer("/requests/1/content/parts/0/text"), Some(&texts[1]), "{google}");
    assert_eq!(embedded(&Ollama, "nomic", "[9906, 1917]").unwrap()["input"], json!(["Hello world"]));
    assert_eq!(embedded(&OpenAi, "embedder", ids).unwrap()["input"], texts);
    let knowing = Upstream { quirks: Quirks { token_ids: true, ..Quirks::default() }, ..Upstream::new("embedder") };
    assert_eq!(sent(&knowing, &OpenAi, ids).unwrap()["input"], json!([[9906, 1917], [0]]));
}

#[test]
fn a_body_with_token_ids_passes_untouched_to_those_alone_who_know_them() {
    let passes = |knows, input: &str| {
        let body = Object::parse(Bytes::from(format!(r#"{{"model":"m","input":{input}}}"#))).unwrap();
        let upstream = Upstream { quirks: Quirks { token_ids: knows, ..Quirks::default() }, ..Upstream::new("m") };
        OpenAi.splice(Operation::Embedding, &body, &upstream.target("m")).is_some()
    };
    for ids in ["[[1],[2]]", "[1,2]"] {
        assert!(passes(true, ids) && !passes(false, ids), "{ids}");
    }
    for texts in [r#""a""#, r#"["a","b"]"#, "[]", "7"] {
        assert!(passes(true, texts) && passes(false, texts), "{texts}");
    }
}

#[test]
fn token_ids_that_stand_for_no_text_or_for_too_much_are_refused() {
    // The longest token: 128 spaces.
    let long = format!("[[58040{}],[1]]", ",58040".repeat(MOST_TEXT / 128));
    for ids in ["[100257]", "[[1], [100256]]", "[18446744073709551615]", &long] {
        let fault = embedded(&Ollama, "nomic", ids).unwrap_err();
        assert_eq!((fault.status(), fault.param.as_deref()), (400, Some("input")), "{}", &ids[..8]);
        assert!(fault.message.contains("send texts"), "{fault}");
    }
}

#[test]
fn ids_become_the_text_that_they_stand_for() {
    let all = |ids: &[u64]| text(ids.iter().copied(), 11);
    assert_eq!(all(&[9906, 1917]).unwrap(), "Hello world");
    assert_eq!(all(&[]).unwrap(), "");
    assert_eq!(all(&[0, COUNT as u64 - 1]).unwrap(), "! Conveyor");
    // One sign of two tokens, whole and cut.
    assert_eq!(all(&[9468, 25451]).unwrap(), "🦂");
    assert_eq!(all(&[0, 9468]).unwrap(), "!�");
    for id in [COUNT as u64, 100_257, u64::MAX] {
        assert_eq!(all(&[0, id]), Err(Unreadable::Unknown(id)));
    }
    assert_eq!(all(&[9906, 1917, 0]), Err(Unreadable::TooLong));
}

#[test]
fn every_token_has_its_place_in_the_table() {
    let (lengths, tokens) = TABLE.split_at(COUNT);
    assert_eq!(lengths.iter().map(|length| usize::from(*length)).sum::<usize>(), tokens.len());
    assert!((0..COUNT).all(|id| token(id).is_some_and(|token| !token.is_empty())));
}
