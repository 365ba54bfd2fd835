//! Talking to upstreams: who they are (the provider table), how they want to be addressed, and the HTTP client.

pub mod http;
