//! `frontdesk label`: one key a row.

mod keys;
mod terminal;
mod sheet;
mod show;

use std::path::PathBuf;
use std::process::ExitCode;

use serde_json::json;

use self::keys::{Answer, Input, Keys};
use self::sheet::Sheet;
use super::{Configured, files};

/// Ask for the labels of a sample in the terminal, one key each.
///
/// Every answer is in the file before the next row is shown, so it can be left and taken up at any time.
#[derive(clap::Args)]
pub(super) struct Label {
    /// Rows to label, as `frontdesk sample` writes them: JSON Lines of `messages` or `text`.
    file: PathBuf,
    #[command(flatten)]
    configured: Configured,
    /// Show what the gateway said, which leads whoever labels.
    #[arg(long)]
    show_said: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl Label {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let categories = files::any_router(&self.configured)?.categories;
        let keys = Keys::of(categories.iter().map(|category| category.name.as_str()))?;
        let mut sheet = Sheet::read(&self.file)?;
        let queue = sheet.queue();
        if !queue.is_empty() {
            anstream::eprintln!("{}", show::categories(&categories, &keys));
            self.ask(&mut sheet, &queue, &keys, &mut Input::open()?)?;
        }
        self.tell(&sheet)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Goes through the rows that have no label, until the end or until whoever labels has had enough.
    fn ask(&self, sheet: &mut Sheet, queue: &[usize], keys: &Keys<'_>, input: &mut Input) -> anyhow::Result<()> {
        let mut done = 0;
        loop {
            let Some(row) = queue.get(done).copied() else {
                anstream::eprintln!("That was the last. u: undo it; any other key: end");
                match input.next()?.map(|key| keys.answer(key)) {
                    Some(Answer::Undo) => self.undo(sheet, queue, &mut done)?,
                    _ => return Ok(()),
                }
                continue;
            };
            anstream::eprint!("{}", show::row(sheet, row, self.show_said));
            anstream::eprintln!("{}", keys.line());
            let Some(key) = input.next()? else { return Ok(()) };
            match keys.answer(key) {
                Answer::Label(label) => {
                    anstream::eprintln!("→ {label}");
                    sheet.label(row, label)?;
                    done += 1;
                }
                Answer::Skip => {
                    anstream::eprintln!("→ skipped");
                    sheet.skip(row)?;
                    done += 1;
                }
                Answer::Undo => self.undo(sheet, queue, &mut done)?,
                Answer::Quit => return Ok(()),
                Answer::Unknown => anstream::eprintln!("no such key"),
            }
        }
    }

    /// Goes back to the row before, which loses its answer.
    fn undo(&self, sheet: &mut Sheet, queue: &[usize], done: &mut usize) -> anyhow::Result<()> {
        let Some(before) = done.checked_sub(1) else {
            anstream::eprintln!("nothing was answered since the start");
            return Ok(());
        };
        if let Some(row) = queue.get(before) {
            sheet.forget(*row)?;
        }
        *done = before;
        Ok(())
    }

    fn tell(&self, sheet: &Sheet) -> anyhow::Result<()> {
        let (rows, labelled, skipped) = (sheet.len(), sheet.labelled(), sheet.skipped());
        let (left, file) = (rows - labelled, self.file.display());
        if self.json {
            let summary =
                json!({"file": self.file, "rows": rows, "labelled": labelled, "skipped": skipped, "left": left});
            anstream::println!("{summary}");
            return Ok(());
        }
        anstream::println!(
            "{file}: {labelled} of {rows} rows have a label, {left} have none, {skipped} of them skipped"
        );
        if labelled > 0 {
            anstream::println!("Next: frontdesk eval {file}");
        }
        Ok(())
    }
}
