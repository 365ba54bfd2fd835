//! Prices: what deployments, `litellm_settings` and a price map say about them, brought to the terms of each
//! deployment. What a call costs then is the business of `policy::price`.

mod fields;
mod hardware;
mod map;
mod source;

use std::sync::Arc;

use policy::catalogue::{self, PriceList};
use policy::nearest;
use policy::price::{Book, Markup, Terms};
use providers::http::Endpoint;
use providers::{Auth, Provider};

pub use map::PriceMap;
pub use source::{Copies, Remote, Source, split};

use super::include::ReadFile;
use super::keys::{DEFAULT_PRICE, MARGIN};
use super::report::{Notes, Place};
use super::section::{Section, scalar};
use super::tree::{Node, Value};
use fields::{PICO, PPM};

/// What holds for all deployments.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The list prices.
    pub book: Arc<Book>,
    /// Discounts by provider, parts per million.
    discounts: Vec<(String, u32)>,
    /// Margins by provider.
    margins: Vec<(String, Markup)>,
    /// Prices of models whose prices are not known.
    default: Option<PriceList>,
}

/// The provider that stands for all that are not named.
const EVERYBODY: &str = "global";
/// Highest margin, as a share: ten times the cost is a slip of the pen, more than that surely.
const HIGHEST_MARGIN: u64 = 100_000_000;

/// Regions that a server's name may begin with.
const REGIONS: [&str; 2] = ["eu", "us"];

impl Settings {
    /// Reads `litellm_settings`.
    pub fn read(library: &Section, book: Book, notes: &mut Notes) -> Self {
        let discounts = shares(library, "cost_discount_config", notes, |node, _, _| {
            let share = scalar(node)?.decimal()?.scaled(PPM)?;
            u32::try_from(share).ok().filter(|share| *share <= catalogue::ONE)
        });
        let margins = shares(library, "cost_margin_config", notes, margin);
        let default = default_price(library.node("default_price"), &library.at("default_price"), notes);
        Settings { book: Arc::new(book), discounts, margins, default }
    }

    /// The prices of whatever model of a provider is named.
    pub fn of(&self, provider: &'static Provider) -> policy::price::Pricing {
        policy::price::Pricing::by_model(Terms {
            book: self.book.clone(),
            provider: provider.id.to_owned(),
            markup: self.markup(provider.id),
            own: provider.local || provider.auth == Auth::None,
            default: self.default.clone(),
            states_costs: provider.states_costs,
            ..Terms::default()
        })
    }

    fn markup(&self, provider: &str) -> Markup {
        fn of<T: Copy + Default>(all: &[(String, T)], provider: &str) -> T {
            let named = |name: &str| all.iter().find(|(known, _)| known == name).map(|(_, one)| *one);
            named(provider).or_else(|| named(EVERYBODY)).unwrap_or_default()
        }
        Markup { discount_ppm: of(&self.discounts, provider), ..of(&self.margins, provider) }
    }
}

/// One deployment, as far as its prices depend on it.
pub struct Priced<'a> {
    /// Whose model it is.
    pub provider: &'static Provider,
    /// The model, as the provider spells it.
    pub model: &'a str,
    /// The model whose prices hold instead, and whose it is.
    pub base: Option<(&'a str, &'a str)>,
    /// `litellm_params`: what it says about prices wins over `model_info`.
    pub params: &'a Section<'a>,
    /// `model_info`.
    pub info: &'a Section<'a>,
    /// The server.
    pub endpoint: &'a Endpoint,
}

impl Priced<'_> {
    /// The terms of the deployment; what is wrong is noted.
    pub fn terms(&self, settings: &Settings, notes: &mut Notes) -> Terms {
        let info = self.info;
        let stated = self.stated(notes);
        let hourly = hardware::read(info.node("hardware"), &info.at("hardware"), notes);
        if hourly.is_some() && stated.is_known() {
            let message = "has no effect beside prices that are stated";
            notes.warn(info.place("hardware"), &info.at("hardware"), message, "remove one of them");
        }
        let by_host = self.endpoint.host.split('.').next().filter(|first| REGIONS.contains(first));
        Terms {
            book: settings.book.clone(),
            provider: self.provider.id.to_owned(),
            base: self.base.map(|(provider, model)| (provider.to_owned(), model.to_owned())),
            stated,
            hourly,
            region: self.params.text("region_name").or(by_host).map(str::to_owned),
            markup: settings.markup(self.provider.id),
            // The built-in model, too: whoever needs no key to be called sends no bill.
            own: self.provider.local || self.provider.auth == Auth::None,
            default: settings.default.clone(),
            states_costs: self.provider.states_costs,
        }
    }

    fn stated(&self, notes: &mut Notes) -> PriceList {
        let params = self.params.all().map(|(name, node)| (self.params, name, node));
        let info = self.info.all().map(|(name, node)| (self.info, name, node));
        let mut given: Vec<(&Section, &str, &Node)> = params.collect();
        let more: Vec<_> = info.filter(|(_, name, _)| !given.iter().any(|(_, known, _)| known == name)).collect();
        given.extend(more);
        let (provider, model) = self.base.unwrap_or((self.provider.id, self.model));
        let listed = || catalogue::lookup(provider, model).map(|entry| entry.mode());
        let mode = self.info.text("mode").or_else(listed);
        let prices = fields::read(given.iter().map(|(_, name, node)| (*name, *node)), mode);
        let place = |name: &str| {
            let found = given.iter().find(|(_, known, _)| *known == name);
            found.map_or((Place::default(), String::new()), |(section, _, node)| (node.place, section.at(name)))
        };
        for (name, expected) in prices.wrong {
            let (place, path) = place(name);
            notes.error(place, &path, format!("expected {expected}"), "docs/prices.md shows how it is written");
        }
        for name in prices.unknown {
            let (place, path) = place(name);
            notes.warn(place, &path, "nothing is charged by this price here", "docs/prices.md lists those that count");
        }
        prices.list
    }
}

