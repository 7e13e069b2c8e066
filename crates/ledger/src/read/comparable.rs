//! Reading what is needed to compare answers: which requests a router answered, and what is kept of them.

use rusqlite::{OptionalExtension, Row, params};

use super::Reader;

/// A request that a router gave a category and that was answered whole.
#[derive(Clone, Debug, PartialEq)]
pub struct Comparable {
    /// Its id, a UUID.
    pub id: u128,
    /// The category.
    pub category: String,
    /// The model that answered.
    pub model: String,
    /// Output tokens of all attempts.
    pub output: u64,
    /// Whether tools were offered with it; `None`: the row is from before that was written down.
    pub tools: Option<bool>,
    /// Whether its prompt is kept.
    pub kept: bool,
    /// Whether its answer is kept.
    pub answer_kept: bool,
    /// What the judge in question said of it beside the baseline in question, in both orders, where it was asked.
    pub judged: Option<[Option<f64>; 2]>,
    /// Whether another judge, or this one beside another baseline, was asked instead.
    pub judged_otherwise: bool,
}

/// The texts of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The conversation, as the JSON of the caller's `messages`.
    pub prompt: String,
    /// The text of the answer, where it is kept.
    pub answer: Option<String>,
}

/// The texts are not read for this, only whether they are there.
const COMPARABLE: &str = "SELECT requests.id, requests.category, requests.model, output_tokens, tools,
    prompt IS NOT NULL AS kept, answer IS NOT NULL AS answer_kept, judgements.id IS NOT NULL AS judged,
    judge = ?3 AND judgements.baseline = ?4 AS so, first, second FROM requests
    LEFT JOIN texts ON texts.id = requests.id LEFT JOIN judgements ON judgements.id = requests.id
    WHERE requests.id >= ?1 AND router = ?2 AND requests.category IS NOT NULL AND decided_by <> 'override'
    AND requests.model IS NOT NULL AND status < 400 AND error IS NULL ORDER BY requests.id";
const CONVERSATION: &str = "SELECT prompt, answer FROM texts WHERE id = ?1 AND prompt IS NOT NULL";

impl Reader {
    /// Calls `each` with the requests that a router answered since a time (microseconds since the Unix epoch), oldest
    /// first, with what `judge` said of them beside `baseline`.
    ///
    /// # Errors
    /// When the database cannot be read, or is of a version that knew no judgements.
    pub fn comparable(
        &self,
        router: &str,
        time_us: i64,
        [judge, baseline]: [&str; 2],
        each: &mut dyn FnMut(Comparable),
    ) -> rusqlite::Result<()> {
        let mut statement = self.connection.prepare_cached(COMPARABLE)?;
        let mut rows = statement.query(params![crate::row::first_id_at(time_us), router, judge, baseline])?;
        while let Some(row) = rows.next()? {
            each(comparable(row)?);
        }
        Ok(())
    }

    /// The texts of a request; `None` where its prompt is not kept.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn conversation(&self, id: u128) -> rusqlite::Result<Option<Conversation>> {
        let mut statement = self.connection.prepare_cached(CONVERSATION)?;
        let read = |row: &Row<'_>| Ok(Conversation { prompt: row.get("prompt")?, answer: row.get("answer")? });
        statement.query_row(params![id.to_be_bytes()], read).optional()
    }
}

fn comparable(row: &Row<'_>) -> rusqlite::Result<Comparable> {
    let (judged, so): (bool, Option<bool>) = (row.get("judged")?, row.get("so")?);
    let so = so == Some(true);
    let verdicts = [row.get("first")?, row.get("second")?];
    Ok(Comparable {
        id: u128::from_be_bytes(row.get("id")?),
        category: row.get("category")?,
        model: row.get("model")?,
        output: row.get::<_, i64>("output_tokens")?.unsigned_abs(),
        tools: row.get("tools")?,
        kept: row.get("kept")?,
        answer_kept: row.get("answer_kept")?,
        judged: so.then_some(verdicts),
        judged_otherwise: judged && !so,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, Judgement, Marks, Text, row, schema};
    use routing::{DecidedBy, Record};

    fn entry(id: u128, model: &str, prompt: Option<&str>, answer: Option<&str>) -> Entry {
        let record = Record {
            id: id << 80,
            router: Some("auto".into()),
            category: Some("code".into()),
            decided_by: Some(DecidedBy::Embedded),
            model: Some(model.into()),
            status: 200,
            tools: id == 2,
            ..Record::default()
        };
        let text = prompt.map(|prompt| Text { prompt: Some(prompt.into()), answer: answer.map(Into::into) });
        Entry { record, text }
    }

    #[test]
    fn answered_requests_are_read_with_what_is_kept_and_what_this_judge_said() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let writer = schema::open(&path).unwrap();
        let mut failed = entry(3, "small", Some("[3]"), None);
        failed.record.status = 503;
        let mut broken = entry(4, "small", Some("[4]"), None);
        broken.record.error = Some("upstream_interrupted".into());
        let mut other = entry(5, "small", Some("[5]"), None);
        other.record.router = Some("other".into());
        let mut named = entry(6, "small", Some("[6]"), None);
        named.record.decided_by = Some(DecidedBy::Override);
        let mut all = vec![entry(1, "small", Some("[1]"), Some("hello")), entry(2, "large", None, None)];
        all.extend([failed, broken, other, named]);
        all.iter().for_each(|entry| assert!(row::insert(&writer, entry).unwrap()));
        let judgement = Judgement {
            id: 1 << 80,
            judge: "judge".into(),
            baseline: "large".into(),
            first: Some(1.0),
            ..Judgement::default()
        };
        Marks::open(&path).unwrap().judgement(&judgement).unwrap();
        let reader = Reader::open(&path).unwrap();
        let read = |names: [&str; 2]| {
            let mut all = Vec::new();
            reader.comparable("auto", 0, names, &mut |row| all.push(row)).unwrap();
            all
        };
        let rows = read(["judge", "large"]);
        assert_eq!(rows.iter().map(|row| row.id >> 80).collect::<Vec<_>>(), [1, 2]);
        assert_eq!(rows.iter().map(|row| row.tools).collect::<Vec<_>>(), [Some(false), Some(true)]);
        assert_eq!((rows[0].kept, rows[0].answer_kept, rows[0].judged), (true, true, Some([Some(1.0), None])));
        assert_eq!((rows[1].kept, rows[1].answer_kept, rows[1].judged), (false, false, None));
        for names in [["other", "large"], ["judge", "small"]] {
            assert_eq!((read(names)[0].judged, read(names)[0].judged_otherwise), (None, true));
        }
        assert!(!rows[0].judged_otherwise && !rows[1].judged_otherwise);
        let kept = Conversation { prompt: "[1]".into(), answer: Some("hello".into()) };
        assert_eq!((reader.conversation(1 << 80).unwrap(), reader.conversation(2 << 80).unwrap()), (Some(kept), None));
    }
}
