//! Signing in to the admin UI: by the master key, as the administrator of the environment, by a user's password, or by
//! an invitation. What comes of it is a session in a cookie; nothing here needs a key.

mod failures;

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use engine::Identity;
use serde_json::{Value, json};
use store::records::Session;

pub use failures::Failures;

use super::manage::accounts::MASTER;
use super::manage::{
    Answer, Desk, Field, Form, Refusal, Takes, answer, find_user, invitations, optional, sessions, who,
};
use super::sso;
use crate::alerts::login_failed;
use crate::door::routes::parameter;
use crate::door::session::{COOKIE_NAME, is_foreign};

/// What somebody signs in with.
pub const WORDS: &[Field] = &[optional("username", Takes::Text), optional("password", Takes::Text)];
/// Where the UI is.
pub const HOME: &str = "/ui/";
/// Largest body of whoever signs in.
const LARGEST: usize = 16 << 10;

/// The paths that need no key.
pub fn router() -> Router<Desk> {
    Router::new()
        .route("/login", post(by_form))
        .route("/v2/login", post(by_json))
        .route("/session", get(session))
        .route("/onboarding/get_token", get(invited))
        .route("/onboarding/claim_token", post(claim))
}

/// `POST /v2/login`: `username` and `password`, or the master key alone as `password`.
async fn by_json(State(desk): State<Desk>, request: Request) -> Answer {
    let (headers, ip, body) = take(&desk, request).await?;
    let form = Form::body(&body, &[WORDS])?;
    let secret = sign_in(&desk, ip, form.text("username").unwrap_or_default(), form.needed("password")).await?;
    with_session(&desk, &headers, &secret, answer(json!({ "redirect_url": HOME }))?)
}

/// `POST /login`: the same from a form without any script.
async fn by_form(State(desk): State<Desk>, request: Request) -> Answer {
    let (headers, ip, body) = take(&desk, request).await?;
    let text = String::from_utf8_lossy(&body).replace('+', " ");
    let field = |name: &str| parameter(Some(&text), name).unwrap_or_default();
    let secret = sign_in(&desk, ip, &field("username"), &field("password")).await?;
    with_session(&desk, &headers, &secret, (StatusCode::SEE_OTHER, [(LOCATION, HOME)]).into_response())
}

/// `GET /session`: who is signed in, or how to.
async fn session(State(desk): State<Desk>, request: Request) -> Answer {
    let live = &desk.live;
    let mut shown = json!({
        "signed_in": false,
        "open": live.setup().access.is_open(),
        "database": live.books.is_some(),
        "version": env!("CARGO_PKG_VERSION"),
        "sso": sso::shown(&desk),
    });
    if let Ok(caller) = super::caller(live, &request)
        && let Value::Object(fields) = &mut shown
    {
        fields.insert("signed_in".to_owned(), true.into());
        fields.extend(who(&desk, &caller));
    }
    answer(shown)
}

/// `GET /onboarding/get_token`: whom an invitation is for.
async fn invited(State(desk): State<Desk>, request: Request) -> Answer {
    let link = parameter(request.uri().query(), "invite_link").unwrap_or_default();
    let (_, ip, _) = take(&desk, request).await?;
    desk.failures.allow(&[ip.to_string()])?;
    let found = invitations::whom(&desk, &link);
    answer(found.inspect_err(|_| failed(&desk, ip, &[ip.to_string()], None))?)
}

/// `POST /onboarding/claim_token`: sets the password of whoever was invited, and signs them in.
async fn claim(State(desk): State<Desk>, request: Request) -> Answer {
    let (headers, ip, body) = take(&desk, request).await?;
    desk.failures.allow(&[ip.to_string()])?;
    let claimed = invitations::claim(&desk, &body).await;
    let (secret, user) = claimed.inspect_err(|_| failed(&desk, ip, &[ip.to_string()], None))?;
    with_session(&desk, &headers, &secret, answer(json!({ "redirect_url": HOME, "user_id": user }))?)
}

/// What came, if it may come from there: no other site's page signs anybody in.
async fn take(desk: &Desk, request: Request) -> Result<(HeaderMap, IpAddr, Bytes), Refusal> {
    let live = &desk.live;
    if live.management().sign_in.disabled {
        return Err(Refusal::not_found("path", "There is no admin UI here (DISABLE_ADMIN_UI)."));
    }
    let peer = request.extensions().get::<SocketAddr>().ok_or_else(Refusal::internal)?;
    let ip = live.setup().doorway.address(peer.ip(), request.headers())?;
    if is_foreign(request.headers()) {
        return Err(Refusal::forbidden("Sign in from a page of this gateway."));
    }
    let (parts, body) = request.into_parts();
    let body = axum::body::to_bytes(body, LARGEST).await;
    Ok((parts.headers, ip, body.map_err(|_| Refusal::bad("the request body is too large"))?))
}

