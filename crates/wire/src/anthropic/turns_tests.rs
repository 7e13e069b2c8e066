use serde_json::value::to_raw_value;

use super::*;

/// The conversation of these messages, as `{"system": …, "messages": …}` or why there is none.
fn translated(messages: &str) -> String {
    let raw = RawValue::from_string(messages.to_owned()).unwrap();
    let read = Conversation::read(&raw).map(|mut conversation| {
        conversation.settle();
        let system = to_raw_value(&conversation.system).unwrap();
        format!("{system} {}", to_raw_value(&conversation.turns).unwrap())
    });
    read.unwrap_or_else(|error| error.message)
}

fn check(messages: &str, expected: &str) {
    assert_eq!(translated(messages), expected, "{messages}");
}

#[test]
fn the_system_speaks_apart_and_others_in_turns() {
    check(
        r#"[{"role":"system","content":"Be brief."},{"role":"user","content":"a"},{"role":"user","content":"b"},{"role":"developer","content":[{"type":"text","text":"Ünicode","cache_control":{"type":"ephemeral"}}]},{"role":"assistant","content":"c"},{"role":"assistant","content":"d"},{"role":"user","name":"Ann","content":"e"}]"#,
        r#"[{"type":"text","text":"Be brief."},{"type":"text","text":"Ünicode","cache_control":{"type":"ephemeral"}}] [{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}]},{"role":"assistant","content":[{"type":"text","text":"c"},{"type":"text","text":"d"}]},{"role":"user","content":[{"type":"text","text":"e"}]}]"#,
    );
}

#[test]
fn tools_make_the_round_trip() {
    check(
        r#"[{"role":"user","content":"sum"},{"role":"assistant","content":"ok","tool_calls":[{"id":"call_1","type":"function","function":{"name":"add","arguments":"{\"z\": 1.0,\n\"a\":2}"}},{"id":"functions.now:1","type":"function","function":{"name":"now","arguments":""}}]},{"role":"tool","tool_call_id":"call_1","content":"3"},{"role":"tool","tool_call_id":"functions.now:1","content":[{"type":"text","text":"noon","cache_control":{"type":"ephemeral"}}]},{"role":"user","content":"and?"}]"#,
        "[] [{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"sum\"}]},{\"role\":\"assistant\",\"content\":[{\"type\":\"text\",\"text\":\"ok\"},{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":\"add\",\"input\":{\"z\": 1.0,\n\"a\":2}},{\"type\":\"tool_use\",\"id\":\"functions_now_1\",\"name\":\"now\",\"input\":{}}]},{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\",\"tool_use_id\":\"call_1\",\"content\":[{\"type\":\"text\",\"text\":\"3\"}]},{\"type\":\"tool_result\",\"tool_use_id\":\"functions_now_1\",\"content\":[{\"type\":\"text\",\"text\":\"noon\"}],\"cache_control\":{\"type\":\"ephemeral\"}},{\"type\":\"text\",\"text\":\"and?\"}]}]",
    );
}

#[test]
fn calls_without_ids_get_some_that_match() {
    check(
        r#"[{"role":"user","content":"a"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":"1"},{"role":"assistant","content":null,"function_call":{"name":"f","arguments":"{}"}},{"role":"function","name":"f","content":""}]"#,
        r#"[] [{"role":"user","content":[{"type":"text","text":"a"}]},{"role":"assistant","content":[{"type":"tool_use","id":"function_call_1","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"function_call_1","content":[{"type":"text","text":"1"}]}]},{"role":"assistant","content":[{"type":"tool_use","id":"function_call_2","name":"f","input":{}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"function_call_2"}]}]"#,
    );
}

