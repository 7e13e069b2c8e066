//! Upstreams that send what no upstream should: replaced or cut off, within bounds.

use std::time::Duration;

use crate::client::{at_once, chat, hi};
use crate::gateway::{Gateway, LARGE};
use crate::reply::{Reply, Then, chunk, completion, relayed, role, streamed, text};

/// More of the same without a pause.
const NONE: Duration = Duration::ZERO;

/// What the small model sends is no answer: the large one's takes its place.
fn check(small: Reply, stream: bool, attempts: &str) -> Gateway {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [small]);
    gateway.upstream.script("large", [if stream { Reply::stream(streamed("hello")) } else { Reply::answer("hello") }]);
    let answer = gateway.ask("auto", stream);
    assert!(answer.status == 200 && answer.body.contains("hello"), "{answer:?}");
    assert_eq!(gateway.outcome(), LARGE);
    assert_eq!(gateway.attempts(), format!("{attempts} large:answered"));
    gateway
}

/// An event stream of these events that goes on with bytes that end no line.
fn endless(events: impl IntoIterator<Item = String>) -> Reply {
    Reply { then: Then::Repeat(chunk(vec![b'x'; 64 << 10]), NONE), ..Reply::hang(events) }
}

#[test]
fn a_stream_of_bytes_that_never_is_an_event_is_replaced() {
    let gateway = check(endless([]), true, "small:nonsense small:nonsense");
    gateway.upstream.wait_for_cancelled(&["small", "small"]);
}

#[test]
fn an_event_that_never_ends_breaks_a_stream_off() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [endless([text("a")])]);
    let answer = gateway.ask("auto", true);
    assert!(
        answer.body.starts_with(&relayed(&[text("a")])) && answer.body.len() < 1_000,
        "{} bytes",
        answer.body.len()
    );
    assert!(answer.body.contains("upstream_interrupted") && !answer.body.contains("[DONE]"), "{answer:?}");
    assert_eq!(gateway.attempts(), "small:interrupted");
    gateway.upstream.wait_for_cancelled(&["small"]);
}

#[test]
fn a_large_event_that_ends_is_passed_on() {
    let gateway = Gateway::start();
    let long = text(&"y".repeat(3 << 20));
    gateway.upstream.script("small", [Reply::stream([long.clone(), crate::reply::finish(), "[DONE]".into()])]);
    assert!(gateway.ask("auto", true).body.starts_with(&relayed(&[long])));
    assert_eq!(gateway.attempts(), "small:answered");
}

#[test]
fn a_prelude_that_never_ends_is_replaced() {
    check(Reply::drip([], &role(), NONE), true, "small:nonsense small:nonsense");
    check(Reply::drip([], &format!(": {}", "z".repeat(100_000)), NONE), true, "small:nonsense small:nonsense");
}

