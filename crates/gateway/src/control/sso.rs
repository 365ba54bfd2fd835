//! Sign-in by a provider of identities (OpenID Connect): the browser goes there with a state and a nonce that only it
//! knows (RFC 9700), comes back with a code, and what the provider then says about its user makes a session. Whatever
//! goes wrong leads to the sign-in page, which says it in plain words; the log says more.

mod flow;
mod profile;
mod provider;

use std::net::{IpAddr, SocketAddr};

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{CACHE_CONTROL, HOST, LOCATION, SET_COOKIE};
use axum::http::{HeaderMap, HeaderValue, Response, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::{Value, json};
use store::records::Session;

use super::manage::accounts::{self, Outcome};
use super::manage::{Answer, Desk, Refusal, sessions};
use super::sign_in::{HOME, is_secure, with_session};
use crate::config::Sso;
use crate::door::routes::parameter;
use flow::{Flow, Used};
use provider::Shelf;

/// Where the browser comes back to.
const CALLBACK: &str = "/sso/callback";
/// Where it begins.
const BEGIN: &str = "/sso/key/generate";

/// What is known about the provider of identities, and which sign-ins are through.
#[derive(Clone, Default)]
pub struct SsoDesk {
    shelf: Shelf,
    used: Used,
}

/// Why nobody is signed in; the page has words for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Trouble {
    /// There is no provider, or nothing to keep sessions in.
    Unset,
    /// The provider said no, or its user did.
    Denied,
    /// The browser did not begin this sign-in, or too long ago, or it is through.
    Expired,
    /// The provider gives no answer that could be used.
    Unreachable,
    /// What the provider says proves nothing.
    Rejected,
    /// The provider names nobody.
    Nameless,
    /// The mail address is of a domain that may not sign in, or nobody vouches for it.
    Domain,
    /// The account is blocked.
    Blocked,
    /// The account is somebody else's.
    Taken,
    /// The database is away, or refuses.
    Unavailable,
    /// There were too many failures.
    TooOften,
}

impl Trouble {
    /// How the page is told.
    fn code(self) -> &'static str {
        match self {
            Trouble::Unset => "unset",
            Trouble::Denied => "denied",
            Trouble::Expired => "expired",
            Trouble::Unreachable => "unreachable",
            Trouble::Rejected => "rejected",
            Trouble::Nameless => "nameless",
            Trouble::Domain => "domain",
            Trouble::Blocked => "blocked",
            Trouble::Taken => "taken",
            Trouble::Unavailable => "unavailable",
            Trouble::TooOften => "too_often",
        }
    }
}

/// The paths that need no key.
pub fn router() -> Router<Desk> {
    Router::new().route(BEGIN, get(begin)).route(CALLBACK, get(callback))
}

/// What the sign-in page needs to know about the provider; null if there is none.
pub fn shown(desk: &Desk) -> Value {
    let management = desk.live.management();
    match &management.sign_in.sso {
        Some(sso) if !desk.live.setup().access.is_open() => json!({
            "name": sso.name,
            "path": BEGIN,
            "at_once": sso.at_once,
            "replaces_passwords": sso.replaces_passwords,
            "logout_url": sso.logout_url,
        }),
        _ => Value::Null,
    }
}

/// `GET /sso/key/generate`: sends the browser to the provider.
async fn begin(State(desk): State<Desk>, request: Request) -> Answer {
    let (headers, _, _) = enter(&desk, request)?;
    Ok(match start(&desk, &headers).await {
        Ok(response) => response,
        Err(trouble) => failed(&desk, &headers, trouble),
    })
}

/// `GET /sso/callback`: the browser is back.
async fn callback(State(desk): State<Desk>, request: Request) -> Answer {
    let (headers, ip, query) = enter(&desk, request)?;
    let who = [ip.to_string()];
    let outcome = match desk.failures.allow(&who) {
        Ok(()) => finish(&desk, &headers, &query).await,
        Err(_) => Err(Trouble::TooOften),
    };
    match outcome {
        Ok(user) => signed_in(&desk, &headers, &user).await,
        Err(trouble) => {
            // What is nobody's fault is no guess.
            if !matches!(trouble, Trouble::Unset | Trouble::Unreachable | Trouble::Unavailable | Trouble::TooOften) {
                desk.failures.note(&who);
            }
            tracing::warn!("somebody at {ip} was not signed in by SSO: {trouble:?}");
            Ok(failed(&desk, &headers, trouble))
        }
    }
}

/// What came, if it may come from there.
fn enter(desk: &Desk, request: Request) -> Result<(HeaderMap, IpAddr, String), Refusal> {
    if desk.live.management().sign_in.disabled {
        return Err(Refusal::not_found("path", "There is no admin UI here (DISABLE_ADMIN_UI)."));
    }
    let peer = request.extensions().get::<SocketAddr>().ok_or_else(Refusal::internal)?;
    let ip = desk.live.setup().doorway.address(peer.ip(), request.headers())?;
    let query = request.uri().query().unwrap_or_default().to_owned();
    Ok((request.into_parts().0.headers, ip, query))
}

