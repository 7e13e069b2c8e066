//! Models that fail before anything went to the client: retried, replaced, and nobody notices.

use std::time::Duration;

use serde_json::json;

use crate::client::{Answer, at_once, chat, eventually, hi};
use crate::gateway::{Gateway, LARGE, SMALL};
use crate::reply::{Reply, Then, completion, delta, finish, relayed, role, streamed, text};

/// What the client has of a whole answer "hello".
fn hello(stream: bool) -> String {
    let mut events = streamed("hello");
    // The usage, which nobody asked for, stays with the gateway.
    events.remove(3);
    if stream { relayed(&events) } else { completion("hello") }
}

/// A model that answers "hello".
fn answers(stream: bool) -> Reply {
    if stream { Reply::stream(streamed("hello")) } else { Reply::answer("hello") }
}

/// Asks `auto` where the small model does this and the large one answers: status, the row and the attempts.
fn check(gateway: &Gateway, small: &[Reply], stream: bool, (row, attempts): (&str, &str)) -> Answer {
    gateway.upstream.script("small", small);
    gateway.upstream.script("large", [answers(stream)]);
    let answer = gateway.ask("auto", stream);
    assert_eq!((gateway.outcome().as_str(), gateway.attempts().as_str()), (row, attempts), "{answer:?}");
    let tried = gateway.upstream.called().join(" ");
    let recorded = attempts.split(' ').map(|attempt| attempt.split(':').next().unwrap_or_default());
    assert_eq!(tried, recorded.collect::<Vec<_>>().join(" "), "the attempts are the calls");
    assert_eq!(answer.header("x-frontdesk-attempts"), attempts.split(' ').count().to_string());
    assert!(row.starts_with(&answer.status.to_string()), "{answer:?}");
    answer
}

/// The large model's answer takes the place of what the small one does, and the client sees nothing of it.
fn replaced(gateway: &Gateway, small: &[Reply], stream: bool, attempts: &str) {
    let answer = check(gateway, small, stream, (LARGE, &format!("{attempts} large:answered")));
    assert_eq!(answer.body, hello(stream));
    let said = ["x-frontdesk-route", "x-frontdesk-model"].map(|name| answer.header(name));
    assert_eq!(said, ["simple->fallback", "large"]);
}

/// The small model's second answer takes the place of its first.
fn retried(small: Reply, stream: bool, attempt: &str) {
    let gateway = Gateway::start();
    let answer =
        check(&gateway, &[small, answers(stream)], stream, (SMALL, &format!("small:{attempt} small:answered")));
    assert_eq!(answer.body, hello(stream));
    let said = ["x-frontdesk-route", "x-frontdesk-model"].map(|name| answer.header(name));
    assert_eq!(said, ["simple", "small"]);
}

/// Both: retried once, and then replaced.
fn retried_and_replaced(small: &Reply, stream: bool, attempt: &str) {
    retried(small.clone(), stream, attempt);
    let attempts = format!("small:{attempt} small:{attempt}");
    replaced(&Gateway::start(), std::slice::from_ref(small), stream, &attempts);
}

#[test]
fn a_refused_connection_is_tried_again_and_then_the_next_model_answers() {
    at_once([false, true], |stream| {
        // Nothing listens on the first port.
        let gateway = Gateway::with(&[(
            "[providers.up]\nbase_url = \"UPSTREAM\"",
            "[providers.up]\nbase_url = \"http://127.0.0.1:1\"",
        )]);
        gateway.upstream.script("large", [answers(stream)]);
        let answer = gateway.ask("auto", stream);
        assert_eq!((answer.status, answer.body), (200, hello(stream)));
        assert_eq!(gateway.outcome(), LARGE);
        assert_eq!(gateway.attempts(), "small:unreachable small:unreachable large:answered");
    });
}

