//! What seconds on the operator's own hardware cost.

use super::*;

/// 2,400 dollars, four years, busy a quarter of the time; 450 watts at work, 60 at rest; 30 cents.
pub(super) fn workstation() -> Hardware {
    Hardware {
        purchase_picousd: 2_400_000_000_000_000,
        lifetime_ppm: 4_000_000,
        utilization_ppm: 250_000,
        milliwatts: 450_000,
        idle_milliwatts: 60_000,
        base_milliwatts: 50_000,
        pue_ppm: 1_000_000,
        parallel_ppm: 1_000_000,
        kwh_picousd: [300_000_000_000; 24],
        zone: TimeZone::UTC,
    }
}

fn second(hardware: Hardware) -> u64 {
    hardware.hourly().unwrap().picousd[0]
}

#[test]
fn a_second_pays_its_share_of_purchase_work_and_rest() {
    // 2400 / (4 * 31,557,600 * 0.25) + 450 * 0.3 / 3,600,000 + 60 * 0.3 / 3,600,000 * 3
    assert_eq!(second(workstation()), 76_051_411 + 37_500_000 + 15_000_000);
    assert_eq!(second(Hardware { idle_milliwatts: 0, ..workstation() }), 113_551_411);
    assert_eq!(second(Hardware { purchase_picousd: 0, pue_ppm: 1_500_000, ..workstation() }), 56_250_000 + 22_500_000);
    assert_eq!(second(Hardware { parallel_ppm: 10_000_000, ..workstation() }), 12_855_141);
    assert_eq!(second(Hardware { utilization_ppm: ONE, ..workstation() }), 19_012_853 + 37_500_000);
}

#[test]
fn electricity_is_paid_at_the_hour_of_the_attempt_and_rest_at_the_mean() {
    let mut hardware = Hardware { purchase_picousd: 0, zone: TimeZone::get("Europe/Berlin").unwrap(), ..workstation() };
    for hour in [22, 23, 0, 1, 2, 3, 4, 5] {
        hardware.kwh_picousd[hour] = 150_000_000_000;
    }
    let tariff = Tariff { hourly: hardware.hourly().map(Box::new), ..tariff(PriceList::default()) };
    // The mean is 25 cents: rest costs 12.5 microdollars a second.
    let at = |moment: &str| moment.parse::<Timestamp>().unwrap().as_second();
    let bill = |moment| Bill { at: at(moment), lasted_ms: 10_000, ..Bill::default() };
    check(&tariff, usage(5, 5), bill("2026-07-01T12:00:00Z"), "0.0005");
    check(&tariff, usage(5, 5), bill("2026-07-01T20:00:00Z"), "0.0003125");
    // In winter, 22 o'clock is an hour later.
    check(&tariff, usage(5, 5), bill("2026-12-01T20:00:00Z"), "0.0005");
    check(&tariff, usage(5, 5), bill("2026-12-01T21:00:00Z"), "0.0003125");
    assert_eq!(tariff.quote(5, None).unwrap().second_picousd, 50_000_000);
}

#[test]
fn what_is_measured_counts_instead_of_what_is_declared() {
    let hardware = Hardware { purchase_picousd: 0, idle_milliwatts: 0, ..workstation() };
    let tariff = Tariff { hourly: hardware.hourly().map(Box::new), ..tariff(PriceList::default()) };
    let bill = |milliwatts| Bill { lasted_ms: 10_000, milliwatts, ..Bill::default() };
    check(&tariff, usage(5, 5), bill(None), "0.000375");
    // 190 watts at the GPU and 50 beside it.
    check(&tariff, usage(5, 5), bill(Some(190_000)), "0.0002");
    assert_eq!(tariff.energy_mj(&bill(None)), Some(4_500_000));
    assert_eq!(tariff.energy_mj(&bill(Some(190_000))), Some(2_400_000));
    let shared = Hardware { parallel_ppm: 4_000_000, ..hardware };
    let tariff = Tariff { hourly: shared.hourly().map(Box::new), ..tariff };
    assert_eq!(tariff.energy_mj(&bill(None)), Some(1_125_000), "calls at a time share it");
    let by_token = Tariff { hourly: None, ..tariff };
    assert_eq!(by_token.energy_mj(&bill(Some(190_000))), None, "unknown is not zero");
}

#[test]
fn hardware_that_never_works_or_lasts_has_no_price() {
    for odd in [
        Hardware { utilization_ppm: 0, ..workstation() },
        Hardware { utilization_ppm: ONE + 1, ..workstation() },
        Hardware { lifetime_ppm: 0, ..workstation() },
        Hardware { parallel_ppm: 0, ..workstation() },
    ] {
        assert_eq!(odd.hourly(), None, "{odd:?}");
    }
}
