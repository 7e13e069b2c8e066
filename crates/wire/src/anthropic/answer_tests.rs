use super::*;
use crate::Delta;
use crate::answer::{Answer, read_answer};

/// The answer to a message of these blocks, which stopped for this reason.
fn check(content: &str, stop_reason: &str, expected_message: &str, expected_reason: &str) {
    let body = format!(
        r#"{{"id":"msg_1","type":"message","role":"assistant","model":"claude-x","content":{content},"stop_reason":{stop_reason},"stop_sequence":null,"usage":{{"input_tokens":10,"cache_creation_input_tokens":200,"cache_read_input_tokens":3000,"output_tokens":7}}}}"#
    );
    let expected = format!(
        r#"{{"id":"msg_1","object":"chat.completion","created":1700000000,"model":"claude-x","choices":[{{"index":0,"message":{expected_message},"finish_reason":{expected_reason}}}],"usage":{{"prompt_tokens":3210,"completion_tokens":7,"total_tokens":3217,"prompt_tokens_details":{{"cached_tokens":3000}}}}}}"#
    );
    let answer = chat_answer(body.as_bytes(), 1_700_000_000).unwrap();
    assert_eq!(String::from_utf8(answer).unwrap(), expected, "{content}");
}

#[test]
fn texts_are_joined_with_nothing_between() {
    check(
        r#"[{"type":"text","text":"Grüße,\n\"du\"","citations":[{}]},{"type":"text","text":" 🦀"}]"#,
        r#""end_turn""#,
        r#"{"role":"assistant","content":"Grüße,\n\"du\" 🦀"}"#,
        r#""stop""#,
    );
}

#[test]
fn tool_calls_keep_their_arguments_to_the_byte() {
    check(
        r#"[{"type":"tool_use","id":"toolu_1","name":"add","input":{"z":1.0, "a":"é"}},{"type":"tool_use","id":"toolu_2","name":"now","input":{}}]"#,
        r#""tool_use""#,
        r#"{"role":"assistant","content":null,"tool_calls":[{"id":"toolu_1","type":"function","function":{"name":"add","arguments":"{\"z\":1.0, \"a\":\"é\"}"}},{"id":"toolu_2","type":"function","function":{"name":"now","arguments":"{}"}}]}"#,
        r#""tool_calls""#,
    );
}

#[test]
fn thinking_is_reasoning_and_what_has_no_word_is_left_out() {
    check(
        r#"[{"type":"thinking","thinking":"Let me ","signature":"s"},{"type":"redacted_thinking","data":"x"},{"type":"thinking","thinking":"see.","signature":"s"},{"type":"server_tool_use","id":"srv","name":"web_search","input":{"query":"q"}},{"type":"text","text":"Yes."}]"#,
        r#""max_tokens""#,
        r#"{"role":"assistant","content":"Yes.","reasoning_content":"Let me see."}"#,
        r#""length""#,
    );
}

#[test]
fn every_reason_to_stop_has_its_counterpart() {
    for (stop_reason, expected) in [
        ("\"end_turn\"", "\"stop\""),
        ("\"stop_sequence\"", "\"stop\""),
        ("\"max_tokens\"", "\"length\""),
        ("\"model_context_window_exceeded\"", "\"length\""),
        ("\"tool_use\"", "\"tool_calls\""),
        ("\"refusal\"", "\"content_filter\""),
        ("\"pause_turn\"", "\"stop\""),
        ("\"something_new\"", "\"stop\""),
        ("null", "null"),
    ] {
        check("[]", stop_reason, r#"{"role":"assistant","content":""}"#, expected);
    }
}

#[test]
fn what_is_no_message_is_no_answer() {
    for body in [
        "",
        "{}",
        "[]",
        r#"{"type":"error","error":{"type":"api_error","message":"x"}}"#,
        r#"{"type":"message"}"#,
        r#"{"type":"message","content":"text"}"#,
        r#"{"type":"message","content":[{"type":"tool_use","id":"no name"}]}"#,
        r#"{"choices":[{"message":{"content":"hi"}}]}"#,
    ] {
        assert_eq!(chat_answer(body.as_bytes(), 0), None, "{body}");
    }
}

#[test]
fn the_gateway_reads_the_answer_and_does_not_take_missing_usage_for_none_used() {
    let read = |body: &str| match read_answer(&chat_answer(body.as_bytes(), 0).unwrap()) {
        Answer::Whole(delta) => delta,
        other => panic!("{body} was read as {other:?}"),
    };
    let silent = read(r#"{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}"#);
    assert!(matches!(silent, Delta { useful: true, finished: true, usage: None, .. }));
    let counted = read(
        r#"{"type":"message","content":[{"type":"tool_use","id":"a","name":"f"}],"stop_reason":"tool_use","usage":{"input_tokens":1,"cache_read_input_tokens":null,"output_tokens":2}}"#,
    );
    assert!(counted.calls_tools);
    assert_eq!(counted.usage, Some(routing::Usage { input: 1, cached: 0, output: 2, reasoning: 0 }));
}
