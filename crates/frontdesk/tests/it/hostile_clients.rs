//! Clients that send what no client should: a clear refusal or a closed connection, and the next request is served.

use crate::client::{Answer, Connection, chat, hi, request};
use crate::gateway::Gateway;
use crate::reply::{Reply, completion};

/// A gateway that would answer.
fn gateway() -> Gateway {
    let gateway = Gateway::with(&[("context = 1000", "context = 1000000000")]);
    gateway.upstream.script("small", [Reply::answer("hello")]);
    gateway
}

/// The next request is served.
fn serves(gateway: &Gateway) {
    assert_eq!(gateway.ask("auto", false).body, completion("hello"));
}

/// A body is refused with a 400 about this field, and no model is called.
fn check(gateway: &Gateway, body: &[u8], param: Option<&str>) {
    let shown = String::from_utf8_lossy(&body[..body.len().min(100)]).into_owned();
    let head = format!("content-length: {}\r\n", body.len());
    let answer = gateway.raw(&request("POST /v1/chat/completions", &head, body));
    assert_eq!((answer.status, answer.error_code().as_str()), (400, "invalid_request_error"), "{shown}: {answer:?}");
    assert_eq!(answer.json()["error"]["param"].as_str(), param, "{shown}: {answer:?}");
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(gateway.upstream.calls().is_empty(), "{shown}");
}

