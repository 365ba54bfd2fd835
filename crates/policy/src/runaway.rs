//! Whether whoever has a key runs in circles: the same call again and again, calls that are nearly the same, or far more
//! calls than it ever makes. Programs that talk to models do so by mistake, all night, and with somebody's money.

/// What is done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Breaking {
    /// Nothing: nobody looks.
    Off,
    /// It is told of.
    Alert,
    /// Its calls wait, too: the longer, the further it goes.
    Slow,
    /// Its calls are refused for a while.
    Block,
}

impl Breaking {
    /// All of them.
    pub const ALL: [Breaking; 4] = [Breaking::Off, Breaking::Alert, Breaking::Slow, Breaking::Block];

    /// Its name, as in configurations.
    pub fn name(self) -> &'static str {
        match self {
            Breaking::Off => "off",
            Breaking::Alert => "alert",
            Breaking::Slow => "slow",
            Breaking::Block => "block",
        }
    }

    /// What is done under this name.
    pub fn find(name: &str) -> Option<Self> {
        Breaking::ALL.into_iter().find(|breaking| breaking.name() == name)
    }
}

/// When somebody runs in circles.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunawayRules {
    /// What is done.
    pub breaking: Breaking,
    /// So many calls that are the same, or nearly the same, ...
    pub same: u32,
    /// ... are too many within so many milliseconds.
    pub within_ms: u64,
    /// So many times its usual calls a minute are too many, ...
    pub burst: u32,
    /// ... but never so few.
    pub burst_floor: u32,
    /// Longest time that a call waits, milliseconds.
    pub delay_ms: u64,
    /// How long calls are refused, milliseconds.
    pub block_ms: u64,
}

impl Default for RunawayRules {
    fn default() -> Self {
        RunawayRules {
            breaking: Breaking::Alert,
            same: 100,
            within_ms: 60_000,
            burst: 20,
            burst_floor: 600,
            delay_ms: 2_000,
            block_ms: 300_000,
        }
    }
}

/// What somebody wants of the rules: what it does not name stays as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct RunawayWish {
    /// What is done.
    pub breaking: Option<Breaking>,
    /// How many calls that are the same are too many.
    pub same: Option<u32>,
    /// Within how long, milliseconds.
    pub within_ms: Option<u64>,
    /// How many times its usual calls are too many.
    pub burst: Option<u32>,
    /// Never so few.
    pub burst_floor: Option<u32>,
    /// Longest time that a call waits, milliseconds.
    pub delay_ms: Option<u64>,
    /// How long calls are refused, milliseconds.
    pub block_ms: Option<u64>,
}

impl RunawayRules {
    /// These rules, as `wish` wants them.
    pub fn with(self, wish: &RunawayWish) -> Self {
        RunawayRules {
            breaking: wish.breaking.unwrap_or(self.breaking),
            // One call is no circle, and no time is no window.
            same: wish.same.unwrap_or(self.same).max(2),
            within_ms: wish.within_ms.unwrap_or(self.within_ms).max(1_000),
            burst: wish.burst.unwrap_or(self.burst).max(2),
            burst_floor: wish.burst_floor.unwrap_or(self.burst_floor),
            delay_ms: wish.delay_ms.unwrap_or(self.delay_ms),
            block_ms: wish.block_ms.unwrap_or(self.block_ms),
        }
    }
}

/// What tripped it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The same call, byte by byte.
    Same,
    /// The same last message, but for its numbers.
    Alike,
    /// Many calls.
    Burst,
}

impl Cause {
    /// All of them.
    pub const ALL: [Cause; 3] = [Cause::Same, Cause::Alike, Cause::Burst];

    /// Its name, as in metrics and alerts.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Same => "same",
            Cause::Alike => "alike",
            Cause::Burst => "burst",
        }
    }
}

