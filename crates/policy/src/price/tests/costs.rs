//! What attempts cost.

use super::*;

#[test]
fn tokens_are_paid_by_their_kind() {
    let tariff = tariff(list(&[
        (Kind::Input, 1_000_000),
        (Kind::Output, 4_000_000),
        (Kind::CacheRead, 100_000),
        (Kind::CacheWrite, 1_250_000),
        (Kind::CacheWriteLong, 2_000_000),
        (Kind::Reasoning, 5_000_000),
        (Kind::AudioInput, 10_000_000),
        (Kind::AudioOutput, 20_000_000),
        (Kind::ImageInput, 3_000_000),
        (Kind::ImageOutput, 30_000_000),
        (Kind::AudioCacheRead, 700_000),
    ]));
    let everything = Usage {
        input: Some(1000),
        cache_read: Some(100),
        audio_cache_read: Some(30),
        cache_write: Some(200),
        cache_write_long: Some(300),
        audio_input: Some(50),
        image_input: Some(25),
        output: Some(100),
        reasoning: Some(40),
        audio_output: Some(10),
        image_output: Some(5),
        ..Usage::default()
    };
    let cost = tariff.cost(&everything, &Bill::default()).unwrap();
    // 70 text and 30 sound from the cache; 325 fresh text, 50 sound, 25 pictures; 45 text, 10 sound, 5 pictures.
    let lines = [cost.input, cost.cache_read, cost.cache_write, cost.output, cost.reasoning, cost.other];
    assert_eq!(
        lines.map(Usd::nanos),
        [325_000 + 500_000 + 75_000, 7_000 + 21_000, 250_000 + 600_000, 530_000, 200_000, 0]
    );
    assert_eq!(cost.total, lines.into_iter().sum());
    assert_eq!((cost.discount, cost.margin, cost.list_price()), (Usd::ZERO, Usd::ZERO, cost.total));
}

#[test]
fn kinds_without_a_price_are_paid_as_what_they_are_a_part_of() {
    let all = Usage {
        cache_read: Some(10),
        cache_write: Some(10),
        cache_write_long: Some(10),
        audio_input: Some(10),
        reasoning: Some(5),
        image_output: Some(5),
        ..usage(100, 10)
    };
    check(&plain(), all, Bill::default(), "0.00014");
}

#[test]
fn what_is_billed_is_paid_for_whatever_was_read_and_written() {
    let billed = |input, output| Usage { billed_input: input, billed_output: output, ..usage(1_000, 100) };
    check(&plain(), billed(None, None), Bill::default(), "0.0014");
    check(&plain(), billed(Some(100), Some(10)), Bill::default(), "0.00014");
    check(&plain(), billed(Some(2_000), None), Bill::default(), "0.0024");
    check(&plain(), Usage { cache_read: Some(500), ..billed(Some(100), Some(0)) }, Bill::default(), "0.0001");
}

#[test]
fn parts_larger_than_the_whole_are_cut_and_nothing_is_billed_twice() {
    let with_cache = tariff(list(&[(Kind::Input, 1_000_000), (Kind::Output, 4_000_000), (Kind::CacheRead, 100_000)]));
    check(&with_cache, Usage { cache_read: Some(900), ..usage(100, 0) }, Bill::default(), "0.00001");
    let overlap = Usage { cache_read: Some(80), audio_input: Some(100), ..usage(100, 0) };
    check(&with_cache, overlap, Bill::default(), "0.000028");
    check(&plain(), Usage { reasoning: Some(u64::MAX), ..usage(0, 10) }, Bill::default(), "0.00004");
    // Sound from the cache that has no price of its own is what was read from it.
    let cached = Usage { cache_read: Some(80), audio_cache_read: Some(90), ..usage(100, 0) };
    check(&with_cache, cached, Bill::default(), "0.000028");
    // Parts of nothing.
    check(&plain(), Usage { cache_read: Some(5), ..Usage::default() }, Bill::default(), "0");
}

#[test]
fn an_unknown_price_makes_the_whole_unknown_if_it_is_needed() {
    let input_only = tariff(list(&[(Kind::Input, 1_000_000)]));
    check(&input_only, usage(1000, 0), Bill::default(), "0.001");
    check_unknown(&input_only, usage(1000, 1));
    let cache_only = tariff(list(&[(Kind::Output, 1_000_000), (Kind::CacheRead, 5)]));
    check(&cache_only, Usage { cache_read: Some(10), ..usage(10, 0) }, Bill::default(), "0");
    check_unknown(&cache_only, Usage { cache_read: Some(10), ..usage(11, 0) });
    check_unknown(&plain(), Usage { web_searches: Some(1), ..usage(1, 1) });
    check(&plain(), Usage { web_searches: Some(0), ..usage(1, 1) }, Bill::default(), "0.000005");
    check_unknown(&tariff(PriceList::default()), usage(1, 1));
    check_unknown(&tariff(PriceList::default()), Usage::default());
}

