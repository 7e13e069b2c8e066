//! Answers that are begun on the judge's own model while it judges.

use crate::client::{chat, hi};
use crate::gateway::{ATTEMPTS, Gateway};
use crate::reply::{Reply, completion, relayed, streamed, text, usage};

const CONFIG: &str = r#"
[providers.up]
base_url = "UPSTREAM"
api_key = "env:KEY"
retries = 0
[models.small]
provider = "up"
price = { input = 1.0, output = 2.0 }
[models.large]
provider = "up"
price = { input = 3.0, output = 4.0 }
capabilities = ["tools"]
[routers.auto]
default = "code"
[routers.auto.classifier]
kind = "llm"
model = "small"
timeout = "8s"
speculate = true
[routers.auto.categories.simple]
models = ["small"]
[routers.auto.categories.code]
models = ["large"]
"#;

const COLUMNS: &str = "category, model, speculation, classifier_outcome, cost_nano_usd, classifier_cost_nano_usd";

/// A gateway whose small model judges like this and answers like that.
fn gateway(verdict: Reply, answer: Reply) -> Gateway {
    let gateway = Gateway::of(CONFIG);
    gateway.upstream.script("small judging", [verdict]);
    gateway.upstream.script("small", [answer]);
    gateway.upstream.script("large", [Reply::answer("large")]);
    gateway
}

#[test]
fn an_answer_begun_while_the_judge_judges_is_the_clients_when_the_verdict_is_its_model() {
    for stream in [false, true] {
        let answer = if stream { Reply::stream(streamed("hello")) } else { Reply::answer("hello") };
        // The verdict is held back until the answer has been asked for: nothing waited for it.
        let gateway = gateway(Reply::later(Reply::answer("simple")), answer);
        let client = gateway.send(&chat("", &hi("auto", stream)));
        gateway.upstream.wait_for_calls(2);
        gateway.upstream.release();
        let events: Vec<_> = streamed("hello").into_iter().filter(|event| *event != usage()).collect();
        let expected = if stream { relayed(&events) } else { completion("hello") };
        assert_eq!(client.answer().body, expected);
        assert_eq!(gateway.rows(COLUMNS), ["simple small kept answered 20000 20000"]);
        assert_eq!(gateway.attempts(), "small:answered");
        assert_eq!(gateway.upstream.called(), ["small", "small"]);
    }
}

#[test]
fn nothing_of_a_begun_answer_reaches_the_client_and_it_is_cancelled_when_the_verdict_is_another() {
    let gateway = gateway(Reply::answer("code"), Reply::hang([text("wrong")]));
    assert!(!gateway.ask("auto", true).body.contains("wrong"));
    gateway.upstream.wait_for_cancelled(&["small"]);
    assert_eq!(gateway.rows("category, model, speculation, fallback"), ["code large cancelled 0"]);
    assert_eq!(gateway.attempts(), "small:abandoned large:answered");
    // What the begun answer read is paid for, and is estimated.
    assert_eq!(gateway.rows("json_extract(attempts, '$[0].cost_nano_usd') > 0, tokens"), ["1 estimated"]);
}

#[test]
fn a_begun_answer_that_fails_is_an_attempt_like_any_other() {
    let gateway = gateway(Reply::answer("simple"), Reply::error(500, "x"));
    assert_eq!(gateway.ask("auto", false).status, 503);
    assert_eq!(gateway.rows(ATTEMPTS), ["small:upstream_error"]);
}

#[test]
fn nothing_is_begun_that_the_judges_model_cannot_serve() {
    let gateway = gateway(Reply::answer("code"), Reply::answer("hello"));
    let body = r#"{"model":"auto","tools":[{"type":"function"}],"messages":[{"role":"user","content":"hi"}]}"#;
    assert_eq!(gateway.post("", body).body, completion("large"));
    assert_eq!(gateway.upstream.called(), ["small", "large"]);
    assert_eq!(gateway.rows("speculation IS NULL"), ["1"]);
}
