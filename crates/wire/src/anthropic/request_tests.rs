use serde_json::Value;

use super::*;

/// The body that `{"messages":[a word of the user],` and these fields become, without what they all have.
fn translated(fields: &str, prefill: Option<&str>) -> Result<String, Invalid> {
    let body = format!(r#"{{"model":"auto","messages":[{{"role":"user","content":"a"}}]{fields}}}"#);
    let body = messages_request(body.as_bytes(), &Changes { model: "claude-x", include_usage: true, prefill })?;
    let body = String::from_utf8(body).unwrap();
    Ok(body
        .replace(r#""model":"claude-x","#, "")
        .replace(r#""messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],"#, ""))
}

fn check(fields: &str, expected: &str) {
    // Always a comma behind the messages, so that they are cut off alike.
    let comma = if fields.is_empty() { "" } else { "," };
    let body = translated(&format!(r#"{comma}{fields},"top_k":5"#), None).unwrap();
    assert_eq!(body, format!("{{{expected},\"top_k\":5}}"), "{fields}");
}

#[test]
fn the_limit_is_the_newer_field_the_older_or_the_default() {
    check("", r#""max_tokens":4096"#);
    check(r#""max_tokens":10"#, r#""max_tokens":10"#);
    check(r#""max_tokens":10,"max_completion_tokens":20"#, r#""max_tokens":20"#);
    check(r#""max_tokens":10,"max_completion_tokens":null"#, r#""max_tokens":10"#);
}

#[test]
fn sampling_stays_within_what_is_taken() {
    check(r#""temperature":0.70"#, r#""max_tokens":4096,"temperature":0.7"#);
    check(r#""temperature":0"#, r#""max_tokens":4096,"temperature":0.0"#);
    check(r#""temperature":1.9"#, r#""max_tokens":4096,"temperature":1.0"#);
    check(r#""temperature":-1"#, r#""max_tokens":4096,"temperature":0.0"#);
    check(r#""temperature":0.5,"top_p":0.9"#, r#""max_tokens":4096,"temperature":0.5"#);
    check(r#""stop":"END""#, r#""max_tokens":4096,"stop_sequences":["END"]"#);
    check(r#""stop":["é","\n\n"]"#, r#""max_tokens":4096,"stop_sequences":["é"]"#);
    let body = translated(r#","top_p":0.90"#, None).unwrap();
    assert_eq!(body, r#"{"max_tokens":4096,"top_p":0.90}"#);
}

#[test]
fn what_only_openai_has_is_left_out_and_what_anthropic_has_is_kept() {
    for name in NO_PLACE {
        check(&format!(r#""{name}":{{"a":[1]}}"#), r#""max_tokens":4096"#);
    }
    let kept = translated(
        r#","zzz":{"b":1.0, "a":2},"stream":true,"cache_control":{"type":"ephemeral"},"service_tier":"auto","thinking":{"type":"disabled"},"seed":null"#,
        None,
    );
    assert_eq!(
        kept.unwrap(),
        r#"{"max_tokens":4096,"cache_control":{"type":"ephemeral"},"service_tier":"auto","stream":true,"thinking":{"type":"disabled"},"zzz":{"b":1.0, "a":2}}"#
    );
    check(r#""service_tier":"flex""#, r#""max_tokens":4096"#);
}

#[test]
fn a_field_of_anthropics_gives_way_to_what_is_translated() {
    let body = r#"{"messages":[{"role":"system","content":"s"},{"role":"user","content":"a"}],"system":"other","stop":"a","stop_sequences":["b"]}"#;
    let changes = Changes { model: "m", include_usage: false, prefill: None };
    let out = messages_request(body.as_bytes(), &changes).unwrap();
    assert_eq!(
        String::from_utf8(out).unwrap(),
        r#"{"model":"m","max_tokens":4096,"system":[{"type":"text","text":"s"}],"messages":[{"role":"user","content":[{"type":"text","text":"a"}]}],"stop_sequences":["a"]}"#
    );
    check(r#""system":"alone","stop_sequences":["b"]"#, r#""max_tokens":4096,"stop_sequences":["b"],"system":"alone""#);
}

#[test]
fn the_user_is_metadata() {
    check(r#""user":"u""#, r#""max_tokens":4096,"metadata":{"user_id":"u"}"#);
    check(r#""user":"u","safety_identifier":"s""#, r#""max_tokens":4096,"metadata":{"user_id":"s"}"#);
    check(r#""user":"u","metadata":{"user_id":"m","team":"t"}"#, r#""max_tokens":4096,"metadata":{"user_id":"m"}"#);
    check(r#""user":"u","metadata":{"team":"t"}"#, r#""max_tokens":4096,"metadata":{"user_id":"u"}"#);
    check(r#""metadata":{"team":"t"}"#, r#""max_tokens":4096"#);
}

#[test]
fn effort_is_a_budget_where_it_fits_and_thinking_is_allowed() {
    // Without `top_k`, which goes when the model thinks.
    let check_all = |fields: &str, expected: &str| assert_eq!(translated(fields, None).unwrap(), expected, "{fields}");
    check_all(
        r#","reasoning_effort":"low","temperature":0.2,"top_p":0.5,"top_k":5"#,
        r#"{"max_tokens":5120,"thinking":{"type":"enabled","budget_tokens":1024}}"#,
    );
    check_all(
        r#","reasoning_effort":"medium","max_tokens":4097"#,
        r#"{"max_tokens":4097,"thinking":{"type":"enabled","budget_tokens":4096}}"#,
    );
    check_all(
        r#","reasoning_effort":"high""#,
        r#"{"max_tokens":20480,"thinking":{"type":"enabled","budget_tokens":16384}}"#,
    );
    for fields in [r#""reasoning_effort":"medium","max_tokens":4096"#, r#""reasoning_effort":"none","max_tokens":4096"#]
    {
        check(fields, r#""max_tokens":4096"#);
    }
    check_all(
        r#","reasoning_effort":"high","thinking":{"type":"enabled","budget_tokens":2000}"#,
        r#"{"max_tokens":4096,"thinking":{"type":"enabled","budget_tokens":2000}}"#,
    );
    let forced = translated(
        r#","reasoning_effort":"low","tools":[{"type":"function","function":{"name":"f"}}],"tool_choice":"required""#,
        None,
    );
    assert!(!forced.unwrap().contains("thinking"));
}

#[test]
fn thinking_is_left_out_while_tools_are_at_work() {
    let body = r#"{"messages":[{"role":"user","content":"a"},{"role":"assistant","tool_calls":[{"id":"1","function":{"name":"f","arguments":"{}"}}]},{"role":"tool","tool_call_id":"1","content":"x"}],"reasoning_effort":"low"}"#;
    let body = messages_request(body.as_bytes(), &Changes { model: "m", include_usage: false, prefill: None }).unwrap();
    let body: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((body.get("thinking"), &body["max_tokens"]), (None, &4096.into()));
    // The conversation has a call in it, so the tool must be there, but it is not offered.
    assert_eq!(body["tools"], serde_json::json!([{"name": "f", "input_schema": {"type": "object"}}]));
    assert_eq!(body["tool_choice"], serde_json::json!({"type": "none"}));
}

#[test]
fn tools_keep_their_schema_to_the_byte() {
    check(
        r#""tools":[{"type":"function","function":{"name":"f","description":"d\u00e9","strict":true,"parameters":{"type":"object", "properties":{"z":{},"a":{}}}},"cache_control":{"type":"ephemeral"}},{"type":"function","function":{"name":"g","parameters":{"properties":{}}}},{"type":"function","function":{"name":"h","parameters":{ }}},{"type":"function","function":{"name":"i"}},{"type":"custom","custom":{"name":"c"}},{"type":"web_search_20250305","name":"web_search"}]"#,
        r#""max_tokens":4096,"tools":[{"name":"f","description":"d\u00e9","input_schema":{"type":"object", "properties":{"z":{},"a":{}}},"cache_control":{"type":"ephemeral"}},{"name":"g","input_schema":{"type":"object","properties":{}}},{"name":"h","input_schema":{"type":"object"}},{"name":"i","input_schema":{"type":"object"}},{"type":"web_search_20250305","name":"web_search"}]"#,
    );
}

#[test]
fn the_choice_of_tools_is_said_in_other_words() {
    let (f, g) =
        (r#"{"name":"f","input_schema":{"type":"object"}}"#, r#"{"name":"g","input_schema":{"type":"object"}}"#);
    let both = format!("{f},{g}");
    for (fields, tools, expected) in [
        (r#""tool_choice":"auto""#, &*both, r#"{"type":"auto"}"#),
        (r#""tool_choice":"none","parallel_tool_calls":false"#, &both, r#"{"type":"none"}"#),
        (r#""tool_choice":"required""#, &both, r#"{"type":"any"}"#),
        (
            r#""tool_choice":{"type":"function","function":{"name":"g"}},"parallel_tool_calls":false"#,
            &both,
            r#"{"type":"tool","name":"g","disable_parallel_tool_use":true}"#,
        ),
        (r#""parallel_tool_calls":false"#, &both, r#"{"type":"auto","disable_parallel_tool_use":true}"#),
        (r#""parallel_tool_calls":true,"tool_choice":"auto""#, &both, r#"{"type":"auto"}"#),
        (
            r#""tool_choice":{"type":"allowed_tools","allowed_tools":{"mode":"required","tools":[{"type":"function","function":{"name":"g"}}]}}"#,
            g,
            r#"{"type":"any"}"#,
        ),
        (r#""tool_choice":{"type":"tool","name":"f"}"#, &both, r#"{"type":"tool","name":"f"}"#),
        (r#""function_call":{"name":"f"}"#, &both, r#"{"type":"tool","name":"f"}"#),
    ] {
        let offered = r#""tools":[{"type":"function","function":{"name":"f"}}],"functions":[{"name":"g"}]"#;
        check(
            &format!("{offered},{fields}"),
            &format!(r#""max_tokens":4096,"tools":[{tools}],"tool_choice":{expected}"#),
        );
    }
    check(r#""tool_choice":"required","parallel_tool_calls":false,"tools":[]"#, r#""max_tokens":4096"#);
}

#[test]
fn a_prefill_is_the_last_word_and_ends_in_no_space() {
    let body =
        translated(r#","reasoning_effort":"low","thinking":{"type":"enabled","budget_tokens":2000}"#, Some("Once \n"));
    assert_eq!(
        body.unwrap(),
        r#"{"max_tokens":4096,"messages":[{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":[{"type":"text","text":"Once"}]}]}"#
    );
    let blank = translated(r#","top_k":5"#, Some(" \n"));
    assert_eq!(blank.unwrap(), r#"{"max_tokens":4096,"top_k":5}"#);
}

#[test]
fn wrong_bodies_are_refused_with_the_field() {
    let refused = |body: &str| {
        let changes = Changes { model: "m", include_usage: false, prefill: None };
        messages_request(body.as_bytes(), &changes).expect_err("the body is wrong").param.unwrap_or("-")
    };
    assert_eq!(refused(""), "-");
    assert_eq!(refused("[]"), "-");
    assert_eq!(refused(&"[".repeat(1000)), "-");
    assert_eq!(refused("{}"), "messages");
    assert_eq!(refused(r#"{"messages":null}"#), "messages");
    for (fields, param) in [
        (r#""max_tokens":1.5"#, "max_tokens"),
        (r#""max_completion_tokens":"9""#, "max_completion_tokens"),
        (r#""stop":7"#, "stop"),
        (r#""tools":{}"#, "tools"),
        (r#""tools":[7]"#, "tools"),
        (r#""functions":[{}]"#, "functions"),
        (r#""tool_choice":"maybe""#, "tool_choice"),
        (r#""function_call":{}"#, "function_call"),
    ] {
        assert_eq!(refused(&format!(r#"{{"messages":[],{fields}}}"#)), param, "{fields}");
    }
}

#[test]
fn an_agents_conversation_matches_its_golden() {
    let body = include_bytes!("../../goldens/anthropic/request.openai.json");
    let expected = include_str!("../../goldens/anthropic/request.anthropic.json");
    let changes = Changes { model: "claude-sonnet-4-5", include_usage: true, prefill: None };
    let body: Value = serde_json::from_slice(&messages_request(body, &changes).unwrap()).unwrap();
    assert_eq!(body, serde_json::from_str::<Value>(expected).unwrap(), "{body:#}");
}
