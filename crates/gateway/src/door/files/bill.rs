//! What batches cost: known when they are done, from what each line of their output says it consumed, at the prices of
//! batches. Booked under the batch's own id, so that it counts once, whoever finds it done and how often.

use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use dialects::BACKS;
use dialects::json::Doc;
use engine::{Deployment, Sent, Setup};
use http::HeaderMap;
use policy::price::{Bill, Tariff};
use providers::http as upstream;
use serde_json::{Value, json};
use store::{Asset, Entry, Status, Store, Story};
use tokio::time::{sleep, timeout};
use types::{Fault, FaultKind, Operation, Tier, Usage, Usd};

use super::overdue::{self, Silence};
use super::{FILE, are_together, in_database, keep_asset, new_id};
use crate::config::process_env;
use crate::door::Door;

/// How often batches are looked at that are not paid for yet, unless the environment says so.
const INTERVAL: Duration = Duration::from_secs(60);
/// The variable that says how often, in seconds.
const INTERVAL_ENV: &str = "PROXY_BATCH_POLLING_INTERVAL";
/// Batches that are looked at in one go, and in one round.
const PAGE: i64 = 50;
const MOST_PAGES: i64 = 40;
/// How long a look may take.
const PATIENCE: Duration = Duration::from_secs(600);
/// Longest line of an output, and largest output that is read, bytes.
const LONGEST_LINE: usize = 32 << 20;
const LARGEST: u64 = 4 << 30;
/// Largest answer that says how a batch stands.
const MOST_SAID: usize = 1 << 20;
/// The word for a batch that is paid for.
pub const SETTLED: &str = "settled";
/// States in which nothing more happens to a batch.
const DONE: [&str; 4] = ["cancelled", "completed", "expired", "failed"];
/// Files that a batch brings.
const BROUGHT: [&str; 2] = ["output_file_id", "error_file_id"];

/// Looks at batches that are not paid for yet, again and again.
pub async fn watch(door: Rc<Door>) {
    let Some(books) = &door.live.books else { return };
    let store = books.registry.store().clone();
    let seconds = process_env(INTERVAL_ENV).and_then(|text| text.trim().parse::<f64>().ok());
    let interval = seconds.and_then(|seconds| Duration::try_from_secs_f64(seconds.max(1.0)).ok()).unwrap_or(INTERVAL);
    loop {
        sleep(interval).await;
        let mut skip = 0;
        for _ in 0..MOST_PAGES {
            let page = {
                let store = store.clone();
                in_database(&door, async move { store.open_batches(skip, PAGE).await }).await
            };
            // While the database is away nothing is lost.
            let Ok(page) = page else { break };
            let count = page.len() as i64;
            for asset in page {
                let id = asset.id.clone();
                match look(&door, &store, asset).await {
                    Ok(true) => {}
                    Ok(false) => skip += 1,
                    Err(fault) => {
                        skip += 1;
                        tracing::debug!(batch = id, kind = ?fault.kind, "a batch cannot be looked at now");
                    }
                }
            }
            if count < PAGE {
                break;
            }
        }
    }
}

/// Looks how a batch stands, and gives it up where that will never be known; says whether it has been paid for.
async fn look(door: &Rc<Door>, store: &Store, asset: Asset) -> Result<bool, Fault> {
    let late = |_| Fault::provider(FaultKind::Timeout, "what a batch brought cannot be read in time");
    let asked = timeout(PATIENCE, ask(door, store, asset.clone())).await.map_err(late).and_then(|asked| asked);
    let silence = match &asked {
        Ok(true) => return asked,
        Ok(false) => Silence::Unfinished,
        Err(fault) if fault.kind == FaultKind::NotFound => Silence::Forgotten,
        Err(_) => Silence::Unasked,
    };
    if !overdue::is_due(&asset, silence, (door.gate.unix_ms)()) {
        return asked;
    }
    overdue::give_up(door, store, &asset.id, silence).await?;
    Ok(true)
}

/// Asks the provider how a batch stands; says whether it has been paid for.
async fn ask(door: &Rc<Door>, store: &Store, asset: Asset) -> Result<bool, Fault> {
    let Some(deployment) = door.live.setup().deployment(&asset.deployment_id) else { return Ok(false) };
    let reply = get(door, &deployment, &format!("/batches/{}", asset.upstream_id)).await?;
    let body = reply.body.collect(MOST_SAID).await?;
    let said: Value = serde_json::from_slice(&body)
        .map_err(|_| Fault::provider(FaultKind::Malformed, "the provider answered with something that is not JSON"))?;
    let is_known = is_known(&said);
    note(door, store, asset, &deployment, said).await?;
    Ok(is_known)
}

