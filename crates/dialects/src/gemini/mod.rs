//! The dialect of Google's Gemini API (`generateContent`), as providers speak it.

mod back;

/// The Gemini dialect.
pub struct Gemini;
