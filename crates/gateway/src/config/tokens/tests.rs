use engine::tokens::Internal;

use super::super::tests::{check, load_text};

const GOOD: &str = "environment_variables: {JWT_PUBLIC_KEY_URL: 'https://idp.example/keys, https://two.example/keys', \
                    JWT_AUDIENCE: us}\nmodel_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\n\
                    general_settings:\n  master_key: a-long-enough-master-key\n";

#[test]
fn the_incumbents_rules_are_read() {
    let text = format!(
        "{GOOD}  enable_jwt_auth: true\n  role_permissions: [{{role: team, models: [a]}}]\n  litellm_jwtauth:\n    \
         user_id_jwt_field: sub\n    team_ids_jwt_field: groups\n    public_key_ttl: 60\n    \
         role_mappings: [{{role: consumer, internal_role: team}}]\n    \
         issuers: [{{issuer: 'https://third.example/', audience: [x, y], user_id_jwt_field: oid}}]\n"
    );
    let loaded = load_text(&text);
    assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
    let tokens = loaded.setup.and_then(|setup| setup.access.tokens).expect("tokens are taken");
    let urls: Vec<&str> = tokens.issuers.iter().map(|issuer| issuer.source.url.as_str()).collect();
    assert_eq!(
        urls,
        [
            "https://third.example/.well-known/openid-configuration",
            "https://idp.example/keys",
            "https://two.example/keys"
        ]
    );
    assert_eq!((tokens.issuers[0].audiences.len(), tokens.issuers[1].audiences.len()), (2, 1));
    assert_eq!(tokens.issuers[0].names.or(&tokens.names).user_id.as_deref(), Some("oid"));
    assert_eq!((tokens.role_mappings[0].internal, tokens.permissions[0].0), (Internal::Team, Internal::Team));
    assert_eq!((tokens.key_ms, &*tokens.admin_scope), ((60_000, 3_600_000), "litellm_proxy_admin"));
    let off = load_text(GOOD).setup.expect("it is good");
    assert!(off.access.tokens.is_none());
}

#[test]
fn rules_that_open_more_than_was_meant_are_mistakes() {
    let none = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\ngeneral_settings:\n  master_key: a-long-enough-master-key\n  enable_jwt_auth: true\n";
    check(
        none,
        &["config.yaml:4:3: error: general_settings.enable_jwt_auth: nobody's tokens can be checked; set \
           JWT_PUBLIC_KEY_URL, or issuers"],
    );
    let start = "  enable_jwt_auth: true\n  litellm_jwtauth:\n    ";
    check(
        &format!("{GOOD}{start}issuers: [{{issuer: 'https://third.example'}}]\n"),
        &[
            "config.yaml:7:15: error: general_settings.litellm_jwtauth.issuers[0].audience: it is not said whom tokens must \
           be for: those for other applications would count; set it, or disable_audience_validation: true",
        ],
    );
    check(
        &format!("{GOOD}{start}role_mappings: [{{role: x, internal_role: boss}}]\n"),
        &["config.yaml:7:31: error: general_settings.litellm_jwtauth.role_mappings[0].internal_role: boss is nothing \
           that a token can stand for; write proxy_admin, team or internal_user"],
    );
}
