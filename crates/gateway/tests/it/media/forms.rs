//! Forms that callers should not send, and what reaches the provider of those that they may.

use serde_json::json;

use super::{Studio, form, part, raw_form};
use crate::client::Call;

const PATH: &str = "/v1/audio/transcriptions";
const EAR: (&str, &str, &str) = ("ear", "openai/whisper-1", "/v1");
const PAINTER: (&str, &str, &str) = ("painter", "openai/gpt-image-1", "/v1");

#[tokio::test]
async fn what_is_no_form_is_refused_in_the_callers_dialect() {
    let studio = Studio::open("", &[EAR], "").await;
    let file = part("name=\"file\"; filename=\"a\"", &[7; 64]);
    let model = part("name=\"model\"", b"ear");
    let end = b"--edge--\r\n".to_vec();
    let huge = [b"--edge\r\nx: ".to_vec(), vec![b'x'; 100_000], b"\r\n\r\nv\r\n".to_vec()].concat();
    let cases = [
        ("no model", [file.clone(), end.clone()].concat()),
        ("two models", [model.clone(), file.clone(), model.clone(), end.clone()].concat()),
        ("huge headers", [model.clone(), huge, end.clone()].concat()),
        ("no end", [model.clone(), file.clone()].concat()),
        ("many parts", [model.clone(), part("name=\"a\"", b"").repeat(300), end.clone()].concat()),
        ("nothing", Vec::new()),
    ];
    for (what, body) in cases {
        let answer = studio.master().send(&raw_form(PATH, body)).await;
        assert_eq!(answer.status(), 400, "{what}: {}", answer.text());
        assert_eq!(answer.json()["error"]["type"], "invalid_request_error", "{what}");
    }
    let whole = [model, file, end].concat();
    for kind in ["multipart/form-data", "multipart/form-data; boundary=\"\"", "multipart/form-data; boundary=other"] {
        let call = Call::new("POST", PATH).header("content-type", kind).body(whole.clone());
        assert_eq!(studio.master().send(&call).await.status(), 400, "{kind}");
    }
    assert!(studio.provider.requests().is_empty());
    assert_eq!(studio.master().send(&raw_form(PATH, whole)).await.status(), 200);
}

#[tokio::test]
async fn a_model_may_stand_behind_a_large_file_and_the_file_arrives_as_it_is() {
    let studio = Studio::open("", &[EAR], "").await;
    let sound: Vec<u8> = (0..8_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let body = [
        part("name=\"file\"; filename=\"a.mp3\"", &sound),
        part("name=\"timeout\"", b"20"),
        part("name=\"timestamp_granularities[]\"", b"word"),
        part("name=\"timestamp_granularities[]\"", b"segment"),
        part("name=\"model\"", b"ear"),
        b"--edge--\r\n".to_vec(),
    ];
    let answer = studio.master().send(&raw_form(PATH, body.concat())).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json()["usage"]["seconds"], 8_000);
    let sent = studio.provider.requests().pop().unwrap();
    assert!(sent.body.windows(1 << 20).step_by(1 << 20).zip(sound.chunks(1 << 20)).count() > 6);
    let at = sent.body.windows(64).position(|window| window == &sound[..64]).expect("the file is there");
    assert_eq!(&sent.body[at..at + sound.len()], &sound[..]);
    let fields = String::from_utf8_lossy(&sent.body[at + sound.len()..]).into_owned();
    assert!(fields.contains("whisper-1") && !fields.contains("ear\r\n") && !fields.contains("timeout"), "{fields}");
    assert_eq!(fields.matches("timestamp_granularities[]").count(), 2);
}

#[tokio::test]
async fn a_model_in_the_path_wins_and_guardrails_look_at_the_fields() {
    let rails = "guardrails: [{guardrail_name: cards, litellm_params: {guardrail: pii, mode: pre_call, default_on: true, \
                 pii_entities_config: {CREDIT_CARD: MASK}}}]";
    let studio = Studio::open("", &[PAINTER], rails).await;
    let fields = [("model", "nobody"), ("prompt", "write 4111 1111 1111 1111 on it")];
    let call = form("/openai/deployments/painter/images/edits", &fields, ("image", b"png"));
    let answer = studio.master().send(&call).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let sent = String::from_utf8_lossy(&studio.provider.requests().pop().unwrap().body).into_owned();
    assert!(sent.contains("gpt-image-1") && !sent.contains("4111") && sent.contains("write "), "{sent}");
}

#[tokio::test]
async fn recordings_are_counted_by_their_limits_like_all_calls() {
    let studio = Studio::open("", &[EAR], "").await;
    let person = studio.person(json!({ "rpm_limit": 1, "models": ["ear"] })).await;
    let call = form(PATH, &[("model", "ear")], ("file", b"abc"));
    assert_eq!([person.send(&call).await.status(), person.send(&call).await.status()], [200, 429]);
    let stranger = studio.person(json!({ "models": ["other"] })).await;
    assert_eq!(stranger.send(&call).await.status(), 403);
    assert_eq!(call.send(studio.gateway.addr).await.status(), 401);
}
