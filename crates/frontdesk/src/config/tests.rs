use super::*;
use routing::{Kind, ModelId, NanoUsd, Then};

const GOOD: &str = r#"
[providers.p]
base_url = "http://127.0.0.1:9/v1/"
api_key = "env:KEY"
timeouts = { first_token = "250ms" }
[models.small]
provider = "p"
id = "vendor/small"
price = { input = 0.02, output = 0.05 }
capabilities = ["tools"]
[models.large]
provider = "p"
[routers.auto]
default = "general"
fallback = ["large"]
[[routers.auto.rules]]
when = { tools = true, header.x-team = "a" }
then = { category = "simple" }
[routers.auto.categories.simple]
models = ["small"]
[routers.auto.categories.general]
"#;

struct Fake;

impl Outside for Fake {
    fn variable(&self, name: &str) -> Option<String> {
        (name == "KEY").then(|| "s3cret".into())
    }

    fn file(&self, path: &str) -> std::io::Result<Vec<u8>> {
        if path == "/empty" { Ok(b" \n".to_vec()) } else { Err(std::io::ErrorKind::NotFound.into()) }
    }
}

/// Line, message and help of every problem.
fn problems(text: &str) -> Vec<String> {
    let problems = parse("frontdesk.toml", text, &Fake).expect_err("the file is wrong");
    let tell = |problem| format!("{}: {} ({})", problems.line(problem), problem.message, problem.help);
    problems.problems.iter().map(tell).collect()
}

#[test]
fn a_good_file_becomes_indices_and_defaults() {
    let config = parse("frontdesk.toml", GOOD, &Fake).unwrap();
    let provider = &config.providers[0];
    assert_eq!(provider.endpoint.prefix, "/v1");
    assert_eq!(provider.timeouts.first_token.as_millis(), 250);
    assert_eq!(provider.timeouts.connect.as_secs(), 2);
    let credential = provider.credential.as_ref().unwrap();
    assert_eq!((credential.as_bytes(), credential.is_sensitive()), (&b"Bearer s3cret"[..], true));
    assert!(!format!("{config:?}").contains("s3cret"));
    let small = config.table.model(ModelId(0)).unwrap();
    assert_eq!(small.price.unwrap().cached_input, NanoUsd(20_000_000));
    assert_eq!(config.table.model(ModelId(1)).unwrap().id, "large");
    let router = &config.table.routers[0];
    assert_eq!(router.category(router.default).unwrap().name, "general");
    assert_eq!(router.classifying.kind, Kind::Embedded);
    assert!(matches!(router.rules[0].then, Then::Category(id) if id.0 == 0));
    assert_eq!(router.rules[0].when.headers, [("x-team".into(), "a".into())]);
    assert_eq!(config.server.max_body, 32 << 20);
}

#[test]
fn every_mistake_is_told_at_once_with_its_line_and_a_remedy() {
    let told = problems(
        r#"[server]
lisen = "x"
max_body = "huge"
[providers.p]
base_url = "ftp://x"
api_key = "sk-live"
retries = "two"
timeouts = { idle = "soon", conect = "1s" }
[models.a]
provider = "q"
price = { input = -1 }
capabilities = ["tool"]
profile = { concurrent = 0 }
[routers.auto]
default = "genral"
fallback = ["b"]
classifier = { kind = "llm", min_confidence = 2.0 }
[[routers.auto.rules]]
when = { tols = true, regex = "(" }
then = { }
[routers.auto.categories.general]
"#,
    );
    let expected = [
        "2: unknown field `lisen`",
        "3: `huge` is not a size",
        "5: `base_url` is not an http or https URL",
        "6: a secret must not stand in this file",
        "7: invalid type: string",
        "8: `soon` is not a duration",
        "8: unknown field `conect`",
        "10: there is no provider `q`",
        "11: a price must be zero or more",
        "12: there is no capability `tool` (did you mean `tools`?)",
        "13: `concurrent` must be above zero",
        "15: the router has no category `genral` (did you mean `general`?)",
        "16: there is no model `b` (did you mean `a`?)",
        "17: this classifier needs a `model`",
        "17: `min_confidence` must be between 0 and 1",
        "18: a rule leads to one category or one model",
        "21: category `general` has no model and the router no fallback",
    ];
    for expected in expected {
        assert!(told.iter().any(|told| told.starts_with(expected)), "{expected} is missing in {told:#?}");
    }
    assert!(!format!("{told:?}").contains("sk-live"));
}

#[test]
fn a_file_without_a_model_serves_nothing_and_is_refused() {
    for text in ["", "[server]\nlisten = \"127.0.0.1:8080\"\n"] {
        assert!(problems(text)[0].starts_with("1: there is no model"), "{text}");
    }
}

#[test]
fn broken_toml_and_unset_secrets_are_told_with_their_line() {
    assert!(problems("[server\n")[0].starts_with("1: "));
    let told = problems(&GOOD.replace("env:KEY", "env:OTHER"));
    assert_eq!(
        told,
        ["4: the environment variable OTHER is not set (run `export OTHER=…` before, or name another variable)"]
    );
    let told = problems(&GOOD.replace("env:KEY", "file:/nowhere"));
    assert!(told[0].starts_with("4: the file /nowhere cannot be read"), "{told:?}");
    let told = problems(&GOOD.replace("env:KEY", "file:/empty"));
    assert!(told[0].starts_with("4: the file /empty is empty"), "{told:?}");
}

#[test]
fn the_admin_token_is_a_reference_too() {
    let told = problems(&format!("server.admin_token = \"hunter2\"{GOOD}"));
    assert_eq!(told, ["1: a secret must not stand in this file (write \"env:NAME\" or \"file:PATH\")"]);
    let config = parse("frontdesk.toml", &format!("server.admin_token = \"env:KEY\"{GOOD}"), &Fake).unwrap();
    assert!(config.server.admin_token.is_some_and(|token| token.is(b"s3cret")));
}

