//! What the operator wants looked at in calls and answers, against the real binary.

mod asked;
mod canary;
mod remote;
