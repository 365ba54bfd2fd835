//! Whether a request carries the signature that Amazon's cloud would make of it.

use bytes::Bytes;
use http::HeaderMap;
use providers::aws::{Keys, Request, Scope};
use types::Secret;
use types::day;

/// The credential of these tests.
pub const ID: &str = "AKIDCANARY";
/// Its secret.
pub const SECRET: &str = "canary-secret-access-key";

/// Looks at a request: its method, its path, its headers by their names in small letters, and its body.
pub fn check<'h>(
    (method, path): (&str, &str),
    header: impl Fn(&str) -> Option<&'h str>,
    body: &[u8],
    (region, service): (&str, &'static str),
    (id, secret, token): (&str, &str, Option<&str>),
) {
    assert_eq!(header("x-amz-security-token"), token);
    let at = header("x-amz-date").expect("it says when it was signed").to_ascii_uppercase();
    let day = day::parse(&format!("{}-{}-{}", &at[..4], &at[4..6], &at[6..8])).expect("it is a day");
    let part = |from: usize| at[from..from + 2].parse::<i64>().expect("it is a number");
    let at_ms = ((day * 24 + part(9)) * 60 + part(11)) * 60_000 + part(13) * 1000;
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("it is after 1970");
    assert!(now.as_millis().abs_diff(at_ms.unsigned_abs().into()) < 300_000, "{at} is now");
    let keys = Keys::new(id, Secret::new(secret), token.map(Secret::new)).expect("it is a credential");
    let mut expected = HeaderMap::new();
    let body = [Bytes::copy_from_slice(body)];
    let host = header("host").expect("it names a host");
    let request = Request { method, host, path, body: &body };
    if let Some(content_type) = header("content-type").filter(|_| service == "sts") {
        expected.insert("content-type", content_type.parse().expect("it is a value"));
    }
    let scope = Scope { region: region.to_owned(), service };
    keys.sign(&scope, &request, at_ms, &mut expected).expect("it can be signed");
    let expected = expected["authorization"].to_str().expect("it is a text");
    let found = header("authorization").expect("it is signed");
    assert!(found.eq_ignore_ascii_case(expected), "{found}\n{expected}");
}
