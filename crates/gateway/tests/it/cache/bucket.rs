//! Answers in a bucket: of what speaks Amazon's protocol, with signatures, and of Google's, with tokens.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

use super::{config, said};
use crate::backs::mock;
use crate::callers::Front;
use crate::gateway::Gateway;
use crate::manage::{MASTER, Person};
use crate::sinks::ear::until;

/// What a page of names holds at most.
const PAGE: usize = 1;

/// A server with buckets in memory, which wants to be shown something that begins so.
struct Store {
    addr: SocketAddr,
    objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
    listening: JoinHandle<()>,
}

impl Store {
    async fn open(badge: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let addr = listener.local_addr().expect("it is bound");
        let objects = Arc::default();
        let kept = Arc::clone(&objects);
        let listening = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, badge, Arc::clone(&kept)));
            }
        });
        Store { addr, objects, listening }
    }

    fn names(&self) -> Vec<String> {
        self.objects.lock().expect("nobody panicked").keys().cloned().collect()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

async fn serve(mut stream: TcpStream, badge: &'static str, objects: Arc<Mutex<BTreeMap<String, Vec<u8>>>>) {
    let mut inbox = Vec::new();
    while stream.read_buf(&mut inbox).await.is_ok_and(|read| read > 0) {
        let Some(end) = inbox.windows(4).position(|four| four == b"\r\n\r\n") else { continue };
        let head = String::from_utf8_lossy(&inbox[..end]).into_owned();
        let header = |name: &str| {
            head.lines().find_map(|line| line.to_lowercase().strip_prefix(&format!("{name}: ")).map(str::to_owned))
        };
        let length: usize = header("content-length").map_or(0, |length| length.parse().expect("a length"));
        if inbox.len() < end + 4 + length {
            continue;
        }
        let body = inbox[end + 4..end + 4 + length].to_vec();
        inbox.drain(..end + 4 + length);
        let (method, path) = head.split_once(' ').expect("a method");
        let path = path.split(' ').next().expect("a path");
        let shown = header("authorization").unwrap_or_default();
        let (status, said) = match path {
            "/computeMetadata/v1/instance/service-accounts/default/token" => {
                (200, br#"{"access_token": "of-the-machine", "expires_in": 3600, "token_type": "Bearer"}"#.to_vec())
            }
            _ if !shown.starts_with(badge) => (403, b"who is that?".to_vec()),
            path => done(&mut objects.lock().expect("nobody panicked"), method, path, body),
        };
        let head = format!("HTTP/1.1 {status} OK\r\ncontent-length: {}\r\n\r\n", said.len());
        if stream.write_all(&[head.as_bytes(), &said].concat()).await.is_err() {
            return;
        }
    }
}

/// Status and body of an answer.
fn done(objects: &mut BTreeMap<String, Vec<u8>>, method: &str, path: &str, body: Vec<u8>) -> (u16, Vec<u8>) {
    match (method, path.split_once('?')) {
        ("GET", Some((_, query))) => {
            let after = query.split("continuation-token=").nth(1).unwrap_or_default();
            let mut behind = objects.keys().filter(|key| key.as_str() > after);
            let keys: Vec<&String> = behind.by_ref().take(PAGE).collect();
            let more = behind.next().and(keys.last());
            let next = more.map(|key| format!("<NextContinuationToken>{key}</NextContinuationToken>"));
            let keys: String = keys.iter().map(|key| format!("<Contents><Key>{key}</Key></Contents>")).collect();
            (200, format!("<ListBucketResult>{keys}{}</ListBucketResult>", next.unwrap_or_default()).into_bytes())
        }
        (method, _) => {
            let name = path.strip_prefix("/answers/").expect("the bucket's path").replace("%3A", ":");
            match method {
                "PUT" => (200, objects.insert(name, body).map(|_| Vec::new()).unwrap_or_default()),
                "DELETE" => (if objects.remove(&name).is_some() { 204 } else { 404 }, Vec::new()),
                _ => objects.get(&name).map_or((404, b"<Error/>".to_vec()), |object| (200, object.clone())),
            }
        }
    }
}

async fn open(config: &str, environment: &[(&str, &str)]) -> Gateway {
    let gateway = Gateway::start_with(config, &[], environment).await;
    until(async || {
        let stats = Person::of(&gateway, MASTER).see("/cache/stats").await;
        (stats["is_there"] == json!(true)).then_some(())
    })
    .await;
    gateway
}

/// What is shown at a bucket, the terms under which it is used, and the environment.
async fn shared_by_processes(store: &Store, kind: &str, terms: &str, environment: &[(&str, &str)]) {
    let provider = mock("").await;
    let config = config(&provider, terms);
    let ask = async |gateway: &Gateway, stream: bool| {
        Person::of(gateway, MASTER).send(&Front::Chat.call("demo", "hello", stream)).await
    };
    let gateway = open(&config, environment).await;
    let (whole, streamed) = (ask(&gateway, false).await, ask(&gateway, true).await);
    assert_eq!([said(&whole), said(&streamed)], ["miss"; 2]);
    until(async || (store.names().len() == 2).then_some(())).await;
    assert!(store.names().iter().all(|name| name.starts_with("ours/lockgate-answers/")), "{:?}", store.names());
    let other = open(&config, environment).await;
    for (stream, first) in [(false, &whole), (true, &streamed)] {
        let again = ask(&other, stream).await;
        assert_eq!((said(&again), again.text()), ("hit", first.text()));
    }
    assert_eq!(provider.requests().len(), 2);
    let master = Person::of(&other, MASTER);
    assert_eq!(master.see("/cache/ping").await["cache_type"], kind);
    assert_eq!(master.done("POST", "/cache/flushall", json!({})).await["deleted"], 2, "page by page");
    assert!(store.names().is_empty());
    assert_eq!(said(&ask(&other, false).await), "miss");
}

#[tokio::test]
async fn processes_share_answers_in_a_bucket_that_wants_signatures() {
    let store = Store::open("aws4-hmac-sha256 credential=akid/").await;
    let terms = format!(
        "type: s3, s3_bucket_name: answers, s3_path: ours, s3_endpoint_url: 'http://{}', s3_region_name: eu-central-1, \
         s3_aws_access_key_id: AKID, s3_aws_secret_access_key: secret",
        store.addr
    );
    shared_by_processes(&store, "s3", &terms, &[]).await;
}

#[tokio::test]
async fn processes_share_answers_in_a_bucket_of_googles_that_wants_tokens() {
    let store = Store::open("bearer of-the-machine").await;
    let terms =
        format!("type: gcs, gcs_bucket_name: answers, gcs_path: ours, gcs_endpoint_url: 'http://{}'", store.addr);
    let host = store.addr.to_string();
    let alone = [("GCE_METADATA_HOST", host.as_str()), ("HOME", "/nowhere")];
    shared_by_processes(&store, "gcs", &terms, &alone).await;
}

#[tokio::test]
async fn without_its_bucket_the_gateway_serves_all_the_same() {
    let store = Store::open("aws4-hmac-sha256").await;
    let provider = mock("").await;
    let terms = format!(
        "type: s3, s3_bucket_name: answers, s3_path: ours, s3_endpoint_url: 'http://{}', s3_aws_access_key_id: AKID, \
         s3_aws_secret_access_key: secret, default_in_memory_ttl: 0",
        store.addr
    );
    let gateway = open(&config(&provider, &terms), &[]).await;
    drop(store);
    for n in 0..8 {
        let answer = Person::of(&gateway, MASTER).send(&Front::Chat.call("demo", &format!("number {n}"), false)).await;
        assert_eq!(said(&answer), "miss");
    }
    assert_eq!(provider.requests().len(), 8);
}