#[test]
fn free_is_what_is_priced_at_zero() {
    check(&tariff(PriceList::flat(0, 0)), usage(1_000_000, 1_000_000), Bill::default(), "0");
}

#[test]
fn sums_are_rounded_once_and_the_lines_add_up() {
    // 0.4 nanodollars each.
    let tariff = tariff(PriceList::flat(400, 400));
    let cost = tariff.cost(&usage(1, 1), &Bill::default()).unwrap();
    assert_eq!((cost.total.nanos(), cost.input.nanos(), cost.output.nanos()), (1, 0, 1));
    check(&tariff, usage(1, 0), Bill::default(), "0");
    check(&tariff, usage(2, 1), Bill::default(), "0.000000001");
}

#[test]
fn a_call_is_paid_at_the_price_of_its_tier_and_size() {
    let rates = |input, output| Rates::of([(Kind::Input, input), (Kind::Output, output)]);
    let variant = |service: &str, above_input_tokens, input, output| Variant {
        service: service.to_owned(),
        above_input_tokens,
        rates: rates(input, output),
    };
    let variants = vec![variant("flex", 0, 500_000, 2_000_000), variant("", 200_000, 2_000_000, 6_000_000)];
    let tariff = tariff(PriceList::new(rates(1_000_000, 4_000_000), variants, Fees::default()));
    let in_tier = |service| Bill { service: Some(service), ..Bill::default() };
    check(&tariff, usage(200_000, 1000), Bill::default(), "0.204");
    check(&tariff, usage(200_001, 1000), Bill::default(), "0.406002");
    check(&tariff, Usage { cache_read: Some(199_000), ..usage(200_001, 0) }, Bill::default(), "0.400002");
    check(&tariff, usage(1000, 1000), in_tier("flex"), "0.0025");
    check(&tariff, usage(1000, 1000), in_tier("default"), "0.005");
    check(&tariff, usage(1000, 1000), in_tier("batch"), "0.0025");
    check(&tariff, usage(200_001, 1000), in_tier("batch"), "0.203001");
    // What served it counts, not what was asked for.
    let served = |tier| Usage { tier: Some(tier), ..usage(1000, 1000) };
    check(&tariff, served(Tier::Flex), Bill::default(), "0.0025");
    check(&tariff, served(Tier::Standard), in_tier("flex"), "0.005");
}

#[test]
fn a_region_and_a_speed_raise_tokens_but_no_searches() {
    let fees = Fees { web_search: Some([5, 8, 12].map(|price| price * 1_000_000_000)), ..Fees::default() };
    let factors = [("us", 1_100_000), ("fast", 2_000_000)].map(|(name, ppm)| Factor { name: name.to_owned(), ppm });
    let list = PriceList { factors: factors.into(), fees, ..PriceList::flat(1_000_000, 4_000_000) };
    let mut tariff = tariff(list);
    let searched = Usage { web_searches: Some(2), ..usage(1000, 0) };
    let bill = Bill::default();
    check(&tariff, searched, bill, "0.017");
    check(&tariff, searched, Bill { region: Some("us"), ..bill }, "0.0171");
    check(&tariff, searched, Bill { region: Some("us"), service: Some("fast"), ..bill }, "0.0182");
    check(&tariff, searched, Bill { context: Context::Low, ..bill }, "0.011");
    check(&tariff, searched, Bill { context: Context::High, ..bill }, "0.025");
    tariff.region = Some("us-east5".to_owned());
    check(&tariff, searched, bill, "0.0171");
    check(&tariff, searched, Bill { region: Some("global"), ..bill }, "0.017");
}

#[test]
fn discount_comes_first_then_the_margin_on_what_is_left() {
    let markup = Markup { discount_ppm: 50_000, margin_ppm: 100_000, margin_picousd: 500_000_000 };
    let tariff = Tariff { markup, ..plain() };
    let cost = tariff.cost(&usage(1_000_000, 1_000_000), &Bill::default()).unwrap();
    // 5 dollars, 4.75 after the discount, 5.225 with the margin, and half a thousandth.
    let dollars = |amount: Usd| amount.to_string();
    assert_eq!(dollars(cost.total), "5.2255");
    assert_eq!(
        (dollars(cost.list_price()), dollars(cost.discount), dollars(cost.margin)),
        ("5".into(), "0.25".into(), "0.4755".into())
    );
    assert_eq!(
        (dollars(cost.input), dollars(cost.output), dollars(cost.other)),
        ("1.045".into(), "4.18".into(), "0.0005".into())
    );
    check(&Tariff { markup, ..super::tariff(PriceList::flat(0, 0)) }, usage(5, 5), Bill::default(), "0.0005");
    let all_off = Markup { discount_ppm: ONE, ..Markup::default() };
    check(&Tariff { markup: all_off, ..plain() }, usage(5, 5), Bill::default(), "0");
}

