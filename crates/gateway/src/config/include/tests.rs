use std::path::PathBuf;

use crate::config::tests::{ENV, check_report, load_files};

const ENTRY: &str = "{model_name: NAME, litellm_params: {model: openai/gpt-4o}}";

fn entry(name: &str) -> String {
    ENTRY.replace("NAME", name)
}

#[test]
fn lists_are_joined_and_other_sections_replaced() {
    let root = format!(
        "include: [models/more.yaml, ./settings.yaml]\nmodel_list: [{}]\nrouter_settings: {{num_retries: 1}}",
        entry("a")
    );
    let more = format!("include: [../third.yaml]\nmodel_list: [{}]", entry("b"));
    let third = format!("model_list: [{}]", entry("c"));
    let files = [
        ("main/config.yaml", root.as_str()),
        ("main/models/more.yaml", &more),
        ("main/third.yaml", &third),
        ("main/settings.yaml", "router_settings: {retry_after: 3}\nlitellm_settings: {drop_params: true}"),
    ];
    let loaded = load_files(&files, ENV);
    check_report(
        &loaded.report,
        &["main/settings.yaml:1:1: warning: router_settings: replaces all that line 3 of another file says about \
         router_settings; keep a section in one file; only lists are joined"],
    );
    let setup = loaded.setup.unwrap();
    let mut names: Vec<_> = setup.groups.keys().collect();
    names.sort();
    assert_eq!(names, ["a", "b", "c"]);
    assert_eq!(setup.rules.retries, 2, "the later file replaces the whole section");
    assert!(setup.groups["b"].deployments[0].drop_params);
    let paths = ["main/config.yaml", "main/models/more.yaml", "main/third.yaml", "main/settings.yaml"];
    assert_eq!(loaded.files, paths.map(PathBuf::from));
}

#[test]
fn files_that_cannot_be_included_are_named() {
    let root =
        format!("model_list: [{}]\ninclude:\n  - gone.yaml\n  - self.yaml\n  - [a]\n  - broken.yaml", entry("a"));
    let files =
        [("config.yaml", root.as_str()), ("self.yaml", "include: self.yaml"), ("broken.yaml", "- not\n- a mapping")];
    check_report(
        &load_files(&files, ENV).report,
        &[
            "config.yaml:3:5: error: include[0]: cannot read gone.yaml: entity not found; check the path and its rights",
            "config.yaml:5:5: error: include[2]: expected the name of a file; write e.g. - models.yaml",
            "self.yaml:1:1: error: include[0]: self.yaml includes itself, maybe by way of others; remove one of the includes",
            "broken.yaml:1:1: error: a configuration is a mapping of sections; begin with e.g. model_list:",
        ],
    );
}

#[test]
fn a_file_is_included_once() {
    let root = format!("include: [a.yaml, a.yaml]\nmodel_list: [{}]", entry("x"));
    let (a, env) = (format!("model_list: [{}]", entry("y")), ENV);
    check_report(
        &load_files(&[("config.yaml", &root), ("a.yaml", &a)], env).report,
        &["config.yaml:1:19: warning: include[1]: a.yaml is included already; remove this one"],
    );
}

#[test]
fn a_missing_configuration_is_an_error() {
    let loaded = load_files(&[("other.yaml", "")], ENV);
    assert!(loaded.setup.is_none());
    check_report(
        &loaded.report,
        &["main/config.yaml: error: cannot read main/config.yaml: entity not found; check the path and its rights"],
    );
}

#[test]
fn routes_of_routers_come_from_files_of_their_own() {
    let router = |name: &str, more: &str| {
        format!(
            "{{model_name: {name}, litellm_params: {{model: auto_router/x, auto_router_embedding_model: a, \
             auto_router_config_path: {more}}}}}"
        )
    };
    let root = format!(
        "model_list: [{}, {}, {}, {}]",
        entry("a"),
        router("one", "routes/router.json"),
        router("two", "routes/router.json"),
        router("three", "gone.json, auto_router_default_model: a"),
    );
    let routes = r#"{"encoder_type": "openai", "routes": [{"name": "a", "utterances": ["How do I pay?"], "score_threshold": 0.7}]}"#;
    let loaded = load_files(&[("main/config.yaml", &root), ("main/routes/router.json", routes)], ENV);
    check_report(
        &loaded.report,
        &["main/config.yaml:1:434: error: model_list[3].litellm_params.auto_router_config_path: cannot read \
           main/gone.json: entity not found; check the path and its rights"],
    );
    let root = root.replace("gone.json", "routes/router.json, auto_router_config: {}");
    let loaded = load_files(&[("main/config.yaml", &root), ("main/routes/router.json", routes)], ENV);
    let setup = loaded.setup.unwrap();
    for name in ["one", "two"] {
        let rule = &setup.router(name).unwrap().1.rules[0];
        let like = rule.when.like.as_ref().unwrap();
        assert_eq!((&*rule.arms[0].model, &*like.examples[0], like.threshold), ("a", "How do I pay?", 0.7), "{name}");
    }
    let paths = ["main/config.yaml", "main/routes/router.json"];
    assert_eq!(loaded.files, paths.map(PathBuf::from), "a change of either is seen");
}
