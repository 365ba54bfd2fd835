//! Ollama's native dialect (`/api/chat`), as local servers and Ollama's cloud speak it.

mod back;
mod engine;

/// The Ollama dialect.
pub struct Ollama;
