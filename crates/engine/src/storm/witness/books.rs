//! What is booked, beside what was seen: at the end, when everything is in the store.

use std::collections::{BTreeMap, BTreeSet};

use policy::{Purse, Span};
use store::{Entry, Status};
use types::Usd;

use super::{Request, Seen, SumName, call_of};
use crate::Meters;

impl Seen {
    /// Rows together with the sums that they count for, which no row says.
    fn with_charges(&self, rows: &[Entry]) -> Vec<Entry> {
        let charges = |row: &Entry| self.opened.get(&row.attempt_id).map(|opened| opened.charges.clone());
        rows.iter().map(|row| Entry { charges: charges(row).unwrap_or_default(), ..row.clone() }).collect()
    }

    /// What is booked must be what was seen.
    pub fn judge(&mut self, rows: &[Entry]) {
        let rows = &self.with_charges(rows)[..];
        let by_id: BTreeMap<&str, &Entry> = rows.iter().map(|row| (&*row.attempt_id, row)).collect();
        if by_id.len() != rows.len() {
            self.fail("an attempt has two rows".to_owned());
        }
        for row in rows {
            let opened = self.opened.get(&row.attempt_id);
            let settled = self.settled.get(&row.attempt_id);
            let same = match row.status {
                Status::Interrupted => opened.map(|opened| opened.cost) == Some(row.cost),
                _ => settled == Some(row),
            };
            if !same {
                self.fail(format!("call {} is booked as {row:?}, was {settled:?}", call_of(row)));
            }
        }
        let lost = self.settled.keys().filter(|id| !by_id.contains_key(&***id)).count();
        let interrupted = rows.iter().filter(|row| row.status == Status::Interrupted).count();
        if self.lives == 1 && (lost, interrupted) != (0, 0) {
            self.fail(format!("nobody died, and {lost} attempts are not booked, {interrupted} as interrupted"));
        }
        for index in self.finished.clone() {
            let good = |row: &&Entry| call_of(row) == index && row.status == Status::Success;
            let count = rows.iter().filter(good).count();
            if count != 1 {
                self.fail(format!("the caller saw the end of call {index}, which is booked {count} times"));
            }
        }
        for request in 0..self.requests.len() {
            let Request { call, attempt, .. } = &self.requests[request];
            let booked = attempt.as_ref().is_some_and(|attempt| by_id.contains_key(&**attempt));
            if !booked && !self.went_dark {
                self.fail(format!("a provider was asked by call {call}, and nothing of it is booked"));
            }
        }
    }

    /// Sums, rows and what a new process learns are the same.
    pub fn check_learnt(&mut self, meters: &Meters, sums: &BTreeMap<SumName, Usd>, rows: &[Entry]) {
        let mut expected: BTreeMap<SumName, Usd> = BTreeMap::new();
        for row in &self.with_charges(rows) {
            for name in counts_for(row) {
                *expected.entry(name).or_default() += row.cost.unwrap_or_default();
            }
        }
        expected.retain(|_, sum| *sum != Usd::ZERO);
        let names: BTreeSet<&SumName> = expected.keys().chain(sums.keys()).collect();
        for name in names.into_iter().filter(|name| !self.resets.contains(*name)).cloned().collect::<Vec<_>>() {
            let (rows, sum) = (expected.get(&name).copied(), sums.get(&name).copied());
            if rows.unwrap_or_default() != sum.unwrap_or_default() {
                self.fail(format!("{name:?}: the rows are {rows:?}, the sum is {sum:?}"));
            }
        }
        for (name, sum) in sums.iter().filter(|(name, _)| !self.resets.contains(*name)).collect::<Vec<_>>() {
            let (subject, period) = name;
            let span = period.split('@').next().unwrap_or_default();
            let Some(limit) = self.budget(subject, span) else { continue };
            let excess = self.excess.get(name).copied().unwrap_or_default();
            if *sum > limit + excess {
                self.fail(format!("{name:?}: {sum} booked > {limit}, with {excess} billed too much"));
            }
        }
        let now = self.now_ms();
        for ((subject, span), _) in self.budgets.clone() {
            let span = Span::parse(&span);
            let period = Purse::period(span, meters.window(span, now));
            let (known, sum) = (meters.spent(&subject, span, now), sums.get(&(subject.clone(), period)).copied());
            if known != sum.unwrap_or_default() {
                self.fail(format!("{subject} has spent {known} as a new process learns, {sum:?} as the store says"));
            }
        }
    }
}

/// The sums that an attempt counts for.
fn counts_for(entry: &Entry) -> BTreeSet<SumName> {
    let named = [
        ("user", entry.user_id.as_deref()),
        ("team", entry.team_id.as_deref()),
        ("organization", entry.organization_id.as_deref()),
        ("customer", entry.customer_id.as_deref()),
        ("key", Some(&*entry.key)),
        ("provider", Some(&*entry.provider)),
        ("deployment", Some(&*entry.deployment_id)),
    ];
    let named = named.into_iter().filter_map(|(kind, id)| Some(format!("{kind}:{}", id?)));
    let tags = entry.tags.iter().map(|tag| format!("tag:{tag}"));
    let member = entry.team_id.as_ref().zip(entry.user_id.as_ref());
    let member = member.map(|(team, user)| format!("member:{team}/{user}"));
    let totals = named.chain(tags).chain(member).chain(["gateway".to_owned()]);
    let charges = entry.charges.iter().map(|charge| (charge.subject.clone(), charge.period.clone()));
    totals.map(|subject| (subject, "total".to_owned())).chain(charges).collect()
}
