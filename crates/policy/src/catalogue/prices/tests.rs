use super::*;

fn list(columns: &str, more: &str) -> PriceList {
    PriceList::read(&columns.split('|').collect::<Vec<_>>(), more)
}

fn rates(list: &PriceList, service: Option<&str>, tokens: u64) -> [Option<u64>; 3] {
    let rates = list.rates(service, tokens, false);
    [Kind::Input, Kind::Output, Kind::CacheRead].map(|kind| rates.stated(kind))
}

#[test]
fn unknown_prices_stay_unknown_and_zero_stays_zero() {
    assert_eq!(rates(&list("|0|||", ""), None, 10), [None, Some(0), None]);
    assert_eq!(list("||||", "web_search=7 reasoning=x").fees.web_search, Some([7; 3]));
    assert_eq!(list("x|-1|1.5||", "oops >a=1").rates(Some("flex"), u64::MAX, false), Rates::default());
    assert!(!list("||||", "oops >a").is_known() && list("||||", "request=0").is_known());
}

#[test]
fn a_large_request_is_paid_at_the_price_of_its_size() {
    let list = list("100|200|10||", "audio_input=5 >32000=110,220 >128000=120,240,12");
    let check = |tokens, input, output, cache_read| {
        assert_eq!(rates(&list, None, tokens), [Some(input), Some(output), Some(cache_read)]);
        assert_eq!(list.rates(None, tokens, false).stated(Kind::AudioInput), Some(5));
    };
    check(0, 100, 200, 10);
    check(32_000, 100, 200, 10);
    check(32_001, 110, 220, 10);
    check(128_001, 120, 240, 12);
    assert_eq!(list.sizes().collect::<Vec<_>>(), [32_000, 128_000]);
}

#[test]
fn a_service_tier_has_its_own_prices_where_it_has_any() {
    let list = list("100|200|||", "priority>200000=180,360 priority=150,300 flex=50,100 >200000=120,240");
    let check = |service, tokens, input| assert_eq!(rates(&list, service, tokens)[0], Some(input), "{service:?}");
    check(None, 1, 100);
    check(Some("default"), 1, 100);
    check(Some("auto"), 1, 100);
    check(Some("unheard-of"), 1, 100);
    check(Some("flex"), 1, 50);
    check(Some("priority"), 1, 150);
    check(Some("fast"), 1, 150);
    check(None, 200_001, 120);
    check(Some("flex"), 200_001, 120);
    check(Some("priority"), 200_001, 180);
}

#[test]
fn a_batch_pays_half_unless_the_list_says_what_it_pays() {
    let check = |more: &str, tokens, expected: [u64; 3]| {
        let found = rates(&list("100|201|11||", more), Some("batch"), tokens);
        assert_eq!(found, expected.map(Some), "{more} {tokens}");
    };
    check("", 1, [50, 101, 6]);
    check("batch=40,,11", 1, [40, 101, 11]);
    check(">1000=300,400", 2000, [150, 200, 6]);
    // Half of what a large request pays, not the batch price of small ones.
    check("batch=40,80,11 >1000=300,400", 2000, [150, 200, 6]);
    check("batch=40,80,11 >1000=300,400 batch>1000=90,180", 2000, [90, 180, 6]);
}

#[test]
fn a_new_price_of_output_is_one_of_reasoning_too() {
    let list = list("100|200|||", "reasoning=300 >1000=110,220 >2000=120,240,,,,360");
    let check = |tokens, reasoning| {
        assert_eq!(list.rates(None, tokens, false).price(Kind::Reasoning), Some(reasoning));
    };
    check(1000, 300);
    check(1001, 220);
    check(2001, 360);
}

#[test]
fn kinds_without_a_price_have_that_of_what_they_are_a_part_of() {
    let rates = list("100|200||130|", "").base;
    let check = |kind, price| assert_eq!(rates.price(kind), Some(price), "{kind:?}");
    check(Kind::CacheRead, 100);
    check(Kind::CacheWriteLong, 130);
    check(Kind::ImageInput, 100);
    check(Kind::AudioOutput, 200);
    check(Kind::Reasoning, 200);
    assert_eq!(list("|200|||", "").base.price(Kind::CacheRead), None);
}

#[test]
fn sound_that_is_paid_like_text_is_so_in_every_tier() {
    let list = list("100|200|||", "audio_input=100 image_output=250 flex=50,100");
    let rates = list.rates(Some("flex"), 1, false);
    assert_eq!((rates.price(Kind::AudioInput), rates.price(Kind::ImageOutput)), (Some(50), Some(250)));
}

