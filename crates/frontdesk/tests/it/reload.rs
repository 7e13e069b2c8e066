//! The configuration again: on SIGHUP, when its file changes, and never a broken one.

use crate::client::{chat, eventually, hi};
use crate::daemon::{Daemon, Home};
use crate::reply::{Reply, completion, finish, relayed, text, usage};

/// The router's model is another one.
const LARGE: (&str, &str) = ("[\"small\"]", "[\"large\"]");

/// A process whose models say their names.
fn started() -> (Home, Daemon) {
    let home = Home::new();
    home.upstream.script("small", [Reply::answer("small")]);
    home.upstream.script("large", [Reply::answer("large")]);
    let daemon = home.start();
    assert_eq!(daemon.ask("auto", false).body, completion("small"));
    (home, daemon)
}

/// Waits until requests are answered by this model.
fn answered_by(daemon: &Daemon, model: &str) {
    eventually(&format!("{model} answers"), || {
        let answer = daemon.ask("auto", false);
        assert_eq!(answer.status, 200, "{answer:?}");
        (answer.body == completion(model)).then_some(())
    });
}

#[test]
fn a_file_that_changes_is_taken_in() {
    let (home, daemon) = started();
    home.configure(&[LARGE]);
    answered_by(&daemon, "large");
    // As editors do it: another file takes its place.
    home.configure(&[]);
    std::fs::rename(home.path("frontdesk.toml"), home.path("next")).unwrap();
    home.configure(&[LARGE]);
    std::fs::rename(home.path("next"), home.path("frontdesk.toml")).unwrap();
    answered_by(&daemon, "small");
}

#[test]
fn a_hangup_has_the_secrets_read_again() {
    let (home, daemon) = started();
    std::fs::write(home.path("key"), "s3cret-second").unwrap();
    daemon.signal("HUP");
    daemon.wait_for_log("the configuration was loaded again");
    assert_eq!(daemon.ask("auto", false).status, 200);
    let keys = home.upstream.calls().into_iter().map(|call| call.headers["authorization"].clone());
    assert_eq!(keys.collect::<Vec<_>>(), ["Bearer s3cret-first", "Bearer s3cret-second"]);
}

#[test]
fn a_broken_file_is_told_and_changes_nothing() {
    let (home, daemon) = started();
    home.configure(&[LARGE, ("retries = 0", "retries = 0\nretrys = 1")]);
    let told = daemon.wait_for_log("the configuration stays as it was");
    assert_eq!((&told["level"], &told["problems"]), (&"ERROR".into(), &1.into()));
    let log = daemon.log();
    let problem = log.lines().find(|line| line.contains("retrys")).unwrap();
    assert!(problem.contains("frontdesk.toml") && problem.contains("\"line\":14"), "{problem}");
    assert_eq!(daemon.ask("auto", false).body, completion("small"));
    daemon.signal("HUP");
    assert_eq!(daemon.ask("auto", false).body, completion("small"));
    home.configure(&[LARGE]);
    answered_by(&daemon, "large");
}

#[test]
fn a_file_that_goes_away_changes_nothing() {
    let (home, daemon) = started();
    std::fs::remove_file(home.path("frontdesk.toml")).unwrap();
    for _ in 0..50 {
        assert_eq!(daemon.ask("auto", false).body, completion("small"));
    }
    home.configure(&[LARGE]);
    answered_by(&daemon, "large");
}

#[test]
fn a_request_in_flight_ends_as_it_began() {
    let (home, daemon) = started();
    let held = Reply::held([text("a")], [text("b"), finish(), usage(), "[DONE]".into()]);
    home.upstream.script("small", [held, Reply::answer("small")]);
    let mut stream = daemon.send(&chat("", &hi("auto", true)));
    stream.until(&relayed(&[text("a")]));
    home.configure(&[LARGE, ("[models.small]\nprovider = \"up\"\nprice = { input = 1.0, output = 2.0 }\n", "")]);
    answered_by(&daemon, "large");
    home.upstream.release();
    assert_eq!(stream.answer().body, relayed(&[text("a"), text("b"), finish(), "[DONE]".into()]));
    daemon.signal("TERM");
    daemon.end();
    let rows = home.rows("stream, status, model, cost_nano_usd");
    assert!(rows.contains(&"1 200 small 20000".to_owned()), "{rows:?}");
}

#[test]
fn a_model_that_is_left_alone_stays_so() {
    let (home, daemon) = started();
    home.upstream.script("small", [Reply::error(500, "x")]);
    for _ in 0..5 {
        assert_eq!(daemon.ask("auto", false).status, 503);
    }
    let calls = home.upstream.calls().len();
    daemon.signal("HUP");
    daemon.wait_for_log("the configuration was loaded again");
    assert_eq!(daemon.ask("auto", false).status, 503);
    assert_eq!(home.upstream.calls().len(), calls, "its breaker is still open");
}
