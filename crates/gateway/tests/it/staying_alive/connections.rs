//! Connections to providers: kept and used again, and replaced unseen when one dies while nobody looks.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;

use super::{chat, number};
use crate::backs::{Back, Config, mock};
use crate::callers::Front;
use crate::gateway::Gateway;

/// A whole answer of OpenAI's, on a connection that could go on.
const ANSWER: &str = r#"{"id":"x","object":"chat.completion","created":1,"model":"demo","choices":[{"index":0,"message":{"role":"assistant","content":"fine"},"finish_reason":"stop"}],"usage":{"prompt_tokens":1,"completion_tokens":1,"total_tokens":2}}"#;

/// A provider that answers one request per connection, and then does to the connection what `after` says.
struct Fickle {
    root: String,
    /// Connections so far.
    opened: Arc<AtomicUsize>,
    /// Connections that ended.
    ended: Arc<Semaphore>,
}

/// What becomes of a connection after an answer that did not announce its end.
#[derive(Clone, Copy)]
enum After {
    /// It is closed at once.
    Close,
    /// It is reset at once.
    Reset,
    /// It is closed when the next request comes in.
    CloseOnRequest,
}

impl Fickle {
    async fn start(after: After) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let root = format!("http://{}", listener.local_addr().expect("it is bound"));
        let (opened, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let (count, over) = (opened.clone(), ended.clone());
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                count.fetch_add(1, Relaxed);
                let over = over.clone();
                tokio::spawn(async move {
                    answer_once(stream, after).await;
                    over.add_permits(1);
                });
            }
        });
        Fickle { root, opened, ended }
    }
}

async fn answer_once(mut stream: TcpStream, after: After) {
    let mut buffer = vec![0; 64 << 10];
    // Requests of these tests fit into one read.
    let _ = stream.read(&mut buffer).await;
    let length = ANSWER.len();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{ANSWER}");
    let _ = stream.write_all(head.as_bytes()).await;
    match after {
        After::Close => {}
        After::Reset => drop(stream.set_zero_linger()),
        After::CloseOnRequest => drop(stream.read(&mut buffer).await),
    }
}

#[tokio::test]
async fn a_connection_that_died_while_it_waited_is_replaced_unseen() {
    for after in [After::Close, After::Reset] {
        let fickle = Fickle::start(after).await;
        let config = Config::default().deployment("demo", Back::OpenAi, &fickle.root, "");
        let gateway = Gateway::start(&config.yaml()).await;
        for round in 1..=20 {
            let answer = chat(&gateway, "demo").await;
            assert_eq!((answer.status(), number(&answer, "x-litellm-attempted-retries")), (200, 0), "round {round}");
            fickle.ended.acquire().await.expect("nobody closes it").forget();
        }
        assert_eq!(fickle.opened.load(Relaxed), 20);
    }
}

#[tokio::test]
async fn a_connection_that_dies_as_the_next_request_goes_out_is_replaced_unseen() {
    let fickle = Fickle::start(After::CloseOnRequest).await;
    let config = Config::default().deployment("demo", Back::OpenAi, &fickle.root, "");
    let gateway = Gateway::start(&config.yaml()).await;
    for round in 1..=20 {
        let answer = chat(&gateway, "demo").await;
        assert_eq!((answer.status(), number(&answer, "x-litellm-attempted-retries")), (200, 0), "round {round}");
    }
}

#[tokio::test]
async fn connections_to_a_provider_are_used_again() {
    let provider = mock("").await;
    let gateway = Gateway::start(&Config::of(&provider).yaml()).await;
    for _ in 0..50 {
        for stream in [false, true] {
            let answer = gateway.call(&Front::Chat.call("demo", "hello", stream)).await;
            assert!(Front::Chat.hear(&answer).is_success());
        }
    }
    let open = provider.stats().connections;
    assert!(open <= 2, "{open} connections for one call at a time and two workers");
}