/// Reads the price map that `source` names, if there is one. For an address that is its last good answer.
pub fn book(source: Option<&Source>, place: Place, read_file: ReadFile, copies: &Copies, notes: &mut Notes) -> Book {
    let path = format!("litellm_settings.{}", source::KEY);
    let map = match source {
        None => return Book::default(),
        Some(Source::File(file)) => {
            let text = read_file(file).map_err(|error| error.kind().to_string());
            let map = text.and_then(|text| PriceMap::read(&text));
            let message = |why| format!("the price map {} cannot be used: {why}", file.display());
            map.map_err(|why| notes.error(place, &path, message(why), "mend it, or remove the line")).ok()
        }
        Some(Source::Remote(remote)) => copies.get(remote).and_then(|text| PriceMap::read(&text).ok()),
    };
    let map = map.unwrap_or_default();
    if !map.remark.is_empty() {
        notes.mention(place, &path, map.remark, "the prices of these models may lack something");
    }
    Book::new(map.models)
}

/// Prices for models without any: both are needed.
fn default_price(node: Option<&Node>, path: &str, notes: &mut Notes) -> Option<PriceList> {
    let section = Section::read(Some(node?), path, &DEFAULT_PRICE, notes);
    let picos = |name: &str| section.decimal(name).and_then(|price| price.scaled(PICO));
    let prices = (picos("input_cost_per_token"), picos("output_cost_per_token"));
    for (name, price) in [("input_cost_per_token", prices.0), ("output_cost_per_token", prices.1)] {
        if price.is_none() {
            section.missing(name, &format!("{name}: 0.00001"), notes);
        }
    }
    Some(PriceList::flat(prices.0?, prices.1?))
}

/// A margin: a share, or `{percentage: share, fixed_amount: dollars per call}`.
fn margin(node: &Node, path: &str, notes: &mut Notes) -> Option<Markup> {
    let share = |node: &Node| scalar(node)?.decimal()?.scaled(PPM).filter(|share| *share <= HIGHEST_MARGIN);
    if let Value::Scalar(_) = &node.value {
        let margin_ppm = u32::try_from(share(node)?).ok()?;
        return Some(Markup { margin_ppm, ..Markup::default() });
    }
    let section = Section::read(Some(node), path, &MARGIN, notes);
    let percentage = section.node("percentage").map_or(Some(0), share)?;
    let fixed = section.decimal("fixed_amount").and_then(|dollars| dollars.scaled(PICO)).unwrap_or(0);
    Some(Markup { discount_ppm: 0, margin_ppm: u32::try_from(percentage).ok()?, margin_picousd: fixed })
}

/// Entries by provider.
fn shares<T>(
    library: &Section,
    name: &str,
    notes: &mut Notes,
    read: impl Fn(&Node, &str, &mut Notes) -> Option<T>,
) -> Vec<(String, T)> {
    let entries = match library.node(name).map(|node| &node.value) {
        Some(Value::Map(entries)) => entries.as_slice(),
        _ => &[],
    };
    let mut found = Vec::new();
    for (provider, node) in entries.iter().filter(|(_, node)| !node.is_null()) {
        let path = format!("{}.{provider}", library.at(name));
        if provider != EVERYBODY && providers::find(provider).is_none() {
            let near = nearest(provider, providers::all().iter().map(|provider| provider.id));
            let remedy = near.map_or("name a provider".to_owned(), |near| format!("did you mean {near}?"));
            notes.warn(node.place, &path, "no provider is called like this: it has no effect", remedy);
            continue;
        }
        match read(node, &path, notes) {
            Some(share) => found.push((provider.clone(), share)),
            None => notes.error(node.place, &path, "expected a share", "write e.g. 0.05 for five percent"),
        }
    }
    found
}

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;
