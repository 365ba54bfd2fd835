//! A share of the answers to other questions is asked for anew, and the threshold rises where they say something else.

use serde_json::json;

use super::{AGAIN, QUESTION, Scene, said};
use crate::backs::{asked, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::sinks::ear::until;

impl Scene {
    async fn until_audited(&self, count: u64) -> serde_json::Value {
        until(async || {
            let group = self.semantic().await["groups"][0].clone();
            (group["audits"] == count).then_some(group)
        })
        .await
    }
}

#[tokio::test]
async fn answers_that_say_the_same_change_nothing_and_nobody_pays_for_the_audit() {
    for stream in [false, true] {
        let scene = Scene::with("audit: 1", "").await;
        let key = scene.key(json!({ "max_budget": 100 })).await;
        let ask = async |text: &str| scene.ask_as(&key, Front::Chat, "demo", text, stream).await;
        assert_eq!(said(&ask(QUESTION).await), "miss");
        scene.until_known(1).await;
        assert_eq!(said(&ask(AGAIN).await), "semantic");
        let group = scene.until_audited(1).await;
        assert_eq!((&group["false_hits"], &group["false_hit_rate"]), (&json!(0), &json!(0.0)), "{group}");
        assert_eq!(group["threshold"], group["configured_threshold"]);
        assert_eq!(asked(&scene.provider, AGAIN).len(), 1, "it was asked anew");
        assert_eq!(scene.semantic().await["entries"], 1, "and nothing of it is kept");
        let master = scene.master();
        let rows = until(async || {
            let rows = master.see("/spend/logs").await;
            let rows = rows.as_array()?.clone();
            rows.iter().any(|row| row["request_tags"] == json!(["lockgate-semantic-audit"])).then_some(rows)
        })
        .await;
        let first = rows.iter().find(|row| row["cache_hit"] == "True").expect("the hit is in the log");
        let audit = rows.iter().find(|row| row["request_tags"] == json!(["lockgate-semantic-audit"])).unwrap();
        assert!(audit["spend"].as_f64() > Some(0.0) && audit["api_key"] != first["api_key"], "{audit}");
    }
}

#[tokio::test]
async fn answers_that_say_something_else_make_the_threshold_stricter() {
    let scene = Scene::of(mock("").await, "audit: 1, threshold: 0.3, same_answer: 0.99", "").await;
    assert_eq!(said(&scene.ask(QUESTION).await), "miss");
    scene.until_known(1).await;
    let (mut audits, mut group) = (0, json!({}));
    for word in ["here", "there", "please", "really", "again"] {
        // Each time another question is near enough to the first one, until that is no more near enough.
        if said(&scene.ask(&format!("{QUESTION} {word}")).await) == "miss" {
            break;
        }
        audits += 1;
        let now = scene.until_audited(audits).await;
        let rises = now["false_hits"].as_u64() > group["false_hits"].as_u64().or(Some(0));
        assert_eq!(rises, now["threshold"].as_f64() > group["threshold"].as_f64().or(Some(0.3)), "{group} {now}");
        group = now;
    }
    let (false_hits, threshold) = (group["false_hits"].as_f64().unwrap(), group["threshold"].as_f64().unwrap());
    assert!(false_hits > 0.0 && threshold > 0.3 && group["configured_threshold"] == 0.3, "{group}");
    assert!((group["false_hit_rate"].as_f64().unwrap() - false_hits / audits as f64).abs() < 1e-9, "{group}");
    let page = scene.master().send(&Call::get("/metrics")).await.text();
    let labels = ["model_group=\"demo\""];
    assert_eq!(crate::metrics::sum(&page, "lockgate_semantic_cache_false_hits_total", &labels), false_hits);
    assert!((crate::metrics::sum(&page, "lockgate_semantic_cache_threshold", &labels) - threshold).abs() < 1e-3);
    assert_eq!(said(&scene.ask(AGAIN).await), "semantic", "what is the same word for word still is");
}
