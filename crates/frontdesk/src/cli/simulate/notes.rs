//! What must be known to read the figures of a simulation.

use proof::report::words::counted;
use proof::simulation::Known;

use super::play::Play;
use super::told::{Side, Source, Told};

/// What must be known to read the figures.
pub(super) fn notes(told: &Told, play: &Play<'_>) -> Vec<String> {
    let mut notes = Vec::new();
    let main = &told.main;
    source_notes(told, &mut notes);
    for side in [Some(main), told.against.as_ref()].into_iter().flatten() {
        side_notes(side, matches!(told.source, Source::Ledger(_)), &mut notes);
    }
    if main.sensitivity.errors.is_none()
        && main.classifier != "none"
        && main.changed.iter().all(|one| !one.starts_with("all on"))
    {
        notes.push(
            "How often the classifier errs is not known here: label a sample (`frontdesk sample`, `label`), or say it with \
             --errors 0.1 or --errors eval.json."
                .to_owned(),
        );
    }
    let queued = told.main.queue().is_some() || told.against.as_ref().is_some_and(|side| side.queue().is_some());
    if play.pace.arrivals.is_some() && !queued {
        notes.push(
            "No model has `concurrent` in its profile, so nothing waits: write it there, or say --concurrent ALIAS=8."
                .to_owned(),
        );
    }
    notes
}

fn source_notes(told: &Told, notes: &mut Vec<String>) {
    match told.source {
        Source::Guide => notes.push(
            "The prompts are among those that the built-in classifier was trained on: how right it is on others, \
             `frontdesk eval` and weights/README.md tell."
                .to_owned(),
        ),
        Source::Prompts(counts) if counts.without_output > 0 => notes.push(format!(
            "How long the answer is, is not written for {} of {} prompts: {} tokens are taken for it (--output-tokens).",
            counts.without_output, counts.requests, counts.output_tokens
        )),
        Source::Prompts(_) => {}
        Source::Ledger(counts) => {
            if counts.unanswered > 0 {
                notes.push(format!("{} left out, as the client did not get the whole answer.", are(counts.unanswered)));
            }
            if counts.shadowed > 0 {
                notes.push(format!(
                    "{} of {} with the category that the shadow classifier said.",
                    counts.shadowed,
                    counted(counts.requests)
                ));
            }
        }
    }
}

fn side_notes(side: &Side, replayed: bool, notes: &mut Vec<String>) {
    let of = &side.config;
    let estimated = side.estimated();
    if estimated.scaled + estimated.as_written > 0 {
        notes.push(format!(
            "Output tokens under {of}: as they were for {} (the same model answers), scaled by how much the other model writes \
             in the category for {}, and as the other model wrote for {} (fewer than 20 answers to compare).",
            counted(estimated.own),
            estimated.scaled,
            estimated.as_written
        ));
    }
    if replayed {
        let list = |known| side.measured(known).join(", ");
        let (measured, profile) = (list(Known::Measured), list(Known::Profile));
        let known = [(measured, "measured in the ledger"), (profile, "by their profiles")];
        let known: Vec<String> =
            known.iter().filter(|(list, _)| !list.is_empty()).map(|(list, how)| format!("{list} {how}")).collect();
        if !known.is_empty() {
            notes.push(format!("Speeds under {of}: {}.", known.join("; ")));
        }
    }
    let queues = side.outcome.queued.iter().chain(&side.outcome.queued_on_baseline);
    let mut late: Vec<&str> = queues.filter(|queued| queued.is_late()).map(|queued| queued.model.as_str()).collect();
    late.dedup();
    if !late.is_empty() {
        notes.push(format!(
            "{} cannot keep up with these arrivals under {of}: waits grow for as long as requests come.",
            late.join(", ")
        ));
    }
    if side.classified_anew > 0 {
        notes.push(format!(
            "{} classified anew under {of}; the others keep their category.",
            counted(side.classified_anew)
        ));
    }
    if side.unknown_category > 0 {
        notes.push(format!(
            "{} in a category that `{}` of {of} has not: its default takes what is in none.",
            counted(side.unknown_category),
            side.router
        ));
    }
    if side.outcome.judged > 0 {
        notes.push(format!(
            "A judge was asked about {} under {of}; it is taken to say what a request was meant to be, else what the embedded \
             classifier says.",
            counted(side.outcome.judged)
        ));
    }
    for model in &side.unpriced {
        notes.push(format!(
            "{model} has no price under {of}, so that its cost is missing: write price = {{ input = …, output = … }} under \
             [models.{model}], or say --price {model}.output=…"
        ));
    }
    for (why, count) in &side.outcome.refused {
        notes.push(format!("{} left out under {of}: {why}.", are(*count)));
    }
}

/// So many requests are.
fn are(requests: u64) -> String {
    format!("{} {}", counted(requests), if requests == 1 { "is" } else { "are" })
}
