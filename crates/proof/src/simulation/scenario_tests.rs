use super::*;
use routing::{Capability, Category, Classifying, Kind, NanoUsd, Price, Profile, ProviderId, Session, Sticky};
use std::time::Duration;

fn model(alias: &str, context: u64, capabilities: &[Capability], output_usd: f64, tokens_per_second: f64) -> Model {
    let usd = NanoUsd::from_usd;
    Model {
        alias: alias.into(),
        provider: ProviderId(0),
        id: alias.into(),
        price: Some(Price { input: usd(0.0), cached_input: usd(0.0), output: usd(output_usd) }),
        context: Some(context),
        capabilities: capabilities.to_vec(),
        profile: Some(Profile { first_token: Duration::from_millis(100), tokens_per_second, concurrent: None }),
    }
}

/// `simple` goes to `small` (a dollar per million output tokens, 100 a second, a context of 1,000), `code` to `coder`
/// (four dollars, 50 a second), all else to `large` (two dollars, 50 a second, tools), which is the fallback.
pub(crate) fn table() -> Table {
    let category = |name: &str, models: &[u16]| Category {
        name: name.into(),
        about: String::new(),
        models: models.iter().map(|id| ModelId(*id)).collect(),
        examples: Vec::new(),
    };
    Table {
        providers: vec!["p".into()],
        models: vec![
            model("small", 1_000, &[], 1.0, 100.0),
            model("large", 100_000, &[Capability::Tools], 2.0, 50.0),
            model("coder", 10_000, &[], 4.0, 50.0),
        ],
        routers: vec![Router {
            name: "auto".into(),
            default: CategoryId(1),
            fallback: vec![ModelId(1)],
            baseline: Some(ModelId(1)),
            categories: vec![category("simple", &[0]), category("general", &[1]), category("code", &[2])],
            rules: Vec::new(),
            classifying: Classifying {
                kind: Kind::Embedded,
                min_confidence: 0.5,
                encoder_below: None,
                model: Some(ModelId(0)),
                timeout: Duration::from_secs(1),
                speculate: false,
            },
            session: Session { sticky: Sticky::Off, ttl: Duration::ZERO },
            continues: false,
        }],
    }
}

pub(crate) fn scenario(table: &Table) -> Scenario<'_> {
    let speeds = Scenario::speeds(table, &HashMap::new());
    Scenario { table, router: RouterId(0), baseline: ModelId(1), only: None, speeds, queues: false }
}

use routing::CategoryId;

#[test]
fn chains_begin_with_what_can_serve_as_the_gateway_decides_it() {
    let table = table();
    let scenario = scenario(&table);
    let mut heads = Heads::new(&table);
    for category in (0..3).map(CategoryId) {
        for tools in [false, true] {
            for images in [false, true] {
                for input_tokens in [0, 999, 1_000, 1_001, 10_000, 10_001, 100_000, 100_001] {
                    let needs = Needs { tools, images, input_tokens, ..Needs::default() };
                    let finding = Finding::sure(Then::Category(category), DecidedBy::Default);
                    let decided = decide(&table, &needs, &Choice::Router(RouterId(0)), &finding);
                    let decided = decided.map(|decision| decision.chain[0]);
                    let class = heads.class(&needs);
                    assert_eq!(heads.head(&scenario, Then::Category(category), class), decided, "{needs:?}");
                }
            }
        }
    }
}

#[test]
fn measured_speeds_come_before_profiles_and_a_model_without_either_is_told() {
    let mut table = table();
    table.models[2].profile = None;
    let measured = Speed { first_token_us: 7.0, token_us: 1.0, known: Known::Measured };
    let speeds = Scenario::speeds(&table, &HashMap::from([("small".to_owned(), measured)]));
    assert_eq!(speeds[0], Some(measured));
    assert_eq!(speeds[1].unwrap().known, Known::Profile);
    let scenario = Scenario { speeds, ..scenario(&table) };
    let refusal = scenario.spent(ModelId(2), &Usage::default()).unwrap_err().to_string();
    assert!(refusal.contains("the model `coder` has no `profile`") && refusal.contains("[models.coder]"), "{refusal}");
}
