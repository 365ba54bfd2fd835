//! The admin UI: pages and scripts that were embedded when the gateway was built. They hold nothing that needs a key;
//! what they show they ask the management API for.

use axum::Router;
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::header::*;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;

use super::manage::{Desk, Refusal};

/// A file, and what was made of it beforehand.
struct File {
    name: &'static str,
    plain: &'static [u8],
    brotli: Option<&'static [u8]>,
    gzip: Option<&'static [u8]>,
}

/// All files; none if the gateway was built without them.
const FILES: &[File] = include!(concat!(env!("OUT_DIR"), "/ui.rs"));

/// The page of the application, whatever path below `/ui` it is asked for.
const PAGE: &str = "index.html";
/// Files in here are named by their content, and never change.
const UNCHANGING: &str = "assets/";

/// What a gateway says that was built without the UI.
const MISSING: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Lockgate</title>\
    <h1>This build has no admin UI</h1><p>It was built by cargo alone. <code>make run</code> builds the UI first; \
    so do <code>npm --prefix ui ci</code> and <code>npm --prefix ui run build</code> before <code>cargo build</code>.</p>\
    <p>The API is all here.</p></html>";

/// What pages may load and do: scripts and data of this gateway alone, no script within a page, no frame around it.
/// Styles may be set by scripts, as the components do.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    font-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'self'; \
    frame-ancestors 'none'";

/// The paths of the UI, which need no key.
pub fn router() -> Router<Desk> {
    Router::new()
        .route("/ui", get(page))
        .route("/ui/", get(page))
        .route("/ui/{*path}", get(file))
        .route("/admin", get(elsewhere))
        .route("/admin/", get(elsewhere))
}

async fn elsewhere() -> Response<Body> {
    (StatusCode::TEMPORARY_REDIRECT, [(LOCATION, "/ui/")]).into_response()
}

async fn page(State(desk): State<Desk>, headers: HeaderMap) -> Response<Body> {
    serve(&desk, PAGE, &headers)
}

async fn file(State(desk): State<Desk>, Path(path): Path<String>, headers: HeaderMap) -> Response<Body> {
    serve(&desk, &path, &headers)
}

fn serve(desk: &Desk, path: &str, headers: &HeaderMap) -> Response<Body> {
    if desk.live.management().sign_in.disabled {
        return Refusal::not_found("path", "There is no admin UI here (DISABLE_ADMIN_UI).").into_response();
    }
    let find = |name: &str| FILES.iter().find(|file| file.name == name);
    // Pages are paths of the application; what looks like a file and is none was of another version.
    let found = find(path).or_else(|| find(PAGE).filter(|_| !path.starts_with(UNCHANGING)));
    let response = match found {
        Some(file) => content(file, headers),
        None if FILES.is_empty() => {
            (StatusCode::OK, [(CONTENT_TYPE, "text/html; charset=utf-8")], MISSING).into_response()
        }
        None => StatusCode::NOT_FOUND.into_response(),
    };
    guarded(response)
}

/// A page or a part of one, with what it may load and do.
pub fn guarded(mut response: Response<Body>) -> Response<Body> {
    let guards = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ];
    response.headers_mut().extend(guards.map(|(name, value)| (name, HeaderValue::from_static(value))));
    response
}

fn content(file: &File, headers: &HeaderMap) -> Response<Body> {
    let accepted = headers.get(ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let takes =
        |coding: &str| accepted.split(',').any(|one| one.split(';').next().is_some_and(|one| one.trim() == coding));
    let (coding, body) = match (file.brotli, file.gzip) {
        (Some(packed), _) if takes("br") => (Some("br"), packed),
        (_, Some(packed)) if takes("gzip") => (Some("gzip"), packed),
        _ => (None, file.plain),
    };
    let lasts = match file.name.starts_with(UNCHANGING) {
        true => "public, max-age=31536000, immutable",
        false => "no-cache",
    };
    let mut response = ([(CONTENT_TYPE, media_type(file.name)), (CACHE_CONTROL, lasts)], body).into_response();
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept-encoding"));
    if let Some(coding) = coding {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    response
}

fn media_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, ending)| ending) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "webmanifest" => "application/json",
        "woff2" => "font/woff2",
        "png" => "image/png",
        _ => "application/octet-stream",
    }
}
