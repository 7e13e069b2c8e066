//! Models that keep failing are left alone for a while; when to ask them again is held by the tests of `routing`.

use crate::client::at_once;
use crate::gateway::{ATTEMPTS, Gateway, LARGE, OUTCOME};
use crate::reply::{Reply, completion, streamed, text};

/// A gateway whose small model is called once a request.
fn without_retries() -> Gateway {
    Gateway::with(&[
        ("[providers.up]", "[providers.up]\nretries = 0"),
        (r#"first_token = "8s""#, r#"first_token = "300ms""#),
    ])
}

/// Five requests meet this failure, which opens the breaker: the sixth does not meet it.
fn opens(small: Reply, stream: bool, outcome: &str) {
    let gateway = without_retries();
    gateway.upstream.script("small", [small]);
    let large = if stream { Reply::stream(streamed("hello")) } else { Reply::answer("hello") };
    gateway.upstream.script("large", [large]);
    for request in 0..5 {
        assert_eq!(gateway.breaker("small"), "0", "after {request} failures");
        gateway.ask("auto", stream);
    }
    assert_eq!([gateway.breaker("small"), gateway.breaker("large")], ["2", "0"]);
    let sixth = gateway.ask("auto", stream);
    assert!(sixth.body.contains("hello") && sixth.header("x-frontdesk-model") == "large", "{sixth:?}");
    assert_eq!(gateway.rows(OUTCOME)[5], LARGE);
    let attempts = gateway.rows(ATTEMPTS);
    assert!(attempts[..5].iter().all(|attempts| attempts.starts_with(&format!("small:{outcome}"))), "{attempts:?}");
    assert_eq!(attempts[5], "large:answered");
    assert_eq!(gateway.upstream.called().iter().filter(|model| *model == "small").count(), 5);
}

#[test]
fn five_failures_open_the_breaker_and_the_sixth_request_goes_around() {
    let failures = [
        (Reply::error(500, "x"), false, "upstream_error"),
        (Reply::whole(504, "", "x"), true, "upstream_error"),
        (Reply::json("{}"), false, "nonsense"),
    ];
    at_once(failures, |(small, stream, outcome)| opens(small, stream, outcome));
}

#[test]
fn five_silences_open_the_breaker() {
    let gateway = without_retries();
    gateway.upstream.script("small", [Reply::silent()]);
    gateway.upstream.script("large", [Reply::stream(streamed("hello"))]);
    at_once(0..5, |_| assert!(gateway.ask("auto", true).body.contains("hello")));
    assert_eq!(gateway.breaker("small"), "2");
    gateway.ask("auto", true);
    let attempts = gateway.rows(ATTEMPTS);
    assert_eq!(attempts[..5], ["small:timed_out large:answered"; 5]);
    assert_eq!(attempts[5], "large:answered");
}

#[test]
fn a_truncated_stream_counts_as_a_failure() {
    opens(Reply::cut([text("a")]), true, "interrupted");
}

#[test]
fn half_of_ten_calls_open_the_breaker() {
    let gateway = without_retries();
    let replies: Vec<_> =
        (0..10).map(|call| if call % 2 == 0 { Reply::answer("ok") } else { Reply::error(500, "x") }).collect();
    gateway.upstream.script("small", replies);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    for _ in 0..9 {
        gateway.ask("auto", false);
    }
    assert_eq!(gateway.breaker("small"), "0", "four of nine");
    gateway.ask("auto", false);
    assert_eq!(gateway.breaker("small"), "2", "five of ten");
}

#[test]
fn what_callers_do_wrong_opens_no_breaker() {
    let gateway = without_retries();
    gateway.upstream.script("small", [Reply::error(422, "odd")]);
    for _ in 0..6 {
        assert_eq!(gateway.ask("auto", false).status, 422);
    }
    assert_eq!(gateway.breaker("small"), "0");
}

#[test]
fn when_every_model_is_left_alone_nobody_is_called_and_the_client_is_told_when_to_come_back() {
    let gateway = without_retries();
    for model in ["small", "large"] {
        gateway.upstream.script(model, [Reply::error(500, "secret detail")]);
    }
    // The large model is tried twice a request.
    for _ in 0..5 {
        let answer = gateway.ask("auto", false);
        assert_eq!((answer.status, answer.error_code().as_str()), (503, "models_unavailable"));
        assert!(!answer.body.contains("secret"), "{answer:?}");
    }
    assert_eq!([gateway.breaker("small"), gateway.breaker("large")], ["2", "2"]);
    let calls = gateway.upstream.calls().len();
    for stream in [false, true] {
        let answer = gateway.ask("auto", stream);
        assert_eq!((answer.status, answer.error_code().as_str()), (503, "models_unavailable"));
        assert_eq!(answer.header("x-should-retry"), "false");
        let seconds: u64 = answer.header("retry-after").parse().unwrap();
        let milliseconds: u64 = answer.header("retry-after-ms").parse().unwrap();
        assert!((1..=5).contains(&seconds) && (1..=5_000).contains(&milliseconds), "{answer:?}");
        assert_eq!(answer.header("x-frontdesk-attempts"), "0");
    }
    assert_eq!(gateway.upstream.calls().len(), calls);
    assert_eq!(gateway.rows("status, error, attempts")[6], "503 models_unavailable []");
}

#[test]
fn when_every_model_fails_the_client_is_told_not_to_try_again() {
    at_once([false, true], |stream| {
        let gateway = Gateway::start();
        for model in ["small", "large"] {
            gateway.upstream.script(model, [Reply::error(500, "secret detail")]);
        }
        let answer = gateway.ask("auto", stream);
        assert_eq!((answer.status, answer.error_code().as_str()), (503, "models_unavailable"));
        assert_eq!((answer.header("x-should-retry"), answer.header("retry-after")), ("false", "1"));
        assert!(!answer.body.contains("secret"), "{answer:?}");
        assert_eq!(gateway.outcome(), "503 models_unavailable - 0 0+0 estimated 0");
        let attempts = "small:upstream_error small:upstream_error large:upstream_error large:upstream_error";
        assert_eq!(gateway.attempts(), attempts);
    });
}

#[test]
fn a_model_that_the_client_names_is_left_alone_too_and_its_fallback_answers() {
    let gateway = without_retries();
    gateway.upstream.script("small", [Reply::error(500, "x")]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    for _ in 0..6 {
        let answer = gateway.ask("small", false);
        assert_eq!(
            (answer.body.as_str(), answer.header("x-frontdesk-route")),
            (&*completion("hello"), "override->fallback")
        );
    }
    assert_eq!(gateway.upstream.called().iter().filter(|model| *model == "small").count(), 5);
}
