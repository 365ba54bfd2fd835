//! Objects in a bucket: one for each batch, with one call on each line.

use aws_lc_rs::rand::{SecureRandom, SystemRandom};
use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::utf8_percent_encode;
use providers::aws::Request;

use super::super::post::Post;
use super::super::told::moment;
use crate::bucket::PATH;
use crate::config::S3;

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
    let body = Bytes::from(lines);
    let mut headers = HeaderMap::new();
    let (host, pieces) = (&*s3.endpoint.authority, std::slice::from_ref(&body));
    let request = Request { method: "PUT", host, path: &path, body: pieces };
    // What cannot be signed is refused there, and told as that.
    let _ = s3.keys.sign(&s3.scope, &request, now_ms, &mut headers);
    Post { endpoint: s3.endpoint.clone(), method: "PUT", path, headers, body, calls }
}
