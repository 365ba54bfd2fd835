//! Amazon's signature of requests, version 4, as S3 and those who speak like it want it: over the whole body, with paths
//! that are encoded once.

use std::fmt::Write;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};

/// What is signed.
pub struct Request<'a> {
    /// The method.
    pub method: &'a str,
    /// The path, encoded as it is sent.
    pub path: &'a str,
    /// Headers by their names in small letters, sorted: `host`, `x-amz-date` and `x-amz-content-sha256` among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// SHA-256 of the body in hexadecimal.
    pub body_hash: &'a str,
}

/// Who signs, for what.
pub struct Signer<'a> {
    /// The credential.
    pub access_key_id: &'a str,
    /// Its secret.
    pub secret: &'a str,
    /// The region.
    pub region: &'a str,
    /// The service: `s3`.
    pub service: &'a str,
}

impl Signer<'_> {
    /// The value of the header `authorization`. `at` is when it is signed: `20130524T000000Z`, as in `x-amz-date`.
    pub fn authorization(&self, request: &Request, at: &str) -> String {
        let day = &at[..at.len().min(8)];
        let names: Vec<&str> = request.headers.iter().map(|(name, _)| *name).collect();
        let names = names.join(";");
        let headers: String =
            request.headers.iter().map(|(name, value)| format!("{name}:{}\n", value.trim())).collect();
        let Request { method, path, body_hash, .. } = request;
        let canonical = format!("{method}\n{path}\n\n{headers}\n{names}\n{body_hash}");
        let scope = format!("{day}/{}/{}/aws4_request", self.region, self.service);
        let text = format!("AWS4-HMAC-SHA256\n{at}\n{scope}\n{}", hash(canonical.as_bytes()));
        let first = format!("AWS4{}", self.secret).into_bytes();
        let key = [day, self.region, self.service, "aws4_request"].iter().fold(first, |key, part| hmac(&key, part));
        let signature = hex(&hmac(&key, &text));
        format!(
            "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
            self.access_key_id
        )
    }
}

/// SHA-256 in hexadecimal.
pub fn hash(bytes: &[u8]) -> String {
    hex(digest(&SHA256, bytes).as_ref())
}

fn hmac(key: &[u8], text: &str) -> Vec<u8> {
    sign(&Key::new(HMAC_SHA256, key), text.as_bytes()).as_ref().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a text does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of a PUT in Amazon's documentation of the signature for S3.
    #[test]
    fn the_signature_is_the_one_of_amazons_example() {
        let body_hash = hash(b"Welcome to Amazon S3.");
        assert_eq!(body_hash, "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072");
        let at = "20130524T000000Z";
        let headers = [
            ("date", "Fri, 24 May 2013 00:00:00 GMT"),
            ("host", "examplebucket.s3.amazonaws.com"),
            ("x-amz-content-sha256", &*body_hash),
            ("x-amz-date", at),
            ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
        ];
        let request = Request { method: "PUT", path: "/test%24file.text", headers: &headers, body_hash: &body_hash };
        let signer = Signer {
            access_key_id: "AKIAIOSFODNN7EXAMPLE",
            secret: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            region: "us-east-1",
            service: "s3",
        };
        assert_eq!(
            signer.authorization(&request, at),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=date;host;x-amz-content-sha256;x-amz-date;x-amz-storage-class, \
             Signature=98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"
        );
    }
}
