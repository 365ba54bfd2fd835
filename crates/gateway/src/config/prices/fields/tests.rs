use super::*;
use crate::config::report::Notes;
use crate::config::yaml;

fn tree(text: &str) -> Node {
    yaml::read(text, 0, &mut Notes::default()).unwrap()
}

fn with<T>(text: &str, mode: Option<&str>, look: impl FnOnce(Prices) -> T) -> T {
    let node = tree(&format!("{{{text}}}"));
    let Value::Map(entries) = &node.value else { panic!("{text}") };
    look(read(entries.iter().map(|(name, node)| (name.as_str(), node)), mode))
}

fn list(text: &str) -> PriceList {
    with(text, None, |prices| {
        assert_eq!((prices.unknown, prices.wrong), (vec![], vec![]), "{text}");
        prices.list
    })
}

fn price(list: &PriceList, service: &str, tokens: u64, kind: Kind) -> Option<u64> {
    list.rates(Some(service), tokens, false).price(kind)
}

#[test]
fn names_say_kind_size_lifetime_and_tier() {
    let check = |name: &str, kind, service: &'static str, above| {
        let expected = Slot::Token { at: TOKENS.iter().position(|(token, _)| *token == kind).unwrap(), service, above };
        assert_eq!(Slot::of(name), Some(expected), "{name}");
    };
    check("input_cost_per_token", "input_cost_per_token", "", 0);
    check("output_cost_per_token_flex", "output_cost_per_token", "flex", 0);
    check("input_cost_per_token_above_128k_tokens", "input_cost_per_token", "", 128_000);
    check("input_cost_per_token_above_128_tokens", "input_cost_per_token", "", 128);
    check("input_cost_per_token_above_200k_tokens_batches", "input_cost_per_token", "batch", 200_000);
    check("input_cost_per_token_priority_above_200k_tokens", "input_cost_per_token", "priority", 200_000);
    check(
        "cache_creation_input_token_cost_above_1hr_above_200k_tokens",
        "cache_creation_input_token_cost_above_1hr",
        "",
        200_000,
    );
    check(
        "cache_creation_input_token_cost_above_12hr_above_272k_tokens_ultrafast",
        "cache_creation_input_token_cost_above_12hr",
        "ultrafast",
        272_000,
    );
    for other in ["input_cost_per_token_decisions", "ocr_cost_per_page", "input_cost_per_token_above_manyk_tokens"] {
        assert_eq!(Slot::of(other), None, "{other}");
    }
}

#[test]
fn prices_are_read_exactly() {
    let list = list(
        "input_cost_per_token: 1.5e-07, output_cost_per_token: '6e-7', cache_read_input_token_cost: 0.000000015, \
         output_cost_per_reasoning_token: 7e-07, input_cost_per_audio_token: 1e-6, \
         output_cost_per_token_priority: 9e-07, input_cost_per_token_above_200k_tokens: 3e-07",
    );
    assert_eq!(price(&list, "", 1, Kind::Input), Some(150_000));
    assert_eq!(price(&list, "", 1, Kind::Output), Some(600_000));
    assert_eq!(price(&list, "", 1, Kind::CacheRead), Some(15_000));
    assert_eq!(price(&list, "", 1, Kind::Reasoning), Some(700_000));
    assert_eq!(price(&list, "priority", 1, Kind::Reasoning), Some(900_000));
    assert_eq!(price(&list, "", 200_001, Kind::Input), Some(300_000));
    assert_eq!(price(&list, "", 200_001, Kind::AudioInput), Some(1_000_000));
}

#[test]
fn of_two_names_for_the_same_the_first_one_counts() {
    for text in [
        "input_cost_per_token_cache_hit: 5e-12, cache_read_input_token_cost: 4e-12",
        "cache_read_input_token_cost: 4e-12, input_cost_per_token_cache_hit: 5e-12",
    ] {
        assert_eq!(list(text).base.stated(Kind::CacheRead), Some(4), "{text}");
    }
    assert_eq!(list("input_cost_per_token_cache_hit: 5e-12").base.stated(Kind::CacheRead), Some(5));
    let clock = |text: &str| list(text).fees.second;
    assert_eq!(clock("output_cost_per_second: 0.0, input_cost_per_second: 0.0001"), Some(100_000_000));
    assert_eq!(clock("cost_per_second: 0.002, input_cost_per_second: 0.0001"), Some(2_000_000_000));
}

#[test]
fn the_mode_says_whose_seconds_are_meant_and_who_writes() {
    let fees = |mode| with("input_cost_per_second: 1e-12", mode, |prices| prices.list.fees);
    assert_eq!((fees(None).second, fees(Some("chat")).second), (Some(1), Some(1)));
    assert_eq!(
        (fees(Some("audio_transcription")).second, fees(Some("audio_transcription")).audio_second),
        (None, Some(1))
    );
    let output = |mode| with("input_cost_per_token: 1e-12", mode, |prices| prices.list.base.stated(Kind::Output));
    assert_eq!((output(Some("embedding")), output(Some("chat")), output(None)), (Some(0), None, None));
    assert_eq!(list("output_cost_per_image_token: 3e-12").base.stated(Kind::Output), Some(3));
}

