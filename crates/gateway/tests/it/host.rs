//! The machine that the gateway runs on: what its GPUs take is seen, counted and paid for, and what is not known is not
//! there. The driver's library is one that is compiled here.

use std::path::Path;
use std::time::Instant;

use drill::mock::Mock;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::{Folder, Gateway, PATIENCE};
use crate::manage::{MASTER, Person};

/// Compiles the library that stands in for the driver's.
async fn driver() -> Folder {
    let folder = Folder::new();
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/samples/nvml.c");
    let mut compiler = Command::new("cc");
    compiler.args(["-shared", "-fPIC", "-o"]).arg(folder.path().join("libnvidia-ml.so.1")).arg(source);
    assert!(compiler.status().await.expect("there is a C compiler").success(), "it does not compile");
    folder
}

/// A gateway with a model on this machine, which takes 450 watts as declared, and 50 beside what is measured.
async fn start(engine: &Mock, environment: &[(&str, &str)]) -> Gateway {
    let config = format!(
        "model_list:\n- model_name: local\n  litellm_params: {{model: ollama/qwen3, api_base: '{}'}}\n  model_info:\n    \
         hardware: {{purchase_price: 0, lifetime_years: 1, utilization: 1, watts: 450, base_watts: 50, tariff_per_kwh: 0.3}}\n\
         general_settings: {{master_key: {MASTER}}}\n",
        Back::Ollama.base(&engine.url())
    );
    Gateway::start_with(&config, &[], environment).await
}

/// What `/nodes` says once it says that.
async fn nodes(master: &Person<'_>, ready: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let shown = master.see("/nodes").await;
        if ready(&shown) {
            return shown;
        }
        assert!(Instant::now() < deadline, "never seen: {shown}");
        tokio::task::yield_now().await;
    }
}

/// The row of the log of a call that has just been made.
async fn call(master: &Person<'_>) -> Value {
    let answer = master.send(&Front::Chat.call("local", "hello", false)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let mut page = master.see("/spend/logs/v2").await;
        if page["data"][0]["spend"].as_f64().is_some_and(|spend| spend > 0.0) {
            return page["data"][0].take();
        }
        assert!(Instant::now() < deadline, "it is never booked: {page}");
        tokio::task::yield_now().await;
    }
}

/// Checks the energy of a call and what it cost, by so many watts. Its end is booked a moment before it is measured.
fn check(row: &Value, watts: f64) {
    let hours = row["story"]["attempts"][0]["duration_ms"].as_f64().expect("it took a time") / 3_600_000.0;
    let energy = row["metadata"]["energy_wh"].as_f64().expect("its energy is known");
    assert!((energy / (watts * hours) - 1.0).abs() < 0.05, "{energy} Wh, {} expected: {row}", watts * hours);
    let spend = row["spend"].as_f64().expect("it cost something");
    assert!((spend / (energy / 1000.0 * 0.3) - 1.0).abs() < 0.01, "{spend} dollars for {energy} Wh");
}

async fn story(master: &Person<'_>, row: &Value) -> Value {
    master.see(&format!("/spend/logs/ui/{}", row["request_id"].as_str().expect("it has an id"))).await
}

#[tokio::test]
async fn what_the_gpus_take_is_seen_counted_and_paid_for() {
    let (engine, driver) = (mock("first_ms=700").await, driver().await);
    let path = driver.path().display().to_string();
    let gateway = start(&engine, &[("LD_LIBRARY_PATH", &path)]).await;
    let master = Person::of(&gateway, MASTER);
    let shown = nodes(&master, |shown| shown["host"]["energy_wh"].as_f64().is_some_and(|energy| energy > 0.0)).await;
    let gpu = json!({ "name": "Fake GPU", "vram_bytes": 24u64 << 30, "vram_used_bytes": 6u64 << 30, "watts": 190,
        "temperature_celsius": 61, "busy_percent": 87 });
    assert_eq!(shown["host"]["gpus"], json!([gpu]), "{shown}");
    assert!(shown["host"]["memory_bytes"].as_u64() > shown["host"]["memory_available_bytes"].as_u64(), "{shown}");
    let node = &shown["nodes"][0];
    assert_eq!((&node["watts"], &node["watts_from"]), (&json!(190), &json!("measured")), "{shown}");
    assert_eq!(node["is_this_machine"], true);
    let row = call(&master).await;
    check(&story(&master, &row).await, 240.0);
    let page = gateway.call(&Call::get("/metrics").header("authorization", format!("Bearer {MASTER}"))).await.text();
    for line in [
        "lockgate_gpu_watts{gpu=\"0\",name=\"Fake GPU\"} 190",
        "lockgate_gpu_temperature_celsius{gpu=\"0\",name=\"Fake GPU\"} 61",
        "lockgate_gpu_busy_ratio{gpu=\"0\",name=\"Fake GPU\"} 0.87",
        "lockgate_deployment_energy_wh_total{litellm_model_name=\"ollama/qwen3\"",
        "lockgate_host_energy_wh_total ",
    ] {
        assert!(page.contains(line), "{line} is missing: {page}");
    }
}

#[tokio::test]
async fn what_a_gpu_does_not_say_is_not_known_and_then_what_is_declared_counts() {
    let (engine, driver) = (mock("first_ms=300").await, driver().await);
    let path = driver.path().display().to_string();
    let gateway = start(&engine, &[("LD_LIBRARY_PATH", &path), ("FAKE_SILENT", "1")]).await;
    let master = Person::of(&gateway, MASTER);
    let shown = nodes(&master, |shown| shown["host"]["gpus"].as_array().is_some_and(|gpus| gpus.len() == 2)).await;
    assert_eq!(shown["host"]["gpus"][1], json!({ "name": "Fake GPU" }), "unknown is not zero");
    assert!(shown["host"].get("watts").is_none() && shown["host"].get("energy_wh").is_none(), "{shown}");
    let node = &shown["nodes"][0];
    assert_eq!((&node["watts"], &node["watts_from"]), (&json!(450), &json!("declared")), "{shown}");
    let row = call(&master).await;
    check(&story(&master, &row).await, 450.0);
    let page = gateway.call(&Call::get("/metrics").header("authorization", format!("Bearer {MASTER}"))).await.text();
    assert!(page.contains("lockgate_gpu_watts{gpu=\"0\"") && !page.contains("lockgate_gpu_watts{gpu=\"1\""), "{page}");
    assert!(!page.contains("lockgate_host_energy_wh_total"), "{page}");
}

#[tokio::test]
async fn without_a_driver_the_machine_is_known_as_far_as_the_system_tells() {
    let engine = mock("").await;
    let gateway = start(&engine, &[]).await;
    let master = Person::of(&gateway, MASTER);
    let shown = nodes(&master, |shown| shown["host"]["memory_bytes"].is_u64()).await;
    assert_eq!(shown["host"]["gpus"], json!([]), "{shown}");
    assert!(shown["host"]["processors"].as_u64().is_some_and(|count| count > 0), "{shown}");
    assert_eq!(shown["nodes"][0]["watts_from"], "declared");
}
