//! How the prices of one deployment are found: what the operator states, over the price map, over the catalogue.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Book, Hourly, Markup, Origin, Tariff};
use crate::catalogue::PriceList;

/// What the tariff of a deployment is made from, whichever of its models is called.
#[derive(Clone, Debug, Default)]
pub struct Terms {
    /// The list prices.
    pub book: Arc<Book>,
    /// Whose model it is.
    pub provider: String,
    /// The model whose prices hold instead, and whose it is (`base_model`).
    pub base: Option<(String, String)>,
    /// Prices that the operator states.
    pub stated: PriceList,
    /// The price of declared hardware.
    pub hourly: Option<Box<Hourly>>,
    /// Where the deployment is.
    pub region: Option<String>,
    /// Discount and margin.
    pub markup: Markup,
    /// Whether it is an engine of the operator's own, whose calls count as free if nothing is known.
    pub own: bool,
    /// Prices of models whose prices are not known otherwise.
    pub default: Option<PriceList>,
    /// Whether the provider's answers say what a call cost. That counts where the operator says nothing of this
    /// deployment.
    pub states_costs: bool,
}

impl Terms {
    /// The tariff of `model`, as the provider spells it.
    pub fn tariff(&self, model: &str) -> Tariff {
        let (list, origin) = self.list(model);
        let hourly = self.hourly.clone().filter(|_| origin == Origin::Hardware);
        let heeds_stated = self.states_costs && self.hourly.is_none() && !self.stated.is_known();
        let (provider, model) = self.priced(model);
        let pictures = self.book.pictures(provider, model).to_vec();
        Tariff { list, hourly, region: self.region.clone(), markup: self.markup, origin, heeds_stated, pictures }
    }

    /// The model whose prices hold for `model`, and whose it is.
    fn priced<'a>(&'a self, model: &'a str) -> (&'a str, &'a str) {
        match &self.base {
            Some((provider, model)) => (provider.as_str(), model.as_str()),
            None => (self.provider.as_str(), model),
        }
    }

    fn list(&self, model: &str) -> (PriceList, Origin) {
        if self.hourly.is_some() && !self.stated.is_known() {
            return (PriceList::default(), Origin::Hardware);
        }
        let (provider, model) = self.priced(model);
        let (listed, origin) = match (self.book.prices(provider, model), &self.default) {
            ((_, Origin::Unknown), _) if self.own => (PriceList::flat(0, 0), Origin::Own),
            ((_, Origin::Unknown), Some(default)) => (default.clone(), Origin::Default),
            (listed, _) => listed,
        };
        let says_what_calls_cost = !self.stated.base.is_empty() || self.stated.fees.second.is_some();
        match says_what_calls_cost {
            // Half a price is no reason to take the other half for zero, or for what others cost.
            true if matches!(origin, Origin::Own | Origin::Default) => (self.stated.clone(), Origin::Stated),
            true => (listed.with(&self.stated), Origin::Stated),
            false => (listed.with(&self.stated), origin),
        }
    }
}

/// The tariffs of one deployment.
#[derive(Clone, Debug)]
pub enum Pricing {
    /// It has one model.
    Fixed(Arc<Tariff>),
    /// The caller names the model.
    ByModel(Arc<Named>),
}

impl Pricing {
    /// Prices of `model` alone.
    pub fn fixed(terms: &Terms, model: &str) -> Self {
        Pricing::Fixed(Arc::new(terms.tariff(model)))
    }

    /// Prices of whatever model is named.
    pub fn by_model(terms: Terms) -> Self {
        Pricing::ByModel(Arc::new(Named { terms, known: Mutex::default() }))
    }

    /// The tariff of `model`, as the provider spells it. Cheap enough for every call.
    pub fn tariff(&self, model: &str) -> Arc<Tariff> {
        match self {
            Pricing::Fixed(tariff) => tariff.clone(),
            Pricing::ByModel(named) => named.tariff(model),
        }
    }
}

/// Most tariffs that are kept: callers can name whatever they like.
const MOST_KEPT: usize = 512;

/// Tariffs of the models that callers have named.
#[derive(Debug)]
pub struct Named {
    terms: Terms,
    known: Mutex<HashMap<String, Arc<Tariff>>>,
}

impl Named {
    fn tariff(&self, model: &str) -> Arc<Tariff> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(tariff) = known.get(model) {
            return tariff.clone();
        }
        if known.len() >= MOST_KEPT {
            known.clear();
        }
        let tariff = Arc::new(self.terms.tariff(model));
        known.insert(model.to_owned(), tariff.clone());
        tariff
    }
}
