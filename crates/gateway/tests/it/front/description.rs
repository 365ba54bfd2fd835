//! The description of the API: what it says is there is there, and asks for a key where it says so.

use serde_json::Value;

use crate::backs::{Config, mock};
use crate::client::Call;
use crate::gateway::Gateway;
use crate::manage::Office;

/// A page as a browser asks for it.
fn browse(path: &str) -> Call {
    Call::get(path).header("accept", "text/html,application/xhtml+xml,*/*;q=0.8")
}

#[tokio::test]
async fn whatever_is_described_is_there_and_asks_for_a_key_where_it_says_so() {
    let office = Office::open("").await;
    let answer = office.gateway.call(&Call::get("/openapi.json")).await;
    assert_eq!((answer.status(), answer.header("content-type")), (200, Some("application/json")));
    let description = answer.json();
    assert_eq!(description["openapi"], "3.1.0");
    let mut count = 0;
    for (path, methods) in description["paths"].as_object().expect("paths") {
        let parts = path.replace('{', "\n{").replace('}', "}\n");
        let filled: String =
            parts.split('\n').map(|part| if part.starts_with('{') { "nothing" } else { part }).collect();
        for (method, operation) in methods.as_object().expect("methods") {
            let call = Call::new(&method.to_uppercase(), &filled).body("{}");
            let status = office.gateway.call(&call).await.status();
            match operation["security"].as_array() {
                None => assert_eq!(status, 401, "{method} {path}"),
                // Who signs in with nothing is not let in either.
                Some(_) => assert!([200, 400, 401, 404, 422].contains(&status), "{method} {path}: {status}"),
            }
            count += 1;
        }
    }
    assert!(count > 220, "{count}");
    let listed = office.master().see("/routes").await;
    for route in listed["routes"].as_array().expect("a list") {
        let path = route["path"].as_str().expect("a path").replace("{*", "{");
        let method = route["methods"][0].as_str().expect("a method").to_lowercase();
        assert!(description["paths"][&path][&method].is_object(), "{method} {path} is not described");
    }
}

#[tokio::test]
async fn what_is_described_as_required_is_asked_for_and_nothing_else_is() {
    let office = Office::open("").await;
    let description = office.gateway.call(&Call::get("/openapi.json")).await.json();
    let listed = office.master().see("/routes").await;
    for route in listed["routes"].as_array().expect("a list") {
        let path = route["path"].as_str().expect("a path").replace("{*", "{");
        let method = route["methods"][0].as_str().expect("a method");
        // These change everything at once.
        if ["/global/spend/reset", "/credentials/migrate-encryption", "/logout"].contains(&&*path) {
            continue;
        }
        let operation = &description["paths"][&path][method.to_lowercase()];
        let schema = &operation["requestBody"]["content"]["application/json"]["schema"];
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let in_query = parameters.iter().filter(|one| one["in"] == "query" && one["required"] == true);
        let mut needed: Vec<Value> = schema["required"].as_array().cloned().unwrap_or_default();
        needed.extend(in_query.map(|one| one["name"].clone()));
        let filled = path.replace('{', "nothing").replace('}', "");
        let answer = office.master().ask(method, &filled, serde_json::json!({})).await;
        let missing: Vec<Value> = match answer.status() {
            422 => answer.json()["detail"].as_array().into_iter().flatten().map(|one| one["loc"][1].clone()).collect(),
            _ => Vec::new(),
        };
        let sorted = |mut names: Vec<Value>| {
            names.sort_by_key(ToString::to_string);
            names
        };
        assert_eq!(sorted(missing), sorted(needed), "{method} {path}: {}", answer.text());
    }
}

#[tokio::test]
async fn browsers_find_the_page_at_the_root_and_programs_who_answers_there() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    let root = gateway.call(&browse("/")).await;
    assert_eq!((root.status(), root.header("location")), (307, Some("/docs")));
    assert_eq!(gateway.call(&Call::get("/")).await.json()["name"], "lockgate");
    for path in ["/docs", "/docs/docs.js", "/docs/docs.css"] {
        let page = gateway.call(&browse(path)).await;
        let policy = page.header("content-security-policy").unwrap_or_default().to_owned();
        assert_eq!((page.status(), policy.contains("script-src 'self'")), (200, true), "{path}");
        assert!(!page.text().contains("https://"), "{path} loads something from elsewhere");
    }
}

#[tokio::test]
async fn an_operator_closes_the_page_or_leads_the_root_elsewhere() {
    let provider = mock("").await;
    let config = Config::of(&provider).yaml();
    let statuses = async |environment: &[(&str, &str)]| {
        let gateway = Gateway::start_with(&config, &[], environment).await;
        let root = gateway.call(&browse("/")).await;
        let (page, description) =
            (gateway.call(&browse("/docs")).await, gateway.call(&Call::get("/openapi.json")).await);
        (root.header("location").map(str::to_owned), page.status(), description.status())
    };
    assert_eq!(statuses(&[("NO_DOCS", "True")]).await, (None, 404, 200));
    assert_eq!(statuses(&[("NO_OPENAPI", "True")]).await, (None, 404, 404));
    assert_eq!(statuses(&[("ROOT_REDIRECT_URL", "/ui")]).await, (Some("/ui".to_owned()), 200, 200));
}
