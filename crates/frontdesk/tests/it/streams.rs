//! Streams once they have begun: dropped events, missing ends, and never a truncated success.

use std::time::Duration;

use serde_json::json;

use crate::client::{Answer, at_once, chat, eventually, hi};
use crate::gateway::{Gateway, SMALL};
use crate::reply::{Reply, delta, finish, relayed, role, streamed, text, usage};

/// Asks for a stream that the small model answers so: the client's bytes, the row and the attempts.
fn check(gateway: &Gateway, small: Reply, body: &str, (row, attempts): (&str, &str)) -> Answer {
    gateway.upstream.script("small", [small]);
    let answer = gateway.ask("auto", true);
    assert_eq!(answer.body, body);
    assert_eq!((answer.status, answer.header("content-type")), (200, "text/event-stream"));
    assert_eq!((gateway.outcome().as_str(), gateway.attempts().as_str()), (row, attempts));
    assert_eq!(gateway.upstream.calls().len(), 1, "what went out cannot be said again");
    answer
}

/// The stream is whole, although the upstream's was this.
fn whole(small: Reply, events: &[String]) {
    let done = [events, &["[DONE]".into()]].concat();
    let gateway = Gateway::quick();
    check(&gateway, small, &relayed(&done), (SMALL, "small:answered"));
    assert_eq!(gateway.breaker("small"), "0");
}

