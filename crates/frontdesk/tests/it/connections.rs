//! Connections to providers: kept, and never a reason for a call that the ledger does not know.

use crate::client::eventually;
use crate::gateway::{ATTEMPTS, Gateway};
use crate::reply::{Reply, Then, completion, streamed};

#[test]
fn calls_that_follow_each_other_use_one_connection() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::answer("hello"), Reply::stream(streamed("hello"))]);
    assert_eq!(gateway.ask("auto", false).status, 200);
    for _ in 0..3 {
        assert_eq!(gateway.ask("auto", true).status, 200);
    }
    assert_eq!((gateway.upstream.calls().len(), gateway.upstream.connections()), (4, 1));
}

#[test]
fn an_error_does_not_cost_the_connection() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::error(500, "x"), Reply::error(422, "odd")]);
    assert_eq!(gateway.ask("auto", false).status, 422);
    assert_eq!((gateway.upstream.calls().len(), gateway.upstream.connections()), (2, 1));
}

#[test]
fn a_connection_that_was_closed_meanwhile_costs_the_client_nothing() {
    let gateway = Gateway::start();
    let last = Reply { then: Then::Close, ..Reply::answer("hello") };
    gateway.upstream.script("small", [last]);
    for _ in 0..3 {
        assert_eq!(gateway.ask("auto", false).body, completion("hello"));
    }
    assert_eq!(gateway.upstream.connections(), 3);
    for attempts in gateway.rows(ATTEMPTS) {
        // Where the request had left before the close was seen, it may have been taken up, so the ledger says so.
        assert!(["small:answered", "small:unreachable small:answered"].contains(&&*attempts), "{attempts}");
    }
}

#[test]
fn a_call_that_a_kept_connection_took_is_an_attempt_when_it_is_closed_upon() {
    let gateway = Gateway::with(&[("[providers.up]", "[providers.up]\nretries = 0")]);
    gateway.upstream.script("small", [Reply::answer("hello"), Reply::close()]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", false).status, 200);
    assert_eq!(gateway.ask("auto", false).status, 200);
    assert_eq!(gateway.rows(ATTEMPTS)[1], "small:unreachable large:answered");
    assert_eq!(gateway.upstream.called(), ["small", "small", "large"], "every call is in the ledger");
}

#[test]
fn requests_at_the_same_time_use_a_connection_each() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::later(Reply::answer("hello"))]);
    let asked: Vec<_> =
        (0..20).map(|_| gateway.send(&crate::client::chat("", &crate::client::hi("auto", false)))).collect();
    gateway.upstream.wait_for_calls(20);
    assert_eq!(gateway.upstream.connections(), 20);
    gateway.upstream.release();
    for client in asked {
        assert_eq!(client.answer().body, completion("hello"));
    }
    eventually("all rows are there", || (gateway.rows("status") == ["200"; 20]).then_some(()));
}
