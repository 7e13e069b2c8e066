//! Values that know where they stand in the file.

use std::borrow::Cow;
use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use serde_spanned::Spanned;

/// A value with its place. Its schema is the value's own.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Placed<T>(Spanned<T>);

impl<T> Placed<T> {
    /// Another value in the same place.
    pub(super) fn with<U>(&self, value: U) -> Placed<U> {
        Placed(Spanned::new(self.span(), value))
    }

    /// Where it stands, in bytes of the file.
    pub(super) fn span(&self) -> Range<usize> {
        self.0.span()
    }
}

impl<T> AsRef<T> for Placed<T> {
    fn as_ref(&self) -> &T {
        self.0.get_ref()
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Placed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(Self)
    }
}

impl<T: JsonSchema> JsonSchema for Placed<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}
