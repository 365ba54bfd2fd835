//! What `dialects::fuzz` says about forms.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| dialects::fuzz::run("forms", data));
