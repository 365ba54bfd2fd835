//! Pictures: made, edited, paid for and streamed.

use serde_json::{Value, json};

use super::{Studio, form, post, with};
use crate::backs::{Config, mock};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

const GPT: (&str, &str, &str) = ("painter", "openai/gpt-image-1", "/v1");
const OLD: (&str, &str, &str) = ("old", "openai/old-painter", "/v1");
const GEMINI: (&str, &str, &str) = ("banana", "gemini/gemini-2.5-flash-image", "/v1beta");
const IMAGEN: (&str, &str, &str) = ("imagen", "gemini/imagen-4.0-generate-001", "/v1beta");
const CLAUDE: (&str, &str, &str) = ("claude", "anthropic/claude-sonnet-4-5", "");

fn cat(model: &str, more: Value) -> Value {
    with(json!({ "model": model, "prompt": "a cat" }), more)
}

#[tokio::test]
async fn a_picture_is_paid_for_by_its_tokens() {
    let studio = Studio::open("", &[GPT], "").await;
    let low = json!({ "quality": "low", "size": "1024x1024", "n": 2, "tags": ["a"] });
    for path in ["/v1/images/generations", "/images/generations"] {
        let answer = studio.master().send(&post(path, cat("painter", low.clone()))).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        assert_eq!(answer.json()["data"].as_array().map(Vec::len), Some(2));
        // Two words at $5 and 544 tokens of pictures at $40 per million.
        assert_eq!(answer.header("x-litellm-response-cost"), Some("0.02177"));
    }
    assert_eq!(studio.got(), cat("gpt-image-1", json!({ "quality": "low", "size": "1024x1024", "n": 2 })));
    let row = studio.logged(2).await;
    assert_eq!((&row["call_type"], &row["completion_tokens"]), (&json!("aimage_generation"), &json!(544)), "{row}");
}

#[tokio::test]
async fn a_picture_is_paid_for_by_the_piece_and_a_budget_holds() {
    let provider = mock("").await;
    let config =
        Config::default().model("old", "openai/old", &format!("{}/v1", provider.url()), "output_cost_per_image: 0.04");
    let gateway = Gateway::start(&config.and(&format!("general_settings: {{master_key: {MASTER}}}")).yaml()).await;
    let master = Person::of(&gateway, MASTER);
    let two = post("/v1/images/generations", cat("old", json!({ "n": 2 })));
    assert_eq!(master.send(&two).await.header("x-litellm-response-cost"), Some("0.08"));
    let made = master.done("POST", "/key/generate", json!({ "max_budget": 0.05 })).await;
    let poor = Person::of(&gateway, made["key"].as_str().unwrap());
    let refused = poor.send(&two).await;
    assert_eq!((refused.status(), provider.requests().len()), (422, 1), "{}", refused.text());
    assert_eq!(refused.json()["error"]["type"], "budget_exceeded");
    assert_eq!(poor.send(&post("/v1/images/generations", cat("old", json!({})))).await.status(), 200);
}

#[tokio::test]
async fn what_has_no_price_is_not_made_on_a_budget() {
    let studio = Studio::open("", &[OLD], "").await;
    let person = studio.person(json!({ "max_budget": 100 })).await;
    let refused = person.send(&post("/v1/images/generations", cat("old", json!({})))).await;
    assert_eq!((refused.status(), &refused.json()["error"]["type"]), (403, &json!("model_cost_map_missing")));
    assert!(studio.provider.requests().is_empty());
}

#[tokio::test]
async fn gemini_draws_for_callers_of_openai() {
    let studio = Studio::open("", &[GEMINI, IMAGEN, CLAUDE], "").await;
    let ask =
        async |model: &str, more: Value| studio.master().send(&post("/v1/images/generations", cat(model, more))).await;
    let answer = ask("banana", json!({ "size": "1024x1536" })).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json()["data"][0]["b64_json"], "YSBwaWN0dXJlIG9mIGEgY2F0");
    assert_eq!(answer.json()["usage"]["output_tokens"], 1293);
    // 2 words at $0.3, 3 tokens of text at $2.5 and 1290 of a picture at $30 per million: no price of a piece on top.
    assert_eq!(answer.header("x-litellm-response-cost"), Some("0.0387081"));
    assert_eq!(studio.got()["generationConfig"]["imageConfig"]["aspectRatio"], "2:3");
    let answer = ask("imagen", json!({ "n": 2 })).await;
    assert_eq!((answer.status(), answer.json()["data"].as_array().map(Vec::len)), (200, Some(2)), "{}", answer.text());
    for (model, more) in [("banana", json!({ "n": 2 })), ("banana", json!({ "stream": true })), ("claude", json!({}))] {
        let refused = ask(model, more).await;
        assert_eq!(refused.status(), 400, "{}", refused.text());
    }
    assert_eq!(studio.provider.requests().len(), 2);
}

