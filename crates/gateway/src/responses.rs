//! Answers of the Responses API that outlive their call (wire.md 2.8). A provider that has this API keeps its own; of the
//! others' answers the gateway keeps what was asked and answered, sealed, so that they can be asked for again and conversations go
//! on from them. Either is there for the owner of the key alone. An answer in the background is made while nobody waits for
//! it. Workers lay down what is to be kept; the control plane writes it.

mod compact;
mod following;
mod inquiry;
mod items;
mod job;
mod jobs;
mod shelf;
pub mod socket;
mod tap;
mod writer;

use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use dialects::json::{Edit, Json, Object};
use dialects::{Front, kept};
use engine::{Call, Content, Setup, note_refusal, refuse_call};
use http::Response;
use memchr::memmem;
use types::{Fault, FaultKind, Operation, Side};

use crate::door::{Door, OutBody, response, run, stranger};
pub use inquiry::{PREFIXES, answer, meant};
pub use shelf::Shelf;
pub use tap::Tap;
pub use writer::{close, keep};

/// The dialect.
const NAME: &str = "responses";
/// The field with the id of the answer that a conversation goes on from.
const PREVIOUS: &str = "previous_response_id";
/// Fields that say something of what is kept: a body without any of them is not looked into.
const TOLD: [&str; 3] = [PREVIOUS, "background", "store"];

/// Whether answers to a call of this API may be kept.
fn are_kept(setup: &Setup, call: &Call) -> bool {
    setup.intake.keeps_responses && call.operation == Operation::Chat
}

/// Whether a call has to do with what is kept or was sealed here.
pub fn is_concerned(setup: &Setup, call: &Call) -> bool {
    call.front.name() == NAME && (are_kept(setup, call) || compact::is_meant(call))
}

/// What a call says of what is kept.
#[derive(Default)]
struct Wish {
    model: Option<String>,
    previous: Option<String>,
    background: bool,
    stream: bool,
    /// Whether its answer must not be kept.
    forgets: bool,
}

impl Wish {
    fn read(root: Json) -> Self {
        let text = |name: &str| root.get_some(name).and_then(|value| value.as_string());
        let flag = |name: &str| root.get_some(name).and_then(|value| value.as_bool());
        Wish {
            model: text("model"),
            previous: text(PREVIOUS),
            background: flag("background") == Some(true),
            stream: flag("stream") == Some(true),
            forgets: flag("store") == Some(false),
        }
    }
}

/// Serves a call whose answer may be kept.
pub async fn serve(door: &Rc<Door>, setup: Arc<Setup>, call: Call) -> Response<OutBody> {
    let (id, front, caller, stranger) = (call.id.clone(), call.front, call.caller.clone(), stranger(&call));
    match begin(door, &setup, call).await {
        Ok(response) => response,
        Err(fault) => {
            note_refusal(&door.gate, stranger, Some(caller), &fault);
            response(refuse_call(front, &id, &fault))
        }
    }
}

async fn begin(door: &Rc<Door>, setup: &Setup, call: Call) -> Result<Response<OutBody>, Fault> {
    let mut call = compact::opened(&door.live, call)?;
    if call.operation == Operation::Compact {
        return compact::answer(door, setup, call).await;
    }
    if !are_kept(setup, &call) {
        return Ok(response(run(door, call).await));
    }
    let says_something = TOLD.iter().any(|name| memmem::find(&call.body, name.as_bytes()).is_some());
    // What is no object is refused by the engine, like everything else that is wrong.
    let body = says_something.then(|| Object::parse(call.body.clone()).ok()).flatten();
    let Some(mut body) = body else { return Ok(kept_if_whole(door, call).await) };
    let wish = body.with(Wish::read);
    let owner = call.caller.keeper();
    if let Some(previous) = &wish.previous {
        body = go_on(door, setup, body, previous, &owner).await?;
        call.body = body.bytes().clone();
    }
    let model = call.path_model.as_deref().or(wish.model.as_deref()).unwrap_or_default().to_owned();
    if wish.background && is_made_here(setup, &call, &model) {
        if wish.forgets {
            let message = "an answer that is made in the background must be kept: leave 'store' out";
            return Err(Fault::invalid_param("background", message));
        }
        return job::begin(door, call, &body, model, wish.stream, owner).await;
    }
    Ok(match wish.forgets {
        true => response(run(door, call).await),
        false => kept_if_whole(door, call).await,
    })
}

/// Serves a call, and keeps what comes of it.
async fn kept_if_whole(door: &Rc<Door>, call: Call) -> Response<OutBody> {
    let tap = Tap::new(&door.live, call.caller.keeper(), call.body.clone(), (door.gate.unix_ms)());
    let mut reply = run(door, call).await;
    match reply.content {
        Content::Stream(delivery) if reply.status == 200 => {
            reply.content = Content::Whole(Bytes::new());
            response(reply).map(|_| OutBody::tapped(delivery, tap))
        }
        content => {
            if let (200, Content::Whole(answer)) = (reply.status, &content) {
                tap.whole(answer);
            }
            reply.content = content;
            response(reply)
        }
    }
}

/// The same call with what it goes on from in front of its input, where that is kept here.
async fn go_on(door: &Rc<Door>, setup: &Setup, body: Object, previous: &str, owner: &str) -> Result<Object, Fault> {
    let live = &door.live;
    if !kept::is_own(previous) {
        // A provider keeps it: for everybody with the account's credential, so it must be said here whose it is.
        let is_foreign = kept::issuer_of(previous).is_some() && shelf::is_anothers(live, previous, owner).await;
        return if is_foreign { Err(unknown(previous)) } else { Ok(body) };
    }
    let found = shelf::find(live, previous, owner).await?.ok_or_else(|| unknown(previous))?;
    if found.is_open() {
        let message = format!("Previous response with id '{previous}' is still being made.");
        return Err(Fault::invalid_param(PREVIOUS, message));
    }
    let output = items::output(&found.response);
    let input = body.with(|root| root.get_some("input").map(|input| kept::items_of(input).into_owned()));
    let lists = [&*found.input, &*output, input.as_deref().unwrap_or("[]")];
    let edit = Edit::Set("input".to_owned(), kept::joined(&lists));
    let body = body.splice(&[edit]).concat();
    if body.len() > setup.intake.max_body_bytes {
        let message = "the conversation has grown longer than a request may be";
        return Err(Fault::new(FaultKind::TooLarge, Side::Caller, message));
    }
    Object::parse(body.into())
}

/// The refusal to go on from an answer that nobody knows, or somebody else.
fn unknown(previous: &str) -> Fault {
    let message = format!("Previous response with id '{previous}' not found.");
    Fault { code: Some("previous_response_not_found".to_owned()), ..Fault::invalid_param(PREVIOUS, message) }
}

/// Whether a call for the background is to be made by the gateway: unless all who might answer it do so themselves.
fn is_made_here(setup: &Setup, call: &Call, model: &str) -> bool {
    let name = call.caller.alias(model);
    match setup.find(name) {
        Some((group, _)) => group.deployments.iter().any(|one| one.speaks(NAME).is_none()),
        None => setup.router(name).is_some(),
    }
}

/// The dialect, as callers speak it.
fn front() -> &'static dyn Front {
    crate::door::routes::front_named(NAME)
}

/// The way to what all threads share.
type Live = Arc<crate::live::Live>;
