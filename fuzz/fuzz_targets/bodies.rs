#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| goldstar_fuzz::bodies(bytes));
