//! What calls can cost at worst.

use super::*;

#[test]
fn a_quote_takes_the_dearest_kind_of_token_at_the_size_that_is_reached() {
    let base = list(&[(Kind::Input, 1_000_000), (Kind::Output, 4_000_000), (Kind::CacheWriteLong, 2_000_000)]).base;
    let large = Rates::of([(Kind::Input, 3_000_000), (Kind::Reasoning, 9_000_000)]);
    let variants = vec![Variant { service: String::new(), above_input_tokens: 1000, rates: large }];
    let fees = Fees { request: Some(7_000_000), ..Fees::default() };
    let tariff = tariff(PriceList::new(base, variants, fees));
    let check = |tokens, input, output_picousd| {
        let quote = tariff.quote(tokens, None).unwrap();
        assert_eq!((quote.input.nanos(), quote.output_picousd, quote.second_picousd), (input, output_picousd, 0));
    };
    check(0, 7_000, 4_000_000);
    check(1000, 2_007_000, 4_000_000);
    check(1001, 3_010_000, 9_000_000);
}

#[test]
fn a_quote_pays_for_so_many_tokens() {
    let quote = plain().quote(1000, None).unwrap();
    let left = |dollars| quote.tokens_for(Usd::from_dollars(dollars).unwrap());
    assert_eq!(quote.worst(250).to_string(), "0.002");
    assert_eq!([left(0.0005), left(0.001), left(0.001004), left(0.001007), left(0.002)], [0, 0, 1, 1, 250]);
    assert_eq!(tariff(PriceList::flat(1, 0)).quote(1, None).unwrap().tokens_for(Usd::ZERO), u64::MAX);
}

#[test]
fn an_exact_price_is_quoted_exactly() {
    let quote = plain().quote(600, None).unwrap();
    assert_eq!(Some(quote.worst(100)), plain().cost(&usage(600, 100), &Bill::default()).map(|cost| cost.total));
}

#[test]
fn time_is_quoted_apart() {
    let fees = Fees { second: Some(200_000_000), ..Fees::default() };
    let quote = tariff(PriceList::new(Rates::default(), Vec::new(), fees)).quote(1000, None).unwrap();
    assert_eq!((quote.worst(1000), quote.second_picousd), (Usd::ZERO, 200_000_000));
    assert_eq!(quote.time(1500).to_string(), "0.0003");
}

#[test]
fn without_a_price_there_is_no_quote() {
    for unknown in [
        PriceList::default(),
        list(&[(Kind::Input, 1)]),
        list(&[(Kind::Output, 1)]),
        PriceList::new(Rates::default(), Vec::new(), Fees { image_made: Some(1), ..Fees::default() }),
    ] {
        assert_eq!(tariff(unknown.clone()).quote(1, None), None, "{unknown:?}");
    }
    assert_eq!(tariff(PriceList::flat(0, 0)).quote(9, None), Some(Quote::default()));
}
