//! Streams to callers.
