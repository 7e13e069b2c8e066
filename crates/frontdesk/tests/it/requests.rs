//! What a client gets when all is well, or when it asks for what cannot be.

use crate::client::request;
use crate::gateway::Gateway;
use crate::reply::{Reply, finish, role, text, usage};

#[test]
fn a_request_is_routed_answered_and_recorded() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::answer("hello")]);
    let reply = gateway.ask("auto", false);
    assert_eq!(reply.status, 200);
    assert!(reply.body.contains(r#""content":"hello""#) && reply.body.contains(r#""model":"vendor""#), "{reply:?}");
    let header = |name: &str| reply.headers[name].as_str();
    assert_eq!(
        [
            header("x-frontdesk-route"),
            header("x-frontdesk-model"),
            header("x-frontdesk-decided-by"),
            header("x-frontdesk-cost-usd")
        ],
        ["simple", "small", "default", "0.000020000"]
    );
    assert_eq!(
        gateway.row(
            "router, category, model, fallback, status, tokens, cost_nano_usd, baseline_cost_nano_usd, input_tokens"
        ),
        "auto simple small 0 200 measured 20000 50000 10"
    );
    assert_eq!(gateway.attempts(), "small:answered");
}

#[test]
fn hints_rules_and_overrides_decide() {
    for (headers, body, route, by, model) in [
        (
            "x-frontdesk-category: code\r\n",
            r#"{"model":"auto","messages":[{"role":"user","content":"hi"}]}"#,
            "code",
            "hint",
            "large",
        ),
        ("", r#"{"model":"auto","messages":[{"role":"user","content":"in rust"}]}"#, "code", "rule", "large"),
        (
            "",
            r#"{"model":"steady/large","messages":[{"role":"user","content":"hi"}]}"#,
            "override",
            "override",
            "large",
        ),
        (
            "",
            r#"{"models":["large","small"],"messages":[{"role":"user","content":"hi"}]}"#,
            "override",
            "override",
            "large",
        ),
    ] {
        let gateway = Gateway::start();
        gateway.upstream.script("large", [Reply::answer("hello")]);
        let reply = gateway.post(headers, body);
        let header = |name: &str| reply.headers[name].as_str();
        assert_eq!(
            [header("x-frontdesk-route"), header("x-frontdesk-decided-by"), header("x-frontdesk-model")],
            [route, by, model],
            "{body}"
        );
    }
}

#[test]
fn a_stream_is_relayed_byte_for_byte_without_the_usage_nobody_asked_for() {
    let gateway = Gateway::start();
    gateway
        .upstream
        .script("small", [Reply::stream([role(), text("a"), text("b"), finish(), usage(), "[DONE]".into()])]);
    let reply = gateway.ask("auto", true);
    let expected: String =
        [role(), text("a"), text("b"), finish(), "[DONE]".into()].map(|event| format!("data: {event}\n\n")).concat();
    assert_eq!(reply.body, expected);
    assert_eq!(reply.headers["content-type"], "text/event-stream");
    assert_eq!(gateway.upstream.calls()[0].body["stream_options"]["include_usage"], true);
    assert_eq!(gateway.row("stream, tokens, output_tokens, cost_nano_usd, first_token_us > 0"), "1 measured 5 20000 1");
}

#[test]
fn what_cannot_be_is_told_in_openais_form() {
    for (body, status, code) in [
        ("{", 400, "invalid_request_error"),
        (r#"{"model":"auto","messages":[]}"#, 400, "invalid_request_error"),
        (r#"{"model":"autp","messages":[{"role":"user","content":"x"}]}"#, 404, "model_not_found"),
    ] {
        let gateway = Gateway::start();
        let reply = gateway.post("", body);
        assert_eq!(reply.status, status, "{body}");
        let error: serde_json::Value = serde_json::from_str(&reply.body).unwrap();
        assert_eq!(error["error"]["code"], code);
        assert_eq!(error["error"].as_object().unwrap().len(), 4);
        assert_eq!(gateway.row("status, error"), format!("{status} {code}"));
        assert!(gateway.upstream.calls().is_empty());
    }
}

#[test]
fn an_embedding_is_asked_for_again_but_of_no_other_model() {
    let body = r#"{"model":"small","input":"hi"}"#;
    let ask = |gateway: &Gateway| {
        let length = format!("content-length: {}\r\n", body.len());
        gateway.raw(&request("POST /v1/embeddings", &length, body.as_bytes()))
    };
    let embedding = r#"{"object":"list","data":[{"embedding":[0.5]}],"usage":{"prompt_tokens":10}}"#;
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::error(500, "x"), Reply::json(embedding)]);
    assert_eq!(ask(&gateway).body, embedding);
    assert_eq!(gateway.upstream.calls()[1].path, "/v1/embeddings");
    assert_eq!(gateway.outcome(), "200 - small 0 10+0 measured 10000");
    assert_eq!(gateway.row("endpoint"), "/v1/embeddings");
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::error(500, "x")]);
    let answer = ask(&gateway);
    assert_eq!((answer.status, answer.error_code().as_str()), (503, "models_unavailable"));
    assert_eq!(gateway.attempts(), "small:upstream_error small:upstream_error");
}
