//! The process: killed, stopped, misconfigured, and what is left of its rows.

use std::io::ErrorKind;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use crate::client::{Connection, chat, eventually, hi, request};
use crate::daemon::{Daemon, Home};
use crate::gateway::read;
use crate::reply::{Reply, completion, finish, relayed, streamed, text, usage};

#[test]
fn a_ledger_survives_kill_9_under_load_and_the_next_process_goes_on_with_it() {
    let home = Home::new();
    home.upstream.script("small", [Reply::answer("hello")]);
    let mut daemon = home.start();
    let (answered, address) = (AtomicUsize::new(0), daemon.address);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Ok(stream) = TcpStream::connect(address) {
                    drop(stream);
                    let asked =
                        std::panic::catch_unwind(|| Connection::send(address, &chat("", &hi("auto", false))).bytes());
                    if !asked.is_ok_and(|bytes| bytes.ends_with(b"}}")) {
                        return;
                    }
                    answered.fetch_add(1, Relaxed);
                }
            });
        }
        eventually("there is load", || (answered.load(Relaxed) > 200).then_some(()));
        daemon.kill();
    });
    let rows = home.rows("status, model, cost_nano_usd, json_valid(attempts), json_array_length(attempts)");
    assert!(!rows.is_empty() && rows.iter().all(|row| row == "200 small 20000 1 1"), "{rows:?}");
    // Rows reach the disk in groups a moment after their answers: the newest may be lost, most are not.
    assert!(rows.len() * 2 > answered.load(Relaxed), "{} of {}", rows.len(), answered.load(Relaxed));
    assert_eq!(read(&home.path("ledger.db"), "PRAGMA integrity_check"), ["ok"]);
    let next = home.start();
    assert_eq!(next.ask("auto", false).body, completion("hello"));
    next.signal("TERM");
    assert!(next.end().0.success());
    assert_eq!(home.rows("status").len(), rows.len() + 1);
}

#[test]
fn a_stop_lets_streams_end_and_loses_no_row() {
    let home = Home::new();
    let held = Reply::held([text("a")], [text("b"), finish(), usage(), "[DONE]".into()]);
    home.upstream.script("small", [Reply::answer("hello"), Reply::stream(streamed("hello")), held]);
    let daemon = home.start();
    assert_eq!(daemon.ask("auto", false).status, 200);
    assert_eq!(daemon.ask("auto", true).status, 200);
    let mut streams: Vec<_> = (0..5).map(|_| daemon.send(&chat("", &hi("auto", true)))).collect();
    for stream in &mut streams {
        stream.until(&relayed(&[text("a")]));
    }
    daemon.signal("TERM");
    daemon.wait_for_log("stopping: running requests may end");
    home.upstream.release();
    for stream in streams {
        assert_eq!(stream.answer().body, relayed(&[text("a"), text("b"), finish(), "[DONE]".into()]));
    }
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert_eq!(home.rows("status, model, cost_nano_usd"), ["200 small 20000"; 7]);
}

#[test]
fn a_stop_lets_nobody_in_while_streams_end() {
    let home = Home::new();
    home.upstream.script("small", [Reply::held([text("a")], [finish(), "[DONE]".into()])]);
    let daemon = home.start();
    let mut stream = daemon.send(&chat("", &hi("auto", true)));
    stream.until(&relayed(&[text("a")]));
    daemon.signal("TERM");
    daemon.wait_for_log("stopping: running requests may end");
    let stopped = tokio::time::Instant::now();
    eventually("nobody is let in any more", || {
        let connected = TcpStream::connect_timeout(&daemon.address, Duration::from_millis(100));
        assert!(stopped.elapsed() < Duration::from_secs(2), "connections are taken that nobody will serve");
        connected.is_err_and(|error| error.kind() == ErrorKind::ConnectionRefused).then_some(())
    });
    home.upstream.release();
    assert!(stream.answer().body.ends_with("data: [DONE]\n\n"), "nobody is let in while the stream goes on");
}

/// A stop does not wait for a client that has sent this and waits for an answer to nothing.
fn stops_at_once(sent: &[u8], answer: &str) {
    let home = Home::new();
    let daemon = home.start();
    let mut idle = daemon.send(sent);
    idle.until(answer);
    assert_eq!(daemon.get("/healthz").status, 200, "it was accepted before this one");
    let stopped = tokio::time::Instant::now();
    daemon.signal("TERM");
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(stopped.elapsed() < Duration::from_secs(2), "{sent:?}: {:?}", stopped.elapsed());
    drop(idle);
}

#[test]
fn a_stop_does_not_wait_for_connections_that_are_kept_for_later() {
    stops_at_once(b"GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n", "ok\n");
}

#[test]
fn a_stop_does_not_wait_for_connections_that_have_asked_nothing() {
    stops_at_once(b"", "");
}

#[test]
fn a_stop_does_not_wait_for_heads_that_never_end() {
    stops_at_once(b"GET /healthz HTT", "");
}

