//! OpenAI's Realtime API: events of a session that pass as they are, looked at for what they cost.

mod event;

use bytes::BytesMut;
use types::{Answer, Fault, Operation, Request};

pub use event::{Naming, News, Sound, Terms, Wish, rename, rename_at_top, wish};

use crate::json::{self, Json, Object};
use crate::{Front, OpenAi, Stamp, StreamWriter};

/// What is asked of the Realtime API.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Errand {
    /// A session over a WebSocket.
    Session,
    /// A secret with which somebody else may open one: path behind the base.
    Secret(&'static str),
}

/// Its calls, in front: errors and ids are OpenAI's.
pub struct Realtime(pub Errand);

/// A session.
pub static SESSION: Realtime = Realtime(Errand::Session);
/// A secret for a session.
pub static CLIENT_SECRET: Realtime = Realtime(Errand::Secret("/realtime/client_secrets"));
/// The same in its older form, whose settings stand at the top.
pub static OLD_SESSION: Realtime = Realtime(Errand::Secret("/realtime/sessions"));
/// The same for a session that only writes down.
pub static TRANSCRIPTION: Realtime = Realtime(Errand::Secret("/realtime/transcription_sessions"));

impl Front for Realtime {
    fn name(&self) -> &'static str {
        Front::name(&OpenAi)
    }

    fn realtime(&self) -> Option<Errand> {
        Some(self.0)
    }

    /// The bound of a response is in its session, and the provider's anyway.
    fn output_bound(&self, _: Json) -> Option<u64> {
        None
    }

    fn read_request(&self, operation: Operation, body: &[u8]) -> Result<Request, Fault> {
        OpenAi.read_request(operation, body)
    }

    fn write_answer(&self, operation: Operation, answer: &Answer, stamp: &Stamp) -> BytesMut {
        OpenAi.write_answer(operation, answer, stamp)
    }

    fn stream_writer(&self, operation: Operation, stamp: Stamp) -> Box<dyn StreamWriter> {
        OpenAi.stream_writer(operation, stamp)
    }

    fn write_fault(&self, fault: &Fault, status: u16) -> BytesMut {
        OpenAi.write_fault(fault, status)
    }

    /// An event of the session.
    fn write_stream_fault(&self, fault: &Fault, out: &mut BytesMut) {
        let error = OpenAi.write_fault(fault, self.status(fault));
        out.extend_from_slice(b"{\"type\":\"error\",");
        out.extend_from_slice(error.get(1..).unwrap_or_default());
    }

    fn heartbeat(&self) -> &'static str {
        ""
    }

    fn call_type(&self, _: Operation) -> &'static str {
        match self.0 {
            Errand::Session => "_arealtime",
            Errand::Secret(_) => "acreate_realtime_client_secret",
        }
    }

    fn status(&self, fault: &Fault) -> u16 {
        Front::status(&OpenAi, fault)
    }
}

/// The path of `errand` at a provider that has its chats at `chats`, base included: Azure's older paths name the
/// deployment and a version. `model` is the provider's name; a session that only writes down has no other.
pub fn path(errand: Errand, chats: &str, model: &str, writes_down: bool) -> String {
    let (path, query) = chats.split_once('?').unwrap_or((chats, ""));
    let tail = match errand {
        Errand::Session => "/realtime",
        Errand::Secret(tail) => tail,
    };
    let (home, name) = match path.split_once("/deployments/") {
        Some((home, _)) => (home, "deployment"),
        None => (path.strip_suffix("/chat/completions").unwrap_or(path), "model"),
    };
    // The newer API of Azure takes no version here, not even that of a preview.
    let version = query.split('&').find(|pair| pair.starts_with("api-version=") && *pair != "api-version=preview");
    let is_session = errand == Errand::Session;
    let named = is_session && !(writes_down && name == "model");
    let model = named.then(|| format!("{name}={}", encoded(model)));
    let intent = (is_session && writes_down).then_some("intent=transcription");
    let query: Vec<&str> = version.into_iter().chain(model.as_deref()).chain(intent).collect();
    let mark = if query.is_empty() { "" } else { "?" };
    format!("{home}{tail}{mark}{}", query.join("&"))
}

fn encoded(name: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    name.bytes().map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect()
}

/// The model that a request for a secret names: in its session, or at the top. A session that only writes down names it
/// with what is to be written down.
pub fn model_of(body: &Object) -> Option<String> {
    let text = |value: Option<Json>| value.and_then(|model| model.as_string());
    body.with(|root| {
        let inner = |session: Json| text(session.get_some("model")).or_else(|| event::transcription_model(session));
        let own = root.get_some("session").and_then(|session| session.inside(inner)?);
        own.or_else(|| text(root.get_some("model"))).or_else(|| {
            // What stands at the top was noted without its inside.
            json::Doc::parse(body.bytes()).ok().and_then(|doc| event::transcription_model(doc.root()))
        })
    })
}

#[cfg(test)]
mod tests;
