use super::*;

fn is_master(headers: &[(&'static str, &str)]) -> Option<bool> {
    let access = Access {
        master_key: Some(Secret::new("sk-right")),
        key_header: Some("x-team-key".to_owned()),
        ..Access::default()
    };
    let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect();
    access.key(&headers).map(|key| access.is_master(&key))
}

#[test]
fn the_key_is_found_wherever_clients_put_it() {
    for name in KEY_HEADERS.into_iter().chain(["x-team-key"]) {
        for (value, expected) in [
            ("sk-right", true),
            ("Bearer sk-right", true),
            ("bearer  sk-right ", true),
            // `sk-right:`, `me:sk-right`, `me:sk-wrong` and `sk-right:x`.
            ("Basic c2stcmlnaHQ6", true),
            ("basic bWU6c2stcmlnaHQ=", true),
            ("Basic bWU6c2std3Jvbmc=", false),
            ("Basic c2stcmlnaHQ6eA==", false),
            ("Basic sk-right", false),
            ("Basic ", false),
            ("sk-wrong", false),
            ("sk-right-and-more", false),
            ("", false),
        ] {
            assert_eq!(is_master(&[(name, value)]), Some(expected), "{name}: {value}");
        }
    }
    assert_eq!(is_master(&[]), None);
    let both = [("x-litellm-api-key", "sk-right"), ("authorization", "Bearer of-the-provider")];
    assert_eq!(is_master(&both), Some(true), "the gateway's own header wins");
}

#[test]
fn without_a_master_key_everybody_may_call() {
    assert!(Access::default().is_open());
    assert!(!Access::default().is_master(b""));
}
