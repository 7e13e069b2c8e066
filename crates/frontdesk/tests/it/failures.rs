//! The failure table, row by row: what the client sees, and which attempts the ledger holds.

use crate::upstream::{Reply, finish, role, text};

use crate::gateway::Gateway;

/// What comes of `auto` when the small model does this and the large one answers: status and attempts.
fn check(small: impl Into<Vec<Reply>>, stream: bool, status: u16, attempts: &str) -> crate::gateway::Reply {
    let gateway = Gateway::start();
    gateway.upstream.script("small", small);
    let answered = Reply::Stream(vec![text("hello"), finish(), "[DONE]".into()]);
    gateway.upstream.script("large", [if stream { answered } else { Reply::answer("hello") }]);
    let reply = gateway.ask("auto", stream);
    assert_eq!((reply.status, gateway.attempts().as_str()), (status, attempts), "{reply:?}");
    reply
}

#[test]
fn failures_that_may_pass_are_retried_and_then_the_next_model_answers() {
    check([Reply::error(503, "x"), Reply::answer("ok")], false, 200, "small:upstream_error small:answered");
    let reply = check([Reply::error(500, "x")], false, 200, "small:upstream_error small:upstream_error large:answered");
    assert_eq!(reply.headers["x-frontdesk-route"], "simple->fallback");
    assert_eq!(reply.headers["x-frontdesk-attempts"], "3");
    check([Reply::Close], false, 200, "small:unreachable small:unreachable large:answered");
}

#[test]
fn nonsense_is_retried_and_replaced() {
    let empty = Reply::Json(200, String::new(), serde_json::json!({"choices": []}));
    check([empty], false, 200, "small:nonsense small:nonsense large:answered");
}

#[test]
fn a_rate_limit_is_waited_for_when_it_is_short() {
    let limited = |seconds| Reply::Json(429, format!("retry-after: {seconds}\r\n"), serde_json::json!({"error": {}}));
    check([limited("0.05"), Reply::answer("ok")], false, 200, "small:rate_limited small:answered");
    check([limited("60")], false, 200, "small:rate_limited large:answered");
}

#[test]
fn our_credential_is_not_the_clients_fault_and_its_own_mistakes_come_as_they_were() {
    check([Reply::error(401, "bad key")], false, 200, "small:credential large:answered");
    let reply = check([Reply::error(422, "odd")], false, 422, "small:refused");
    assert_eq!(reply.body, r#"{"error":{"message":"odd"}}"#);
    check([Reply::error(400, "maximum context length is 9")], false, 200, "small:context_length large:answered");
}

#[test]
fn a_silent_stream_is_replaced_and_never_asked_again() {
    check([Reply::Hang(vec![role()])], true, 200, "small:timed_out large:answered");
    let error = serde_json::json!({"error": {"message": "x", "code": 503}}).to_string();
    check([Reply::Stream(vec![error])], true, 200, "small:upstream_error small:upstream_error large:answered");
}

#[test]
fn a_stream_that_breaks_after_its_first_token_is_never_a_truncated_success() {
    for broken in [Reply::Cut(vec![text("a")]), Reply::Hang(vec![text("a")]), Reply::Stream(vec![text("a")])] {
        let reply = check([broken], true, 200, "small:interrupted");
        assert!(reply.body.contains(r#""code":"upstream_interrupted""#), "{reply:?}");
        assert!(!reply.body.contains("[DONE]"));
    }
}

#[test]
fn a_stream_without_its_done_is_whole_and_a_malformed_event_is_dropped() {
    let reply = check([Reply::Stream(vec![text("a"), "{oops".into(), finish()])], true, 200, "small:answered");
    assert!(reply.body.ends_with("data: [DONE]\n\n") && !reply.body.contains("oops"), "{reply:?}");
}

#[test]
fn when_nothing_is_left_client_libraries_are_told_not_to_try_again() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::error(500, "secret detail")]);
    gateway.upstream.script("large", [Reply::error(500, "secret detail")]);
    let reply = gateway.ask("auto", false);
    assert_eq!((reply.status, reply.headers["x-should-retry"].as_str()), (503, "false"));
    assert!(reply.headers.contains_key("retry-after") && !reply.body.contains("secret"), "{reply:?}");
}
