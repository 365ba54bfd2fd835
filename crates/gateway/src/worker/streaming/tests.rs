use http_body::Frame;
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;

/// A body that says what a test tells it.
struct Told(UnboundedReceiver<Result<&'static str, axum::Error>>);

impl Body for Told {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        self.0
            .poll_recv(cx)
            .map(|piece| piece.map(|piece| piece.map(|text| Frame::data(Bytes::from_static(text.as_bytes())))))
    }
}

type Teller = UnboundedSender<Result<&'static str, axum::Error>>;

/// An answer on a connection that holds so many bytes: who tells what it says, itself, and the caller's end.
fn answer(room: usize) -> (Teller, Streaming<DuplexStream>, DuplexStream) {
    let (teller, told) = unbounded_channel();
    let (ours, callers) = duplex(room);
    let mut response = Response::new(OutBody::control(axum::body::Body::new(Told(told))));
    response.headers_mut().insert("content-length", "7".try_into().expect("a header"));
    response.headers_mut().insert("x-kind", "stream".try_into().expect("a header"));
    (teller, Streaming::new(Patient::new(ours), response, false, Bytes::new()), callers)
}

async fn heard(callers: &mut DuplexStream) -> String {
    let mut all = String::new();
    callers.read_to_string(&mut all).await.expect("it ends");
    all
}

#[tokio::test]
async fn what_is_there_is_one_chunk_however_little_the_connection_takes_at_a_time() {
    for room in [1, 7, 64, 4096] {
        let (teller, streaming, mut callers) = answer(room);
        ["one, ", "", "two, ", "three"].iter().for_each(|piece| teller.send(Ok(piece)).expect("it is heard"));
        drop(teller);
        let (ended, all) = tokio::join!(async { streaming.await.map(drop) }, heard(&mut callers));
        assert!(ended.is_ok());
        let (head, body) = all.split_once("\r\n\r\n").expect("a head");
        assert!(
            head.starts_with("HTTP/1.1 200 OK\r\nx-kind: stream\r\ntransfer-encoding: chunked\r\ndate: "),
            "{head}"
        );
        assert!(!head.contains("content-length") && !head.contains("connection"), "{head}");
        assert_eq!(body, "f\r\none, two, three\r\n0\r\n\r\n");
    }
}

#[tokio::test]
async fn pieces_go_out_as_they_come_and_the_head_before_them() {
    let (teller, streaming, mut callers) = answer(4096);
    let reads = async {
        let mut room = [0; 4096];
        let mut all = Vec::new();
        for piece in [None, Some("one"), Some("two")] {
            piece.into_iter().for_each(|piece| teller.send(Ok(piece)).expect("it is heard"));
            let read = callers.read(&mut room).await.expect("something comes");
            all.push(String::from_utf8_lossy(&room[..read]).into_owned());
        }
        drop(teller);
        all.push(heard(&mut callers).await);
        all
    };
    let (ended, all) = tokio::join!(async { streaming.await.map(drop) }, reads);
    assert!(ended.is_ok() && all[0].ends_with("GMT\r\n\r\n"), "{all:?}");
    assert_eq!(all[1..], ["3\r\none\r\n", "3\r\ntwo\r\n", "0\r\n\r\n"]);
}

#[tokio::test]
async fn what_came_of_the_next_request_is_read_again() {
    let (teller, mut streaming, mut callers) = answer(4096);
    streaming.early = Bytes::from_static(b"GET");
    callers.write_all(b" / HTTP").await.expect("it is taken");
    drop(teller);
    let mut caller = streaming.await.expect("it ends well");
    let mut next = [0; 10];
    caller.read_exact(&mut next).await.expect("it is there");
    assert_eq!(&next, b"GET / HTTP");

    let (teller, streaming, mut callers) = answer(4096);
    callers.write_all(b"GET /").await.expect("it is taken");
    teller.send(Ok("one")).expect("it is heard");
    drop(teller);
    let mut caller = streaming.await.expect("it ends well");
    let mut next = [0; 5];
    caller.read_exact(&mut next).await.expect("it is there");
    assert_eq!(&next, b"GET /");
}

#[tokio::test]
async fn a_caller_who_leaves_ends_the_answer() {
    let (teller, streaming, callers) = answer(4096);
    drop(callers);
    assert!(streaming.await.is_err());
    assert!(teller.is_closed(), "nobody is told any more");
}

#[tokio::test]
async fn an_answer_that_breaks_has_no_end() {
    let (teller, streaming, mut callers) = answer(4096);
    teller.send(Ok("one")).expect("it is heard");
    teller.send(Err(axum::Error::new("broken"))).expect("it is heard");
    assert!(streaming.await.is_err());
    assert!(heard(&mut callers).await.ends_with("\r\n\r\n3\r\none\r\n"));
}

#[test]
fn only_callers_who_know_chunks_are_answered_here_and_some_want_the_connection_closed() {
    let check = |version, headers: &[(&str, &str)], expected| {
        let request = headers
            .iter()
            .fold(Request::builder().version(version), |request, (name, value)| request.header(*name, *value));
        assert_eq!(closes_behind(&request.body(()).expect("a request")), expected, "{version:?} {headers:?}");
    };
    check(Version::HTTP_11, &[], Some(false));
    check(Version::HTTP_11, &[("connection", "keep-alive")], Some(false));
    check(Version::HTTP_11, &[("connection", "close")], Some(true));
    check(Version::HTTP_11, &[("connection", "te"), ("connection", "x, Close")], Some(true));
    check(Version::HTTP_11, &[("expect", "100-continue")], None);
    check(Version::HTTP_10, &[("connection", "keep-alive")], None);
}

#[test]
fn who_is_told_that_the_connection_closes_is_told_so_in_the_head() {
    let head = |closes| String::from_utf8(head(&Response::new(OutBody::whole(Bytes::new())), closes).to_vec());
    assert!(head(true).expect("text").contains("\r\nconnection: close\r\n"));
    assert!(!head(false).expect("text").contains("connection"));
}
