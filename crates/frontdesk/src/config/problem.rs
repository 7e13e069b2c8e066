//! What is wrong with a configuration, told so that it can be mended.

use std::fmt;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};

/// One mistake.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Where it stands, in bytes of the file; empty at the beginning where it is about the whole file.
    pub span: Range<usize>,
    /// What is wrong.
    pub message: String,
    /// What to write instead.
    pub help: String,
}

/// Every mistake of a file, in the order of their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problems {
    /// The file's name, for people.
    pub file: String,
    /// Its text.
    pub text: String,
    /// The mistakes; never empty.
    pub problems: Vec<Problem>,
}

impl Problems {
    /// The line of a problem, from 1.
    #[must_use]
    pub fn line(&self, problem: &Problem) -> usize {
        let before = self.text.as_bytes().get(..problem.span.start).unwrap_or(self.text.as_bytes());
        memchr::memchr_iter(b'\n', before).count() + 1
    }
}

impl std::error::Error for Problems {}

/// One rendered snippet a problem, with file, line and remedy.
impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            let whole = self.text.len();
            let span = problem.span.start.min(whole)..problem.span.end.min(whole);
            let snippet = Snippet::source(&self.text).path(&self.file).annotation(AnnotationKind::Primary.span(span));
            let group = Level::ERROR.primary_title(&problem.message).element(snippet);
            let group = group.element(Level::HELP.message(&problem.help));
            writeln!(f, "{}\n", Renderer::plain().render(&[group]))?;
        }
        let count = self.problems.len();
        write!(f, "{}: {count} {}", self.file, if count == 1 { "problem" } else { "problems" })
    }
}
