//! HTTPS: callers are served as ever, a renewed certificate is taken under way, and whoever does not shake hands is in
//! nobody's way.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use drill::mock::Mock;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs};
use serde_json::json;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::client::{Answer, Call, Line};
use crate::gateway::{Folder, Gateway, PATIENCE, lockgate, run};
use crate::realtime::socket::{Heard, Socket};

/// How long the process may take after the last call is done.
const SOON: Duration = Duration::from_secs(2);
/// Names of the files of the certificate and of its key.
const FILES: [&str; 2] = ["tls.crt", "tls.key"];
/// The flags that name them.
const FLAGS: [&str; 4] = ["--ssl_certfile_path", FILES[0], "--ssl-keyfile-path", FILES[1]];

/// A certificate that nobody else has issued, and its key.
struct Identity {
    certificate: CertificateDer<'static>,
    pem: [String; 2],
}

impl Identity {
    fn new() -> Self {
        let made = generate_simple_self_signed(["127.0.0.1".to_owned()]);
        let CertifiedKey { cert, signing_key } = made.expect("a certificate can be made");
        Identity { certificate: cert.der().clone(), pem: [cert.pem(), signing_key.serialize_pem()] }
    }

    /// Connects as a client does that trusts this certificate alone and could speak HTTP/2.
    async fn dial(&self, addr: SocketAddr) -> io::Result<TlsStream<TcpStream>> {
        let mut trusted = RootCertStore::empty();
        trusted.add(self.certificate.clone()).expect("a certificate can be trusted");
        let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("the usual versions of TLS");
        let mut config = config.with_root_certificates(trusted).with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let stream = TcpStream::connect(addr).await?;
        TlsConnector::from(Arc::new(config)).connect(ServerName::from(addr.ip()), stream).await
    }

    async fn line(&self, addr: SocketAddr) -> Line {
        Line::over(self.dial(addr).await.expect("hands are shaken"))
    }

    async fn call(&self, gateway: &Gateway, call: &Call) -> Answer {
        self.line(gateway.addr).await.exchange(&call.bytes()).await.finish().await
    }

    /// Puts this certificate and its key in the place of those that the gateway was started with.
    fn replace(&self, gateway: &Gateway) {
        for (name, text) in FILES.iter().zip(&self.pem) {
            gateway.replace(name, text);
        }
    }

    /// Waits until the gateway serves this certificate.
    async fn served(&self, gateway: &Gateway) {
        let begun = Instant::now();
        while self.dial(gateway.addr).await.is_err() {
            assert!(begun.elapsed() < PATIENCE, "the certificate is not served:\n{}", gateway.log());
        }
    }
}

/// A folder with a configuration, a certificate and its key.
fn folder(provider: &Mock, [certificate, key]: &[String; 2]) -> Folder {
    let folder = Folder::new();
    folder.write("config.yaml", &Config::of(provider).yaml());
    folder.write(FILES[0], certificate);
    folder.write(FILES[1], key);
    folder
}

async fn start(provider: &Mock, identity: &Identity) -> Gateway {
    let flags = [&["--config", "config.yaml", "--host", "127.0.0.1", "--num_workers", "2"][..], &FLAGS].concat();
    Gateway::spawn(folder(provider, &identity.pem), &flags, &[]).await
}

#[tokio::test]
async fn a_realtime_session_is_encrypted_too() {
    let (provider, identity) = (mock("").await, Identity::new());
    let gateway = start(&provider, &identity).await;
    let stream = identity.dial(gateway.addr).await.expect("hands are shaken");
    let mut socket = Socket::over(stream, "/v1/realtime?model=demo", &[]).await.expect("a session is opened");
    socket.until("session.created").await;
    socket.say(json!({ "type": "response.create" })).await;
    socket.until("response.done").await;
    socket.close(1000, "bye").await;
    assert_eq!(socket.hear().await, Heard::Close(1000, "bye".to_owned()));
}

#[tokio::test]
async fn callers_are_served_over_https_as_ever() {
    let (provider, identity) = (mock("").await, Identity::new());
    let gateway = start(&provider, &identity).await;
    assert!(gateway.said().contains(&format!("curl https://{}/v1/chat", gateway.addr)), "{}", gateway.said());
    let stream = identity.dial(gateway.addr).await.expect("hands are shaken");
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"http/1.1"[..]));
    let mut line = Line::over(stream);
    for text in ["hello", &"long ".repeat(100_000)] {
        for front in Front::ALL {
            for stream in [false, true] {
                let open = line.exchange(&front.call("demo", text, stream).bytes()).await;
                let (answer, kept) = open.finish_with_line().await;
                let heard = front.hear(&answer);
                assert!(heard.is_success() && heard.text.starts_with("You said: "), "{front:?}: {:?}", heard.trouble);
                line = kept;
            }
        }
    }
    let models = identity.call(&gateway, &Call::get("/v1/models")).await;
    assert_eq!((models.status(), &models.json()["data"][0]["id"]), (200, &"demo".into()));
}

#[tokio::test]
async fn the_files_can_be_named_by_the_environment_and_without_any_configuration() {
    let (provider, identity) = (mock("").await, Identity::new());
    let environment = [("SSL_CERTFILE_PATH", FILES[0]), ("SSL_KEYFILE_PATH", FILES[1])];
    let gateway = Gateway::spawn(folder(&provider, &identity.pem), &[], &environment).await;
    let answer = identity.call(&gateway, &Front::Chat.call("mock/demo", "hello", true)).await;
    assert!(Front::Chat.hear(&answer).is_success(), "{}", answer.text());
    let renewed = Identity::new();
    renewed.replace(&gateway);
    renewed.served(&gateway).await;
}