/// A request with this field in place of, or besides, the usual ones.
fn field(name: &str, value: &str) -> String {
    let usual = [("model", r#""auto""#), ("messages", r#"[{"role":"user","content":"hi"}]"#)];
    let others = usual.iter().filter(|(usual, _)| *usual != name).map(|(name, value)| format!("\"{name}\":{value},"));
    format!("{{{}\"{name}\":{value}}}", others.collect::<String>())
}

#[test]
fn what_is_no_json_object_is_refused() {
    let gateway = gateway();
    let good = hi("auto", false);
    let twice = format!("{good}{good}");
    let with_mark = format!("\u{feff}{good}");
    let double = good.replacen('{', r#"{"model":"auto","#, 1);
    for body in [
        "",
        " ",
        "{",
        "nul",
        "[1]",
        "\"x\"",
        "7",
        "null",
        "{]",
        &good[1..],
        &good[..good.len() - 1],
        &twice,
        &with_mark,
        &double,
        "\0",
    ] {
        check(&gateway, body.as_bytes(), None);
    }
    serves(&gateway);
}

#[test]
fn what_is_no_json_is_refused_also_where_nobody_reads_it() {
    let gateway = gateway();
    for odd in
        ["01", "1.", ".5", "+1", "-", "1e", "NaN", "tru", "'a'", "\"\\x\"", "\"\\u12\"", "[1,]", "[1 2]", "{\"a\":1,}"]
    {
        check(&gateway, field("odd", odd).as_bytes(), None);
    }
    for odd in ["{\"a\"}", "{a:1}", "{\"a\" 1}", "[", "[}", "\"", "", "1,,\"x\":2"] {
        check(&gateway, field("odd", odd).as_bytes(), None);
    }
    serves(&gateway);
}

#[test]
fn control_characters_within_strings_are_no_json() {
    let gateway = gateway();
    for odd in ["\"a\nb\"", "\"\u{1}\"", "\"\0\""] {
        check(&gateway, field("odd", odd).as_bytes(), None);
    }
    check(&gateway, field("messages", "[{\"role\":\"user\",\"content\":\"a\tb\"}]").as_bytes(), None);
}

#[test]
fn fields_of_the_wrong_type_are_named() {
    let gateway = gateway();
    for (name, values) in [
        ("model", &["7", "null", "[]", "{}", "\"\"", "true"][..]),
        ("models", &["\"x\"", "[1]", "{}", "7", "[null]"]),
        (
            "messages",
            &["null", "\"x\"", "{}", "[]", "[1]", "[null]", "[[]]", "[{}]", r#"[{"role":"king","content":"x"}]"#],
        ),
        ("messages", &[r#"[{"role":7}]"#, r#"[{"role":"user","content":7}]"#, r#"[{"role":"user","content":{}}]"#]),
        ("messages", &[r#"[{"role":"user","content":[7]}]"#, r#"[{"role":"user","content":true}]"#]),
        ("stream", &["\"yes\"", "1", "[]", "{}"]),
        ("stream_options", &["7", "\"x\"", "true", r#"{"include_usage":"x"}"#]),
        ("max_tokens", &["\"x\"", "-1", "1.5", "1e3", "[]", "99999999999999999999"]),
        ("max_completion_tokens", &["\"x\"", "-1", "{}"]),
        ("response_format", &["7", "\"json\""]),
    ] {
        for value in values {
            check(&gateway, field(name, value).as_bytes(), Some(name));
        }
    }
    check(&gateway, br#"{"model":"auto"}"#, Some("messages"));
    check(&gateway, br#"{"messages":[{"role":"user","content":"hi"}]}"#, Some("model"));
    serves(&gateway);
}

#[test]
fn what_is_not_read_may_be_anything() {
    let gateway = gateway();
    for (name, value) in
        [("metadata", "7"), ("user", "[]"), ("temperature", "\"hot\""), ("seed", "{}"), ("stream", "null")]
    {
        let answer = gateway.post("", &field(name, value));
        assert_eq!(answer.body, completion("hello"), "{name} is the upstream's business");
    }
}

#[test]
fn nesting_that_is_deeper_than_any_request_is_refused() {
    let gateway = gateway();
    for (open, close) in [("[", "]"), (r#"{"a":"#, "}")] {
        let deep = format!("{}1{}", open.repeat(10_000), close.repeat(10_000));
        check(&gateway, deep.as_bytes(), None);
        for name in ["messages", "metadata", "model", "tools", "anything"] {
            check(&gateway, field(name, &deep).as_bytes(), None);
        }
        check(&gateway, open.repeat(10_000).as_bytes(), None);
    }
    serves(&gateway);
}

#[test]
fn what_is_no_utf_8_is_refused() {
    let gateway = gateway();
    for bad in [&b"\xff"[..], b"\xc3", b"\xed\xa0\x80", b"\xf5\x80\x80\x80"] {
        let (before, after) = (&br#"{"model":"auto","messages":[{"role":"user","content":""#[..], &br#""}]}"#[..]);
        check(&gateway, &[before, bad, after].concat(), None);
    }
    let surrogate = field("messages", r#"[{"role":"user","content":"\ud800"}]"#);
    let answer = gateway.post("", &surrogate);
    assert!(matches!(answer.status, 200 | 400), "{answer:?}");
    serves(&gateway);
}

/// A 413 with all four keys.
fn too_large(answer: &Answer) {
    assert_eq!((answer.status, answer.error_code().as_str()), (413, "payload_too_large"));
}

#[test]
fn a_body_of_33_megabytes_is_refused_in_one_piece_and_in_chunks() {
    let gateway = gateway();
    let body = vec![b'x'; 33 << 20];
    let announced = format!("content-length: {}\r\n", body.len());
    too_large(&gateway.raw(&request("POST /v1/chat/completions", &announced, &body)));
    let chunks = [&crate::reply::chunk(&body)[..], b"0\r\n\r\n"].concat();
    too_large(&gateway.raw(&request("POST /v1/chat/completions", "transfer-encoding: chunked\r\n", &chunks)));
    too_large(&gateway.raw(&request("POST /v1/classify", &announced, &body)));
    assert_eq!(gateway.rows("status, error"), ["413 payload_too_large"; 2]);
    serves(&gateway);
}

#[test]
fn a_client_that_asks_before_it_sends_is_refused_before_it_does() {
    let gateway = gateway();
    let headers = "content-length: 99999999999\r\nexpect: 100-continue\r\n";
    too_large(&gateway.raw(&request("POST /v1/chat/completions", headers, b"")));
    serves(&gateway);
}

#[test]
fn the_limit_of_a_body_is_exact() {
    let body = hi("auto", false);
    for (limit, status) in [(body.len(), 200), (body.len() - 1, 413)] {
        let gateway =
            Gateway::with(&[("\n[providers.up]", &format!("\n[server]\nmax_body = \"{limit}\"\n[providers.up]"))]);
        gateway.upstream.script("small", [Reply::answer("hello")]);
        assert_eq!(gateway.post("", &body).status, status);
        let pieces: Vec<u8> = body.as_bytes().chunks(7).flat_map(crate::reply::chunk).collect();
        let chunked = [&pieces[..], b"0\r\n\r\n"].concat();
        let answer = gateway.raw(&request("POST /v1/chat/completions", "transfer-encoding: chunked\r\n", &chunked));
        assert_eq!(answer.status, status, "{answer:?}");
    }
}

/// Bytes that are no request of ours: refused with one of these statuses, or the connection is closed.
fn refused(gateway: &Gateway, bytes: &[u8], statuses: &[&str]) {
    let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(80)]).into_owned();
    let answer = String::from_utf8(gateway.send(bytes).bytes()).unwrap();
    let status = answer.get(9..12).unwrap_or("closed");
    assert!(statuses.contains(&status), "{shown}: {answer}");
}

#[test]
fn heads_that_are_too_large_or_none_at_all_end_the_connection() {
    let gateway = gateway();
    let long = "x".repeat(300_000);
    let many: String = (0..5_000).map(|number| format!("x-{number}: y\r\n")).collect();
    let large = ["431", "400", "closed"];
    refused(&gateway, &chat(&format!("x-long: {long}\r\n"), &hi("auto", false)), &large);
    // How much of a head is read depends on how it arrives: between 64 KiB and twice that, both are well.
    let longish = format!("x-long: {}\r\n", "x".repeat(100_000));
    refused(&gateway, &chat(&longish, &hi("auto", false)), &["431", "400", "closed", "200"]);
    refused(&gateway, &chat(&many, &hi("auto", false)), &large);
    refused(&gateway, &request(&format!("GET /{long}"), "", b""), &["414", "431", "400", "404", "closed"]);
    let none = ["400", "closed"];
    refused(&gateway, b"\r\n\r\n\0\0\0\0\r\n\r\n", &none);
    refused(&gateway, b"hello?\r\n\r\n", &none);
    refused(&gateway, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &none);
    refused(&gateway, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", &none);
    refused(&gateway, &chat("x\0y: z\r\n", &hi("auto", false)), &none);
    refused(&gateway, &chat("x y: z\r\n", &hi("auto", false)), &none);
    serves(&gateway);
}

#[test]
fn lengths_that_contradict_each_other_end_the_connection() {
    let gateway = gateway();
    let post = |headers: &str, body: &str| request("POST /v1/chat/completions", headers, body.as_bytes());
    let none = ["400", "closed"];
    refused(&gateway, &post("content-length: 5\r\ncontent-length: 6\r\n", "{\"a\":1}"), &none);
    refused(&gateway, &post("content-length: -1\r\n", "{}"), &none);
    refused(&gateway, &post("content-length: x\r\n", "{}"), &none);
    refused(&gateway, &post("content-length: 99999999999999999999\r\n", "{}"), &none);
    refused(&gateway, &post("transfer-encoding: chunked\r\n", "zz\r\n{}\r\n0\r\n\r\n"), &none);
    refused(&gateway, &post("transfer-encoding: chunked\r\n", "fffffffffffffffff\r\n{}\r\n"), &none);
    // With both, the length must not count, or somebody before us sees other requests than we do.
    let smuggled = "transfer-encoding: chunked\r\ncontent-length: 3\r\n";
    refused(&gateway, &post(smuggled, "0\r\n\r\nGET /healthz HTTP/1.1\r\nhost: x\r\n\r\n"), &none);
    serves(&gateway);
}

#[test]
fn paths_and_methods_that_nobody_serves_are_refused_in_openais_form() {
    let gateway = gateway();
    for (line, status, code) in [
        ("GET /", 404, "not_found"),
        ("GET /v1", 404, "not_found"),
        ("POST /v1/chat/completions/", 404, "not_found"),
        ("POST //v1/chat/completions", 404, "not_found"),
        ("POST /v1/../v1/models", 404, "not_found"),
        ("GET /%00", 404, "not_found"),
        ("GET /v1/chat/completions", 405, "method_not_allowed"),
        ("DELETE /v1/chat/completions", 405, "method_not_allowed"),
        ("OPTIONS /v1/embeddings", 405, "method_not_allowed"),
        ("BREW /v1/completions", 405, "method_not_allowed"),
        ("POST /v1/models", 405, "method_not_allowed"),
        ("POST /healthz", 405, "method_not_allowed"),
        ("GET /v1/classify", 405, "method_not_allowed"),
    ] {
        let answer = gateway.raw(&request(line, "", b""));
        assert_eq!((answer.status, answer.error_code().as_str()), (status, code), "{line}");
    }
    assert_eq!(gateway.raw(&request("GET /healthz?x=1", "", b"")).body, "ok\n");
    serves(&gateway);
}

#[test]
fn clients_that_never_finish_their_heads_hold_nobody_up() {
    let gateway = gateway();
    let begun = chat("", &hi("auto", false));
    let mut slow: Vec<_> =
        [0, 1, 20, begun.len() - 1].iter().cycle().take(200).map(|sent| gateway.send(&begun[..*sent])).collect();
    for turn in 0..5 {
        for client in slow.iter_mut().filter(|_| turn % 2 == 0) {
            // Some of them have become requests that were refused.
            client.add(b"x").ok();
        }
        let began = tokio::time::Instant::now();
        serves(&gateway);
        assert!(began.elapsed() < std::time::Duration::from_secs(1), "{:?}", began.elapsed());
    }
    drop(slow);
    serves(&gateway);
}

#[test]
fn requests_that_come_together_are_answered_in_their_order() {
    let gateway = gateway();
    let keep = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap().replace("connection: close\r\n", "");
    let first = keep(request("GET /healthz", "", b"")) + &keep(chat("", &hi("auto", false)));
    let all = [first.as_bytes(), &request("GET /readyz", "", b"")].concat();
    let answers = String::from_utf8(gateway.send(&all).bytes()).unwrap();
    let places = ["ok\n", "hello", "ready\n"].map(|body| answers.find(body).unwrap());
    assert!(places.is_sorted() && answers.matches("HTTP/1.1 200 OK").count() == 3, "{answers}");
}

#[test]
fn an_old_client_is_answered_too() {
    let gateway = gateway();
    let body = hi("auto", false);
    let old = format!("POST /v1/chat/completions HTTP/1.0\r\ncontent-length: {}\r\n\r\n{body}", body.len());
    assert_eq!(gateway.raw(old.as_bytes()).body, completion("hello"));
    gateway.upstream.script("small", [Reply::stream(crate::reply::streamed("hello"))]);
    let streaming = hi("auto", true);
    let old = format!("POST /v1/chat/completions HTTP/1.0\r\ncontent-length: {}\r\n\r\n{streaming}", streaming.len());
    let answer = gateway.raw(old.as_bytes());
    assert!(answer.body.ends_with("data: [DONE]\n\n") && answer.header("transfer-encoding").is_empty(), "{answer:?}");
}

#[test]
fn many_odd_requests_at_the_same_time_leave_everything_in_order() {
    let gateway = gateway();
    let odd: [Vec<u8>; 6] = [
        chat("", "{"),
        chat("", &hi("nobody", false)),
        b"hello?\r\n\r\n".to_vec(),
        chat("", &format!("[{}", "[".repeat(10_000))),
        request("DELETE /v1/models", "", b""),
        chat("x-frontdesk-timeout-ms: x\r\n", &hi("auto", true)),
    ];
    std::thread::scope(|scope| {
        for thread in 0..12 {
            let (gateway, odd) = (&gateway, &odd);
            scope.spawn(move || {
                for turn in 0..20 {
                    let bytes = Connection::send(gateway.address, &odd[(thread + turn) % odd.len()]).bytes();
                    assert!(
                        bytes.is_empty() || bytes.starts_with(b"HTTP/1.1 4"),
                        "{}",
                        String::from_utf8_lossy(&bytes)
                    );
                    assert_eq!(gateway.ask("auto", false).status, 200);
                }
            });
        }
    });
    assert_eq!(gateway.rows("status").iter().filter(|status| *status == "200").count(), 240);
    serves(&gateway);
}
