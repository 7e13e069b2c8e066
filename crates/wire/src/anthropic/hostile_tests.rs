//! Nothing that anybody sends makes the translation fail otherwise than by saying so.

use proptest::prelude::*;

use super::*;
use crate::splice::Changes;
use crate::{Event, Events, Fate};

/// Names of fields in the two protocols.
const NAMES: &str = "messages role content type text tools tool_calls function name arguments parameters tool_choice \
    tool_call_id image_url url stop max_tokens temperature top_p metadata user system reasoning_effort cache_control id \
    model usage input_tokens message content_block delta index partial_json stop_reason error input thinking functions \
    function_call allowed_tools custom file file_data stop_sequences";

/// Values of such fields, as JSON without spaces.
const VALUES: &str = r#"null true 0 -1.5e300 18446744073709551615 "" "\u0020" "é\u0000" "system" "user" "assistant" "tool" "text"
    "image_url" "data:image/png;base64,AA" "{\"a\":1}" "message" "tool_use" "thinking" "text_delta" "input_json_delta"
    "message_start" "content_block_start" "content_block_delta" "content_block_stop" "message_delta" "message_stop"
    "error" "high" "required""#;

fn one_of(words: &'static str) -> impl Strategy<Value = String> {
    prop::sample::select(words.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
}

/// JSON that looks like the two protocols' without following either: their words in any order and place.
fn protocol_like() -> impl Strategy<Value = String> {
    one_of(VALUES).prop_recursive(6, 64, 6, |inner| {
        let member = (one_of(NAMES), inner.clone());
        prop_oneof![
            prop::collection::vec(inner, 0..4).prop_map(|items| format!("[{}]", items.join(","))),
            prop::collection::vec(member, 0..6).prop_map(|members| {
                let members: Vec<_> = members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
                format!("{{{}}}", members.join(","))
            }),
        ]
    })
}

/// Everything that reads foreign bytes reads these; what comes out is whole JSON or whole events.
fn read_all(bytes: &[u8]) {
    for prefill in [None, Some("begun ")] {
        let changes = Changes { model: "m", include_usage: true, prefill };
        if let Ok(body) = messages_request(bytes, &changes) {
            let value: serde_json::Value = serde_json::from_slice(&body).unwrap();
            assert_eq!(value["messages"][0]["role"], "user", "{value}");
            assert_eq!(value["model"], "m");
        }
    }
    if let Some(answer) = chat_answer(bytes, u64::MAX) {
        let _: serde_json::Value = serde_json::from_slice(&answer).unwrap();
    }
    let _: serde_json::Value = serde_json::from_slice(&error_answer(bytes)).unwrap();
    let mut translator = Translator::new(0);
    let framed = [b"event: error\ndata: ", bytes, b"\n\n"].concat();
    let mut events = Events::default();
    events.push([bytes, b"\n\n", &framed].concat().into()).unwrap();
    let translate = |event: Event<'_>| {
        for event in translator.translate(event) {
            assert!(event.starts_with(b"data: ") && event.ends_with(b"\n\n"));
            assert_eq!(event.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count(), 2, "{event:?}");
        }
        Fate::Drop
    };
    events.take(translate, |_| ());
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        read_all(&bytes);
    }

    #[test]
    fn no_json_makes_it_panic(json in protocol_like()) {
        read_all(json.as_bytes());
    }

    #[test]
    fn no_message_makes_it_panic(json in protocol_like(), more in protocol_like()) {
        read_all(format!(r#"{{"messages":[{json},{more}],"tools":[{more}],"tool_choice":{json}}}"#).as_bytes());
        read_all(format!(r#"{{"messages":[{{"role":"user","content":[{json},{more}]}}]}}"#).as_bytes());
        read_all(format!(r#"{{"type":"message","content":[{json},{more}],"usage":{json}}}"#).as_bytes());
    }

    #[test]
    fn no_order_of_events_makes_it_panic(events in prop::collection::vec(protocol_like(), 0..8)) {
        let mut translator = Translator::new(0);
        for json in events {
            for kind in ["message_start", "content_block_start", "content_block_delta", "message_delta"] {
                let data = format!(
                    r#"{{"type":"{kind}","index":0,"message":{json},"content_block":{json},"delta":{json}}}"#
                );
                let events = translator.translate(Event { raw: format!("data: {data}\n\n").as_bytes() });
                prop_assert!(events.iter().all(|event| event.starts_with(b"data: ")));
            }
        }
    }
}

#[test]
fn the_depth_of_a_body_does_not_overflow_the_stack() {
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}0{}", open.repeat(50_000), close.repeat(50_000));
        read_all(deep.as_bytes());
        read_all(format!(r#"{{"type":"message","content":[{{"type":"tool_use","input":{deep}}}]}}"#).as_bytes());
        let quoted = serde_json::Value::from(deep);
        let call = format!(r#"{{"id":"a","function":{{"name":"f","arguments":{quoted}}}}}"#);
        read_all(format!(r#"{{"messages":[{{"role":"assistant","tool_calls":[{call}]}}]}}"#).as_bytes());
    }
}