#[tokio::test]
async fn pictures_are_shown_before_they_are_done() {
    // The provider falls silent behind the first picture: it is here all the same.
    let studio = Studio::open("fault=stall,after=1", &[GPT], "").await;
    let partial = cat("painter", json!({ "stream": true, "partial_images": 2, "quality": "low" }));
    let call = post("/v1/images/generations", partial.clone()).header("authorization", format!("Bearer {MASTER}"));
    let mut open = call.open(studio.gateway.addr).await;
    assert_eq!(open.head.header("content-type"), Some("text/event-stream; charset=utf-8"));
    let seen = open.until("partial_image_index").await;
    assert!(seen.contains("image_generation.partial_image"), "{seen}");
    drop(open);
    assert!(
        studio.provider.wait_for(|one| matches!(one.outcome, drill::mock::Outcome::Aborted { .. })).await.is_some()
    );
    let whole = Studio::open("", &[GPT], "").await;
    let answer = whole.master().send(&post("/v1/images/generations", partial)).await;
    let kinds: Vec<&str> = answer
        .body
        .split(|byte| *byte == b'\n')
        .filter_map(|line| std::str::from_utf8(line.strip_prefix(b"event: ")?).ok())
        .collect();
    assert_eq!(
        kinds,
        ["image_generation.partial_image", "image_generation.partial_image", "image_generation.completed"]
    );
    assert!(answer.text().contains("\"usage\""), "{}", answer.text());
    assert_eq!(whole.logged(1).await["completion_tokens"], 272);
}

#[tokio::test]
async fn a_stream_of_pictures_that_breaks_off_is_no_success() {
    let studio = Studio::open("fault=cut,after=1", &[GPT], "").await;
    let partial = cat("painter", json!({ "stream": true, "partial_images": 2 }));
    let answer = studio.master().send(&post("/v1/images/generations", partial)).await;
    assert!(answer.text().contains("\"error\"") && !answer.text().contains("completed"), "{}", answer.text());
    assert_eq!(studio.logged(1).await["status"], "failure");
}

#[tokio::test]
async fn a_picture_is_edited_by_a_form_that_falls_back() {
    let broken = ("painter", "openai/gpt-image-1@status=503", "/v1");
    let studio = Studio::open("", &[broken, OLD], "router_settings: {fallbacks: [{painter: [old]}]}").await;
    let picture = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0xff, 0];
    let fields = [("model", "painter"), ("prompt", "with a hat"), ("n", "1"), ("tags", "[\"a\"]")];
    let answer = studio.master().send(&form("/v1/images/edits", &fields, ("image", &picture))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let sent = studio.provider.requests();
    for (request, model) in sent.iter().zip(["gpt-image-1@status=503", "old-painter"]) {
        let body = String::from_utf8_lossy(&request.body).into_owned();
        assert!(request.body.windows(picture.len()).any(|window| window == picture), "{body}");
        assert!(body.contains(&format!("\r\n\r\n{model}\r\n")) && !body.contains("tags"), "{body}");
    }
    assert_eq!((sent.len(), studio.logged(1).await["call_type"].clone()), (2, json!("aimage_edit")));
    let varied = form("/v1/images/variations", &[("model", "old")], ("image", &picture));
    assert_eq!(studio.master().send(&varied).await.status(), 200);
    assert_eq!(studio.logged(2).await["call_type"], "aimage_variation");
}

#[tokio::test]
async fn a_picture_that_is_to_be_edited_reaches_gemini_in_its_own_words() {
    let broken = ("painter", "openai/gpt-image-1@status=503", "/v1");
    let gemini = ("google", "gemini/gemini-2.5-flash-image", "/v1beta");
    let studio = Studio::open("", &[broken, gemini], "router_settings: {fallbacks: [{painter: [google]}]}").await;
    let picture = [0x89, b'P', b'N', b'G', b'\r', b'\n', 0x1a, b'\n', 0, 0, 0, 13];
    let fields = [("model", "painter"), ("prompt", "with a hat")];
    let answer = studio.master().send(&form("/v1/images/edits", &fields, ("image", &picture))).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let answer: Value = serde_json::from_str(&answer.text()).expect("an answer is JSON");
    // The mock gives back what it was shown.
    assert_eq!(answer["data"][0]["b64_json"], "iVBORw0KGgoAAAAN", "{answer}");
    let sent = studio.provider.requests().pop().expect("it was asked");
    let body: Value = serde_json::from_slice(&sent.body).expect("a body is JSON");
    let parts = &body["contents"][0]["parts"];
    assert_eq!((&parts[0]["text"], &parts[1]["inlineData"]["mimeType"]), (&json!("with a hat"), &json!("image/png")));
    let masked = form("/v1/images/edits", &[("model", "google"), ("prompt", "a hat")], ("mask", &picture));
    assert_eq!(studio.master().send(&masked).await.status(), 400);
}