#[test]
fn a_stop_ends_with_its_grace_and_what_did_not_end_is_recorded() {
    let home = Home::new();
    home.configure(&[("shutdown_grace = \"3s\"", "shutdown_grace = \"300ms\"")]);
    home.upstream.script("small", [Reply::hang([text("a")])]);
    let daemon = home.start();
    let mut stream = daemon.send(&chat("", &hi("auto", true)));
    stream.until(&relayed(&[text("a")]));
    daemon.signal("TERM");
    let (status, log) = daemon.end();
    assert_eq!(status.code(), Some(0), "{log}");
    assert!(log.contains("requests were still running"), "{log}");
    home.upstream.wait_for_cancelled(&["small"]);
    assert_eq!(home.rows("model, output_tokens > 0"), ["small 1"]);
}

#[test]
fn an_interrupt_stops_it_too() {
    let daemon = Home::new().start();
    daemon.signal("INT");
    assert_eq!(daemon.end().0.code(), Some(0));
}

/// Serving with this configuration ends with this code, without a word on standard output.
fn check(home: &Home, arguments: &[&str], code: i32) -> String {
    let output = home.command().args(arguments).stdout(Stdio::piped()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(code), 0), "{said}");
    said
}

#[test]
fn a_bad_configuration_ends_it_before_a_port_is_bound() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let home = Home::new();
    let listen = format!("listen = \"{}\"", taken.local_addr().unwrap());
    let retries = ("retries = 0", "retries = 0\nretrys = 1\ntimeouts = { idle = \"soon\" }");
    home.configure(&[("listen = \"127.0.0.1:0\"", &listen), retries, ("[\"small\"]", "[\"smal\"]")]);
    let said = check(&home, &[], 64);
    for expected in ["frontdesk.toml:14:", "retrys", "soon", "smal", "small"] {
        assert!(said.contains(expected), "{expected}: {said}");
    }
    assert!(!said.contains("listen") && !home.path("ledger.db").exists(), "{said}");
    home.configure(&[("listen = \"127.0.0.1:0\"", &listen)]);
    let said = check(&home, &[], 1);
    assert!(said.contains(&taken.local_addr().unwrap().to_string()), "{said}");
}

#[test]
fn an_address_that_others_can_reach_is_refused_unless_somebody_insists() {
    for listen in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let home = Home::new();
        home.configure(&[("127.0.0.1:0", listen)]);
        let said = check(&home, &[], 64);
        assert!(said.contains(listen) && said.contains("--insecure"), "{said}");
        assert!(!home.path("ledger.db").exists());
    }
    let home = Home::new();
    home.configure(&[("127.0.0.1:0", "0.0.0.0:0")]);
    let mut command = home.command();
    command.arg("--insecure");
    let daemon = Daemon::start(command);
    assert_eq!(TcpStream::connect(("127.0.0.1", daemon.address.port())).map(|_| ()).ok(), Some(()));
}

#[test]
fn a_ledger_that_is_none_of_ours_is_left_alone() {
    let home = Home::new();
    std::fs::write(home.path("ledger.db"), "precious notes, no database".repeat(100)).unwrap();
    let said = check(&home, &[], 1);
    assert!(said.contains("ledger"), "{said}");
    assert!(std::fs::read_to_string(home.path("ledger.db")).unwrap().starts_with("precious notes"));
}

#[test]
fn the_log_holds_neither_prompts_nor_answers_nor_secrets() {
    let home = Home::new();
    home.configure(&[("level = \"info\"", "level = \"trace\"\nrequests = true")]);
    home.upstream.script(
        "small",
        [
            Reply::answer("green zebra"),
            Reply::stream(streamed("green zebra")),
            Reply::error(401, "s3cret-first refused"),
        ],
    );
    let daemon = home.start();
    for stream in [false, true, false] {
        let body = hi("auto", stream).replace("hi", "purple elephant");
        daemon.send(&chat("authorization: Bearer s3cret-clients\r\n", &body)).answer();
    }
    daemon.send(&request("GET /v1/models", "authorization: Bearer s3cret-clients\r\n", b"")).answer();
    daemon.signal("TERM");
    let (_, log) = daemon.end();
    assert_eq!(log.matches("a request was answered").count(), 3, "{log}");
    for secret in ["purple", "elephant", "zebra", "s3cret"] {
        assert!(!log.contains(secret), "{secret}: {log}");
    }
}

#[test]
fn a_credential_that_a_provider_refuses_is_logged_as_our_fault() {
    let home = Home::new();
    home.upstream.script("small", [Reply::error(401, "bad key")]);
    let daemon = home.start();
    assert_eq!(daemon.ask("auto", false).status, 502);
    daemon.signal("TERM");
    let (_, log) = daemon.end();
    let line = log.lines().find(|line| line.contains("credential")).unwrap_or_else(|| panic!("not logged: {log}"));
    assert!((line.contains("WARN") || line.contains("ERROR")) && line.contains("up"), "{line}");
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let output =
        Command::new(env!("CARGO_BIN_EXE_frontdesk")).args(["serve", "--config", "/nowhere/f.toml"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && said.contains("/nowhere/f.toml") && said.contains("frontdesk init"), "{said}");
}
