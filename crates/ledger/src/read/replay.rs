//! Reading a router's requests to replay them under another configuration.

use std::ops::Range;

use routing::record::Costing;
use routing::{NanoUsd, Usage};
use rusqlite::{Row, params};

use super::Reader;
use crate::row::first_id_at;

/// A request as it was, borrowed from the row.
#[derive(Clone, Debug, PartialEq)]
pub struct Replayed<'a> {
    /// Its id, a UUID.
    pub id: u128,
    /// When it came in, microseconds since the Unix epoch.
    pub time_us: i64,
    /// The category; `None` where a rule named a model.
    pub category: Option<&'a str>,
    /// What decided, by its word.
    pub decided_by: &'a str,
    /// How sure the classifier was.
    pub confidence: Option<f32>,
    /// The model that answered; empty where none did.
    pub model: &'a str,
    /// Whether its client got its whole answer.
    pub answered: bool,
    /// Whether tools were offered; `None`: the row is from before that was written down.
    pub tools: Option<bool>,
    /// Tokens of all attempts.
    pub usage: Usage,
    /// Cost of all attempts and of the model that was asked for the category.
    pub cost: NanoUsd,
    /// How the cost is known.
    pub costing: Costing,
    /// To the end, microseconds.
    pub total_us: u64,
    /// The conversation, as the JSON of the caller's `messages`, where it is kept and was asked for.
    pub prompt: Option<&'a str>,
}

const COLUMNS: &str = "requests.id, time_us, category, decided_by, confidence, model, status < 400 AND error IS NULL,
    input_tokens, cached_tokens, output_tokens, reasoning_tokens,
    cost_nano_usd + coalesce(classifier_cost_nano_usd, 0), costing, total_us";
const OF_ROUTER: &str = "requests.id >= ?1 AND requests.id < ?2 AND router = ?3 ORDER BY requests.id";

impl Reader {
    /// Calls `each` with the requests of a period (microseconds since the Unix epoch) that a router decided on, oldest
    /// first; with their prompts where `prompts` asks for them.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn replay(
        &self,
        router: &str,
        period: &Range<i64>,
        prompts: bool,
        each: &mut dyn FnMut(Replayed<'_>),
    ) -> rusqlite::Result<()> {
        let tools = if self.version < crate::schema::WITH_TOOLS { "NULL" } else { "tools" };
        let (prompt, texts) = if prompts { ("prompt", "LEFT JOIN texts USING (id)") } else { ("NULL", "") };
        let sql = format!("SELECT {COLUMNS}, {tools}, {prompt} FROM requests {texts} WHERE {OF_ROUTER}");
        let mut statement = self.connection.prepare_cached(&sql)?;
        let mut rows = statement.query(params![first_id_at(period.start), first_id_at(period.end), router])?;
        while let Some(row) = rows.next()? {
            each(replayed(row)?);
        }
        Ok(())
    }
}

/// By position, in the order of [`COLUMNS`]: names would be looked up a million times.
fn replayed<'a>(row: &'a Row<'_>) -> rusqlite::Result<Replayed<'a>> {
    let text = |column: usize| row.get_ref(column).map(|value| value.as_str_or_null().ok().flatten());
    let number = |column: usize| row.get::<_, i64>(column).map(i64::unsigned_abs);
    Ok(Replayed {
        id: u128::from_be_bytes(row.get(0)?),
        time_us: row.get(1)?,
        category: text(2)?,
        decided_by: text(3)?.unwrap_or_default(),
        confidence: super::single(row.get(4)?),
        model: text(5)?.unwrap_or_default(),
        answered: row.get(6)?,
        usage: Usage { input: number(7)?, cached: number(8)?, output: number(9)?, reasoning: number(10)? },
        cost: NanoUsd(number(11)?),
        costing: match text(12)?.unwrap_or_default() {
            "measured" => Costing::Measured,
            "estimated" => Costing::Estimated,
            _ => Costing::Unpriced,
        },
        total_us: number(13)?,
        tools: row.get(14)?,
        prompt: text(15)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Entry, Text, row, schema};
    use routing::record::ClassifierRow;
    use routing::{DecidedBy, Record};

    #[test]
    fn a_routers_requests_come_in_order_with_their_prompts_where_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("ledger.db");
        let connection = schema::open(&path).unwrap();
        let judge = ClassifierRow {
            model: "judge".into(),
            outcome: "answered",
            usage: Usage::default(),
            cost: NanoUsd(5),
            total_us: 1,
        };
        for (second, router, status) in [(2_u128, "auto", 200), (1, "auto", 200), (3, "auto", 502), (4, "other", 200)] {
            let record = Record {
                id: (second * 1_000) << 80,
                router: Some(router.into()),
                category: Some("code".into()),
                confidence: Some(0.81),
                decided_by: Some(DecidedBy::Llm),
                model: Some("small".into()),
                classifier: Some(judge.clone()),
                status,
                tools: second == 2,
                cost: NanoUsd(7),
                costing: Costing::Estimated,
                ..Record::default()
            };
            let text = (second == 2).then(|| Text { prompt: Some("[2]".into()), answer: None });
            row::insert(&connection, &Entry { record, text }).unwrap();
        }
        let reader = Reader::open(&path).unwrap();
        let read = |prompts, start| {
            let mut all = Vec::new();
            let mut each = |row: Replayed<'_>| {
                assert_eq!((row.category, row.decided_by, row.model, row.cost.0), (Some("code"), "llm", "small", 12));
                assert_eq!((row.confidence, row.costing), (Some(0.81), Costing::Estimated));
                assert_eq!(row.tools, Some(row.id >> 80 == 2_000));
                all.push(((row.id >> 80) / 1_000, row.answered, row.prompt.map(ToOwned::to_owned)));
            };
            reader.replay("auto", &(start..i64::MAX), prompts, &mut each).unwrap();
            all
        };
        assert_eq!(read(false, 0), [(1, true, None), (2, true, None), (3, false, None)]);
        assert_eq!(read(true, 2_000_000), [(2, true, Some("[2]".into())), (3, false, None)]);
        connection.execute_batch("ALTER TABLE requests DROP COLUMN tools; PRAGMA user_version = 3").unwrap();
        let older = Reader::open(&path).unwrap();
        older.replay("auto", &(0..i64::MAX), true, &mut |row| assert_eq!(row.tools, None)).unwrap();
    }
}
