use super::super::keys::GENERAL;
use super::*;

fn read(values: &[(&str, &str)]) -> (Option<Sso>, String) {
    let find = |name: &str| Some(values.iter().find(|(known, _)| *known == name)?.1.to_owned());
    let mut notes = Notes::about(vec!["config.yaml".to_owned()]);
    let general = Section::read(None, "general_settings", &GENERAL, &mut notes);
    let sso = Sso::read(&general, &Env::new(&find), &mut notes);
    (sso, notes.finish().to_string())
}

#[test]
fn the_incumbents_environment_names_the_provider() {
    assert_eq!(read(&[]).0, None);
    let (google, report) = read(&[("GOOGLE_CLIENT_ID", "g"), ("ALLOWED_EMAIL_DOMAINS", "@Acme.example, b.example")]);
    let google = google.expect("there is one");
    assert_eq!((google.issuer.as_deref(), google.domains.len(), &*report), (Some(GOOGLE), 2, ""));
    assert_eq!(google.domains[0], "acme.example");
    let (microsoft, _) = read(&[("MICROSOFT_CLIENT_ID", "m"), ("MICROSOFT_TENANT", "t-1")]);
    assert_eq!(microsoft.and_then(|sso| sso.issuer).as_deref(), Some("https://login.microsoftonline.com/t-1/v2.0"));
    let (generic, report) = read(&[
        ("GENERIC_CLIENT_ID", "k"),
        ("GENERIC_ISSUER", "https://keycloak.example/realms/acme"),
        ("GENERIC_ROLE_MAPPINGS_ROLES", "{'internal_user': ['staff'], 'proxy_admin': 'admins'}"),
        ("GENERIC_ROLE_MAPPINGS_DEFAULT_ROLE", "internal_user_viewer"),
        ("PROXY_BASE_URL", "https://gateway.example/"),
    ]);
    let generic = generic.expect("there is one");
    assert_eq!((generic.base_url.as_deref(), &*report), (Some("https://gateway.example"), ""));
    let groups = generic.groups.expect("there are groups");
    let of = |names: &[&str]| groups.of(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(of(&["staff", "admins"]), Role::ProxyAdmin, "who may do more comes first");
    assert_eq!((of(&["staff"]), of(&[])), (Role::InternalUser, Role::InternalUserViewer));
}

#[test]
fn what_is_missing_or_dangerous_is_told() {
    let generic = ("GENERIC_CLIENT_ID", "k");
    for (values, part) in [
        (vec![generic], "error: environment_variables: GENERIC_CLIENT_ID is set, neither"),
        (vec![("MICROSOFT_CLIENT_ID", "m")], "MICROSOFT_TENANT is not"),
        (
            vec![("GOOGLE_CLIENT_ID", "g"), ("PROXY_LOGOUT_URL", "javascript:alert(1)")],
            "PROXY_LOGOUT_URL is no address",
        ),
        (vec![generic, ("GENERIC_ISSUER", "http://idp.example")], "warning: environment_variables: http://idp.example"),
        (vec![generic, ("GENERIC_ISSUER", "idp.example")], "error: environment_variables: idp.example"),
        (
            vec![generic, ("GENERIC_ISSUER", "https://i.example"), ("GENERIC_ROLE_MAPPINGS_ROLES", "{'boss': ['a']}")],
            "boss is no role",
        ),
        (
            vec![
                generic,
                ("GENERIC_AUTHORIZATION_ENDPOINT", "https://i.example/a"),
                ("GENERIC_TOKEN_ENDPOINT", "https://i.example/t"),
            ],
            "warning: environment_variables: without an issuer",
        ),
    ] {
        let (_, report) = read(&values);
        assert!(report.contains(part), "{part}: {report}");
    }
}
