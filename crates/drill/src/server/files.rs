//! OpenAI's files and batches. A batch is worked through when somebody looks at it for the first time: each of its lines is
//! answered as the call would be that it stands for, knobs and refusals included.

use super::conn::Conn;
use super::plan::{Content, plan};
use super::play::{Next, Player};
use super::request::Head;
use super::{Shared, finish};
use crate::dialect::openai::OpenAi;
use crate::dialect::{CREATED, Dialect};
use crate::form;
use crate::knobs::{Knobs, Trouble, percent_decode};
use crate::problem::Problem;
use crate::route::{Route, route};
use crate::shelf::File;
use bytes::Bytes;
use serde_json::{Value, json};
use std::sync::atomic::Ordering::Relaxed;

/// Most lines of a batch.
const MAX_LINES: usize = 50_000;
/// What calls of a batch may be for.
const ENDPOINTS: [&str; 5] =
    ["/v1/responses", "/v1/chat/completions", "/v1/embeddings", "/v1/completions", "/v1/moderations"];
/// What files may be for.
const PURPOSES: [&str; 6] = ["assistants", "batch", "fine-tune", "vision", "user_data", "evals"];

/// What is wanted, if it is one of these.
pub(super) fn is_asked(head: &Head) -> bool {
    matches!(segments(head).first(), Some(&("files" | "batches")))
}

fn segments(head: &Head) -> Vec<&str> {
    let path = head.path();
    let path = path.strip_prefix("/openai").unwrap_or(path);
    let path = path.strip_prefix("/v1").unwrap_or(path);
    path.trim_matches('/').split('/').collect()
}

/// Answers.
pub(super) async fn serve(shared: &Shared, conn: &mut Conn, head: &Head, body: &Bytes, seq: u64) -> Next {
    shared.recorder.begin(seq, head, body, "");
    let mut knobs = shared.knobs.clone();
    let wrong = head.header("x-mock").and_then(|own| knobs.apply(own).err()).map(Problem::refuse);
    let answer = match wrong.or_else(|| refusal(head, &knobs)) {
        Some(problem) => Err(problem),
        None => answer(shared, head, body, seq),
    };
    let mut player = Player::new(shared, conn, &OpenAi, &knobs, seq, head.closes());
    let ended = match answer {
        Ok(Answer::Json(json)) => player.full(200, "application/json", json.to_string().as_bytes(), None).await,
        Ok(Answer::Content(content)) => player.full(200, "application/octet-stream", &content, None).await,
        Err(problem) => player.problem(&problem, "").await,
    };
    finish(shared, seq, ended)
}

fn refusal(head: &Head, knobs: &Knobs) -> Option<Problem> {
    let given = OpenAi.key(head);
    let is_wrong = knobs.key.as_deref().is_some_and(|wanted| given != Some(wanted));
    if is_wrong { Some(OpenAi.wrong_key(given)) } else { Problem::from_knobs(knobs) }
}

enum Answer {
    Json(Value),
    Content(Bytes),
}

fn answer(shared: &Shared, head: &Head, body: &Bytes, seq: u64) -> Result<Answer, Problem> {
    let shelf = &shared.shelf;
    let file = |id: &str| shelf.file(id).ok_or_else(|| missing("File", id));
    let json = match (head.method.as_str(), segments(head).as_slice()) {
        ("POST", ["files"]) => upload(shared, head, body, seq)?,
        ("GET", ["files"]) => page(head, shelf.files().iter().map(File::describe).collect()),
        ("GET", ["files", id]) => file(id)?.describe(),
        ("GET", ["files", id, "content"]) => return Ok(Answer::Content(file(id)?.content)),
        ("DELETE", ["files", id]) if shelf.forget(id) => json!({ "id": id, "object": "file", "deleted": true }),
        ("DELETE", ["files", id]) => return Err(missing("File", id)),
        ("POST", ["batches"]) => make(shared, body, seq)?,
        ("GET", ["batches"]) => page(head, shelf.batches()),
        ("GET", ["batches", id]) => look(shared, id)?,
        ("POST", ["batches", id, "cancel"]) => {
            let mut batch = shelf.batch(id).ok_or_else(|| missing("batch", id))?;
            let status = batch["status"].as_str().unwrap_or_default().to_owned();
            if !["validating", "in_progress"].contains(&status.as_str()) {
                let text = format!("Cannot cancel a batch with status '{status}'.");
                return Err(Problem::refuse(text).kind(Trouble::Conflict));
            }
            batch["status"] = json!("cancelling");
            batch["cancelling_at"] = json!(CREATED);
            shelf.note(batch.clone());
            batch
        }
        _ => {
            let text = format!("Invalid URL ({} {})", head.method, head.path());
            return Err(Problem { status: Some(404), ..Problem::refuse(text) });
        }
    };
    Ok(Answer::Json(json))
}

