//! A provider of identities for tests: discovery document, keys, sign-in without a question, tokens and userinfo. It
//! checks what a strict one checks, and lies where a test wants it to.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey, Header, encode};
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Who the gateway is for it.
pub const CLIENT: &str = "lockgate";
/// What proves it.
pub const SECRET: &str = "canary-client-secret";

/// In front of the key itself in what is generated: RSA keys are wanted without their wrapping.
const WRAPPING: usize = 26;

/// A key with its name.
#[derive(Clone)]
pub struct Signer {
    /// What it is called in the header of tokens.
    pub kid: String,
    algorithm: Algorithm,
    key: EncodingKey,
}

impl Signer {
    /// A new RSA key.
    pub fn rsa(kid: &str) -> Self {
        let pair = KeyPair::generate(KeySize::Rsa2048).expect("a key can be made");
        let der = AsDer::<Pkcs8V1Der>::as_der(&pair).expect("a key can be written");
        let key = EncodingKey::from_rsa_der(&der.as_ref()[WRAPPING..]);
        Signer { kid: kid.to_owned(), algorithm: Algorithm::RS256, key }
    }

    /// A new key on a curve.
    pub fn ec(kid: &str) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &SystemRandom::new());
        let key = EncodingKey::from_ec_der(pkcs8.expect("a key can be made").as_ref());
        Signer { kid: kid.to_owned(), algorithm: Algorithm::ES256, key }
    }

    /// The same key under another name.
    pub fn called(&self, kid: &str) -> Self {
        Signer { kid: kid.to_owned(), ..self.clone() }
    }

    /// A secret that is a public key, as in an old attack.
    pub fn public_as_secret(&self) -> Self {
        let public = self.public().to_string();
        let key = EncodingKey::from_secret(public.as_bytes()).expect("a secret is a key");
        Signer { kid: self.kid.clone(), algorithm: Algorithm::HS256, key }
    }

    /// What it publishes.
    pub fn public(&self) -> Value {
        let mut jwk = Jwk::from_encoding_key(&self.key, self.algorithm).expect("a key has a public half");
        jwk.common.key_id = Some(self.kid.clone());
        serde_json::to_value(jwk).expect("a key can be written")
    }

    /// A signed token.
    pub fn sign(&self, claims: &Value) -> String {
        let header = Header { kid: Some(self.kid.clone()), ..Header::new(self.algorithm) };
        encode(&header, claims, &self.key).expect("a token can be signed")
    }
}

/// A token that nobody signed.
pub fn unsigned(claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.AAAA", part(&json!({ "alg": "none", "typ": "JWT" })), part(claims))
}

/// Now, seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs() as i64
}

/// `value` with other fields; null takes one away.
pub fn with(mut value: Value, other: &Value) -> Value {
    for (name, field) in other.as_object().into_iter().flatten() {
        match field {
            Value::Null => drop(value.as_object_mut().map(|map| map.remove(name))),
            field => value[name] = field.clone(),
        }
    }
    value
}

/// What it says, and has been asked.
struct State {
    /// What it publishes.
    keys: Vec<Value>,
    /// What it signs with.
    signer: Signer,
    /// What it says about its user.
    person: Value,
    /// What it says otherwise in ID tokens.
    lies: Value,
    /// What it says otherwise in userinfo.
    userinfo: Value,
    /// Whether ID tokens are signed at all.
    signs: bool,
    /// Codes, and what they were given for: nonce, challenge, where the browser goes.
    codes: HashMap<String, [String; 3]>,
    /// How often each path was asked for.
    asked: HashMap<String, usize>,
}

