//! What Cohere is sent and what is made of its answers, case by case (wire.md 7, 8.6, 8.8, 10).

mod answers;
mod faults;
mod requests;
mod streams;
mod vectors;
