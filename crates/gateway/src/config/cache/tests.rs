use std::time::Duration;

use engine::cache::{CacheTerms, Scope};

use crate::config::tests::load_files;

/// What comes of these lines of `cache_params`.
fn load(params: &str, env: &[(&str, &str)]) -> Result<(Option<CacheTerms>, bool), String> {
    let config = format!("model_list: []\nlitellm_settings:\n  cache: true\n  cache_params: {{{params}}}\n");
    let loaded = load_files(&[("config.yaml", &*config)], env);
    let said = loaded.report.to_string();
    let setup = loaded.setup.ok_or(said)?;
    let cache = setup.cache.as_deref();
    Ok((cache.map(|cache| cache.terms().clone()), cache.is_some_and(|cache| cache.depot().is_some())))
}

#[test]
fn the_incumbents_settings_mean_what_they_meant() {
    assert_eq!(load("", &[]), Ok((Some(CacheTerms::default()), false)));
    let redis = [("REDIS_HOST", "r")];
    let (terms, has_redis) = load("", &redis).unwrap();
    assert_eq!((terms.unwrap().memory_ttl, has_redis), (Duration::from_secs(60), true));
    assert!(!load("type: local", &redis).unwrap().1);
    let params = "type: redis, host: r, port: 6380, password: p, ttl: 30, default_in_memory_ttl: 5, namespace: n, \
                  mode: default_off, supported_call_types: [acompletion, embedding], scope: team, \
                  group_scopes: {demo: gateway}, max_memory_mb: 1, max_item_kb: 2";
    let terms = CacheTerms {
        on_request: true,
        ttl: Duration::from_secs(30),
        memory_ttl: Duration::from_secs(5),
        namespace: "n".to_owned(),
        call_types: Some(vec!["completion".to_owned(), "embedding".to_owned()]),
        scope: Scope::Team,
        group_scopes: [("demo".to_owned(), Scope::Gateway)].into(),
        memory_bytes: 1 << 20,
        item_bytes: 2 << 10,
    };
    assert_eq!(load(params, &[]), Ok((Some(terms), true)));
    assert_eq!(load("default_in_redis_ttl: 7, ttl: 5, host: r", &[]).unwrap().0.unwrap().ttl, Duration::from_secs(7));
    assert_eq!(load("default_in_redis_ttl: 7, ttl: 5", &[]).unwrap().0.unwrap().ttl, Duration::from_secs(5));
    assert!(load("type: disk, disk_cache_dir: answers", &redis).unwrap().1);
    assert_eq!(load("type: redis", &[]), Ok((Some(CacheTerms::default()), false)));
    assert_eq!(load("type: qdrant-semantic", &[]), Ok((None, false)));
}

#[test]
fn what_makes_no_sense_is_an_error_with_its_place() {
    let wrong = |params: &str, what: &str| {
        let said = load(params, &[]).unwrap_err();
        assert!(said.contains("config.yaml:4:") && said.contains(what), "{said}");
    };
    wrong("type: memcached", "expected one of local, redis, valkey, disk");
    wrong("type: disk", "disk_cache_dir: is missing");
    wrong("mode: sometimes", "expected default_on or default_off");
    wrong("scope: everybody", "expected one of customer, key, team, organization, gateway");
    wrong("group_scopes: {demo: all}", "litellm_settings.cache_params.group_scopes.demo");
    wrong("supported_call_types: [acompletions]", "did you mean completion?");
    wrong("ttl: -1", "a number of at least 0");
    wrong("type: redis, url: \"http://r\"", "the address of Redis cannot be used");
}

#[test]
fn without_the_switch_nothing_is_kept() {
    let config = "model_list: []\nlitellm_settings: {cache_params: {type: local}}\n";
    let loaded = load_files(&[("config.yaml", config)], &[]);
    assert!(loaded.setup.is_some_and(|setup| setup.cache.is_none()));
}