#[test]
fn what_the_provider_states_counts_where_it_is_heeded_unless_it_is_nonsense() {
    let markup = Markup { discount_ppm: 50_000, margin_ppm: 100_000, margin_picousd: 500_000_000 };
    let stated = |picousd| Usage { stated_picousd: Some(picousd), ..usage(1_000_000, 1_000_000) };
    let heeds = Tariff { heeds_stated: true, ..plain() };
    check(&heeds, stated(140_000_499), Bill::default(), "0.00014");
    check(&heeds, stated(0), Bill::default(), "0");
    check(&Tariff { list: PriceList::default(), ..heeds.clone() }, stated(7_000), Bill::default(), "0.000000007");
    check(&plain(), stated(7_000), Bill::default(), "5");
    // A provider's own discount is in what it charges.
    let cost = Tariff { markup, ..heeds.clone() }.cost(&stated(2_000_000_000_000), &Bill::default()).unwrap();
    assert_eq!((cost.total.to_string(), cost.discount, cost.other), ("2.2005".to_owned(), Usd::ZERO, cost.total));
    for nonsense in [types::NO_COST, 1_000_000_000_000_001] {
        check(&heeds, stated(nonsense), Bill::default(), "5");
        assert!(heeds.is_stated_nonsense(&stated(nonsense)) && !plain().is_stated_nonsense(&stated(nonsense)));
    }
    assert!(!heeds.is_stated_nonsense(&stated(1_000_000_000_000_000)));
}

#[test]
fn other_things_than_tokens_are_paid_by_the_piece() {
    let by = |fees: Fees| tariff(PriceList::new(Rates::default(), Vec::new(), fees));
    let bill = Bill { lasted_ms: 1500, ..Bill::default() };
    let some = |price: u64| Some(price * 1_000_000);
    let none = Usage::default();
    check(&by(Fees { request: some(5000), ..Fees::default() }), usage(9, 9), bill, "0.005");
    check(&by(Fees { second: some(200), ..Fees::default() }), usage(9, 9), bill, "0.0003");
    check(
        &by(Fees { audio_second: some(100), ..Fees::default() }),
        Usage { audio_ms: Some(12_345), ..none },
        bill,
        "0.0012345",
    );
    check(
        &by(Fees { character: some(15), ..Fees::default() }),
        Usage { characters: Some(1000), ..none },
        bill,
        "0.015",
    );
    check(
        &by(Fees { image_made: some(40_000), ..Fees::default() }),
        Usage { images_made: Some(2), ..none },
        bill,
        "0.08",
    );
    check(
        &by(Fees { image_read: some(40_000), ..Fees::default() }),
        Usage { images_read: Some(1), ..none },
        bill,
        "0.04",
    );
    check(
        &by(Fees { pixel: Some(19_073), ..Fees::default() }),
        Usage { pixels: Some(1 << 20), ..none },
        bill,
        "0.01999949",
    );
    check(
        &by(Fees { query: some(2000), ..Fees::default() }),
        Usage { queries: Some(3), ..usage(70, 0) },
        bill,
        "0.006",
    );
}

#[test]
fn what_is_paid_by_the_piece_is_never_free_because_nobody_counted() {
    let by_character = Fees { character: Some(15), ..Fees::default() };
    let speech = tariff(PriceList::new(Rates::default(), Vec::new(), by_character));
    check_unknown(&speech, usage(10, 10));
    check_unknown(&speech, Usage::default());
    check(&speech, Usage { characters: Some(0), ..Usage::default() }, Bill::default(), "0");
}

#[test]
fn a_recording_is_paid_by_the_second_or_by_its_tokens() {
    let fees = Fees { audio_second: Some(100_000_000), ..Fees::default() };
    let both = tariff(PriceList { fees, ..PriceList::flat(2_500_000, 10_000_000) });
    check(&both, Usage { audio_ms: Some(60_000), ..Usage::default() }, Bill::default(), "0.006");
    check(&both, Usage { audio_ms: Some(60_000), ..usage(1000, 100) }, Bill::default(), "0.0035");
}

#[test]
fn absurd_numbers_cost_the_most_there_is() {
    let dear = tariff(PriceList::flat(u64::MAX, u64::MAX));
    let cost = dear.cost(&usage(u64::MAX, u64::MAX), &Bill::default()).unwrap();
    assert_eq!((cost.total, cost.input), (Usd::MAX, Usd::MAX));
    assert!(cost.output >= Usd::ZERO && dear.quote(u64::MAX, None).unwrap().worst(u64::MAX) == Usd::MAX);
}
