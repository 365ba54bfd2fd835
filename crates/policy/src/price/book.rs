//! All list prices: the operator's price map over the catalogue.

use std::collections::HashMap;

use super::{Origin, Sized};
use crate::catalogue::{self, PriceList};

/// What a price map says about a model.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Listed {
    /// Whose model it is.
    pub provider: String,
    /// Its prices.
    pub prices: PriceList,
    /// Context window for input, tokens.
    pub max_input_tokens: Option<u64>,
    /// Largest output, tokens.
    pub max_output_tokens: Option<u64>,
}

/// All list prices. A model that the operator's map has is priced by the map alone, any other one by the catalogue.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Book {
    map: HashMap<String, Listed>,
    /// Prices of pictures by size and quality, by whose model they are and its name.
    pictures: HashMap<(String, String), Vec<Sized>>,
}

impl Book {
    /// The book of a map by its keys.
    pub fn new(map: HashMap<String, Listed>) -> Self {
        let mut pictures = HashMap::<_, Vec<Sized>>::new();
        for (key, listed) in &map {
            if let Some((model, price)) = Sized::read(key, &listed.prices.fees) {
                pictures.entry((listed.provider.clone(), model.to_owned())).or_default().push(price);
            }
        }
        Book { map, pictures }
    }

    /// Prices of the pictures of `provider`'s `model` by size and quality, if the operator's map has such.
    pub fn pictures(&self, provider: &str, model: &str) -> &[Sized] {
        if self.pictures.is_empty() {
            return &[];
        }
        self.pictures.get(&(provider.to_owned(), model.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// What the operator's map says about `provider`'s `model`.
    pub fn listed(&self, provider: &str, model: &str) -> Option<&Listed> {
        match self.map.is_empty() {
            true => None,
            false => {
                catalogue::find_spelled(provider, model, |key| self.map.get(key), |listed, of| listed.provider == of)
            }
        }
    }

    /// The prices of `provider`'s `model`, and where they come from.
    pub fn prices(&self, provider: &str, model: &str) -> (PriceList, Origin) {
        let mapped = self.listed(provider, model).map(|listed| (listed.prices.clone(), Origin::Map));
        let built_in = || catalogue::lookup(provider, model).map(|entry| (entry.prices(), Origin::Catalogue));
        let found = mapped.or_else(built_in).filter(|(prices, _)| prices.is_known());
        found.unwrap_or((PriceList::default(), Origin::Unknown))
    }

    /// How many models the operator's map has.
    pub fn len(&self) -> usize {
        self.map.len()
    }

    /// Whether there is only the catalogue.
    pub fn is_empty(&self) -> bool {
        self.map.is_empty()
    }
}
