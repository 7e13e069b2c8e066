//! `frontdesk sample`.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use classify::sample::{Band, Drawn, FEW, Sampler, Stratum};
use ledger::{Reader, Routed};
use serde::Serialize;
use serde_json::value::RawValue;

use super::{NO, files, recorded};
use crate::config::Config;

/// Draw requests of the ledger to label: few enough to look at, weighted so that they stand for all.
#[derive(clap::Args)]
pub(super) struct Sample {
    /// How many requests.
    #[arg(short, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    n: u32,
    /// The configuration, which names the ledger.
    #[arg(long, default_value = "frontdesk.toml")]
    config: PathBuf,
    /// The router whose requests are meant; otherwise the first.
    #[arg(long)]
    router: Option<String>,
    /// Only requests of the last `7d`, `12h`; otherwise all that the ledger has.
    #[arg(long, value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// Draw also from the requests that have a label already.
    #[arg(long)]
    again: bool,
    /// The same seed draws the same requests of the same ledger.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Where the rows go, JSON Lines; otherwise to the standard output. A file that is there already is left alone.
    #[arg(long)]
    out: Option<PathBuf>,
    /// Say what was drawn as JSON: on the standard output with --out, otherwise on the standard error.
    #[arg(long)]
    json: bool,
}

/// A row to label.
#[derive(Serialize)]
struct Row<'a> {
    messages: &'a RawValue,
    /// Whether tools were offered; the ledger does not keep which.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    tools: bool,
    said: &'a str,
    confidence: Option<f32>,
    decided_by: &'a str,
    decision_us: u64,
    request_id: String,
    /// How many requests the row stands for.
    weight: f64,
    label: Option<&'a str>,
}

/// What was drawn from what.
#[derive(Serialize)]
struct Summary<'a> {
    rows: usize,
    asked_for: usize,
    router: &'a str,
    /// Requests that were given a category.
    routed: usize,
    /// Those of them whose prompt is kept and that have no label yet, which the sample stands for.
    kept: usize,
    /// Requests that have a label already and were left out.
    labelled: usize,
    strata: usize,
    /// Strata that nothing was drawn from, because fewer rows were asked for than there are strata.
    strata_left_out: usize,
    seed: u64,
    file: Option<&'a Path>,
}

impl Sample {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        if let Some(path) = self.out.as_deref().filter(|path| path.exists()) {
            return Ok(left_alone(path));
        }
        let config = files::offline(&self.config)?;
        let router = &files::router(&config, &self.config, self.router.as_deref())?.name;
        let reader = recorded::open(&config)?;
        let since_us = recorded::since_us(self.since);
        let known = if self.again { BTreeMap::new() } else { recorded::labels(&reader, router, since_us)? };
        let n = usize::try_from(self.n).unwrap_or(usize::MAX);
        let mut sampler = Sampler::new(n, self.seed);
        let (mut routed, mut kept, mut labelled) = (0, 0, 0);
        let mut offer = |request: Routed| {
            routed += 1;
            if request.kept && known.contains_key(&request.id) {
                labelled += 1;
            } else if request.kept {
                kept += 1;
                let stratum = Stratum { category: request.category.clone(), band: Band::of(request.confidence) };
                sampler.offer(stratum, request);
            }
        };
        reader.routed_since(router, since_us, &mut offer).context("the ledger cannot be read")?;
        if kept == 0 {
            bail!(self.nothing(&config, router, (routed, labelled)));
        }
        let sample = sampler.draw();
        let summary = Summary {
            rows: sample.rows.len(),
            asked_for: n,
            router,
            routed,
            kept,
            labelled,
            strata: sample.strata,
            strata_left_out: sample.left_out,
            seed: self.seed,
            file: self.out.as_deref(),
        };
        if !self.write(&reader, &sample.rows)? {
            return Ok(self.out.as_deref().map_or(ExitCode::from(NO), left_alone));
        }
        self.tell(&summary)?;
        Ok(ExitCode::SUCCESS)
    }

    /// Why there is nothing to draw from.
    fn nothing(&self, config: &Config, router: &str, (routed, labelled): (usize, usize)) -> String {
        let when = if self.since.is_some() { " in that time" } else { "" };
        if labelled > 0 {
            return format!(
                "all {labelled} requests whose prompt is kept{when} have a label: `frontdesk eval --ledger` measures by \
                 them; --again draws from them again"
            );
        }
        if routed == 0 {
            return format!("the ledger {} has no request that `{router}` gave a category{when}", config.ledger.path);
        }
        let texts = format!("`{router}` gave {routed} requests a category{when}, but no prompt of them is kept");
        if config.ledger.keep_prompts {
            return format!(
                "{texts}: they are from before [ledger] text was set, or were sent with x-frontdesk-text: none"
            );
        }
        format!(
            "{texts}: write text = \"prompts\" under [ledger] in {} and let the gateway serve for a while",
            self.config.display()
        )
    }

    /// Writes the rows, one at a time; `false`: the file has come to be meanwhile.
    fn write(&self, reader: &Reader, rows: &[Drawn<Routed>]) -> anyhow::Result<bool> {
        let Some(path) = &self.out else {
            write_rows(reader, rows, &mut std::io::stdout().lock())?;
            return Ok(true);
        };
        let failed = || format!("{} cannot be written", path.display());
        // Beside its place under another name first, for its owner only: prompts are private.
        let mut file = tempfile::NamedTempFile::new_in(files::folder(path)).with_context(failed)?;
        let mut buffered = std::io::BufWriter::new(file.as_file_mut());
        write_rows(reader, rows, &mut buffered)?;
        buffered.flush().with_context(failed)?;
        drop(buffered);
        match file.persist_noclobber(path) {
            Ok(_) => Ok(true),
            Err(error) if error.error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error.error).with_context(failed),
        }
    }

    fn tell(&self, summary: &Summary<'_>) -> anyhow::Result<()> {
        let text = if self.json { serde_json::to_string(summary)? } else { sentences(summary) };
        if self.out.is_some() {
            anstream::println!("{text}");
        } else {
            anstream::eprintln!("{text}");
        }
        Ok(())
    }
}

