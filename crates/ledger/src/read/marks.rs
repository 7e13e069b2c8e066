//! Reading what was said of requests later: feedback, labels, shadows and judgements.

use std::ops::Range;

use routing::NanoUsd;
use rusqlite::{Row, params};

use super::Reader;
use crate::row::first_id_at;

/// A request that its caller said something of.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Feedbacked {
    /// The request's id, a UUID.
    pub id: u128,
    /// Its router; `None` for an override.
    pub router: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The category that it was given.
    pub category: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// How good the answer was, 0 to 1.
    pub score: Option<f64>,
    /// What the category should have been.
    pub label: Option<String>,
}

/// A request that a person gave a label.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labelled {
    /// The request's id, a UUID.
    pub id: u128,
    /// Its router.
    pub router: String,
    /// Its key.
    pub key: Option<String>,
    /// The category that it was given.
    pub category: String,
    /// How surely.
    pub confidence: Option<f32>,
    /// The label.
    pub label: String,
    /// When it was given, microseconds since the Unix epoch.
    pub labelled_us: i64,
    /// The conversation, as the JSON of the caller's `messages`, where it is kept.
    pub prompt: Option<String>,
}

/// What another classifier would have said of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Shadowed {
    /// The request's id, a UUID.
    pub id: u128,
    /// Its router.
    pub router: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The category that it was given.
    pub category: Option<String>,
    /// The model that answered.
    pub model: Option<String>,
    /// Its input tokens.
    pub input: u64,
    /// Of them, from a provider's cache.
    pub cached: u64,
    /// Its output tokens.
    pub output: u64,
    /// What it cost.
    pub cost: NanoUsd,
    /// How long it took, microseconds.
    pub total_us: u64,
    /// Whether its client got its whole answer.
    pub answered: bool,
    /// The other classifier: `embedded`, `llm`, `cascade`.
    pub classifier: String,
    /// What that one would have said; `None`: nothing.
    pub said: Option<String>,
    /// How surely.
    pub confidence: Option<f32>,
    /// What asking it cost.
    pub shadow_cost: NanoUsd,
    /// How long it took, microseconds.
    pub took_us: u64,
}

/// What a judge said of a route's answer beside the baseline's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Judgement {
    /// The request's id, a UUID.
    pub id: u128,
    /// The category that the request was given.
    pub category: String,
    /// The route's model.
    pub model: String,
    /// The baseline.
    pub baseline: String,
    /// The model that judged.
    pub judge: String,
    /// With the route's answer first: 1 it is better, 0.5 as good, 0 worse; `None`: the judge's answer was nonsense.
    pub first: Option<f64>,
    /// With the baseline's answer first, on the same scale.
    pub second: Option<f64>,
    /// What both answers and both judgements cost.
    pub cost: NanoUsd,
    /// When it was judged, microseconds since the Unix epoch.
    pub time_us: i64,
}

const FEEDBACK: &str = "SELECT id, router, key, category, model, feedback_score, feedback_label
    FROM requests INDEXED BY feedback WHERE id >= ?1 AND id < ?2 AND
    (feedback_score IS NOT NULL OR feedback_label IS NOT NULL OR feedback_comment IS NOT NULL) ORDER BY id";
const LABELS: &str = "SELECT id, router, key, category, confidence, label, labels.time_us AS labelled_us, prompt
    FROM labels JOIN requests USING (id) LEFT JOIN texts USING (id)
    WHERE id >= ?1 AND id < ?2 AND router IS NOT NULL AND category IS NOT NULL ORDER BY id";
const SHADOWS: &str = "SELECT id, router, key, requests.category, model, input_tokens, cached_tokens, output_tokens,
    requests.cost_nano_usd, total_us, status < 400 AND error IS NULL AS answered, classifier,
    shadows.category AS said, shadows.confidence AS sure, shadows.cost_nano_usd AS shadow_cost, took_us
    FROM shadows JOIN requests USING (id) WHERE id >= ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3";
const JUDGEMENTS: &str = "SELECT judgements.* FROM judgements WHERE id >= ?1 AND id < ?2 ORDER BY id";
const JUDGED: &str = "SELECT judgements.*, router, key FROM judgements JOIN requests USING (id)
    WHERE id >= ?1 AND id < ?2 ORDER BY id";

