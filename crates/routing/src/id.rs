//! Indices into the validated [`Table`](crate::Table); names live only at the edges.

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u16);

        impl $name {
            /// The position in its table.
            #[must_use]
            pub fn index(self) -> usize {
                usize::from(self.0)
            }

            /// The id of a position. Configurations are bounded far below `u16::MAX` entries; beyond it saturates.
            #[must_use]
            pub fn at(position: usize) -> Self {
                Self(u16::try_from(position).unwrap_or(u16::MAX))
            }
        }
    };
}

index!(
    /// A category of one router: an index into [`Router::categories`](crate::Router).
    CategoryId
);
index!(
    /// A model: an index into [`Table::models`](crate::Table).
    ModelId
);
index!(
    /// A router: an index into [`Table::routers`](crate::Table).
    RouterId
);
index!(
    /// A provider: an index into [`Table::providers`](crate::Table).
    ProviderId
);
