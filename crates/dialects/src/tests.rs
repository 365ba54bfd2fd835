//! What several dialects must do together.

mod fidelity;
mod proofs;
