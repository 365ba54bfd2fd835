//! The control plane of the storm: the store, which outlives every process, and how what was spent comes into it and
//! back to the meters. It works beside the storm's time: while it does, the clock stands still.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread;

use store::reports::{LogFilter, LogPage};
use store::{Adjustment, Change, Charge, Entry, NewSum, Registry, Store, StoreUrl, Write};
use tokio::runtime::{Builder, Runtime};
use types::Usd;

use super::witness::SumName;
use crate::{Meters, Spend};

/// The store.
pub struct Office {
    runtime: Runtime,
    pub store: Store,
}

/// What one process knows of the sums.
pub struct Sums {
    pub meters: Arc<Meters>,
    upto: i64,
    /// The part of the sums that the meters have counted themselves.
    counted: BTreeMap<SumName, Usd>,
    /// All sums, as the store says.
    pub known: BTreeMap<SumName, Usd>,
    /// Whether some entries may be booked although nobody heard it.
    uncertain: bool,
}

impl Office {
    pub fn open() -> Self {
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let office = Office { runtime, store: Store::new(&StoreUrl::Memory) };
        office.run(office.store.migrate()).expect("tables");
        office
    }

    /// Waits for `work`, in a time of its own.
    pub fn run<T: Send>(&self, work: impl Future<Output = T> + Send) -> T {
        thread::scope(|scope| scope.spawn(|| self.runtime.block_on(work)).join()).expect("the office works")
    }

    /// Writes objects and sums.
    pub fn write(&self, registry: Option<&Registry>, writes: Vec<Write>, adjustments: Vec<Adjustment>) {
        let change = Change { writes, adjustments, ..Change::default() };
        let written = match registry {
            Some(registry) => self.run(registry.write(change)),
            None => self.run(self.store.write(change)),
        };
        written.expect("a change");
    }

    /// All that is booked.
    pub fn rows(&self) -> Vec<Entry> {
        let page = LogPage { after: None, skip: 0, most: 100_000, oldest_first: true };
        self.run(self.store.logs(&LogFilter::default(), &page)).expect("rows").0
    }

    /// All sums.
    pub fn sums(&self) -> BTreeMap<SumName, Usd> {
        let sums = self.run(self.store.spend(0)).expect("sums").sums;
        sums.into_iter().map(|sum| ((sum.subject, sum.period), sum.spend)).collect()
    }
}

/// Nothing was spent, whatever is known.
pub fn reset((subject, period): SumName) -> Adjustment {
    Adjustment { subject, period, spend: NewSum::Exactly(Usd::ZERO) }
}

impl Sums {
    pub fn new(meters: Arc<Meters>) -> Self {
        let (upto, counted, known, uncertain) = Default::default();
        Sums { meters, upto, counted, known, uncertain }
    }

    /// Books `entries`. If they are this process' own, the meters have counted what they cost: `own` says whether the
    /// database says what came of it. Else they are tried again, with others behind them.
    pub fn book(&mut self, office: &Office, entries: &[Entry], own: Option<bool>) {
        if entries.is_empty() {
            return;
        }
        let booked = office.run(office.store.book(entries)).expect("the books");
        let Some(is_heard) = own else { return };
        if !is_heard {
            self.uncertain = true;
            return;
        }
        let uncertain = std::mem::take(&mut self.uncertain);
        let counts = |id: &String| booked.new.contains(id) || uncertain && booked.known.contains(id);
        for entry in entries.iter().filter(|entry| counts(&entry.attempt_id)) {
            for Charge { subject, period } in &entry.charges {
                *self.counted.entry((subject.clone(), period.clone())).or_default() += entry.cost.unwrap_or_default();
            }
        }
    }

    /// Tells the meters what the store knows.
    pub fn learn(&mut self, office: &Office) {
        let changed = office.run(office.store.spend(self.upto)).expect("sums");
        self.upto = changed.upto;
        let spends = changed.sums.into_iter().map(|sum| {
            let name = (sum.subject.clone(), sum.period.clone());
            let own = self.counted.get(&name).copied().unwrap_or_default();
            self.known.insert(name, sum.spend);
            Spend { subject: sum.subject, period: sum.period, others: sum.spend - own, own }
        });
        self.meters.learn(spends, self.upto);
    }
}
