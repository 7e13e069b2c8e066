//! Traces over OTLP: a scripted collector takes what the gateway sends.

use std::io::{Read, Write};
use std::net::TcpListener;

use crate::client::{chat, hi};
use crate::daemon::{Daemon, Home};
use crate::reply::Reply;

#[test]
fn a_request_becomes_a_trace_under_the_callers_without_its_text() {
    let collector = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", collector.local_addr().unwrap());
    let collected = std::thread::spawn(move || {
        let (mut stream, _) = collector.accept().unwrap();
        let mut bytes = Vec::new();
        let mut buffer = [0; 4_096];
        // The name of the service stands before the spans, and the spans end with the calls.
        while !contains(&bytes, b"frontdesk.outcome") {
            let read = stream.read(&mut buffer).unwrap();
            assert!(read > 0, "the collector got: {}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&buffer[..read]);
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
        bytes
    });
    let home = Home::new();
    home.upstream.script("small", [Reply::answer("hello")]);
    let mut command = home.command();
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", &address);
    let daemon = Daemon::start(command);
    let parent = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
    assert_eq!(daemon.send(&chat(parent, &hi("auto", false))).answer().status, 200);
    daemon.signal("TERM");
    assert_eq!(daemon.end().0.code(), Some(0));
    let bytes = collected.join().unwrap();
    assert!(bytes.starts_with(b"POST /v1/traces HTTP/1.1"), "{}", String::from_utf8_lossy(&bytes));
    for word in ["frontdesk.category", "gen_ai.usage.input_tokens", "answered"] {
        assert!(contains(&bytes, word.as_bytes()), "{word} is missing");
    }
    assert!(contains(&bytes, &0x0af7_6519_16cd_43dd_8448_eb21_1c80_319c_u128.to_be_bytes()), "the caller's trace");
    assert!(!contains(&bytes, b"hello"), "no text");
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}
