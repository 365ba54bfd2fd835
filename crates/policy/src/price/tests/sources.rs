//! Where the prices of a deployment come from.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;

fn book() -> Arc<Book> {
    let listed = |provider: &str, input| Listed {
        provider: provider.to_owned(),
        prices: PriceList::flat(input, input),
        ..Listed::default()
    };
    let map = [("gpt-4o", listed("openai", 11)), ("mistral/brand-new", listed("mistral", 12))];
    Arc::new(Book::new(HashMap::from(map.map(|(key, listed)| (key.to_owned(), listed)))))
}

fn terms(provider: &str) -> Terms {
    Terms { book: book(), provider: provider.to_owned(), ..Terms::default() }
}

fn check(terms: &Terms, model: &str, expected: Option<u64>, origin: Origin) {
    let tariff = terms.tariff(model);
    assert_eq!((tariff.list.base.stated(Kind::Input), tariff.origin), (expected, origin), "{model}");
}

#[test]
fn the_map_wins_over_the_catalogue_and_the_operator_over_both() {
    check(&terms("openai"), "gpt-4o", Some(11), Origin::Map);
    check(&terms("azure"), "gpt-4o", Some(2_500_000), Origin::Catalogue);
    check(&terms("mistral"), "brand-new", Some(12), Origin::Map);
    check(&terms("openai"), "brand-new", None, Origin::Unknown);
    let stated = Terms { stated: PriceList::flat(7, 8), ..terms("openai") };
    check(&stated, "gpt-4o", Some(7), Origin::Stated);
    check(&stated, "nobody-knows", Some(7), Origin::Stated);
}

#[test]
fn a_base_model_lends_its_prices() {
    let base = Some(("openai".to_owned(), "gpt-4o".to_owned()));
    check(&Terms { base, ..terms("azure") }, "my-deployment", Some(11), Origin::Map);
}

#[test]
fn hardware_replaces_list_prices_but_not_stated_ones() {
    let hourly = Some(Box::new(Hourly { picousd: [5; 24], hardware: workstation() }));
    let own = Terms { hourly: hourly.clone(), own: true, ..terms("openai") };
    check(&own, "gpt-4o", None, Origin::Hardware);
    assert!(own.tariff("gpt-4o").is_known() && own.tariff("gpt-4o").hourly.is_some());
    let stated = Terms { stated: PriceList::flat(7, 8), ..own };
    check(&stated, "gpt-4o", Some(7), Origin::Stated);
    assert_eq!(stated.tariff("gpt-4o").hourly, None);
}

#[test]
fn what_a_provider_states_is_heeded_unless_the_operator_prices_the_deployment() {
    let heeds = |terms: Terms| terms.tariff("gpt-4o").heeds_stated;
    let states = || Terms { states_costs: true, default: Some(PriceList::flat(9, 9)), ..terms("openai") };
    assert!(heeds(states()) && !heeds(terms("openai")));
    assert!(!heeds(Terms { stated: PriceList::flat(7, 8), ..states() }));
    let hourly = Some(Box::new(Hourly { picousd: [5; 24], hardware: workstation() }));
    assert!(!heeds(Terms { hourly, ..states() }));
}

#[test]
fn an_engine_of_ones_own_is_free_unless_something_is_known() {
    let own = Terms { own: true, default: Some(PriceList::flat(9, 9)), ..terms("hosted_vllm") };
    check(&own, "anything", Some(0), Origin::Own);
    check(&Terms { own: true, ..terms("mistral") }, "brand-new", Some(12), Origin::Map);
}

#[test]
fn half_a_price_is_not_completed_but_the_price_of_something_else_is() {
    let rates = |stated: PriceList, own| {
        let tariff = Terms { own, stated, default: Some(PriceList::flat(9, 9)), ..terms("nobody") }.tariff("x");
        (tariff.list.base.stated(Kind::Input), tariff.list.base.stated(Kind::Output), tariff.origin)
    };
    let half = list(&[(Kind::Input, 5)]);
    assert_eq!(rates(half.clone(), true), (Some(5), None, Origin::Stated));
    assert_eq!(rates(half, false), (Some(5), None, Origin::Stated));
    let searches = PriceList::new(Rates::default(), Vec::new(), Fees { web_search: Some([1; 3]), ..Fees::default() });
    assert_eq!(rates(searches.clone(), true), (Some(0), Some(0), Origin::Own));
    assert_eq!(rates(searches, false), (Some(9), Some(9), Origin::Default));
}

#[test]
fn the_default_price_is_for_models_without_one() {
    let terms = Terms { default: Some(PriceList::flat(9, 9)), ..terms("openai") };
    check(&terms, "brand-new", Some(9), Origin::Default);
    check(&terms, "gpt-4o", Some(11), Origin::Map);
}

#[test]
fn region_and_markup_are_those_of_the_deployment() {
    let markup = Markup { discount_ppm: 1, ..Markup::default() };
    let tariff = Terms { region: Some("eu".to_owned()), markup, ..terms("openai") }.tariff("gpt-4o");
    assert_eq!((tariff.region.as_deref(), tariff.markup), (Some("eu"), markup));
}

#[test]
fn a_caller_who_names_the_model_gets_its_tariff() {
    let fixed = Pricing::fixed(&terms("openai"), "gpt-4o");
    let named = Pricing::by_model(terms("openai"));
    assert_eq!(*fixed.tariff("whatever"), terms("openai").tariff("gpt-4o"));
    assert_eq!(named.tariff("gpt-4o"), fixed.tariff(""));
    assert!(Arc::ptr_eq(&named.tariff("gpt-4o"), &named.tariff("gpt-4o")), "it is kept");
    for nth in 0..2000 {
        assert!(!named.tariff(&format!("no-such-model-{nth}")).is_known());
    }
    let Pricing::ByModel(kept) = &named else { unreachable!() };
    assert!(format!("{kept:?}").matches("no-such-model").count() <= 512, "but not without bound");
    assert_eq!(named.tariff("gpt-4o"), fixed.tariff(""));
}