#[tokio::test]
async fn a_certificate_that_cannot_be_used_is_a_clear_error_at_the_start() {
    let (provider, identity, other) = (mock("").await, Identity::new(), Identity::new());
    let [certificate, key] = identity.pem;
    let [_, other_key] = other.pem;
    for (what, files, flags, said) in [
        ("no key", [&certificate, &key], &FLAGS[..2], "--ssl_keyfile_path"),
        ("no certificate", [&certificate, &key], &FLAGS[2..], "--ssl_certfile_path"),
        ("a file that is not there", [&certificate, &key], &[FLAGS[0], "gone", FLAGS[2], FLAGS[3]], "gone"),
        ("nonsense", [&"nonsense".to_owned(), &key], &FLAGS, FILES[0]),
        ("somebody else's key", [&certificate, &other_key], &FLAGS, FILES[1]),
    ] {
        let folder = folder(&provider, &files.map(String::clone));
        let flags = [&["--config", "config.yaml", "--port", "0"], flags].concat();
        let (code, out, complained) = run(lockgate(&flags).current_dir(folder.path())).await;
        assert_eq!((code, out.as_str()), (Some(1), ""), "{what}: {complained}");
        assert!(complained.contains("HTTPS") && complained.contains(said), "{what}: {complained}");
        assert!(key.lines().all(|line| !complained.contains(line)), "{what}: the key is shown");
    }
}

#[tokio::test]
async fn a_caller_without_tls_is_told_so_in_its_own_words() {
    let (provider, identity) = (mock("").await, Identity::new());
    let gateway = start(&provider, &identity).await;
    for front in Front::ALL {
        let answer = gateway.call(&front.call("demo", &"long ".repeat(100_000), true)).await;
        let trouble = front.hear(&answer).trouble.expect("nothing is served in the clear");
        assert_eq!(answer.status(), 400);
        assert!(trouble.message.contains("https://"), "{trouble:?}");
        assert!(answer.header("x-litellm-call-id").is_some());
    }
    let answer = gateway.call(&Call::get("/v1/models")).await;
    assert_eq!((answer.status(), answer.text().contains("https://")), (400, true), "{}", answer.text());
    assert_eq!(provider.requests().len(), 0);
}

/// Connections on which hands are not shaken: silent ones, and ones that stop in the middle or talk nonsense.
async fn bad_company(gateway: &Gateway) -> Vec<Line> {
    let mut lines = Vec::new();
    for beginning in [&b""[..], b"\x16", b"\x16\x03\x01\x01\x40\x01", b"\x00\xff\xfe nonsense"].repeat(20) {
        let mut line = Line::connect(gateway.addr).await.expect("the gateway listens");
        line.send(beginning).await.expect("it can be sent");
        lines.push(line);
    }
    lines
}

#[tokio::test]
async fn whoever_does_not_shake_hands_is_in_nobodys_way() {
    let (provider, identity) = (mock("").await, Identity::new());
    let mut gateway = start(&provider, &identity).await;
    let company = bad_company(&gateway).await;
    for _ in 0..10 {
        let answer = identity.call(&gateway, &Front::Chat.call("demo", "hello", true)).await;
        assert!(Front::Chat.hear(&answer).is_success(), "{}", answer.text());
    }
    gateway.signal("TERM").await;
    assert_eq!(gateway.ended(SOON).await.code(), Some(0));
    drop(company);
}

#[tokio::test]
async fn calls_in_flight_finish_over_tls_when_the_gateway_goes_down() {
    let (slow, identity) = (mock("chunks=20,chunk_ms=50,delay_ms=300").await, Identity::new());
    let mut gateway = start(&slow, &identity).await;
    let idle = identity.line(gateway.addr).await;
    let stream = identity.line(gateway.addr).await;
    let mut stream = stream.exchange(&Front::Messages.call("demo", "stream", true).bytes()).await;
    stream.until("lore").await;
    gateway.signal("TERM").await;
    let answer = stream.finish().await;
    assert!(Front::Messages.hear(&answer).is_success(), "{}", answer.text());
    assert_eq!(gateway.ended(SOON).await.code(), Some(0));
    drop(idle);
}

#[tokio::test]
async fn a_renewed_certificate_is_taken_without_a_restart() {
    let (slow, old) = (mock("chunks=20,chunk_ms=50").await, Identity::new());
    let gateway = start(&slow, &old).await;
    let mut stream = old.line(gateway.addr).await.exchange(&Front::Chat.call("demo", "hello", true).bytes()).await;
    stream.until("lore").await;
    let by_file = Identity::new();
    by_file.replace(&gateway);
    by_file.served(&gateway).await;
    assert!(old.dial(gateway.addr).await.is_err(), "the old certificate is still served");
    let by_signal = Identity::new();
    by_signal.replace(&gateway);
    gateway.signal("HUP").await;
    by_signal.served(&gateway).await;
    assert!(Front::Chat.hear(&stream.finish().await).is_success(), "a connection that is open goes on");
}

#[tokio::test]
async fn a_new_certificate_that_cannot_be_used_changes_nothing() {
    let (provider, identity, other) = (mock("").await, Identity::new(), Identity::new());
    let gateway = start(&provider, &identity).await;
    gateway.replace(FILES[1], &other.pem[1]);
    gateway.signal("HUP").await;
    let log = gateway.logged("changes nothing").await;
    assert!(log.contains(FILES[1]), "{log}");
    identity.dial(gateway.addr).await.expect("the old certificate is still served");
    other.replace(&gateway);
    other.served(&gateway).await;
}