fn missing(kind: &str, id: &str) -> Problem {
    Problem { status: Some(404), ..Problem::refuse(format!("No such {kind} object: {id}")).at("id") }
}

/// A page of a list, newest first.
fn page(head: &Head, mut all: Vec<Value>) -> Value {
    all.reverse();
    if let Some(purpose) = head.query("purpose") {
        all.retain(|one| one["purpose"] == purpose);
    }
    if let Some(after) = head.query("after").map(percent_decode) {
        let at = all.iter().position(|one| one["id"] == after).map_or(all.len(), |at| at + 1);
        all.drain(..at);
    }
    let most = head.query("limit").and_then(|limit| limit.parse().ok()).unwrap_or(20);
    let has_more = all.len() > most;
    all.truncate(most);
    let id = |one: Option<&Value>| one.map_or(Value::Null, |one| one["id"].clone());
    let (first, last) = (id(all.first()), id(all.last()));
    json!({ "object": "list", "data": all, "first_id": first, "last_id": last, "has_more": has_more })
}

fn upload(shared: &Shared, head: &Head, body: &Bytes, seq: u64) -> Result<Value, Problem> {
    let parts = form::parts(head.header("content-type").unwrap_or_default(), body)?;
    let required = |name: &str| Problem::refuse(format!("'{name}' is a required property")).at(name);
    let (mut purpose, mut found) = (None, None);
    for part in parts {
        match (part.name.as_str(), part.filename) {
            ("file", Some(name)) => found = Some((name, body.slice_ref(part.content))),
            ("purpose", None) => purpose = Some(String::from_utf8_lossy(part.content).into_owned()),
            (name, _) if name.starts_with("expires_after") => {}
            (name, _) => {
                let text = format!("Additional properties are not allowed ('{name}' was unexpected)");
                return Err(Problem::refuse(text).at(name));
            }
        }
    }
    let purpose = purpose.ok_or_else(|| required("purpose"))?;
    let (name, content) = found.ok_or_else(|| required("file"))?;
    if !PURPOSES.contains(&purpose.as_str()) {
        return Err(Problem::refuse(format!("'{purpose}' is not one of {PURPOSES:?}")).at("purpose"));
    }
    let file = File { id: format!("file-drill{seq:08}"), name, purpose, content };
    let shown = file.describe();
    shared.shelf.keep(file);
    Ok(shown)
}

fn make(shared: &Shared, body: &[u8], seq: u64) -> Result<Value, Problem> {
    let asked: Value = serde_json::from_slice(body)
        .map_err(|wrong| Problem::refuse(format!("We could not parse the JSON body of your request: {wrong}")))?;
    let text = |name: &str| {
        let missing = || Problem::refuse(format!("Missing required parameter: '{name}'.")).at(name);
        asked[name].as_str().ok_or_else(missing)
    };
    let known = ["input_file_id", "endpoint", "completion_window", "metadata", "output_expires_after"];
    if let Some((name, _)) = asked.as_object().into_iter().flatten().find(|(name, _)| !known.contains(&name.as_str())) {
        return Err(Problem::refuse(format!("Unknown parameter: '{name}'.")).at(name).code("unknown_parameter"));
    }
    let (input, endpoint) = (text("input_file_id")?, text("endpoint")?);
    if !ENDPOINTS.contains(&endpoint) {
        return Err(Problem::refuse(format!("Invalid value: '{endpoint}'.")).at("endpoint"));
    }
    if text("completion_window")? != "24h" {
        return Err(Problem::refuse("The completion window must be 24h.").at("completion_window"));
    }
    if shared.shelf.file(input).is_none_or(|file| file.purpose != "batch") {
        return Err(Problem::refuse(format!("Invalid input_file_id: {input}")).at("input_file_id"));
    }
    let batch = json!({
        "id": format!("batch_drill{seq:08}"), "object": "batch", "endpoint": endpoint, "errors": null,
        "input_file_id": input, "completion_window": "24h", "status": "validating", "output_file_id": null,
        "error_file_id": null, "created_at": CREATED, "in_progress_at": null, "expires_at": CREATED + 86_400,
        "finalizing_at": null, "completed_at": null, "failed_at": null, "expired_at": null, "cancelling_at": null,
        "cancelled_at": null, "request_counts": { "total": 0, "completed": 0, "failed": 0 },
        "metadata": asked.get("metadata"),
    });
    shared.shelf.note(batch.clone());
    Ok(batch)
}

