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
    let scene = Scene::with("audit: 1", "").await;
    let key = scene.key(json!({ "max_budget": 100 })).await;
    let mut audits = 0;
    for front in Front::ALL {
        for stream in [false, true] {
            let what = format!("{front:?} {}", if stream { "streams" } else { "whole" });
            let ask = async |text: &str| scene.ask_as(&key, front, "demo", &format!("{text} {what}"), stream).await;
            assert_eq!(said(&ask(QUESTION).await), "miss", "{what}");
            audits += 1;
            scene.until_known(audits).await;
            assert_eq!(said(&ask(AGAIN).await), "semantic", "{what}");
            let group = scene.until_audited(audits).await;
            assert_eq!((&group["false_hits"], &group["false_hit_rate"]), (&json!(0), &json!(0.0)), "{what}: {group}");
            assert_eq!(group["threshold"], group["configured_threshold"], "{what}");
            assert_eq!(asked(&scene.provider, &format!("{AGAIN} {what}")).len(), 1, "it was asked anew");
            assert_eq!(scene.semantic().await["entries"], audits, "and nothing of it is kept");
        }
    }
    let mut body = Front::Chat.body("demo", "the red fox tell me about Chat whole", false);
    (body["user"], body["metadata"]) = (json!("ann"), json!({ "job": "seven" }));
    assert_eq!(
        said(&crate::manage::Person::of(&scene.gateway, &*key).send(&Front::Chat.call_with(body)).await),
        "semantic"
    );
    scene.until_audited(audits + 1).await;
    let anew = asked(&scene.provider, "the red fox tell me about");
    assert_eq!(anew.len(), 1);
    let anew = String::from_utf8_lossy(&anew[0].body).into_owned();
    assert!(!anew.contains("ann") && !anew.contains("seven") && !anew.contains("lockgate"), "{anew}");
    let master = scene.master();
    let is_audit = |row: &&serde_json::Value| row["request_tags"] == json!(["lockgate-semantic-audit"]);
    let rows = until(async || {
        let rows = master.see("/spend/logs").await.as_array()?.clone();
        (rows.iter().filter(is_audit).count() as u64 == audits + 1).then_some(rows)
    })
    .await;
    let hit = rows.iter().find(|row| row["cache_hit"] == "True").expect("the hit is in the log");
    for audit in rows.iter().filter(is_audit) {
        assert!(audit["spend"].as_f64() > Some(0.0) && audit["api_key"] != hit["api_key"], "{audit}");
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
