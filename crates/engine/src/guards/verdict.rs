//! What guardrails said to a call, for the log: counts by class, never what was found.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::time::Duration;

use guardrails::Action;
use store::Verdict;

/// What guardrails said so far.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(RefCell<Vec<Verdict>>);

impl Verdicts {
    pub fn add(&self, verdict: Verdict) {
        // One that is asked piece by piece says it once.
        let mut all = self.0.borrow_mut();
        match all.iter_mut().find(|known| (&known.name, &known.mode) == (&verdict.name, &verdict.mode)) {
            Some(known) => *known = verdict,
            None => all.push(verdict),
        }
    }

    pub fn all(&self) -> Vec<Verdict> {
        self.0.borrow().clone()
    }
}

/// What one guardrail found, while it looks.
#[derive(Clone, Debug, Default)]
pub(super) struct Tally {
    counts: BTreeMap<String, u32>,
    strictest: Option<Action>,
    pub took: Duration,
}

impl Tally {
    pub fn found(&mut self, class: &str, action: Action) {
        match self.counts.get_mut(class) {
            Some(count) => *count += 1,
            None => {
                self.counts.insert(class.to_owned(), 1);
            }
        }
        self.strictest = self.strictest.max(Some(action));
    }

    pub fn blocks(&self) -> bool {
        self.strictest == Some(Action::Block)
    }

    /// Classes and counts.
    pub fn classes(&self) -> Vec<(String, u32)> {
        self.counts.iter().map(|(class, count)| (class.clone(), *count)).collect()
    }

    pub fn verdict(&self, name: &str, mode: &str) -> Verdict {
        let verdict = match self.strictest {
            None => "passed",
            Some(Action::Log) => "noted",
            Some(Action::Mask | Action::Unmask) => "masked",
            Some(Action::Block) => "blocked",
        };
        Verdict {
            name: name.to_owned(),
            mode: mode.to_owned(),
            verdict: verdict.to_owned(),
            found: self.classes(),
            took_us: self.took.as_micros() as u64,
        }
    }
}
