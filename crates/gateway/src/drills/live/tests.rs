use super::*;

#[test]
fn whatever_is_broken_is_at_an_address_that_no_server_has_and_is_known_by_it() {
    for fault in BROKEN {
        let endpoint = fault.endpoint().expect("it is an address");
        assert!(broken::is_at(&endpoint.url()), "{}", fault.name);
        assert_eq!(broken::at(&endpoint.host).map(|found| found.name), Some(fault.name));
    }
    assert!(broken::at("api.openai.com").is_none() && broken::at("other.drill.invalid").is_none());
}

#[test]
fn live_faults_are_those_of_the_offline_drill() {
    let known = |name: &str| super::super::faults::FAULTS.iter().any(|fault| fault.name == name);
    assert_eq!(
        BROKEN.iter().map(|fault| fault.name).filter(|name| !known(name)).collect::<Vec<_>>(),
        Vec::<&str>::new()
    );
    assert!(broken::chosen(&["status 500".to_owned()]).is_ok_and(|faults| faults.len() == 1));
    assert!(broken::chosen(&["cut".to_owned()]).is_err(), "what a caller has cannot be taken back");
}
