use policy::catalogue::Kind;
use policy::price::{Book, Origin};

use super::*;

const MAP: &str = r#"{
  "sample_spec": {"litellm_provider": "one of ...", "input_cost_per_token": 0.0},
  "gpt-99": {"litellm_provider": "openai", "mode": "chat", "max_input_tokens": 128000, "max_output_tokens": 16384,
    "input_cost_per_token": 2e-06, "output_cost_per_token": 8e-06, "input_cost_per_token_flex": 1e-06,
    "output_cost_per_token_decisions": 1e-06, "supports_vision": true},
  "vertex_ai/new": {"litellm_provider": "vertex_ai-language-models", "mode": "chat", "input_cost_per_token": "3e-7",
    "output_cost_per_token": null, "search_context_cost_per_query": "free"},
  "mistral/embed-99": {"litellm_provider": "mistral", "mode": "embedding", "input_cost_per_token": 1e-7},
  "pages": {"litellm_provider": "mistral", "mode": "ocr", "ocr_cost_per_page": 0.001},
  "nobody's": {"input_cost_per_token": 1}, "odd": 5
}"#;

#[test]
fn models_are_read_with_prices_and_windows() {
    let map = PriceMap::read(MAP.as_bytes()).unwrap();
    let model = &map.models["gpt-99"];
    assert_eq!((model.max_input_tokens, model.max_output_tokens), (Some(128_000), Some(16_384)));
    let flex = model.prices.rates(Some("flex"), 1, false);
    assert_eq!((flex.price(Kind::Input), flex.price(Kind::Output)), (Some(1_000_000), Some(8_000_000)));
    assert_eq!(map.models["mistral/embed-99"].prices.base.stated(Kind::Output), Some(0));
    assert_eq!(map.models["vertex_ai/new"].prices.base.stated(Kind::Input), Some(300_000));
    assert_eq!(map.len(), 4);
    let book = Book::new(map.models);
    let known = |provider, model| book.prices(provider, model).1;
    assert_eq!((known("openai", "gpt-99"), known("vertex_ai", "new")), (Origin::Map, Origin::Map));
    assert_eq!((known("mistral", "gpt-99"), known("openai", "gpt-4o")), (Origin::Unknown, Origin::Catalogue));
}

#[test]
fn what_is_not_understood_is_told_in_one_line() {
    assert_eq!(
        PriceMap::read(MAP.as_bytes()).unwrap().remark,
        "not understood, with the number of models: models without litellm_provider (2), \
         output_cost_per_token_decisions (1), search_context_cost_per_query (1)"
    );
}

#[test]
fn what_is_no_map_is_refused() {
    let check = |text: &[u8], expected: &str| assert_eq!(PriceMap::read(text).unwrap_err(), expected);
    check(b"", "unexpected end of the text at byte 0");
    check(b"<html>", "expected a value at byte 0");
    check(b"[]", "not a JSON object of models");
    check(b"{\"a\": {", "unexpected end of the text at byte 7");
    check(&vec![b' '; MOST_BYTES as usize + 1], "larger than 8 MiB");
}

#[test]
fn a_map_that_shrank_is_not_taken() {
    let map = |models: usize| {
        let entry = |nth| format!("\"m{nth}\": {{\"litellm_provider\": \"openai\"}}");
        let entries: Vec<String> = (0..models).map(entry).collect();
        PriceMap::read(format!("{{{}}}", entries.join(",")).as_bytes()).unwrap()
    };
    assert_eq!(map(49).replaces(0), Err("it has only 49 models".to_owned()));
    assert_eq!(map(50).replaces(100), Ok(()));
    assert_eq!(map(50).replaces(101), Err("it has 50 models where there were 101".to_owned()));
    assert!(PriceMap::built_in() > 4_000);
}

/// Every entry of the catalogue, written as an entry of a map again, has the same prices.
#[test]
fn the_catalogue_and_a_map_mean_the_same() {
    let mut checked = 0;
    for entry in catalogue::entries().filter(|entry| entry.mode() == "chat") {
        let list = entry.prices();
        let dollars = |picos: u64| format!("{picos}e-12");
        let mut fields = vec![format!("\"litellm_provider\": \"{}\", \"mode\": \"chat\"", entry.provider())];
        let names = [
            ("input_cost_per_token", Kind::Input),
            ("output_cost_per_token", Kind::Output),
            ("cache_read_input_token_cost", Kind::CacheRead),
            ("cache_creation_input_token_cost", Kind::CacheWrite),
            ("cache_creation_input_token_cost_above_1hr", Kind::CacheWriteLong),
        ];
        for (service, suffix) in [("", ""), ("flex", "_flex"), ("priority", "_priority")] {
            let sizes: Vec<u64> = [0].into_iter().chain(list.sizes()).collect();
            for size in sizes.into_iter().filter(|size| size % 1000 == 0) {
                let rates = list.rates(Some(service), size + 1, false);
                let above = if size == 0 { String::new() } else { format!("_above_{}k_tokens", size / 1000) };
                let known = names.iter().filter_map(|(name, kind)| Some((name, rates.stated(*kind)?)));
                fields.extend(known.map(|(name, price)| format!("\"{name}{above}{suffix}\": {}", dollars(price))));
            }
        }
        let text = format!("{{\"{}\": {{{}}}}}", entry.key(), fields.join(", "));
        let map = PriceMap::read(text.as_bytes()).unwrap();
        assert_eq!(map.remark, "", "{text}");
        let again = &map.models[entry.key()].prices;
        for service in ["", "flex", "priority"] {
            for tokens in [1, 32_001, 128_001, 200_001, 272_001] {
                let (before, after) =
                    (list.rates(Some(service), tokens, false), again.rates(Some(service), tokens, false));
                for (_, kind) in names {
                    let both_known = list.sizes().all(|size| size % 1000 == 0);
                    assert!(
                        !both_known || before.stated(kind) == after.stated(kind),
                        "{} {service} {tokens}",
                        entry.key()
                    );
                    checked += 1;
                }
            }
        }
    }
    assert!(checked > 100_000);
}

#[test]
fn pictures_have_prices_by_size_and_quality() {
    let text = br#"{"hd/1024-x-1792/dall-e-3": {"litellm_provider": "openai", "mode": "image_generation",
        "input_cost_per_pixel": 6.539e-08, "output_cost_per_pixel": 0.0}}"#;
    let book = Book::new(PriceMap::read(text).unwrap().models);
    assert_eq!((book.pictures("openai", "dall-e-3").len(), book.pictures("openai", "other").len()), (1, 0));
}
