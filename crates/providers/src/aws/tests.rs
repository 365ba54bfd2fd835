use super::*;

const DATE: i64 = 1_440_938_160_000;

/// The credential of Amazon's published test suite.
fn suite() -> Keys {
    Keys::new("AKIDEXAMPLE", Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"), None).unwrap()
}

fn scope(region: &str, service: &'static str) -> Scope {
    Scope { region: region.to_owned(), service }
}

/// The signature of a request with these headers.
fn signature(keys: &Keys, scope: &Scope, request: &Request, at_ms: i64, headers: &[(&str, &str)]) -> String {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::try_from(*name).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    keys.sign(scope, request, at_ms, &mut map).unwrap();
    let text = map[AUTHORIZATION].to_str().unwrap();
    assert!(map[AUTHORIZATION].is_sensitive());
    text.to_owned()
}

#[test]
fn signatures_are_those_of_amazons_test_suite() {
    for (method, path, headers, body, signed, expected) in [
        (
            "GET",
            "/",
            &[][..],
            "",
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        ("POST", "/", &[], "", "host;x-amz-date", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            &[],
            "",
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "POST",
            "/",
            &[("content-type", "application/x-www-form-urlencoded")],
            "Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ] {
        let body = [Bytes::from_static(body.as_bytes())];
        let request = Request { method, host: "example.amazonaws.com", path, body: &body };
        assert_eq!(
            signature(&suite(), &scope("us-east-1", "service"), &request, DATE, headers),
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders={signed}, Signature={expected}"
            ),
            "{method} {path}"
        );
    }
}

/// The example of a GET in Amazon's documentation of the signature for S3.
#[test]
fn paths_of_s3_are_encoded_once_and_the_body_is_hashed_in_a_header() {
    let keys =
        Keys::new("AKIAIOSFODNN7EXAMPLE", Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), None).unwrap();
    let request = Request { method: "GET", host: "examplebucket.s3.amazonaws.com", path: "/?lifecycle", body: &[] };
    let text = signature(&keys, &scope("us-east-1", "s3"), &request, 1_369_353_600_000, &[]);
    assert!(text.contains("SignedHeaders=host;x-amz-content-sha256;x-amz-date"), "{text}");
    let expected = "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn a_path_that_is_sent_encoded_is_signed_encoded_twice() {
    let check = |path: &str, expected: &str| assert_eq!(encoded_again(path), expected);
    check("", "/");
    check("/model/anthropic.claude-v2%3A1/converse", "/model/anthropic.claude-v2%253A1/converse");
    check("/a:b", "/a%3Ab");
}

#[test]
fn a_session_token_is_signed_and_every_other_authorization_is_gone() {
    let keys = Keys::new(" id ", Secret::new("s"), Some(Secret::new("the/token=="))).unwrap();
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_static("Bearer other"));
    let request = Request { method: "POST", host: "h", path: "/", body: &[] };
    keys.sign(&scope("r", "bedrock"), &request, 0, &mut headers).unwrap();
    let text = headers[AUTHORIZATION].to_str().unwrap();
    assert!(text.contains("Credential=id/19700101/r/bedrock/aws4_request"), "{text}");
    assert!(text.contains("SignedHeaders=host;x-amz-date;x-amz-security-token,"), "{text}");
    assert_eq!(headers["x-amz-security-token"], "the/token==");
    assert!(headers["x-amz-security-token"].is_sensitive());
    assert_eq!(headers["x-amz-date"], "19700101T000000Z");
    assert_eq!(keys.secrets().collect::<Vec<_>>(), ["s", "the/token=="]);
    assert_eq!(format!("{keys:?}"), "Keys(id)");
}

#[test]
fn a_key_is_made_once_a_day_for_each_scope_and_few_are_kept() {
    let keys = suite();
    let request = Request { method: "GET", host: "h", path: "/", body: &[] };
    let sign = |region: &str, day: i64| {
        signature(&keys, &scope(region, "s"), &request, day * 86_400_000, &[]);
        keys.derived.lock().unwrap().len()
    };
    assert_eq!([sign("a", 0), sign("a", 0), sign("b", 0), sign("a", 1)], [1, 1, 2, 1]);
    let most = (0..100).map(|nth| sign(&nth.to_string(), 1)).max();
    assert_eq!(most, Some(KEPT));
}

#[test]
fn a_credential_that_cannot_sign_is_told_of_without_its_text() {
    for (id, secret, token) in
        [("", "canary", None), ("a b", "canary", None), ("a", " ", None), ("a", "s", Some("canary\n1"))]
    {
        let trouble = Keys::new(id, Secret::new(secret), token.map(Secret::new)).unwrap_err();
        assert!(!trouble.contains("canary"), "{trouble}");
    }
}
