//! The dialect of Google's Gemini API (`generateContent`): callers speak it to us, and we speak it to Google.

mod back;
mod front;

pub use front::{GeminiArray, GeminiVector};

/// Name of the dialect.
const NAME: &str = "gemini";

/// The Gemini dialect. As a front it streams events.
pub struct Gemini;
