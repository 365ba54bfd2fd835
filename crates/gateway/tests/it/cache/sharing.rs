//! Who is given whose answers.

use serde_json::{Value, json};

use super::{keeping, said};
use crate::backs::asked;
use crate::callers::Front;
use crate::client::{Answer, Call};
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};

async fn key(gateway: &Gateway, fields: Value) -> String {
    let made = Person::of(gateway, MASTER).done("POST", "/key/generate", fields).await;
    made["key"].as_str().expect("it is shown").to_owned()
}

async fn ask(gateway: &Gateway, key: &str, call: &Call) -> Answer {
    Person::of(gateway, key).send(call).await
}

/// The names of an answer's headers.
fn names(answer: &Answer) -> Vec<&str> {
    answer.head.headers.iter().map(|(name, _)| name.as_str()).collect()
}

#[tokio::test]
async fn nobody_gets_or_learns_of_an_answer_to_somebody_else() {
    let (provider, gateway) = keeping("").await;
    let (one, other) = (key(&gateway, json!({})).await, key(&gateway, json!({})).await);
    for stream in [false, true] {
        let call = Front::Chat.call("demo", "a secret question", stream);
        let first = ask(&gateway, &one, &call).await;
        assert_eq!(said(&ask(&gateway, &one, &call).await), "hit");
        let strange = ask(&gateway, &other, &call).await;
        // What the second one gets is what it would get if nobody had asked before.
        assert_eq!((said(&strange), names(&strange)), ("miss", names(&first)));
        assert_ne!(strange.header("x-litellm-cache-key"), first.header("x-litellm-cache-key"));
        assert_eq!(asked(&provider, "a secret question").len(), 2);
        let own = ask(&gateway, &one, &call).await;
        let taken = own.header("x-litellm-cache-key").unwrap();
        // Not by naming its key or its place either.
        let mut sly = Front::Chat.body("demo", "a secret question", stream);
        sly["cache"] = json!({ "namespace": taken, "use-cache": true });
        assert_eq!(said(&ask(&gateway, &other, &Front::Chat.call_with(sly)).await), "miss");
        provider.clear();
    }
}

#[tokio::test]
async fn teams_share_where_the_configuration_says_so() {
    let (provider, gateway) = keeping("scope: team").await;
    let master = Person::of(&gateway, MASTER);
    for team in ["red", "blue"] {
        master.done("POST", "/team/new", json!({ "team_id": team })).await;
    }
    let of_team = async |team: &str| key(&gateway, json!({ "team_id": team })).await;
    let (ann, bob, eve) = (of_team("red").await, of_team("red").await, of_team("blue").await);
    let alone = key(&gateway, json!({})).await;
    let call = Front::Chat.call("demo", "hello", false);
    for (key, expected) in [(&ann, "miss"), (&bob, "hit"), (&eve, "miss"), (&alone, "miss"), (&ann, "hit")] {
        assert_eq!(said(&ask(&gateway, key, &call).await), expected);
    }
    assert_eq!(provider.requests().len(), 3);
}

#[tokio::test]
async fn whoever_may_not_call_a_model_gets_no_answer_of_it() {
    let (_provider, gateway) = keeping("group_scopes: {demo: gateway}").await;
    let (may, may_not) = (key(&gateway, json!({})).await, key(&gateway, json!({ "models": ["other"] })).await);
    let call = Front::Chat.call("demo", "hello", false);
    assert_eq!([said(&ask(&gateway, &may, &call).await), said(&ask(&gateway, &may, &call).await)], ["miss", "hit"]);
    let refused = ask(&gateway, &may_not, &call).await;
    assert!([401, 403].contains(&refused.status()), "{}", refused.text());
    let limited = key(&gateway, json!({ "rpm_limit": 1 })).await;
    assert_eq!(said(&ask(&gateway, &limited, &call).await), "hit");
    assert_eq!(ask(&gateway, &limited, &call).await.status(), 429, "an answer that is there counts as a call");
}

#[tokio::test]
async fn a_key_says_of_caching_what_it_may_say() {
    let (_provider, gateway) = keeping("").await;
    let free = key(&gateway, json!({})).await;
    let bound = key(&gateway, json!({ "allowed_cache_controls": ["no-store"] })).await;
    let call = Front::Chat.call("demo", "hello", false);
    let anew = call.clone().header("cache-control", "no-cache");
    for (key, expected) in [(&free, "miss"), (&bound, "hit")] {
        assert_eq!(said(&ask(&gateway, key, &call).await), "miss");
        assert_eq!(said(&ask(&gateway, key, &anew).await), expected);
    }
    let mut quiet = Front::Chat.body("demo", "another", false);
    quiet["cache"] = json!({ "no-store": true });
    for _ in 0..2 {
        assert_ne!(said(&ask(&gateway, &bound, &Front::Chat.call_with(quiet.clone())).await), "hit");
    }
}
