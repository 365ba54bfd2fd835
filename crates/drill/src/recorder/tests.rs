//! What is recorded, and when a caller is seen to have gone.

use super::*;
use crate::client::{hellos, mock, open, post, read_until, request};
use crate::mock::{Mock, Options};
use tokio::io::AsyncReadExt;

#[tokio::test]
async fn requests_are_recorded_with_their_outcome() {
    let mock = mock().await;
    for (_, path, body) in hellos("demo@status=429", false) {
        post(&mock, &path, body).await;
    }
    let all = mock.wait_for_all(4, Recorded::is_over).await.unwrap();
    for (one, (name, path, body)) in all.iter().zip(hellos("demo@status=429", false)) {
        assert_eq!((one.target.as_str(), one.json()), (path.as_str(), body), "{name}");
        assert_eq!((one.model.as_str(), one.status, one.outcome), ("demo@status=429", Some(429), Outcome::Completed));
        assert_eq!(one.header("Content-Type"), Some("application/json"));
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_is_noticed_while_the_mock_waits() {
    let mock = mock().await;
    for (knobs, start) in [
        ("delay_ms=600000", None),
        ("fault=hang_headers", None),
        ("first_ms=600000", Some("transfer-encoding")),
        ("chunk_ms=600000", Some("You")),
        ("fault=stall", Some("You")),
    ] {
        for (name, path, body) in hellos(&format!("demo@{knobs}"), true) {
            mock.clear();
            let mut stream = open(&mock, &request(&path, &body)).await;
            match start {
                Some(start) => drop(read_until(&mut stream, start).await),
                None => drop(mock.wait_for(|one| !one.is_over()).await.unwrap()),
            }
            drop(stream);
            let ended = mock.wait_for(Recorded::is_over).await.expect(name);
            assert!(matches!(ended.outcome, Outcome::Aborted { .. }), "{name} {knobs} {:?}", ended.outcome);
        }
    }
}

#[tokio::test]
async fn a_caller_who_goes_away_is_noticed_in_a_flood() {
    let mock = mock().await;
    let (_, path, body) = hellos("demo@answer_bytes=60000000,chunk_bytes=65536", false).remove(0);
    let mut stream = open(&mock, &request(&path, &body)).await;
    let mut some = [0; 1000];
    stream.read_exact(&mut some).await.unwrap();
    drop(stream);
    let ended = mock.wait_for(Recorded::is_over).await.unwrap();
    assert!(matches!(ended.outcome, Outcome::Aborted { .. }), "{:?}", ended.outcome);
}

#[tokio::test]
async fn the_ring_is_bounded_and_clearable() {
    let recorder = Recorder::new(true);
    let head = Head::default();
    let body = Bytes::from(vec![0; MAX_BYTES / 4 - 100]);
    for id in 1..=10 {
        recorder.begin(id, &head, &body, "big");
    }
    assert_eq!(recorder.all().iter().map(|one| one.id).collect::<Vec<_>>(), [7, 8, 9, 10]);
    for id in 0..MAX_ENTRIES as u64 + 10 {
        recorder.begin(100 + id, &head, &Bytes::new(), "small");
    }
    assert_eq!(recorder.all().len(), MAX_ENTRIES);
    recorder.end(3, None);
    recorder.clear();
    assert!(recorder.all().is_empty());
}

#[tokio::test]
async fn nothing_is_recorded_when_recording_is_off() {
    let mock = Mock::start(Options { record: false, ..Options::default() }).await.unwrap();
    let (_, path, body) = hellos("demo", false).remove(0);
    assert_eq!(post(&mock, &path, body).await.status, 200);
    assert!(mock.requests().is_empty());
    assert_eq!(mock.stats().total, 1);
}
