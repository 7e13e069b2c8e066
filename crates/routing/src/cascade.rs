//! Which stage of a classifier is asked next: the order of questions, without the asking.

use crate::{CategoryId, Classification, Classifying, Kind};

/// Something that can be asked for a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// The classifier inside the process, its first stage: microseconds.
    Embedded,
    /// Its second stage, which weighs the first one's answer too: milliseconds.
    Encoder,
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
        let above = |vote: &Vote, least: f32| vote.said.as_ref().is_some_and(|said| said.confidence >= least);
        let sure = |vote: &Vote| above(vote, self.0.min_confidence);
        // What is inside the process says: its second stage where it was asked and had an answer, else its first.
        let embedded = vote(Stage::Encoder).filter(|vote| vote.said.is_some()).or_else(|| vote(Stage::Embedded));
        let unsure =
            |first: &Vote| self.0.encoder_below.is_some_and(|least| first.said.is_some() && !above(first, least));
        if let (Kind::Embedded | Kind::Cascade, Some(first), None) =
            (self.0.kind, vote(Stage::Embedded), vote(Stage::Encoder))
            && unsure(first)
        {
            return Step::Ask(Stage::Encoder);
        }
        match self.0.kind {
            Kind::None => Step::Done { found: None, seen: None },
            Kind::Embedded => match embedded {
                None => Step::Ask(Stage::Embedded),
                Some(embedded) => done(embedded, sure(embedded)),
            },
            Kind::Llm => match vote(Stage::Llm) {
                None => Step::Ask(Stage::Llm),
                Some(llm) => done(llm, true),
            },
            Kind::Cascade => match (embedded, vote(Stage::Llm)) {
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
        run(kind, None, [embedded, None, llm])
    }

    /// The same with a second stage inside the process that is asked below a confidence.
    fn run(
        kind: Kind,
        encoder_below: Option<f32>,
        [embedded, encoder, llm]: [Option<Classification>; 3],
    ) -> (usize, Option<(Stage, u16)>) {
        let timeout = Duration::from_secs(1);
        let classifying =
            Classifying { kind, min_confidence: 0.5, encoder_below, model: None, timeout, speculate: false };
        let mut votes = Vec::new();
        loop {
            match Cascade(&classifying).step(&votes) {
                Step::Ask(stage) => {
                    let said = match stage {
                        Stage::Embedded => embedded.clone(),
                        Stage::Encoder => encoder.clone(),
                        Stage::Llm => llm.clone(),
                    };
                    votes.push(Vote { stage, said });
                }
                Step::Done { found, .. } => {
                    return (votes.len(), found.map(|(stage, id)| (stage, id.0)));
                }
            }
        }
    }

    #[test]
    fn the_second_stage_is_asked_below_its_threshold_and_its_answer_stands() {
        let run = |first, second, llm| run(Kind::Cascade, Some(0.8), [first, second, llm]);
        assert_eq!(run(said(1, 0.8), said(2, 0.9), None), (1, Some((Stage::Embedded, 1))));
        assert_eq!(run(said(1, 0.7), said(2, 0.9), None), (2, Some((Stage::Encoder, 2))));
        assert_eq!(run(said(1, 0.7), said(2, 0.3), said(3, 1.0)), (3, Some((Stage::Llm, 3))));
        assert_eq!(run(said(1, 0.7), said(2, 0.3), None), (3, Some((Stage::Encoder, 2))));
        assert_eq!(run(said(1, 0.7), None, None), (2, Some((Stage::Embedded, 1))), "busy: the first stage's stands");
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
