use crate::config::tests::{check_report, load_files, setup};

const MODELS: &str = "model_list: [{model_name: a, litellm_params: {model: mock/a}}]\n";

fn check(general: &str, env: &[(&str, &str)], expected: &[&str]) {
    let text = format!("{MODELS}general_settings: {{{general}}}");
    check_report(&load_files(&[("config.yaml", &text)], env).report, expected);
}

#[test]
fn the_master_key_comes_from_the_file_or_the_environment() {
    let key = |text: &str, env: &[(&str, &str)]| {
        let access = load_files(&[("config.yaml", text)], env).setup.unwrap().access;
        access.master_key.map(|key| key.expose().to_owned())
    };
    let in_file = format!("{MODELS}general_settings: {{master_key: key-of-the-file}}");
    let env = [("LITELLM_MASTER_KEY", "key-of-the-environment")];
    assert_eq!(key(&in_file, &env).as_deref(), Some("key-of-the-file"));
    assert_eq!(key(MODELS, &env).as_deref(), Some("key-of-the-environment"));
    assert_eq!(key(MODELS, &[]), None);
}

#[test]
fn a_missing_or_weak_master_key_is_named_and_never_shown() {
    check(
        "master_key: os.environ/GONE",
        &[("LITELLM_MASTER_KEY", "another-long-random-key")],
        &[
            "config.yaml:2:20: error: general_settings.master_key: environment variable GONE is not set: without a master key \
         anybody could call; export GONE=... with a long random text",
        ],
    );
    check(
        "",
        &[],
        &[
            "config.yaml:2:1: warning: general_settings.master_key: there is no master key: anybody who reaches the port can \
         call; set it here or in LITELLM_MASTER_KEY",
        ],
    );
    check(
        "master_key: sk-1234",
        &[],
        &[
            "config.yaml:2:20: warning: general_settings.master_key: the master key is a well-known example: whoever tries it \
         may do everything; use a long random text, e.g. from: openssl rand -hex 24",
        ],
    );
    check(
        "master_key: s3cr3t",
        &[],
        &[
            "config.yaml:2:20: warning: general_settings.master_key: the master key is short enough to be guessed: whoever \
         tries it may do everything; use a long random text, e.g. from: openssl rand -hex 24",
        ],
    );
    check(
        "master_key: [sk-1234]",
        &[("LITELLM_MASTER_KEY", "another-long-random-key")],
        &["config.yaml:2:20: error: general_settings.master_key: expected a text, found a list"],
    );
}

#[test]
fn callers_and_bodies_are_bounded_as_the_file_says() {
    let setup = setup(&format!(
        "{MODELS}general_settings: {{litellm_key_header_name: X-My-Key, allow_client_side_credentials: true, \
         max_request_size_mb: 0.5, max_response_size_mb: 2}}"
    ));
    assert_eq!(setup.access.key_header.as_deref(), Some("x-my-key"));
    assert!(setup.client_params.allow_all);
    assert_eq!((setup.intake.max_body_bytes, setup.intake.max_answer_bytes), (512 << 10, 2 << 20));
    check(
        "litellm_key_header_name: a b",
        &[("LITELLM_MASTER_KEY", "another-long-random-key")],
        &["config.yaml:2:20: error: general_settings.litellm_key_header_name: not the name of a header; \
         write e.g. litellm_key_header_name: x-my-key"],
    );
}
