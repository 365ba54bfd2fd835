//! What `dialects::fuzz` says about json.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialects::fuzz::run("json", data));