#[test]
fn arguments_that_are_no_object_are_told_as_text() {
    for (arguments, expected) in [
        (r#""""#, "{}"),
        ("null", "{}"),
        (r#"" {\"a\":[1, 2]} ""#, r#"{"a":[1, 2]}"#),
        (r#"{"a":1}"#, r#"{"a":1}"#),
        (r#""{\"a\":""#, r#"{"arguments":"{\"a\":"}"#),
        (r#""[1]""#, r#"{"arguments":"[1]"}"#),
    ] {
        let messages = format!(
            r#"[{{"role":"assistant","tool_calls":[{{"id":"a","function":{{"name":"f","arguments":{arguments}}}}}]}}]"#
        );
        let expected = format!(r#""name":"f","input":{expected}}}"#);
        assert!(translated(&messages).contains(&expected), "{}", translated(&messages));
    }
}

#[test]
fn images_and_documents_are_embedded_or_referred_to() {
    for (part, expected) in [
        (
            r#"{"type":"image_url","image_url":{"url":"data:image/jpg;base64,\/9j+/Q==","detail":"high"}}"#,
            r#"{"type":"image","source":{"type":"base64","media_type":"image/jpeg","data":"/9j+/Q=="}}"#,
        ),
        (
            r#"{"type":"image_url","image_url":{"url":"DATA:image/png;name=a;BASE64,AA,A"},"cache_control":{"type":"ephemeral"}}"#,
            r#"{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AA,A"},"cache_control":{"type":"ephemeral"}}"#,
        ),
        (
            r#"{"type":"image_url","image_url":"https://example.com/ä.png?a,b"}"#,
            r#"{"type":"image","source":{"type":"url","url":"https://example.com/ä.png?a,b"}}"#,
        ),
        (
            r#"{"type":"file","file":{"filename":"a.pdf","file_data":"data:application/pdf;base64,AAAA"}}"#,
            r#"{"type":"document","source":{"type":"base64","media_type":"application/pdf","data":"AAAA"},"title":"a.pdf"}"#,
        ),
        (r#"{"type":"search_result", "its":"own"}"#, r#"{"type":"search_result", "its":"own"}"#),
    ] {
        check(
            &format!(r#"[{{"role":"user","content":[{part},{{"type":"text","text":"?"}}]}}]"#),
            &format!(r#"[] [{{"role":"user","content":[{expected},{{"type":"text","text":"?"}}]}}]"#),
        );
    }
}

#[test]
fn blank_text_is_left_out_and_the_user_speaks_first() {
    let asked = r#"{"role":"user","content":[{"type":"text","text":"."}]}"#;
    for (messages, expected) in [
        (r#"[{"role":"user","content":""}]"#, format!("[] [{asked}]")),
        (r#"[{"role":"user","content":[{"type":"text","text":" \n"}]}]"#, format!("[] [{asked}]")),
        (r#"[{"role":"user","content":null}]"#, format!("[] [{asked}]")),
        ("[]", format!("[] [{asked}]")),
        (
            r#"[{"role":"system","content":"Say hi."}]"#,
            r#"[] [{"role":"user","content":[{"type":"text","text":"Say hi."}]}]"#.into(),
        ),
        (
            r#"[{"role":"assistant","content":"Hello!"},{"role":"user","content":""},{"role":"assistant","content":[{"type":"refusal","refusal":"No. \n"}]}]"#,
            format!(
                r#"[] [{asked},{{"role":"assistant","content":[{{"type":"text","text":"Hello!"}},{{"type":"text","text":"No."}}]}}]"#
            ),
        ),
    ] {
        check(messages, &expected);
    }
}

#[test]
fn a_mark_on_a_message_is_one_on_its_last_block() {
    check(
        r#"[{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"cache_control":{"type":"ephemeral"}}]"#,
        r#"[] [{"role":"user","content":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}}]}]"#,
    );
}

#[test]
fn what_cannot_be_said_is_refused_with_its_place() {
    for (messages, expected) in [
        ("7", "`messages` must be an array of message objects (line 1, column 1 of it)"),
        (r#"[{"role":"user","content":"a"},{"role":"bot"}]"#, "`messages[1].role` must be one of"),
        (r#"[{"content":"a"}]"#, "`messages[0].role` must be one of"),
        (r#"[{"role":"user","content":7}]"#, "`messages[0].content` must be a string, null or an array of parts"),
        (r#"[{"role":"user","content":["a"]}]"#, "`messages[0].content[0]` must be an object with a type"),
        (r#"[{"role":"user","content":[{"type":"input_audio"}]}]"#, "`messages[0].content[0]` is audio"),
        (
            r#"[{"role":"user","content":[{"type":"file","file":{"file_id":"x"}}]}]"#,
            "`messages[0].content[0]` must have",
        ),
        (
            r#"[{"role":"system","content":[{"type":"image_url","image_url":"x"}]}]"#,
            "`messages[0].content` of the system",
        ),
        (r#"[{"role":"tool","content":"a"}]"#, "`messages[0].tool_call_id` is missing"),
        (r#"[{"role":"assistant","tool_calls":[{"id":"a"}]}]"#, "`messages[0].tool_calls[0]` must be the call"),
    ] {
        assert!(translated(messages).starts_with(expected), "{messages}: {}", translated(messages));
    }
}
