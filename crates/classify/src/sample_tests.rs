use super::*;
use crate::dataset::read_examples;
use proptest::prelude::{Just, Strategy, prop, prop_assert, prop_assert_eq, proptest};

fn close(a: f64, b: f64) {
    assert!((a - b).abs() < 1e-9, "{a} is not {b}");
}

#[test]
fn confidences_fall_into_three_bands() {
    let bands = [Some(0.0), Some(0.599), Some(0.6), Some(0.849), Some(0.85), Some(1.0), None].map(Band::of);
    assert_eq!(bands, [Band::Unsure, Band::Unsure, Band::Middling, Band::Middling, Band::Sure, Band::Sure, Band::Sure]);
}

#[test]
fn small_strata_get_a_few_and_the_rest_goes_by_size() {
    let check = |n: usize, sizes: &[usize], expected: &[usize]| assert_eq!(allocate(n, sizes), expected);
    check(100, &[], &[]);
    check(100, &[0, 4], &[0, 4]);
    check(10, &[1_000, 1_000], &[5, 5]);
    check(20, &[2, 1, 997], &[2, 1, 17]);
    check(100, &[903, 103], &[88, 12]);
    // Too few for three of each, for two, for one.
    check(7, &[50, 40, 10], &[3, 2, 2]);
    check(4, &[50, 40, 10], &[2, 1, 1]);
    check(2, &[50, 40, 10], &[1, 1, 0]);
    check(5, &[usize::MAX / 4, usize::MAX / 4], &[3, 2]);
}

#[test]
fn the_same_seed_draws_the_same_and_weights_add_up_to_the_stream() {
    let draw = |seed: u64| {
        let mut sampler = Sampler::new(50, seed);
        for item in 0..10_000_u32 {
            let category = if item % 10 == 0 { "code" } else { "simple" };
            let band = if item % 3 == 0 { Band::Unsure } else { Band::Middling };
            sampler.offer(Stratum { category: category.into(), band }, item);
        }
        sampler.draw()
    };
    let sample = draw(7);
    assert_eq!(sample, draw(7));
    assert_ne!(sample.rows, draw(8).rows);
    assert_eq!((sample.rows.len(), sample.strata, sample.left_out), (50, 4, 0));
    close(sample.rows.iter().map(|row| row.weight).sum(), 10_000.0);
    let items: std::collections::BTreeSet<u32> = sample.rows.iter().map(|row| row.item).collect();
    assert_eq!(items.len(), 50);
}

#[test]
fn every_item_is_drawn_as_often_as_any_other() {
    let mut drawn = [0_u32; 20];
    for seed in 0..2_000 {
        let mut sampler = Sampler::new(5, seed);
        for item in 0..20_usize {
            sampler.offer(Stratum { category: "a".into(), band: Band::Sure }, item);
        }
        sampler.draw().rows.iter().for_each(|row| drawn[row.item] += 1);
    }
    // 500 on average, with a standard deviation of 19.
    assert!(drawn.iter().all(|times| (400..=600).contains(times)), "{drawn:?}");
}

fn part(size: u32, labelled: usize, right: usize) -> Part {
    Part { size: f64::from(size), labelled, right }
}

#[test]
fn the_estimate_of_a_case_worked_by_hand() {
    // Nine in ten requests are in a stratum that is always right, one in ten in one that is half right.
    let estimate = estimate(&[part(900, 10, 10), part(100, 10, 5)]);
    close(estimate.accuracy, 0.95);
    close(estimate.covered, 1.0);
    // With two imagined rows of 0.95 the strata are right in 0.992 and 0.575, so that the variance is 0.000929: that of
    // 51 rows of a plain sample.
    assert!((estimate.ci95[0] - 0.8529).abs() < 1e-3 && (estimate.ci95[1] - 0.9842).abs() < 1e-3, "{estimate:?}");
}

#[test]
fn strata_without_a_label_may_be_all_right_or_all_wrong() {
    let whole = estimate(&[part(900, 90, 90)]);
    let half = estimate(&[part(900, 90, 90), part(300, 0, 0)]);
    close(half.accuracy, 1.0);
    close(half.covered, 0.75);
    close(half.ci95[0], 0.75 * whole.ci95[0]);
    close(half.ci95[1], 1.0);
    assert_eq!((whole.clears(0.9), half.clears(0.9)), (Some(true), None));
    let nothing = estimate(&[part(10, 0, 0)]);
    close(nothing.ci95[1] - nothing.ci95[0], 1.0);
    assert_eq!((nothing.clears(0.9), estimate(&[]).clears(0.9)), (None, None));
}

#[test]
fn three_right_rows_are_not_certainty() {
    assert_eq!(estimate(&[part(1_000, 3, 3)]).clears(0.9), None);
    assert_eq!(estimate(&[part(1_000, 100, 50)]).clears(0.9), Some(false));
    assert_eq!(estimate(&[part(1_000, 300, 291)]).clears(0.9), Some(true));
}

