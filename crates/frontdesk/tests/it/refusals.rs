//! Models that refuse: rates, credentials, contexts, policies.

use std::time::Duration;

use crate::client::{Answer, at_once};
use crate::gateway::{ATTEMPTS, Gateway, LARGE, OUTCOME, SMALL};
use crate::reply::{Reply, completion};

/// A model that is asked too much.
fn limited(headers: &str) -> Reply {
    Reply::whole(429, headers, r#"{"error":{"message":"slow down"}}"#)
}

/// Asks `auto` where the small model does this and the large one answers: the row and the attempts.
fn check(small: impl Into<Vec<Reply>>, expected: (&str, &str)) -> (Gateway, Answer) {
    let gateway = Gateway::start();
    gateway.upstream.script("small", small);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    let answer = gateway.ask("auto", false);
    assert_eq!((gateway.outcome().as_str(), gateway.attempts().as_str()), expected, "{answer:?}");
    (gateway, answer)
}

/// The model rests: a request that follows goes to the next one at once.
fn rests(gateway: &Gateway) {
    assert_eq!(gateway.breaker("small"), "1");
    assert_eq!(gateway.ask("auto", false).body, completion("hello"));
    assert_eq!(gateway.rows(ATTEMPTS)[1], "large:answered");
    assert_eq!(gateway.rows(OUTCOME)[1], LARGE);
}

#[test]
fn a_short_rate_limit_is_waited_for_once() {
    at_once(
        ["retry-after: 0.1\r\n", "retry-after-ms: 100\r\n", "retry-after: 60\r\nretry-after-ms: 100\r\n"],
        |headers| {
            let answers = [limited(headers), Reply::answer("hello")];
            let (gateway, answer) = check(answers, (SMALL, "small:rate_limited small:answered"));
            assert_eq!(answer.body, completion("hello"));
            let calls = gateway.upstream.calls();
            let pause = calls[1].at - calls[0].at;
            assert!(pause >= Duration::from_millis(100) && pause < Duration::from_secs(2), "{pause:?}");
        },
    );
    let (gateway, _) =
        check([limited("retry-after: 0.05\r\n")], (LARGE, "small:rate_limited small:rate_limited large:answered"));
    assert_eq!(gateway.upstream.calls().len(), 3);
}

#[test]
fn a_long_rate_limit_is_not_waited_for_and_the_model_rests() {
    at_once(["retry-after: 60\r\n", "retry-after: 3\r\n", ""], |headers| {
        let (gateway, _) = check([limited(headers)], (LARGE, "small:rate_limited large:answered"));
        rests(&gateway);
    });
}

#[test]
fn a_model_rests_until_the_date_that_its_provider_names() {
    let date = jiff::Timestamp::now() + Duration::from_secs(120);
    let date = jiff::fmt::rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&date).unwrap();
    let headers = format!("retry-after: {date}\r\n");
    let gateway = Gateway::start();
    gateway.upstream.script("small", [limited(&headers)]);
    gateway.upstream.script("large", [limited(&headers)]);
    let answer = gateway.ask("auto", false);
    assert_eq!(answer.status, 503);
    let seconds: u64 = answer.header("retry-after").parse().unwrap();
    assert!((100..=121).contains(&seconds), "{answer:?}");
}

#[test]
fn a_rate_limit_that_outlasts_the_clients_time_is_not_waited_for() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [limited("retry-after: 1\r\n")]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    let answer = gateway.post("x-frontdesk-timeout-ms: 900\r\n", &crate::client::hi("auto", false));
    assert_eq!(answer.body, completion("hello"));
    assert_eq!(gateway.attempts(), "small:rate_limited large:answered");
}

