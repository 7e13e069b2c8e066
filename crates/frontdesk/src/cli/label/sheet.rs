//! The file that is labelled.

use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use classify::dataset::conversation;
use indexmap::IndexMap;
use routing::Turn;
use serde_json::value::{RawValue, to_raw_value};

use crate::cli::files;

/// Rows that wait for labels. Everything but the label stays byte for byte what it was.
#[derive(Debug)]
pub(super) struct Sheet {
    path: PathBuf,
    rows: Vec<Row>,
    /// The file as it was read or written last.
    text: String,
}

/// A row: its keys in their order.
type Row = IndexMap<String, Box<RawValue>>;

/// The key of the label.
const LABEL: &str = "label";
/// Says that a row was shown and left for later.
const SKIPPED: &str = "skipped";

impl Sheet {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read, or a line of it is no prompt.
    pub(super) fn read(path: &Path) -> anyhow::Result<Self> {
        let read = |path: &Path| std::fs::read_to_string(path);
        let text = read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        // Through links, so that the file itself is replaced and not the link to it.
        let path = path.canonicalize().with_context(|| format!("{} cannot be found", path.display()))?;
        let mut rows = Vec::new();
        for (position, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
            let row = conversation(line).and_then(|_| serde_json::from_str(line).map_err(|error| error.to_string()));
            rows.push(row.map_err(|why| anyhow::anyhow!("{}, line {}: {why}", path.display(), position + 1))?);
        }
        if rows.is_empty() {
            bail!("{} has no rows; `frontdesk sample --out FILE` draws some", path.display());
        }
        Ok(Self { path, rows, text })
    }

    /// How many rows there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How many have a label.
    pub(super) fn labelled(&self) -> usize {
        self.rows.iter().filter(|row| is_labelled(row)).count()
    }

    /// How many were left for later.
    pub(super) fn skipped(&self) -> usize {
        self.rows.iter().filter(|row| !is_labelled(row) && row.contains_key(SKIPPED)).count()
    }

    /// The rows without a label, in the file's order; those that were skipped come last.
    pub(super) fn queue(&self) -> Vec<usize> {
        let open = self.rows.iter().enumerate().filter(|(_, row)| !is_labelled(row));
        let mut queue: Vec<(bool, usize)> = open.map(|(position, row)| (row.contains_key(SKIPPED), position)).collect();
        queue.sort_unstable();
        queue.into_iter().map(|(_, position)| position).collect()
    }

    /// The conversation of a row, and whether tools are offered with it.
    pub(super) fn conversation(&self, row: usize) -> (Vec<Turn<'static>>, bool) {
        let line = self.rows.get(row).and_then(|row| serde_json::to_string(row).ok());
        line.and_then(|line| conversation(&line).ok()).unwrap_or_default()
    }

    /// The request that a row is of; `None`: it is of none.
    pub(super) fn request(&self, row: usize) -> Option<u128> {
        let id: String = serde_json::from_str(self.rows.get(row)?.get("request_id")?.get()).ok()?;
        Some(uuid::Uuid::parse_str(&id).ok()?.as_u128())
    }

    /// What the gateway said of a row, and how surely, as they stand there.
    pub(super) fn said(&self, row: usize) -> Option<(String, Option<f32>)> {
        let row = self.rows.get(row)?;
        let confidence = row.get("confidence").and_then(|raw| serde_json::from_str(raw.get()).ok());
        Some((serde_json::from_str(row.get("said")?.get()).ok()?, confidence))
    }