async fn start(desk: &Desk, headers: &HeaderMap) -> Result<Response<Body>, Trouble> {
    let sso = settings(desk)?;
    let provider = desk.sso.shelf.provider(desk, &sso).await?;
    let flow = Flow::new(redirect_uri(desk, &sso, headers).ok_or(Trouble::Unset)?)?;
    let cookie = flow.cookie(desk, is_secure(desk, headers))?;
    let mut response = see_other(&provider.authorization_url(&sso, &flow))?;
    response.headers_mut().append(SET_COOKIE, cookie);
    Ok(response)
}

/// The id of whoever came back.
async fn finish(desk: &Desk, headers: &HeaderMap, query: &str) -> Result<String, Trouble> {
    let sso = settings(desk)?;
    let said = |name: &str| parameter(Some(query), name).filter(|value| !value.is_empty());
    let flow = Flow::of(desk, headers).ok_or(Trouble::Expired)?;
    let state = said("state").ok_or(Trouble::Expired)?;
    if !flow.is_for(&state) || !desk.sso.used.take(&state) {
        return Err(Trouble::Expired);
    }
    if let Some(error) = said("error") {
        tracing::warn!("the provider of identities refuses: {}", provider::tame(&error));
        return Err(Trouble::Denied);
    }
    let provider = desk.sso.shelf.provider(desk, &sso).await?;
    // Another provider's answer must not count as this one's (RFC 9207).
    if said("iss").is_some_and(|issuer| !provider.is_called(&issuer)) {
        return Err(Trouble::Rejected);
    }
    let code = said("code").ok_or(Trouble::Denied)?;
    let claims = provider.claims(&sso, &flow, &code).await?;
    let voucher = profile::voucher(&sso, &provider, &claims)?;
    match accounts::settle(desk, &voucher).await {
        Ok(Outcome::Known(id)) => Ok(id),
        Ok(Outcome::Blocked) => Err(Trouble::Blocked),
        Ok(Outcome::Taken | Outcome::Unknown) => Err(Trouble::Taken),
        Err(why) => {
            tracing::error!("whoever signed in by SSO got no account: {}", why.message());
            Err(Trouble::Unavailable)
        }
    }
}

async fn signed_in(desk: &Desk, headers: &HeaderMap, user: &str) -> Answer {
    let Ok(secret) = sessions::open(desk, Session::User, user).await else {
        return Ok(failed(desk, headers, Trouble::Unavailable));
    };
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, HOME)]).into_response();
    end(desk, headers, &mut response);
    with_session(desk, headers, &secret, response)
}

/// Back to the sign-in page, with the reason. Nothing of what came stands in the address.
fn failed(desk: &Desk, headers: &HeaderMap, trouble: Trouble) -> Response<Body> {
    let place = format!("{HOME}?sso_error={}", trouble.code());
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, place)]).into_response();
    end(desk, headers, &mut response);
    response
}

/// Whatever came of it, this sign-in is over.
fn end(desk: &Desk, headers: &HeaderMap, response: &mut Response<Body>) {
    response.headers_mut().append(SET_COOKIE, Flow::ended(is_secure(desk, headers)));
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
}

fn see_other(url: &str) -> Result<Response<Body>, Trouble> {
    let place = HeaderValue::try_from(url).map_err(|_| Trouble::Unset)?;
    let headers = [(LOCATION, place), (CACHE_CONTROL, HeaderValue::from_static("no-store"))];
    Ok((StatusCode::SEE_OTHER, headers).into_response())
}

/// The provider, where somebody can be signed in.
fn settings(desk: &Desk) -> Result<Sso, Trouble> {
    let possible = desk.live.books.is_some() && !desk.live.setup().access.is_open();
    desk.live.management().sign_in.sso.clone().filter(|_| possible).ok_or(Trouble::Unset)
}

/// Where the provider sends the browser back to: as the operator says, else as the browser called us. A provider sends
/// nobody anywhere that its administrator did not name.
fn redirect_uri(desk: &Desk, sso: &Sso, headers: &HeaderMap) -> Option<String> {
    if let Some(base) = &sso.base_url {
        return Some(format!("{base}{CALLBACK}"));
    }
    let host = headers.get(HOST)?.to_str().ok()?;
    let scheme = if is_secure(desk, headers) { "https" } else { "http" };
    let is_host = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-:[]_".contains(&byte));
    is_host.then(|| format!("{scheme}://{host}{CALLBACK}"))
}

impl From<Refusal> for Trouble {
    fn from(_: Refusal) -> Self {
        Trouble::Unavailable
    }
}
