use super::*;

#[test]
fn a_path_is_meant_by_its_name_a_pattern_or_a_group() {
    for (entry, path, expected) in [
        ("/key/info", "/key/info", true),
        ("/key/info", "/key/info/", true),
        ("/key/info", "/key/information", false),
        ("/key/info", "/v2/key/info", false),
        ("/key/*", "/key/generate", true),
        ("/key/*", "/keys", false),
        ("/*", "/anything/at/all", true),
        ("/team/{team_id}/callback", "/team/t1/callback", true),
        ("/team/{team_id}/callback", "/team//callback", false),
        ("/team/{team_id}/callback", "/team/a/b/callback", false),
        ("llm_api_routes", "/v1/chat/completions", true),
        ("llm_api_routes", "/v1/messages", true),
        ("llm_api_routes", "/openai/deployments/x/chat/completions", true),
        ("llm_api_routes", "/key/generate", false),
        ("openai_routes", "/v1/messages", false),
        ("anthropic_routes", "/v1/messages/count_tokens", true),
        ("management_routes", "/key/generate", true),
        ("management_routes", "/v1/chat/completions", false),
        ("info_routes", "/key/info", true),
        ("info_routes", "/key/generate", false),
        ("info_routes", "/user/daily/activity", true),
        ("", "/", false),
        ("/", "/", true),
        ("no_such_routes", "/no_such_routes", false),
    ] {
        assert_eq!(covers(entry, path), expected, "{entry} {path}");
    }
}

#[test]
fn an_empty_list_allows_everything_and_any_entry_allows_only_what_it_means() {
    assert!(allows::<&str>(&[], "/key/generate"));
    assert!(allows(&["/key/info", "llm_api_routes"], "/v1/embeddings"));
    assert!(!allows(&["/key/info", "llm_api_routes"], "/user/new"));
}

#[test]
fn nobody_passes_on_more_paths_than_they_have() {
    for (own, entry, expected) in [
        (vec![], "/*", true),
        (vec!["llm_api_routes"], "llm_api_routes", true),
        (vec!["llm_api_routes"], "openai_routes", true),
        (vec!["llm_api_routes"], "/v1/chat/completions", true),
        (vec!["llm_api_routes"], "/v1/responses/*", true),
        (vec!["llm_api_routes"], "/v1/*", false),
        (vec!["llm_api_routes"], "management_routes", false),
        (vec!["llm_api_routes"], "/*", false),
        (vec!["/key/info"], "/key/*", false),
        (vec!["/key/*"], "/key/info", true),
        (vec!["/*"], "management_routes", true),
        (vec!["openai_routes"], "llm_api_routes", false),
    ] {
        assert_eq!(includes(&own, entry), expected, "{own:?} {entry}");
    }
}

#[test]
fn every_type_of_key_means_groups_that_exist() {
    for (name, entries) in KEY_TYPES {
        assert!(entries.iter().all(|entry| GROUPS.iter().any(|(group, _)| group == entry)), "{name}");
    }
    let deepest = |entry: &&str| GROUPS.iter().any(|(group, _)| group == entry);
    for (name, members) in GROUPS {
        for member in members.iter().filter(|member| !deepest(member)) {
            assert!(member.starts_with('/'), "{name}: {member}");
        }
    }
}

#[test]
fn the_operators_rules_hold_for_everybody_but_administrators() {
    let list = |entries: &[&str]| entries.iter().map(|entry| (*entry).to_owned()).collect::<Vec<_>>();
    let rules = RouteRules {
        public: list(&["/v1/models"]),
        admin_only: list(&["/team/*", "/v1/embeddings"]),
        allowed: list(&["llm_api_routes", "/team/info"]),
    };
    assert!(rules.is_public("/v1/models") && !rules.is_public("/v1/models/x"));
    for (path, others) in [
        ("/v1/chat/completions", true),
        ("/v1/embeddings", false),
        ("/v1/embeddings/", false),
        ("/team/info", false),
        ("/key/generate", false),
    ] {
        assert_eq!((rules.allow(path, false), rules.allow(path, true)), (others, true), "{path}");
    }
    let none = RouteRules::default();
    assert!(none.allow("/key/generate", false) && !none.is_public("/"));
}

#[test]
fn what_is_for_administrators_is_so_under_every_name() {
    for (entry, path, expected) in [
        ("/v1/chat/completions", "/chat/completions", false),
        ("/chat/completions", "/v1/chat/completions", false),
        ("/chat/completions", "/engines/demo/chat/completions", false),
        ("/completions", "/engines/demo/chat/completions", true),
        ("/v1/chat/completions", "/openai/deployments/a/b/chat/completions", false),
        ("/key/regenerate", "/key/sk-1/regenerate", false),
        ("/key/*", "/v2/key/info", false),
        ("/team/update", "/team/red", false),
        ("/team/update", "/team/info", true),
        ("/team/update", "/team/update/", false),
        ("/organization/update", "/v2/organization/acme", false),
        ("/organization/update", "/organization/list", true),
        ("/model/update", "/model/m1/update", false),
        ("/customer/*", "/end_user/list", false),
        ("/end_user/list", "/customer/list", false),
        ("/model/info", "/v2/model/info", false),
        ("/spend/logs/v2", "/spend/logs/ui", false),
        ("info_routes", "/v1/key/info", false),
        ("/key/list", "/key/info", true),
    ] {
        let rules = RouteRules { admin_only: vec![entry.to_owned()], ..RouteRules::default() };
        assert_eq!(rules.allow(path, false), expected, "{entry} for {path}");
        assert!(rules.allow(path, true));
    }
}
