//! Reading what is needed to label requests: which were routed, and the prompts that are kept of some of them.

use rusqlite::{OptionalExtension, Row, params};

use super::Reader;

/// A request that was given a category.
#[derive(Clone, Debug, PartialEq)]
pub struct Routed {
    /// Its id, a UUID.
    pub id: u128,
    /// The category.
    pub category: String,
    /// How sure the classifier was; `None`: none was asked.
    pub confidence: Option<f32>,
    /// Whether its prompt is kept.
    pub kept: bool,
}

/// What is kept of such a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// What decided, by its word.
    pub decided_by: String,
    /// To find a category and a chain, microseconds.
    pub decision_us: u64,
    /// Whether tools were offered with it; `None`: the row is from before that was written down.
    pub tools: Option<bool>,
    /// The conversation, as the JSON of the caller's `messages`.
    pub prompt: String,
}

/// Neither overrides nor requests that a rule sent to a model have a category. The texts are not read for this, only
/// whether they are there.
const ROUTED: &str = "SELECT id, category, confidence,
    EXISTS (SELECT 1 FROM texts WHERE texts.id = requests.id AND prompt IS NOT NULL) AS kept
    FROM requests WHERE id >= ?1 AND router = ?2 AND category IS NOT NULL AND decided_by <> 'override' ORDER BY id";
const KEPT: &str = "SELECT decided_by, decision_us, tools, prompt FROM requests JOIN texts USING (id)
    WHERE id = ?1 AND prompt IS NOT NULL";
const KEPT_BEFORE_TOOLS: &str =
    "SELECT decided_by, decision_us, NULL AS tools, prompt FROM requests JOIN texts USING (id)
    WHERE id = ?1 AND prompt IS NOT NULL";

impl Reader {
    /// Calls `each` with the requests that a router gave a category since a time (microseconds since the Unix epoch),
    /// oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn routed_since(&self, router: &str, time_us: i64, each: &mut dyn FnMut(Routed)) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(ROUTED)?;
        let mut rows = statement.query(params![crate::row::first_id_at(time_us), router])?;
        while let Some(row) = rows.next()? {
            each(routed(row)?);
        }
        Ok(())
    }

    /// What is kept of a request; `None` where its prompt is not.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn kept(&self, id: u128) -> rusqlite::Result<Option<Kept>> {
        let sql = if self.version < crate::schema::WITH_TOOLS { KEPT_BEFORE_TOOLS } else { KEPT };
        let mut statement = self.connection.prepare_cached(sql)?;
        let kept = |row: &Row<'_>| {
            let (decided_by, decision_us): (String, i64) = (row.get("decided_by")?, row.get("decision_us")?);
            let (tools, prompt) = (row.get("tools")?, row.get("prompt")?);
            Ok(Kept { decided_by, decision_us: decision_us.unsigned_abs(), tools, prompt })
        };
        statement.query_row(params![id.to_be_bytes()], kept).optional()
    }
}

fn routed(row: &Row<'_>) -> rusqlite::Result<Routed> {
    Ok(Routed {
        id: u128::from_be_bytes(row.get("id")?),
        category: row.get("category")?,
        confidence: super::single(row.get("confidence")?),
        kept: row.get("kept")?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, Text, row, schema};
    use routing::{DecidedBy, Record};
    use rusqlite::Connection;

    fn write(connection: &Connection, id: u128, category: Option<&str>, by: DecidedBy, prompt: Option<&str>) {
        let record = Record {
            id: id << 80,
            router: category.map(|_| "auto".into()),
            category: category.map(Into::into),
            confidence: category.map(|_| 0.81),
            decided_by: Some(by),
            decision_us: 31,
            tools: id == 2,
            ..Record::default()
        };
        let text = prompt.map(|prompt| Text { prompt: Some(prompt.into()), answer: None });
        row::insert(connection, &Entry { record, text }).unwrap();
    }

    #[test]
    fn routed_requests_are_read_with_their_prompts_and_later_rows_are_not_seen() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let writer = schema::open(&path).unwrap();
        write(&writer, 1, Some("simple"), DecidedBy::Default, Some("[1]"));
        write(&writer, 2, Some("code"), DecidedBy::Embedded, Some("[2]"));
        write(&writer, 3, None, DecidedBy::Override, Some("[3]"));
        write(&writer, 4, Some("code"), DecidedBy::Hint, None);
        let reader = Reader::open(&path).unwrap();
        let read = |router: &str, time_us: i64| {
            let mut all = Vec::new();
            reader.routed_since(router, time_us, &mut |routed| all.push((routed.id >> 80, routed.kept))).unwrap();
            all
        };
        assert_eq!(read("auto", 0), [(1, true), (2, true), (4, false)]);
        write(&writer, 5, Some("code"), DecidedBy::Embedded, Some("[5]"));
        assert_eq!(read("auto", 2_000), [(2, true), (4, false)]);
        assert_eq!(read("other", 0), []);
        let kept = Kept { decided_by: "embedded".into(), decision_us: 31, tools: Some(true), prompt: "[2]".into() };
        assert_eq!(reader.kept(2 << 80).unwrap(), Some(kept.clone()));
        assert_eq!(reader.kept(1 << 80).unwrap().unwrap().tools, Some(false));
        assert_eq!((reader.kept(4 << 80).unwrap(), reader.kept(5 << 80).unwrap()), (None, None));
        drop(reader);
        writer.execute_batch("ALTER TABLE requests DROP COLUMN tools; PRAGMA user_version = 3").unwrap();
        let older = Reader::open(&path).unwrap();
        assert_eq!(older.kept(2 << 80).unwrap(), Some(Kept { tools: None, ..kept }));
    }

    #[test]
    fn what_is_no_ledger_is_refused_and_nothing_is_made_of_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let refusal = |name: &str| Reader::open(&path(name)).unwrap_err().to_string();
        assert!(refusal("missing").contains("cannot be opened"));
        assert!(!path("missing").exists());
        std::fs::write(path("empty"), "").unwrap();
        assert!(refusal("empty").contains("is empty"));
        Connection::open(path("foreign")).unwrap().execute_batch("CREATE TABLE t (a)").unwrap();
        assert!(refusal("foreign").contains("not a ledger"));
    }
}
