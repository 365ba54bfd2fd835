//! Files.

use drill::mock::Mock;
use serde_json::json;

use super::{Desk, form, id, line, part, upload};
use crate::backs::mock;
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

#[tokio::test]
async fn a_file_is_kept_shown_read_and_forgotten() {
    let desk = Desk::open("").await;
    let person = desk.person(json!({})).await;
    let own = upload(&person, &[("purpose", "fine-tune")], "some text\nmore").await;
    let (upstream, content) = desk.first_file();
    assert!(own.starts_with("file-") && own != upstream, "{own}");
    assert_eq!(content, "some text\nmore");
    let shown = person.see(&format!("/v1/files/{own}")).await;
    assert_eq!((&shown["id"], &shown["object"]), (&json!(own), &json!("file")));
    let content = person.send(&Call::get(&format!("/v1/files/{own}/content"))).await;
    assert_eq!((content.status(), content.text()), (200, "some text\nmore".to_owned()));
    let list = person.see("/v1/files").await;
    assert_eq!((&list["data"][0]["id"], list["data"].as_array().unwrap().len()), (&json!(own), 1));
    let gone = person.done("DELETE", &format!("/v1/files/{own}"), json!({})).await;
    assert_eq!((&gone["id"], &gone["deleted"]), (&json!(own), &json!(true)));
    assert_eq!(person.send(&Call::get(&format!("/v1/files/{own}"))).await.status(), 404);
    assert!(person.see("/files").await["data"].as_array().unwrap().is_empty());
}

#[tokio::test]
async fn a_file_belongs_to_whoever_made_it() {
    let desk = Desk::open("").await;
    let (one, other) = (desk.person(json!({})).await, desk.person(json!({})).await);
    let own = upload(&one, &[("purpose", "batch")], &line("1", "mine")).await;
    let before = desk.provider.requests().len();
    for (method, path) in [
        ("GET", format!("/v1/files/{own}")),
        ("GET", format!("/v1/files/{own}/content")),
        ("DELETE", format!("/v1/files/{own}")),
        ("GET", format!("/v1/files/{}", desk.first_file().0)),
    ] {
        let answer = other.send(&Call::new(method, &path)).await;
        assert_eq!(answer.status(), 404, "{method} {path} {}", answer.text());
    }
    let batch = json!({"input_file_id": own, "endpoint": "/v1/chat/completions", "completion_window": "24h"});
    assert_eq!(other.ask("POST", "/v1/batches", batch).await.status(), 404);
    assert!(other.see("/v1/files").await["data"].as_array().unwrap().is_empty());
    assert_eq!(desk.provider.requests().len(), before);
    assert_eq!(desk.master().see("/v1/files").await["data"][0]["id"], own);
    assert_eq!(Call::get("/v1/files").send(desk.gateway.addr).await.status(), 401);
}

#[tokio::test]
async fn models_in_lines_become_the_providers_and_must_be_the_callers() {
    let desk = Desk::open("").await;
    let text = format!("{}{}{}", line("1", "mine"), line("2", "gpt-4o-mini"), line("3", "other"));
    upload(&desk.master(), &[("purpose", "batch"), ("target_model_names", "mine")], &text).await;
    let (_, kept) = desk.first_file();
    let expected = format!("{}{}{}", line("1", "gpt-4o-mini"), line("2", "gpt-4o-mini"), line("3", "gpt-4o"));
    assert_eq!(kept.trim_end(), expected.trim_end());
    let sent = String::from_utf8_lossy(&desk.provider.requests().pop().unwrap().body).into_owned();
    assert!(sent.contains("purpose") && !sent.contains("target_model_names"), "{sent}");
    let person = desk.person(json!({"models": ["mine"]})).await;
    let refused = person.send(&form(&[("purpose", "batch")], &text)).await;
    assert_eq!(refused.status(), 403, "{}", refused.text());
    assert_eq!(person.send(&form(&[("purpose", "batch"), ("model", "other")], "{}")).await.status(), 403);
    assert_eq!(person.send(&form(&[("purpose", "batch")], &line("1", "mine"))).await.status(), 200);
}