impl Reader {
    /// Calls `each` with the requests of a period that have feedback, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn feedback(&self, period: &Range<i64>, each: &mut dyn FnMut(Feedbacked)) -> rusqlite::Result<()> {
        self.marks(FEEDBACK, period, None, &mut |row| {
            each(Feedbacked {
                id: id(row)?,
                router: row.get("router")?,
                key: row.get("key")?,
                category: row.get("category")?,
                model: row.get("model")?,
                score: row.get("feedback_score")?,
                label: row.get("feedback_label")?,
            });
            Ok(())
        })
    }

    /// Calls `each` with the requests of a period that people labelled, oldest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn labels(&self, period: &Range<i64>, each: &mut dyn FnMut(Labelled)) -> rusqlite::Result<()> {
        self.marks(LABELS, period, None, &mut |row| {
            each(Labelled {
                id: id(row)?,
                router: row.get("router")?,
                key: row.get("key")?,
                category: row.get("category")?,
                confidence: super::single(row.get("confidence")?),
                label: row.get("label")?,
                labelled_us: row.get("labelled_us")?,
                prompt: row.get("prompt")?,
            });
            Ok(())
        })
    }

    /// Calls `each` with at most so many requests of a period that another classifier was asked about, newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn shadows(&self, period: &Range<i64>, most: usize, each: &mut dyn FnMut(Shadowed)) -> rusqlite::Result<()> {
        self.marks(SHADOWS, period, Some(most), &mut |row| {
            each(Shadowed {
                id: id(row)?,
                router: row.get("router")?,
                key: row.get("key")?,
                category: row.get("category")?,
                model: row.get("model")?,
                input: unsigned(row, "input_tokens")?,
                cached: unsigned(row, "cached_tokens")?,
                output: unsigned(row, "output_tokens")?,
                cost: NanoUsd(unsigned(row, "cost_nano_usd")?),
                total_us: unsigned(row, "total_us")?,
                answered: row.get("answered")?,
                classifier: row.get("classifier")?,
                said: row.get("said")?,
                confidence: super::single(row.get("sure")?),
                shadow_cost: NanoUsd(unsigned(row, "shadow_cost")?),
                took_us: unsigned(row, "took_us")?,
            });
            Ok(())
        })
    }

    /// Calls `each` with the judgements of requests of a period, by the requests' age.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn judgements(&self, period: &Range<i64>, each: &mut dyn FnMut(Judgement)) -> rusqlite::Result<()> {
        self.marks(JUDGEMENTS, period, None, &mut |row| {
            each(judgement(row)?);
            Ok(())
        })
    }

    /// As [`Self::judgements`], each with the router and the key of its request.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn judged(
        &self,
        period: &Range<i64>,
        each: &mut dyn FnMut(Option<String>, Option<String>, Judgement),
    ) -> rusqlite::Result<()> {
        self.marks(JUDGED, period, None, &mut |row| {
            each(row.get("router")?, row.get("key")?, judgement(row)?);
            Ok(())
        })
    }

    /// Runs a query over a period; an older ledger has none of these rows.
    fn marks(
        &self,
        sql: &str,
        period: &Range<i64>,
        most: Option<usize>,
        each: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> rusqlite::Result<()> {
        if !self.has_tallies() {
            return Ok(());
        }
        let (start, end) = (first_id_at(period.start), first_id_at(period.end));
        let mut statement = self.connection.prepare_cached(sql)?;
        let mut rows = match most {
            Some(most) => statement.query(params![start, end, i64::try_from(most).unwrap_or(i64::MAX)])?,
            None => statement.query(params![start, end])?,
        };
        while let Some(row) = rows.next()? {
            each(row)?;
        }
        Ok(())
    }
}

fn judgement(row: &Row<'_>) -> rusqlite::Result<Judgement> {
    Ok(Judgement {
        id: id(row)?,
        category: row.get("category")?,
        model: row.get("model")?,
        baseline: row.get("baseline")?,
        judge: row.get("judge")?,
        first: row.get("first")?,
        second: row.get("second")?,
        cost: NanoUsd(unsigned(row, "cost_nano_usd")?),
        time_us: row.get("time_us")?,
    })
}

fn id(row: &Row<'_>) -> rusqlite::Result<u128> {
    Ok(u128::from_be_bytes(row.get("id")?))
}

fn unsigned(row: &Row<'_>, column: &str) -> rusqlite::Result<u64> {
    row.get::<_, i64>(column).map(i64::unsigned_abs)
}
