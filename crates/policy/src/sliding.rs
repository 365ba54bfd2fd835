//! What was used lately: amounts by slice of time, so that their sum over any window of the full length is known.

/// A window that slides along in slices. An amount counts until its slice is a whole window old: for up to one slice
/// longer than it would have to, never shorter, so that no window of the full length ever holds more than the limit.
#[derive(Clone, Debug, PartialEq)]
pub struct Sliding {
    /// Length of a slice, milliseconds.
    slice_ms: u64,
    /// Amounts by slice; a slice's place is its number modulo the length.
    amounts: Box<[u64]>,
    /// Sum of all amounts.
    sum: u64,
    /// Number of the newest slice.
    newest: u64,
}

impl Sliding {
    /// A window of `slices` times `slice_ms`.
    pub fn new(slices: usize, slice_ms: u64) -> Self {
        Sliding { slice_ms, amounts: vec![0; slices + 1].into(), sum: 0, newest: 0 }
    }

    /// A minute, in seconds.
    pub fn minute() -> Self {
        Sliding::new(60, 1000)
    }

    /// A day, in quarters of an hour.
    pub fn day() -> Self {
        Sliding::new(96, 900_000)
    }

    /// What counts at `now_ms`.
    pub fn used(&mut self, now_ms: u64) -> u64 {
        self.advance(now_ms);
        self.sum
    }

    /// Counts `amount` from `now_ms` on.
    pub fn add(&mut self, amount: u64, now_ms: u64) {
        self.advance(now_ms);
        let place = self.place(self.newest);
        self.amounts[place] = self.amounts[place].saturating_add(amount);
        self.sum = self.sum.saturating_add(amount);
    }

    /// What was counted as `before` at `then_ms` was `after` in truth.
    pub fn correct(&mut self, before: u64, after: u64, then_ms: u64, now_ms: u64) {
        self.advance(now_ms);
        let slice = then_ms / self.slice_ms;
        if self.newest.saturating_sub(slice) >= self.amounts.len() as u64 {
            return;
        }
        let place = self.place(slice);
        self.sum = self.sum.saturating_sub(self.amounts[place]);
        self.amounts[place] = self.amounts[place].saturating_sub(before).saturating_add(after);
        self.sum = self.sum.saturating_add(self.amounts[place]);
    }

    /// How long until no more than `room` is used; `None` if that is now. Of use after [`Sliding::used`].
    pub fn wait_ms(&self, room: u64, now_ms: u64) -> Option<u64> {
        let mut left = self.sum;
        if left <= room {
            return None;
        }
        let slices = self.amounts.len() as u64;
        // Oldest first: the slice behind the newest one in the circle.
        for age in (0..slices).rev() {
            let Some(slice) = self.newest.checked_sub(age) else { continue };
            left = left.saturating_sub(self.amounts[self.place(slice)]);
            if left <= room {
                return Some(((slice + slices) * self.slice_ms).saturating_sub(now_ms).max(1));
            }
        }
        Some(slices * self.slice_ms)
    }

    fn place(&self, slice: u64) -> usize {
        (slice % self.amounts.len() as u64) as usize
    }

    /// Forgets the slices that have become too old. A clock that goes back changes nothing.
    fn advance(&mut self, now_ms: u64) {
        let slice = now_ms / self.slice_ms;
        let passed = slice.saturating_sub(self.newest).min(self.amounts.len() as u64);
        for step in 1..=passed {
            // The last `passed` slices up to the new one.
            let place = self.place(slice - (passed - step));
            self.sum = self.sum.saturating_sub(self.amounts[place]);
            self.amounts[place] = 0;
        }
        self.newest = self.newest.max(slice);
    }
}

#[cfg(test)]
mod tests;
