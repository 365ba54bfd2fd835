use engine::{Subject, SubjectSource};

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

/// The fields of a form; what is in a file has its name.
fn form(found: SignOn) -> (String, Vec<(&'static str, String)>) {
    let Means::Token(Grant::Form { url, fields, .. }) = found.means else { panic!("{found:?}") };
    let text = |value: Text| match value {
        Text::Said(text) => text.expose().to_owned(),
        Text::File(path) => format!("@{}", path.display()),
    };
    (url, fields.into_iter().map(|(name, value)| (name, text(value))).collect())
}

#[test]
fn an_application_signs_in_to_entra_with_its_secret_wherever_that_is_written() {
    let given = [("tenant_id", "t"), ("client_id", "c")];
    let found = signed("azure", &given, &[("AZURE_CLIENT_SECRET", "s")]).unwrap().unwrap();
    let (url, fields) = form(found);
    assert_eq!(url, "https://login.microsoftonline.com/t/oauth2/v2.0/token");
    let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, &**value)).collect();
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
    assert_eq!((url.as_str(), issuer.as_str(), key_id.as_deref()), (google::TOKENS, "a@b", Some("k")));
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
            r#"{"type":"gdch","x":"s3cret"}"#,
            "Google's credentials are of the kind \"gdch\"; use service_account, authorized_user, external_account or \
             impersonated_service_account",
        ),
        (
            r#"{"type":"external_account","x":"s3cret","credential_source":{"environment_id":"aws1","url":"u"}}"#,
            "Google's credentials name neither a file nor an address for the workload's token",
        ),
        (r#"{"x":"s3cret"}"#, "Google's credentials lack type"),
    ] {
        assert_eq!(signed("vertex_ai", &[("vertex_credentials", text)], &[]), Err(expected.to_owned()));
    }
    assert!(find(providers::find("vertex_ai").unwrap(), none, none).is_ok());
}

#[test]
fn who_is_not_an_application_with_a_secret_signs_in_to_entra_as_a_workload_a_person_or_the_machine() {
    let ids = [("AZURE_TENANT_ID", "t"), ("AZURE_CLIENT_ID", "c"), ("AZURE_FEDERATED_TOKEN_FILE", "/var/token")];
    let (_, fields) = form(signed("azure", &[], &ids).unwrap().unwrap());
    let of = |name: &str| fields.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
    assert_eq!((of("client_assertion"), of("client_secret")), (Some("@/var/token"), None));
    let given = [("azure_username", "me"), ("azure_password", "p")];
    let (_, fields) = form(signed("azure", &given, &ids).unwrap().unwrap());
    assert!(fields.contains(&("grant_type", "password".to_owned())), "{fields:?}");
    let machine = |given: &[(&str, &str)], env: &[(&str, &str)]| match signed("azure_ai", given, env)? {
        Some(SignOn { means: Means::Token(Grant::Machine { url, headers }), .. }) => {
            Ok::<_, Trouble>(Some((url, headers[0].0)))
        }
        None => Ok(None),
        other => panic!("{other:?}"),
    };
    let app = [("IDENTITY_ENDPOINT", "http://x/token"), ("IDENTITY_HEADER", "h"), ("AZURE_CLIENT_ID", "c")];
    let resource = "resource=https://cognitiveservices.azure.com";
    let expected = format!("http://x/token?api-version=2019-08-01&{resource}&client_id=c");
    assert_eq!(machine(&[], &app), Ok(Some((expected, "x-identity-header"))));
    let expected = format!("http://169.254.169.254/metadata/identity/oauth2/token?api-version=2018-02-01&{resource}");
    let managed = [("azure_credential", "ManagedIdentityCredential")];
    assert_eq!(machine(&managed, &[]), Ok(Some((expected, "metadata"))));
    assert_eq!(machine(&[], &[]), Ok(None), "no address is asked that nobody meant");
    assert!(machine(&[("azure_credential", "Other")], &[]).unwrap_err().contains("none of"));
    let workload = [("azure_credential", "WorkloadIdentityCredential")];
    assert!(machine(&workload, &[]).unwrap_err().contains("not all"));
}

#[test]
fn a_workload_elsewhere_signs_in_to_google_with_what_its_own_issuer_says() {
    let account = r#"{"type":"external_account","audience":"//iam/x","subject_token_type":"urn:jwt",
        "token_url":"https://sts.googleapis.com/v1/token","credential_source":{"file":"/var/token"},
        "service_account_impersonation_url":"https://iamcredentials.googleapis.com/x:generateAccessToken"}"#;
    let found = signed("vertex_ai", &[("vertex_credentials", account)], &[]).unwrap().unwrap();
    let Means::Token(Grant::Impersonated { url, with, .. }) = found.means else { panic!("{found:?}") };
    assert!(url.ends_with(":generateAccessToken"));
    let Grant::Exchange { url, fields, subject } = *with else { panic!("{with:?}") };
    assert_eq!((&*url, fields.len()), ("https://sts.googleapis.com/v1/token", 5));
    assert_eq!(subject, Subject { source: SubjectSource::File("/var/token".into()), field: None });
    let person = r#"{"type":"authorized_user","client_id":"c","client_secret":"s","refresh_token":"r"}"#;
    let acts = format!(
        r#"{{"type":"impersonated_service_account","service_account_impersonation_url":"u","source_credentials":{person}}}"#
    );
    let found = signed("vertex_ai", &[("vertex_credentials", &acts)], &[]).unwrap().unwrap();
    assert!(matches!(found.means, Means::Token(Grant::Impersonated { .. })));
}
