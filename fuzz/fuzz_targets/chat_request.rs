//! Any body is read or refused, and what is spliced is JSON again with the model replaced.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use wire::json::is_json;
use wire::splice::{Changes, splice};
use wire::{ChatRequest, anthropic};

fuzz_target!(|body: &[u8]| {
    let changes = Changes { model: "m\"x", include_usage: true, prefill: Some("so") };
    let _translated = anthropic::messages_request(body, &changes);
    let _answer = anthropic::chat_answer(body, 0);
    let Ok(request) = ChatRequest::read(body) else { return };
    let _prompt = request.prompt();
    let body = Bytes::copy_from_slice(body);
    let spliced = splice(&body, &request, &changes).concat();
    // Control characters within strings are left to the upstream to refuse; all else must stay JSON.
    if is_json(&body) {
        assert!(is_json(&spliced), "{}", String::from_utf8_lossy(&spliced));
    }
});
