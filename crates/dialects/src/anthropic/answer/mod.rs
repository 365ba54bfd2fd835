//! Whole answers, and the single blocks of which streams are made too.

mod read;
mod write;

pub(super) use read::{explanation, read, unreadable};
pub(super) use write::{has_word, head, made_id, write, write_block};
