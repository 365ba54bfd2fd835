//! What `dialects::fuzz` says about streams.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialects::fuzz::run("streams", data));
