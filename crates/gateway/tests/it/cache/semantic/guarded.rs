//! What must be the same in a question that is answered like another one, and what callers and operators say about it.

use serde_json::{Value, json};

use super::{AGAIN, QUESTION, Scene, config, mock, said, similarity};
use crate::callers::Front;
use crate::gateway::Gateway;

/// A call that says `text`, with something else beside.
fn body(text: &str, changed: impl FnOnce(&mut Value)) -> Value {
    let mut body = Front::Chat.body("demo", text, false);
    body["messages"] = json!([
        { "role": "system", "content": "be brief" },
        { "role": "user", "content": "hello" },
        { "role": "assistant", "content": "hello yourself" },
        { "role": "user", "content": text },
    ]);
    body["temperature"] = json!(0.5);
    changed(&mut body);
    body
}

#[tokio::test]
async fn only_the_last_text_may_be_in_other_words() {
    let scene = Scene::with("", "").await;
    assert_eq!(said(&scene.ask_with(body(QUESTION, |_| {})).await), "miss");
    scene.until_known(1).await;
    let tool = json!([{ "type": "function", "function": { "name": "look", "parameters": { "type": "object" } } }]);
    let part = |kind: &str| match kind {
        "image" => json!({ "type": "image_url", "image_url": { "url": "data:image/png;base64,iVBORw0KGgo=" } }),
        _ => json!({ "type": "text", "text": AGAIN }),
    };
    type Change<'a> = (&'a str, Box<dyn FnOnce(&mut Value) + 'a>);
    let changes: [Change; 11] = [
        ("the system prompt", Box::new(|body| body["messages"][0]["content"] = json!("be long"))),
        ("an earlier question", Box::new(|body| body["messages"][1]["content"] = json!("hi"))),
        ("an earlier answer", Box::new(|body| body["messages"][2]["content"] = json!("hi yourself"))),
        ("a tool", Box::new(|body| body["tools"] = tool.clone())),
        ("the temperature", Box::new(|body| body["temperature"] = json!(0.7))),
        ("the length", Box::new(|body| body["max_tokens"] = json!(7))),
        ("the seed", Box::new(|body| body["seed"] = json!(3))),
        ("the model", Box::new(|body| body["model"] = json!("other"))),
        ("a stream", Box::new(|body| body["stream"] = json!(true))),
        ("a picture", Box::new(|body| body["messages"][3]["content"] = json!([part("image"), part("text")]))),
        (
            "one more message",
            Box::new(|body| {
                let more = json!({ "role": "assistant", "content": "hm" });
                body["messages"].as_array_mut().unwrap().insert(3, more);
            }),
        ),
    ];
    for (what, change) in changes {
        assert_eq!(said(&scene.ask_with(body(AGAIN, change)).await), "miss", "{what}");
    }
    for (what, text) in [
        ("a number", "about the 2 red fox tell me"),
        ("a negation", "about the red fox don't tell me"),
        ("a name", "about the red Fox tell me"),
        ("another word", "about the white owl tell me"),
    ] {
        assert_eq!(said(&scene.ask_with(body(text, |_| {})).await), "miss", "{what}");
    }
    let same = body(AGAIN, |body| {
        body["user"] = json!("somebody");
        body["metadata"] = json!({ "a": "b" });
    });
    assert_eq!(said(&scene.ask_with(same).await), "semantic");
}

#[tokio::test]
async fn long_texts_and_long_conversations_are_not_compared() {
    let scene = Scene::with("", ", max_messages: 3").await;
    let long = "the same word ".repeat(100);
    for asked in [body(QUESTION, |_| {}), body(AGAIN, |_| {}), Front::Chat.body("demo", &long, false)] {
        assert_eq!(said(&scene.ask_with(asked).await), "miss");
    }
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    assert_eq!(scene.made(), 1, "the others were sent to nobody");
}

#[tokio::test]
async fn each_model_group_has_its_own_threshold_or_none() {
    let terms = "threshold: 0.5, group_thresholds: {other: 0.9999}";
    let scene = Scene::with(terms, "").await;
    let near = "tell me about the red fox now please";
    let ask = async |model: &str, text: &str| {
        let body = Front::Chat.body(model, text, false);
        scene.ask_with(body).await
    };
    for model in ["demo", "other"] {
        assert_eq!(said(&ask(model, &QUESTION.replace("tell", "please tell")).await), "miss");
    }
    scene.until_known(2).await;
    let lax = ask("demo", &near.replace("now ", "")).await;
    assert_eq!(said(&lax), "semantic");
    let lax = ask("demo", "tell me please about the red fox here").await;
    assert_eq!(said(&lax), "semantic");
    assert!((0.5..0.9999).contains(&similarity(&lax)), "{}", similarity(&lax));
    assert_eq!(said(&ask("other", "tell me please about the red fox here").await), "miss");
    let groups = scene.semantic().await["groups"].clone();
    assert_eq!([&groups[0]["configured_threshold"], &groups[1]["configured_threshold"]], [&json!(0.5), &json!(0.9999)]);

    let scene = Scene::with("groups: [other]", "").await;
    for text in [QUESTION, AGAIN] {
        assert_eq!(said(&scene.ask(text).await), "miss");
    }
    assert_eq!((scene.made(), scene.semantic().await["groups"].clone()), (0, json!([])));
}

#[tokio::test]
async fn callers_say_of_it_what_they_say_of_the_cache() {
    let scene = Scene::with("", "").await;
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    let ask = async |text: &str, cache: Value| {
        let mut body = Front::Chat.body("demo", text, false);
        body["cache"] = cache;
        said(&scene.ask_with(body).await).to_owned()
    };
    let made = scene.made();
    assert_eq!(ask(AGAIN, json!({ "namespace": "n", "no-store": true })).await, "nothing");
    assert_eq!(scene.made(), made, "nothing could be found, and nothing is remembered");
    assert_eq!(ask(AGAIN, json!({ "s-maxage": 0, "no-store": true })).await, "nothing");
    assert_eq!(ask("the red fox tell me about", json!({ "no-cache": true })).await, "miss");
    scene.until_known(2).await;
    assert_eq!(ask("me about the red fox tell", json!({ "no-store": true })).await, "semantic");
    assert_eq!(scene.semantic().await["entries"], 2);

    let scene = Scene::with("", ", mode: default_off").await;
    for text in [QUESTION, AGAIN] {
        assert_eq!(said(&scene.ask(text).await), "nothing");
    }
    assert_eq!(scene.made(), 0);
}

#[tokio::test]
async fn what_guardrails_put_values_back_into_is_compared_with_nothing() {
    let provider = mock("").await;
    let vectors = mock("by_words").await;
    let guardrails = "guardrails:\n  - {guardrail_name: pii, litellm_params: {guardrail: pii, mode: pre_call, \
                      default_on: true, output_parse_pii: true}}\n";
    let text = format!("{}{guardrails}", config(&provider, &vectors.url(), "", ""));
    let scene = Scene { gateway: Gateway::start(&text).await, provider, vectors };
    for text in ["the red fox of ann@example.org", "of ann@example.org the red fox", "of bob@example.org the red fox"] {
        assert_eq!(said(&scene.ask(text).await), "nothing");
    }
    assert_eq!((scene.provider.requests().len(), scene.made()), (3, 0));
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    assert_eq!(said(&scene.ask(AGAIN).await), "semantic", "what is masked nowhere is compared as always");
}
