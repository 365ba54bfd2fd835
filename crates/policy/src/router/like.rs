//! Rules by examples: which of them a text is nearest to, by the directions of their vectors. Who makes vectors of texts is
//! the engine's business.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// Who makes vectors of texts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Embedder {
    /// The model group.
    pub model: String,
    /// How long a call waits for the vector of its text.
    pub patience: Duration,
}

/// Sentences like which a text must be.
#[derive(Clone, Debug, Default)]
pub struct Like {
    /// The sentences.
    pub examples: Vec<String>,
    /// How near one of them must be, from 0 to 1.
    pub threshold: f32,
    /// Their vectors.
    pub vectors: Arc<Vectors>,
}

impl PartialEq for Like {
    fn eq(&self, other: &Self) -> bool {
        (&self.examples, self.threshold) == (&other.examples, other.threshold)
    }
}

/// Vectors that are made once.
#[derive(Debug, Default)]
pub struct Vectors {
    made: OnceLock<Vec<Vec<f32>>>,
    /// Whether somebody makes them.
    is_begun: AtomicBool,
}

impl Vectors {
    /// The vectors, if they are made.
    pub fn get(&self) -> Option<&[Vec<f32>]> {
        self.made.get().map(Vec::as_slice)
    }

    /// Keeps them.
    pub fn keep(&self, vectors: Vec<Vec<f32>>) {
        // Whoever was faster has made the same.
        let _ = self.made.set(vectors);
    }

    /// Takes it on the caller to make them; `None` if somebody else does already. Dropping the guard gives that up.
    pub fn begin(self: &Arc<Self>) -> Option<Making> {
        (!self.is_begun.swap(true, Relaxed)).then(|| Making(self.clone()))
    }
}

/// Somebody makes vectors.
pub struct Making(Arc<Vectors>);

impl Drop for Making {
    fn drop(&mut self) {
        self.0.is_begun.store(false, Relaxed);
    }
}

impl Like {
    /// How near the nearest example is to `vector`, if that is near enough.
    pub fn nearness(&self, vector: &[f32]) -> Option<f32> {
        let all = self.vectors.get()?.iter().filter_map(|example| cosine(example, vector));
        all.reduce(f32::max).filter(|nearness| *nearness >= self.threshold)
    }
}

/// The cosine of the angle between two vectors; `None` if they cannot be compared.
fn cosine(one: &[f32], other: &[f32]) -> Option<f32> {
    if one.len() != other.len() {
        return None;
    }
    let (mut product, mut ones, mut others) = (0.0f64, 0.0f64, 0.0f64);
    for (a, b) in one.iter().zip(other) {
        let (a, b) = (f64::from(*a), f64::from(*b));
        product += a * b;
        ones += a * a;
        others += b * b;
    }
    let cosine = product / (ones * others).sqrt();
    cosine.is_finite().then_some(cosine as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn like(threshold: f32, examples: &[&[f32]]) -> Like {
        let vectors = Arc::new(Vectors::default());
        vectors.keep(examples.iter().map(|vector| vector.to_vec()).collect());
        Like { examples: Vec::new(), threshold, vectors }
    }

    #[test]
    fn the_nearest_example_counts_if_it_is_near_enough() {
        let nearness = |like: &Like, vector: &[f32]| like.nearness(vector).map(|near| (near * 100.0).round());
        let axes = like(0.5, &[&[1.0, 0.0], &[0.0, 2.0]]);
        assert_eq!(nearness(&axes, &[3.0, 0.0]), Some(100.0));
        assert_eq!(nearness(&axes, &[1.0, 1.0]), Some(71.0));
        assert_eq!(nearness(&axes, &[-1.0, -1.0]), None);
        assert_eq!(nearness(&like(0.8, &[&[1.0, 0.0]]), &[1.0, 1.0]), None);
    }

    #[test]
    fn what_cannot_be_compared_is_near_to_nothing() {
        let one = like(0.0, &[&[1.0, 0.0]]);
        assert_eq!(one.nearness(&[1.0]), None);
        assert_eq!(one.nearness(&[0.0, 0.0]), None);
        assert_eq!(one.nearness(&[f32::NAN, 1.0]), None);
        assert_eq!(Like::default().nearness(&[1.0]), None, "nobody has made its vectors yet");
    }

    #[test]
    fn one_at_a_time_makes_them() {
        let vectors = Arc::new(Vectors::default());
        let making = vectors.begin();
        assert!(making.is_some() && vectors.begin().is_none());
        drop(making);
        assert!(vectors.begin().is_some());
    }
}
