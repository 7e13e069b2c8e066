use super::*;
use proptest::prelude::*;

/// The mean wait of so many requests, Poisson arrivals at one a second, microseconds.
fn mean_wait(servers: u32, requests: u32, mut service: impl FnMut(&mut fastrand::Rng) -> u64) -> f64 {
    let mut queue = Queue::new(servers);
    let mut arrivals = Poisson::new(1.0, 7);
    let mut random = fastrand::Rng::with_seed(0x5eed);
    for _ in 0..requests {
        queue.wait(arrivals.next_us(), service(&mut random));
    }
    queue.waited.mean().unwrap()
}

/// Erlang's C formula: the share of requests that wait with so many servers and so much offered load.
fn erlang_c(servers: u32, load: f64) -> f64 {
    let mut term = 1.0;
    let mut sum = 1.0;
    for server in 1..servers {
        term *= load / f64::from(server);
        sum += term;
    }
    let last = term * load / f64::from(servers) / (1.0 - load / f64::from(servers));
    last / (sum + last)
}

fn near(is: f64, wanted: f64) {
    assert!((is - wanted).abs() < 0.04 * wanted, "{is} instead of {wanted}");
}

#[test]
fn waiting_is_what_theory_says() {
    // M/D/1 at 80 %: ρ / (2 (1 - ρ)) services.
    near(mean_wait(1, 1_000_000, |_| 800_000), 0.8 / (2.0 * 0.2) * 800_000.0);
    // M/M/3 at 80 %: C / (c μ - λ) seconds.
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time")]
    let exponential = |random: &mut fastrand::Rng| (-(1.0 - random.f64()).ln() * 2.4e6) as u64;
    near(mean_wait(3, 1_000_000, exponential), erlang_c(3, 2.4) / (3.0 / 2.4 - 1.0) * 1e6);
}

#[test]
fn arrivals_come_so_many_a_second_and_are_the_same_by_seed() {
    let times = |seed| {
        let mut arrivals = Poisson::new(20.0, seed);
        (0..100_000).map(|_| arrivals.next_us()).collect::<Vec<_>>()
    };
    assert_eq!(times(1), times(1));
    assert!(times(1) != times(2) && times(1).is_sorted());
    near(f64::from(u32::try_from(times(1).last().unwrap() / 1_000).unwrap()), 5_000.0 * 1e3);
}

proptest! {
    #[test]
    fn nobody_waits_where_there_are_servers_for_all(requests in prop::collection::vec((0_u64..100, 0_u64..1_000), 1..50)) {
        let mut queue = Queue::new(50);
        let mut now = 0;
        for (later, service) in requests {
            now += later;
            prop_assert_eq!(queue.wait(now, service), 0);
        }
    }

    /// Against a simulation that looks at every microsecond: whoever came first is served as soon as a server is free.
    #[test]
    fn no_server_idles_while_someone_waits(servers in 1_u32..4, requests in prop::collection::vec((0_u64..20, 1_u64..40), 1..40)) {
        let mut queue = Queue::new(servers);
        let mut arrivals = Vec::new();
        for (later, service) in requests {
            let now = arrivals.last().map_or(0, |(at, _)| *at) + later;
            arrivals.push((now, service));
        }
        let mut busy_until: Vec<u64> = Vec::new();
        let mut next = 0;
        let mut now = 0;
        while next < arrivals.len() {
            busy_until.retain(|end| *end > now);
            while next < arrivals.len() && arrivals[next].0 <= now && busy_until.len() < servers as usize {
                let (at, service) = arrivals[next];
                prop_assert_eq!(queue.wait(at, service), now - at);
                busy_until.push(now + service);
                next += 1;
            }
            now += 1;
        }
        let queued = queue.queued("m");
        prop_assert!(queued.utilisation <= 1.0 + 1e-9 && queued.requests == arrivals.len() as u64);
    }
}
