//! JSON web tokens: whom one that came with a call stands for. The signature is checked against keys that are in memory
//! (the control plane fetches them); what the claims mean is said by the operator. Nothing here waits for anybody.

mod check;
mod claims;
mod holder;
mod keys;
mod rules;
#[cfg(test)]
mod tests;

pub use check::{Expected, Flaw, check, says};
pub use claims::Claims;
pub use holder::Holder;
pub use keys::{KeySet, Source, Sources};
pub use rules::{ClaimNames, Internal, Issuer, Permission, RoleMapping, ScopeMapping, Tokens};

/// Whether a text looks like a token: three parts between dots.
pub(crate) fn is_token(text: &str) -> bool {
    text.split('.').count() == 3 && text.split('.').all(|part| !part.is_empty())
}
