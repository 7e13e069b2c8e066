//! Labels of a file that was labelled elsewhere, into the ledger.

use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::beside::Beside;
use crate::names::near;

/// Lines that are told about; the rest is counted.
const MOST_TOLD: usize = 20;

/// What became of the rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Imported {
    /// Rows that are not empty.
    pub(super) rows: usize,
    /// Requests that have the label of the file now.
    pub(super) imported: usize,
    /// Rows that have no label yet.
    pub(super) unlabelled: usize,
    /// Labelled rows that are of no request.
    pub(super) without_request: usize,
    /// Requests that the ledger does not have.
    pub(super) not_in_ledger: usize,
    /// Lines that are no row, or whose label is no category.
    pub(super) broken: usize,
}

/// What is read of a row.
#[derive(Debug, PartialEq, Eq)]
enum Read<'a> {
    Label(u128, &'a str),
    Unlabelled,
    WithoutRequest,
}

#[derive(Deserialize)]
struct Row {
    #[serde(default)]
    label: Value,
    #[serde(default)]
    request_id: Value,
}

/// Takes over what a file says. Lines that are wrong are told on stderr, and the rest is used.
///
/// # Errors
/// When the ledger cannot be written.
pub(super) fn import(text: &str, categories: &[&str], beside: &mut Beside) -> anyhow::Result<Imported> {
    let mut imported = Imported::default();
    for (position, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        imported.rows += 1;
        let row = serde_json::from_str::<Row>(line).map_err(|error| format!("it is no row: {error}"));
        match row.as_ref().map_err(Clone::clone).and_then(|row| read(row, categories)) {
            Ok(Read::Label(id, label)) => beside.label(Some(id), Some(label))?,
            Ok(Read::Unlabelled) => imported.unlabelled += 1,
            Ok(Read::WithoutRequest) => imported.without_request += 1,
            Err(why) => {
                imported.broken += 1;
                if imported.broken <= MOST_TOLD {
                    anstream::eprintln!("line {}: {why}", position + 1);
                }
            }
        }
    }
    (imported.imported, imported.not_in_ledger) = (beside.written(), beside.missing());
    Ok(imported)
}

fn read<'a>(row: &'a Row, categories: &[&str]) -> Result<Read<'a>, String> {
    let label = match &row.label {
        Value::Null => return Ok(Read::Unlabelled),
        Value::String(label) if label.is_empty() => return Ok(Read::Unlabelled),
        Value::String(label) => label.as_str(),
        _ => return Err("its `label` is no text".into()),
    };
    if !categories.contains(&label) {
        let short: String = label.chars().filter(|c| !c.is_control()).take(60).collect();
        return Err(format!("no router has a category `{short}`; {}", near(&short, categories.iter().copied())));
    }
    match &row.request_id {
        Value::Null => Ok(Read::WithoutRequest),
        Value::String(id) => match Uuid::parse_str(id) {
            Ok(id) => Ok(Read::Label(id.as_u128(), label)),
            Err(_) => Err("its `request_id` is none: `frontdesk sample` writes them".into()),
        },
        _ => Err("its `request_id` is no text".into()),
    }
}

impl Imported {
    /// Whether everything that has a label is in the ledger now, but for rows that are of no request.
    pub(super) fn is_whole(&self) -> bool {
        self.broken == 0 && self.not_in_ledger == 0
    }

    /// In words.
    pub(super) fn sentence(&self, file: &str, ledger: &str) -> String {
        let Self { rows, imported, unlabelled, without_request, not_in_ledger, broken } = self;
        let mut text = format!("{file}: of {rows} rows, {imported} gave their request a label in {ledger}");
        let parts = [
            (unlabelled, "have no label yet"),
            (without_request, "are of no request"),
            (not_in_ledger, "are of requests that it does not have: forgotten, or of another ledger"),
            (broken, "are broken or have a label that is no category"),
        ];
        for (count, what) in parts.into_iter().filter(|(count, _)| **count > 0) {
            text.push_str(&format!("\n{count} {what}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "019abcde-f012-7345-8678-9abcdef01234";

    fn check(row: &str, expected: Result<Read<'_>, &str>) {
        let row: Row = serde_json::from_str(row).unwrap();
        match (read(&row, &["simple", "code"]), expected) {
            (Err(said), Err(expected)) => assert!(said.contains(expected), "{said}"),
            (said, expected) => assert_eq!(said, expected.map_err(ToOwned::to_owned)),
        }
    }

    #[test]
    fn a_row_is_a_label_of_a_request_or_says_why_not() {
        let id = Uuid::parse_str(ID).unwrap().as_u128();
        check(&format!(r#"{{"request_id":"{ID}","label":"code","x":1}}"#), Ok(Read::Label(id, "code")));
        check(&format!(r#"{{"request_id":"{ID}","label":null}}"#), Ok(Read::Unlabelled));
        check(&format!(r#"{{"request_id":"{ID}"}}"#), Ok(Read::Unlabelled));
        check(r#"{"label":"code"}"#, Ok(Read::WithoutRequest));
        check(r#"{"label":"cod"}"#, Err("did you mean `code`?"));
        check(r#"{"label":7}"#, Err("no text"));
        check(r#"{"label":"code","request_id":"7"}"#, Err("`request_id` is none"));
        check(r#"{"label":"code","request_id":7}"#, Err("no text"));
    }

    #[test]
    fn lines_that_are_wrong_are_counted_and_the_rest_is_used() {
        let text = "{\n\n{\"label\":\"code\"}\n{\"label\":\"x\"}\n{\"text\":\"y\"}\n";
        let imported = import(text, &["code"], &mut Beside::default()).unwrap();
        let expected = Imported { rows: 4, broken: 2, without_request: 1, unlabelled: 1, ..Imported::default() };
        assert_eq!(imported, expected);
        assert!(!imported.is_whole());
        let told = imported.sentence("f", "l");
        assert_eq!(told.lines().count(), 4, "{told}");
    }
}
