use super::*;

fn refused(body: &[u8]) -> String {
    let read = ChatRequest::read(body).and_then(|request| request.prompt());
    let error = read.expect_err("the body is wrong");
    format!("{}: {}", error.param.unwrap_or("-"), error.message)
}

#[test]
fn wrong_bodies_are_refused_with_the_field_and_the_remedy() {
    for (body, expected) in [
        ("", "-: the body ends too early (line 1, column 1)"),
        ("{", "-: the body ends too early (line 1, column 2)"),
        ("hello", "-: the body is not valid JSON (line 1, column 1)"),
        ("[]", "-: the body must be a JSON object"),
        ("{}", "model: `model` is missing: a router, a model alias or a provider's model id"),
        (r#"{"model":7}"#, "model: `model` must be a string"),
        (r#"{"model":"a","model":"b"}"#, "-: the body has the field `model` twice"),
        (r#"{"model":"a","messages":"hi"}"#, "messages: `messages` must be an array of message objects"),
        (r#"{"model":"a","messages":[["user","hi"]]}"#, "messages: `messages` must be an array of message objects"),
        (r#"{"model":"a"}"#, "messages: `messages` is missing: an array of messages is required"),
        (r#"{"model":"a","messages":[]}"#, "messages: `messages` is empty: at least one message is required"),
        (r#"{"model":"a","stream":"yes","messages":[]}"#, "stream: `stream` must be true or false"),
        (r#"{"model":"a","max_tokens":-1}"#, "max_tokens: `max_tokens` must be a whole number, zero or more"),
        (r#"{"models":"a"}"#, "models: `models` must be an array of strings"),
        (
            r#"{"model":"a","messages":[{"role":"user","content":7}]}"#,
            "messages: `messages[0].content` must be a string, null or an array of parts",
        ),
        (
            r#"{"model":"a","messages":[{"role":"king","content":"x"}]}"#,
            "messages: `messages[0].role` must be one of system, developer, user, assistant, tool, function",
        ),
    ] {
        assert_eq!(refused(body.as_bytes()), expected, "{body}");
    }
    assert_eq!(refused(b"{\"model\":\"\xff\"}"), "-: the body is not valid UTF-8");
    let deep = format!(r#"{{"model":"a","messages":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    assert_eq!(refused(deep.as_bytes()), "-: the body nests arrays or objects more than 128 levels deep");
}

#[test]
fn a_conversation_is_read_with_what_it_takes() {
    let body = br#"{"model":"auto","tools":[{"type":"function"}],"max_tokens":null,"max_completion_tokens":9,
        "response_format":{"type":"json_schema","json_schema":{}},"stream":true,"stream_options":{"include_usage":true},
        "metadata":{"team":"a"},
        "messages":[{"role":"developer","content":"be brief"},
        {"role":"user","content":[{"type":"text","text":"a\u00e9"},{"type":"image_url","image_url":{"url":"data:"}},{"type":"text","text":"b"}]},
        {"role":"assistant","content":null,"tool_calls":[{"id":"1"}]},{"role":"tool","content":"ok"}]}"#;
    let request = ChatRequest::read(body).unwrap();
    assert_eq!(request.asked, Asked::One("auto".into()));
    assert!(request.stream && request.wants_usage);
    assert_eq!(request.metadata, Some(r#"{"team":"a"}"#));
    let prompt = request.prompt().unwrap();
    assert_eq!(prompt.turns.len(), 4);
    assert_eq!(prompt.last_user().unwrap().text, "a\u{e9}\nb");
    assert!(prompt.turns[2].calls_tools && !prompt.turns[1].calls_tools);
    let needs = prompt.needs;
    assert!(needs.tools && needs.images && needs.json_schema);
    assert_eq!(needs.max_output_tokens, Some(9));
    assert!(needs.input_tokens > 50);
}

#[test]
fn an_image_counts_by_itself_and_not_by_its_bytes() {
    let image = "A".repeat(4_000_000);
    let body = format!(
        r#"{{"model":"m","messages":[{{"role":"user","content":[{{"type":"text","text":"what is it"}},{{"type":"image_url","image_url":{{"url":"data:image/png;base64,{image}"}}}}]}}]}}"#
    );
    let needs = ChatRequest::read(body.as_bytes()).unwrap().prompt().unwrap().needs;
    assert!(needs.images && (500..5_000).contains(&needs.input_tokens), "{needs:?}");
}

#[test]
fn plain_text_is_borrowed_and_nulls_count_as_absent() {
    let body =
        br#"{"model":"m","tools":[],"functions":null,"stream":null,"messages":[{"role":"user","content":"hi"}]}"#;
    let request = ChatRequest::read(body).unwrap();
    let prompt = request.prompt().unwrap();
    assert!(matches!(prompt.turns[0].text, Cow::Borrowed("hi")));
    assert!(!prompt.needs.tools && !request.stream);
}
