//! Embeddings: unit vectors made from a hash of the text, so that the same text always has the same one.

use super::hash;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Dimensions when the request does not say.
pub(super) const DIMENSIONS: u64 = 8;
/// Most dimensions a request may ask for.
pub(super) const MAX_DIMENSIONS: u64 = 4096;

/// The vector of a text, of length 1.
pub(super) fn embed(text: &str, dimensions: u64) -> Vec<f32> {
    let mut state = hash(&[text]);
    let mut next = || {
        // SplitMix64: well mixed numbers from any seed, in three lines.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    };
    let raw: Vec<f64> = (0..dimensions).map(|_| next()).collect();
    let length = raw.iter().map(|x| x * x).sum::<f64>().sqrt().max(f64::MIN_POSITIVE);
    raw.into_iter().map(|x| (x / length) as f32).collect()
}

/// A vector as OpenAI packs it: little-endian 32-bit floats in base64.
pub(super) fn packed(vector: &[f32]) -> String {
    STANDARD.encode(vector.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>())
}