/// Somebody runs in circles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trip {
    /// What tripped it.
    pub cause: Cause,
    /// What is done about it.
    pub breaking: Breaking,
    /// How many calls there were: within the rule's time, or in the minute.
    pub calls: u32,
    /// How many would have been too many.
    pub limit: u32,
    /// When it began, and when it was so the last time, milliseconds since 1970.
    pub since_ms: i64,
    /// The last time.
    pub last_ms: i64,
    /// Until when calls are refused.
    pub blocked_until_ms: Option<i64>,
}

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Nothing.
    Goes,
    /// It goes, and it is one of those that run in circles.
    Noticed(Trip),
    /// It waits so long, milliseconds.
    Waits(Trip, u64),
    /// It is refused, for so long, milliseconds.
    Refused(Trip, u64),
}

/// How many different calls of a key are remembered.
const REMEMBERED: usize = 32;
/// Minutes with calls before what a key usually calls is known.
const LEARNT: u32 = 5;
/// How much of what is usual the last minute makes.
const NEWS: f32 = 0.1;
/// How long a trip is over when it does not come again, milliseconds.
const OVER_MS: i64 = 300_000;

/// How often something came, less what went by since: it runs out of a bucket that holds as many as are too many.
#[derive(Clone, Copy, Debug, Default)]
struct Bucket {
    level: f32,
    at_ms: i64,
}

impl Bucket {
    fn level(&self, rules: &RunawayRules, now_ms: i64) -> f32 {
        let elapsed = now_ms.saturating_sub(self.at_ms).max(0) as f32;
        (self.level - elapsed * rules.same as f32 / rules.within_ms.max(1) as f32).max(0.0)
    }

    fn add(&mut self, rules: &RunawayRules, now_ms: i64) -> f32 {
        *self = Bucket { level: self.level(rules, now_ms) + 1.0, at_ms: now_ms };
        self.level
    }
}

/// A call that is remembered.
#[derive(Clone, Copy, Debug)]
struct Seen {
    print: u64,
    cause: Cause,
    times: Bucket,
}

/// What a key has called lately.
#[derive(Debug, Default)]
pub struct Trail {
    seen: Vec<Seen>,
    /// All calls.
    all: Bucket,
    /// The minute since 1970 that is counted, and its calls.
    minute: i64,
    calls: u32,
    /// Calls in a usual minute, and how many minutes that was learnt from.
    usual: f32,
    minutes: u32,
    trip: Option<Trip>,
}

impl Trail {
    /// A call comes: what happens to it under `rules`. `whole` is a hash of all that it says; `last`, one of its last
    /// message [without numbers](without_numbers), is asked for only while there are many calls.
    pub fn note(
        &mut self,
        whole: u64,
        last: impl FnOnce() -> Option<u64>,
        rules: &RunawayRules,
        now_ms: i64,
    ) -> Verdict {
        if let Some((trip, until)) = self.trip.and_then(|trip| Some((trip, trip.blocked_until_ms?))) {
            if now_ms < until && rules.breaking == Breaking::Block {
                return Verdict::Refused(trip, until.abs_diff(now_ms));
            }
            // It has another chance.
            *self = Trail { usual: self.usual, minutes: self.minutes, minute: self.minute, ..Trail::default() };
        }
        let burst = self.burst(rules, now_ms);
        let same = self.repeated(Cause::Same, whole, rules, now_ms);
        let is_busy = self.all.add(rules, now_ms) > rules.same as f32 / 2.0;
        let alike = match burst.or(same) {
            None if is_busy => last().and_then(|last| self.repeated(Cause::Alike, last, rules, now_ms)),
            _ => None,
        };
        let Some((cause, calls, limit)) = burst.or(same).or(alike) else { return Verdict::Goes };
        let since_ms = match self.trip {
            Some(trip) if now_ms.saturating_sub(trip.last_ms) < OVER_MS => trip.since_ms,
            _ => now_ms,
        };
        let blocked_until_ms = (rules.breaking == Breaking::Block)
            .then(|| now_ms.saturating_add(i64::try_from(rules.block_ms).unwrap_or(i64::MAX)));
        let trip = Trip { cause, breaking: rules.breaking, calls, limit, since_ms, last_ms: now_ms, blocked_until_ms };
        self.trip = Some(trip);
        match rules.breaking {
            Breaking::Off | Breaking::Alert => Verdict::Noticed(trip),
            Breaking::Slow => {
                // As far over the limit again as the limit is, and it waits as long as anything does.
                let excess = u64::from(calls.saturating_sub(limit)).saturating_mul(rules.delay_ms);
                Verdict::Waits(trip, (excess / u64::from(limit.max(1))).clamp(1, rules.delay_ms.max(1)))
            }
            Breaking::Block => Verdict::Refused(trip, rules.block_ms),
        }
    }

