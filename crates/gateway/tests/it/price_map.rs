//! The price map that an address names: asked in the background, never waited for, believed only if it makes sense.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::Gateway;

/// A server of price maps: each path is a way of answering.
struct Maps {
    addr: SocketAddr,
    asked: Arc<Mutex<Vec<String>>>,
}

impl Maps {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let asked = Arc::new(Mutex::new(Vec::new()));
        let paths = asked.clone();
        tokio::spawn(async move {
            // Connections that nobody answers stay open.
            let mut silent = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let path = read_path(&mut stream).await;
                let answer = answer(&path);
                paths.lock().expect("nobody panics here").push(path);
                match answer {
                    Some(answer) => stream.write_all(answer.as_bytes()).await.unwrap_or_default(),
                    None => silent.push(stream),
                }
            }
        });
        Maps { addr, asked }
    }

    fn asked(&self) -> Vec<String> {
        self.asked.lock().expect("nobody panics here").clone()
    }

    /// A configuration with a model that only these maps know, at `path`.
    fn config(&self, models: &Config, path: &str) -> String {
        format!("{}litellm_settings: {{model_cost_map_url: 'http://{}{path}'}}\n", models.yaml(), self.addr)
    }
}

async fn read_path(stream: &mut TcpStream) -> String {
    let mut head = vec![0; 4096];
    let length = stream.read(&mut head).await.unwrap_or(0);
    let head = String::from_utf8_lossy(&head[..length]).into_owned();
    head.split(' ').nth(1).unwrap_or_default().to_owned()
}

fn answer(path: &str) -> Option<String> {
    let ok = |body: String| format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    match path {
        "/map.json?raw=1" => Some(ok(map(3000))),
        "/cut.json" => Some(ok(map(60))),
        "/page" => Some(ok("<html>welcome</html>".to_owned())),
        "/moved" => Some("HTTP/1.1 302 Found\r\nlocation: /map.json?raw=1\r\ncontent-length: 0\r\n\r\n".to_owned()),
        "/silent" => None,
        _ => Some("HTTP/1.1 500 Oops\r\ncontent-length: 0\r\n\r\n".to_owned()),
    }
}

/// A map of so many models, one of which is the one that is configured.
fn map(models: usize) -> String {
    let price = r#"{"litellm_provider": "openai", "input_cost_per_token": 1e-6, "output_cost_per_token": 2e-6}"#;
    let entries: Vec<String> = (1..models).map(|nth| format!("\"model-{nth}\": {price}")).collect();
    format!("{{\"demo\": {price}, {}}}", entries.join(", "))
}

/// Whether the gateway says that it does not know the price of the model.
async fn price_is_unknown(gateway: &Gateway) -> bool {
    let answer = gateway.call(&Call::new("POST", "/config/reload")).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.text().contains("the price of openai/demo is not known")
}

#[tokio::test]
async fn prices_come_from_an_address_and_outlive_it() {
    let (provider, maps) = (mock("").await, Maps::start().await);
    let models = Config::of(&provider);
    let gateway = Gateway::start(&maps.config(&models, "/map.json?raw=1")).await;
    gateway.logged("prices were updated").await;
    assert!(!price_is_unknown(&gateway).await);
    // Elsewhere there is another map: its predecessor does not stand in for it.
    gateway.reconfigure(&maps.config(&models, "/gone"));
    gateway.logged("the price map cannot be had: the answer has status 500").await;
    assert!(price_is_unknown(&gateway).await);
    gateway.reconfigure(&maps.config(&models, "/map.json?raw=1"));
    gateway.logged("configuration reloaded").await;
    assert!(!price_is_unknown(&gateway).await);
}

#[tokio::test]
async fn what_makes_no_sense_is_not_believed() {
    let (provider, maps) = (mock("").await, Maps::start().await);
    let models = Config::of(&provider);
    for (path, why) in [
        ("/cut.json", "it has 60 models where there were 4"),
        ("/page", "expected a value at byte 0"),
        ("/moved", "the answer has status 302"),
    ] {
        let gateway = Gateway::start(&maps.config(&models, path)).await;
        gateway.logged(&format!("the price map cannot be had: {why}")).await;
        assert!(price_is_unknown(&gateway).await, "{path}");
    }
    assert_eq!(maps.asked(), ["/cut.json", "/page", "/moved"], "a redirect is not followed");
}

#[tokio::test]
async fn nobody_waits_for_a_price_map() {
    let (provider, maps) = (mock("").await, Maps::start().await);
    let gateway = Gateway::start(&maps.config(&Config::of(&provider), "/silent")).await;
    assert_eq!(gateway.call(&Front::Chat.call("demo", "hello", false)).await.status(), 200);
}