/// Opens a session for whoever has this name and password.
async fn sign_in(desk: &Desk, ip: IpAddr, name: &str, password: &str) -> Result<String, Refusal> {
    let name = name.trim();
    let who = [ip.to_string(), format!("name:{name}")];
    desk.failures.allow(&who)?;
    if is_master(desk, name, password) {
        return sessions::open(desk, Session::Master, MASTER).await;
    }
    if desk.live.management().sign_in.sso.as_ref().is_some_and(|sso| sso.replaces_passwords) {
        desk.failures.note(&who);
        return Err(Refusal::unauthorized("Passwords do not count here: sign in with SSO."));
    }
    let books = desk.live.books.as_ref().ok_or_else(Refusal::no_database)?;
    let found = {
        let directory = books.registry.read();
        let found = find_user(&directory, Some(name), None).or_else(|| find_user(&directory, None, Some(name)));
        found.map(|(id, held)| (id, held.record.clone()))
    };
    let (id, user) = found.unzip();
    let hash = user.as_ref().filter(|user| !user.blocked).and_then(|user| user.password.as_deref());
    match (desk.passwords.check(password, hash).await?, id) {
        (true, Some(id)) => sessions::open(desk, Session::User, &id).await,
        (_, id) => {
            failed(desk, ip, &who, id);
            tracing::warn!("somebody at {ip} failed to sign in");
            Err(Refusal::unauthorized("The name or the password is wrong."))
        }
    }
}

/// Notes that somebody failed; `user` is whose name they gave, if it is somebody's.
fn failed(desk: &Desk, ip: IpAddr, who: &[String], user: Option<String>) {
    if desk.failures.note(who) {
        login_failed(&desk.live, ip, user);
    }
}

/// Whether these are the words of the administrator whom the environment names, or the master key alone.
fn is_master(desk: &Desk, name: &str, password: &str) -> bool {
    let (management, setup) = (desk.live.management(), desk.live.setup());
    let rules = &management.sign_in;
    if rules.no_administrator {
        return false;
    }
    let is_key = shows_master_key(&setup.access, password);
    match &rules.password {
        _ if name.is_empty() => is_key,
        _ if name != rules.username => false,
        Some(own) => equal(own.expose(), password),
        None => is_key,
    }
}

fn shows_master_key(access: &engine::Access, password: &str) -> bool {
    let Ok(value) = HeaderValue::from_str(password) else { return false };
    let headers = HeaderMap::from_iter([(AUTHORIZATION, value)]);
    !password.is_empty() && !access.is_open() && matches!(access.identify(&headers), Ok(Identity::Admin))
}

/// Whether the browser speaks HTTPS, to us or to somebody in front.
pub fn is_secure(desk: &Desk, headers: &HeaderMap) -> bool {
    let forwarded = headers.get("x-forwarded-proto").is_some_and(|scheme| scheme == "https");
    desk.live.tls.is_some() || forwarded
}

/// Compares in a time that does not depend on where the first difference is.
pub fn equal(own: &str, given: &str) -> bool {
    let hash = |text: &str| aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, text.as_bytes());
    aws_lc_rs::constant_time::verify_slices_are_equal(hash(own).as_ref(), hash(given).as_ref()).is_ok()
}

/// The answer with the session in a cookie that no script can read and no other site sends along.
pub fn with_session(desk: &Desk, headers: &HeaderMap, secret: &str, mut response: Response<Body>) -> Answer {
    let secure = if is_secure(desk, headers) { "; Secure" } else { "" };
    let seconds = desk.live.management().sign_in.session_seconds;
    let cookie = format!("{COOKIE_NAME}={secret}; Path=/; HttpOnly; SameSite=Strict; Max-Age={seconds}{secure}");
    let mut cookie = HeaderValue::try_from(cookie).map_err(|_| Refusal::internal())?;
    cookie.set_sensitive(true);
    response.headers_mut().append(SET_COOKIE, cookie);
    response.headers_mut().entry(CONTENT_TYPE).or_insert(HeaderValue::from_static("text/plain"));
    Ok(response)
}
