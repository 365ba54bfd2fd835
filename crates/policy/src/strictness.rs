//! How alike questions must be for one's answer to be given to the other: not less than the operator says, and more than
//! that for as long as audits show too many answers that were the wrong ones.

/// What is left of the way to 1 after a step.
const STEP: f32 = 0.75;
/// Most steps: behind them next to nothing is alike.
const MOST_STEPS: u8 = 16;
/// How sure one must be of a rate, in standard deviations: about nine times of ten.
const SURE: f64 = 1.28;
/// Audits after which the older ones count half, at least.
const WINDOW: f64 = 200.0;
/// The same at most.
const LONGEST_WINDOW: f64 = 20_000.0;

/// How much stricter than configured one must be, and what audits have shown since that was decided.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strictness {
    steps: u8,
    audits: u32,
    false_hits: u32,
}

impl Strictness {
    /// The threshold where the operator has said `configured`: that, or something between it and 1.
    pub fn threshold(&self, configured: f32) -> f32 {
        match self.steps {
            0 => configured,
            steps => 1.0 - (1.0 - configured) * STEP.powi(i32::from(steps)),
        }
    }

    /// How many steps it is stricter than configured.
    pub fn steps(&self) -> u8 {
        self.steps
    }

    /// What follows from one more audit, where a share `most` of false hits is all right: a step towards 1 once it is
    /// likely that there are more of them, a step back once it is likely that there are not. What was found out before a
    /// step says nothing about what comes behind it.
    #[must_use]
    pub fn after(self, is_false: bool, most: f64) -> Self {
        let Strictness { steps, audits, false_hits } = self;
        let (audits, false_hits) = (audits.saturating_add(1), false_hits.saturating_add(u32::from(is_false)));
        let (least, likely_most) = bounds(false_hits, audits);
        let step = |steps: u8| Strictness { steps, audits: 0, false_hits: 0 };
        let window = (4.0 / most.max(f64::MIN_POSITIVE)).clamp(WINDOW, LONGEST_WINDOW);
        if is_false && least > most {
            step((steps + 1).min(MOST_STEPS))
        } else if steps > 0 && likely_most <= most {
            step(steps - 1)
        } else if f64::from(audits) >= window {
            Strictness { steps, audits: audits / 2, false_hits: false_hits / 2 }
        } else {
            Strictness { steps, audits, false_hits }
        }
    }
}

/// Between which rates the true one likely lies, if `some` of `all` were counted (Wilson's interval).
fn bounds(some: u32, all: u32) -> (f64, f64) {
    let (count, square) = (f64::from(all.max(1)), SURE * SURE);
    let rate = f64::from(some) / count;
    let middle = rate + square / (2.0 * count);
    let width = SURE * (rate * (1.0 - rate) / count + square / (4.0 * count * count)).sqrt();
    let scale = 1.0 + square / count;
    (((middle - width) / scale).max(0.0), ((middle + width) / scale).min(1.0))
}

#[cfg(test)]
mod tests;
