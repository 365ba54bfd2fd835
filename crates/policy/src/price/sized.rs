//! Prices of pictures that depend on their size and quality. A price map has them as if they were models of their own:
//! `hd/1024-x-1792/dall-e-3`.

use std::sync::Arc;

use super::Tariff;
use crate::catalogue::Fees;

/// Words for how good a picture is.
const QUALITIES: [&str; 6] = ["standard", "hd", "low", "medium", "high", "auto"];
/// What is made for who does not say.
const USUAL_QUALITY: &str = "standard";
const USUAL_SIZE: (u64, u64) = (1024, 1024);

/// The price of a picture of one size and quality.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sized {
    /// How good it is; empty if that does not matter.
    quality: String,
    /// Width and height, pixels.
    size: (u64, u64),
    /// What it costs, picodollars.
    picousd: u64,
}

impl Sized {
    /// Reads a key of a price map and the prices behind it: the model, and what a picture of it costs. `None` if it is
    /// not about one size.
    pub fn read<'k>(key: &'k str, fees: &Fees) -> Option<(&'k str, Self)> {
        let (start, word) = key
            .split('/')
            .scan(0, |at, word| Some((std::mem::replace(at, *at + word.len() + 1), word)))
            .find(|(_, word)| size_of(word).is_some())?;
        let size = size_of(word)?;
        let before = key[..start].trim_end_matches('/').rsplit('/').next().unwrap_or_default();
        let quality = QUALITIES.into_iter().find(|known| *known == before).unwrap_or_default().to_owned();
        let by_pixel = || fees.pixel?.checked_mul(size.0.checked_mul(size.1)?);
        let picousd = fees.image_made.or(fees.image_read).or_else(by_pixel)?;
        let model = key.get(start + word.len() + 1..).filter(|model| !model.is_empty())?;
        Some((model, Sized { quality, size, picousd }))
    }
}

fn size_of(word: &str) -> Option<(u64, u64)> {
    let (wide, high) = word.split_once("-x-")?;
    Some((wide.parse().ok()?, high.parse().ok()?))
}

impl Tariff {
    /// The tariff of a picture of this quality and size, in the words of the call that asks for it. What nobody has a price
    /// of costs as much as the dearest that is like it.
    pub fn of_picture(self: &Arc<Self>, quality: &str, size: Option<(u64, u64)>) -> Arc<Self> {
        let fees = &self.list.fees;
        if self.pictures.is_empty() || fees.image_made.is_some() || fees.pixel.is_some() {
            return self.clone();
        }
        let wanted = if matches!(quality, "" | "auto") { USUAL_QUALITY } else { quality };
        let is_good = |one: &&Sized| one.quality.is_empty() || one.quality == wanted;
        let is_large = |one: &&Sized| one.size == size.unwrap_or(USUAL_SIZE);
        let dearest = |fits: &dyn Fn(&&Sized) -> bool| self.pictures.iter().filter(fits).map(|one| one.picousd).max();
        let price = dearest(&|one| is_good(one) && is_large(one));
        let price = price.or_else(|| dearest(&is_large)).or_else(|| dearest(&|_| true));
        let mut own = Tariff::clone(self);
        own.list.fees.image_made = price;
        Arc::new(own)
    }
}
