//! NVIDIA's GPUs, by the library of their driver (NVML), which is loaded where there is one: nothing needs it to build or
//! to start.

use std::ffi::OsStr;

use nvml_wrapper::Nvml;
use nvml_wrapper::enum_wrappers::device::TemperatureSensor;

use super::Gpu;

/// Names of the library: drivers bring the first one, what programs are built with the second.
const LIBRARIES: [&str; 2] = ["libnvidia-ml.so.1", "libnvidia-ml.so"];
/// Most GPUs that are looked at.
const MOST: u32 = 64;

/// The library.
pub struct Nvidia(Nvml);

impl Nvidia {
    /// Loads it; `None` if there is none, or it finds no driver.
    pub fn find() -> Option<Self> {
        LIBRARIES.into_iter().find_map(|name| {
            let found = Nvml::builder().lib_path(OsStr::new(name)).init();
            found.inspect_err(|why| tracing::debug!("{name}: {why}")).ok().map(Nvidia)
        })
    }

    /// All GPUs, with what they say of themselves.
    pub fn gpus(&self) -> Vec<Gpu> {
        let count = self.0.device_count().unwrap_or(0).min(MOST);
        let devices = (0..count).filter_map(|index| self.0.device_by_index(index).ok());
        let gpu = |device: nvml_wrapper::Device| {
            let memory = device.memory_info().ok();
            Gpu {
                name: device.name().ok(),
                memory_bytes: memory.as_ref().map(|memory| memory.total),
                used_bytes: memory.as_ref().map(|memory| memory.used),
                milliwatts: device.power_usage().ok().map(u64::from),
                celsius: device.temperature(TemperatureSensor::Gpu).ok(),
                busy_percent: device.utilization_rates().ok().map(|rates| rates.gpu),
                energy_mj: device.total_energy_consumption().ok(),
            }
        };
        devices.map(gpu).collect()
    }
}
