//! The page of the documentation about keys: what it tells people to send is done.

use serde_json::Value;

use super::Office;

const GUIDE: &str = include_str!("../../../../../docs/keys.md");

#[tokio::test]
async fn every_request_in_the_guide_is_done_as_it_stands_there() {
    let office = Office::open("").await;
    let master = office.master();
    let (mut newest, mut sent) = (String::new(), 0);
    let requests = GUIDE.lines().filter(|line| line.starts_with("GET /") || line.starts_with("POST /"));
    for line in requests {
        let line = line.replace("sk-...", &newest);
        let mut parts = line.splitn(3, ' ');
        let (method, path) = (parts.next().unwrap(), parts.next().unwrap());
        let body = parts.next().map_or(Value::Null, |body| serde_json::from_str(body).expect("a body is JSON"));
        let answer = master.ask(method, path, body).await;
        assert_eq!(answer.status(), 200, "{line}: {}", answer.text());
        let made = serde_json::from_str::<Value>(&answer.text()).unwrap_or_default();
        if let Some(key) = made["key"].as_str().filter(|key| key.starts_with("sk-")) {
            key.clone_into(&mut newest);
        }
        sent += 1;
    }
    assert!(sent > 15, "{sent} requests");
}
