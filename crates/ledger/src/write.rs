//! What is written, and a group of it as one transaction.

use std::fmt;

use routing::NanoUsd;
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::rollup::{self, Cells};
use crate::{Entry, row};

/// What another classifier would have said of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shadow {
    /// The request's id, a UUID.
    pub id: u128,
    /// The other classifier: `embedded`, `llm`, `cascade`.
    pub classifier: &'static str,
    /// What it would have said; `None`: nothing.
    pub category: Option<String>,
    /// How surely.
    pub confidence: Option<f32>,
    /// What a model cost that it asked.
    pub cost: NanoUsd,
    /// How long it took, microseconds.
    pub took_us: u64,
}

/// What a caller says of a request. What is `None` stays as it was, so that the same feedback twice is that feedback.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feedback {
    /// The request's id, a UUID.
    pub id: u128,
    /// Who says it.
    pub author: Author,
    /// How good the answer was, 0 to 1.
    pub score: Option<f64>,
    /// What the category should have been.
    pub label: Option<String>,
    /// A comment.
    pub comment: Option<String>,
}

/// Who says something of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Author {
    /// The admin, of whose requests ever.
    Admin,
    /// A caller without a key, of requests without one.
    #[default]
    Anyone,
    /// A key, of its own requests.
    Key(String),
}

/// What is on disk of the feedback of a request, earlier feedback included.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// How good the answer was, 0 to 1.
    pub score: Option<f64>,
    /// What the category should have been.
    pub label: Option<String>,
    /// A comment.
    pub comment: Option<String>,
}

/// Called with what is on disk then; `None`: there is no such request of this author.
pub struct Reply(Box<dyn FnOnce(Option<Given>) + Send>);

impl Reply {
    /// What is to be called once, from the writer's thread: it must not wait for anything.
    pub fn new(call: impl FnOnce(Option<Given>) + Send + 'static) -> Self {
        Self(Box::new(call))
    }

    pub(crate) fn call(self, given: Option<Given>) {
        (self.0)(given);
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// Something to be written.
#[derive(Debug)]
pub(crate) enum Write {
    Request(Box<Entry>),
    Shadow(Shadow),
    Feedback(Feedback, Reply),
}

const SHADOW: &str = "INSERT OR REPLACE INTO shadows VALUES (?1,?2,?3,?4,?5,?6)";
const KEY: &str = "SELECT key FROM requests WHERE id = ?1";
const FEEDBACK: &str = "UPDATE requests SET feedback_score = coalesce(?2, feedback_score),
    feedback_label = coalesce(?3, feedback_label), feedback_comment = coalesce(?4, feedback_comment) WHERE id = ?1
    RETURNING feedback_score, feedback_label, feedback_comment";

/// Writes a group; for each what is on disk of the feedback it gave, where it did and its request is there.
pub(crate) fn commit(connection: &Connection, group: &[Write]) -> rusqlite::Result<Vec<Option<Given>>> {
    let transaction = connection.unchecked_transaction()?;
    let mut cells = Cells::new();
    let mut write = |write: &Write| match write {
        Write::Request(entry) => {
            if row::insert(&transaction, entry)? {
                rollup::add(&mut cells, &entry.record);
            }
            Ok(None)
        }
        Write::Shadow(shadow) => insert_shadow(&transaction, shadow).map(|()| None),
        Write::Feedback(feedback, _) => update(&transaction, feedback),
    };
    let given = group.iter().map(&mut write).collect::<rusqlite::Result<Vec<_>>>()?;
    rollup::merge(&transaction, cells)?;
    transaction.commit()?;
    Ok(given)
}

fn insert_shadow(connection: &Connection, shadow: &Shadow) -> rusqlite::Result<()> {
    let Shadow { id, classifier, category, confidence, cost, took_us } = shadow;
    let (cost, took_us) = (row::signed(cost.0), row::signed(*took_us));
    let values = params![id.to_be_bytes(), classifier, category, confidence, cost, took_us];
    connection.prepare_cached(SHADOW)?.execute(values).map(drop)
}

fn update(connection: &Connection, feedback: &Feedback) -> rusqlite::Result<Option<Given>> {
    let id = feedback.id.to_be_bytes();
    let key: Option<Option<String>> =
        connection.prepare_cached(KEY)?.query_row(params![id], |row| row.get(0)).optional()?;
    let own = key.is_some_and(|key| match &feedback.author {
        Author::Admin => true,
        Author::Anyone => key.is_none(),
        Author::Key(own) => key.as_ref() == Some(own),
    });
    if !own {
        return Ok(None);
    }
    let values = params![id, feedback.score, feedback.label, feedback.comment];
    let given = |row: &Row<'_>| Ok(Given { score: row.get(0)?, label: row.get(1)?, comment: row.get(2)? });
    connection.prepare_cached(FEEDBACK)?.query_row(values, given).optional()
}
