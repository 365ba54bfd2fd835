//! What may be spent by the gateway as a whole, and by customers without a budget of their own.

use engine::{Counted, Spending};
use policy::limits::Limits;
use policy::{Budget, Span};
use types::Usd;

use super::loops;
use super::report::Notes;
use super::section::Section;

/// Nanodollars per dollar, as a power of ten.
const NANO: u16 = 9;

/// Reads `litellm_settings`, and `general_settings` where the incumbent takes the same keys.
pub fn read(general: &Section, library: &Section, notes: &mut Notes) -> Spending {
    let usual = Spending::default();
    let budget = |section: &Section, notes: &mut Notes| {
        let limit = amount(section, "max_budget")?;
        Some(Budget { limit, span: span(section, "budget_duration", notes), lenient: true })
    };
    let customer = |limit| Budget { limit, span: None, lenient: true };
    Spending {
        limits: Limits { parallel: general.count("global_max_parallel_requests"), ..Limits::default() },
        key_parallel: general.count("max_parallel_requests"),
        counted: counted(general, notes).unwrap_or(usual.counted),
        budget: budget(library, notes).or_else(|| budget(general, notes)),
        customer_budget: amount(library, "max_end_user_budget").map(customer),
        customer_budget_id: library.text("max_end_user_budget_id").map(str::to_owned),
        user_budget_in_teams: general.flag("apply_user_budget_to_team_keys").unwrap_or(false),
        throttle: throttle(library, notes),
        runaway: loops::read(general, notes),
        customer_header: general.text("user_header_name").map(str::to_ascii_lowercase),
        status: status(library, notes).unwrap_or(usual.status),
        ..usual
    }
}

/// An amount of money.
pub(super) fn amount(section: &Section, name: &str) -> Option<Usd> {
    let nanos = section.decimal(name)?.scaled(NANO)?;
    Some(Usd::from_nanos(i64::try_from(nanos).unwrap_or(i64::MAX)))
}

/// The length of a window.
pub(super) fn span(section: &Section, name: &str, notes: &mut Notes) -> Option<Span> {
    let text = section.text(name)?;
    let span = Span::parse(text);
    if span.is_none() {
        let message = format!("{text} is not the length of a window");
        notes.error(
            section.place(name),
            &section.at(name),
            message,
            format!("write e.g. {name}: 30d (s, m, h, d, w, mo)"),
        );
    }
    span
}

/// Which tokens count for limits.
fn counted(general: &Section, notes: &mut Notes) -> Option<Counted> {
    let name = "token_rate_limit_type";
    match general.text(name)? {
        "total" => Some(Counted::Total),
        "input" => Some(Counted::Input),
        "output" => Some(Counted::Output),
        other => {
            let message = format!("there are no tokens of the kind {other:?}");
            notes.error(general.place(name), &general.at(name), message, "write total, input or output");
            None
        }
    }
}

/// The part of their limits that slowed keys keep.
fn throttle(library: &Section, notes: &mut Notes) -> Option<f64> {
    let name = "budget_exceeded_throttle_percentage";
    let share = library.decimal(name)?.to_f64();
    let fits = share > 0.0 && share <= 1.0;
    if !fits {
        let message = format!("{share} is no part of a limit");
        notes.error(
            library.place(name),
            &library.at(name),
            message,
            format!("write a number above 0, at most 1: {name}: 0.1"),
        );
    }
    fits.then_some(share)
}

fn status(library: &Section, notes: &mut Notes) -> Option<u16> {
    let name = "budget_exceeded_status_code";
    let status = library.count(name)?;
    let fits = u16::try_from(status).ok().filter(|status| (400..500).contains(status));
    if fits.is_none() {
        let message = "a refusal needs a status from 400 to 499";
        notes.error(library.place(name), &library.at(name), message, format!("write e.g. {name}: 429"));
    }
    fits
}