/// What ends an answer that broke off.
fn interrupted() -> String {
    let message = "the model stopped in the middle of its answer";
    format!(r#"{{"error":{{"code":"upstream_interrupted","message":"{message}","param":null,"type":"api_error"}}}}"#)
}

/// The client is told that the stream broke off after these events.
fn broken(small: Reply, events: &[String]) {
    let gateway = Gateway::quick();
    gateway.upstream.script("small", [small]);
    let answer = gateway.ask("auto", true);
    assert_eq!(answer.body, relayed(&[events, &[interrupted()]].concat()));
    assert_eq!(gateway.attempts(), "small:interrupted");
    assert_eq!(gateway.row("status, error, model, fallback, tokens"), "200 upstream_interrupted small 0 estimated");
    let exact = "input_tokens > 0, output_tokens > 0, cost_nano_usd = input_tokens * 1000 + output_tokens * 2000";
    assert_eq!(gateway.row(exact), "1 1 1", "what was used is counted");
    assert_eq!(gateway.upstream.calls().len(), 1, "what went out cannot be said again");
}

#[test]
fn a_malformed_event_is_dropped_and_counted_and_the_stream_goes_on() {
    let gateway = Gateway::start();
    let odd = ["{oops", r#"{"choices":7}"#, "", "null and void"].map(str::to_owned);
    let events = [&[text("a")], &odd[..], &[text("b"), finish(), usage(), "[DONE]".into()]].concat();
    // An event without data is no malformed one.
    let expected = relayed(&[text("a"), String::new(), text("b"), finish(), "[DONE]".into()]);
    check(&gateway, Reply::stream(events), &expected, (SMALL, "small:answered"));
    assert_eq!(gateway.metric("frontdesk_malformed_events_total"), ["3"]);
}

#[test]
fn a_stream_that_ends_after_its_finish_reason_is_a_success() {
    let events = [role(), text("hello"), finish()];
    let with_usage = [&events[..], &[usage()]].concat();
    let ends = [Reply::stream(with_usage.clone()), Reply::cut(with_usage.clone()), Reply::hang(with_usage)];
    at_once(ends, |small| whole(small, &events));
}

#[test]
fn a_last_event_without_its_empty_line_is_not_lost() {
    let last = format!("data: {}", finish());
    let mut small = Reply::cut([text("a"), usage()]);
    small.bytes.extend(crate::reply::chunk(last));
    small.bytes.extend_from_slice(b"0\r\n\r\n");
    let gateway = Gateway::start();
    gateway.upstream.script("small", [small]);
    let answer = gateway.ask("auto", true);
    assert!(answer.body.starts_with(&relayed(&[text("a")])) && answer.body.ends_with("data: [DONE]\n\n"), "{answer:?}");
    assert!(answer.body.contains(&finish()), "{answer:?}");
    assert_eq!(gateway.outcome(), SMALL);
}

#[test]
fn a_stream_that_breaks_off_is_never_a_success() {
    let begun = [role(), text("The answer is")];
    let error = json!({"error": {"message": "overloaded s3cret", "code": 503}}).to_string();
    let ends = [
        Reply::cut(begun.clone()),
        Reply::hang(begun.clone()),
        Reply::stream(begun.clone()),
        Reply::stream([&begun[..], &[error]].concat()),
    ];
    at_once(ends, |small| broken(small, &begun));
}

#[test]
fn a_text_that_looks_complete_is_not() {
    let begun = [role(), text("The answer is 42."), text(" [DONE]\n\ndata: [DONE]\n\n")];
    broken(Reply::stream(begun.clone()), &begun);
    broken(Reply::cut(begun.clone()), &begun);
}

#[test]
fn a_tool_call_that_breaks_off_is_never_a_success() {
    let call = |arguments: &str| delta(&json!({"tool_calls": [{"index": 0, "function": {"arguments": arguments}}]}));
    let begun = [call("{\"city\":"), call("\"Paris\"}")];
    broken(Reply::cut(begun.clone()), &begun);
}

#[test]
fn usage_that_was_told_before_a_stream_broke_off_is_taken() {
    let gateway = Gateway::start();
    let expected = relayed(&[text("a"), interrupted()]);
    let row = "200 upstream_interrupted small 0 10+5 measured 20000";
    check(&gateway, Reply::cut([text("a"), usage()]), &expected, (row, "small:interrupted"));
}

#[test]
fn every_kind_of_delta_is_a_first_token() {
    for piece in [
        json!({"content": "a"}),
        json!({"reasoning_content": "hm"}),
        json!({"reasoning": "hm"}),
        json!({"refusal": "no"}),
        json!({"tool_calls": [{"index": 0, "id": "call_1", "function": {"name": "f", "arguments": ""}}]}),
    ] {
        let gateway = Gateway::start();
        gateway.upstream.script("small", [Reply::held([delta(&piece)], [finish(), usage(), "[DONE]".into()])]);
        let mut client = gateway.send(&chat("", &hi("auto", true)));
        client.until(&relayed(&[delta(&piece)]));
        gateway.upstream.release();
        assert_eq!(client.answer().body, relayed(&[delta(&piece), finish(), "[DONE]".into()]));
        assert_eq!(gateway.outcome(), SMALL);
    }
}

#[test]
fn a_finish_reason_without_a_token_is_an_answer() {
    let gateway = Gateway::start();
    let events = [role(), finish(), usage(), "[DONE]".into()];
    check(&gateway, Reply::stream(events), &relayed(&[role(), finish(), "[DONE]".into()]), (SMALL, "small:answered"));
}

#[test]
fn line_ends_and_comments_come_as_they_were() {
    let gateway = Gateway::start();
    let mut small = Reply::cut([]);
    let events =
        format!(": hi\r\n\r\ndata:{}\r\n\r\nevent: x\rdata: {}\r\rid: 7\ndata: {}\n\n", text("a"), text("b"), finish());
    for piece in events.as_bytes().chunks(3) {
        small.bytes.extend(crate::reply::chunk(piece));
    }
    gateway.upstream.script("small", [small]);
    assert_eq!(gateway.ask("auto", true).body, events + "data: [DONE]\n\n");
    assert_eq!(gateway.attempts(), "small:answered");
}

#[test]
fn a_client_that_reads_slowly_gets_everything() {
    let gateway = Gateway::quick();
    let long = "x".repeat(64 << 10);
    let events: Vec<_> = (0..150).map(|_| text(&long)).chain([finish(), usage(), "[DONE]".into()]).collect();
    gateway.upstream.script("small", [Reply::stream(events)]);
    let mut client = gateway.send(&chat("", &hi("auto", true)));
    client.until("xxx");
    let began = tokio::time::Instant::now();
    eventually("the model's time is long over", || (began.elapsed() > Duration::from_millis(600)).then_some(()));
    let answer = client.answer();
    assert!(answer.body.len() > 150 * long.len() && answer.body.ends_with("data: [DONE]\n\n"), "{}", answer.body.len());
    assert_eq!(gateway.outcome(), SMALL);
}

#[test]
fn a_stream_that_was_asked_for_may_come_whole_and_one_that_was_not_may_come_too() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::answer("hello"), Reply::stream(streamed("hello"))]);
    let whole = gateway.ask("auto", true);
    assert_eq!((whole.status, whole.body), (200, crate::reply::completion("hello")));
    let streamed = gateway.ask("auto", false);
    assert!(streamed.body.contains("hello"), "{streamed:?}");
    assert_eq!(gateway.rows("status, model, cost_nano_usd"), ["200 small 20000"; 2]);
}