/// A batch, which goes on when it is looked at, unless batches are held back.
fn look(shared: &Shared, id: &str) -> Result<Value, Problem> {
    let mut batch = shared.shelf.batch(id).ok_or_else(|| missing("batch", id))?;
    match batch["status"].as_str() {
        _ if shared.shelf.held() => return Ok(batch),
        Some("validating") => work(shared, &mut batch),
        Some("cancelling") => end(&mut batch, "cancelled"),
        _ => return Ok(batch),
    }
    shared.shelf.note(batch.clone());
    Ok(batch)
}

fn end(batch: &mut Value, status: &str) {
    batch["status"] = json!(status);
    batch[format!("{status}_at")] = json!(CREATED);
}

/// Works through a batch.
fn work(shared: &Shared, batch: &mut Value) {
    let endpoint = batch["endpoint"].as_str().unwrap_or_default().to_owned();
    let input = batch["input_file_id"].as_str().and_then(|id| shared.shelf.file(id));
    let content = input.map(|file| file.content).unwrap_or_default();
    let text = String::from_utf8_lossy(&content);
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    let calls: Vec<Result<Value, Value>> = lines
        .iter()
        .enumerate()
        .map(|(at, line)| call_of(line, &endpoint).map_err(|text| fault(at + 1, text)))
        .collect();
    let mut wrong: Vec<&Value> = calls.iter().filter_map(|call| call.as_ref().err()).collect();
    let limits = fault(1, if lines.is_empty() { "The file is empty." } else { "The file has too many lines." });
    if lines.is_empty() || lines.len() > MAX_LINES {
        wrong = vec![&limits];
    }
    if !wrong.is_empty() {
        batch["errors"] = json!({ "object": "list", "data": wrong });
        return end(batch, "failed");
    }
    let (mut output, mut errors) = (Vec::new(), Vec::new());
    for call in calls.iter().flatten() {
        let (status, body) = answered(shared, &endpoint, &call["body"]);
        let seq = shared.seq.fetch_add(1, Relaxed);
        let line = json!({
            "id": format!("batch_req_drill{seq:08}"), "custom_id": call["custom_id"], "error": null,
            "response": { "status_code": status, "request_id": format!("req_drill{seq:08}"), "body": body },
        });
        if status < 300 { &mut output } else { &mut errors }.push(format!("{line}\n"));
    }
    let counts = json!({ "total": lines.len(), "completed": output.len(), "failed": errors.len() });
    batch["request_counts"] = counts;
    for (kind, lines) in [("output", output), ("error", errors)] {
        if lines.is_empty() {
            continue;
        }
        let seq = shared.seq.fetch_add(1, Relaxed);
        let id = format!("file-drill{seq:08}");
        let name = format!("{}_{kind}.jsonl", batch["id"].as_str().unwrap_or_default());
        let content = Bytes::from(lines.concat());
        shared.shelf.keep(File { id: id.clone(), name, purpose: "batch_output".to_owned(), content });
        batch[format!("{kind}_file_id")] = json!(id);
    }
    end(batch, "completed");
}

fn fault(line: usize, message: &str) -> Value {
    json!({ "code": "invalid_request", "line": line, "message": message, "param": null })
}

/// The call that a line stands for, or what is wrong with it.
fn call_of(line: &str, endpoint: &str) -> Result<Value, &'static str> {
    let call: Value = serde_json::from_str(line).map_err(|_| "This line is not parseable as valid JSON.")?;
    let is = |name: &str, wanted: &str| call[name] == wanted;
    match () {
        () if !call["custom_id"].is_string() => Err("Missing required parameter: 'custom_id'."),
        () if !is("method", "POST") => Err("The method must be POST."),
        () if !is("url", endpoint) => Err("The URL does not match that of the batch."),
        () if !call["body"].is_object() => Err("Missing required parameter: 'body'."),
        () => Ok(call),
    }
}

/// Status and body of the answer to a call.
fn answered(shared: &Shared, endpoint: &str, body: &Value) -> (u16, Value) {
    let json = ("content-type".to_owned(), "application/json".to_owned());
    let head = Head { method: "POST".to_owned(), target: endpoint.to_owned(), headers: vec![json], old: false };
    let Route::Model(target) = route(&head) else { return (404, Value::Null) };
    let seq = shared.seq.fetch_add(1, Relaxed);
    let plan = plan(shared, &target, &head, body.to_string().as_bytes(), seq);
    let refused = |problem: &Problem| {
        let failure = target.dialect.failure(problem, &plan.model);
        (failure.status, failure.body)
    };
    if let Some(problem) = Problem::from_knobs(&plan.knobs) {
        return refused(&problem);
    }
    match &plan.content {
        Content::Turn(turn) => (200, target.dialect.whole(turn)),
        Content::Json(json) => (200, json.clone()),
        Content::Refusal(problem) => refused(problem),
        Content::Pieces(..) | Content::Plain(_) => refused(&Problem::refuse("This is not for batches.")),
    }
}
