//! Vectors of texts, made by an embedding model of the gateway: a call within a call, which the gateway itself pays for.

use std::rc::Rc;
use std::sync::Arc;

use dialects::json::Writer;
use dialects::{BACKS, FRONTS};
use http::HeaderMap;
use types::{Answer, Operation};

use crate::{Call, Caller, Content, Gate, serve};

/// The vectors of these texts, by the model group `model`; the books know the call by `tag`. Its answer is neither kept
/// nor taken from what is kept: it would tell one tenant by time what another one has said. Nor does the log show what
/// the texts say: their own calls decide that.
pub(crate) async fn embed(gate: &Rc<Gate>, model: &str, texts: &[&str], tag: &str) -> Option<Vec<Vec<f32>>> {
    let body = Writer::document(|w| {
        w.str_field("model", model);
        w.key("input").array(|w| texts.iter().for_each(|text| w.string(text)));
        w.str_field("encoding_format", "float");
        w.key("tags").array(|w| w.string(tag));
        w.key("caching").json("false");
        w.key("turn_off_message_logging").json("true");
    });
    let call = Call {
        id: gate.call_id(&HeaderMap::new()),
        front: FRONTS[0],
        operation: Operation::Embedding,
        path_model: None,
        path_stream: None,
        headers: HeaderMap::new(),
        body: body.freeze(),
        caller: Arc::new(Caller::admin()),
        ip: None,
    };
    // A call within a call.
    let reply = Box::pin(serve(gate, call)).await;
    let Content::Whole(bytes) = reply.content else { return None };
    let back = BACKS.iter().find(|back| back.name() == FRONTS[0].name()).filter(|_| reply.status == 200)?;
    match back.read_answer(Operation::Embedding, &bytes).ok()? {
        Answer::Embedding(embeddings) => Some(embeddings.vectors).filter(|vectors| vectors.len() == texts.len()),
        _ => None,
    }
}