    /// What it is known for, if that is not over.
    pub fn trip(&self, now_ms: i64) -> Option<Trip> {
        let lasts = |trip: &Trip| {
            now_ms.saturating_sub(trip.last_ms) < OVER_MS || trip.blocked_until_ms.is_some_and(|until| now_ms < until)
        };
        self.trip.filter(lasts)
    }

    /// Whether nothing of it matters any more.
    pub fn is_over(&self, now_ms: i64) -> bool {
        self.trip(now_ms).is_none() && now_ms.div_euclid(60_000) - self.minute > 60
    }

    /// Counts the call among those of its minute; what is wrong with those.
    fn burst(&mut self, rules: &RunawayRules, now_ms: i64) -> Option<(Cause, u32, u32)> {
        let minute = now_ms.div_euclid(60_000);
        if minute != self.minute {
            if self.calls > 0 {
                let calls = self.calls as f32;
                self.usual = if self.minutes == 0 { calls } else { self.usual + (calls - self.usual) * NEWS };
                self.minutes = self.minutes.saturating_add(1);
            }
            (self.minute, self.calls) = (minute, 0);
        }
        self.calls = self.calls.saturating_add(1);
        let limit = ((self.usual * rules.burst as f32) as u32).max(rules.burst_floor);
        (self.minutes >= LEARNT && self.calls > limit).then_some((Cause::Burst, self.calls, limit))
    }

    /// Counts the call among those like it, and says how many there are if that is too many.
    fn repeated(&mut self, cause: Cause, print: u64, rules: &RunawayRules, now_ms: i64) -> Option<(Cause, u32, u32)> {
        let at = self.seen.iter().position(|seen| (seen.print, seen.cause) == (print, cause));
        let at = at.unwrap_or_else(|| {
            let new = Seen { print, cause, times: Bucket::default() };
            if self.seen.len() < REMEMBERED {
                self.seen.push(new);
                return self.seen.len() - 1;
            }
            // The one that came least goes, and longest ago: whoever runs in circles is not forgotten for what comes
            // between.
            let levels = self.seen.iter().map(|seen| (seen.times.level(rules, now_ms), seen.times.at_ms)).enumerate();
            let less = |one: &(f32, i64), other: &(f32, i64)| one.0.total_cmp(&other.0).then(one.1.cmp(&other.1));
            let least = levels.min_by(|one, other| less(&one.1, &other.1)).map_or(0, |(at, _)| at);
            self.seen[least] = new;
            least
        });
        let level = self.seen[at].times.add(rules, now_ms);
        (level > rules.same as f32).then_some((cause, level.ceil() as u32, rules.same))
    }
}

/// A hash of a message but for its numbers: words with a digit in them are passed over, and so are times, ids and
/// counters.
pub fn without_numbers(text: &[u8]) -> u64 {
    // FNV-1a: short words, one at a time.
    const START: u64 = 0xcbf2_9ce4_8422_2325;
    const STEP: u64 = 0x0000_0100_0000_01b3;
    let words = text.split(|byte| !byte.is_ascii_alphanumeric() && byte.is_ascii());
    words.filter(|word| !word.is_empty() && !word.iter().any(u8::is_ascii_digit)).fold(START, |hash, word| {
        let hash = word.iter().fold(hash, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(STEP));
        (hash ^ 0x20).wrapping_mul(STEP)
    })
}

#[cfg(test)]
mod tests;