fn write_rows(reader: &Reader, rows: &[Drawn<Routed>], to: &mut dyn Write) -> anyhow::Result<()> {
    for Drawn { item, weight } in rows {
        let request_id = uuid::Uuid::from_u128(item.id);
        let kept = reader.kept(item.id).context("the ledger cannot be read")?;
        let kept = kept.with_context(|| format!("the prompt of request {request_id} is gone"))?;
        // Between its tokens JSON may be broken into lines; within a string a line never ends.
        let messages: Box<RawValue> = RawValue::from_string(kept.prompt.replace(['\n', '\r'], " "))
            .with_context(|| format!("the prompt of request {request_id} is damaged"))?;
        let row = Row {
            messages: &messages,
            tools: kept.tools.unwrap_or(false),
            said: &item.category,
            confidence: item.confidence,
            decided_by: &kept.decided_by,
            decision_us: kept.decision_us,
            request_id: request_id.to_string(),
            weight: *weight,
            label: None,
        };
        writeln!(to, "{}", serde_json::to_string(&row)?).context("the rows cannot be written")?;
    }
    Ok(())
}

fn sentences(summary: &Summary<'_>) -> String {
    let Summary { rows, asked_for, router, routed, kept, strata, .. } = summary;
    let mut text = format!(
        "{rows} of the {kept} requests whose prompt is kept (of {routed} that `{router}` gave a category), from {strata} \
         strata of category and confidence"
    );
    if summary.labelled > 0 {
        let labelled = summary.labelled;
        text.push_str(&format!("; {labelled} that have a label already are left out (--again draws from them too)"));
    }
    if rows < asked_for {
        text.push_str("; there are no more");
    }
    if summary.strata_left_out > 0 {
        let (left_out, enough) = (summary.strata_left_out, FEW * strata);
        text.push_str(&format!(
            "\n{left_out} strata are not in it, so that it does not stand for all traffic: -n {enough} has {FEW} of each"
        ));
    }
    if let Some(path) = summary.file {
        let path = path.display();
        text.push_str(&format!("\nNext: frontdesk label {path}, then frontdesk eval {path}"));
    }
    text
}

fn left_alone(path: &Path) -> ExitCode {
    anstream::eprintln!(
        "{} is there already and was left alone, as labels may be in it; name another file with --out",
        path.display()
    );
    ExitCode::from(NO)
}
