//! The page at `/docs`, which shows the description to people, and what browsers get at `/`. It loads nothing from
//! elsewhere.

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::header::*;
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

use super::super::manage::{Desk, Refusal};
use super::super::{system, ui};

/// Files: the path, what it is, what is in it.
const FILES: [(&str, &str, &str); 3] = [
    ("/docs", "text/html; charset=utf-8", include_str!("page/docs.html")),
    ("/docs/docs.js", "text/javascript; charset=utf-8", include_str!("page/docs.js")),
    ("/docs/docs.css", "text/css; charset=utf-8", include_str!("page/docs.css")),
];

/// The paths of the page.
pub fn router() -> Router<Desk> {
    FILES.into_iter().fold(Router::new(), |router, (path, kind, text)| {
        router.route(path, get(async move |State(desk): State<Desk>| file(&desk, kind, text)))
    })
}

fn file(desk: &Desk, kind: &'static str, text: &'static str) -> Response<Body> {
    let rules = &desk.live.management().api_docs;
    if !rules.page || !rules.description {
        return Refusal::not_found("path", "There is no page about the API here (NO_DOCS).").into_response();
    }
    ui::guarded(([(CONTENT_TYPE, kind), (CACHE_CONTROL, "no-cache")], text).into_response())
}

/// `GET /`: browsers are led to the page, or to where the operator wants them; programs are told who answers here.
pub async fn root(State(desk): State<Desk>, headers: HeaderMap) -> Response<Body> {
    let rules = &desk.live.management().api_docs;
    let accepted = headers.get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let place = match &rules.root {
        Some(place) => HeaderValue::from_str(place).ok(),
        None if rules.page && rules.description && accepted.contains("text/html") => {
            Some(HeaderValue::from_static("/docs"))
        }
        None => None,
    };
    match place {
        Some(place) => {
            (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, place), (VARY, HeaderValue::from_static("accept"))])
                .into_response()
        }
        None => system::welcome().await,
    }
}