/// A provider that listens.
#[derive(Clone)]
pub struct Issuer {
    /// Where.
    pub addr: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl Issuer {
    /// Starts one with a key.
    pub async fn start(signer: &Signer) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let addr = listener.local_addr().expect("it has an address");
        let state = State {
            keys: vec![signer.public()],
            signer: signer.clone(),
            person: json!({}),
            lies: json!({}),
            userinfo: json!({}),
            signs: true,
            codes: HashMap::new(),
            asked: HashMap::new(),
        };
        let issuer = Issuer { addr, state: Arc::new(Mutex::new(state)) };
        let serving = issuer.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let issuer = serving.clone();
                tokio::spawn(async move { issuer.serve(stream).await });
            }
        });
        issuer
    }

    /// Its name.
    pub fn url(&self) -> String {
        format!("http://{}", self.addr)
    }

    /// Claims of a token of its own, for `audience`.
    pub fn claims(&self, audience: &str, more: Value) -> Value {
        with(json!({ "iss": self.url(), "aud": audience, "iat": now(), "exp": now() + 600 }), &more)
    }

    /// Its user from now on.
    pub fn person(&self, claims: Value) {
        self.change(|state| (state.person, state.lies, state.userinfo) = (claims, json!({}), json!({})));
    }

    /// What it says otherwise in ID tokens from now on.
    pub fn lie(&self, claims: Value) {
        self.change(|state| state.lies = claims);
    }

    /// What it says otherwise in userinfo from now on.
    pub fn say(&self, claims: Value) {
        self.change(|state| state.userinfo = claims);
    }

    /// What it signs with from now on.
    pub fn sign_with(&self, signer: &Signer) {
        self.change(|state| state.signer = signer.clone());
    }

    /// Whether it signs from now on.
    pub fn signs(&self, signs: bool) {
        self.change(|state| state.signs = signs);
    }

    /// What it publishes from now on.
    pub fn publish(&self, signers: &[&Signer]) {
        self.change(|state| state.keys = signers.iter().map(|signer| signer.public()).collect());
    }

    /// How often it was asked for this path.
    pub fn asked(&self, path: &str) -> usize {
        self.change(|state| state.asked.get(path).copied().unwrap_or_default())
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        change(&mut self.state.lock().expect("nobody panicked"))
    }

    async fn serve(&self, mut stream: TcpStream) -> Option<()> {
        let mut inbox = Vec::new();
        let (head, body) = loop {
            if stream.read_buf(&mut inbox).await.ok()? == 0 {
                return None;
            }
            let text = String::from_utf8_lossy(&inbox).into_owned();
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = header(head, "content-length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                break (head.to_owned(), body.to_owned());
            }
        };
        let target = head.split(' ').nth(1)?.to_owned();
        let (path, query) = target.split_once('?').unwrap_or((&target, ""));
        self.change(|state| *state.asked.entry(path.to_owned()).or_default() += 1);
        let answer = match path {
            "/.well-known/openid-configuration" => Ok(self.document()),
            "/keys" => Ok(self.change(|state| json!({ "keys": state.keys }))),
            "/authorize" => {
                let place = self.authorize(&fields(query));
                let answer = format!(
                    "HTTP/1.1 302 Found\r\nlocation: {place}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await.ok()?;
                return stream.shutdown().await.ok();
            }
            "/token" => self.token(&head, &fields(&body)),
            "/userinfo" if header(&head, "authorization").is_some_and(|value| value.starts_with("Bearer at-")) => {
                Ok(self.change(|state| with(state.person.clone(), &state.userinfo)))
            }
            _ => Err("not_found"),
        };
        let (status, body) = match answer {
            Ok(body) => (200, body),
            Err(error) => (400, json!({ "error": error })),
        };
        let body = body.to_string();
        let answer = format!(
            "HTTP/1.1 {status} It\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(answer.as_bytes()).await.ok()?;
        stream.shutdown().await.ok()
    }

    fn document(&self) -> Value {
        let url = self.url();
        json!({
            "issuer": url,
            "authorization_endpoint": format!("{url}/authorize"),
            "token_endpoint": format!("{url}/token"),
            "userinfo_endpoint": format!("{url}/userinfo"),
            "jwks_uri": format!("{url}/keys"),
        })
    }

    /// Signs its user in, and says where the browser goes.
    fn authorize(&self, asked: &HashMap<String, String>) -> String {
        let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
        assert_eq!((&*field("response_type"), &*field("client_id")), ("code", CLIENT));
        assert_eq!(field("code_challenge_method"), "S256");
        assert!(field("scope").split(' ').any(|scope| scope == "openid"), "{asked:?}");
        self.change(|state| {
            let code = format!("canary-code-{}", state.codes.len());
            let place = format!("{}?code={code}&state={}", field("redirect_uri"), field("state"));
            state.codes.insert(code, [field("nonce"), field("code_challenge"), field("redirect_uri")]);
            place
        })
    }

    /// Tokens for a code, to whoever may have them; once.
    fn token(&self, head: &str, asked: &HashMap<String, String>) -> Result<Value, &'static str> {
        let field = |name: &str| asked.get(name).cloned().unwrap_or_default();
        let expected = format!("Basic {}", STANDARD.encode(format!("{CLIENT}:{}", SECRET.replace('-', "%2D"))));
        if header(head, "authorization") != Some(&expected) {
            return Err("invalid_client");
        }
        self.change(|state| {
            let [nonce, challenge, redirect_uri] =
                state.codes.get_mut(&field("code")).map(std::mem::take).ok_or("invalid_grant")?;
            let proof = URL_SAFE_NO_PAD.encode(digest(&SHA256, field("code_verifier").as_bytes()).as_ref());
            if challenge.is_empty() || proof != challenge || field("redirect_uri") != redirect_uri {
                return Err("invalid_grant");
            }
            let own = json!({ "iss": self.url(), "aud": CLIENT, "iat": now(), "exp": now() + 600, "nonce": nonce });
            let claims = with(with(own, &state.person), &state.lies);
            let id_token = if state.signs { state.signer.sign(&claims) } else { unsigned(&claims) };
            Ok(json!({ "access_token": "at-canary-access-token", "token_type": "Bearer", "id_token": id_token }))
        })
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    head.lines()
        .find_map(|line| line.split_once(": ").filter(|(known, _)| known.eq_ignore_ascii_case(name)))
        .map(|(_, value)| value)
}

/// The fields of a query or a form.
pub fn fields(text: &str) -> HashMap<String, String> {
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    text.split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (decoded(name), decoded(value)))
        .collect()
}

/// An object without fields, for who has nothing to say.
pub fn nothing() -> Value {
    Value::Object(Map::new())
}
