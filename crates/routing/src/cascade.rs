//! Which stage of a classifier is asked next: the order of questions, without the asking.

use crate::{CategoryId, Classification, Classifying, Kind};

/// Something that can be asked for a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The classifier inside the process.
    Embedded,
    /// A model.
    Llm,
}

/// The answer of a stage; `None`: it had none (nothing to judge, too late, failed, not one of the categories).
#[derive(Clone, Debug, PartialEq)]
pub struct Vote {
    /// Who was asked.
    pub stage: Stage,
    /// What it said.
    pub said: Option<Classification>,
}

/// What to do next.
pub type Ask = Stage;

/// The next step of finding a category.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Ask this stage and come back with its vote.
    Ask(Ask),
    /// Nothing left to ask.
    Done {
        /// The category that was found and by whom; `None`: the router's default.
        found: Option<(Stage, CategoryId)>,
        /// The newest classification, also one too unsure to count, for headers and the ledger.
        seen: Option<Classification>,
    },
}

/// The questions of a router's classifier.
#[derive(Clone, Copy, Debug)]
pub struct Cascade<'a>(pub &'a Classifying);

impl Cascade<'_> {
    /// What follows from the votes so far.
    #[must_use]
    pub fn step(&self, votes: &[Vote]) -> Step {
        let vote = |stage| votes.iter().find(|vote| vote.stage == stage);
        let done = |vote: &Vote, sure: bool| {
            let found = vote.said.as_ref().filter(|_| sure).map(|said| (vote.stage, said.category));
            Step::Done { found, seen: vote.said.clone() }
        };
        let sure = |vote: &Vote| vote.said.as_ref().is_some_and(|said| said.confidence >= self.0.min_confidence);
        match self.0.kind {
            Kind::None => Step::Done { found: None, seen: None },
            Kind::Embedded => match vote(Stage::Embedded) {
                None => Step::Ask(Stage::Embedded),
                Some(embedded) => done(embedded, sure(embedded)),
            },
            Kind::Llm => match vote(Stage::Llm) {
                None => Step::Ask(Stage::Llm),
                Some(llm) => done(llm, true),
            },
            Kind::Cascade => match (vote(Stage::Embedded), vote(Stage::Llm)) {
                (None, _) => Step::Ask(Stage::Embedded),
                (Some(embedded), _) if sure(embedded) => done(embedded, true),
                (Some(_), None) => Step::Ask(Stage::Llm),
                // A judge that failed leaves the embedded answer standing, however unsure.
                (Some(embedded), Some(llm)) => done(if llm.said.is_some() { llm } else { embedded }, true),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn said(category: u16, confidence: f32) -> Option<Classification> {
        Some(Classification { category: CategoryId(category), confidence, probabilities: vec![] })
    }

    /// The stage and category found after the given answers of the two stages.
    fn check(
        kind: Kind,
        embedded: Option<Classification>,
        llm: Option<Classification>,
    ) -> (usize, Option<(Stage, u16)>) {
        let classifying = Classifying { kind, min_confidence: 0.5, model: None, timeout: Duration::from_secs(1) };
        let mut votes = Vec::new();
        loop {
            match Cascade(&classifying).step(&votes) {
                Step::Ask(stage) => {
                    let said = if stage == Stage::Llm { llm.clone() } else { embedded.clone() };
                    votes.push(Vote { stage, said });
                }
                Step::Done { found, .. } => {
                    return (votes.len(), found.map(|(stage, id)| (stage, id.0)));
                }
            }
        }
    }

    #[test]
    fn an_unsure_embedded_answer_means_default() {
        assert_eq!(check(Kind::Embedded, said(1, 0.5), None), (1, Some((Stage::Embedded, 1))));
        assert_eq!(check(Kind::Embedded, said(1, 0.49), None), (1, None));
        assert_eq!(check(Kind::Embedded, None, None), (1, None));
    }

    #[test]
    fn a_cascade_asks_the_model_only_where_the_first_stage_is_unsure() {
        assert_eq!(check(Kind::Cascade, said(1, 0.9), said(2, 1.0)), (1, Some((Stage::Embedded, 1))));
        assert_eq!(check(Kind::Cascade, said(1, 0.1), said(2, 1.0)), (2, Some((Stage::Llm, 2))));
    }

    #[test]
    fn a_judge_that_fails_leaves_the_first_stage_or_the_default() {
        assert_eq!(check(Kind::Cascade, said(1, 0.1), None), (2, Some((Stage::Embedded, 1))));
        assert_eq!(check(Kind::Llm, said(1, 0.9), None), (1, None));
        assert_eq!(check(Kind::None, said(1, 0.9), said(2, 0.9)), (0, None));
    }
}
