use crate::config::tests::{check, deployment};

/// A machine as in `docs/prices.md`, with `more` or other numbers.
fn config(hardware: &str) -> String {
    format!(
        "model_list:\n- model_name: a\n  litellm_params: {{model: ollama/qwen3}}\n  model_info:\n    hardware: {{{hardware}}}"
    )
}

const MACHINE: &str = "purchase_price: 2400, lifetime_years: 4, utilization: 0.25, watts: 450";

fn seconds(hardware: &str) -> [u64; 24] {
    deployment(&config(hardware)).tariff("").hourly.as_ref().unwrap().picousd
}

fn check_error(hardware: &str, expected: &str) {
    check(&config(hardware), &[&format!("config.yaml:5:5: error: model_list[0].model_info.hardware{expected}")]);
}

#[test]
fn a_machine_has_a_price_per_second() {
    assert_eq!(seconds(&format!("{MACHINE}, tariff_per_kwh: 0.3, idle_watts: 60")), [128_551_411; 24]);
    assert_eq!(seconds(&format!("{MACHINE}, tariff_per_kwh: 0.3, pue: 1.5")), [132_301_411; 24]);
    assert_eq!(seconds(&format!("{MACHINE}, tariff_per_kwh: 0.3, parallel: 8"))[0], 14_193_926);
}

#[test]
fn its_electricity_may_cost_more_by_day() {
    let night =
        seconds(&format!("{MACHINE}, tariff: [{{hours: 22-6, per_kwh: 0.1}}, {{hours: '06:00-22:00', per_kwh: 0.3}}]"));
    assert_eq!((night[21], night[22], night[5], night[6]), (113_551_411, 88_551_411, 88_551_411, 113_551_411));
    let rest = seconds(&format!("{MACHINE}, tariff_per_kwh: 0.3, tariff: [{{hours: 0-1, per_kwh: 0.1}}]"));
    assert_eq!((rest[0], rest[1]), (88_551_411, 113_551_411));
    let text = config(&format!("{MACHINE}, tariff_per_kwh: 0.3, timezone: Europe/Berlin"));
    assert_eq!(deployment(&text).tariff("").hourly.as_ref().unwrap().hardware.zone.iana_name(), Some("Europe/Berlin"));
}

#[test]
fn what_is_missing_or_odd_is_named() {
    check_error(
        "purchase_price: 1, utilization: 0.25, watts: 1, tariff_per_kwh: 1",
        ".lifetime_years: is missing; write e.g. lifetime_years: 4",
    );
    check_error(
        MACHINE,
        ".tariff: the price of electricity is missing; write tariff_per_kwh for all hours that have no price of their own",
    );
    check_error(
        &format!("{MACHINE}, tariff: [{{hours: 22-6, per_kwh: 0.1}}]"),
        ".tariff: electricity has no price at hour 6; write tariff_per_kwh for all hours that have no price of their own",
    );
    check_error(
        &format!("{MACHINE}, tariff_per_kwh: 1, pue: 0.5"),
        ": no price per second comes of these numbers; utilization is a share such as 0.3; lifetime_years and parallel are \
         above zero; pue is at least 1",
    );
    check_error(
        "purchase_price: 1, lifetime_years: 3, utilization: 25, watts: 1, tariff_per_kwh: 1",
        ": no price per second comes of these numbers; utilization is a share such as 0.3; lifetime_years and parallel are \
         above zero; pue is at least 1",
    );
}

#[test]
fn hours_follow_each_other() {
    let check_tariff = |tariff: &str, expected: &str| {
        let text = config(&format!("{MACHINE}, tariff: [{tariff}]"));
        let report = crate::config::tests::load_text(&text).report.to_string();
        assert!(report.contains(expected), "{report}");
    };
    check_tariff("{hours: 22-6, per_kwh: 1}, {hours: 5-22, per_kwh: 2}", "hour 5 has two prices");
    for odd in [
        "{}",
        "1",
        "{hours: 22-6}",
        "{hours: 22, per_kwh: 1}",
        "{hours: 22-25, per_kwh: 1}",
        "{hours: a-b, per_kwh: 1}",
        "{hours: 1-2, per_kwh: x}",
    ] {
        check_tariff(odd, "expected hours and their price; write e.g. {hours: 22-6, per_kwh: 0.2}");
    }
    check_tariff("{hours: 0-24, per_kwh: 1}, {hours: 3-4, per_kwh: 1}", "hour 3 has two prices");
}

#[test]
fn a_time_zone_must_exist() {
    let text = config(&format!("{MACHINE}, tariff_per_kwh: 1, timezone: Mars/Olympus"));
    let report = crate::config::tests::load_text(&text).report.to_string();
    assert!(report.contains("no time zone is called \"Mars/Olympus\"; write e.g. timezone: Europe/Berlin"), "{report}");
}