/// Whether nothing more happens to a batch, and what it cost can be read: one that brought nothing did nothing.
fn is_known(said: &Value) -> bool {
    let is_done = said["status"].as_str().is_some_and(|status| DONE.contains(&status));
    let did_nothing = said["request_counts"]["completed"].as_u64().unwrap_or(0) == 0;
    is_done && (did_nothing || said["output_file_id"].is_string())
}

/// Takes note of what the provider says of a batch, and has it paid for when it is done. Returns it in our words.
pub async fn note(
    door: &Rc<Door>,
    store: &Store,
    asset: Asset,
    deployment: &Arc<Deployment>,
    mut said: Value,
) -> Result<Value, Fault> {
    let before: Value = serde_json::from_str(&asset.shown).unwrap_or_default();
    let output = said["output_file_id"].as_str().map(str::to_owned);
    let mut state = asset.state.clone();
    if is_known(&said) && state != SETTLED {
        if let Some(output) = &output {
            settle(door, store, &asset, deployment, (&said, output)).await?;
        }
        state = SETTLED.to_owned();
    }
    said["id"] = json!(asset.id);
    said["input_file_id"] = before["input_file_id"].clone();
    for name in BROUGHT {
        let Some(upstream_id) = said[name].as_str().map(str::to_owned) else { continue };
        let id = new_id(door, FILE);
        let shown = json!({
            "id": id, "object": "file", "bytes": null, "created_at": asset.created_at / 1000,
            "filename": format!("{}_{}.jsonl", asset.id, name.trim_end_matches("_file_id")),
            "purpose": "batch_output", "status": "processed",
        });
        let file = Asset {
            id,
            kind: FILE.to_owned(),
            owner: asset.owner.clone(),
            deployment_id: asset.deployment_id.clone(),
            upstream_id,
            created_at: (door.gate.unix_ms)(),
            shown: shown.to_string(),
            ..Asset::default()
        };
        said[name] = json!(keep_asset(door, store, file).await?.asset.id);
    }
    let (store, id, shown) = (store.clone(), asset.id, said.to_string());
    in_database(door, async move { store.change_asset(&id, &state, &shown).await }).await?;
    Ok(said)
}

/// Books what a batch cost whose output is `output`.
async fn settle(
    door: &Rc<Door>,
    store: &Store,
    asset: &Asset,
    deployment: &Arc<Deployment>,
    (said, output): (&Value, &str),
) -> Result<(), Fault> {
    let endpoint = said["endpoint"].as_str().unwrap_or_default();
    let sum = consumed(door, deployment, asset, endpoint, output).await?;
    let now_ms = (door.gate.unix_ms)();
    let payer: Entry = serde_json::from_str(&asset.payer).unwrap_or_default();
    let model = sum.model.clone().unwrap_or_default();
    let entry = Entry {
        attempt_id: asset.id.clone(),
        call_id: asset.id.clone(),
        call_type: "aretrieve_batch".to_owned(),
        status: Status::Success,
        started_at: asset.created_at,
        ended_at: Some(now_ms),
        model: format!("{}/{model}", deployment.provider),
        model_group: model,
        usage: sum.usage,
        // What is not known is not nothing.
        cost: sum.cost.or(asset.held),
        estimated: sum.cost.is_none(),
        story: Some(Story { received_at: asset.created_at, attempts: 1, ..Story::default() }),
        ..payer
    };
    let store = store.clone();
    in_database(door, async move { store.book(&[entry]).await }).await.map(drop)
}

/// What the lines of an output consumed together.
struct Sum {
    usage: Usage,
    /// `None` as soon as what one of them cost is not known.
    cost: Option<Usd>,
    model: Option<String>,
}

async fn consumed(
    door: &Rc<Door>,
    deployment: &Arc<Deployment>,
    asset: &Asset,
    endpoint: &str,
    output: &str,
) -> Result<Sum, Fault> {
    let mut reply = get(door, deployment, &format!("/files/{output}/content")).await?;
    let (mut sum, mut pending, mut read) =
        (Sum { usage: Usage::default(), cost: Some(Usd::ZERO), model: None }, BytesMut::new(), 0);
    while let Some(piece) = reply.body.piece().await.transpose()? {
        read += piece.len() as u64;
        pending.extend_from_slice(&piece);
        let whole = memchr::memrchr(b'\n', &pending).map_or(0, |end| end + 1);
        let lines = pending.split_to(whole);
        lines[..].split(|byte| *byte == b'\n').for_each(|line| add(door, deployment, asset, endpoint, line, &mut sum));
        if pending.len() > LONGEST_LINE || read > LARGEST {
            return Err(Fault::provider(FaultKind::Malformed, "the output of a batch is too large to be read"));
        }
    }
    add(door, deployment, asset, endpoint, &pending, &mut sum);
    Ok(sum)
}

