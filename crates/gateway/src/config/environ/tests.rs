use crate::config::tests::{ENV, check_report, load_files};

fn load(text: &str, more: &[(&str, &str)]) -> crate::config::Loaded {
    let env: Vec<_> = ENV.iter().chain(more).copied().collect();
    load_files(&[("config.yaml", text)], &env)
}

const DEPLOYMENT: &str = "model_list:
  - model_name: a
    litellm_params:
      model: os.environ/MODEL
      api_key: os.environ/KEY
      rpm: os.environ/RPM
      drop_params: os.environ/DROP
      metadata: {region: os.environ/REGION, nothing: [os.environ/RPM]}
";

#[test]
fn variables_fill_values_of_any_kind_at_any_depth() {
    let env = [("MODEL", "openai/gpt-4o"), ("KEY", "k-1"), ("RPM", "60"), ("DROP", "True"), ("REGION", "eu")];
    let loaded = load(DEPLOYMENT, &env);
    check_report(&loaded.report, &[]);
    let deployment = loaded.setup.unwrap().groups["a"].deployments[0].clone();
    assert_eq!(deployment.headers["authorization"], "Bearer k-1");
    assert_eq!((deployment.member.rpm, deployment.drop_params), (60.0, true));
    assert_eq!(deployment.defaults[0].1.get(), r#"{"region":"eu","nothing":["60"]}"#);
}

#[test]
fn a_variable_that_is_not_set_is_named_where_it_is_used() {
    check_report(
        &load(DEPLOYMENT, &[("RPM", "  ")]).report,
        &[
            "config.yaml:4:7: error: model_list[0].litellm_params.model: environment variable MODEL is not set; \
         export MODEL=...",
            "config.yaml:6:7: warning: model_list[0].litellm_params.rpm: environment variable RPM is not set; \
         export it, or remove the line",
            "config.yaml:7:7: warning: model_list[0].litellm_params.drop_params: environment variable DROP is not set; \
         export it, or remove the line",
        ],
    );
}

#[test]
fn a_value_of_the_environment_is_never_shown() {
    let env = [("MODEL", "openai/gpt-4o"), ("KEY", "k"), ("RPM", "hunter2"), ("DROP", "x"), ("REGION", "eu")];
    check_report(
        &load(DEPLOYMENT, &env).report,
        &[
            "config.yaml:6:7: error: model_list[0].litellm_params.rpm: expected a whole number, found the value of RPM; \
         write e.g. rpm: 60",
            "config.yaml:7:7: error: model_list[0].litellm_params.drop_params: expected true or false, found the value of \
         DROP; write e.g. drop_params: true",
        ],
    );
}

#[test]
fn variables_of_the_file_lie_over_the_environment() {
    let text = "environment_variables:
  OPENAI_API_KEY: from-file
  COPY: os.environ/OUTER
  PORT: 8000
  GONE: os.environ/GONE
  LIST: [1]
model_list:
  - {model_name: a, litellm_params: {model: openai/gpt-4o}}
  - {model_name: b, litellm_params: {model: openai/gpt-4o, api_key: os.environ/COPY, api_base: os.environ/BASE}}
";
    let env = [("OUTER", "from-outside"), ("BASE", "http://gpu/v1")];
    check_report(
        &load(text, &env).report,
        &[
            "config.yaml:5:3: warning: environment_variables.GONE: environment variable GONE is not set; \
         export it, or remove the line",
            "config.yaml:6:3: error: environment_variables.LIST: expected a text; quote the value",
        ],
    );
    let setup = load(&text.replace("  LIST: [1]\n", ""), &env).setup.unwrap();
    let key = |group: &str| setup.groups[group].deployments[0].headers["authorization"].clone();
    assert_eq!(key("a"), "Bearer from-file");
    assert_eq!(key("b"), "Bearer from-outside");
}
