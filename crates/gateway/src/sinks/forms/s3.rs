//! Objects in a bucket: one for each batch, with one call on each line.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::super::post::Post;
use super::super::told::moment;
use super::put;
use super::sigv4::{Request, Signer, hash};
use crate::config::S3;

/// What stands in a path as it is.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The request that writes an object with these lines, at this time.
pub fn post(s3: &S3, lines: String, calls: usize, now_ms: i64) -> Post {
    let now = moment(now_ms);
    let (day, time) = now.split_once('T').unwrap_or((&now, ""));
    let time = time.trim_end_matches('Z').replace([':', '.'], "-");
    // Several replicas may write in the same moment.
    let mut random = [0; 6];
    let _ = SystemRandom::new().fill(&mut random);
    let random: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
    let prefix = if s3.prefix.is_empty() { String::new() } else { format!("{}/", s3.prefix) };
    let key = format!("{prefix}{day}/time-{time}_{random}.jsonl");
    let path = format!("{}/{}", s3.bucket_path, utf8_percent_encode(&key, PATH));
    let at = format!("{}T{}Z", day.replace('-', ""), &time.replace('-', "")[..6]);
    let body = Bytes::from(lines);
    let mut headers = HeaderMap::new();
    sign(s3, &path, &body, &at, &mut headers);
    Post { endpoint: s3.endpoint.clone(), method: "PUT", path, headers, body, calls }
}

fn sign(s3: &S3, path: &str, body: &[u8], at: &str, headers: &mut HeaderMap) {
    let body_hash = hash(body);
    let mut signed: Vec<(&'static str, &str)> =
        vec![("host", &s3.endpoint.authority), ("x-amz-content-sha256", &body_hash), ("x-amz-date", at)];
    if let Some(token) = &s3.session_token {
        signed.push(("x-amz-security-token", token.expose()));
    }
    let request = Request { method: "PUT", path, headers: &signed, body_hash: &body_hash };
    let signer = Signer {
        access_key_id: &s3.access_key_id,
        secret: s3.secret_access_key.expose(),
        region: &s3.region,
        service: "s3",
    };
    put(headers, "authorization", &signer.authorization(&request, at));
    // The client writes the host itself.
    signed.iter().skip(1).for_each(|(name, value)| put(headers, name, value));
}
