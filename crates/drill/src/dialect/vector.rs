//! Embeddings: unit vectors made from a hash of the text, so that the same text always has the same one.

use super::hash;
use crate::knobs::Knobs;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Dimensions when the request does not say.
pub(super) const DIMENSIONS: u64 = 8;
/// Most dimensions a request may ask for.
pub(super) const MAX_DIMENSIONS: u64 = 4096;

/// The vector of a text, of length 1. With the knob `by_words` it is the sum of those of its words, so that texts with the
/// same words have the same one, and those with some of them are near each other.
pub(super) fn embed(text: &str, dimensions: u64, knobs: &Knobs) -> Vec<f32> {
    let mut sum = vec![0.0; dimensions as usize];
    let mut add = |text: &str| sum.iter_mut().zip(numbers(text)).for_each(|(sum, number)| *sum += number);
    let words = || text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    match knobs.on(knobs.by_words) && words().next().is_some() {
        true => words().for_each(|word| add(&word.to_lowercase())),
        false => add(text),
    }
    let length = sum.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    sum.into_iter().map(|x| (x / length) as f32).collect()
}

/// Numbers from -1 to 1 that follow from a text.
fn numbers(text: &str) -> impl Iterator<Item = f64> {
    let mut state = hash(&[text]);
    std::iter::repeat_with(move || {
        // SplitMix64: well mixed numbers from any seed, in three lines.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    })
}

/// A vector as OpenAI packs it: little-endian 32-bit floats in base64.
pub(super) fn packed(vector: &[f32]) -> String {
    STANDARD.encode(vector.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}
