//! `frontdesk init`.

use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Context;

use super::NO;

/// Each preset with its starter file.
pub(crate) const PRESETS: [(&str, &str); 6] = [
    ("cheapestinference", include_str!("../../../../config/cheapestinference.toml")),
    ("openrouter", include_str!("../../../../config/openrouter.toml")),
    ("openai", include_str!("../../../../config/openai.toml")),
    ("anthropic", include_str!("../../../../config/anthropic.toml")),
    ("ollama", include_str!("../../../../config/ollama.toml")),
    ("two-tier", include_str!("../../../../config/two-tier.toml")),
];

/// Write a starter configuration.
#[derive(clap::Args)]
pub(super) struct Init {
    /// Whose models it begins with.
    #[arg(long, default_value = "cheapestinference", value_parser = clap::builder::PossibleValuesParser::new(PRESETS.map(|(name, _)| name)))]
    preset: String,
    /// Where it goes; a file that is there already is left alone. `-` prints it.
    #[arg(long, default_value = "frontdesk.toml")]
    out: PathBuf,
    /// Say what was done as JSON.
    #[arg(long)]
    json: bool,
}

impl Init {
    pub(super) fn run(&self) -> anyhow::Result<ExitCode> {
        let text = PRESETS.iter().find(|(name, _)| *name == self.preset).map_or("", |(_, text)| text);
        if self.out.as_os_str() == "-" {
            anstream::print!("{text}");
            return Ok(ExitCode::SUCCESS);
        }
        let file = std::fs::OpenOptions::new().write(true).create_new(true).open(&self.out);
        let path = self.out.display();
        match file {
            Ok(mut file) => file.write_all(text.as_bytes()).with_context(|| format!("{path} cannot be written"))?,
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                anstream::eprintln!("{path} is there already and was left alone; name another file with --out");
                return Ok(ExitCode::from(NO));
            }
            Err(error) => return Err(error).with_context(|| format!("{path} cannot be written")),
        }
        if self.json {
            anstream::println!("{}", serde_json::json!({"file": self.out, "preset": self.preset}));
            return Ok(ExitCode::SUCCESS);
        }
        anstream::println!("{path} was written. Next:");
        for variable in variables(text) {
            anstream::println!("  export {variable}=…");
        }
        anstream::println!("  frontdesk check --config {path}\n  frontdesk serve --config {path}");
        Ok(ExitCode::SUCCESS)
    }
}

/// The environment variables that a starter file names.
fn variables(text: &str) -> impl Iterator<Item = &str> {
    text.split("\"env:").skip(1).filter_map(|rest| rest.split('"').next())
}
