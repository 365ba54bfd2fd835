//! How quickly a line moves: the mean time between places, measured while somebody waits.

/// Share of the newest measurement in the mean.
const NEWEST: f64 = 0.2;

/// How quickly a line moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pace {
    /// After how long the next place is free, milliseconds.
    pub first_ms: f64,
    /// Time between places from then on, milliseconds.
    pub each_ms: f64,
}

impl Pace {
    /// How long a call waits that has so many ahead of it, milliseconds.
    pub fn wait_ms(&self, ahead: usize) -> u64 {
        (self.first_ms + self.each_ms * ahead as f64).ceil() as u64
    }
}

/// The pace that is observed.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rate {
    /// The mean, and whether it is of whole times: the first call has waited for the rest of one only.
    mean_ms: Option<(f64, bool)>,
    /// Since when somebody has waited for the next place, and whether a place was given away then.
    since: Option<(u64, bool)>,
}

impl Rate {
    /// The first call begins to wait.
    pub fn begins(&mut self, now_ms: u64) {
        self.since = Some((now_ms, false));
    }

    /// A call was served.
    pub fn served(&mut self, is_last: bool, now_ms: u64) {
        if let Some((since_ms, is_whole)) = self.since {
            let took = now_ms.saturating_sub(since_ms) as f64;
            self.mean_ms = match self.mean_ms {
                Some((mean, true)) if is_whole => Some((mean + NEWEST * (took - mean), true)),
                Some((_, false)) if is_whole => Some((took, true)),
                None => Some((took, is_whole)),
                known => known,
            };
        }
        self.since = (!is_last).then_some((now_ms, true));
    }

    /// Nobody waits any more.
    pub fn emptied(&mut self) {
        self.since = None;
    }

    /// A line that stands still is as slow as it has stood.
    pub fn pace(&self, now_ms: u64) -> Option<Pace> {
        let stands = self.since.map_or(0.0, |(since_ms, _)| now_ms.saturating_sub(since_ms) as f64);
        let each_ms = self.mean_ms?.0.max(stands);
        Some(Pace { first_ms: each_ms - stands, each_ms })
    }
}
