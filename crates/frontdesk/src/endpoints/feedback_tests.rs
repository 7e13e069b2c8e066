use super::*;

const ID: &str = "019abcde-f012-7345-8678-9abcdef01234";
const CONFIG: &str = r#"
[providers.p]
base_url = "http://127.0.0.1:9"
[models.m]
provider = "p"
[routers.auto]
default = "simple"
fallback = ["m"]
classifier = { kind = "none" }
categories.simple.about = ""
categories.code.about = ""
"#;

struct Nothing;

impl crate::config::Outside for Nothing {
    fn variable(&self, _name: &str) -> Option<String> {
        None
    }

    fn file(&self, _path: &str) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fn reading(body: &str) -> Result<Feedback, String> {
    let table = crate::config::parse("test.toml", CONFIG, &Nothing).unwrap().table;
    read(body.as_bytes(), &table).map_err(|error| format!("{} {error:?}", error.status.as_u16()))
}

/// The refusal of a body that has these fields besides its id.
fn refused(fields: &str, expected: &str) {
    let said = reading(&format!(r#"{{"request_id":"{ID}",{fields}}}"#)).unwrap_err();
    assert!(said.starts_with("400 ") && said.contains(expected), "{fields}: {said}");
}

#[test]
fn any_of_score_label_and_comment_is_feedback() {
    let read = |fields: &str| {
        let said = reading(&format!(r#"{{"request_id":"{ID}",{fields}}}"#)).unwrap();
        assert_eq!(Uuid::from_u128(said.id).to_string(), ID);
        (said.score, said.label, said.comment)
    };
    assert_eq!(read(r#""score":1"#), (Some(1.0), None, None));
    assert_eq!(read(r#""score":-0.0,"label":null"#), (Some(0.0), None, None));
    assert_eq!(read(r#""label":" code ""#), (None, Some("code".into()), None));
    assert_eq!(read(r#""comment":"","score":0.25"#), (Some(0.25), None, Some(String::new())));
    let longest = "é".repeat(LONGEST_COMMENT / 2);
    assert_eq!(read(&format!(r#""comment":"{longest}""#)).2, Some(longest));
}

#[test]
fn what_is_wrong_is_said_with_what_to_send_instead() {
    refused(r#""score":null"#, "send at least one of");
    for score in ["1.01", "-0.1", "\"1\"", "true", "[1]"] {
        refused(&format!(r#""score":{score}"#), "`score` must be a number from 0");
    }
    refused(r#""score":1e999"#, "not valid JSON");
    refused(r#""label":"cod""#, "did you mean `code`?");
    refused(r#""label":"""#, "known are `code`, `simple`");
    refused(r#""label":7"#, "`label` must be a string");
    refused(r#""comment":["x"]"#, "`comment` must be a string");
    refused(&format!(r#""comment":"{}""#, "x".repeat(LONGEST_COMMENT + 1)), "longer than 4096 bytes");
    refused(r#""scores":1"#, "there is no field `scores`; did you mean `score`?");
}

#[test]
fn a_body_that_is_no_feedback_at_all_is_refused() {
    for (body, expected) in [
        ("", "not valid JSON"),
        ("[]", "must be a JSON object"),
        (r#"{"score":1}"#, "`request_id` must be"),
        (r#"{"request_id":"chatcmpl-1","score":1}"#, "`request_id` must be"),
        (r#"{"request_id":7,"score":1}"#, "`request_id` must be"),
        (&"[".repeat(200), "128 levels"),
    ] {
        let said = reading(body).unwrap_err();
        assert!(said.starts_with("400 ") && said.contains(expected), "{body}: {said}");
    }
}