#[test]
fn the_patience_with_rate_limits_is_the_providers() {
    let gateway = Gateway::with(&[("[providers.up]", "[providers.up]\nretry_after_max = \"10ms\"")]);
    gateway.upstream.script("small", [limited("retry-after: 0.05\r\n")]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", false).status, 200);
    assert_eq!(gateway.attempts(), "small:rate_limited large:answered");
}

#[test]
fn a_refused_credential_leads_to_the_next_model_and_the_refused_one_rests() {
    for status in [401, 403] {
        let (gateway, answer) =
            check([Reply::error(status, "bad key s3cret")], (LARGE, "small:credential large:answered"));
        assert_eq!(answer.body, completion("hello"));
        rests(&gateway);
    }
}

#[test]
fn a_credential_that_every_provider_refuses_is_a_502_that_does_not_show_it() {
    let gateway = Gateway::start();
    for model in ["small", "large"] {
        gateway.upstream.script(model, [Reply::error(401, "bad key s3cret")]);
    }
    let answer = gateway.ask("auto", true);
    assert_eq!((answer.status, answer.error_code().as_str()), (502, "bad_upstream"));
    assert_eq!(answer.header("x-should-retry"), "false");
    assert!(!answer.body.contains("s3cret"), "{answer:?}");
    assert_eq!(gateway.outcome(), "502 bad_upstream - 0 0+0 estimated 0");
    assert_eq!(gateway.attempts(), "small:credential large:credential");
}

#[test]
fn what_the_caller_did_wrong_comes_as_the_upstream_said_it_and_nobody_else_is_asked() {
    let policy = r#"{ "error": {"message":"against the policy","code":"content_policy_violation","x":[1.50]} }"#;
    let errors = [
        (400, "application/json", policy),
        (402, "application/json; charset=utf-8", r#"{"detail":"no money"}"#),
        (404, "application/json", r#"{"error":{"message":"no such model"}}"#),
        (413, "text/plain", "too much"),
        (422, "text/html", "<p>odd</p>"),
        (451, "application/json", ""),
    ];
    at_once(errors, |(status, kind, body)| {
        for stream in [false, true] {
            let gateway = Gateway::start();
            let head = format!(
                "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nx-vendor: 1\r\ncontent-length: {}\r\n\r\n",
                body.len()
            );
            gateway.upstream.script("small", [Reply { bytes: (head + body).into_bytes(), ..Reply::json("") }]);
            let answer = gateway.ask("auto", stream);
            assert_eq!((answer.status, answer.body.as_str(), answer.header("content-type")), (status, body, kind));
            assert_eq!(gateway.outcome(), format!("{status} upstream_refused - 0 0+0 estimated 0"));
            assert_eq!(gateway.attempts(), "small:refused");
            assert_eq!(gateway.upstream.calls().len(), 1);
        }
    });
}

/// Three models, of which the one in the middle has the smallest context.
fn of_different_contexts(chain: &str) -> Gateway {
    let tiny = "[models.tiny]\nprovider = \"up\"\ncontext = 500\n[routers.auto]";
    let models = format!("simple]\nmodels = {chain}");
    let fallback = ("fallback = [\"large\"]", "fallback = []");
    Gateway::with(&[("[routers.auto]", tiny), fallback, ("simple]\nmodels = [\"small\"]", &models)])
}

/// A model whose context is too small, in its own words.
fn too_long(model: &str) -> Reply {
    let message = format!("This model's maximum context length is 9 tokens, says {model}");
    Reply::whole(400, "", format!(r#"{{"error":{{"message":"{message}","code":"context_length_exceeded"}}}}"#))
}

#[test]
fn a_conversation_that_is_too_long_goes_to_the_next_model_with_a_larger_context() {
    let gateway = of_different_contexts(r#"["small", "tiny", "large"]"#);
    gateway.upstream.script("small", [too_long("small")]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    assert_eq!(gateway.ask("auto", false).body, completion("hello"));
    assert_eq!(gateway.outcome(), LARGE);
    assert_eq!(gateway.attempts(), "small:context_length large:answered");
}

#[test]
fn a_conversation_that_fits_no_model_comes_back_with_the_400_as_it_came() {
    for (chain, attempts, last) in [
        (r#"["small", "tiny"]"#, "small:context_length", "small"),
        (r#"["small", "tiny", "large"]"#, "small:context_length large:context_length", "large"),
    ] {
        for stream in [false, true] {
            let gateway = of_different_contexts(chain);
            for model in ["small", "large"] {
                gateway.upstream.script(model, [too_long(model)]);
            }
            let answer = gateway.ask("auto", stream);
            assert_eq!(answer.status, 400);
            assert!(answer.body.contains(&format!("says {last}")), "{answer:?}");
            assert!(too_long(last).bytes.ends_with(answer.body.as_bytes()), "{answer:?}");
            assert_eq!(gateway.outcome(), "400 upstream_refused - 0 0+0 estimated 0");
            assert_eq!(gateway.attempts(), attempts);
        }
    }
}

#[test]
fn a_conversation_that_fits_no_model_comes_back_as_a_400_when_a_stream_began_with_that() {
    let gateway = of_different_contexts(r#"["small", "tiny"]"#);
    let error = r#"{"error":{"message":"maximum context length is 9","code":400}}"#;
    gateway.upstream.script("small", [Reply::stream([error.into()])]);
    let answer = gateway.ask("auto", true);
    assert_eq!((answer.status, answer.body.as_str()), (400, error));
    assert_eq!(gateway.outcome(), "400 upstream_refused - 0 0+0 estimated 0");
}

#[test]
fn a_model_with_a_larger_context_that_fails_leaves_the_400_as_it_came() {
    let gateway = of_different_contexts(r#"["small", "large"]"#);
    gateway.upstream.script("small", [too_long("small")]);
    gateway.upstream.script("large", [Reply::error(500, "x")]);
    let answer = gateway.ask("auto", false);
    assert!(too_long("small").bytes.ends_with(answer.body.as_bytes()), "{answer:?}");
    assert_eq!(gateway.outcome(), "400 upstream_refused - 0 0+0 estimated 0");
    assert_eq!(gateway.attempts(), "small:context_length large:upstream_error large:upstream_error");
}
