//! Files and batches.

use super::*;

async fn send(mock: &Mock, method: &str, path: &str, kind: &str, body: &str) -> Got {
    let length = body.len();
    let head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\ncontent-type: {kind}\r\n");
    raw(mock, format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).await
}

async fn upload(mock: &Mock, fields: &[(&str, &str)], file: &str) -> Got {
    let part = |rest: String| format!("--e\r\nContent-Disposition: form-data; {rest}\r\n");
    let fields: String = fields.iter().map(|(name, value)| part(format!("name=\"{name}\"\r\n\r\n{value}"))).collect();
    let body = format!("{fields}{}--e--\r\n", part(format!("name=\"file\"; filename=\"a.jsonl\"\r\n\r\n{file}")));
    send(mock, "POST", "/v1/files", "multipart/form-data; boundary=e", &body).await
}

fn line(id: &str, model: &str) -> Value {
    let body = json!({ "model": model, "messages": [{ "role": "user", "content": id }] });
    json!({ "custom_id": id, "method": "POST", "url": "/v1/chat/completions", "body": body })
}

async fn make(mock: &Mock, file: &str) -> Got {
    let asked = json!({ "input_file_id": file, "endpoint": "/v1/chat/completions", "completion_window": "24h" });
    post(mock, "/v1/batches", asked).await
}

async fn batch_of(mock: &Mock, lines: &str) -> String {
    let file = upload(mock, &[("purpose", "batch")], lines).await.json();
    make(mock, file["id"].as_str().unwrap()).await.json()["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_file_is_kept_until_it_is_forgotten() {
    let mock = mock().await;
    let file = upload(&mock, &[("purpose", "user_data")], "one\r\ntwo").await.json();
    assert_eq!((&file["bytes"], &file["filename"]), (&json!(8), &json!("a.jsonl")));
    let path = format!("/v1/files/{}", file["id"].as_str().unwrap());
    assert_eq!(get(&mock, &path).await.json(), file);
    assert_eq!(get(&mock, &format!("{path}/content")).await.text(), "one\r\ntwo");
    assert_eq!(get(&mock, "/v1/files?purpose=user_data").await.json()["data"], json!([file]));
    assert_eq!(get(&mock, "/v1/files?purpose=batch").await.json()["data"], json!([]));
    assert_eq!(send(&mock, "DELETE", &path, "", "").await.json()["deleted"], true);
    assert_eq!(send(&mock, "DELETE", &path, "", "").await.status, 404);
    assert_eq!(get(&mock, &path).await.status, 404);
}

#[tokio::test]
async fn lines_of_a_batch_are_answered_like_calls() {
    let mock = mock().await;
    mock.hold_batches(true);
    let lines = format!("{}\n{}\n", line("one", "demo"), line("two", "demo@status=429"));
    let path = format!("/v1/batches/{}", batch_of(&mock, &lines).await);
    assert_eq!(get(&mock, &path).await.json()["status"], "validating");
    mock.hold_batches(false);
    let done = get(&mock, &path).await.json();
    assert_eq!(done["status"], "completed");
    assert_eq!(done["request_counts"], json!({ "total": 2, "completed": 1, "failed": 1 }));
    let content = |name: &str| format!("/v1/files/{}/content", done[name].as_str().unwrap());
    let output = get(&mock, &content("output_file_id")).await.line_values();
    assert_eq!(output[0]["custom_id"], "one");
    let answer = &output[0]["response"]["body"];
    assert_eq!(answer["choices"][0]["message"]["content"], "You said: one");
    let errors = get(&mock, &content("error_file_id")).await.line_values();
    assert_eq!((&errors[0]["custom_id"], &errors[0]["response"]["status_code"]), (&json!("two"), &json!(429)));
    assert_eq!(post(&mock, &format!("{path}/cancel"), json!({})).await.status, 409);
}

#[tokio::test]
async fn a_batch_is_cancelled_and_one_with_wrong_lines_fails() {
    let mock = mock().await;
    let path = format!("/v1/batches/{}", batch_of(&mock, &line("one", "demo").to_string()).await);
    assert_eq!(post(&mock, &format!("{path}/cancel"), json!({})).await.json()["status"], "cancelling");
    assert_eq!(get(&mock, &path).await.json()["status"], "cancelled");
    for wrong in ["", "nonsense", "{}"] {
        let id = batch_of(&mock, wrong).await;
        let failed = get(&mock, &format!("/v1/batches/{id}")).await.json();
        assert_eq!((&failed["status"], &failed["errors"]["data"][0]["line"]), (&json!("failed"), &json!(1)), "{wrong}");
    }
    assert_eq!(get(&mock, "/v1/batches?limit=3").await.json()["has_more"], true);
}

#[tokio::test]
async fn what_openai_would_refuse_is_refused() {
    let mock = mock().await;
    assert_eq!(upload(&mock, &[], "x").await.status, 400);
    assert_eq!(upload(&mock, &[("purpose", "fun")], "x").await.status, 400);
    assert_eq!(upload(&mock, &[("purpose", "batch"), ("target_model_names", "demo")], "x").await.status, 400);
    assert_eq!(make(&mock, "file-nobodys").await.status, 400);
    assert_eq!(post(&mock, "/v1/batches", json!({ "model": "demo" })).await.status, 400);
    assert_eq!(get(&mock, "/v1/batches/none").await.status, 404);
    assert_eq!(send(&mock, "PUT", "/v1/files", "", "").await.status, 404);
}