/// Adds what one line consumed.
fn add(door: &Door, deployment: &Arc<Deployment>, asset: &Asset, endpoint: &str, line: &[u8], sum: &mut Sum) {
    let (name, operation) = match endpoint.rsplit('/').next().unwrap_or_default() {
        "embeddings" => ("openai", Operation::Embedding),
        "responses" => ("responses", Operation::Chat),
        "moderations" => ("openai", Operation::Moderation),
        _ if endpoint.ends_with("/chat/completions") => ("openai", Operation::Chat),
        "completions" => ("openai", Operation::Completion),
        _ => ("openai", Operation::Chat),
    };
    let Some(back) = BACKS.iter().find(|back| back.name() == name) else { return };
    let line = line.trim_ascii();
    if line.is_empty() {
        return;
    }
    let Ok(doc) = Doc::parse_answer(line) else {
        sum.cost = None;
        return;
    };
    // What failed cost nothing.
    let Some(response) = doc.root().get_some("response") else { return };
    let failed =
        response.get_some("status_code").and_then(|status| status.as_u64()).is_some_and(|status| status >= 400);
    let Some(body) = response.get_some("body").filter(|_| !failed) else { return };
    let Ok(usage) = back.glance_answer(operation, body.raw().as_bytes()) else {
        sum.cost = None;
        return;
    };
    let usage = Usage { tier: Some(Tier::Batch), ..usage };
    let model = body.get_some("model").and_then(|model| model.as_string());
    let tariff = tariff(&door.live.setup(), deployment, model.as_deref());
    let bill = Bill { at: asset.created_at.div_euclid(1000), service: Some(Tier::Batch.as_str()), ..Bill::default() };
    let known = usage.input.is_some();
    let cost = if known { tariff.cost(&usage, &bill).map(|cost| cost.total) } else { None };
    sum.cost = sum.cost.zip(cost).map(|(all, one)| all + one);
    let plus = |one: Option<u64>, other: Option<u64>| one.map_or(other, |one| Some(one + other.unwrap_or(0)));
    sum.usage.input = plus(sum.usage.input, usage.input);
    sum.usage.output = plus(sum.usage.output, usage.output);
    sum.usage.cache_read = plus(sum.usage.cache_read, usage.cache_read);
    sum.usage.reasoning = plus(sum.usage.reasoning, usage.reasoning);
    sum.usage.tier = Some(Tier::Batch);
    sum.model = sum.model.take().or(model);
}

/// What calls of the model that answered cost: as a deployment at the same place has it, else as its provider's models do.
pub fn tariff(setup: &Setup, deployment: &Deployment, model: Option<&str>) -> Arc<Tariff> {
    let Some(model) = model else { return deployment.tariff(&deployment.model) };
    let own = found(setup, deployment, model).map(|one| one.tariff(model));
    let listed = || setup.passages.pricing_of(deployment.provider).map(|pricing| pricing.tariff(model));
    own.or_else(listed).unwrap_or_else(|| deployment.tariff(model))
}

/// The deployment that has `model` where `deployment` is.
pub fn found<'s>(setup: &'s Setup, deployment: &Deployment, model: &str) -> Option<&'s Arc<Deployment>> {
    let all = setup.groups.values().flat_map(|group| &group.deployments);
    // Answers name the version of a model that was asked for without one.
    let same = |one: &&Arc<Deployment>| {
        are_together(one, deployment)
            && model.strip_prefix(one.model.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    all.filter(same).max_by_key(|one| one.model.len())
}

/// Asks a deployment for something that costs nothing.
async fn get(door: &Rc<Door>, deployment: &Arc<Deployment>, path: &str) -> Result<upstream::Reply, Fault> {
    let mut headers: HeaderMap = deployment.headers.clone();
    let path = format!("{}{path}", deployment.endpoint.base_path);
    let body: [Bytes; 0] = [];
    deployment.sign_in(&mut headers, Sent { method: "GET", path: &path, body: &body }).await?;
    let call = upstream::Call {
        endpoint: &deployment.endpoint,
        method: "GET",
        path: &path,
        headers: &headers,
        body: &body,
        connect_timeout: deployment.limits.connect,
        claim: None,
        sent: None,
    };
    let reply = timeout(deployment.limits.total, door.gate.wire.call(deployment, call)).await;
    let reply = reply.map_err(|_| Fault::provider(FaultKind::Timeout, "the provider did not answer in time"))??;
    match reply.status {
        200..=299 => Ok(reply),
        404 | 410 => Err(Fault::provider(FaultKind::NotFound, "the provider does not know it")),
        status => Err(Fault::provider(FaultKind::Upstream, format!("the provider answered with status {status}"))),
    }
}
