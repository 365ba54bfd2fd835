//! Several gateways on one database know each other's answers.

use serde_json::{Value, json};

use super::background::ended;
use super::{config, events, path, respond};
use crate::backs::mock;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::servers::Postgres;

#[tokio::test]
async fn replicas_know_each_others_answers_and_give_up_what_another_one_makes() {
    let (server, mock) = (Postgres::start(), mock("").await);
    let replica = async || Gateway::start_with(&config(&mock, ""), &[], &[("DATABASE_URL", &server.url)]).await;
    let (here, there) = (replica().await, replica().await);
    let (here, there) = (Person::of(&here, MASTER), Person::of(&there, MASTER));
    for stream in [false, true] {
        let made = respond(&here, json!({ "model": "bridged", "input": "hello", "stream": stream })).await;
        let go_on = json!({ "model": "bridged", "input": "go on", "previous_response_id": made["id"] });
        respond(&there, go_on).await;
        assert_eq!(there.see(&path(&made)).await, made);
    }
    let begun = respond(&here, json!({ "model": "slow", "input": "slowly", "background": true })).await;
    assert_eq!(there.see(&path(&begun)).await["status"], "in_progress");
    let at = format!("{}?stream=true", path(&begun));
    let (told, cancelled) = tokio::join!(there.ask("GET", &at, Value::Null), async {
        there.done("POST", &format!("{}/cancel", path(&begun)), Value::Null).await
    });
    let told = events(&told);
    assert_eq!(
        (&told[0]["type"], &told.last().unwrap()["type"]),
        (&json!("response.created"), &json!("response.cancelled"))
    );
    assert_eq!(cancelled["status"], "cancelled", "{cancelled}");
    assert_eq!(ended(&here, &path(&begun)).await["status"], "cancelled");
    let native = respond(&here, json!({ "model": "native", "input": "hello" })).await;
    let shown = there.see(&path(&native)).await;
    assert_eq!(shown["id"], native["id"]);
}
