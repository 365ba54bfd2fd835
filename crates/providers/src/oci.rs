//! Keys of Oracle's cloud and its signature of requests (draft-cavage-http-signatures, version 1): of whole requests with a
//! body, right before they are sent.

use std::fmt;
use std::time::{Duration, SystemTime};

use aws_lc_rs::digest::{Context, SHA256};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderName, HeaderValue};
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject;
use types::Secret;

use crate::aws::Request;

/// What bodies are, unless a header says otherwise.
const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// A key that a user has uploaded the public half of.
pub struct Keys {
    /// Tenancy, user and fingerprint.
    id: String,
    pair: RsaKeyPair,
}

impl Keys {
    /// A key in PEM form. The error says why no request can be signed with it, and repeats nothing of it.
    pub fn new(tenancy: &str, user: &str, fingerprint: &str, pem: &Secret) -> Result<Self, String> {
        let id = [tenancy, user, fingerprint].map(str::trim).join("/");
        if !id.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"') {
            return Err("tenancy, user or fingerprint is none".to_owned());
        }
        let none = || "the private key is none, or has a password".to_owned();
        // One line of the environment has its breaks as two letters.
        let pem = pem.expose().replace("\\n", "\n");
        let key = PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| none())?;
        let pair = match &key {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(none()),
        };
        Ok(Keys { id, pair: pair.map_err(|_| none())? })
    }

    /// Whose key it is: no secret.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Signs a request at this time, milliseconds since 1970: puts what that takes into its `headers`.
    pub fn sign(&self, request: &Request, at_ms: i64, headers: &mut HeaderMap) -> Result<(), String> {
        let plain = |text: &str| HeaderValue::from_str(text).map_err(|_| "a signature cannot be sent".to_owned());
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(u64::try_from(at_ms).unwrap_or_default());
        let date = httpdate::fmt_http_date(at);
        let mut digest = Context::new(&SHA256);
        request.body.iter().for_each(|piece| digest.update(piece));
        let hash = STANDARD.encode(digest.finish());
        headers.insert(DATE, plain(&date)?);
        headers.insert(HeaderName::from_static("x-content-sha256"), plain(&hash)?);
        let kind = headers.entry(CONTENT_TYPE).or_insert(JSON).to_str().unwrap_or_default().to_owned();
        let length = request.body.iter().map(|piece| piece.len()).sum::<usize>().to_string();
        let target = format!("{} {}", request.method.to_ascii_lowercase(), request.path);
        let mut signed = vec![("date", &*date), ("(request-target)", &*target), ("host", request.host)];
        // What is only asked for has no body that could be signed.
        if request.method != "GET" {
            signed.extend([("content-length", &*length), ("content-type", &*kind), ("x-content-sha256", &*hash)]);
        }
        let names = signed.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(" ");
        let text = signed.iter().map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join("\n");
        let mut signature = vec![0; self.pair.public_modulus_len()];
        let made = self.pair.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), text.as_bytes(), &mut signature);
        made.map_err(|_| "the private key cannot sign".to_owned())?;
        let mut value = plain(&format!(
            "Signature version=\"1\",keyId=\"{}\",algorithm=\"rsa-sha256\",headers=\"{names}\",signature=\"{}\"",
            self.id,
            STANDARD.encode(signature)
        ))?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
        Ok(())
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys").field("id", &self.id).finish_non_exhaustive()
    }
}

impl PartialEq for Keys {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
    use aws_lc_rs::rsa::{KeyPair, KeySize};
    use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
    use bytes::Bytes;

    use super::*;

    #[test]
    fn a_request_is_signed_with_all_that_is_sent() {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let der = AsDer::<Pkcs8V1Der>::as_der(&pair).unwrap();
        let pem =
            format!("-----BEGIN PRIVATE KEY-----\\n{}\\n-----END PRIVATE KEY-----", STANDARD.encode(der.as_ref()));
        let keys = Keys::new("t", "u", "f", &Secret::new(pem)).unwrap();
        let (mut headers, body) = (HeaderMap::new(), [Bytes::from_static(b"{}")]);
        let request = Request { method: "POST", host: "h", path: "/openai/v1/chat/completions", body: &body };
        keys.sign(&request, 1_392_033_600_000, &mut headers).unwrap();
        let value = headers[AUTHORIZATION].to_str().unwrap();
        assert!(
            value.starts_with("Signature version=\"1\",keyId=\"t/u/f\",algorithm=\"rsa-sha256\",headers=\""),
            "{value}"
        );
        let signature = value.split("signature=\"").nth(1).unwrap().trim_end_matches('"');
        let text = "date: Mon, 10 Feb 2014 12:00:00 GMT\n(request-target): post /openai/v1/chat/completions\nhost: h\n\
                    content-length: 2\ncontent-type: application/json\n\
                    x-content-sha256: RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=";
        let public = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, pair.public_key().as_ref());
        assert!(public.verify(text.as_bytes(), &STANDARD.decode(signature).unwrap()).is_ok(), "{value}");
        let wrong = Keys::new("t", "u", "f", &Secret::new("s3cret")).unwrap_err();
        assert!(!wrong.contains("s3cret"));
    }
}