#[test]
fn problems_are_rendered_with_the_line_they_are_about() {
    let problems = parse("frontdesk.toml", &GOOD.replace("\"p\"", "\"q\""), &Fake).unwrap_err();
    let shown = problems.to_string();
    assert!(shown.contains("frontdesk.toml:7") && shown.contains("provider = \"q\""), "{shown}");
    assert!(shown.ends_with("frontdesk.toml: 2 problems"), "{shown}");
}

/// Secrets are whatever a starter file names.
struct AllSet;

impl Outside for AllSet {
    fn variable(&self, _name: &str) -> Option<String> {
        Some("x".into())
    }

    fn file(&self, _path: &str) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

#[test]
fn every_starter_file_is_a_good_one() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../config");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let files: Vec<_> = files.filter(|path| path.extension().is_some_and(|extension| extension == "toml")).collect();
    assert_eq!(files.len(), 1 + crate::cli::PRESETS.len(), "the minimal one and the presets");
    for path in files {
        let text = std::fs::read_to_string(&path).unwrap();
        if let Err(problems) = parse(&path.display().to_string(), &text, &AllSet) {
            panic!("{problems}");
        }
    }
}

#[test]
fn the_schema_in_the_repository_is_fresh() {
    let kept = include_str!("../../../../config/schema.json");
    assert!(kept == schema(), "it is stale: run `cargo run -p frontdesk -- schema > config/schema.json`");
}

/// The good file with this shadow of its router.
fn shadowed(shadow: &str) -> String {
    GOOD.replace("default = \"general\"", &format!("default = \"general\"\nshadow = {shadow}"))
}

#[test]
fn a_shadow_is_a_classifier_that_takes_over_what_it_does_not_say() {
    let shadow = |written: &str, router: &str| {
        let text = shadowed(written).replace("[[routers.auto.rules]]", &format!("{router}\n[[routers.auto.rules]]"));
        let config = parse("frontdesk.toml", &text, &Fake).unwrap_or_else(|problems| panic!("{problems}"));
        config.shadows[0].clone().unwrap()
    };
    let plain = shadow(r#"{ classifier = "embedded" }"#, "");
    assert_eq!((plain.classifying.kind, plain.share), (Kind::Embedded, 0.1));
    assert!(plain.bound.is_some_and(|bound| bound.has_encoder()) && plain.classifying.encoder_below.is_some());
    let before =
        shadow(r#"{ classifier = "embedded", share = 1 }"#, r#"classifier = { kind = "none", encoder = false }"#);
    assert!(before.bound.is_some_and(|bound| !bound.has_encoder()), "the router's own asks no encoder");
    let judge =
        shadow(r#"{ classifier = "llm" }"#, r#"classifier = { kind = "none", model = "large", timeout = "3s" }"#);
    assert_eq!((judge.classifying.model, judge.classifying.timeout.as_secs()), (Some(ModelId(1)), 3));
    let table = r#"{ classifier = { kind = "cascade", model = "small", min_confidence = 0.9 }, share = 0.5 }"#;
    let cascade = shadow(table, r#"classifier = { kind = "llm", model = "large", timeout = "3s", speculate = true }"#);
    let classifying = &cascade.classifying;
    assert_eq!((classifying.kind, classifying.model, cascade.share), (Kind::Cascade, Some(ModelId(0)), 0.5));
    assert!((classifying.min_confidence - 0.9).abs() < 1e-6 && !classifying.speculate);
    assert!(parse("frontdesk.toml", GOOD, &Fake).unwrap().shadows[0].is_none());
}

#[test]
fn every_mistake_in_a_shadow_is_told_with_its_place() {
    let told = |shadow: &str| problems(&shadowed(shadow)).join("\n");
    let check = |shadow: &str, expected: &str| {
        let told = told(shadow);
        assert!(told.lines().count() == 1 && told.starts_with("15: ") && told.contains(expected), "{shadow}: {told}");
    };
    check(r#"{ share = 0.5 }"#, "the shadow has no `classifier`");
    check(r#"{ classifier = "embeded" }"#, "did you mean `embedded`?");
    check(r#"{ classifier = "none" }"#, "says nothing");
    check(r#"{ classifier = "llm" }"#, "this classifier needs a `model`");
    check(r#"{ classifier = { kind = "llm", model = "smal" } }"#, "did you mean `small`?");
    check(r#"{ classifier = "embedded", share = 1.5 }"#, "`share` must be between 0 and 1");
    check(r#"{ classifier = "embedded", shair = 1 }"#, "unknown field `shair`");
    check(r#"{ classifier = { kid = "llm" } }"#, "unknown field `kid`");
    let wrong = told(r#"{ classifier = 7 }"#);
    assert!(wrong.contains("expected \"embedded\", \"llm\", \"cascade\" or a table"), "{wrong}");
    check(r#"{ classifier = { kind = "embedded", weights = "file:/nowhere" } }"#, "/nowhere cannot be used");
    check(r#"{ classifier = { kind = "embedded", speculate = true } }"#, "take `speculate` out");
    let two = told(r#"{ classifier = { kind = "llm", timeout = "soon" }, share = -1 }"#);
    assert_eq!(two.lines().count(), 3, "{two}");
    let both =
        shadowed(r#"{ classifier = "embedded" }"#).replace("[[rou", "classifier.weights = \"file:/nowhere\"\n[[rou");
    assert_eq!(problems(&both).len(), 1, "what a shadow takes over is wrong once");
}
