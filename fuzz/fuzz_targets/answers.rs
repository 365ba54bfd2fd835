//! What `dialects::fuzz` says about answers.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialects::fuzz::run("answers", data));
