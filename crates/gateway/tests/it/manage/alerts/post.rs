//! A server that takes mail, with STARTTLS or without it.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep};
use tokio_rustls::TlsAcceptor;

/// A letter that was taken.
#[derive(Clone, Debug, Default)]
pub struct Letter {
    /// Whom it is for.
    pub to: Vec<String>,
    /// Head and body, with what is coded in them made plain.
    pub text: String,
    /// Whether it came encrypted.
    pub encrypted: bool,
    /// Whether somebody signed in before.
    pub signed_in: bool,
}

/// The server.
pub struct Post {
    /// Where it is.
    pub addr: SocketAddr,
    /// Its certificate.
    pub certificate: String,
    desk: Arc<Desk>,
}

#[derive(Default)]
struct Desk {
    letters: Mutex<Vec<Letter>>,
    taken: Mutex<Vec<usize>>,
    /// What was said in the clear.
    heard: Mutex<String>,
}

impl Post {
    /// Opens it; `tls` says whether it offers STARTTLS, and then it takes nothing without.
    pub async fn open(tls: bool) -> Self {
        let made = generate_simple_self_signed(["127.0.0.1".to_owned()]);
        let CertifiedKey { cert, signing_key } = made.expect("a certificate can be made");
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
        let config = config.with_safe_default_protocol_versions().expect("the usual versions of TLS");
        let config = config.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key).expect("it fits");
        let acceptor = tls.then(|| TlsAcceptor::from(Arc::new(config)));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let (addr, desk) = (listener.local_addr().expect("it is bound"), Arc::<Desk>::default());
        let kept = desk.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, acceptor.clone(), kept.clone()));
            }
        });
        Post { addr, certificate: cert.pem(), desk }
    }

    /// All letters.
    pub fn all(&self) -> Vec<Letter> {
        self.desk.letters.lock().expect("nobody panics here").clone()
    }

    /// What was said in the clear.
    pub fn heard(&self) -> String {
        self.desk.heard.lock().expect("nobody panics here").clone()
    }

    /// Waits for a letter whose subject begins so, and that nobody has taken yet.
    pub async fn letter(&self, subject: &str) -> Letter {
        let deadline = Instant::now() + Duration::from_secs(40);
        loop {
            if let Some(letter) = self.take(subject) {
                return letter;
            }
            let letters = self.all();
            assert!(Instant::now() < deadline, "{subject} never comes; there are {letters:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }

    fn take(&self, subject: &str) -> Option<Letter> {
        let wanted = format!("Subject: {subject}");
        let mut taken = self.desk.taken.lock().expect("nobody panics here");
        let letters = self.all();
        let mut fresh = letters.iter().enumerate().filter(|(at, _)| !taken.contains(at));
        let (at, letter) = fresh.find(|(_, one)| one.text.contains(&wanted))?;
        taken.push(at);
        Some(letter.clone())
    }
}

async fn serve(stream: TcpStream, acceptor: Option<TlsAcceptor>, desk: Arc<Desk>) {
    let mut stream = BufReader::new(stream);
    stream.write_all(b"220 mail.example ESMTP\r\n").await.unwrap_or_default();
    let offer = acceptor.is_some();
    if talk(&mut stream, offer, false, &desk).await
        && let Some(acceptor) = acceptor
        && let Ok(encrypted) = acceptor.accept(stream.into_inner()).await
    {
        talk(&mut BufReader::new(encrypted), false, true, &desk).await;
    }
}

/// Talks until the end, or until encryption begins: then it says so. Without it, who is offered encryption gives nothing.
async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
    offer: bool,
    encrypted: bool,
    desk: &Desk,
) -> bool {
    let mut letter = Letter { encrypted, ..Letter::default() };
    let mut line = String::new();
    while matches!(stream.read_line(&mut line).await, Ok(1..)) {
        if !encrypted {
            desk.heard.lock().expect("nobody panics here").push_str(&line);
        }
        let word = line.trim_end().to_ascii_uppercase();
        let answer = match () {
            () if word.starts_with("EHLO") && offer => "250-mail.example\r\n250 STARTTLS",
            () if word.starts_with("EHLO") => "250-mail.example\r\n250 AUTH PLAIN",
            () if word == "STARTTLS" && offer => {
                stream.write_all(b"220 begin\r\n").await.unwrap_or_default();
                return true;
            }
            () if offer => "530 Must issue a STARTTLS command first",
            () if word.starts_with("AUTH") => {
                letter.signed_in = true;
                "235 welcome"
            }
            () if word.starts_with("RCPT") => {
                letter.to.extend(line.split(['<', '>']).nth(1).map(str::to_owned));
                "250 ok"
            }
            () if word == "DATA" => {
                stream.write_all(b"354 go on\r\n").await.unwrap_or_default();
                letter.text = data(stream).await;
                desk.letters
                    .lock()
                    .expect("nobody panics here")
                    .push(std::mem::replace(&mut letter, Letter { encrypted, ..Letter::default() }));
                "250 taken"
            }
            () if word == "QUIT" => "221 bye",
            () => "250 ok",
        };
        stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap_or_default();
        line.clear();
    }
    false
}

/// A letter up to its end, with quoted-printable made plain.
async fn data<S: AsyncRead + Unpin>(stream: &mut BufReader<S>) -> String {
    let (mut text, mut line) = <(String, String)>::default();
    while matches!(stream.read_line(&mut line).await, Ok(1..)) && line.trim_end() != "." {
        text.push_str(&line);
        line.clear();
    }
    text.replace("=\r\n", "").replace("=3D", "=")
}
