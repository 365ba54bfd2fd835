use super::super::tests::{ENV, load_with};
use super::*;

fn sealed(seal: &Seal, params: Json) -> String {
    seal.close(&params.to_string()).unwrap()
}

fn model(seal: &Seal, name: &str, params: Json) -> Arc<Model> {
    Arc::new(Model { model_name: name.to_owned(), params: sealed(seal, params), ..Model::default() })
}

const FILE: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]";

#[test]
fn what_was_added_is_served_beside_the_file_and_mistakes_leave_out_one_alone() {
    let seal = Seal::new("a-long-random-master-key");
    let foreign = Seal::new("another key");
    let added = Added {
        access_groups: Vec::new(),
        passages: Vec::new(),
        models: vec![
            ("good".to_owned(), model(&seal, "a", json!({ "model": "openai/gpt-4o-mini" }))),
            (
                "shared".to_owned(),
                model(&seal, "b", json!({ "model": "openai/gpt-4o", "litellm_credential_name": "c" })),
            ),
            ("bad".to_owned(), model(&seal, "c", json!({ "model": "no-such-provider/x" }))),
            ("lost".to_owned(), model(&seal, "d", json!({ "model": "openai/gpt-4o", "litellm_credential_name": "x" }))),
            ("wrong".to_owned(), model(&seal, "e", json!({ "model": 5, "rpm": "many" }))),
            ("foreign".to_owned(), model(&foreign, "f", json!({ "model": "openai/gpt-4o" }))),
        ],
        credentials: vec![(
            "c".to_owned(),
            Arc::new(Credential {
                values: sealed(&seal, json!({ "api_key": "sk-of-credential" })),
                ..Credential::default()
            }),
        )],
        addresses: Vec::new(),
    };
    let loaded = load_with(FILE, ENV, &added);
    let setup = loaded.setup.unwrap_or_else(|| panic!("{}", loaded.report));
    assert_eq!(setup.groups["a"].deployments.len(), 2);
    assert_eq!(setup.groups["b"].deployments[0].headers["authorization"], "Bearer sk-of-credential");
    assert_eq!(setup.groups["b"].deployments[0].id, "shared");
    let left_out: Vec<_> = loaded.left_out.iter().map(|(id, _)| id.as_str()).collect();
    assert_eq!(left_out, ["bad", "lost", "wrong", "foreign"], "{:?}", loaded.left_out);
    let shown: Vec<_> =
        loaded.models.iter().map(|shown| (shown.name.as_str(), shown.added, !shown.id.is_empty())).collect();
    assert_eq!(shown[..3], [("a", false, true), ("a", true, true), ("b", true, true)]);
}

#[test]
fn a_blocked_deployment_is_known_and_gets_no_calls() {
    let seal = Seal::new("a-long-random-master-key");
    let blocked = Model { blocked: true, ..Model::clone(&model(&seal, "b", json!({ "model": "openai/gpt-4o" }))) };
    let added =
        Added { access_groups: Vec::new(), models: vec![("m".to_owned(), Arc::new(blocked))], ..Added::default() };
    let loaded = load_with(FILE, ENV, &added);
    assert!(loaded.left_out.is_empty() && !loaded.setup.expect("a setup").groups.contains_key("b"));
    assert!(loaded.models.iter().any(|shown| shown.id == "m" && shown.blocked));
}
