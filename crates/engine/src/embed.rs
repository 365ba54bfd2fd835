//! Vectors of texts, made by an embedding model of the gateway: a call within a call, which the gateway itself pays for.

use std::rc::Rc;
use std::sync::Arc;

use dialects::json::Writer;
use dialects::{BACKS, FRONTS};
use http::HeaderMap;
use types::{Answer, Operation};

use crate::{Call, Caller, Content, Gate, serve};

/// Why there are no vectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NoVectors {
    /// Of these texts none are made: of others they are.
    Unfit,
    /// Whoever makes them cannot, for now.
    Unwell,
}

/// The vectors of these texts, by the model group `model`; the books know the call by `tag`. Its answer is neither kept
/// nor taken from what is kept: it would tell one tenant by time what another one has said. Nor does the log show what
/// the texts say: their own calls decide that.
pub(crate) async fn embed(gate: &Rc<Gate>, model: &str, texts: &[&str], tag: &str) -> Result<Vec<Vec<f32>>, NoVectors> {
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
    match reply.status {
        200 => {}
        // What a text is refused for, by its provider or by a guardrail.
        400 | 413 | 422 => return Err(NoVectors::Unfit),
        _ => return Err(NoVectors::Unwell),
    }
    let Content::Whole(bytes) = reply.content else { return Err(NoVectors::Unwell) };
    let back = BACKS.iter().find(|back| back.name() == FRONTS[0].name()).ok_or(NoVectors::Unwell)?;
    match back.read_answer(Operation::Embedding, &bytes) {
        Ok(Answer::Embedding(embeddings)) if embeddings.vectors.len() == texts.len() => Ok(embeddings.vectors),
        _ => Err(NoVectors::Unwell),
    }
}
