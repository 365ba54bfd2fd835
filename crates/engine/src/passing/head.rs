//! Heads of calls that are passed on, and of their answers: whose key goes where, and what belongs to the connection.

use http::HeaderMap;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use percent_encoding::percent_decode_str;
use providers::http::Endpoint;
use providers::{Hosts, joined, vertex_host};
use types::{Fault, FaultKind, Side, Usd};

use super::PassCall;
use crate::access::KEY_HEADERS;
use crate::{Deployment, Setup};

/// Headers that belong to one connection (RFC 9110, 7.6.1), or that the client writes itself.
const OF_CONNECTIONS: [&str; 13] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
/// Headers that are between the caller and us. What an answer is packed in could not be read beside it.
const OURS: [&str; 8] = [
    "accept-encoding",
    "cookie",
    "forwarded",
    "ocp-apim-subscription-key",
    "origin",
    "referer",
    "x-real-ip",
    "x-goog-iap-jwt-assertion",
];
/// Beginnings of further ones.
const OUR_BEGINNINGS: [&str; 5] = ["x-litellm-", "x-lockgate-", "x-forwarded-", "sec-fetch-", "x-pass-"];
/// What stands before the name of a header that goes on under the rest of its name.
const PASS: &str = "x-pass-";
/// How often a path is decoded to find what it hides.
const DECODINGS: usize = 4;
/// Beginnings of paths of Bedrock's agents.
const OF_AGENTS: [&str; 8] = [
    "agents",
    "flows",
    "generateQuery",
    "knowledgebases",
    "optimize-prompt",
    "rerank",
    "retrieveAndGenerate",
    "retrieveAndGenerateStream",
];
/// Where Google searches.
const DISCOVERY: &str = "https://discoveryengine.googleapis.com";

/// Where a call goes, and with which headers.
pub(super) struct Target {
    pub endpoint: Endpoint,
    pub path: String,
    pub headers: HeaderMap,
}

impl Target {
    pub fn of(call: &PassCall, deployment: &Deployment, setup: &Setup) -> Result<Self, Fault> {
        let hosts = call.passage.built_in.map_or(Hosts::One, |built_in| built_in.hosts);
        let endpoint = host_of(hosts, &deployment.endpoint, &call.rest)?;
        let rest = match hosts {
            Hosts::ByLocation => call.rest.strip_prefix("/discovery").unwrap_or(&call.rest),
            _ => &call.rest,
        };
        let mut path = match call.passage.built_in {
            Some(_) => joined(&endpoint.base_path, rest),
            None => format!("{}{rest}", endpoint.base_path),
        };
        let mut headers = headers(call, deployment, setup);
        let target = call.passage.built_in.and_then(|built_in| built_in.target);
        if let Some(value) = target.and_then(|target| operation(target, rest)) {
            path = format!("{}/", endpoint.base_path);
            headers.insert(HeaderName::from_static("x-amz-target"), value);
            headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-amz-json-1.1"));
        }
        if path.is_empty() {
            path.push('/');
        }
        let query = query(call);
        if !query.is_empty() {
            path = format!("{path}?{query}");
        }
        Ok(Target { endpoint, path, headers })
    }
}

/// The operation that a path of nothing but its name means.
fn operation(target: &str, rest: &str) -> Option<HeaderValue> {
    let name = rest.trim_matches('/');
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
    is_name.then(|| HeaderValue::try_from(format!("{target}{name}")).ok()).flatten()
}

/// Refuses a path that leads out of what stands before it, however it is written.
pub(super) fn check_path(rest: &str) -> Result<(), Fault> {
    let refused = || Err(Fault::invalid("the path must not lead out of its prefix"));
    let mut text = rest.to_owned();
    for _ in 0..DECODINGS {
        if text.split(['/', '\\']).any(|segment| matches!(segment, "." | "..")) || text.contains(['\0', '\r', '\n']) {
            return refused();
        }
        let decoded = percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            return Ok(());
        }
        text = decoded;
    }
    refused()
}

