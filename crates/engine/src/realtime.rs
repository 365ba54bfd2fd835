//! Sessions of OpenAI's Realtime API: a WebSocket on either side, and between them events that pass as they are. They are
//! looked at for what they cost, and that is paid for as it comes.

mod attempt;
mod handshake;
mod secret;
mod session;
pub mod side;
mod tab;

use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use dialects::Stamp;
use types::{Fault, FaultKind, Side};

use crate::ask::Ask;
use crate::attempt::{Opened, Opening};
use crate::attempts;
use crate::defect::caught_in;
use crate::journey::{admit, as_configured, refuse_call};
use crate::pass::Pass;
use crate::record::Record;
use crate::{Call, Gate, Reply, Setup, guards};

pub(crate) use attempt::{Agreed, attempt};
pub use handshake::accepting;
pub use secret::{Sealed, secret};
pub use session::Session;

/// Bounds on sessions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SessionBounds {
    /// Largest message, bytes.
    pub message_bytes: usize,
    /// Silence of both sides after which a session ends.
    pub idle: Duration,
    /// How long a session may last.
    pub total: Duration,
}

impl Default for SessionBounds {
    fn default() -> Self {
        SessionBounds { message_bytes: 16 << 20, idle: Duration::from_secs(600), total: Duration::from_secs(3600) }
    }
}

/// Opens a session at a provider, through the same journey as every other call; until one has agreed, a fault leads to
/// the next attempt. `sealed` is what the gateway had sealed for the caller, if it shows that. A refusal is the answer
/// to the caller, to whom nothing was promised yet.
pub async fn open(gate: &Rc<Gate>, call: Call, sealed: Option<Sealed>) -> Result<Session, Box<Reply>> {
    let (front, id) = (call.front, call.id.clone());
    let setup = (gate.setup)();
    let record = Record::begin(gate, &setup, &call);
    let found = caught_in(pin!(travel(gate, &setup, call, sealed, record.as_ref()))).await.flatten();
    let opened = found.and_then(|(ask, pass, opened)| match opened.answer {
        Opening::Session(agreed) => Ok(Session::new(gate, &setup, (ask, pass), *agreed)),
        _ => Err(Fault::new(FaultKind::Internal, Side::Gateway, "the provider's answer is no session")),
    });
    opened.map_err(|fault| {
        let fault = as_configured(&setup, fault);
        record.iter().for_each(|record| record.refuse(&fault));
        Box::new(refuse_call(front, &id, &fault))
    })
}

/// The journey of a call, as far as it is like that of all others.
async fn travel(
    gate: &Rc<Gate>,
    setup: &Arc<Setup>,
    call: Call,
    sealed: Option<Sealed>,
    record: Option<&Rc<Record>>,
) -> Result<(Rc<Ask>, Rc<Pass>, Opened), Fault> {
    let (caller, call_id) = (call.caller.clone(), call.id.clone());
    let mut ask = Ask::read(call)?;
    if let Some(Sealed { deployment, secret, .. }) = sealed {
        // Nobody else knows the provider's own secret.
        (ask.pinned, ask.wishes.no_fallbacks) = (Some(deployment.into()), true);
        ask.connection = vec![("api_key".to_owned(), secret)];
    }
    let admitted = match guards::before(setup, &caller, &mut ask).and_then(|()| unguarded(&ask)) {
        Ok(()) => admit(gate, setup, &caller, &mut ask, (&call_id, record)).await,
        Err(fault) => Err(fault),
    };
    if let Some(record) = record {
        record.understood(setup, &ask, admitted.as_deref().ok());
    }
    let (ask, pass) = (Rc::new(ask), admitted?);
    let stamp = Stamp { model: ask.model.clone(), ..Stamp::default() };
    let opened = attempts::run(gate, setup, &pass, &ask, &stamp, 0).await.result?;
    Ok((ask, pass, opened))
}

/// Nobody looks over what is spoken: where guardrails must, there is no session.
fn unguarded(ask: &Ask) -> Result<(), Fault> {
    let Some(guarding) = &ask.guarding else { return Ok(()) };
    let names = guarding.names().join("', '");
    let message = format!(
        "guardrail '{names}' applies to this call, and no guardrail can look over the sound of a realtime session: it \
         would go unguarded, so it is refused"
    );
    Err(Fault { code: Some("guardrail_unsupported".to_owned()), ..Fault::invalid(message) })
}