#[test]
fn a_connection_that_ends_before_the_headers_is_tried_again_and_then_the_next_model_answers() {
    let ends = [Reply::reset(), Reply::close()];
    at_once(ends.iter().flat_map(|end| [(end, false), (end, true)]), |(end, stream)| {
        retried_and_replaced(end, stream, "unreachable");
    });
}

#[test]
fn a_5xx_is_tried_again_and_then_the_next_model_answers() {
    let cases = [500, 502, 503, 504].into_iter().flat_map(|status| [(status, false), (status, true)]);
    at_once(cases, |(status, stream)| {
        retried_and_replaced(&Reply::error(status, "nobody's business"), stream, "upstream_error");
    });
    replaced(
        &Gateway::start(),
        &[Reply::whole(503, "content-type: text/html\r\n", "<html>busy</html>")],
        true,
        "small:upstream_error small:upstream_error",
    );
}

#[test]
fn a_model_is_tried_again_as_often_as_the_provider_says() {
    at_once([(0, 1), (2, 3)], |(retries, attempts)| {
        let with_retries = format!("[providers.up]\nretries = {retries}");
        let gateway = Gateway::with(&[("[providers.up]", &with_retries)]);
        replaced(&gateway, &[Reply::error(500, "x")], false, &["small:upstream_error"].repeat(attempts).join(" "));
    });
}

#[test]
fn there_is_a_growing_pause_before_a_model_is_tried_again() {
    let gateway = Gateway::with(&[("[providers.up]", "[providers.up]\nretries = 2")]);
    replaced(
        &gateway,
        &[Reply::error(500, "x")],
        false,
        "small:upstream_error small:upstream_error small:upstream_error",
    );
    let calls = gateway.upstream.calls();
    let pauses: Vec<_> = calls.windows(2).map(|pair| pair[1].at - pair[0].at).collect();
    let least = [50, 100].map(Duration::from_millis);
    assert!(pauses[0] >= least[0] && pauses[1] >= least[1], "half of 100 ms, then of 200 ms, at least: {pauses:?}");
}

