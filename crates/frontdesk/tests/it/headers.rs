//! What the answer's headers say of a request.

use crate::client::{Answer, at_once, hi};
use crate::gateway::Gateway;
use crate::reply::{Reply, completion, streamed};

/// The headers that say what was decided.
const SAID: [&str; 4] = ["x-frontdesk-route", "x-frontdesk-decided-by", "x-frontdesk-category", "x-frontdesk-model"];

/// A request with these headers and this body, what the small model does, and how it is routed.
type Case<'a> = (&'a str, &'a str, &'a Reply, [&'a str; 4]);

/// It is routed so.
fn check((headers, body, small, expected): Case<'_>) {
    let rule = "[[routers.auto.rules]]\nwhen = { regex = \"poem\" }\nthen = { model = \"large\" }\n[routers.auto.categories.simple]";
    let gateway = Gateway::with(&[("[routers.auto.categories.simple]", rule)]);
    gateway.upstream.script("small", [small.clone()]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    let answer = gateway.post(headers, body);
    assert_eq!(SAID.map(|name| answer.header(name)), expected, "{body}");
    recorded(&gateway, &answer);
}

/// The headers say what the row says.
fn recorded(gateway: &Gateway, answer: &Answer) {
    let id = answer.header("x-request-id").replace('-', "");
    assert_eq!(id.len(), 32, "{answer:?}");
    assert_eq!(gateway.row("lower(hex(id))"), id);
    let said =
        ["x-frontdesk-attempts", "x-frontdesk-overhead-us", "x-frontdesk-decision-us"].map(|name| answer.header(name));
    assert_eq!(gateway.row("json_array_length(attempts), overhead_us, decision_us"), said.join(" "));
    assert!(said.iter().all(|number| number.parse::<u64>().is_ok()), "{answer:?}");
}

#[test]
fn the_route_says_what_decided_and_whether_the_first_model_answered() {
    let (good, bad) = (&Reply::answer("hello"), &Reply::error(500, "x"));
    let auto = hi("auto", false);
    let (rust, poem) = (auto.replace("hi", "in rust"), auto.replace("hi", "a poem"));
    let chain = auto.replace(r#""model":"auto""#, r#""models":["small","large"]"#);
    let (small, large) = (hi("small", false), hi("steady/large", false));
    let cases: [Case<'_>; 10] = [
        ("", &auto, good, ["simple", "default", "simple", "small"]),
        ("", &auto, bad, ["simple->fallback", "default", "simple", "large"]),
        ("", &rust, good, ["code", "rule", "code", "large"]),
        ("x-frontdesk-category: code\r\n", &auto, good, ["code", "hint", "code", "large"]),
        ("", &poem, good, ["rule", "rule", "", "large"]),
        ("", &small, good, ["override", "override", "", "small"]),
        ("", &small, bad, ["override->fallback", "override", "", "large"]),
        ("", &large, good, ["override", "override", "", "large"]),
        ("", &chain, good, ["override", "override", "", "small"]),
        ("", &chain, bad, ["override->fallback", "override", "", "large"]),
    ];
    at_once(cases, check);
}

#[test]
fn the_cost_is_told_where_it_is_known_when_the_headers_leave() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::answer("hello"), Reply::stream(streamed("hello"))]);
    assert_eq!(gateway.ask("auto", false).header("x-frontdesk-cost-usd"), "0.000020000");
    assert_eq!(gateway.ask("auto", true).header("x-frontdesk-cost-usd"), "", "a stream costs what it will have cost");
    let unpriced = Gateway::with(&[("price = { input = 1.0, output = 2.0 }\n", "")]);
    unpriced.upstream.script("small", [Reply::answer("hello")]);
    assert_eq!(unpriced.ask("auto", false).header("x-frontdesk-cost-usd"), "");
}

#[test]
fn a_stream_has_the_same_headers() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::stream(streamed("hello"))]);
    let answer = gateway.ask("auto", true);
    assert_eq!(SAID.map(|name| answer.header(name)), ["simple", "default", "simple", "small"]);
    recorded(&gateway, &answer);
}

#[test]
fn an_error_has_the_headers_that_were_known() {
    let gateway = Gateway::start();
    for model in ["small", "large"] {
        gateway.upstream.script(model, [Reply::error(500, "x")]);
    }
    let answer = gateway.ask("auto", false);
    assert_eq!(SAID.map(|name| answer.header(name)), ["simple", "default", "simple", ""]);
    recorded(&gateway, &answer);

    let gateway = Gateway::start();
    let answer = gateway.ask("nobody", false);
    assert_eq!(SAID.map(|name| answer.header(name)), ["", "", "", ""]);
    assert_eq!(gateway.row("lower(hex(id))"), answer.header("x-request-id").replace('-', ""));
    assert!(
        ["/healthz", "/nowhere", "/v1/models"].iter().all(|path| gateway.get(path).header("x-request-id").len() == 36)
    );
}

#[test]
fn an_upstreams_headers_do_not_pass_for_ours() {
    let gateway = Gateway::start();
    let odd =
        "x-frontdesk-model: evil\r\nx-request-id: evil\r\nset-cookie: a=b\r\nserver: evil\r\nopenai-version: 7\r\n";
    gateway.upstream.script("small", [Reply::whole(200, odd, completion("hello"))]);
    let answer = gateway.ask("auto", false);
    assert!(!answer.headers.values().any(|value| value.contains("evil")), "{answer:?}");
    assert_eq!((answer.header("set-cookie"), answer.header("openai-version")), ("", "7"));
}

#[test]
fn a_conversation_keeps_its_category() {
    let sticky = "[routers.auto.session]\nsticky = \"always\"\n[routers.auto.categories.simple]";
    let gateway = Gateway::with(&[("[routers.auto.categories.simple]", sticky)]);
    gateway.upstream.script("small", [Reply::answer("hello")]);
    gateway.upstream.script("large", [Reply::answer("hello")]);
    let session = "x-session-id: a\r\n";
    assert_eq!(gateway.post(session, &hi("auto", false).replace("hi", "in rust")).header("x-frontdesk-route"), "code");
    let said = gateway.post(session, &hi("auto", false));
    assert_eq!(SAID.map(|name| said.header(name)), ["code", "session", "code", "large"]);
    assert_eq!(gateway.ask("auto", false).header("x-frontdesk-route"), "simple", "another conversation");
    assert_eq!(gateway.rows("coalesce(session, '-'), decided_by"), ["a rule", "a session", "- default"]);
}
