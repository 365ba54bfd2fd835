//! A look at the whole: names that lead nowhere, loops, money, models that are about to go.
//!
//! Everything here is a warning: the incumbent runs such configurations, and so do we.

mod money;
mod reach;

use std::time::SystemTime;

use engine::Setup;

use super::models::Row;
use super::report::Notes;
use super::router::Router;

/// Checks everything.
pub fn run(setup: &Setup, rows: &[Row], router: &Router, now: SystemTime, notes: &mut Notes) {
    // Where entries have errors, names would seem to lead nowhere that do lead somewhere.
    if !notes.failed() {
        reach::anything(rows, notes);
        reach::fallbacks(setup, &router.chains, notes);
        reach::loops(&router.chains, notes);
        reach::aliases(setup, &router.aliases, notes);
    }
    reach::twins(rows, notes);
    money::prices(rows, notes);
    money::dearer(setup, &router.chains, notes);
    money::ends(rows, now, notes);
}

#[cfg(test)]
mod tests;