#[test]
fn hours_and_their_prices_are_read() {
    let hours = list("100|200|10||", "offpeak@1-5/00:00-01:00,10:00-00:00;6-7/00:00-00:00+480=50,,5");
    let cheap = hours.rates(None, 1, true);
    assert_eq!([Kind::Input, Kind::Output, Kind::CacheRead].map(|kind| cheap.price(kind)), [50, 200, 5].map(Some));
    // Monday, 2 November 2026.
    let monday = 1_793_577_600;
    let check = |hour: i64, expected| assert_eq!(hours.is_off_peak(monday + hour * 3600), expected, "{hour}");
    check(0, true);
    check(1, false);
    check(10, true);
    // Friday, 17:00 in London, is Saturday in Shanghai; so is all of Saturday until 16:00.
    check(4 * 24 + 9, false);
    check(5 * 24 + 9, true);
    check(6 * 24 + 16, true);
    for broken in ["offpeak@1-5=1", "offpeak@1-5/25:00-01:00=1", "offpeak@a-b/00:00-01:00=1", "offpeak@1-5/0-1+x=1"] {
        assert_eq!(list("100|200|||", broken).off_peak, None, "{broken}");
    }
}

#[test]
fn factors_are_known_by_region_and_speed() {
    let factors = list("100|200|||", "eu=*1.1 regional=*1.25 fast=*2 us=*x");
    let check = |region, ppm| assert_eq!(factors.region_factor(region), ppm, "{region:?}");
    check(None, ONE);
    check(Some("global"), ONE);
    check(Some("eu"), 1_100_000);
    check(Some("eu-west4"), 1_100_000);
    check(Some("asia-south1"), 1_250_000);
    assert_eq!(factors.highest_region_factor(), 1_250_000);
    assert_eq!((factors.speed_factor(Some("fast")), factors.speed_factor(Some("flex"))), (2_000_000, ONE));
    // Where the speed is a factor, it is not a tier as well.
    assert_eq!(rates(&list("100|200|||", "fast=*2 priority=150,300"), Some("fast"), 1)[0], Some(100));
}

#[test]
fn what_is_paid_for_by_the_piece_has_no_price_per_token() {
    let by_query = list("0|0|||", "query=2000");
    assert_eq!((by_query.base, by_query.fees.query), (Rates::default(), Some(2000)));
    let by_token = list("100|0|||", "second=5 audio_second=7");
    assert_eq!((by_token.fees.second, by_token.fees.audio_second), (None, Some(7)));
    assert_eq!(list("0|0|||", "").base.price(Kind::Output), Some(0), "free is free");
}

#[test]
fn a_stated_price_speaks_for_all_its_parts_under_all_conditions() {
    let listed =
        list("100|200|10|125|200", "reasoning=300 audio_input=9 flex=50,100,5 >1000=110,220 fast=*2 request=4");
    let check = |stated: &PriceList, service, tokens, kinds: &[(Kind, u64)]| {
        let rates = listed.with(stated).rates(service, tokens, false);
        for (kind, price) in kinds {
            assert_eq!(rates.price(*kind), Some(*price), "{kind:?} {service:?} {tokens}");
        }
    };
    let input = list("70||||", "");
    let all = [(Kind::Input, 70), (Kind::CacheRead, 70), (Kind::CacheWriteLong, 70), (Kind::AudioInput, 70)];
    check(&input, None, 1, &all);
    check(&input, Some("flex"), 1, &[(Kind::Input, 70), (Kind::Output, 100)]);
    check(&input, None, 1001, &[(Kind::Input, 70), (Kind::Output, 220)]);
    check(&list("||7||", ""), Some("flex"), 1, &[(Kind::Input, 50), (Kind::CacheRead, 7)]);
    check(&list("|0|||", ""), None, 1001, &[(Kind::Input, 110), (Kind::Output, 0), (Kind::Reasoning, 0)]);
    check(&list("70||||", "flex=30 >1000=80"), Some("flex"), 1, &[(Kind::Input, 30)]);
    check(&list("70||||", "flex=30 >1000=80"), None, 1001, &[(Kind::Input, 80)]);
    assert_eq!(listed.with(&input).fees.request, Some(4));
    assert_eq!(listed.with(&list("||||", "fast=*3")).speed_factor(Some("fast")), 3_000_000);
}

#[test]
fn a_stated_price_per_second_replaces_prices_of_tokens_and_the_other_way_round() {
    let (tokens, time) = (list("100|200|||", "flex=50,100"), list("||||", "second=5"));
    let timed = tokens.with(&time);
    assert_eq!((timed.base, timed.fees.second, timed.sizes().count()), (Rates::default(), Some(5), 0));
    let counted = time.with(&tokens);
    assert_eq!((counted.base.price(Kind::Output), counted.fees.second), (Some(200), None));
    assert_eq!(time.with(&list("0|0|||", "")).fees.second, None, "free is free, however it was paid before");
}
