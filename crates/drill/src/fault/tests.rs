//! The addresses that are no provider.

use super::*;

#[tokio::test]
async fn a_refusing_address_refuses() {
    let refusing = Refusing::start().unwrap();
    let refused = TcpStream::connect(refusing.addr()).await.unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
}

#[tokio::test]
async fn a_garbage_trap_answers_nonsense_and_closes() {
    let trap = Trap::garbage().await.unwrap();
    let mut stream = TcpStream::connect(trap.addr()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    assert_eq!(answer, GARBAGE);
}

#[tokio::test]
async fn a_silent_trap_closes_only_when_it_is_dropped() {
    let trap = Trap::silent().await.unwrap();
    let mut stream = TcpStream::connect(trap.addr()).await.unwrap();
    stream.write_all(b"hello").await.unwrap();
    drop(trap);
    let mut answer = Vec::new();
    // Whether the listener had accepted or not, the connection now ends.
    let _ = stream.read_to_end(&mut answer).await;
    assert!(answer.is_empty());
}
