//! A browser's session: a key in a cookie that no script can read. It counts like a key in a header, if the browser
//! vouches that a page of ours sent the request: cookies come along whoever asks.

use http::header::{COOKIE, HOST, ORIGIN};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method};

/// Name of the cookie.
pub const COOKIE_NAME: &str = "lockgate_session";

/// The header in which the key is handed on; the first one in which keys are looked for.
const KEY_HEADER: &str = "x-litellm-api-key";

/// Headers that carry a key of the caller's own, which then counts.
const OTHERS: [&str; 6] =
    ["x-litellm-api-key", "authorization", "api-key", "x-api-key", "x-goog-api-key", "x-gateway-key"];

/// Takes the key out of the cookie, where no other one came along.
pub fn take(parts: &mut Parts) {
    let Some(secret) = secret(&parts.headers) else { return };
    let alone = !OTHERS.iter().any(|name| parts.headers.contains_key(*name));
    let harmless = matches!(parts.method, Method::GET | Method::HEAD) && !is_foreign(&parts.headers);
    if alone && (harmless || is_ours(&parts.headers)) {
        let Ok(mut key) = HeaderValue::try_from(secret) else { return };
        key.set_sensitive(true);
        parts.headers.insert(KEY_HEADER, key);
    }
}

/// The key in the cookie.
fn secret(headers: &HeaderMap) -> Option<String> {
    let lines = headers.get_all(COOKIE).iter().filter_map(|line| line.to_str().ok());
    let pairs = lines.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    pairs.filter(|(name, value)| *name == COOKIE_NAME && !value.is_empty()).map(|(_, value)| value.to_owned()).next()
}

/// Whether the browser says that a page of this gateway sent the request.
pub fn is_ours(headers: &HeaderMap) -> bool {
    match text(headers, "sec-fetch-site") {
        Some(site) => site == "same-origin",
        // Browsers say it only to addresses that they trust; the origin they always say.
        None => origin_is_host(headers) == Some(true),
    }
}

/// Whether the browser says that another site's page sent the request.
pub fn is_foreign(headers: &HeaderMap) -> bool {
    match text(headers, "sec-fetch-site") {
        Some(site) => site != "same-origin" && site != "none",
        None => origin_is_host(headers) == Some(false),
    }
}

fn origin_is_host(headers: &HeaderMap) -> Option<bool> {
    let (_, host) = text(headers, ORIGIN.as_str())?.split_once("://").unwrap_or_default();
    Some(text(headers, HOST.as_str()).is_some_and(|own| own.eq_ignore_ascii_case(host)))
}

fn text<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    headers.get(name)?.to_str().ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn key(method: &str, headers: &[(&str, &str)]) -> Option<String> {
        let mut request = Request::builder().method(method).uri("/key/list");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        take(&mut parts);
        Some(parts.headers.get(KEY_HEADER)?.to_str().unwrap().to_owned())
    }

    const SESSION: (&str, &str) = ("cookie", "a=1; lockgate_session=sk-1; b=2");
    const HOST: (&str, &str) = ("host", "gateway.example");

    #[test]
    fn a_cookie_counts_where_a_page_of_ours_asks() {
        let one = Some("sk-1".to_owned());
        assert_eq!(key("GET", &[SESSION]), one);
        assert_eq!(key("POST", &[SESSION, ("sec-fetch-site", "same-origin")]), one);
        assert_eq!(key("POST", &[SESSION, HOST, ("origin", "http://gateway.example")]), one);
    }

    #[test]
    fn a_cookie_does_not_count_where_another_site_asks_or_nobody_says_who() {
        assert_eq!(key("POST", &[SESSION]), None);
        assert_eq!(key("DELETE", &[SESSION, HOST, ("origin", "http://evil.example")]), None);
        assert_eq!(key("POST", &[SESSION, HOST, ("origin", "null")]), None);
        assert_eq!(key("POST", &[SESSION, ("origin", "http://gateway.example")]), None);
        for site in ["cross-site", "same-site", "none"] {
            let origin = ("origin", "http://gateway.example");
            assert_eq!(key("POST", &[SESSION, HOST, origin, ("sec-fetch-site", site)]), None, "{site}");
        }
        assert_eq!(key("GET", &[SESSION, ("sec-fetch-site", "same-site")]), None);
    }

    #[test]
    fn a_key_that_came_along_counts_more_than_a_cookie() {
        let own = ("authorization", "Bearer sk-2");
        assert_eq!(key("GET", &[SESSION, own]), None);
        assert_eq!(key("GET", &[("cookie", "lockgate_session=")]), None);
        assert_eq!(key("GET", &[("cookie", "other=sk-1")]), None);
    }
}
