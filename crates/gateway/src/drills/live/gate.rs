//! The way into the engine for calls that take part in a drill.

use std::cell::RefCell;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;

use engine::{Deployment, Dice, Durable, Gate, Keyring, Ledger, Wire};
use providers::http::{Call, Reply};
use store::Entry;
use types::Fault;

use super::broken;
use crate::live::Live;

/// The same way as `gate`, with the setup of the drill that runs.
pub fn gate(usual: &Gate, live: &Arc<Live>, keyring: Keyring, seed: u64) -> Gate {
    let setup = {
        let live = live.clone();
        Box::new(move || live.drills.last().map_or_else(|| live.setup(), |drill| drill.setup()))
    };
    let ledger = usual.ledger.clone().map(|ledger| Rc::new(Noting { ledger, live: live.clone() }) as Rc<dyn Ledger>);
    Gate {
        wire: Rc::new(Breaking(usual.wire.clone())),
        setup,
        dice: RefCell::new(Dice::new(seed)),
        unix_ms: usual.unix_ms.clone(),
        keyring,
        ledger,
    }
}

/// A wire that leads nowhere for what is broken.
struct Breaking(Rc<dyn Wire>);

impl Wire for Breaking {
    fn call<'a>(
        &'a self,
        deployment: &'a Deployment,
        call: Call<'a>,
    ) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        match broken::at(&call.endpoint.host) {
            Some(fault) => Box::pin(fault.answer()),
            None => self.0.call(deployment, call),
        }
    }

    fn other<'a>(&'a self, call: Call<'a>) -> Pin<Box<dyn Future<Output = Result<Reply, Fault>> + 'a>> {
        self.0.other(call)
    }
}

/// A ledger that tells the drill of what it books.
struct Noting {
    ledger: Rc<dyn Ledger>,
    live: Arc<Live>,
}

impl Ledger for Noting {
    fn open(&self, entry: &Entry) -> Durable {
        self.ledger.open(entry)
    }

    fn settle(&self, entry: &Entry) -> Durable {
        if let Some(drill) = self.live.drills.last() {
            drill.note_entry(entry);
        }
        self.ledger.settle(entry)
    }

    fn tell(&self, entry: &Entry) {
        if let Some(drill) = self.live.drills.last() {
            drill.note_refusal(entry);
        }
        self.ledger.tell(entry);
    }

    fn is_healthy(&self) -> bool {
        self.ledger.is_healthy()
    }
}