#[test]
fn an_answer_that_is_none_is_tried_again_and_then_the_next_model_answers() {
    let bodies = ["<html>it works</html>", "", "{", "[]", "{}", r#"{"choices":[]}"#, r#"{"choices":7}"#];
    at_once(bodies, |nonsense| {
        replaced(&Gateway::start(), &[Reply::json(nonsense)], false, "small:nonsense small:nonsense");
    });
    let silent = r#"{"choices":[{"message":{"role":"assistant","content":null}}]}"#;
    retried_and_replaced(&Reply::json(silent), false, "nonsense");
    let short = Reply { bytes: b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{".to_vec(), ..Reply::close() };
    replaced(&Gateway::start(), &[short], false, "small:unreachable small:unreachable");
}

#[test]
fn an_answer_that_says_why_it_says_nothing_is_one() {
    for answer in [
        r#"{"choices":[{"message":{"content":null},"finish_reason":"length"}]}"#,
        r#"{"choices":[{"message":{"content":null,"refusal":"no"}}]}"#,
        r#"{"choices":[{"message":{"content":null,"tool_calls":[{"id":"a"}]}}]}"#,
    ] {
        let gateway = Gateway::start();
        gateway.upstream.script("small", [Reply::json(answer)]);
        assert_eq!(gateway.ask("auto", false).body, answer);
        assert_eq!(gateway.attempts(), "small:answered");
    }
}

#[test]
fn a_stream_that_ends_before_its_first_token_is_tried_again_and_then_the_next_model_answers() {
    let preludes = [Reply::stream([]), Reply::stream([role(), "[DONE]".into()]), Reply::cut([role()])];
    at_once(&preludes, |prelude| retried_and_replaced(prelude, true, "nonsense"));
    replaced(&Gateway::start(), &[Reply::stream(["{oops".into()])], true, "small:nonsense small:nonsense");
}

#[test]
fn a_model_that_takes_the_call_and_stays_silent_is_replaced_and_not_asked_again() {
    at_once([false, true], |stream| {
        let gateway = Gateway::quick();
        replaced(&gateway, &[Reply::silent()], stream, "small:timed_out");
        gateway.upstream.wait_for_cancelled(&["small"]);
    });
}

#[test]
fn a_stream_without_a_first_token_is_cancelled_and_its_model_not_asked_again() {
    let often = Duration::from_millis(20);
    let preludes = [
        Reply::hang([]),
        Reply::hang([role()]),
        Reply::drip([role()], ": keep-alive", often),
        Reply::drip([], &role(), often),
        Reply::drip([], &delta(&json!({"content": ""})), often),
    ];
    at_once(preludes, |prelude| {
        let gateway = Gateway::quick();
        replaced(&gateway, &[prelude], true, "small:timed_out");
        gateway.upstream.wait_for_cancelled(&["small"]);
    });
}

#[test]
fn the_head_of_a_whole_answer_is_waited_for_and_its_body_takes_as_long_as_it_takes() {
    let gateway = Gateway::quick();
    let body = completion("hello");
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", body.len());
    let slow = Reply { bytes: head.into_bytes(), then: Then::Held(body.clone().into_bytes()) };
    gateway.upstream.script("small", [slow]);
    let asked = gateway.send(&chat("", &hi("auto", false)));
    gateway.upstream.wait_for_calls(1);
    let called = gateway.upstream.calls()[0].at;
    eventually("the first token is overdue", || (called.elapsed() > Duration::from_millis(600)).then_some(()));
    gateway.upstream.release();
    assert_eq!(asked.answer().body, body);
    assert_eq!(gateway.attempts(), "small:answered");
}

#[test]
fn nothing_is_sent_before_the_first_token() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::held([role(), ": keep-alive".into()], streamed("hello").split_off(1))]);
    let mut client = gateway.send(&chat("", &hi("auto", true)));
    gateway.upstream.wait_for_calls(1);
    assert!(client.heard_nothing(), "a role is nothing that a client waits for");
    gateway.upstream.release();
    client.until("hello");
    let expected = relayed(&[role(), ": keep-alive".into(), text("hello"), finish(), "[DONE]".into()]);
    assert_eq!(client.answer().body, expected, "what came before the first token is not lost");
    assert_eq!(gateway.outcome(), SMALL);
}

/// An error object as the first event of a stream.
fn first_event(error: &serde_json::Value) -> Reply {
    Reply::stream([json!({"error": error}).to_string(), "[DONE]".into()])
}

#[test]
fn an_error_as_the_first_event_of_a_stream_counts_as_its_status() {
    let error = |code| first_event(&json!({"message": "x", "code": code}));
    let nameless = first_event(&json!({"message": "overloaded", "type": "server_error"}));
    let behind_a_role = Reply::stream([role(), json!({"error": {"message": "x", "code": "502"}}).to_string()]);
    let too_long = first_event(&json!({"message": "maximum context length is 9", "code": 400}));
    retried(error(503), true, "upstream_error");
    let twice = "small:upstream_error small:upstream_error";
    let cases = [
        (error(503), twice),
        (error(429), "small:rate_limited"),
        (error(401), "small:credential"),
        (nameless, twice),
        (behind_a_role, twice),
        (too_long, "small:context_length"),
    ];
    at_once(cases, |(first, attempts)| replaced(&Gateway::start(), &[first], true, attempts));
}

#[test]
fn a_refusal_as_the_first_event_of_a_stream_reaches_the_client_under_its_status() {
    for (status, what) in [(400, "against the policy"), (422, "odd")] {
        let gateway = Gateway::start();
        let error = json!({"message": what, "code": status});
        let outcome = format!("{status} upstream_refused - 0 0+0 estimated 0");
        let answer = check(&gateway, &[first_event(&error)], true, (&outcome, "small:refused"));
        assert_eq!(answer.json(), json!({"error": error}));
    }
}
