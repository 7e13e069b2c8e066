//! Answers that break off and are continued by another model (`continue = true`, `prefill`).

use serde_json::json;

use crate::client::at_once;
use crate::gateway::Gateway;
use crate::reply::{Reply, completion, delta, finish, relayed, role, streamed, text, usage};

/// A gateway whose router continues, with a large model that can go on from what was said.
fn continuing() -> Gateway {
    Gateway::with(&[
        (r#"first_token = "8s", idle = "8s""#, r#"first_token = "400ms", idle = "400ms""#),
        ("[routers.auto]", "[routers.auto]\ncontinue = true"),
        ("context = 9000", "context = 9000\ncapabilities = [\"prefill\"]"),
    ])
}

/// A small model that says this much.
fn breaks_off(events: &[String]) -> [Reply; 2] {
    [Reply::cut(events.to_vec()), Reply::hang(events.to_vec())]
}

/// Asks `auto` for a stream where the small model breaks off and the large one does this.
fn check(small: Reply, large: Reply, attempts: &str) -> (Gateway, String) {
    let gateway = continuing();
    gateway.upstream.script("small", [small]);
    gateway.upstream.script("large", [large]);
    let answer = gateway.ask("auto", true);
    assert_eq!(answer.status, 200);
    assert_eq!(gateway.attempts(), attempts, "{answer:?}");
    (gateway, answer.body)
}

/// Nobody goes on: the client is told so after what came, and only the small model's tokens are counted.
fn told(small: Reply, large: Reply, attempts: &str, events: &[String]) {
    let (gateway, body) = check(small, large, attempts);
    let rest = body.strip_prefix(&relayed(events)).unwrap();
    assert!(rest.starts_with("data: {\"error\":") && rest.contains(r#""code":"upstream_interrupted""#), "{rest}");
    assert_eq!(rest.matches("data:").count(), 1, "no [DONE] and nothing else: {rest}");
    assert_eq!(gateway.row("status, error, model"), "200 upstream_interrupted small");
    let sums = "input_tokens = (SELECT sum(value ->> 'input_tokens') FROM json_each(attempts)), \
        output_tokens = (SELECT sum(value ->> 'output_tokens') FROM json_each(attempts)), \
        cost_nano_usd = (SELECT sum(value ->> 'cost_nano_usd') FROM json_each(attempts))";
    assert_eq!(gateway.row(sums), "1 1 1");
}

/// What an attempt of the only request used: output tokens and cost.
fn used(gateway: &Gateway, attempt: usize) -> String {
    let value = |name: &str| format!("attempts ->> '$[{attempt}].{name}'");
    gateway.row(&format!("{}, {}", value("output_tokens"), value("cost_nano_usd")))
}

#[test]
fn another_model_goes_on_where_the_first_broke_off() {
    let begun = [role(), text("The answer"), text(" is \"")];
    at_once(breaks_off(&begun), |small| {
        let rest = [text("42\"."), finish(), usage(), "[DONE]".into()];
        let (gateway, body) = check(small, Reply::stream(rest), "small:interrupted large:answered");
        assert_eq!(body, relayed(&[&begun[..], &[text("42\"."), finish(), "[DONE]".into()]].concat()));
        let asked = &gateway.upstream.calls()[1].body;
        let said =
            [json!({"role": "user", "content": "hi"}), json!({"role": "assistant", "content": "The answer is \""})];
        assert_eq!(asked["messages"], json!(said));
        assert_eq!((&asked["model"], &asked["stream"]), (&json!("large"), &json!(true)));
        assert_eq!(gateway.row("status, coalesce(error, '-'), model, fallback, tokens"), "200 - small 1 estimated");
        assert_eq!(used(&gateway, 1), "5 50000");
        assert_eq!(gateway.row("cost_nano_usd = 50000 + (attempts ->> '$[0].cost_nano_usd')"), "1");
    });
}

#[test]
fn a_usage_that_the_client_wants_comes_from_the_model_that_went_on() {
    let gateway = continuing();
    gateway.upstream.script("small", [Reply::cut([text("a")])]);
    gateway.upstream.script("large", [Reply::stream([text("b"), finish(), usage(), "[DONE]".into()])]);
    let body = r#"{"model":"auto","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = gateway.post("", body);
    assert_eq!(answer.body, relayed(&[text("a"), text("b"), finish(), usage(), "[DONE]".into()]));
}

#[test]
fn a_stream_that_calls_tools_is_not_continued() {
    let call = delta(&json!({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "{\"a"}}]}));
    let begun = [text("let me see"), call];
    at_once(breaks_off(&begun), |small| told(small, Reply::stream(streamed("b")), "small:interrupted", &begun));
}

#[test]
fn a_stream_of_reasoning_alone_has_nothing_to_go_on_from() {
    let begun = [delta(&json!({"reasoning_content": "hm"}))];
    told(Reply::cut(begun.clone()), Reply::stream(streamed("b")), "small:interrupted", &begun);
}

#[test]
fn when_the_model_that_was_to_go_on_refuses_the_client_is_told() {
    let begun = [text("The answer is")];
    let attempts = "small:interrupted large:upstream_error";
    told(Reply::cut(begun.clone()), Reply::error(500, "x"), attempts, &begun);
    told(Reply::cut(begun.clone()), Reply::close(), "small:interrupted large:unreachable", &begun);
    let (gateway, _) = check(Reply::cut(begun), Reply::error(500, "x"), attempts);
    assert_eq!(used(&gateway, 1), "0 0", "nothing was used of the model that refused");
}

#[test]
fn when_the_model_that_was_to_go_on_answers_no_stream_the_client_is_told() {
    let begun = [text("The answer is")];
    told(Reply::cut(begun.clone()), Reply::json(&completion("42")), "small:interrupted large:nonsense", &begun);
}

#[test]
fn when_the_model_that_goes_on_breaks_off_too_the_client_is_told() {
    let begun = [text("The answer is")];
    let large = Reply::cut([text(" 4")]);
    told(
        Reply::cut(begun.clone()),
        large,
        "small:interrupted large:interrupted",
        &[&begun[..], &[text(" 4")]].concat(),
    );
}

#[test]
fn a_model_that_cannot_go_on_counts_one_failure_a_call() {
    let gateway = continuing();
    gateway.upstream.script("small", [Reply::cut([text("a")])]);
    gateway.upstream.script("large", [Reply::error(500, "x")]);
    for _ in 0..4 {
        assert!(gateway.ask("auto", true).body.contains("upstream_interrupted"));
    }
    assert_eq!([gateway.breaker("small"), gateway.breaker("large")], ["0", "0"], "four failures each");
}

#[test]
fn without_a_model_that_can_go_on_nobody_does() {
    let gateway = Gateway::with(&[("[routers.auto]", "[routers.auto]\ncontinue = true")]);
    gateway.upstream.script("small", [Reply::cut([text("a")])]);
    assert!(gateway.ask("auto", true).body.contains("upstream_interrupted"));
    assert_eq!(gateway.attempts(), "small:interrupted");
}
