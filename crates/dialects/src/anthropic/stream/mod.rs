//! Streamed answers, from providers and to callers.

mod open;
mod part;
mod reader;
mod writer;

pub(super) use reader::Reader;
pub(super) use writer::Writer;
