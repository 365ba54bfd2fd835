//! What `dialects::fuzz` says about requests.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialects::fuzz::run("requests", data));
