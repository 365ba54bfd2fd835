//! How large a context a model is loaded with. Every change reloads the model, so all its callers on a node share one
//! size: small differences are rounded away, and a size only grows while the model stays loaded.

/// The context that a call of `need` tokens (its prompt and the most it may be answered with) is served by: the configured
/// one if that is enough, else the next power of two, so that each enlargement at least doubles it. `None` if it is beyond
/// `most`: the call must be refused (`context_length_exceeded`), never cut.
pub(super) fn size(need: u32, configured: u32, most: u32) -> Option<u32> {
    (need <= most).then(|| wish(need, configured, most))
}

/// The same of what a caller merely asks for: more than there can be is as much as there can be.
pub(super) fn wish(asked: u32, configured: u32, most: u32) -> u32 {
    let rounded = if asked <= configured { configured } else { asked.checked_next_power_of_two().unwrap_or(u32::MAX) };
    rounded.min(most)
}
