use std::rc::Rc;
use std::sync::{Arc, Weak};
use std::time::Instant;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, spawn_local};
use tokio::time::{sleep, timeout};
use types::{Fault, FaultKind};

use super::*;

/// Runs `test` on a runtime like a worker's.
fn run<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build_local(Default::default())
        .unwrap()
        .block_on(test());
}

/// Reads one request (head and declared body) off a connection.
async fn request(stream: &mut TcpStream) -> Option<String> {
    let mut seen = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&seen).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                return Some(text);
            }
        }
        if stream.read_buf(&mut seen).await.ok()? == 0 {
            return None;
        }
    }
}

/// A server whose connections each get the given answers, one per request, in writes of `step` bytes, and are closed.
async fn server(connections: Vec<Vec<&'static str>>, step: usize) -> (Endpoint, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Endpoint::parse(&format!("http://{}/base", listener.local_addr().unwrap())).unwrap();
    let served = spawn_local(async move {
        let mut seen = Vec::new();
        for answers in connections {
            let (mut stream, _) = listener.accept().await.unwrap();
            stream.set_nodelay(true).unwrap();
            for answer in answers {
                let Some(text) = request(&mut stream).await else { break };
                seen.push(text);
                for piece in answer.as_bytes().chunks(step) {
                    let _ = stream.write_all(piece).await;
                    tokio::task::yield_now().await;
                }
            }
        }
        seen
    });
    (endpoint, served)
}

async fn post(client: &Client, endpoint: &Endpoint) -> Result<(u16, Bytes), Fault> {
    let headers = HeaderMap::new();
    let body = [Bytes::from_static(b"{\"a\""), Bytes::from_static(b":1}")];
    let call = Call {
        endpoint,
        method: "POST",
        path: "/base/chat",
        headers: &headers,
        body: &body,
        connect_timeout: Duration::from_secs(5),
        claim: None,
        sent: None,
    };
    let reply = client.call(&call).await?;
    Ok((reply.status, reply.body.collect(1 << 20).await?))
}

#[test]
fn answers_are_read_in_every_framing_and_however_they_are_cut() {
    let answers = [
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2;x=y\r\nlo\r\n0\r\nt: 1\r\n\r\n",
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
        "HTTP/1.0 200 OK\r\n\r\nhello",
    ];
    for answer in answers {
        for step in [1, 2, 7, 1000] {
            run(|| async move {
                let (endpoint, served) = server(vec![vec![answer]], step).await;
                let (status, body) = post(&Client::default(), &endpoint).await.unwrap();
                assert_eq!((status, &body[..]), (200, &b"hello"[..]), "{answer:?} in steps of {step}");
                let seen = served.await.unwrap();
                assert!(seen[0].starts_with("POST /base/chat HTTP/1.1\r\nhost: 127.0.0.1:"), "{seen:?}");
                assert!(seen[0].ends_with("content-length: 7\r\n\r\n{\"a\":1}"), "{seen:?}");
            });
        }
    }
}

#[test]
fn a_connection_is_used_again_and_replaced_when_it_died_in_between() {
    run(|| async {
        let ok = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";
        let (endpoint, served) = server(vec![vec![ok, ok], vec![ok]], 1000).await;
        let client = Client::default();
        for _ in 0..3 {
            assert_eq!(post(&client, &endpoint).await.unwrap().1, "ok");
        }
        assert_eq!(served.await.unwrap().len(), 3);
    });
}

#[test]
fn a_lying_or_dying_provider_is_a_fault_of_the_right_kind() {
    let cases = [
        ("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello", FaultKind::Cut),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhel", FaultKind::Cut),
        ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n", FaultKind::Malformed),
        ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello", FaultKind::Malformed),
        ("SSH-2.0-OpenSSH\r\n", FaultKind::Malformed),
        ("HTTP/1.1 200 OK\r\ncontent-le", FaultKind::Cut),
        ("", FaultKind::Cut),
    ];
    for (answer, kind) in cases {
        run(|| async move {
            let (endpoint, _served) = server(vec![vec![answer]], 1000).await;
            assert_eq!(post(&Client::default(), &endpoint).await.unwrap_err().kind, kind, "{answer:?}");
        });
    }
}