    /// Gives a row its label.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn label(&mut self, row: usize, label: &str) -> anyhow::Result<()> {
        let label = to_raw_value(label)?;
        self.change(row, |row| {
            row.insert(LABEL.into(), label);
            row.shift_remove(SKIPPED);
        })
    }

    /// Leaves a row for later.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn skip(&mut self, row: usize) -> anyhow::Result<()> {
        let yes = to_raw_value(&true)?;
        self.change(row, |row| {
            row.insert(SKIPPED.into(), yes);
        })
    }

    /// Takes back what was answered to a row.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn forget(&mut self, row: usize) -> anyhow::Result<()> {
        self.change(row, |row| {
            row.insert(LABEL.into(), RawValue::NULL.to_owned());
            row.shift_remove(SKIPPED);
        })
    }

    fn change(&mut self, row: usize, change: impl FnOnce(&mut Row)) -> anyhow::Result<()> {
        if let Some(row) = self.rows.get_mut(row) {
            change(row);
        }
        self.write().with_context(|| format!("{} cannot be written", self.path.display()))
    }

    /// Puts a new file in the place of the old one, so that a crash at any moment leaves one of both whole.
    fn write(&mut self) -> anyhow::Result<()> {
        if std::fs::read_to_string(&self.path)? != self.text {
            bail!("another program has changed it meanwhile; begin again, so that nothing of that is lost");
        }
        let mut text = String::new();
        for row in &self.rows {
            text.push_str(&serde_json::to_string(row)?);
            text.push('\n');
        }
        let mut file = tempfile::NamedTempFile::new_in(files::folder(&self.path))?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(std::fs::metadata(&self.path)?.permissions())?;
        file.as_file().sync_all()?;
        file.persist(&self.path)?;
        self.text = text;
        Ok(())
    }
}

fn is_labelled(row: &Row) -> bool {
    row.get(LABEL).is_some_and(|label| !matches!(label.get(), "null" | "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = r#"{"text": "a\u0041", "big":12345678901234567890123, "label":null,"z":1}"#;
    const SECOND: &str = r#"{"text":"b"}"#;

    fn sheet(folder: &tempfile::TempDir, lines: &[&str]) -> anyhow::Result<Sheet> {
        let path = folder.path().join("rows.jsonl");
        std::fs::write(&path, lines.join("\n")).unwrap();
        Sheet::read(&path)
    }

    fn lines(sheet: &Sheet) -> Vec<String> {
        std::fs::read_to_string(&sheet.path).unwrap().lines().map(ToOwned::to_owned).collect()
    }

    #[test]
    fn only_the_label_changes_and_every_answer_is_on_disk_at_once() {
        let folder = tempfile::tempdir().unwrap();
        let mut sheet = sheet(&folder, &[FIRST, "", SECOND]).unwrap();
        sheet.label(0, "co\"de").unwrap();
        let first = r#"{"text":"a\u0041","big":12345678901234567890123,"label":"co\"de","z":1}"#;
        assert_eq!(lines(&sheet), [first, SECOND]);
        sheet.skip(1).unwrap();
        assert_eq!(lines(&sheet)[1], r#"{"text":"b","skipped":true}"#);
        assert_eq!((sheet.len(), sheet.labelled(), sheet.skipped(), sheet.queue()), (2, 1, 1, vec![1]));
        sheet.forget(0).unwrap();
        assert_eq!(sheet.queue(), [0, 1]);
        sheet.skip(0).unwrap();
        sheet.forget(1).unwrap();
        assert_eq!((sheet.queue(), lines(&sheet)[1].as_str()), (vec![1, 0], r#"{"text":"b","label":null}"#));
    }

    #[test]
    fn what_others_wrote_meanwhile_is_not_overwritten() {
        let folder = tempfile::tempdir().unwrap();
        let mut sheet = sheet(&folder, &[SECOND]).unwrap();
        std::fs::write(&sheet.path, FIRST).unwrap();
        let refused = format!("{:#}", sheet.label(0, "code").unwrap_err());
        assert!(refused.contains("changed it meanwhile"), "{refused}");
        assert_eq!(lines(&sheet), [FIRST]);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_permissions_stay_as_they_were() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let target = sheet(&folder, &[SECOND]).unwrap().path;
        std::fs::set_permissions(&target, std::fs::Permissions::from_mode(0o640)).unwrap();
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&target, &link).unwrap();
        Sheet::read(&link).unwrap().label(0, "code").unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
        assert!(std::fs::read_to_string(&target).unwrap().contains("code"));
    }

    #[test]
    fn files_that_are_none_are_refused_by_their_line() {
        let folder = tempfile::tempdir().unwrap();
        let refusal = |lines: &[&str]| sheet(&folder, lines).unwrap_err().to_string();
        assert!(refusal(&[SECOND, "{"]).contains("line 2"));
        assert!(refusal(&[r#"{"label":"x"}"#]).contains("`text` or `messages`"));
        assert!(refusal(&["", ""]).contains("has no rows"));
    }
}
