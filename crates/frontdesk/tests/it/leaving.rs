//! Clients that go away: the upstream's call is cancelled at once, and the row says what was used.

use std::time::Duration;

use tokio::time::Instant;

use crate::client::{at_once, chat, hi};
use crate::gateway::Gateway;
use crate::reply::{Reply, role, text};

/// A client leaves while the small model does this, after it has read so much of the answer.
fn check(small: &[Reply], stream: bool, read: Option<&str>, attempts: &str) -> Gateway {
    let gateway = Gateway::start();
    gateway.upstream.script("small", small);
    let mut client = gateway.send(&chat("", &hi("auto", stream)));
    gateway.upstream.wait_for_calls(small.len());
    if let Some(read) = read {
        client.until(read);
    }
    let left = Instant::now();
    drop(client);
    gateway.upstream.wait_for_cancelled(&["small"]);
    assert!(left.elapsed() < Duration::from_secs(2), "the call is cancelled at once");
    assert_eq!(gateway.row("status, error"), "499 client_closed");
    assert_eq!(gateway.attempts(), attempts);
    assert_eq!(gateway.breaker("small"), "0", "the model is not to blame");
    assert_eq!(gateway.upstream.calls().len(), small.len(), "nobody is asked for nobody");
    gateway
}

#[test]
fn a_client_that_leaves_before_the_first_byte_has_used_nothing() {
    let cases =
        [(Reply::silent(), false), (Reply::silent(), true), (Reply::hang([]), true), (Reply::hang([role()]), true)];
    at_once(cases, |(small, stream)| {
        let gateway = check(&[small], stream, None, "small:abandoned");
        let row = "coalesce(model, '-'), fallback, input_tokens, output_tokens, cost_nano_usd, stream";
        assert_eq!(gateway.row(row), format!("- 0 0 0 0 {}", u8::from(stream)));
    });
}

#[test]
fn a_client_that_leaves_in_the_middle_of_a_stream_has_used_what_came() {
    let gateway = check(&[Reply::hang([role(), text("some text")])], true, Some("some text"), "small:abandoned");
    assert_eq!(gateway.row("model, tokens, costing"), "small estimated estimated");
    let used = "input_tokens > 0, output_tokens > 0, cost_nano_usd = input_tokens * 1000 + output_tokens * 2000";
    assert_eq!(gateway.row(used), "1 1 1");
    assert_eq!(gateway.row("first_token_us > 0, total_us >= first_token_us"), "1 1");
}

#[test]
fn a_client_that_leaves_a_stream_that_does_not_pause_cancels_it_too() {
    let endless = Reply::drip([role()], &text("on and on"), Duration::from_millis(1));
    let gateway = check(&[endless], true, Some("on and on"), "small:abandoned");
    assert_eq!(gateway.row("model, output_tokens > 0"), "small 1");
}

#[test]
fn a_client_that_leaves_during_a_second_attempt_leaves_both_in_the_row() {
    let gateway =
        check(&[Reply::error(500, "x"), Reply::silent()], false, None, "small:upstream_error small:abandoned");
    assert_eq!(gateway.row("cost_nano_usd"), "0");
}

#[test]
fn a_client_that_leaves_while_its_body_is_on_its_way_is_recorded_once() {
    let gateway = Gateway::start();
    let whole = chat("", &hi("auto", false));
    let client = gateway.send(&whole[..whole.len() - 5]);
    drop(client);
    assert_eq!(gateway.row("status IN (400, 499), coalesce(model, '-'), attempts"), "1 - []");
    assert!(gateway.upstream.calls().is_empty());
}
