use super::*;
use crate::{Chunk as Read, Events, Fate};

/// What a stream becomes, the created time being 1700000000.
fn translated(stream: &str) -> String {
    let mut events = Events::default();
    events.push(Bytes::copy_from_slice(stream.as_bytes())).unwrap();
    let mut translator = Translator::new(1_700_000_000);
    let mut out = Vec::new();
    let translate = |event: Event<'_>| {
        out.extend(translator.translate(event).into_iter().flatten());
        Fate::Drop
    };
    events.take(translate, |_| ());
    String::from_utf8(out).unwrap()
}

/// The stream of these data, each an event.
fn stream_of(data: &[&str]) -> String {
    data.iter().map(|data| format!("data: {data}\n\n")).collect()
}

/// The deltas (or whatever else) that the events after the first, `message_start`, become.
fn check(data: &[&str], expected: &[&str]) {
    let start = r#"{"type":"message_start","message":{"id":"msg_1","model":"m"}}"#;
    let head = r#"data: {"id":"msg_1","object":"chat.completion.chunk","created":1700000000,"model":"m","choices":["#;
    let out = translated(&stream_of(&[&[start], data].concat()));
    let seen: Vec<_> = out
        .split("\n\n")
        .filter(|event| !event.is_empty())
        .skip(1)
        .map(|event| event.strip_prefix(head).map_or(event, |rest| rest.trim_end_matches("]}")))
        .map(|event| event.strip_prefix(r#"{"index":0,"delta":"#).unwrap_or(event))
        .map(|event| event.strip_suffix(r#","finish_reason":null}"#).unwrap_or(event))
        .collect();
    assert_eq!(seen, expected, "{data:?}");
}

#[test]
fn a_recorded_stream_matches_its_golden() {
    let expected = include_str!("../../goldens/anthropic/stream.openai.sse");
    let out = translated(include_str!("../../goldens/anthropic/stream.anthropic.sse"));
    assert_eq!(out, expected);
}

#[test]
fn what_the_gateway_reads_of_it_is_what_it_needs() {
    let mut events = Events::default();
    events.push(Bytes::from_static(include_bytes!("../../goldens/anthropic/stream.openai.sse"))).unwrap();
    let mut deltas = Vec::new();
    let mut done = false;
    let read = |event: Event<'_>| {
        match Read::read(event.data().as_deref()) {
            Read::Delta(delta) => deltas.push(delta),
            Read::Done => done = true,
            other => panic!("{event:?} was read as {other:?}"),
        }
        Fate::Drop
    };
    events.take(read, |_| ());
    assert!(done && !deltas[0].useful && deltas[1].useful);
    assert_eq!(deltas.iter().filter(|delta| delta.finished).count(), 1);
    let last = deltas.last().unwrap();
    assert!(last.only_usage);
    assert_eq!(last.usage, Some(routing::Usage { input: 3210, cached: 3000, output: 89, reasoning: 0 }));
}

#[test]
fn tools_without_arguments_get_an_empty_object_and_others_exactly_their_pieces() {
    check(
        &[
            r#"{"type":"content_block_start","index":4,"content_block":{"type":"tool_use","id":"a","name":"now","input":{}}}"#,
            r#"{"type":"content_block_delta","index":4,"delta":{"type":"input_json_delta","partial_json":""}}"#,
            r#"{"type":"content_block_stop","index":4}"#,
            r#"{"type":"content_block_start","index":7,"content_block":{"type":"tool_use","id":"b","name":"add","input":{"x":1}}}"#,
            r#"{"type":"content_block_stop","index":7}"#,
            r#"{"type":"content_block_start","index":8,"content_block":{"type":"tool_use","id":"c","name":"add","input":{}}}"#,
            r#"{"type":"content_block_delta","index":8,"delta":{"type":"input_json_delta","partial_json":"{\"x\":"}}"#,
            r#"{"type":"content_block_delta","index":8,"delta":{"type":"input_json_delta","partial_json":"2}"}}"#,
            r#"{"type":"content_block_stop","index":8}"#,
            r#"{"type":"content_block_stop","index":8}"#,
        ],
        &[
            r#"{"tool_calls":[{"index":0,"id":"a","type":"function","function":{"name":"now","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":0,"function":{"arguments":"{}"}}]}"#,
            r#"{"tool_calls":[{"index":1,"id":"b","type":"function","function":{"name":"add","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":1,"function":{"arguments":"{\"x\":1}"}}]}"#,
            r#"{"tool_calls":[{"index":2,"id":"c","type":"function","function":{"name":"add","arguments":""}}]}"#,
            r#"{"tool_calls":[{"index":2,"function":{"arguments":"{\"x\":"}}]}"#,
            r#"{"tool_calls":[{"index":2,"function":{"arguments":"2}"}}]}"#,
        ],
    );
}

#[test]
fn what_openai_has_no_word_for_says_nothing() {
    check(
        &[
            r#"{"type":"ping"}"#,
            r#"{"type":"brand_new","index":"x","delta":7}"#,
            r#"{"type":"content_block_start","index":0,"content_block":{"type":"server_tool_use","id":"s","name":"web_search","input":{}}}"#,
            r#"{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"q\":1}"}}"#,
            r#"{"type":"content_block_stop","index":0}"#,
            r#"{"type":"content_block_start","index":1,"content_block":{"type":"redacted_thinking","data":"x"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"signature_delta","signature":"x"}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"citations_delta","citation":{}}}"#,
            r#"{"type":"content_block_delta","index":2,"delta":{"type":"text_delta","text":""}}"#,
        ],
        &[],
    );
}

#[test]
fn errors_carry_the_status_they_stand_for() {
    check(
        &[r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#],
        &[r#"data: {"error":{"message":"Overloaded","type":"overloaded_error","param":null,"code":529}}"#],
    );
    let unnamed = "event: error\ndata: {\"error\":{\"type\":\"rate_limit_error\",\"message\":\"slow\"}}\n\n";
    assert_eq!(
        translated(unnamed),
        "data: {\"error\":{\"message\":\"slow\",\"type\":\"rate_limit_error\",\"param\":null,\"code\":429}}\n\n"
    );
}

#[test]
fn malformed_events_are_read_as_such_and_the_stream_goes_on() {
    let out = translated(&stream_of(&[
        "{oops",
        "7",
        "{}",
        r#"{"type":"message_start"}"#,
        r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta"}}"#,
        r#"{"type":"content_block_start","index":-1,"content_block":{"type":"text"}}"#,
        r#"{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"x"}}"#,
    ]));
    assert_eq!(out, "data: malformed\n\n".repeat(7));
    assert_eq!(Read::read(Some(b"malformed")), Read::Malformed);
    check(
        &["{oops", r#"{"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"é\n"}}"#],
        &["data: malformed", r#"{"content":"é\n"}"#],
    );
}

#[test]
fn usage_is_the_last_word_of_both_reports_and_said_once() {
    let usage = r#"data: {"id":"","object":"chat.completion.chunk","created":1700000000,"model":"","choices":[],"usage":{"prompt_tokens":5,"completion_tokens":9,"total_tokens":14,"prompt_tokens_details":{"cached_tokens":0}}}"#;
    let out = translated(&stream_of(&[
        r#"{"type":"message_start","message":{"usage":{"input_tokens":5,"output_tokens":1}}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":null},"usage":{"output_tokens":4}}"#,
        r#"{"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":0,"output_tokens":9}}"#,
        r#"{"type":"message_stop"}"#,
    ]));
    let events: Vec<_> = out.split_terminator("\n\n").collect();
    assert!(events[1].ends_with(r#""choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#), "{out}");
    assert_eq!(events[2..], [usage, "data: [DONE]"]);
}

#[test]
fn nothing_follows_the_end() {
    check(
        &[
            r#"{"type":"message_delta","delta":{"stop_reason":"refusal"}}"#,
            r#"{"type":"message_stop"}"#,
            "[DONE]",
            r#"{"type":"message_stop"}"#,
            r#"{"type":"error","error":{}}"#,
        ],
        &[r#"{},"finish_reason":"content_filter"}"#, "data: [DONE]"],
    );
    check(&["[DONE]"], &["data: [DONE]"]);
}
