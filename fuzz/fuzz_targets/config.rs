//! Any file is a configuration or a list of mistakes, each within the file.
#![no_main]

use frontdesk::config::{Outside, parse};
use libfuzzer_sys::fuzz_target;

struct Nothing;

impl Outside for Nothing {
    fn variable(&self, _name: &str) -> Option<String> {
        Some("x".into())
    }

    fn file(&self, _path: &str) -> std::io::Result<Vec<u8>> {
        Err(std::io::ErrorKind::NotFound.into())
    }
}

fuzz_target!(|text: &str| {
    if let Err(problems) = parse("fuzz.toml", text, &Nothing) {
        assert!(!problems.problems.is_empty());
        let _shown = problems.to_string();
    }
});
