use std::time::Duration;

use engine::cache::{CacheTerms, Scope, SemanticTerms};

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
        semantic: None,
    };
    assert_eq!(load(params, &[]), Ok((Some(terms), true)));
    assert_eq!(load("default_in_redis_ttl: 7, ttl: 5, host: r", &[]).unwrap().0.unwrap().ttl, Duration::from_secs(7));
    assert_eq!(load("default_in_redis_ttl: 7, ttl: 5", &[]).unwrap().0.unwrap().ttl, Duration::from_secs(5));
    assert!(load("type: disk, disk_cache_dir: answers", &redis).unwrap().1);
    assert_eq!(load("type: redis", &[]), Ok((Some(CacheTerms::default()), false)));
    let bucket = "type: s3, s3_bucket_name: answers, s3_aws_access_key_id: AKID, s3_aws_secret_access_key: s";
    let (terms, is_elsewhere) = load(bucket, &[]).unwrap();
    assert_eq!((terms.unwrap().memory_ttl, is_elsewhere), (Duration::from_secs(60), true), "others may forget it");
    assert!(load("type: gcs, gcs_bucket_name: answers", &[]).unwrap().1);
    assert_eq!(load("type: azure-blob", &[]), Ok((None, false)));
}

/// When questions mean the same by these lines of `cache_params`.
fn semantic(params: &str) -> Option<SemanticTerms> {
    load(params, &[]).unwrap().0.unwrap().semantic
}

#[test]
fn the_incumbents_semantic_types_compare_questions_within_the_process() {
    let usual = |model: &str| Some(SemanticTerms { model: model.to_owned(), ..SemanticTerms::default() });
    assert_eq!(semantic(""), None);
    assert_eq!(semantic("similarity_threshold: 0.8"), None, "of another type it means nothing");
    for (kind, has_redis) in [("redis-semantic", true), ("valkey-semantic", true), ("qdrant-semantic", false)] {
        assert_eq!(semantic(&format!("type: {kind}")), usual("text-embedding-ada-002"));
        let host = if has_redis { ", host: r" } else { "" };
        assert_eq!(load(&format!("type: {kind}{host}"), &[]).unwrap().1, has_redis, "{kind}");
    }
    let params = "type: redis-semantic, host: r, similarity_threshold: 0.8, max_messages: 2, ttl: 9, \
                  redis_semantic_cache_embedding_model: mine, redis_semantic_cache_index_name: i";
    let terms = SemanticTerms { threshold: 0.8, messages: 2, ..usual("mine").unwrap() };
    assert_eq!(semantic(params), Some(terms.clone()));
    let params = "type: qdrant-semantic, similarity_threshold: 0.8, max_messages: 2, qdrant_api_base: 'http://q', \
                  qdrant_semantic_cache_embedding_model: mine, qdrant_quantization_config: binary, \
                  qdrant_semantic_cache_vector_size: 1536";
    assert_eq!(semantic(params), Some(terms));
    for (name, scope) in [("key", Scope::Key), ("end_user", Scope::Customer)] {
        let params = format!("type: qdrant-semantic, semantic_cache_scope: {name}");
        assert_eq!(load(&params, &[]).unwrap().0.unwrap().scope, scope);
    }
    let both = "scope: team, semantic_cache_scope: key";
    assert_eq!(load(both, &[]).unwrap().0.unwrap().scope, Scope::Team);
}

#[test]
fn questions_are_compared_as_the_operator_says() {
    let params = "semantic: {model: mine, threshold: 0.9, group_thresholds: {demo: 0.99}, groups: [demo, other], \
                  timeout: 0.2, max_entries: 5, max_memory_mb: 1, audit: 0.5, max_false_hits: 0.1, same_answer: 0.7}";
    let terms = SemanticTerms {
        model: "mine".to_owned(),
        patience: Duration::from_millis(200),
        threshold: 0.9,
        group_thresholds: [("demo".to_owned(), 0.99)].into(),
        groups: Some(vec!["demo".to_owned(), "other".to_owned()]),
        messages: 4,
        entries: 5,
        bytes: 1 << 20,
        audit: 0.5,
        false_hits: 0.1,
        same_answer: 0.7,
    };
    assert_eq!(semantic(params), Some(terms));
    assert_eq!(semantic("similarity_threshold: 0.8, semantic: {model: mine}").unwrap().threshold, 0.8);
    assert_eq!(semantic("similarity_threshold: 0.8, semantic: {model: mine, threshold: 0.9}").unwrap().threshold, 0.9);
}

#[test]
fn an_embedding_model_that_is_not_there_is_told() {
    let said = |model: &str| {
        let config = format!(
            "model_list: [{{model_name: vectors, litellm_params: {{model: openai/text-embedding-3-small, api_key: k}}}}]\n\
             litellm_settings: {{cache: true, cache_params: {{semantic: {{model: {model}}}}}}}\n"
        );
        load_files(&[("config.yaml", &*config)], &[]).report.to_string()
    };
    assert!(!said("vectors").contains("no model group"), "{}", said("vectors"));
    assert!(said("others").contains("no model group is called others"), "{}", said("others"));
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
    wrong("semantic: {}", "cache_params.semantic.model: is missing");
    wrong("semantic: {model: m, threshold: 1.5}", "expected a number from 0 to 1");
    wrong("semantic: {model: m, group_thresholds: {demo: high}}", "semantic.group_thresholds.demo");
    wrong("semantic: {model: m, audit: 2}", "semantic.audit");
    wrong("type: redis-semantic, similarity_threshold: 7", "similarity_threshold");
    wrong("semantic_cache_scope: all", "expected key or end_user");
    wrong("type: redis, url: \"http://r\"", "where answers are kept cannot be used");
    wrong("type: s3", "cache_params.s3_bucket_name: is missing");
    wrong("type: s3, s3_bucket_name: 'a/b'", "cache_params.s3_bucket_name");
}

#[test]
fn without_the_switch_nothing_is_kept() {
    let config = "model_list: []\nlitellm_settings: {cache_params: {type: local}}\n";
    let loaded = load_files(&[("config.yaml", config)], &[]);
    assert!(loaded.setup.is_some_and(|setup| setup.cache.is_none()));
}
