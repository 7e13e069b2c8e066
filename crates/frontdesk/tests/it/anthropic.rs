//! Providers that speak Anthropic's protocol, for clients that speak OpenAI's.

use serde_json::{Value, json};

use crate::client::{Answer, at_once, chat, hi};
use crate::gateway::Gateway;
use crate::reply::{Reply, completion, streamed};

const CONFIG: &str = r#"
[providers.claude]
api = "anthropic"
base_url = "UPSTREAM"
api_key = "env:KEY"
timeouts = { first_token = "8s", idle = "300ms" }
[providers.other]
base_url = "UPSTREAM"
api_key = "env:KEY"
[models.opus]
provider = "claude"
id = "claude-opus"
price = { input = 5.0, cached_input = 0.5, output = 25.0 }
capabilities = ["tools", "prefill"]
[models.large]
provider = "other"
price = { input = 3.0, output = 4.0 }
capabilities = ["tools"]
[routers.auto]
default = "all"
fallback = ["large"]
classifier = { kind = "none" }
categories.all.models = ["opus"]
"#;

/// A message of Anthropic's of this text, of 3 fresh, 5 cached and 2 written input tokens and 7 output tokens.
fn message(text: &str) -> Reply {
    let usage =
        json!({"input_tokens": 3, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 5, "output_tokens": 7});
    let content = json!([{"type": "text", "text": text}]);
    let whole = json!({"id": "msg_1", "type": "message", "role": "assistant", "model": "claude-opus-1",
        "content": content, "stop_reason": "end_turn", "stop_sequence": null, "usage": usage});
    Reply::json(&whole.to_string())
}

/// Events of Anthropic's by their data.
fn events(data: impl IntoIterator<Item = Value>) -> Vec<String> {
    let named = |data: Value| format!("event: {}\ndata: {data}", data["type"].as_str().unwrap_or_default());
    data.into_iter().map(named).collect()
}

/// How a stream of Anthropic's begins.
fn opening(text: &str) -> Vec<Value> {
    let usage = json!({"input_tokens": 3, "cache_read_input_tokens": 5, "output_tokens": 1});
    vec![
        json!({"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant",
            "model": "claude-opus-1", "content": [], "stop_reason": null, "usage": usage}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
        json!({"type": "ping"}),
        json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}}),
    ]
}

/// How it ends.
fn closing() -> Vec<Value> {
    vec![
        json!({"type": "content_block_stop", "index": 0}),
        json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 7}}),
        json!({"type": "message_stop"}),
    ]
}

/// Asks `auto` where Anthropic's model does this.
fn ask(opus: impl Into<Vec<Reply>>, stream: bool) -> (Gateway, Answer) {
    let gateway = Gateway::of(CONFIG);
    gateway.upstream.script("claude-opus", opus);
    gateway.upstream.script("large", [if stream { Reply::stream(streamed("hello")) } else { Reply::answer("hello") }]);
    let answer = gateway.ask("auto", stream);
    (gateway, answer)
}

/// OpenAI's model answers in place of what Anthropic's does.
fn replaced(opus: Reply, stream: bool, attempts: &str) {
    let (gateway, answer) = ask([opus], stream);
    assert_eq!(answer.status, 200, "{answer:?}");
    assert!(answer.body.contains("hello"), "{answer:?}");
    assert_eq!(gateway.attempts(), format!("{attempts} large:answered"));
    assert_eq!(gateway.outcome(), "200 - large 1 10+5 measured 50000");
    assert_eq!(gateway.upstream.calls().last().unwrap().path, "/v1/chat/completions");
}

/// The pieces of a stream in OpenAI's form, without its end.
fn chunks(answer: &Answer) -> Vec<Value> {
    let events = answer.body.strip_suffix("data: [DONE]\n\n").unwrap_or(&answer.body);
    let data = events.split_terminator("\n\n").map(|event| event.strip_prefix("data: ").unwrap());
    data.map(|data| serde_json::from_str(data).unwrap()).collect()
}

fn text_of(chunks: &[Value]) -> String {
    chunks.iter().filter_map(|chunk| chunk["choices"][0]["delta"]["content"].as_str()).collect()
}

#[test]
fn a_request_reaches_anthropic_in_its_own_form() {
    let gateway = Gateway::of(CONFIG);
    gateway.upstream.script("claude-opus", [message("hello")]);
    let body = json!({"model": "auto", "max_completion_tokens": 50, "temperature": 0.5, "stop": "END", "seed": 7,
        "messages": [{"role": "system", "content": "be brief"}, {"role": "user", "content": "hi"}]});
    assert_eq!(gateway.post("authorization: Bearer clients-own\r\n", &body.to_string()).status, 200);
    let call = &gateway.upstream.calls()[0];
    assert_eq!(call.path, "/v1/messages");
    assert_eq!([&call.headers["x-api-key"], &call.headers["anthropic-version"]], ["s3cret", "2023-06-01"]);
    assert!(!call.headers.contains_key("authorization"), "the client's credential is not the provider's");
    let block = json!([{"type": "text", "text": "hi"}]);
    let sent = json!({"model": "claude-opus", "max_tokens": 50, "temperature": 0.5, "stop_sequences": ["END"],
        "system": [{"type": "text", "text": "be brief"}], "messages": [{"role": "user", "content": block}]});
    assert_eq!(call.body, sent);
}