/// Where a call goes that names a location, or a service, in its path.
fn host_of(hosts: Hosts, endpoint: &Endpoint, rest: &str) -> Result<Endpoint, Fault> {
    let parsed = |url: &str| Endpoint::parse(url).map_err(|why| Fault::new(FaultKind::Internal, Side::Gateway, why));
    match hosts {
        Hosts::ByLocation if endpoint.host.ends_with(".googleapis.com") => {
            if rest.starts_with("/discovery/") {
                return parsed(DISCOVERY);
            }
            let location =
                rest.split_once("/locations/").map(|(_, behind)| behind.split('/').next().unwrap_or_default());
            match location {
                None => Ok(endpoint.clone()),
                Some(name)
                    if !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-') =>
                {
                    parsed(&format!("https://{}.googleapis.com", vertex_host(name)))
                }
                Some(_) => Err(Fault::invalid("the path names no location")),
            }
        }
        Hosts::ByService if OF_AGENTS.contains(&rest.trim_start_matches('/').split('/').next().unwrap_or_default()) => {
            let url = endpoint.url().replacen("//bedrock-runtime", "//bedrock-agent-runtime", 1);
            parsed(&url)
        }
        _ => Ok(endpoint.clone()),
    }
}

/// The caller's query without its key, and with the fields that the operator adds.
fn query(call: &PassCall) -> String {
    let is_key =
        |name: &str, value: &str| name == "key" && (call.passage.built_in.is_some() || value.starts_with("sk-"));
    let given: Vec<&str> =
        call.query.as_deref().unwrap_or_default().split('&').filter(|field| !field.is_empty()).collect();
    let named = |field: &&str| field.split_once('=').map_or(*field, |(name, _)| name).to_owned();
    let kept = given.iter().filter(|field| {
        let (name, value) = field.split_once('=').unwrap_or((field, ""));
        !is_key(name, value)
    });
    let names: Vec<String> = given.iter().map(named).collect();
    let added = call.passage.query.iter().filter(|(name, _)| !names.contains(name));
    let added = added.map(|(name, value)| format!("{}={}", encoded(name), encoded(value)));
    kept.map(|field| (*field).to_owned()).chain(added).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC).to_string()
}

/// The caller's headers without what is between it and us, and over them those of the deployment, credential included.
fn headers(call: &PassCall, deployment: &Deployment, setup: &Setup) -> HeaderMap {
    let is_built_in = call.passage.built_in.is_some();
    let own_header = setup.access.key_header.as_deref();
    let names = own_header.into_iter().chain(KEY_HEADERS);
    let shown = names.clone().find(|name| call.keyed && call.headers.contains_key(*name));
    let is_credential = |name: &str| {
        Some(name) == own_header
            || shown.is_some_and(|shown| shown.eq_ignore_ascii_case(name))
            || is_built_in && KEY_HEADERS.contains(&name)
    };
    let goes_on = |name: &str| {
        let body = ["content-type", "accept"].contains(&name);
        (is_built_in || call.passage.forwards_headers || body)
            && !OURS.contains(&name)
            && !OUR_BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
    };
    let mut headers = HeaderMap::with_capacity(call.headers.len() + deployment.headers.len());
    for (name, value) in &call.headers {
        let text = name.as_str();
        if !OF_CONNECTIONS.contains(&text) && !is_credential(text) && goes_on(text) {
            headers.append(name.clone(), value.clone());
        }
    }
    for (name, value) in &call.headers {
        let Some(bare) = name.as_str().strip_prefix(PASS) else { continue };
        if let Ok(bare) = HeaderName::from_bytes(bare.as_bytes())
            && !OF_CONNECTIONS.contains(&bare.as_str())
        {
            headers.insert(bare, value.clone());
        }
    }
    for (name, value) in &deployment.headers {
        headers.insert(name.clone(), value.clone());
    }
    headers
}

