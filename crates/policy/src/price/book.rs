//! All list prices: the operator's price map over the catalogue.

use std::collections::HashMap;

use super::Origin;
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
}

impl Book {
    /// The book of a map by its keys.
    pub fn new(map: HashMap<String, Listed>) -> Self {
        Book { map }
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