#[test]
fn a_whole_answer_comes_back_in_openais_form_and_costs_what_anthropic_counted() {
    let (gateway, answer) = ask([message("hello")], false);
    let body = answer.json();
    assert!(body["created"].as_u64().is_some_and(|created| created > 1_600_000_000), "{body}");
    let expected = json!({"id": "msg_1", "object": "chat.completion", "created": body["created"], "model": "claude-opus-1",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "hello"}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 10, "completion_tokens": 7, "total_tokens": 17, "prompt_tokens_details": {"cached_tokens": 5}}});
    assert_eq!(body, expected);
    assert_eq!(answer.header("content-type"), "application/json");
    // Five fresh tokens at 5 $, five cached ones at 0.5 $ and seven at 25 $ a million.
    assert_eq!(answer.header("x-frontdesk-cost-usd"), "0.000202500");
    assert_eq!(gateway.outcome(), "200 - opus 0 10+7 measured 202500");
    assert_eq!(gateway.row("cached_tokens"), "5");
}

#[test]
fn a_stream_comes_back_in_openais_form() {
    let (gateway, answer) = ask([Reply::stream(events(opening("hello").into_iter().chain(closing())))], true);
    assert_eq!(answer.header("content-type"), "text/event-stream");
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{answer:?}");
    let chunks = chunks(&answer);
    let delta = |chunk: &Value| chunk["choices"][0]["delta"].clone();
    let deltas: Vec<_> = chunks.iter().map(delta).collect();
    assert_eq!(deltas, [json!({"role": "assistant", "content": ""}), json!({"content": "hello"}), json!({})]);
    for chunk in &chunks {
        assert_eq!((&chunk["id"], &chunk["object"]), (&json!("msg_1"), &json!("chat.completion.chunk")));
        assert!(chunk.get("usage").is_none(), "nobody asked for the usage");
    }
    assert_eq!(chunks[2]["choices"][0]["finish_reason"], "stop");
    assert_eq!(gateway.upstream.calls()[0].body["stream"], true);
    // Three fresh tokens at 5 $, five cached ones at 0.5 $ and seven at 25 $ a million.
    assert_eq!(gateway.outcome(), "200 - opus 0 8+7 measured 192500");
}

#[test]
fn the_usage_of_a_stream_is_told_to_those_who_ask() {
    let gateway = Gateway::of(CONFIG);
    gateway.upstream.script("claude-opus", [Reply::stream(events(opening("a").into_iter().chain(closing())))]);
    let wish = r#"{"model":"auto","stream":true,"stream_options":{"include_usage":true},"messages":[{"role":"user","content":"hi"}]}"#;
    let answer = gateway.post("", wish);
    let chunks = chunks(&answer);
    let last = chunks.last().unwrap();
    assert_eq!((&last["choices"], &last["usage"]["total_tokens"]), (&json!([]), &json!(15)));
    assert!(gateway.upstream.calls()[0].body.get("stream_options").is_none());
}

#[test]
fn a_tool_call_comes_back_in_openais_form() {
    let content = json!([{"type": "tool_use", "id": "toolu_1", "name": "add", "input": {"a": 1}}]);
    let whole = json!({"id": "m", "type": "message", "model": "x", "content": content, "stop_reason": "tool_use"});
    let gateway = Gateway::of(CONFIG);
    gateway.upstream.script("claude-opus", [Reply::json(&whole.to_string())]);
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": "hi"}],
        "tools": [{"type": "function", "function": {"name": "add", "parameters": {"type": "object"}}}]});
    let answer = gateway.post("", &body.to_string()).json();
    let call = json!({"id": "toolu_1", "type": "function", "function": {"name": "add", "arguments": "{\"a\":1}"}});
    assert_eq!(answer["choices"][0]["message"]["tool_calls"], json!([call]));
    assert_eq!(answer["choices"][0]["finish_reason"], "tool_calls");
    assert_eq!(gateway.upstream.calls()[0].body["tools"][0]["name"], "add");
    assert_eq!(gateway.row("tokens, costing"), "estimated estimated");
}

/// An error of Anthropic's.
fn error(kind: &str) -> Value {
    json!({"type": "error", "error": {"type": kind, "message": "no"}, "request_id": "req_1"})
}

