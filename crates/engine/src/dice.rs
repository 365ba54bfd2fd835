//! Randomness that costs no system call: for choices and ids, never for secrets.

/// A small fast generator (SplitMix64), one per worker.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// The same seed gives the same numbers.
    pub fn new(seed: u64) -> Self {
        Dice(seed)
    }

    /// A random number.
    pub fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A random number from 0 up to, but not including, 1.
    pub fn unit(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// 24 random letters and digits.
    pub fn id(&mut self) -> String {
        const ALPHABET: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
        let mut id = String::with_capacity(24);
        for _ in 0..2 {
            let mut bits = self.bits();
            for _ in 0..12 {
                id.push(char::from(ALPHABET[(bits & 31) as usize]));
                bits >>= 5;
            }
        }
        id
    }

    /// A UUID of version 7: random, but later ones are greater, which is easier on the indexes of databases.
    pub fn ordered_uuid(&mut self, unix_ms: i64) -> String {
        let (high, low, ms) = (self.bits(), self.bits(), unix_ms.max(0) as u64);
        format!(
            "{:08x}-{:04x}-7{:03x}-{:04x}-{:012x}",
            (ms >> 16) & 0xffff_ffff,
            ms & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 50),
            low & 0xffff_ffff_ffff
        )
    }

    /// A random UUID, version 4.
    pub fn uuid(&mut self) -> String {
        let (high, low) = (self.bits(), self.bits());
        format!(
            "{:08x}-{:04x}-4{:03x}-{:04x}-{:012x}",
            high >> 32,
            (high >> 16) & 0xffff,
            high & 0xfff,
            0x8000 | (low >> 50),
            low & 0xffff_ffff_ffff
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_of_later_attempts_are_greater_and_none_is_made_twice() {
        let mut dice = Dice::new(7);
        let ids: Vec<String> = (0..1_000).map(|ms| dice.ordered_uuid(1_795_842_320_847 + ms)).collect();
        assert!(ids.is_sorted_by(|a, b| a < b));
        assert_eq!((ids[0].len(), &ids[0][14..15], &ids[0][..13]), (36, "7", "01a2208b-29cf"));
        assert_ne!(dice.ordered_uuid(5), dice.ordered_uuid(5));
    }
}
