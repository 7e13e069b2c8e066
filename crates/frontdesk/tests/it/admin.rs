//! Who is let in to what only the operator may ask for.

use crate::client::{Answer, request};
use crate::gateway::Gateway;

fn with_token() -> Gateway {
    Gateway::with(&[("[providers.up]", "[server]\nadmin_token = \"env:ADMIN\"\n[providers.up]")])
}

fn get(gateway: &Gateway, headers: &str) -> Answer {
    gateway.raw(&request("GET /admin/v1/nothing", headers, b""))
}

#[test]
fn without_a_token_in_the_configuration_nobody_is_let_in() {
    let gateway = Gateway::start();
    for headers in ["", "authorization: Bearer s3cret\r\n", "authorization: Bearer \r\n"] {
        let answer = get(&gateway, headers);
        assert_eq!((answer.status, answer.error_code().as_str()), (403, "permission_denied"));
        assert!(answer.body.contains("write admin_token = "), "{}", answer.body);
    }
}

#[test]
fn another_token_is_refused_and_the_right_one_is_let_in() {
    let gateway = with_token();
    for headers in ["", "authorization: Bearer s3cre\r\n", "authorization: Basic s3cret\r\n", "authorization: \r\n"] {
        let answer = get(&gateway, headers);
        assert_eq!((answer.status, answer.error_code().as_str()), (401, "invalid_api_key"), "{headers}");
        assert!(!answer.body.contains("s3cret"), "{}", answer.body);
    }
    let answer = get(&gateway, "authorization: bearer s3cret\r\n");
    assert_eq!((answer.status, answer.error_code().as_str()), (404, "not_found"));
}

#[test]
fn the_token_is_in_no_text_of_the_configuration() {
    let shown = format!("{:?}", with_token().app.snapshot().config);
    assert!(shown.contains("admin_token: Some(Secret)") && !shown.contains("s3cret"), "{shown}");
}
