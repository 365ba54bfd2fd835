use super::*;

#[test]
fn a_region_is_within_its_area_and_within_no_other() {
    for (region, allowed, expected) in [
        ("eu", "eu", true),
        ("EU", "eu", true),
        ("eu-west-1", "eu", true),
        ("europe-west4", "eu", true),
        ("us", "eu", false),
        ("us-east5", "us", true),
        ("us-east5", "us-east5", true),
        ("us-east5", "us-east1", false),
        ("eu", "eu-west-1", false),
        ("euphoria", "eu", false),
        ("", "eu", false),
        ("global", "us", false),
    ] {
        assert_eq!(is_within(region, allowed), expected, "{region} within {allowed}");
    }
}