#[test]
fn tiers_by_range_are_read_and_never_mixed() {
    let list = list(
        "tiered_pricing: [{range: [0, 32000.0], input_cost_per_token: 10e-12, output_cost_per_token: 50e-12, \
         cache_read_input_token_cost: 1e-12}, {range: [32000, 1000000], input_cost_per_token: 20e-12, \
         output_cost_per_token: 90e-12, output_cost_per_reasoning_token: 95e-12}]",
    );
    assert_eq!(price(&list, "", 32_000, Kind::Output), Some(50));
    assert_eq!(price(&list, "", 32_000, Kind::CacheRead), Some(1));
    assert_eq!(price(&list, "", 32_001, Kind::CacheRead), Some(20));
    assert_eq!(price(&list, "", 2_000_000, Kind::Reasoning), Some(95));
}

#[test]
fn hours_are_read() {
    // Thursday, 1 January 1970, began at midnight.
    let hours = |text: &str| list(&format!("input_cost_per_token: 2e-12, off_peak_pricing: {{{text}}}"));
    let every_day = hours("hours_utc: '16:30-00:30', input_cost_per_token: 1e-12");
    assert_eq!(every_day.rates(None, 1, true).price(Kind::Input), Some(1));
    assert!(every_day.is_off_peak(0) && !every_day.is_off_peak(1800));
    let windows = hours(
        "windows: [{hours_utc: ['04:00-06:00', '22:00-23:00'], weekdays: [mon, Thursday]}], weekday_timezone: Asia/Shanghai",
    );
    assert!(windows.is_off_peak(5 * 3600) && !windows.is_off_peak(22 * 3600), "it is Friday there already");
}

#[test]
fn the_rest_is_read() {
    let list = list(
        "input_cost_per_request: 0.005, input_cost_per_character: 15e-6, output_cost_per_image: 0.04, \
         input_cost_per_image: 0.01, output_cost_per_pixel: 2e-8, input_cost_per_query: 0.002, \
         search_context_cost_per_query: {search_context_size_low: 0.005, search_context_size_high: 0.012}, \
         regional_processing_uplift_multiplier_eu: 1.1, provider_specific_entry: {fast: 2.0, bedrock_invocation_schema: x}",
    );
    let fees = list.fees;
    assert_eq!(
        (fees.request, fees.character, fees.image_made),
        (Some(5_000_000_000), Some(15_000_000), Some(40_000_000_000))
    );
    assert_eq!((fees.image_read, fees.pixel, fees.query), (Some(10_000_000_000), Some(20_000), Some(2_000_000_000)));
    assert_eq!(fees.web_search, Some([5_000_000_000, 5_000_000_000, 12_000_000_000]));
    assert_eq!((list.region_factor(Some("eu")), list.speed_factor(Some("fast"))), (1_100_000, 2_000_000));
    let one_price = self::list("search_context_cost_per_query: 0.01").fees.web_search;
    assert_eq!(one_price, Some([10_000_000_000; 3]));
}

#[test]
fn what_is_wrong_is_named_and_what_is_not_known_is_told_apart() {
    let check = |text: &str, unknown: &[&str], wrong: &[&str]| {
        with(text, None, |prices| {
            assert_eq!(prices.unknown, unknown, "{text}");
            assert_eq!(prices.wrong.iter().map(|(name, _)| *name).collect::<Vec<_>>(), wrong, "{text}");
        });
    };
    check("temperature: 1, max_tokens: x, input_cost_per_token: ~", &[], &[]);
    check(
        "ocr_cost_per_page: 1, input_cost_per_token_decisions: 1",
        &["ocr_cost_per_page", "input_cost_per_token_decisions"],
        &[],
    );
    check("input_cost_per_token: cheap", &[], &["input_cost_per_token"]);
    check("output_cost_per_token_flex: -1", &[], &["output_cost_per_token_flex"]);
    check("input_cost_per_image: [1]", &[], &["input_cost_per_image"]);
    for tiers in
        ["1", "[1]", "[{range: 5}]", "[{range: []}]", "[{range: [a, b]}]", "[{range: [0, 1], input_cost_per_token: x}]"]
    {
        check(&format!("tiered_pricing: {tiers}"), &[], &["tiered_pricing"]);
    }
    for hours in [
        "{}",
        "{hours_utc: 5}",
        "{hours_utc: []}",
        "{hours_utc: '1-2'}",
        "{windows: [{}]}",
        "{windows: [{hours_utc: '01:00-02:00', weekdays: [0]}]}",
        "{hours_utc: '01:00-02:00', weekday_timezone: Mars}",
    ] {
        check(&format!("off_peak_pricing: {hours}"), &[], &["off_peak_pricing"]);
    }
    check("search_context_cost_per_query: {}", &[], &["search_context_cost_per_query"]);
    check("provider_specific_entry: {us: often}", &[], &["provider_specific_entry"]);
    check("regional_endpoint_uplift_multiplier: 9999999999", &[], &["regional_endpoint_uplift_multiplier"]);
}
