//! What Ollama is sent and what is made of its answers, case by case (wire.md 8.4, 5.2, 5.3, 9D, 10).

mod answers;
mod faults;
mod requests;
mod streams;
