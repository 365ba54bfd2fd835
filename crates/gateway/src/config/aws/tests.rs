use std::collections::HashMap;

use super::*;

/// What is found with these keys of `litellm_params` and these variables.
fn found(given: &[(&str, &str)], env: &[(&str, &str)]) -> Result<AwsSource, Trouble> {
    let map = |pairs: &[(&str, &str)]| -> HashMap<String, String> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    };
    let (given, env) = (map(given), map(env));
    find(&|name| given.get(name).cloned(), &|name| env.get(name).cloned())
}

/// The id of keys that are found.
fn id(given: &[(&str, &str)], env: &[(&str, &str)]) -> String {
    match found(given, env) {
        Ok(AwsSource::Keys(keys)) => keys.id().to_owned(),
        other => panic!("{other:?}"),
    }
}

const ENV: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "of-env"), ("AWS_SECRET_ACCESS_KEY", "canary")];

#[test]
fn what_is_written_counts_before_the_environment_and_that_before_profiles() {
    let folder = std::env::temp_dir().join(format!("lockgate-aws-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let credentials = folder.join("credentials");
    let config = folder.join("config");
    let text = "[default]\naws_access_key_id = of-default\naws_secret_access_key=canary\n\n# no\n[base]\nAWS_ACCESS_KEY_ID=of-base\n\
                aws_secret_access_key=canary\n";
    std::fs::write(&credentials, text).unwrap();
    let text = "[profile base]\nregion = eu-west-3\ns3 =\n  aws_access_key_id = not-this\n[profile taken]\nrole_arn = arn:aws:iam::1:role/x\n\
                source_profile = base\nexternal_id = canary\n[profile loop]\nrole_arn=r\nsource_profile=loop2\n[profile loop2]\n\
                role_arn=r\nsource_profile=loop\n[profile on]\nsso_session = work\n";
    std::fs::write(&config, text).unwrap();
    let (credentials, config) = (credentials.to_string_lossy(), config.to_string_lossy());
    let files = [("AWS_SHARED_CREDENTIALS_FILE", &*credentials), ("AWS_CONFIG_FILE", &*config)];
    let both = [&ENV[..], &files].concat();
    let own = [("aws_access_key_id", "own"), ("aws_secret_access_key", "canary")];
    assert_eq!(id(&own, &both), "own");
    assert_eq!(id(&[], &both), "of-env");
    assert_eq!(id(&[], &files), "of-default");
    assert_eq!(id(&[("aws_profile_name", "base")], &both), "of-base");
    assert_eq!(id(&[], &[&files[..], &[("AWS_PROFILE", "base")]].concat()), "of-base");
    let profile = |name: &str| found(&[("aws_profile_name", name)], &files);
    let Ok(AwsSource::Grant(AwsGrant::Role { role, with, url, external_id, .. })) = profile("taken") else { panic!() };
    assert_eq!((&*role, &*url), ("arn:aws:iam::1:role/x", "https://sts.us-east-1.amazonaws.com"));
    assert!(external_id.is_some() && matches!(*with, AwsSource::Keys(keys) if keys.id() == "of-base"));
    for (name, why) in [("nobody", "no credential"), ("loop", "too many"), ("on", "single sign-on")] {
        let trouble = profile(name).unwrap_err();
        assert!(trouble.contains(why), "{trouble}");
    }
    let env = |name: &str| files.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let given = |name: &str| (name == "aws_profile_name").then(|| "base".to_owned());
    assert_eq!(region(&given, &env).as_deref(), Some("eu-west-3"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[test]
fn a_role_is_taken_with_what_there_is_or_with_a_token_of_an_issuer() {
    let role = [("aws_role_name", "arn:r"), ("aws_session_name", "me"), ("aws_region_name", "cn-north-1")];
    let Ok(AwsSource::Grant(AwsGrant::Role { url, region, session, with, .. })) = found(&role, &ENV) else { panic!() };
    assert_eq!((&*url, &*region, &*session), ("https://sts.cn-north-1.amazonaws.com.cn", "cn-north-1", "me"));
    assert!(matches!(*with, AwsSource::Keys(keys) if keys.id() == "of-env"));
    let identity = |token: &str| {
        let given = [("aws_role_name", "arn:r"), ("aws_web_identity_token", token), ("aws_sts_endpoint", "http://sts")];
        match found(&given, &[]) {
            Ok(AwsSource::Grant(AwsGrant::Identity { url, token, .. })) if url == "http://sts" => token,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(identity("/var/token"), Text::File("/var/token".into()));
    assert_eq!(identity("oidc/file//var/token"), Text::File("/var/token".into()));
    assert_eq!(identity("eyJ.a.b"), Text::Said(Secret::new("eyJ.a.b")));
    assert!(found(&[("aws_web_identity_token", "canary")], &[]).unwrap_err().contains("aws_role_name"));
    let env = [("AWS_ROLE_ARN", "r"), ("AWS_WEB_IDENTITY_TOKEN_FILE", "/t")];
    assert!(matches!(found(&[], &env), Ok(AwsSource::Grant(AwsGrant::Identity { .. }))));
}

#[test]
fn the_container_is_asked_and_last_of_all_the_machine() {
    let container = |env: &[(&str, &str)]| match found(&[], env) {
        Ok(AwsSource::Grant(AwsGrant::Container { url, token })) => Ok((url, token.is_some())),
        Err(trouble) => Err(trouble),
        other => panic!("{other:?}"),
    };
    let relative = [("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/x")];
    assert_eq!(container(&relative), Ok(("http://169.254.170.2/v2/x".to_owned(), false)));
    let token = ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "/t");
    for (url, fine) in [
        ("http://169.254.170.23/v1/credentials", true),
        ("https://anywhere.example/x", true),
        ("http://127.0.0.1:8080/x", true),
        ("http://127.0.0.1.evil.example/x", false),
        ("http://evil.example/x", false),
    ] {
        let found = container(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", url), token]);
        assert_eq!(found.is_ok(), fine, "{url}: {found:?}");
    }
    let machine = AwsGrant::Machine { url: "http://169.254.169.254".to_owned() };
    assert_eq!(found(&[], &[]), Ok(AwsSource::Grant(machine)));
    assert!(found(&[], &[("AWS_EC2_METADATA_DISABLED", "true")]).is_err());
}

#[test]
fn half_a_credential_is_told_of_without_its_text() {
    for given in [("aws_access_key_id", "canary"), ("aws_secret_access_key", "canary")] {
        let trouble = found(&[given], &ENV).unwrap_err();
        assert!(trouble.contains("nothing without") && !trouble.contains("canary"), "{trouble}");
    }
}
