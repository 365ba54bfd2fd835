//! What Gemini is sent and what is made of its answers, case by case (wire.md 8.3, 4.3, 4.4, 9C, 10).

mod answers;
mod ask;
mod conversations;
mod faults;
mod requests;
mod settings;
mod streams;
