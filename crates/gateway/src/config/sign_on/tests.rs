use super::*;

fn none(_: &str) -> Option<String> {
    None
}

fn signed(id: &str, given: &[(&str, &str)], env: &[(&str, &str)]) -> Result<Option<SignOn>, Trouble> {
    let find_in = |list: &[(&str, &str)], name: &str| {
        list.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
    };
    let provider = providers::find(id).expect("there is such a provider");
    find(provider, |name| find_in(given, name), |name| find_in(env, name))
}

#[test]
fn an_application_signs_in_to_entra_with_its_secret_wherever_that_is_written() {
    let given = [("tenant_id", "t"), ("client_id", "c")];
    let found = signed("azure", &given, &[("AZURE_CLIENT_SECRET", "s")]).unwrap().unwrap();
    let Means::Token(Grant::Form { url, fields }) = found.means else { panic!("{found:?}") };
    assert_eq!(url, "https://login.microsoftonline.com/t/oauth2/v2.0/token");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.expose())).collect();
    assert_eq!(
        fields,
        [
            ("grant_type", "client_credentials"),
            ("client_id", "c"),
            ("client_secret", "s"),
            ("scope", "https://cognitiveservices.azure.com/.default"),
        ]
    );
    assert_eq!(signed("azure", &given, &[]), Ok(None), "without a secret nobody signs in");
    assert_eq!(signed("openai", &given, &[]), Ok(None));
}

#[test]
fn google_takes_a_service_account_a_person_or_the_machine() {
    let account =
        r#"{"type":"service_account","project_id":"p","private_key_id":"k","private_key":"PEM","client_email":"a@b"}"#;
    let found = signed("vertex_ai", &[("vertex_credentials", account)], &[]).unwrap().unwrap();
    assert_eq!(found.project.as_deref(), Some("p"));
    let Means::Token(Grant::Assertion { url, issuer, key_id, scope, .. }) = found.means else { panic!("{found:?}") };
    assert_eq!((url.as_str(), issuer.as_str(), key_id.as_deref()), (GOOGLE_TOKENS, "a@b", Some("k")));
    assert!(scope.ends_with("cloud-platform"));
    let person = r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;
    let found = signed("vertex_ai", &[], &[("VERTEXAI_CREDENTIALS", person)]).unwrap().unwrap();
    assert!(matches!(found.means, Means::Token(Grant::Form { fields, .. }) if fields.len() == 4));
    let machine = signed("vertex_ai", &[], &[("GCE_METADATA_HOST", "127.0.0.1:1")]).unwrap().unwrap().means;
    let Means::Token(machine) = machine else { panic!("{machine:?}") };
    assert_eq!(machine.url(), "http://127.0.0.1:1/computeMetadata/v1/instance/service-accounts/default/token");
}

#[test]
fn credentials_that_cannot_be_used_are_told_of_without_what_they_say() {
    for (text, expected) in [
        ("{oops s3cret", "Google's credentials are not JSON"),
        ("/nowhere/at/all.json", "/nowhere/at/all.json cannot be read: No such file or directory (os error 2)"),
        (r#"{"type":"service_account","private_key":"s3cret"}"#, "Google's credentials lack client_email"),
        (
            r#"{"type":"external_account","x":"s3cret"}"#,
            "Google's credentials are of the kind \"external_account\"; use service_account or authorized_user",
        ),
        (r#"{"x":"s3cret"}"#, "Google's credentials lack type"),
    ] {
        assert_eq!(signed("vertex_ai", &[("vertex_credentials", text)], &[]), Err(expected.to_owned()));
    }
    assert!(find(providers::find("vertex_ai").unwrap(), none, none).is_ok());
}
