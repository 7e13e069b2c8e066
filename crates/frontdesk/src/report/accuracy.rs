//! What labels of a sample say of a router's traffic.

use std::collections::BTreeMap;

use classify::sample::{Band, Estimate, Part, Stratum, estimate};
use ledger::Labelled;
use proof::report::{Accuracy, Right, instant};

/// How many requests there are of each stratum of each router.
#[derive(Debug, Default)]
pub(super) struct Strata(BTreeMap<String, BTreeMap<Stratum, u64>>);

impl Strata {
    /// Adds requests of a category, by how sure the classifier was. Those without a category are nobody's to label.
    pub(super) fn add(&mut self, router: &str, category: &str, bands: [u64; 3]) {
        if router.is_empty() || category.is_empty() {
            return;
        }
        let strata = self.0.entry(router.to_owned()).or_default();
        for (band, requests) in Band::ALL.into_iter().zip(bands).filter(|(_, requests)| *requests > 0) {
            *strata.entry(Stratum { category: category.to_owned(), band }).or_default() += requests;
        }
    }

    /// What the labels say of each router that has some. They may be of requests from before the period: a label tells
    /// how right the classifier is on a stratum, the period how many requests are of it.
    pub(super) fn accuracy(&self, labels: &[Labelled]) -> BTreeMap<String, Accuracy> {
        let of = |(router, strata): (&String, &BTreeMap<Stratum, u64>)| {
            let own: Vec<&Labelled> = labels.iter().filter(|label| label.router == *router).collect();
            Some((router.clone(), accuracy(strata, &own)?))
        };
        self.0.iter().filter_map(of).collect()
    }
}

fn accuracy(strata: &BTreeMap<Stratum, u64>, labels: &[&Labelled]) -> Option<Accuracy> {
    let times = || labels.iter().map(|label| label.labelled_us);
    let (since, until) = (times().min()?, times().max()?);
    let mut parts: BTreeMap<&Stratum, Part> =
        strata.iter().map(|(stratum, requests)| (stratum, Part { size: size(*requests), ..Part::default() })).collect();
    for label in labels {
        let stratum = Stratum { category: label.category.clone(), band: Band::of(label.confidence) };
        // Of what the period has none, nothing is to be said.
        if let Some(part) = parts.get_mut(&stratum) {
            part.labelled += 1;
            part.right += usize::from(label.label == label.category);
        }
    }
    let of = |category: Option<&str>| {
        let parts: Vec<Part> = parts
            .iter()
            .filter(|(stratum, _)| category.is_none_or(|category| stratum.category == category))
            .map(|(_, part)| *part)
            .collect();
        let labels = parts.iter().map(|part| part.labelled).sum::<usize>();
        (labels > 0).then(|| (labels, estimate(&parts)))
    };
    let (count, whole) = of(None)?;
    let mut per_category = BTreeMap::new();
    for stratum in strata.keys() {
        if let Some((labels, estimate)) = of(Some(&stratum.category)) {
            per_category.insert(stratum.category.clone(), right(labels, &estimate));
        }
    }
    Some(Accuracy {
        right: right(count, &whole),
        covered: whole.covered,
        since: instant(since),
        until: instant(until),
        per_category,
    })
}

fn right(labels: usize, estimate: &Estimate) -> Right {
    let labels = u64::try_from(labels).unwrap_or(u64::MAX);
    Right { labels, accuracy: estimate.accuracy, ci95: estimate.ci95 }
}

#[expect(clippy::cast_precision_loss, reason = "counts of requests are far below 2^53")]
fn size(requests: u64) -> f64 {
    requests as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn label(category: &str, confidence: f32, label: &str, labelled_us: i64) -> Labelled {
        Labelled {
            router: "auto".into(),
            category: category.into(),
            confidence: Some(confidence),
            label: label.into(),
            labelled_us,
            ..Labelled::default()
        }
    }

    #[test]
    fn strata_count_by_their_requests_and_not_by_their_labels() {
        let mut strata = Strata::default();
        strata.add("auto", "simple", [0, 0, 900]);
        strata.add("auto", "code", [100, 0, 0]);
        strata.add("", "code", [7, 0, 0]);
        let mut labels: Vec<Labelled> = (0..10).map(|time| label("simple", 0.9, "simple", time)).collect();
        labels.extend((0..10).map(|time| label("code", 0.5, if time < 5 { "code" } else { "simple" }, 100 + time)));
        labels.push(label("gone", 0.5, "code", 3));
        let found = &strata.accuracy(&labels)["auto"];
        assert!((found.right.accuracy - 0.95).abs() < 1e-9, "{found:?}");
        assert_eq!((found.right.labels, found.covered), (20, 1.0));
        assert!((found.per_category["code"].accuracy - 0.5).abs() < 1e-9);
        assert_eq!(found.per_category.len(), 2);
        assert_eq!(strata.accuracy(&[]), BTreeMap::new());
    }

    #[test]
    fn what_has_no_label_is_not_known() {
        let mut strata = Strata::default();
        strata.add("auto", "simple", [0, 0, 500]);
        strata.add("auto", "code", [500, 0, 0]);
        let labels: Vec<Labelled> = (0..40).map(|time| label("simple", 0.9, "simple", time)).collect();
        let right = strata.accuracy(&labels)["auto"].right;
        assert!(right.ci95[0] < 0.5 && right.ci95[1] > 0.99, "{right:?}");
    }
}
