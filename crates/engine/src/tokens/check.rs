//! Whether a token is what it claims to be: signed by a key of the issuer, for us, and still good.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, Validation, decode, decode_header};

use super::claims::Claims;
use super::keys::KeySet;

/// Algorithms that tokens may be signed with. None of them works with a secret that both sides know.
const ALGORITHMS: [Algorithm; 9] = [
    Algorithm::RS256,
    Algorithm::RS384,
    Algorithm::RS512,
    Algorithm::PS256,
    Algorithm::PS384,
    Algorithm::PS512,
    Algorithm::ES256,
    Algorithm::ES384,
    Algorithm::EdDSA,
];
/// By how much clocks may differ, seconds.
const LEEWAY: i64 = 10;
/// Most keys that a token without the id of one is tried with.
const MOST_TRIED: usize = 4;

/// What a token must say.
#[derive(Clone, Copy, Debug, Default)]
pub struct Expected<'e> {
    /// Who issued it; anybody whose key it is, if nothing is said.
    pub issuer: Option<&'e str>,
    /// Whom it is for, one of these; anybody, if there are none.
    pub audiences: &'e [String],
}

/// What is wrong with a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It is no token.
    Malformed,
    /// It is not signed, or in a way that proves nothing.
    Algorithm,
    /// It names a key that the issuer does not have, as far as we know.
    UnknownKey,
    /// Somebody else signed it, or changed it.
    Signature,
    /// Another issuer made it.
    Issuer,
    /// It is for somebody else.
    Audience,
    /// It is over.
    Expired,
    /// It does not say when it is over.
    Endless,
    /// It is not good yet.
    Early,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Flaw::Malformed => "it is no JSON web token",
            Flaw::Algorithm => "it is not signed with an algorithm that proves anything",
            Flaw::UnknownKey => "it is signed with a key that its issuer does not publish",
            Flaw::Signature => "its signature is wrong",
            Flaw::Issuer => "it was issued by somebody else",
            Flaw::Audience => "it is meant for somebody else",
            Flaw::Expired => "it has expired",
            Flaw::Endless => "it does not say when it expires",
            Flaw::Early => "it is not valid yet",
        })
    }
}

/// The claims of a token that one of `keys` signed and that says what is expected.
pub fn check(token: &str, keys: &KeySet, expected: Expected, now_ms: i64) -> Result<Claims, Flaw> {
    let claims = signed(token, keys)?;
    says(&claims, expected, now_ms)?;
    Ok(claims)
}

/// Whether a token names a key that is none of `keys`, and could be right.
pub(super) fn lacks_key(token: &str, keys: &KeySet) -> bool {
    let header = decode_header(token).ok().filter(|header| ALGORITHMS.contains(&header.alg));
    header.is_some_and(|header| keys.named(header.kid.as_deref()).next().is_none())
}

/// The claims of a token, if one of `keys` signed it.
fn signed(token: &str, keys: &KeySet) -> Result<Claims, Flaw> {
    let header = decode_header(token).map_err(|_| unreadable(token))?;
    if !ALGORITHMS.contains(&header.alg) {
        return Err(Flaw::Algorithm);
    }
    let id = header.kid.as_deref();
    if keys.named(id).next().is_none() {
        return Err(Flaw::UnknownKey);
    }
    let mut flaw = Flaw::Algorithm;
    for key in keys.fitting(id, header.alg).take(MOST_TRIED) {
        match claims(token, &key.key, header.alg) {
            Some(claims) => return Ok(claims),
            None => flaw = Flaw::Signature,
        }
    }
    Err(flaw)
}

/// The claims, if the signature is right. What they say is looked at elsewhere: there the time is given.
fn claims(token: &str, key: &DecodingKey, algorithm: Algorithm) -> Option<Claims> {
    let mut only = Validation::new(algorithm);
    only.required_spec_claims.clear();
    (only.validate_exp, only.validate_nbf, only.validate_aud) = (false, false, false);
    Some(Claims(decode(token, key, &only).ok()?.claims))
}

/// Why a header cannot be read: it says `none`, or it is none.
fn unreadable(token: &str) -> Flaw {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let header = token.split('.').next().and_then(|part| URL_SAFE_NO_PAD.decode(part).ok());
    let header = header.and_then(|bytes| serde_json::from_slice::<serde_json::Value>(&bytes).ok());
    match header.is_some_and(|header| header["alg"].is_string()) {
        true => Flaw::Algorithm,
        false => Flaw::Malformed,
    }
}

/// Whether claims say what is expected, and hold now; whether somebody signed them is looked at elsewhere.
pub fn says(claims: &Claims, expected: Expected, now_ms: i64) -> Result<(), Flaw> {
    let now = now_ms.div_euclid(1000);
    if expected.issuer.is_some_and(|issuer| claims.text("iss").as_deref() != Some(issuer)) {
        return Err(Flaw::Issuer);
    }
    let audiences = claims.list("aud");
    if !expected.audiences.is_empty() && !expected.audiences.iter().any(|one| audiences.contains(one)) {
        return Err(Flaw::Audience);
    }
    match claims.seconds("exp") {
        None => return Err(Flaw::Endless),
        Some(end) if end <= now - LEEWAY => return Err(Flaw::Expired),
        Some(_) => {}
    }
    match claims.seconds("nbf") {
        Some(begin) if begin > now + LEEWAY => Err(Flaw::Early),
        _ => Ok(()),
    }
}
