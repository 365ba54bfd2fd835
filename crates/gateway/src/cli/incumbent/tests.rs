use super::*;

fn check(line: &str, kept: &str, moot: &[&str]) {
    let (rest, remarks) = without_moot_flags(line.split(' ').map(OsString::from));
    assert_eq!(rest.join(std::ffi::OsStr::new(" ")), kept, "{line}");
    let flags: Vec<&str> = remarks.iter().map(|remark| remark.split(' ').next().unwrap()).collect();
    assert_eq!(flags, moot, "{line}");
}

#[test]
fn flags_without_effect_are_taken_off_and_named() {
    check("lockgate --config a.yaml --port 4000", "lockgate --config a.yaml --port 4000", &[]);
    check("lockgate --run_gunicorn --port 1", "lockgate --port 1", &["--run_gunicorn"]);
    check("lockgate --run-gunicorn", "lockgate", &["--run_gunicorn"]);
    check("lockgate --keepalive_timeout 75 --debug", "lockgate --debug", &["--keepalive_timeout"]);
    check("lockgate --keepalive_timeout=75 --debug", "lockgate --debug", &["--keepalive_timeout"]);
    check("lockgate --telemetry --debug", "lockgate --debug", &["--telemetry"]);
}

#[test]
fn the_list_is_sorted() {
    assert!(MOOT.is_sorted_by_key(|moot| moot.flag));
}