#[test]
fn rows_speak_for_the_unlabelled_ones_of_their_stratum() {
    let (examples, _) = read_examples("{\"text\":\"a\",\"label\":\"code\"}\n{\"text\":\"b\",\"label\":\"simple\"}");
    let logged = |confidence, weight| Logged { said: "code".into(), confidence, weight, decision_us: 1.0 };
    let mut rows: Vec<_> = examples.iter().map(|example| Judged::of(example, Some("code".into()))).collect();
    let estimate = weigh(&mut rows, &[logged(Some(0.5), 10.0), logged(None, 30.0)], &[logged(Some(0.4), 10.0)]);
    assert_eq!(rows.iter().map(|row| row.weight).collect::<Vec<_>>(), [20.0, 30.0]);
    close(estimate.accuracy, 0.4);
    close(estimate.requests, 50.0);
    let evaluation = crate::evaluate(&rows, &|_| 0.0);
    close(evaluation.accuracy, estimate.accuracy);
}

proptest! {
    #[test]
    fn allocation_adds_up_and_stays_within_the_strata(
        n in 0_usize..2_000, sizes in prop::collection::vec(0_usize..100_000, 0..40)
    ) {
        let shares = allocate(n, &sizes);
        prop_assert_eq!(shares.iter().sum::<usize>(), n.min(sizes.iter().sum()));
        prop_assert!(shares.iter().zip(&sizes).all(|(share, size)| share <= size));
        if n >= FEW * sizes.len() {
            prop_assert!(shares.iter().zip(&sizes).all(|(share, size)| *share >= FEW.min(*size)));
        }
    }

    #[test]
    fn a_full_sample_says_the_plain_accuracy(
        strata in prop::collection::vec((1_usize..200).prop_flat_map(|n| (Just(n), 0..=n)), 1..20)
    ) {
        let parts: Vec<Part> =
            strata.iter().map(|(n, right)| Part { size: count(*n), labelled: *n, right: *right }).collect();
        let (n, right) = strata.iter().fold((0, 0), |sum, (n, right)| (sum.0 + n, sum.1 + right));
        let estimate = estimate(&parts);
        prop_assert!((estimate.accuracy - count(right) / count(n)).abs() < 1e-9);
        prop_assert!(estimate.ci95[0] <= estimate.accuracy + 1e-9 && estimate.accuracy <= estimate.ci95[1] + 1e-9);
    }

    #[test]
    fn more_labels_of_the_same_kind_never_widen_the_interval(
        size in 1_000_u32..100_000, labelled in 1_usize..50, right in 0_usize..50
    ) {
        let right = right.min(labelled);
        let width = |times: usize| {
            let [low, high] = estimate(&[part(size, labelled * times, right * times)]).ci95;
            high - low
        };
        prop_assert!(width(4) <= width(1) + 1e-9);
    }
}

/// Of 200 samples of traffic with these strata, how many intervals hold the truth.
fn covered(n: usize, accuracies: [f64; 3]) -> usize {
    let mut rng = Rng::with_seed(1);
    let categories = [("simple", 1_200), ("general", 400), ("code", 140), ("reasoning", 200), ("agent", 60)];
    let bands = [(Band::Unsure, 1), (Band::Middling, 2), (Band::Sure, 7)];
    let mut traffic = Vec::new();
    for (category, size) in categories {
        for ((band, share), accuracy) in bands.iter().zip(accuracies) {
            let stratum = Stratum { category: category.into(), band: *band };
            traffic.extend((0..size * share).map(|_| (stratum.clone(), rng.f64() < accuracy)));
        }
    }
    let truth = count(traffic.iter().filter(|(_, right)| *right).count()) / count(traffic.len());
    let holds = |seed: u64| {
        let mut sampler = Sampler::new(n, seed);
        traffic.iter().for_each(|(stratum, right)| sampler.offer(stratum.clone(), (stratum.clone(), *right)));
        let mut parts: BTreeMap<Stratum, Part> = BTreeMap::new();
        for row in sampler.draw().rows {
            let part = parts.entry(row.item.0).or_default();
            part.size += row.weight;
            part.labelled += 1;
            part.right += usize::from(row.item.1);
        }
        let [low, high] = estimate(&parts.into_values().collect::<Vec<_>>()).ci95;
        low <= truth && truth <= high
    };
    (0..200).filter(|seed| holds(*seed)).count()
}

#[test]
fn intervals_hold_the_truth_about_as_often_as_they_say() {
    for (n, accuracies) in [(100, [0.55, 0.8, 0.97]), (100, [0.9, 0.9, 0.9]), (300, [0.75, 0.92, 0.99])] {
        let covered = covered(n, accuracies);
        assert!((180..=198).contains(&covered), "{covered} of 200 with {n} rows of {accuracies:?}");
    }
}