/// The headers of an answer, but for those of the connection.
pub(super) fn answer_headers(upstream: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::with_capacity(upstream.len() + 16);
    for (name, value) in upstream {
        let is_length = name == http::header::CONTENT_LENGTH && !upstream.contains_key("transfer-encoding");
        if is_length || !OF_CONNECTIONS.contains(&name.as_str()) && name != http::header::SET_COOKIE {
            headers.append(name.clone(), value.clone());
        }
    }
    headers
}

/// Adds who answered.
pub(super) fn write_source(headers: &mut HeaderMap, deployment: &Deployment, endpoint: &Endpoint) {
    let told = [
        ("x-litellm-model-id", deployment.id.as_str()),
        ("x-litellm-model-api-base", &endpoint.url()),
        ("x-litellm-version", env!("CARGO_PKG_VERSION")),
    ];
    for (name, text) in told {
        if let Ok(value) = HeaderValue::from_str(text) {
            headers.insert(HeaderName::from_static(name), value);
        }
    }
}

/// Adds what the answer cost.
pub(super) fn write_cost(headers: &mut HeaderMap, cost: Usd) {
    if let Ok(value) = HeaderValue::from_str(&cost.to_string()) {
        headers.insert(HeaderName::from_static("x-litellm-response-cost"), value);
    }
}

/// Whether an answer is JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).is_some_and(|kind| kind.contains("json"))
}

/// What an error answer means, as far as its status tells.
pub(super) fn fault_of(status: u16) -> Fault {
    let kind = match status {
        401 => FaultKind::Authentication,
        403 => FaultKind::Permission,
        404 => FaultKind::NotFound,
        429 => FaultKind::RateLimit,
        500.. => FaultKind::Upstream,
        _ => FaultKind::InvalidRequest,
    };
    let fault = Fault::provider(kind, format!("the provider answered with status {status}"));
    Fault { upstream_status: Some(status), ..fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_stay_behind_their_prefix() {
        for fine in ["", "/v1/files/a..b/content", "/model/eu.anthropic.claude%3A0/converse", "/a%2Fb", "/v1/x...y"] {
            assert!(check_path(fine).is_ok(), "{fine}");
        }
        for bad in [
            "/../admin",
            "/v1/..",
            "/v1/%2e%2e/x",
            "/v1/%2E./x",
            "/v1/..%2fx",
            "/v1/%252e%252e%252fx",
            "/v1/..\\x",
            "/v1/%5c..%5cx",
            "/./x",
            "/%25252525252e",
            "/x%0d%0ay",
        ] {
            assert!(check_path(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn hosts_come_from_locations_and_services_alone() {
        let google = Endpoint::parse("https://us-central1-aiplatform.googleapis.com").unwrap();
        let host = |rest: &str| host_of(Hosts::ByLocation, &google, rest).map(|endpoint| endpoint.host.to_string());
        assert_eq!(host("/v1/projects/p/locations/europe-west4/x").unwrap(), "europe-west4-aiplatform.googleapis.com");
        assert_eq!(host("/v1/projects/p/locations/global/x").unwrap(), "aiplatform.googleapis.com");
        assert_eq!(host("/v1/x").unwrap(), "us-central1-aiplatform.googleapis.com");
        assert_eq!(host("/discovery/v1/x").unwrap(), "discoveryengine.googleapis.com");
        for bad in ["/locations/evil.com%2f/x", "/locations/evil.com#/x", "/locations//x", "/locations/a@b/x"] {
            assert!(host(bad).is_err(), "{bad}");
        }
        let bedrock = Endpoint::parse("https://bedrock-runtime.eu-west-1.amazonaws.com").unwrap();
        let host = |rest: &str| host_of(Hosts::ByService, &bedrock, rest).unwrap().host.to_string();
        assert_eq!(host("/model/m/converse"), "bedrock-runtime.eu-west-1.amazonaws.com");
        assert_eq!(host("/agents/a/x"), "bedrock-agent-runtime.eu-west-1.amazonaws.com");
    }
}
