//! Costs: from our price table, in integer nano-dollars, and told how they are known.

use serde_json::{Value, json};

use crate::client::{at_once, hi};
use crate::gateway::Gateway;
use crate::reply::{Reply, finish, text};

/// A chat completion with this usage.
fn answer(usage: &Value) -> Reply {
    let choice = json!({"index": 0, "message": {"content": "some words"}, "finish_reason": "stop"});
    Reply::json(&json!({"choices": [choice], "usage": usage}).to_string())
}

/// The same as a stream.
fn stream(usage: &Value) -> Reply {
    let last = json!({"choices": [], "usage": usage}).to_string();
    Reply::stream([text("some words"), finish(), last, "[DONE]".into()])
}

/// A request for `model`, whose provider counts so, costs this: cost, costing, baseline, then the tokens.
fn check(model: &str, usage: &Value, expected: &str) {
    at_once([false, true], |streamed| {
        let odd = "[models.odd]\nprovider = \"up\"\nprice = { input = 0.0375, output = 0.15 }\n";
        let free = "[models.free]\nprovider = \"up\"\n[routers.auto]";
        let by_header = "[[routers.auto.rules]]\nwhen = { header = { model = \"odd\" } }\nthen = { model = \"odd\" }\n\
            [[routers.auto.rules]]\nwhen = { header = { model = \"free\" } }\nthen = { model = \"free\" }\n\
            [[routers.auto.rules]]\nwhen = { header = { model = \"large\" } }\nthen = { model = \"large\" }\n\
            [routers.auto.categories.simple]";
        let gateway = Gateway::with(&[
            ("[routers.auto]", &(odd.to_owned() + free)),
            ("[routers.auto.categories.simple]", by_header),
        ]);
        gateway.upstream.script(model, [if streamed { stream(usage) } else { answer(usage) }]);
        let answer = gateway.post(&format!("model: {model}\r\n"), &hi("auto", streamed));
        assert_eq!(answer.status, 200, "{answer:?}");
        let columns = "cost_nano_usd, costing, coalesce(baseline_cost_nano_usd, '-'), \
            input_tokens, cached_tokens, output_tokens, reasoning_tokens, tokens";
        assert_eq!(gateway.row(columns), expected, "{usage} streamed: {streamed}");
    });
}

#[test]
fn cached_input_has_its_own_price() {
    // 400 fresh tokens at 3 $, 600 cached ones at 0.50 $ and 50 of output at 4 $ a million.
    let cost = 400 * 3_000 + 600 * 500 + 50 * 4_000;
    let expected = format!("{cost} measured {cost} 1000 600 50 20 measured");
    let details = json!({"prompt_tokens": 1000, "completion_tokens": 50, "total_tokens": 1050,
        "prompt_tokens_details": {"cached_tokens": 600}, "completion_tokens_details": {"reasoning_tokens": 20}});
    check("large", &details, &expected);
    let deepseek = json!({"prompt_tokens": 1000, "completion_tokens": 50, "prompt_cache_hit_tokens": 600,
        "completion_tokens_details": {"reasoning_tokens": 20}});
    check("large", &deepseek, &expected);
}

#[test]
fn a_providers_own_cost_is_not_believed() {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "cost": 99.5, "cost_details": {"x": 1}});
    check("small", &usage, "20000 measured 50000 10 0 5 0 measured");
}

#[test]
fn parts_of_a_nano_dollar_are_rounded_up() {
    // Three tokens at 0.0375 $ and one at 0.15 $ a million are 262.5 nano-dollars.
    check("odd", &json!({"prompt_tokens": 3, "completion_tokens": 1}), "263 measured 13000 3 0 1 0 measured");
}

#[test]
fn a_model_without_a_price_costs_what_is_not_known() {
    check("free", &json!({"prompt_tokens": 10, "completion_tokens": 5}), "0 unpriced 50000 10 0 5 0 measured");
}

#[test]
fn tokens_that_nobody_counted_are_estimated() {
    for usage in [json!(null), json!({}), json!({"total_tokens": 3})] {
        for reply in [answer(&usage), stream(&usage)] {
            let gateway = Gateway::start();
            gateway.upstream.script("small", [reply.clone()]);
            assert_eq!(gateway.ask("auto", reply.bytes.ends_with(b"0\r\n\r\n")).status, 200);
            assert_eq!(gateway.row("tokens, costing"), "estimated estimated");
            let sane = "input_tokens BETWEEN 1 AND 60, output_tokens BETWEEN 1 AND 10, \
                cost_nano_usd = input_tokens * 1000 + output_tokens * 2000";
            assert_eq!(gateway.row(sane), "1 1 1");
        }
    }
}

#[test]
fn numbers_that_no_provider_could_mean_do_no_harm() {
    let huge = json!({"prompt_tokens": u64::MAX, "completion_tokens": u64::MAX});
    check("small", &huge, &format!("{max} measured {max} {max} 0 {max} 0 measured", max = i64::MAX));
}

#[test]
fn the_cost_is_in_the_metrics() {
    let gateway = Gateway::start();
    gateway.upstream.script("small", [Reply::answer("hello")]);
    for _ in 0..3 {
        gateway.ask("auto", false);
    }
    let labels = r#"{router="auto",category="simple",model="small"}"#;
    let costs = gateway.metric("frontdesk_cost_usd_total");
    let cost: f64 = costs[0].strip_prefix(labels).unwrap().trim().parse().unwrap();
    assert!((cost - 0.00006).abs() < 1e-12 && costs.len() == 1, "{costs:?}");
    assert_eq!(gateway.metric("frontdesk_baseline_cost_usd_total").len(), 1);
}
