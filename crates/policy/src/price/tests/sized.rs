//! Pictures by size and quality.

use std::collections::HashMap;
use std::sync::Arc;

use super::*;

fn book() -> Arc<Book> {
    let listed = |provider: &str, fees| Listed {
        provider: provider.to_owned(),
        prices: PriceList::new(Rates::default(), Vec::new(), fees),
        ..Listed::default()
    };
    let made = |picousd| Fees { image_made: Some(picousd), ..Fees::default() };
    let map = [
        ("standard/1024-x-1024/dall-e-3", listed("openai", Fees { pixel: Some(38_147), ..Fees::default() })),
        ("standard/1024-x-1792/dall-e-3", listed("openai", made(80_000_000_000))),
        ("hd/1024-x-1024/dall-e-3", listed("openai", made(80_000_000_000))),
        ("hd/1024-x-1792/dall-e-3", listed("openai", made(120_000_000_000))),
        ("256-x-256/dall-e-2", listed("openai", made(16_000_000_000))),
        ("azure/1024-x-1024/dall-e-2", listed("azure", made(20_000_000_000))),
    ];
    Arc::new(Book::new(HashMap::from(map.map(|(key, listed)| (key.to_owned(), listed)))))
}

#[test]
fn a_picture_costs_what_its_size_and_quality_do() {
    let check = |provider: &str, model: &str, quality: &str, size, expected: Option<&str>| {
        let terms = Terms { book: book(), provider: provider.to_owned(), ..Terms::default() };
        let tariff = Arc::new(terms.tariff(model)).of_picture(quality, size);
        let one = Usage { images_made: Some(1), ..Usage::default() };
        let cost = tariff.cost(&one, &Bill::default()).map(|cost| cost.total.to_string());
        assert_eq!(cost.as_deref(), expected, "{provider} {model} {quality} {size:?}");
        assert_eq!(tariff.quote_of(&one, None).map(|quote| quote.worst(9).to_string()), cost);
    };
    check("openai", "dall-e-3", "", None, Some("0.040000029"));
    check("openai", "dall-e-3", "auto", Some((1024, 1792)), Some("0.08"));
    check("openai", "dall-e-3", "hd", Some((1024, 1792)), Some("0.12"));
    check("openai", "dall-e-3", "hd", None, Some("0.08"));
    // What is not listed is no cheaper than what is.
    check("openai", "dall-e-3", "hd", Some((9, 9)), Some("0.12"));
    check("openai", "dall-e-3", "ultra", Some((1024, 1024)), Some("0.08"));
    check("openai", "dall-e-2", "", Some((256, 256)), Some("0.016"));
    check("azure", "dall-e-2", "standard", None, Some("0.02"));
    check("azure", "dall-e-3", "", None, None);
}
