use super::*;

fn check(headers: &[(&'static str, &str)], expected: Result<(), &str>) {
    let access = Access { master_key: Some(Secret::new("sk-right")), key_header: Some("x-team-key".to_owned()) };
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    let got = access.check(&headers).map_err(|fault| fault.message);
    assert_eq!(got.as_ref().map_err(String::as_str), expected.as_ref().map_err(|text| *text), "{headers:?}");
    assert_eq!(Access::default().check(&headers), Ok(()), "without a master key everybody may call");
}

#[test]
fn the_master_key_is_found_wherever_clients_put_it() {
    let wrong = Err("Authentication Error, Invalid API key provided.");
    for name in KEY_HEADERS.into_iter().chain(["x-team-key"]) {
        check(&[(name, "sk-right")], Ok(()));
        check(&[(name, "Bearer sk-right")], Ok(()));
        check(&[(name, "bearer  sk-right ")], Ok(()));
        check(&[(name, "sk-wrong")], wrong);
        check(&[(name, "sk-right-and-more")], wrong);
        check(&[(name, "")], wrong);
    }
    check(&[], Err("Authentication Error, No api key passed in."));
    check(&[("x-litellm-api-key", "sk-right"), ("authorization", "Bearer of-the-provider")], Ok(()));
}
