//! Time: what the client gives, what the provider gets, and that neither is exceeded.

use std::net::TcpStream;
use std::time::Duration;

use crate::client::{Answer, at_once, hi};
use crate::gateway::{Gateway, LARGE};
use crate::reply::{Reply, Then, chunk, completion, role, text};

/// The small model does this while the client has 200 ms: a 504, and the model is not to blame.
fn check(small: Reply, stream: bool, attempts: &str) {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [small]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    let answer = gateway.post("x-frontdesk-timeout-ms: 200\r\n", &hi("auto", stream));
    timed_out(&gateway, &answer);
    assert_eq!(gateway.attempts(), attempts);
    assert_eq!(gateway.breaker("small"), "0");
}

/// It took between 200 ms and one second, and the client was told.
fn timed_out(gateway: &Gateway, answer: &Answer) {
    assert_eq!((answer.status, answer.error_code().as_str()), (504, "timeout"));
    assert_eq!(answer.header("x-should-retry"), "false");
    assert_eq!(gateway.outcome(), "504 timeout - 0 0+0 estimated 0");
    assert_eq!(gateway.row("total_us BETWEEN 190000 AND 1500000"), "1");
}

/// A whole answer of which a byte comes now and then.
fn trickling() -> Reply {
    let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n";
    Reply { bytes: head.into(), then: Then::Repeat(chunk(" "), Duration::from_millis(20)) }
}

#[test]
fn nothing_goes_on_when_the_clients_time_is_over() {
    let cases = [
        (Reply::silent(), false),
        (Reply::silent(), true),
        (trickling(), false),
        (trickling(), true),
        (Reply::hang([role()]), true),
    ];
    at_once(cases, |(small, stream)| check(small, stream, "small:out_of_time"));
}

#[test]
fn a_stream_that_has_begun_ends_with_the_clients_time() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::drip([role()], &text("on"), Duration::from_millis(20))]);
    let answer = gateway.post("x-frontdesk-timeout-ms: 300\r\n", &hi("auto", true));
    assert!(answer.body.contains(r#""code":"upstream_interrupted""#) && !answer.body.contains("[DONE]"), "{answer:?}");
    assert_eq!(gateway.row("status, error, model"), "200 upstream_interrupted small");
    assert_eq!(gateway.attempts(), "small:out_of_time");
    assert_eq!(gateway.row("total_us BETWEEN 290000 AND 1500000"), "1");
    assert_eq!(gateway.breaker("small"), "0");
    gateway.upstream.wait_for_cancelled(&["small"]);
}

#[test]
fn the_whole_request_takes_no_longer_than_the_provider_says() {
    at_once([(Reply::silent(), false), (Reply::silent(), true), (trickling(), false)], |(small, stream)| {
        let gateway =
            Gateway::with(&[(r#"total = "8s""#, r#"total = "200ms""#), ("fallback = [\"large\"]", "fallback = []")]);
        gateway.upstream.script("small", [small]);
        let answer = gateway.ask("auto", stream);
        timed_out(&gateway, &answer);
        gateway.upstream.wait_for_cancelled(&["small"]);
    });
}

#[test]
fn retries_do_not_stretch_the_whole_time() {
    let retries = ("[providers.up]", "[providers.up]\nretries = 1000");
    let gateway = Gateway::with(&[
        retries,
        (r#"total = "8s""#, r#"total = "400ms""#),
        ("fallback = [\"large\"]", "fallback = []"),
    ]);
    gateway.upstream.script("small", [Reply::error(500, "x")]);
    let answer = gateway.ask("auto", false);
    assert!(matches!(answer.status, 503 | 504), "{answer:?}");
    assert_eq!(gateway.row("total_us < 1500000"), "1");
}

#[test]
fn a_model_that_is_too_slow_where_nobody_is_left_is_a_504() {
    let gateway = Gateway::with(&[
        (r#"first_token = "8s", idle = "8s""#, r#"first_token = "200ms", idle = "8s""#),
        ("fallback = [\"large\"]", "fallback = []"),
    ]);
    gateway.upstream.script("small", [Reply::silent()]);
    let answer = gateway.ask("auto", true);
    timed_out(&gateway, &answer);
    assert_eq!(gateway.attempts(), "small:timed_out");
}

#[test]
fn a_time_that_is_none_is_refused() {
    at_once(["0", "-1", "soon", "1.5", "99999999999", ""], |time| {
        let gateway = Gateway::start();
        let answer = gateway.post(&format!("x-frontdesk-timeout-ms: {time}\r\n"), &hi("auto", false));
        assert_eq!((answer.status, answer.error_code().as_str()), (400, "invalid_request_error"), "{time}");
        assert!(answer.body.contains("x-frontdesk-timeout-ms"), "{answer:?}");
        assert!(gateway.upstream.calls().is_empty());
    });
}

#[test]
fn a_connection_that_is_not_accepted_is_given_up_on() {
    let listener = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().unwrap();
        let _guard = runtime.enter();
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket.listen(1).unwrap().into_std().unwrap()
    };
    let address = listener.local_addr().unwrap();
    // Nobody accepts, so the queue of connections is soon full and the next one waits for ever.
    let soon = Duration::from_millis(100);
    let queued: Vec<_> = std::iter::from_fn(|| TcpStream::connect_timeout(&address, soon).ok()).take(64).collect();
    assert!(queued.len() < 64, "the queue is full");
    let full = format!("[providers.up]\nretries = 0\nbase_url = \"http://{address}\"");
    let connect = ("timeouts = { first_token", "timeouts = { connect = \"200ms\", first_token");
    let gateway = Gateway::with(&[("[providers.up]\nbase_url = \"UPSTREAM\"", &full), connect]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", false).body, completion("hello"));
    assert_eq!(gateway.outcome(), LARGE);
    assert_eq!(gateway.attempts(), "small:unreachable large:answered");
    assert_eq!(gateway.row("total_us BETWEEN 190000 AND 1500000"), "1");
}
