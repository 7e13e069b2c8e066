use super::*;
use crate::{Category, Classifying, Kind, ProviderId, Session, Sticky};
use std::time::Duration;

fn model(alias: &str, context: u64, capabilities: &[Capability]) -> Model {
    Model {
        alias: alias.into(),
        provider: ProviderId(0),
        id: format!("vendor/{alias}"),
        price: None,
        context: Some(context),
        capabilities: capabilities.to_vec(),
        profile: None,
    }
}

/// small (no tools), coder (tools), large (tools, vision, long context); `code` is served by coder, `simple` by small.
fn table() -> Table {
    let category = |name: &str, models: &[u16]| Category {
        name: name.into(),
        about: String::new(),
        models: models.iter().map(|id| ModelId(*id)).collect(),
        examples: vec![],
    };
    let router = Router {
        name: "auto".into(),
        default: CategoryId(0),
        fallback: vec![ModelId(2)],
        baseline: None,
        categories: vec![category("simple", &[0]), category("code", &[1, 0]), category("empty", &[])],
        rules: vec![],
        classifying: Classifying {
            encoder_below: None,
            speculate: false,
            kind: Kind::None,
            min_confidence: 0.5,
            model: None,
            timeout: Duration::from_secs(1),
        },
        session: Session { sticky: Sticky::Off, ttl: Duration::ZERO },
        continues: false,
    };
    let models = vec![
        model("small", 1_000, &[]),
        model("coder", 1_000, &[Capability::Tools]),
        model("large", 9_000, &[Capability::Tools, Capability::Vision]),
    ];
    Table { providers: vec!["here".into()], models, routers: vec![router] }
}

/// Aliases of the chain decided on, or the error's text.
fn check(choice: &Choice, then: Then, needs: Needs, expected: &str) {
    let table = table();
    let chain = match decide(&table, &needs, choice, &Finding::sure(then, DecidedBy::Embedded)) {
        Ok(decision) => decision.chain.iter().map(|id| table.alias(*id)).collect::<Vec<_>>().join(" "),
        Err(error) => error.to_string(),
    };
    assert_eq!(chain, expected);
}

const AUTO: Choice = Choice::Router(RouterId(0));
const SIMPLE: Then = Then::Category(CategoryId(0));
const CODE: Then = Then::Category(CategoryId(1));

#[test]
fn a_chain_is_the_categorys_models_and_then_the_fallback() {
    check(&AUTO, SIMPLE, Needs::default(), "small large");
    check(&AUTO, CODE, Needs::default(), "coder small large");
    check(&AUTO, Then::Category(CategoryId(2)), Needs::default(), "large");
    check(&AUTO, Then::Model(ModelId(1)), Needs::default(), "coder large");
}

#[test]
fn what_cannot_serve_is_dropped() {
    check(&AUTO, CODE, Needs { tools: true, ..Needs::default() }, "coder large");
    check(&AUTO, CODE, Needs { images: true, ..Needs::default() }, "large");
    check(&AUTO, CODE, Needs { input_tokens: 2_000, ..Needs::default() }, "large");
}

#[test]
fn nobody_able_is_an_error_that_says_what_is_missing() {
    let needs = Needs { json_schema: true, ..Needs::default() };
    check(
        &AUTO,
        SIMPLE,
        needs,
        "no model of this route can serve the request: it needs json_schema, and small, large cannot",
    );
}

#[test]
fn a_conversation_that_seems_too_long_for_all_goes_to_the_largest() {
    check(&AUTO, SIMPLE, Needs { input_tokens: 1_000_000, ..Needs::default() }, "large");
}

#[test]
fn a_named_model_is_never_dropped_and_a_list_is_taken_as_it_stands() {
    let needs = Needs { images: true, ..Needs::default() };
    check(&Choice::Model(ModelId(0)), SIMPLE, needs, "small large");
    check(&Choice::Model(ModelId(2)), SIMPLE, needs, "large");
    check(&Choice::Chain(vec![ModelId(1), ModelId(0)]), SIMPLE, needs, "coder small");
}

#[test]
fn models_are_found_by_alias_provider_and_alias_or_the_providers_id() {
    let table = table();
    assert_eq!(table.find_model("coder"), Some(ModelId(1)));
    assert_eq!(table.find_model("here/coder"), Some(ModelId(1)));
    assert_eq!(table.find_model("vendor/large"), Some(ModelId(2)));
    assert_eq!(table.find_model("there/coder"), None);
    assert_eq!(table.find_model("auto"), None);
}
