//! Texts that are alike, by vectors of what they mean: which of those in a table are nearest to one. A lookup first compares
//! 512 bits of each vector, of which the more are the same the smaller the angle is, and reckons the cosine of the few that
//! are left.

use std::f64::consts::PI;

/// Bits of a vector that are compared first.
const BITS: usize = 512;
/// The same, as they lie in memory: a line of the processor's cache.
type Signs = [u64; BITS / 64];
/// Most vectors whose cosine is reckoned.
const MOST_NEAR: usize = 64;
/// Vectors of fewer dimensions have bits that depend on each other: how far they may differ is not foreseen.
const FORESEEN: usize = 256;
/// Most dimensions of a vector.
const MOST_DIMENSIONS: usize = 16_384;

/// A vector of length 1.
#[derive(Clone, Debug)]
pub struct Unit {
    values: Box<[f32]>,
    signs: Signs,
}

impl Unit {
    /// The direction of a vector, if it has one.
    pub fn new(mut vector: Vec<f32>) -> Option<Self> {
        let length = vector.iter().map(|x| f64::from(*x) * f64::from(*x)).sum::<f64>().sqrt();
        if !length.is_finite() || length == 0.0 || vector.len() > MOST_DIMENSIONS {
            return None;
        }
        vector.iter_mut().for_each(|x| *x = (f64::from(*x) / length) as f32);
        let values = vector.into_boxed_slice();
        let signs = signs(&values);
        Some(Unit { values, signs })
    }

    /// The cosine of the angle between two; `None` if they cannot be compared.
    pub fn cosine(&self, other: &Unit) -> Option<f32> {
        (self.values.len() == other.values.len()).then(|| dot(&self.values, &other.values))
    }

    /// Its numbers.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// Bytes of memory that it takes.
    pub fn weight(&self) -> usize {
        size_of::<Signs>() + size_of_val(&*self.values)
    }
}

/// On which side of 512 planes a vector lies: the planes are those of a Hadamard transform of the vector, folded with signs
/// that look random, so that each bit depends on all of it.
fn signs(values: &[f32]) -> Signs {
    let mut folded = [0.0f32; BITS];
    let mut state = 0u64;
    for (at, value) in values.iter().enumerate() {
        // SplitMix64, as everywhere where the same must look random again.
        state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        folded[at % BITS] += if mixed >> 63 == 0 { *value } else { -*value };
    }
    let mut step = 1;
    while step < BITS {
        for pair in folded.chunks_exact_mut(2 * step) {
            let (low, high) = pair.split_at_mut(step);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        step *= 2;
    }
    let mut signs = Signs::default();
    for (at, value) in folded.iter().enumerate() {
        signs[at / 64] |= u64::from(*value > 0.0) << (at % 64);
    }
    signs
}

/// The product of two vectors of the same length; several sums at once, as the processor likes them.
fn dot(one: &[f32], other: &[f32]) -> f32 {
    const LANES: usize = 16;
    let mut sums = [0.0f32; LANES];
    let (ones, others) = (one.chunks_exact(LANES), other.chunks_exact(LANES));
    let rest: f32 = ones.remainder().iter().zip(others.remainder()).map(|(a, b)| a * b).sum();
    for (a, b) in ones.zip(others) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    sums.iter().sum::<f32>() + rest
}

fn distance(one: &Signs, other: &Signs) -> u32 {
    one.iter().zip(other).map(|(a, b)| (a ^ b).count_ones()).sum()
}

/// How many bits may differ between vectors with such a cosine: as many as mostly do, and four deviations.
fn farthest(cosine: f32, dimensions: usize) -> u32 {
    if dimensions < FORESEEN {
        return BITS as u32;
    }
    let share = f64::from(cosine.clamp(-1.0, 1.0)).acos() / PI;
    let bits = BITS as f64;
    (bits * share + 4.0 * (bits * share * (1.0 - share)).sqrt() + 8.0) as u32
}

/// Vectors, and what each of them stands for. The bits lie apart from the rest, so that they are read in one go.
#[derive(Debug)]
pub struct Table<T> {
    signs: Vec<Signs>,
    rows: Vec<(Box<[f32]>, T)>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Table { signs: Vec::new(), rows: Vec::new() }
    }
}

impl<T> Table<T> {
    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Adds what stands for `unit`.
    pub fn push(&mut self, unit: Unit, what: T) {
        self.signs.push(unit.signs);
        self.rows.push((unit.values, what));
    }

    /// All of it, in no order: how many bytes the vector takes, and what it stands for.
    pub fn iter(&self) -> impl Iterator<Item = (usize, &T)> {
        self.rows.iter().map(|(values, what)| (size_of::<Signs>() + size_of_val(&**values), what))
    }

    /// Takes out what is not to stay; `gone` gets it, and the bytes of its vector.
    pub fn retain(&mut self, stays: impl Fn(&T) -> bool, mut gone: impl FnMut(usize, T)) {
        for at in (0..self.rows.len()).rev() {
            if !stays(&self.rows[at].1) {
                let (values, what) = self.rows.swap_remove(at);
                self.signs.swap_remove(at);
                gone(size_of::<Signs>() + size_of_val(&*values), what);
            }
        }
    }

    /// What `fits` among those whose cosine with `unit` is at least `threshold`, the nearest first, `most` of them at most.
    /// Of more than 64 that are about as near, some may be overlooked.
    pub fn nearest(&self, unit: &Unit, threshold: f32, most: usize, fits: impl Fn(&T) -> bool) -> Vec<(&T, f32)> {
        let farthest = farthest(threshold, unit.values.len());
        let mut near: Vec<(u32, usize)> = Vec::new();
        for (at, signs) in self.signs.iter().enumerate() {
            let distance = distance(&unit.signs, signs);
            if distance <= farthest {
                near.push((distance, at));
            }
        }
        if near.len() > MOST_NEAR {
            near.select_nth_unstable(MOST_NEAR);
            near.truncate(MOST_NEAR);
        }
        let cosine = |(_, at): (u32, usize)| {
            let (values, what) = &self.rows[at];
            if values.len() != unit.values.len() || !fits(what) {
                return None;
            }
            Some((what, dot(values, &unit.values).min(1.0))).filter(|(_, cosine)| *cosine >= threshold)
        };
        let mut found: Vec<(&T, f32)> = near.into_iter().filter_map(cosine).collect();
        found.sort_by(|(_, one), (_, other)| other.total_cmp(one));
        found.truncate(most);
        found
    }
}

#[cfg(test)]
mod tests;
