//! What holds for any prices and any consumption.

use proptest::option;
use proptest::prelude::*;

use super::*;
use crate::catalogue::{Hours, OffPeak, Rule};

fn rates() -> impl Strategy<Value = Rates> {
    let price = option::weighted(0.5, 0u64..50_000_000);
    prop::collection::vec(price, Kind::ALL.len()).prop_map(|prices| {
        let known = Kind::ALL.into_iter().zip(prices).filter_map(|(kind, price)| Some((kind, price?)));
        Rates::of(known)
    })
}

fn service() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec!["", "flex", "priority", "batch", "fast", "default"])
}

fn variant() -> impl Strategy<Value = Variant> {
    let service = service().prop_map(|service| service.replace("default", ""));
    (service, prop::sample::select(vec![0, 100, 1000]), rates())
        .prop_map(|(service, above_input_tokens, rates)| Variant { service, above_input_tokens, rates })
}

prop_compose! {
    fn any_list()(
        base in rates(),
        both in option::weighted(0.9, (0u64..50_000_000, 0u64..50_000_000)),
        variants in prop::collection::vec(variant(), 0..5),
        request in option::of(0u64..5_000_000_000),
        second in option::of(0u64..5_000_000_000),
        off_peak in option::of(rates()),
        factors in prop::collection::vec((prop::sample::select(vec!["eu", "us", "fast"]), 500_000u32..3_000_000), 0..3),
    ) -> PriceList {
        let mut base = base;
        if let Some((input, output)) = both {
            base.set(Kind::Input, Some(input));
            base.set(Kind::Output, Some(output));
        }
        let hours = Hours { rules: vec![Rule { start: 0, end: 720, days: Rule::ALL_DAYS }], calendar: TimeZone::UTC };
        let off_peak = off_peak.map(|rates| OffPeak { hours, rates });
        let factors = factors.into_iter().map(|(name, ppm)| Factor { name: name.to_owned(), ppm }).collect();
        let fees = Fees { request, second, ..Fees::default() };
        PriceList { off_peak, factors, ..PriceList::new(base, variants, fees) }
    }
}

prop_compose! {
    fn any_tariff()(
        list in any_list(),
        region in option::of(prop::sample::select(vec!["eu", "us-east1", "mars"])),
        (discount_ppm, margin_ppm, margin_picousd) in (0..=ONE, 0..2 * ONE, 0u64..1_000_000_000),
        hours in option::weighted(0.2, prop::collection::vec(0u64..1_000_000_000, 24)),
    ) -> Tariff {
        let hourly = hours.map(|hours| Box::new(Hourly { picousd: hours.try_into().unwrap(), hardware: workstation() }));
        let markup = Markup { discount_ppm, margin_ppm, margin_picousd };
        Tariff { list, hourly, region: region.map(str::to_owned), markup, origin: Origin::Stated, heeds_stated: false, pictures: Vec::new() }
    }
}

prop_compose! {
    fn any_usage()(
        (input, output) in (option::of(0u64..2000), option::of(0u64..2000)),
        parts in prop::collection::vec(option::of(0u64..3000), 8),
    ) -> Usage {
        Usage {
            input,
            output,
            cache_read: parts[0],
            cache_write: parts[1],
            cache_write_long: parts[2],
            audio_input: parts[3],
            image_input: parts[4],
            reasoning: parts[5],
            audio_output: parts[6],
            image_output: parts[7],
            ..Usage::default()
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn no_cost_exceeds_its_quote(
        tariff in any_tariff(),
        usage in any_usage(),
        (more_input, more_output, more_ms) in (0u64..100, 0u64..100, 0u64..5000),
        (service, lasted_ms, at) in (service(), 0u64..100_000, 0i64..2_000_000_000),
    ) {
        let input = usage.input.unwrap_or(0) + more_input;
        let output = usage.output.unwrap_or(0) + more_output;
        if let Some(quote) = tariff.quote(input, Some(service)) {
            let bill = Bill { at, lasted_ms, service: Some(service), ..Bill::default() };
            let cost = tariff.cost(&usage, &bill).expect("what can be quoted has prices");
            let most = quote.worst(output) + quote.time(lasted_ms + more_ms);
            prop_assert!(cost.total <= most, "{} > {}", cost.total, most);
        }
    }

    #[test]
    fn the_lines_add_up_and_none_is_a_debt(tariff in any_tariff(), usage in any_usage(), service in service()) {
        let bill = Bill { service: Some(service), lasted_ms: 1234, ..Bill::default() };
        if let Some(cost) = tariff.cost(&usage, &bill) {
            let lines = [cost.input, cost.cache_read, cost.cache_write, cost.output, cost.reasoning, cost.other];
            prop_assert_eq!(lines.into_iter().sum::<Usd>(), cost.total);
            prop_assert!(lines.iter().all(|line| *line >= Usd::ZERO), "{:?}", cost);
            prop_assert!(cost.discount >= Usd::ZERO && cost.margin >= Usd::ZERO);
        }
    }

    #[test]
    fn a_longer_answer_never_costs_less(tariff in any_tariff(), (input, more) in (0u64..100, 0u64..100)) {
        let bill = Bill::default();
        let cost = |output| tariff.cost(&usage(input, output), &bill).map(|cost| cost.total);
        prop_assert!(cost(5) <= cost(5 + more));
    }

    #[test]
    fn what_is_left_pays_for_what_it_is_said_to_pay(tariff in any_tariff(), nanos in 0i64..10_000_000_000) {
        if let Some(quote) = tariff.quote(500, None) {
            let left = Usd::from_nanos(nanos);
            let tokens = quote.tokens_for(left);
            prop_assert!(tokens == 0 || tokens == u64::MAX || quote.worst(tokens) <= left);
            prop_assert!(tokens == u64::MAX || quote.worst(tokens + 1) > left);
        }
    }
}
