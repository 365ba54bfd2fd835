//! Questions of the control plane to servers that the operator named: short, bounded in time and size, and without
//! following any redirect.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use http::header::{ACCEPT, CONTENT_TYPE, HeaderValue};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use providers::http::{Call, Client, Endpoint};
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::timeout;

/// How long a connection may take, and how long everything.
const CONNECT: Duration = Duration::from_secs(5);
const PATIENCE: Duration = Duration::from_secs(10);
/// Largest answer.
const LARGEST: usize = 1 << 20;

/// Asks for what is at an address.
pub async fn get(url: &str, headers: HeaderMap) -> Result<Bytes, String> {
    match ask("GET", url, headers, Bytes::new()).await? {
        (200, body) => Ok(body),
        // Wherever a redirect leads, it is nowhere that was configured.
        (status, _) => Err(format!("the answer has status {status}")),
    }
}

/// What the fields of a form are sent as.
pub const FORM: HeaderValue = HeaderValue::from_static("application/x-www-form-urlencoded");

/// Sends the fields of a form; the status of the answer and its body.
pub async fn post(url: &str, mut headers: HeaderMap, fields: String) -> Result<(u16, Bytes), String> {
    headers.insert(CONTENT_TYPE, FORM);
    ask("POST", url, headers, fields.into()).await
}

/// Sends JSON; the status of the answer and its body.
pub async fn post_json(url: &str, mut headers: HeaderMap, body: String) -> Result<(u16, Bytes), String> {
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    ask("POST", url, headers, body.into()).await
}

/// Asks for something to be made at an address, such as a session; what is there then.
pub async fn put(url: &str, headers: HeaderMap) -> Result<Bytes, String> {
    match ask("PUT", url, headers, Bytes::new()).await? {
        (200, body) => Ok(body),
        (status, _) => Err(format!("the answer has status {status}")),
    }
}

/// The fields of a form, as they are sent.
pub fn form(fields: &[(&str, &str)]) -> String {
    let pairs = fields.iter().map(|(name, value)| format!("{name}={}", utf8_percent_encode(value, NON_ALPHANUMERIC)));
    pairs.collect::<Vec<_>>().join("&")
}

/// The server of an address, and what is asked for there.
pub fn place(url: &str) -> Result<(Endpoint, String), String> {
    let (address, query) = url.split_once('?').map_or((url, None), |(address, query)| (address, Some(query)));
    let endpoint = Endpoint::parse(address)?;
    // What ends with a slash is another place than what does not.
    let slash = if endpoint.base_path.is_empty() || address.ends_with('/') { "/" } else { "" };
    let path = format!("{}{slash}", endpoint.base_path);
    Ok((endpoint, query.map_or_else(|| path.clone(), |query| format!("{path}?{query}"))))
}

async fn ask(method: &'static str, url: &str, mut headers: HeaderMap, body: Bytes) -> Result<(u16, Bytes), String> {
    let (endpoint, path) = place(url)?;
    headers.entry(ACCEPT).or_insert(HeaderValue::from_static("application/json"));
    let runtime = Handle::current();
    let asked = spawn_blocking(move || {
        // The client belongs to one thread.
        runtime.block_on(async {
            let body = if body.is_empty() { Vec::new() } else { vec![body] };
            let call = Call {
                endpoint: &endpoint,
                method,
                path: &path,
                headers: &headers,
                body: &body,
                connect_timeout: CONNECT,
                claim: None,
                sent: None,
            };
            let answer = async {
                let reply = Client::default().call(&call).await?;
                Ok((reply.status, reply.body.collect(LARGEST).await?))
            };
            let answer = timeout(PATIENCE, answer).await.map_err(|_| format!("no answer within {PATIENCE:?}"))?;
            answer.map_err(|fault: types::Fault| fault.message)
        })
    });
    asked.await.unwrap_or_else(|_| Err("the question failed".to_owned()))
}
