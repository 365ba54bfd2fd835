//! Who may call from a browser: nobody, unless `--cors-origins` says so.

use http::header::*;
use http::{HeaderMap, HeaderValue};

/// Origins whose pages may call.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    origins: Vec<String>,
}

impl Cors {
    /// From a list separated by commas; `*` is every origin.
    pub fn new(origins: &str) -> Self {
        let origins = origins.split(',').map(|origin| origin.trim().trim_end_matches('/').to_owned());
        Cors { origins: origins.filter(|origin| !origin.is_empty()).collect() }
    }

    /// What the answer to a request with these headers must say, if its origin may call.
    pub fn headers(&self, request: &HeaderMap) -> Option<HeaderMap> {
        let origin = request.get(ORIGIN)?;
        let known = |allowed: &String| allowed == "*" || origin.as_bytes() == allowed.as_bytes();
        if !self.origins.iter().any(known) {
            return None;
        }
        let asked = request.get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
        Some(HeaderMap::from_iter([
            (ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone()),
            (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, PUT, PATCH, DELETE, OPTIONS")),
            (ACCESS_CONTROL_ALLOW_HEADERS, asked.unwrap_or(HeaderValue::from_static("*"))),
            (ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("*")),
            (ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("600")),
            (VARY, HeaderValue::from_static("origin")),
        ]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_origins_may_call() {
        let asks = |origins: &str, origin: &str| {
            let request = HeaderMap::from_iter([(ORIGIN, origin.parse().unwrap())]);
            Cors::new(origins).headers(&request).map(|headers| headers[ACCESS_CONTROL_ALLOW_ORIGIN].clone())
        };
        assert_eq!(asks("", "https://a.example"), None);
        assert_eq!(asks("https://a.example/, https://b.example", "https://b.example").unwrap(), "https://b.example");
        assert_eq!(asks("https://a.example", "https://evil.example"), None);
        assert_eq!(asks("*", "https://any.example").unwrap(), "https://any.example");
        assert_eq!(Cors::new("*").headers(&HeaderMap::new()), None);
    }
}
