//! What several dialects must do together.

mod proofs;
