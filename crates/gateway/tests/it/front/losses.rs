//! What a translation cannot carry is told: in a header, in the log, or, where that is wanted, by a refusal.

use serde_json::{Value, json};

use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::gateway::Gateway;
use crate::manage::{Office, config};
use crate::sinks::ear::until;

#[tokio::test]
async fn what_is_lost_is_told_and_who_is_strict_loses_nothing() {
    let provider = mock("").await;
    let base = Back::Gemini.base(&provider.url());
    let model = |name: &str, more: &str| {
        format!(
            "  - {{model_name: {name}, litellm_params: {{model: gemini/demo, api_base: '{base}', api_key: k{more}}}}}\n"
        )
    };
    let models = format!("model_list:\n{}{}", model("usual", ""), model("exact", ", strict: true"));
    let gateway = Gateway::start(&config("").replace("model_list:\n", &models)).await;
    let office = Office { gateway };
    let master = office.master();
    // A hint, for which Gemini has no word.
    let ask = async |model: &str, strict: Option<bool>| {
        let mut body = Front::Chat.body(model, "hello", false);
        body["user"] = json!("ann");
        strict.into_iter().for_each(|strict| body["strict"] = json!(strict));
        master.send(&Front::Chat.call_with(body)).await
    };
    for (model, strict) in [("usual", None), ("usual", Some(false)), ("exact", Some(false))] {
        let answer = ask(model, strict).await;
        assert_eq!((answer.status(), answer.header("x-lockgate-dropped")), (200, Some("user")), "{model} {strict:?}");
    }
    for (model, strict) in [("usual", Some(true)), ("exact", None)] {
        let answer = ask(model, strict).await;
        let error = answer.json()["error"].clone();
        assert_eq!((answer.status(), &error["param"]), (400, &json!("user")), "{model} {strict:?}: {error}");
        assert!(error["message"].as_str().is_some_and(|text| text.contains("'user' would be lost")), "{error}");
    }
    assert_eq!(provider.requests().len(), 3, "what is refused reaches nobody");
    let plain = master.send(&Front::Chat.call("exact", "hello", false)).await;
    assert_eq!((plain.status(), plain.header("x-lockgate-dropped")), (200, None));
    let rows = until(async || {
        let rows = master.see("/spend/logs/v2").await["data"].clone();
        rows.as_array().filter(|rows| rows.len() == 6).cloned()
    })
    .await;
    let lost = |status: u64| -> Vec<&Value> {
        rows.iter().filter(|row| row["status_code"] == status).map(|row| &row["dropped_params"]).collect()
    };
    let told = lost(200).into_iter().filter(|names| **names == json!(["user"])).count();
    assert_eq!((lost(200).len(), told, lost(400).len()), (4, 3, 2), "{rows:?}");
}
