//! A gateway with everything that there are metrics of, and its page, read.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::page;
use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// The page of a gateway in which everything happened that there are metrics of.
pub async fn eventful_page() -> String {
    let provider = mock("quota=59").await;
    let entry = |name: &str, base: &str, more: &str| {
        format!(
            "- {{model_name: {name}, litellm_params: {{model: openai/demo, api_base: '{base}', api_key: sk-of-the-provider, \
             input_cost_per_token: 0.0001, output_cost_per_token: 0.0001{more}}}}}\n"
        )
    };
    let config = [
        "model_list:\n",
        &entry("paid", &Back::OpenAi.base(&provider.url()), ", rpm: 1000, tpm: 1000000"),
        &entry("shaky", "http://127.0.0.1:9/v1", ""),
        &entry("shaky", "http://127.0.0.1:9/v2", ""),
        &entry("hopeless", "http://127.0.0.1:9/v3", ""),
        &entry("dead", "http://127.0.0.1:9/v4", ""),
        "- {model_name: local, litellm_params: {model: ollama/a, api_base: 'http://127.0.0.1:9'}}\n",
        &format!("general_settings: {{master_key: {MASTER}}}\n"),
        "router_settings: {num_retries: 1, fallbacks: [{shaky: [paid]}, {hopeless: [dead]}], \
         provider_budget_config: {openai: {budget_limit: 100, time_period: 1d}}}\n",
        "litellm_settings: {callbacks: [generic_api], cache: true, cache_params: {type: local}}\n",
        "guardrails: [{guardrail_name: cards, litellm_params: {guardrail: pii, mode: pre_call, \
         pii_entities_config: {CREDIT_CARD: BLOCK}}}]\n",
        "callback_settings: {generic_api: {endpoint: 'http://127.0.0.1:9/'}}\n",
    ];
    let gateway = Gateway::start(&config.concat()).await;
    let master = Person::of(&gateway, MASTER);
    let budget = json!({ "max_budget": 50, "budget_duration": "30d", "rpm_limit": 500, "tpm_limit": 500_000 });
    let with = |more: serde_json::Value| {
        let mut all = budget.clone();
        all.as_object_mut().expect("a map").extend(more.as_object().expect("a map").clone());
        all
    };
    master
        .done("POST", "/organization/new", with(json!({ "organization_id": "acme", "organization_alias": "A" })))
        .await;
    master.done("POST", "/user/new", with(json!({ "user_id": "ann", "auto_create_key": false }))).await;
    let team = json!({ "team_id": "red", "team_alias": "Red", "organization_id": "acme" });
    master.done("POST", "/team/new", with(team)).await;
    let member = json!({ "team_id": "red", "member": { "user_id": "ann", "role": "user" } });
    master.done("POST", "/team/member_add", member).await;
    master.done("POST", "/customer/new", json!({ "user_id": "carl", "max_budget": 5, "budget_duration": "1d" })).await;
    let of_models = json!({ "model_rpm_limit": { "paid": 40 }, "model_tpm_limit": { "paid": 40_000 } });
    let mut project = of_models.clone();
    project["project_alias"] = "P".into();
    project["team_id"] = "red".into();
    master.done("POST", "/project/new", project).await;
    let mut key = with(of_models);
    key["team_id"] = "red".into();
    key["key_alias"] = "reds".into();
    let key = master.done("POST", "/key/generate", key).await["key"].as_str().expect("it is shown").to_owned();
    let person = Person::of(&gateway, key);
    for (model, well) in [("paid", true), ("shaky", true), ("hopeless", false)] {
        for stream in [false, true] {
            let answer = person.send(&Front::Chat.call(model, "hello", stream)).await;
            assert_eq!(answer.status() == 200, well, "{model}: {}", answer.text());
        }
    }
    // Who asks again is given what was said before.
    assert_eq!(person.send(&Front::Chat.call("paid", "hello", false)).await.header("x-lockgate-cache"), Some("hit"));
    // A card is refused by whoever looks for it.
    let mut guarded = Front::Chat.body("paid", "pay with 5555 5555 5555 4444", false);
    guarded["guardrails"] = json!(["cards"]);
    assert_eq!(person.send(&Front::Chat.call_with(guarded)).await.status(), 400);
    // Whoever is told of calls is known to the page a moment after the first one.
    until(async || Some(page(&master).await).filter(|page| page.contains("lockgate_sink_sent_total"))).await
}

/// A metric on the page: its type, the names of its labels, its bounds.
pub type Told<'a> = (&'a str, BTreeSet<&'a str>, BTreeSet<&'a str>);

/// The metrics of a page by their names.
pub fn read(page: &str) -> BTreeMap<&str, Told<'_>> {
    let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let mut all: BTreeMap<_, _> = heads.map(|(name, kind)| (name, (kind, BTreeSet::new(), BTreeSet::new()))).collect();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, rest)) = line.split_once('{') else { continue };
        let parts = ["_bucket", "_sum", "_count"].iter().find_map(|part| name.strip_suffix(part));
        let name = parts.filter(|base| all.contains_key(base)).unwrap_or(name);
        let (_, labels, bounds) = all.get_mut(name).unwrap_or_else(|| panic!("{name} has no type"));
        let (braces, _) = rest.rsplit_once('}').expect("braces end");
        for label in braces.split("\",") {
            match label.split_once("=\"") {
                Some(("le", bound)) => drop(bounds.insert(bound.trim_end_matches('"'))),
                Some((label, _)) => drop(labels.insert(label)),
                None => panic!("{line}"),
            }
        }
    }
    all
}