#[test]
fn nobody_listening_is_a_connect_fault_that_names_no_address() {
    run(|| async {
        let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let endpoint = Endpoint::parse(&format!("http://{free}")).unwrap();
        let fault = post(&Client::default(), &endpoint).await.unwrap_err();
        assert_eq!(fault.kind, FaultKind::Connect);
        assert_eq!(fault.message, "the provider could not be reached: connection refused");
    });
}

/// Begins to read an answer without an end, and hangs up after its first byte. The provider's side of the connection,
/// and whether the call still occupies what it claimed.
async fn hung_up_on() -> (TcpStream, Weak<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = Rc::new(Endpoint::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap());
    let claim = Arc::new(());
    let claimed = Arc::downgrade(&claim);
    let asked = spawn_local(async move {
        let headers = HeaderMap::new();
        let call = Call {
            endpoint: &endpoint,
            method: "POST",
            path: "/",
            headers: &headers,
            body: &[],
            connect_timeout: Duration::from_secs(5),
            claim: Some(claim),
            sent: None,
        };
        let mut reply = Client::default().call(&call).await.unwrap();
        assert_eq!(reply.body.piece().await.unwrap().unwrap(), "x");
    });
    let (mut stream, _) = listener.accept().await.unwrap();
    request(&mut stream).await.unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\nx").await.unwrap();
    asked.await.unwrap();
    (stream, claimed)
}

async fn let_go_of(claimed: &Weak<()>) {
    while claimed.strong_count() > 0 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn what_a_call_claims_is_held_until_the_provider_has_closed_its_side_too() {
    run(|| async {
        let (mut stream, claimed) = hung_up_on().await;
        assert_eq!(stream.read(&mut [0; 8]).await.unwrap_or(0), 0, "the provider sees the end");
        assert_eq!(claimed.strong_count(), 1, "it may be at work still");
        drop(stream);
        timeout(Duration::from_secs(5), let_go_of(&claimed)).await.unwrap();
    });
}

#[test]
fn a_provider_that_does_not_listen_is_cut_off_within_half_a_second() {
    run(|| async {
        let (mut stream, claimed) = hung_up_on().await;
        let hung_up = Instant::now();
        // It only ever writes, so only a reset tells it.
        while stream.write_all(&[b'x'; 100]).await.is_ok() {
            sleep(Duration::from_millis(5)).await;
        }
        assert!(hung_up.elapsed() < Duration::from_millis(500), "{:?}", hung_up.elapsed());
        timeout(Duration::from_secs(5), let_go_of(&claimed)).await.unwrap();
    });
}

#[test]
fn what_a_call_claims_is_free_when_its_answer_is_read() {
    run(|| async {
        for answer in ["HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", "HTTP/1.0 200 OK\r\n\r\nok"] {
            let (endpoint, _served) = server(vec![vec![answer]], 1000).await;
            let claim = Arc::new(());
            let (headers, connect_timeout) = (HeaderMap::new(), Duration::from_secs(5));
            let claimed: Option<Claim> = Some(claim.clone());
            let call = Call {
                endpoint: &endpoint,
                method: "POST",
                path: "/",
                headers: &headers,
                body: &[],
                connect_timeout,
                claim: claimed.clone(),
                sent: None,
            };
            let reply = Client::default().call(&call).await.unwrap();
            drop((call, claimed));
            assert_eq!(Arc::strong_count(&claim), 2, "the answer is not read yet");
            assert_eq!(reply.body.collect(10).await.unwrap(), "ok");
            assert_eq!(Arc::strong_count(&claim), 1, "{answer}");
        }
    });
}

#[test]
fn addresses_are_checked() {
    for (url, expected) in [
        ("http://localhost:11434", Ok("http://localhost:11434")),
        ("https://api.example.com/v1/", Ok("https://api.example.com/v1")),
        ("http://[::1]:80/x", Ok("http://[::1]:80/x")),
        ("api.example.com", Err("must begin with http")),
        ("ftp://x", Err("must begin with http")),
        ("https://user:pw@x/", Err("user name")),
        ("https://x/?key=1", Err("query")),
    ] {
        match (Endpoint::parse(url), expected) {
            (Ok(endpoint), Ok(expected)) => assert_eq!(endpoint.url(), expected),
            (Err(error), Err(expected)) => assert!(error.contains(expected), "{url}: {error}"),
            (got, _) => panic!("{url}: {got:?}"),
        }
    }
}
