//! The machine that the gateway runs on: its GPUs, as NVIDIA's library tells of them where there is one, its memory and
//! its load. What is not known is not there: it is never taken for zero.

mod nvidia;
mod proc;

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use engine::Gauge;
use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use crate::books::unix_ms;
use crate::live::Live;
use nvidia::Nvidia;

/// How often the machine is looked at: what it takes is the mean over a call.
const LOOK: Duration = Duration::from_secs(1);

/// What was seen last.
#[derive(Default)]
pub struct Host(ArcSwap<Facts>);

/// What is known of the machine.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Facts {
    /// Its GPUs, by number.
    pub gpus: Vec<Gpu>,
    /// Energy that all of them took since they are looked at, millijoules; `None` if one does not say.
    pub energy_mj: Option<u64>,
    /// Memory, bytes.
    pub memory_bytes: Option<u64>,
    /// What is left of it for those who ask.
    pub available_bytes: Option<u64>,
    /// Processors.
    pub processors: Option<usize>,
    /// Processes that ran or wanted to, in the mean of the last minute.
    pub load: Option<f64>,
}

/// A GPU.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Gpu {
    /// What it is called.
    pub name: Option<String>,
    /// Its memory, bytes.
    pub memory_bytes: Option<u64>,
    /// What is used of it.
    pub used_bytes: Option<u64>,
    /// What it takes, milliwatts.
    pub milliwatts: Option<u64>,
    /// Degrees Celsius.
    pub celsius: Option<u32>,
    /// Share of the time in which it works, percent.
    pub busy_percent: Option<u32>,
    /// Energy that it took since its driver was loaded, millijoules.
    pub energy_mj: Option<u64>,
}

impl Facts {
    /// What all GPUs take, milliwatts; `None` if one does not say, or there is none.
    pub fn milliwatts(&self) -> Option<u64> {
        all(&self.gpus, |gpu| gpu.milliwatts)
    }
}

/// A sum over all GPUs; `None` if one does not say, or there is none.
fn all(gpus: &[Gpu], what: impl Fn(&Gpu) -> Option<u64>) -> Option<u64> {
    let sum = gpus.iter().map(what).try_fold(0u64, |sum, one| Some(sum.saturating_add(one?)));
    sum.filter(|_| !gpus.is_empty())
}

impl Host {
    /// What was seen last.
    pub fn facts(&self) -> Arc<Facts> {
        self.0.load_full()
    }
}

/// Looks at the machine for as long as the gateway runs.
pub fn watch(live: Arc<Live>) {
    tokio::spawn(async move {
        let mut sensors = spawn_blocking(Nvidia::find).await.ok().flatten();
        let (mut ticks, mut meter) = (interval(LOOK), Meter::default());
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // A driver may take its time.
            let seen = spawn_blocking(move || {
                let gpus = sensors.as_ref().map(Nvidia::gpus).unwrap_or_default();
                (sensors, gpus, proc::facts())
            });
            let Ok((back, gpus, facts)) = seen.await else { return };
            sensors = back;
            let energy_mj = meter.read(&gpus, unix_ms(), &live.gauge());
            live.host.0.store(Arc::new(Facts { gpus, energy_mj, ..facts }));
        }
    });
}

/// Adds up the energy of all GPUs: as they count it themselves, otherwise from what they take.
#[derive(Default)]
struct Meter {
    /// The last reading: when, milliwatts, and what the GPUs had counted.
    last: Option<(i64, u64, Option<u64>)>,
    millijoules: u64,
}

impl Meter {
    /// Energy up to now, millijoules, which the gauge is told; `None` if it is not known what they take.
    fn read(&mut self, gpus: &[Gpu], now_ms: i64, gauge: &Gauge) -> Option<u64> {
        let counted = all(gpus, |gpu| gpu.energy_mj);
        let power = all(gpus, |gpu| gpu.milliwatts);
        if power.is_none() && counted.is_none() {
            self.last = None;
            return None;
        }
        let (before, power) = (self.last, power.unwrap_or_default());
        self.last = Some((now_ms, power, counted));
        if let Some((then_ms, power_then, counted_then)) = before {
            let lasted = u128::from(now_ms.saturating_sub(then_ms).max(0).unsigned_abs());
            let more = match (counted_then, counted) {
                (Some(then), Some(now)) if now >= then => now - then,
                _ => (u128::from(power_then.midpoint(power)) * lasted / 1000) as u64,
            };
            self.millijoules = self.millijoules.saturating_add(more);
        }
        gauge.note(now_ms, self.millijoules);
        Some(self.millijoules)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gpu(milliwatts: Option<u64>, energy_mj: Option<u64>) -> Gpu {
        Gpu { milliwatts, energy_mj, ..Gpu::default() }
    }

    #[test]
    fn energy_is_what_gpus_count_or_what_they_take_for_so_long() {
        let (mut meter, gauge) = (Meter::default(), Gauge::default());
        let pair = |energy| [gpu(Some(100_000), Some(energy)), gpu(Some(50_000), Some(7))];
        assert_eq!(meter.read(&pair(1_000), 1_000, &gauge), Some(0));
        assert_eq!(meter.read(&pair(181_000), 2_000, &gauge), Some(180_000), "as they count it");
        assert_eq!(gauge.milliwatts(1_000, 2_000), Some(180_000));
        let older = [gpu(Some(100_000), None), gpu(Some(60_000), None)];
        assert_eq!(meter.read(&older, 3_000, &gauge), Some(335_000), "155 watts in the mean");
        assert_eq!(meter.read(&pair(0), 4_000, &gauge), Some(490_000), "counting began anew");
    }

    #[test]
    fn what_one_does_not_say_is_not_known_of_all() {
        let (mut meter, gauge) = (Meter::default(), Gauge::default());
        assert_eq!(meter.read(&[], 1_000, &gauge), None);
        assert_eq!(meter.read(&[gpu(Some(5), None), gpu(None, None)], 2_000, &gauge), None);
        assert_eq!(gauge.milliwatts(1_000, 2_000), None);
        let facts = Facts { gpus: vec![gpu(Some(5), None), gpu(None, None)], ..Facts::default() };
        assert_eq!((facts.milliwatts(), Facts::default().milliwatts()), (None, None));
    }
}