#[test]
fn errors_count_as_what_they_are() {
    let said = |status, kind| Reply::whole(status, "", error(kind).to_string());
    let twice = "opus:upstream_error opus:upstream_error";
    let whole = [
        (said(529, "overloaded_error"), twice),
        (said(500, "api_error"), twice),
        (said(429, "rate_limit_error"), "opus:rate_limited"),
        (said(401, "authentication_error"), "opus:credential"),
        (Reply::json(r#"{"choices":[]}"#), "opus:nonsense opus:nonsense"),
    ];
    let streams = [
        (Reply::stream(events([error("overloaded_error")])), twice),
        (Reply::stream(events(opening("")).drain(..3)), "opus:nonsense opus:nonsense"),
    ];
    let both = whole.iter().flat_map(|case| [(case, false), (case, true)]);
    let cases = both.chain(streams.iter().map(|case| (case, true)));
    at_once(cases, |((opus, attempts), stream)| replaced(opus.clone(), stream, attempts));
}

#[test]
fn a_refusal_reaches_the_client_in_openais_form() {
    for stream in [false, true] {
        let refused = Reply::whole(400, "", error("invalid_request_error").to_string());
        let (gateway, answer) = ask([refused], stream);
        let expected = json!({"error": {"message": "no", "type": "invalid_request_error", "param": null, "code": 400}});
        assert_eq!((answer.status, answer.json()), (400, expected));
        assert_eq!(gateway.outcome(), "400 upstream_refused - 0 0+0 estimated 0");
        assert_eq!(gateway.attempts(), "opus:refused");
    }
}

#[test]
fn a_stream_that_breaks_off_is_never_a_success() {
    at_once([Reply::cut(events(opening("half"))), Reply::hang(events(opening("half")))], |broken| {
        let (gateway, answer) = ask([broken], true);
        assert!(!answer.body.contains("[DONE]"), "{answer:?}");
        let chunks = chunks(&answer);
        assert_eq!(text_of(&chunks), "half");
        assert_eq!(chunks.last().unwrap()["error"]["code"], "upstream_interrupted");
        assert_eq!(gateway.row("status, error, model"), "200 upstream_interrupted opus");
        assert_eq!(gateway.attempts(), "opus:interrupted");
    });
}

#[test]
fn a_stream_that_ends_after_its_stop_reason_is_a_success() {
    let mut data = [opening("hello"), closing()].concat();
    data.pop();
    let (gateway, answer) = ask([Reply::cut(events(data))], true);
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{answer:?}");
    assert_eq!(gateway.outcome(), "200 - opus 0 8+7 measured 192500");
}

#[test]
fn a_malformed_event_is_dropped_and_counted() {
    let mut data = events([opening("a"), closing()].concat());
    data.insert(4, "event: content_block_delta\ndata: {oops".into());
    let (gateway, answer) = ask([Reply::stream(data)], true);
    assert_eq!(text_of(&chunks(&answer)), "a");
    assert_eq!(gateway.metric("frontdesk_malformed_events_total"), ["1"]);
    assert_eq!(gateway.attempts(), "opus:answered");
}

#[test]
fn an_anthropic_model_goes_on_with_the_answer_of_another() {
    let continuing = CONFIG
        .replace("[routers.auto]", "[routers.auto]\ncontinue = true")
        .replace("fallback = [\"large\"]", "fallback = [\"opus\"]")
        .replace("categories.all.models = [\"opus\"]", "categories.all.models = [\"large\"]");
    let gateway = Gateway::of(&continuing);
    gateway.upstream.script("large", [Reply::cut([crate::reply::text("The answer is")])]);
    gateway.upstream.script("claude-opus", [Reply::stream(events(opening(" 42.").into_iter().chain(closing())))]);
    let answer = gateway.ask("auto", true);
    assert!(answer.body.ends_with("data: [DONE]\n\n"), "{answer:?}");
    assert_eq!(text_of(&chunks(&answer)), "The answer is 42.");
    let messages = &gateway.upstream.calls()[1].body["messages"];
    assert_eq!(messages[1], json!({"role": "assistant", "content": [{"type": "text", "text": "The answer is"}]}));
    assert_eq!(gateway.attempts(), "large:interrupted opus:answered");
}

#[test]
fn what_anthropic_has_no_place_for_goes_to_a_model_that_has() {
    let gateway = Gateway::of(CONFIG);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    let audio = json!({"type": "input_audio", "input_audio": {"data": "", "format": "wav"}});
    let body = json!({"model": "auto", "messages": [{"role": "user", "content": [audio]}]});
    assert_eq!(gateway.post("", &body.to_string()).body, completion("hello"));
    assert_eq!(gateway.attempts(), "large:answered");
    let alone = json!({"models": ["opus"], "messages": body["messages"]});
    let answer = gateway.post("", &alone.to_string());
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "invalid_request_error"));
    assert_eq!(gateway.upstream.calls().len(), 1);
}

#[test]
fn a_client_that_leaves_cancels_the_call() {
    let gateway = Gateway::of(CONFIG);
    gateway.upstream.script(
        "claude-opus",
        [Reply::drip(
            events(opening("a")),
            "event: ping\ndata: {\"type\":\"ping\"}",
            std::time::Duration::from_millis(10),
        )],
    );
    let mut client = gateway.send(&chat("", &hi("auto", true)));
    client.until("\"a\"");
    drop(client);
    gateway.upstream.wait_for_cancelled(&["claude-opus"]);
    assert_eq!(gateway.row("status, error, model, tokens"), "499 client_closed opus estimated");
    assert_eq!(gateway.attempts(), "opus:abandoned");
}
