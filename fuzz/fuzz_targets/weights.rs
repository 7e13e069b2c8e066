//! Any bytes are weights or refused, also with a right checksum behind them.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|content: &[u8]| {
    let _read = classify::weights::read(content);
    let signed = classify::weights::signed(content.to_vec());
    let _read = classify::weights::read(&signed);
});
