//! The front door: who is let in, which paths lead where, what the answers' headers say, what reaches a provider and
//! what must not, and that no secret comes out anywhere.

mod description;
mod keys;
mod losses;
mod ollama;
mod passing_on;
mod paths;
mod responses;
mod secrets;
