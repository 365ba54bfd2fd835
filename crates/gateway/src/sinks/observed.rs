//! The ledger of a worker, and behind it those who are told of calls beside the books: nothing waits for them.

use std::rc::Rc;
use std::sync::Arc;

use engine::{Durable, Ledger};
use store::Entry;

use crate::live::Live;

/// A ledger whose entries are told of.
pub struct Observed {
    ledger: Rc<dyn Ledger>,
    live: Arc<Live>,
}

impl Observed {
    /// Tells of what `ledger` books.
    pub fn new(ledger: Rc<dyn Ledger>, live: &Arc<Live>) -> Self {
        Observed { ledger, live: live.clone() }
    }
}

impl Ledger for Observed {
    fn open(&self, entry: &Entry) -> Durable {
        self.ledger.open(entry)
    }

    fn settle(&self, entry: &Entry) -> Durable {
        self.live.tray.put(entry);
        self.ledger.settle(entry)
    }

    fn tell(&self, entry: &Entry) {
        self.live.tray.put(entry);
        self.ledger.tell(entry);
    }

    fn is_healthy(&self) -> bool {
        self.ledger.is_healthy()
    }
}
