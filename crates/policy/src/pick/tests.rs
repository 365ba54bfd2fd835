use super::*;

fn counts(members: &[Member]) -> Vec<u32> {
    let mut counts = vec![0; members.len()];
    for step in 0..1000 {
        if let Some(index) = pick(members, f64::from(step) / 1000.0) {
            counts[index] += 1;
        }
    }
    counts
}

fn check(members: &[Member], expected: &[u32]) {
    assert_eq!(counts(members), expected, "{members:?}");
}

#[test]
fn members_share_by_the_first_measure_that_any_of_them_has() {
    let plain = Member::default();
    let weight = |weight| Member { weight, rpm: 900.0, ..plain };
    let rpm = |rpm| Member { rpm, ..plain };
    check(&[plain, plain], &[500, 500]);
    check(&[weight(1.0), weight(3.0)], &[250, 750]);
    check(&[weight(1.0), plain], &[1000, 0]);
    check(&[rpm(10.0), rpm(90.0)], &[100, 900]);
    check(&[Member { tpm: 1.0, ..plain }, Member { tpm: 4.0, ..plain }], &[200, 800]);
}

#[test]
fn members_that_are_out_get_nothing_and_the_lowest_order_comes_first() {
    let plain = Member::default();
    check(&[Member { out: true, ..plain }, plain], &[0, 1000]);
    check(&[Member { order: 2, ..plain }, Member { order: 1, ..plain }], &[0, 1000]);
    check(&[Member { order: 1, out: true, ..plain }, Member { order: 2, ..plain }], &[0, 1000]);
    check(&[Member { out: true, ..plain }], &[0]);
    check(&[], &[]);
}