#[test]
fn a_whole_answer_that_never_ends_is_replaced() {
    let gateway = Gateway::with(&[("[providers.up]", "[providers.up]\nretries = 0")]);
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    gateway
        .upstream
        .script("small", [Reply { bytes: head.into(), then: Then::Repeat(chunk(vec![b' '; 1 << 20]), NONE) }]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", false).body, completion("hello"));
    assert_eq!(gateway.attempts(), "small:nonsense large:answered");
    gateway.upstream.wait_for_cancelled(&["small"]);
}

#[test]
fn a_whole_error_that_never_ends_is_replaced() {
    let gateway = Gateway::with(&[("[providers.up]", "[providers.up]\nretries = 0")]);
    let head = "HTTP/1.1 500 X\r\ntransfer-encoding: chunked\r\n\r\n";
    gateway
        .upstream
        .script("small", [Reply { bytes: head.into(), then: Then::Repeat(chunk(vec![b' '; 1 << 20]), NONE) }]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", true).status, 200);
    gateway.upstream.wait_for_cancelled(&["small"]);
}

#[test]
fn headers_of_a_megabyte_are_replaced() {
    let long = format!("x-long: {}\r\n", "h".repeat(1 << 20));
    let many: String = (0..40_000).map(|number| format!("x-{number}: y\r\n")).collect();
    let endless =
        Reply { bytes: b"HTTP/1.1 200 OK\r\n".to_vec(), then: Then::Repeat(b"x-more: y\r\n".repeat(1_000), NONE) };
    at_once([Reply::whole(200, &long, "{}"), Reply::whole(200, &many, "{}"), endless], |head| {
        check(head.clone(), false, "small:unreachable small:unreachable");
        check(head, true, "small:unreachable small:unreachable");
    });
}

#[test]
fn what_is_no_http_is_replaced() {
    let odd = [
        &b"hello?\r\n\r\n"[..],
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"HTTP/1.1 999999 X\r\n\r\n",
        b"\0\0\0\0",
        b"220 smtp ready\r\n",
    ];
    at_once(odd, |bytes| {
        check(Reply { bytes: bytes.to_vec(), then: Then::Close }, false, "small:unreachable small:unreachable");
    });
}

#[test]
fn a_body_whose_length_is_a_lie_is_replaced() {
    let body = completion("short");
    let lies = ["content-length: 9999", "transfer-encoding: chunked\r\nx: y", "content-length: 7\r\ncontent-length: 8"];
    at_once(lies, |head| {
        let bytes = format!("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n{head}\r\n\r\n{body}").into_bytes();
        check(Reply { bytes, then: Then::Close }, false, "small:unreachable small:unreachable");
    });
}

#[test]
fn a_second_answer_that_nobody_asked_for_reaches_nobody() {
    let gateway = Gateway::start();
    let mut two = Reply::answer("first");
    two.bytes.extend(Reply::answer("evil").bytes);
    gateway.upstream.script("small", [two, Reply::answer("second"), Reply::answer("third")]);
    for expected in ["first", "second", "third"] {
        assert_eq!(gateway.ask("auto", false).body, completion(expected));
    }
}

#[test]
fn an_answer_nested_beyond_reason_is_replaced_and_an_error_so_comes_as_it_was() {
    let deep = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    let answer = format!(r#"{{"choices":{deep}}}"#);
    check(Reply::json(&answer), false, "small:nonsense small:nonsense");
    check(Reply::stream([answer]), true, "small:nonsense small:nonsense");
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::whole(422, "", &deep)]);
    assert_eq!(gateway.ask("auto", false).body, deep);
}

#[test]
fn answers_that_are_no_utf_8_do_no_harm() {
    let broken =
        [&br#"{"choices":[{"message":{"content":""#[..], b"\xff\xfe", br#""},"finish_reason":"stop"}]}"#].concat();
    check(Reply::whole(200, "", &broken), false, "small:nonsense small:nonsense");
    let gateway = Gateway::start();
    let mut small = Reply::cut([text("a")]);
    small.bytes.extend(chunk(b"data: \xff\xfe\n\n"));
    small.bytes.extend(chunk(relayed(&[crate::reply::finish()])));
    gateway.upstream.script("small", [small]);
    assert!(gateway.ask("auto", true).body.ends_with("data: [DONE]\n\n"));
    assert_eq!(gateway.metric("frontdesk_malformed_events_total"), ["1"]);
}

#[test]
fn many_faults_at_the_same_time_leave_no_connection_and_lose_no_row() {
    let gateway = Gateway::quick();
    let faults = [
        Reply::close(),
        Reply::reset(),
        Reply::silent(),
        Reply::cut([role()]),
        Reply::hang([text("a")]),
        Reply::cut([text("a")]),
        Reply::json("{}"),
        Reply::error(500, "x"),
        endless([text("a")]),
    ];
    let turns: Vec<_> = faults.iter().cycle().take(90).cloned().collect();
    gateway.upstream.script("small", turns);
    gateway.upstream.script("large", [Reply::stream(streamed("hello"))]);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let answer = gateway.send(&chat("", &hi("auto", true))).answer();
                    let whole = answer.body.contains("hello") && answer.body.ends_with("data: [DONE]\n\n");
                    assert!(
                        answer.status == 200 && (whole || answer.body.contains("upstream_interrupted")),
                        "{answer:?}"
                    );
                }
            });
        }
    });
    assert_eq!(gateway.rows("status"), ["200"; 60]);
    assert_eq!(gateway.metric("frontdesk_ledger_rows_dropped_total"), ["0"]);
}
