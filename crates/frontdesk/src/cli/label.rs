//! `frontdesk label`: one key a row.

mod keys;
mod terminal;
mod sheet;
mod show;
mod beside;
mod import;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use routing::Category;
use serde::Serialize;
use serde_json::json;

use self::beside::Beside;
use self::import::Imported;
use self::keys::{Answer, Input, Keys};
use self::sheet::Sheet;
use super::{Configured, NO, files, recorded};

/// Ask for the labels of a sample in the terminal, one key each.
///
/// Every answer is in the file before the next row is shown, so it can be left and taken up at any time. It is also in the
/// ledger that the configuration names (frontdesk.toml of this folder where none is given), where the row is of a request.
#[derive(clap::Args)]
pub(super) struct Label {
    /// Rows to label, as `frontdesk sample` writes them: JSON Lines of `messages` or `text`.
    file: PathBuf,
    #[command(flatten)]
    configured: Configured,
    /// Ask nothing: put the labels of a file that was labelled elsewhere into the ledger.
    #[arg(long, conflicts_with_all = ["show_said", "file_only"])]
    import: bool,
    /// Leave the ledger alone.
    #[arg(long)]
    file_only: bool,
    /// Show what the gateway said, which leads whoever labels.
    #[arg(long)]
    show_said: bool,
    /// Print what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl Label {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let configured = self.configured();
        if self.import {
            return self.import(&configured);
        }
        let mut sheet = Sheet::read(&self.file)?;
        let (categories, mut beside) = self.open(&configured)?;
        let keys = Keys::of(categories.iter().map(|category| category.name.as_str()))?;
        let queue = sheet.queue();
        if !queue.is_empty() {
            anstream::eprintln!("{}", show::categories(&categories, &keys));
            let mut book = Book { sheet: &mut sheet, beside: &mut beside };
            self.ask(&mut book, &queue, &keys, &mut Input::open()?)?;
        }
        self.tell(&sheet, &beside)?;
        Ok(ExitCode::SUCCESS)
    }

    /// The configuration that was named, else the one of this folder, where there is one.
    fn configured(&self) -> Configured {
        let here = Path::new(recorded::CONFIG);
        let config = self.configured.config.clone().or_else(|| here.exists().then(|| here.to_owned()));
        Configured { config, router: self.configured.router.clone() }
    }

    /// The categories to choose from, and the ledger beside the file.
    fn open(&self, configured: &Configured) -> anyhow::Result<(Vec<Category>, Beside)> {
        let Some(path) = &configured.config else {
            if !self.file_only {
                anstream::eprintln!(
                    "There is no {} here, so labels go into {} only; --config names the gateway's",
                    recorded::CONFIG,
                    self.file.display()
                );
            }
            return Ok((files::given(configured)?.router.categories, Beside::default()));
        };
        let config = files::offline(path)?;
        let categories = files::router(&config, path, configured.router.as_deref())?.categories.clone();
        let beside = if self.file_only { Ok(Beside::default()) } else { Beside::of(&config) };
        let beside = beside.unwrap_or_else(|why| {
            anstream::eprintln!("Labels go into {} only: {why:#}", self.file.display());
            Beside::default()
        });
        Ok((categories, beside))
    }

    fn import(&self, configured: &Configured) -> anyhow::Result<ExitCode> {
        let Some(path) = &configured.config else {
            bail!("there is no {} here: name the configuration of the gateway with --config", recorded::CONFIG);
        };
        let config = files::offline(path)?;
        let routers = config.table.routers.iter().filter(|router| {
            let named = configured.router.as_ref();
            named.is_none_or(|name| router.name == *name)
        });
        let categories: Vec<&str> =
            routers.flat_map(|router| &router.categories).map(|category| category.name.as_str()).collect();
        let text = std::fs::read_to_string(&self.file);
        let text = text.with_context(|| format!("{} cannot be read", self.file.display()))?;
        let mut beside = Beside::of(&config)?;
        let imported = import::import(&text, &categories, &mut beside)?;
        if self.json {
            let summary = Summary { file: &self.file, ledger: beside.path(), imported: &imported };
            anstream::println!("{}", serde_json::to_string(&summary)?);
        } else {
            let ledger = beside.path().unwrap_or_default();
            anstream::println!("{}", imported.sentence(&self.file.display().to_string(), &ledger));
        }
        Ok(if imported.is_whole() { ExitCode::SUCCESS } else { ExitCode::from(NO) })
    }

    /// Goes through the rows that have no label, until the end or until whoever labels has had enough.
    fn ask(&self, book: &mut Book<'_>, queue: &[usize], keys: &Keys<'_>, input: &mut Input) -> anyhow::Result<()> {
        let mut done = 0;
        loop {
            let Some(row) = queue.get(done).copied() else {
                anstream::eprintln!("That was the last. u: undo it; any other key: end");
                match input.next()?.map(|key| keys.answer(key)) {
                    Some(Answer::Undo) => book.undo(queue, &mut done)?,
                    _ => return Ok(()),
                }
                continue;
            };
            anstream::eprint!("{}", show::row(book.sheet, row, self.show_said));
            anstream::eprintln!("{}", keys.line());
            let Some(key) = input.next()? else { return Ok(()) };
            match keys.answer(key) {
                Answer::Label(label) => {
                    anstream::eprintln!("→ {label}");
                    book.label(row, label)?;
                    done += 1;
                }
                Answer::Skip => {
                    anstream::eprintln!("→ skipped");
                    book.sheet.skip(row)?;
                    done += 1;
                }
                Answer::Undo => book.undo(queue, &mut done)?,
                Answer::Quit => return Ok(()),
                Answer::Unknown => anstream::eprintln!("no such key"),
            }
        }
    }

    fn tell(&self, sheet: &Sheet, beside: &Beside) -> anyhow::Result<()> {
        let (rows, labelled, skipped) = (sheet.len(), sheet.labelled(), sheet.skipped());
        let (left, file) = (rows - labelled, self.file.display());
        if self.json {
            let summary = json!({
                "file": self.file, "rows": rows, "labelled": labelled, "skipped": skipped, "left": left,
                "ledger": beside.path(), "in_ledger": beside.written(), "not_in_ledger": beside.missing(),
            });
            anstream::println!("{summary}");
            return Ok(());
        }
        let mut text =
            format!("{file}: {labelled} of {rows} rows have a label, {left} have none, {skipped} of them skipped\n");
        text.push_str(&beside.sentences());
        if labelled > 0 {
            let all = if beside.written() > 0 { ", or frontdesk eval --ledger for all labels so far" } else { "" };
            text.push_str(&format!("Next: frontdesk eval {file}{all}\n"));
        }
        anstream::print!("{text}");
        Ok(())
    }
}

/// What an import says as JSON.
#[derive(Serialize)]
struct Summary<'a> {
    file: &'a Path,
    ledger: Option<String>,
    #[serde(flatten)]
    imported: &'a Imported,
}

/// Where answers go.
struct Book<'a> {
    sheet: &'a mut Sheet,
    beside: &'a mut Beside,
}

impl Book<'_> {
    /// Gives a row its label, in the file first.
    fn label(&mut self, row: usize, label: &str) -> anyhow::Result<()> {
        self.sheet.label(row, label)?;
        self.beside.label(self.sheet.request(row), Some(label))
    }

    /// Goes back to the row before, which loses its answer.
    fn undo(&mut self, queue: &[usize], done: &mut usize) -> anyhow::Result<()> {
        let Some(before) = done.checked_sub(1) else {
            anstream::eprintln!("nothing was answered since the start");
            return Ok(());
        };
        if let Some(row) = queue.get(before) {
            self.sheet.forget(*row)?;
            self.beside.label(self.sheet.request(*row), None)?;
        }
        *done = before;
        Ok(())
    }
}