#[tokio::test]
async fn the_caller_the_first_line_or_the_operator_says_where_a_file_goes() {
    let (first, second) = (mock("").await, mock("").await);
    let settings =
        format!("files_settings: [{{custom_llm_provider: openai, api_key: set, api_base: '{}/v1'}}]\n", second.url());
    let gateway = Desk::in_front_of(&first, &settings).await;
    let master = Person::of(&gateway, MASTER);
    upload(&master, &[("purpose", "assistants")], "x").await;
    assert_eq!((first.files().len(), second.files().len()), (0, 1));
    upload(&master, &[("purpose", "batch")], &line("1", "mine")).await;
    assert_eq!(first.files().len(), 1);
    let whole =
        [part("name=\"purpose\"", "assistants"), part("name=\"file\"; filename=\"a\"", "x"), "--edge--\r\n".to_owned()]
            .concat();
    let call = Call::new("POST", "/v1/files?target_model_names=mine")
        .header("content-type", "multipart/form-data; boundary=edge")
        .body(whole.clone());
    assert_eq!(master.send(&call).await.status(), 200);
    assert_eq!(first.files().len(), 2);
    upload(&master, &[("purpose", "assistants"), ("custom_llm_provider", "openai")], "x").await;
    assert_eq!(second.files().len(), 2);
    let unknown = master.send(&form(&[("custom_llm_provider", "nobody")], "x")).await;
    assert_eq!(unknown.status(), 400, "{}", unknown.text());
    let by_path =
        Call::new("POST", "/openai/v1/files").header("content-type", "multipart/form-data; boundary=edge").body(whole);
    assert!(id(&master.send(&by_path).await).starts_with("file-"));
}

#[tokio::test]
async fn several_models_take_a_file_if_they_are_at_one_provider() {
    let (here, there) = (mock("").await, mock("").await);
    let models = |name: &str, at: &Mock| {
        format!(
            "- {{model_name: {name}, litellm_params: {{model: openai/{name}, api_base: '{}/v1', api_key: up}}}}\n",
            at.url()
        )
    };
    let list = [models("one", &here), models("two", &here), models("far", &there)].concat();
    let gateway = Gateway::start(&format!("model_list:\n{list}general_settings: {{master_key: {MASTER}}}\n")).await;
    let master = Person::of(&gateway, MASTER);
    let send = async |names: &str| {
        let form = form(&[("purpose", "batch"), ("target_model_names", names)], &line("1", "two"));
        master.send(&form).await
    };
    assert_eq!(send("one, two,").await.status(), 200);
    let refused = send("one, far").await;
    assert_eq!((refused.status(), &refused.json()["error"]["param"]), (400, &json!("target_model_names")));
    assert_eq!((here.files().len(), there.files().len()), (1, 0));
}

#[tokio::test]
async fn a_large_file_is_never_held() {
    let desk = Desk::open("").await;
    let huge = "0123456789abcdef".repeat(6 << 20);
    let own = upload(&desk.master(), &[("purpose", "assistants")], &huge).await;
    let content = desk.master().send(&Call::get(&format!("/v1/files/{own}/content"))).await;
    assert!(content.text() == huge);
    let peak = desk.gateway.memory_kib("VmHWM");
    assert!(peak < 160 << 10, "96 MiB went both ways with {peak} KiB");
}

#[tokio::test]
async fn what_is_no_form_with_a_file_is_refused() {
    let desk = Desk::open("").await;
    let send = async |kind: &str, body: String| {
        let call = Call::new("POST", "/v1/files").header("content-type", kind).body(body);
        desk.master().send(&call).await.status()
    };
    let edge = "multipart/form-data; boundary=edge";
    assert_eq!(send("application/json", "{}".to_owned()).await, 400);
    assert_eq!(send(edge, String::new()).await, 400);
    assert_eq!(send(edge, "nonsense that is long enough".to_owned()).await, 400);
    assert_eq!(send(edge, format!("{}--edge--\r\n", part("name=\"purpose\"", "batch"))).await, 400);
    assert_eq!(send(edge, part("name=\"purpose\"", &"x".repeat(2 << 20))).await, 400);
    assert!(desk.provider.requests().is_empty());
}
