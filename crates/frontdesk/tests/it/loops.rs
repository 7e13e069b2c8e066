//! Tool loops: the model that began one goes on with it.

use crate::gateway::Gateway;
use crate::reply::{Reply, completion};

/// The same question at each step of a loop; the tools' answers grow until a rule would send it elsewhere.
fn step(messages: &str) -> String {
    format!(
        r#"{{"model":"auto","tools":[{{"type":"function"}}],"messages":[{{"role":"user","content":"how warm is it"}}{messages}]}}"#
    )
}

#[test]
fn a_request_within_a_tool_loop_is_never_sent_elsewhere() {
    let gateway = Gateway::of(
        r#"
[providers.up]
base_url = "UPSTREAM"
api_key = "env:KEY"
[models.small]
provider = "up"
capabilities = ["tools"]
[models.large]
provider = "up"
capabilities = ["tools"]
[routers.auto]
default = "simple"
classifier = { kind = "none" }
[[routers.auto.rules]]
when = { min_input_tokens = 500 }
then = { category = "code" }
[routers.auto.categories.simple]
models = ["small"]
[routers.auto.categories.code]
models = ["large"]
"#,
    );
    for model in ["small", "large"] {
        gateway.upstream.script(model, [Reply::answer(model)]);
    }
    let call = r#",{"role":"assistant","content":null,"tool_calls":[{"id":"1","type":"function"}]}"#;
    let result = format!(r#",{{"role":"tool","tool_call_id":"1","content":"{}"}}"#, "warm ".repeat(600));
    assert_eq!(gateway.post("", &step("")).body, completion("small"));
    let within = gateway.post("", &step(&format!("{call}{result}")));
    assert_eq!(within.body, completion("small"));
    assert_eq!(within.headers["x-frontdesk-decided-by"], "session");
    let hinted = gateway.post("x-frontdesk-category: code\r\n", &step(&format!("{call}{result}")));
    assert_eq!(hinted.body, completion("large"), "the client may say otherwise");
    // The user's next word begins anew.
    let next =
        step(&format!(r#"{call}{result},{{"role":"assistant","content":"20"}},{{"role":"user","content":"ok"}}"#));
    assert_eq!(gateway.post("", &next).body, completion("large"));
}
