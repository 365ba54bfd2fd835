use super::Decimal;

#[test]
fn numbers_are_read_as_they_are_written_and_spelled_as_json_wants_it() {
    let check = |text: &str, expected: Option<&str>| {
        assert_eq!(Decimal::parse(text).map(|number| number.json()).as_deref(), expected, "{text}");
    };
    check("60", Some("60"));
    check("-7", Some("-7"));
    check("+7", Some("7"));
    check("007", Some("7"));
    check("1_000_000", Some("1000000"));
    check(".5", Some("0.5"));
    check("5.", Some("5"));
    check("1.50", Some("1.50"));
    check("1e-6", Some("1e-6"));
    check("1.5E+3", Some("1.5e3"));
    check("0x1f", Some("31"));
    for not_a_number in ["", "-", ".", "e5", "1e", "1e999", "1.2.3", "_1", "1_", "12a", ".inf", "0xzz", "1 2", "٣"] {
        check(not_a_number, None);
    }
    check(&"9".repeat(65), None);
}

#[test]
fn prices_are_exact_to_the_picodollar() {
    let check = |text: &str, expected: Option<u64>| {
        assert_eq!(Decimal::parse(text).unwrap().scaled(12), expected, "{text}");
    };
    check("0.00000015", Some(150_000));
    check("1.5e-07", Some(150_000));
    check("15E-8", Some(150_000));
    check("0.000002083", Some(2_083_000));
    check("0", Some(0));
    check("-0.0", Some(0));
    check("1", Some(1_000_000_000_000));
    check("18446744", Some(18_446_744_000_000_000_000));
    check("18446745", None);
    check("1e300", None);
    check("-0.1", None);
    check("0.0000000000004", Some(0));
    check("0.0000000000005", Some(1));
    check("0.00000000000149", Some(1));
    check("1e-100", Some(0));
    check("0.1234567890125", Some(123_456_789_013));
}

#[test]
fn only_whole_numbers_are_counts() {
    let check = |text: &str, expected: Option<u64>| {
        assert_eq!(Decimal::parse(text).unwrap().to_u64(), expected, "{text}");
    };
    check("60", Some(60));
    check("60.0", Some(60));
    check("6e1", Some(60));
    check("6.5", None);
    check("0.5", None);
    check("-1", None);
    check("18446744073709551615", Some(u64::MAX));
    check("18446744073709551616", None);
}

#[test]
fn floats_are_the_nearest() {
    for text in ["0.1", "1e-6", "123456.789", "-2.5"] {
        assert_eq!(Decimal::parse(text).unwrap().to_f64(), text.parse::<f64>().unwrap());
    }
}
