//! A classifier by its word or by its table. Not one of serde's untagged enums, because these forget where values stand.

use std::fmt;

use schemars::JsonSchema;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};

use super::Classifier;

/// What stands behind `classifier` of a shadow.
#[derive(Debug, JsonSchema)]
#[schemars(untagged)]
pub(in crate::config) enum Shadowing {
    /// `embedded`, `llm`, `cascade`.
    Word(String),
    /// A table as a router's own.
    Table(Box<Classifier>),
}

impl<'de> Deserialize<'de> for Shadowing {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Either)
    }
}

struct Either;

impl<'de> Visitor<'de> for Either {
    type Value = Shadowing;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("\"embedded\", \"llm\", \"cascade\" or a table with a `kind`")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<Shadowing, E> {
        Ok(Shadowing::Word(word.to_owned()))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Shadowing, A::Error> {
        Classifier::deserialize(MapAccessDeserializer::new(map)).map(|table| Shadowing::Table(Box::new(table)))
    }
}
