use super::{PriceList, Rates};

fn list(columns: &str, more: &str) -> PriceList {
    PriceList::read(&columns.split('|').collect::<Vec<_>>(), more)
}

#[test]
fn unknown_prices_stay_unknown_and_zero_stays_zero() {
    let rates = list("|0|||", "").rates(None, 10);
    assert_eq!((rates.input, rates.output, rates.cache_read), (None, Some(0), None));
    assert_eq!(list("||||", "web_search=7 reasoning=x").rates(None, 0).web_search, Some(7));
    assert_eq!(list("x|-1|1.5||", "oops >a=1").rates(Some("flex"), u64::MAX), Rates::default());
}

#[test]
fn a_large_request_is_paid_at_the_price_of_its_size() {
    let list = list("100|200|10||", "audio_input=5 >32000=110,220 >128000=120,240,12");
    let check = |tokens, input, output, cache_read| {
        let rates = list.rates(None, tokens);
        assert_eq!((rates.input, rates.output, rates.cache_read), (Some(input), Some(output), Some(cache_read)));
        assert_eq!(rates.audio_input, Some(5));
    };
    check(0, 100, 200, 10);
    check(32_000, 100, 200, 10);
    check(32_001, 110, 220, 10);
    check(128_001, 120, 240, 12);
}

#[test]
fn a_service_tier_has_its_own_prices_where_it_has_any() {
    let list = list("100|200|||", "priority>200000=180,360 priority=150,300 flex=50,100 >200000=120,240");
    let check = |service, tokens, input| assert_eq!(list.rates(service, tokens).input, Some(input), "{service:?}");
    check(None, 1, 100);
    check(Some("default"), 1, 100);
    check(Some("flex"), 1, 50);
    check(Some("priority"), 1, 150);
    check(None, 200_001, 120);
    check(Some("flex"), 200_001, 120);
    check(Some("priority"), 200_001, 180);
}

#[test]
fn a_new_price_of_output_is_one_of_reasoning_too() {
    let list = list("100|200|||", "reasoning=300 >1000=110,220 >2000=120,240,,,,360");
    let check = |tokens, reasoning| assert_eq!(list.rates(None, tokens).reasoning, reasoning);
    check(1000, Some(300));
    check(1001, None);
    check(2001, Some(360));
}
