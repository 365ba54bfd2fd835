//! What the operator wants looked at in calls and answers, against the real binary.

mod asked;
mod bedrock;
mod cached;
mod canary;
mod remote;
