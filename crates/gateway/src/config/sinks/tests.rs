use super::super::tests::{ENV, check, load_files, load_text};
use super::*;
use crate::config::Loaded;

const GOOD: &str = "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\n";

fn load(text: &str, more: &[(&str, &str)]) -> Loaded {
    let env: Vec<(&str, &str)> = ENV.iter().chain(more).copied().collect();
    let loaded = load_files(&[("config.yaml", &format!("{GOOD}{text}"))], &env);
    assert!(loaded.report.findings.is_empty(), "{}", loaded.report);
    loaded
}

fn sinks(text: &str, env: &[(&str, &str)]) -> Vec<Sink> {
    load(text, env).management.sinks.all
}

fn header<'a>(address: &'a Address, name: &str) -> &'a str {
    address.headers[name].to_str().unwrap()
}

#[test]
fn sinks_are_read_as_at_the_incumbent() {
    let found = sinks(
        "litellm_settings: {callbacks: [otel], success_callback: [langfuse, prometheus], failure_callback: [langfuse]}\n",
        &[
            ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20x,x-team=a"),
            ("OTEL_SERVICE_NAME", "front"),
            ("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment=prod,service.name=other"),
            ("LANGFUSE_PUBLIC_KEY", "pk"),
            ("LANGFUSE_SECRET_KEY", "sk"),
            ("LANGFUSE_HOST", "https://langfuse.example"),
        ],
    );
    let [otel, langfuse] = &found[..] else { panic!("{found:?}") };
    let Way::Otlp(otlp) = &otel.way else { panic!("{otel:?}") };
    assert_eq!((&*otlp.address.path, &*otlp.address.endpoint.host, otlp.json), ("/v1/traces", "collector", false));
    assert_eq!((header(&otlp.address, "authorization"), header(&otlp.address, "x-team")), ("Bearer x", "a"));
    let text = |(name, value): &(String, String)| format!("{name}={value}");
    let resource: Vec<String> = otlp.resource.iter().map(text).collect();
    assert_eq!(resource, ["service.name=front", "deployment.environment=prod"]);
    assert!(otel.successes && otel.failures && otel.contents);
    let Way::Langfuse(address) = &langfuse.way else { panic!("{langfuse:?}") };
    assert_eq!((&*address.path, header(address, "authorization")), ("/api/public/ingestion", "Basic cGs6c2s="));
    assert!(langfuse.successes && langfuse.failures);
    assert!(!format!("{found:?}").contains("Bearer") && !format!("{found:?}").contains("cGs6"), "{found:?}");
}

#[test]
fn numbers_go_where_spans_go_unless_the_operator_says_otherwise() {
    let numbers = |env: &[(&str, &str)]| {
        let found = sinks("litellm_settings: {callbacks: [otel]}\n", env);
        let [Sink { way: Way::Otlp(otlp), .. }] = &found[..] else { panic!("{found:?}") };
        otlp.numbers.clone().map(|to| (format!("{}{}", to.address.endpoint.host, to.address.path), to.json, to.every))
    };
    let both = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://collector:4318/v1/traces");
    let minute = Duration::from_secs(60);
    assert_eq!(numbers(&[both]), Some(("collector/v1/metrics".to_owned(), false, minute)));
    let own = [
        both,
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http://numbers/in"),
        ("OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "http/json"),
        ("OTEL_METRIC_EXPORT_INTERVAL", "1500"),
    ];
    assert_eq!(numbers(&own), Some(("numbers/in".to_owned(), true, Duration::from_millis(1500))));
    for exporter in ["none", "prometheus"] {
        assert_eq!(numbers(&[both, ("OTEL_METRICS_EXPORTER", exporter)]), None);
    }
    assert_eq!(numbers(&[("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "http://spans/in")]), None, "nobody says where");
    for (name, value, said) in [
        ("OTEL_METRIC_EXPORT_INTERVAL", "1m", "OTEL_METRIC_EXPORT_INTERVAL is not usable: numbers go every 60s"),
        ("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "numbers", "otel sends no numbers: "),
    ] {
        let env: Vec<(&str, &str)> = ENV.iter().copied().chain([both, (name, value)]).collect();
        let text = format!("{GOOD}litellm_settings: {{callbacks: [otel]}}\n");
        let loaded = load_files(&[("config.yaml", &text)], &env);
        assert!(loaded.report.to_string().contains(said), "{}", loaded.report);
        assert_eq!(loaded.management.sinks.all.len(), 1, "spans go all the same");
    }
}

#[test]
fn a_bucket_is_found_at_amazon_or_elsewhere() {
    let s3 = |params: &str| {
        let text = format!("litellm_settings: {{success_callback: [s3_v2], s3_callback_params: {{{params}}}}}\n");
        let mut found = sinks(&text, &[("AWS_ACCESS_KEY_ID", "id"), ("AWS_SECRET_ACCESS_KEY", "hidden")]);
        match found.pop().map(|sink| sink.way) {
            Some(Way::S3(s3)) => s3,
            other => panic!("{other:?}"),
        }
    };
    let own = s3("s3_bucket_name: logs, s3_region_name: eu-central-1, s3_path: /a/b/");
    assert_eq!((&*own.endpoint.host, &*own.bucket_path), ("logs.s3.eu-central-1.amazonaws.com", ""));
    assert_eq!((&*own.prefix, own.keys.id(), own.keys.secrets().next()), ("a/b", "id", Some("hidden")));
    let dotted = s3("s3_bucket_name: my.logs");
    assert_eq!((&*dotted.endpoint.host, &*dotted.bucket_path), ("s3.us-east-1.amazonaws.com", "/my.logs"));
    let other = s3("s3_bucket_name: logs, s3_endpoint_url: 'http://minio:9000', s3_aws_access_key_id: mine");
    assert_eq!((&*other.endpoint.authority, &*other.bucket_path, other.keys.id()), ("minio:9000", "/logs", "mine"));
    assert!(!format!("{other:?}").contains("hidden"));
}

#[test]
fn settings_of_a_callback_count_before_the_environment() {
    let found = sinks(
        "litellm_settings: {callbacks: [mine, clickhouse], generic_logger_headers: {x-a: '1'}}\ncallback_settings:\n  \
         mine: {callback_type: generic_api, endpoint: 'http://me.example/in?a=b', headers: {x-b: '2'}, log_format: ndjson, \
         message_logging: false, flush_interval: 0.1}\n  clickhouse: {url: 'http://ch:8123', table: logs.calls, user: u, password: p}\n",
        &[("GENERIC_LOGGER_ENDPOINT", "http://another.example"), ("GENERIC_LOGGER_HEADERS", "x-c=3")],
    );
    let [mine, clickhouse] = &found[..] else { panic!("{found:?}") };
    let Way::Http(address, Shape::Lines) = &mine.way else { panic!("{mine:?}") };
    assert_eq!((&*address.path, header(address, "x-a"), header(address, "x-b")), ("/in?a=b", "1", "2"));
    assert_eq!((header(address, "x-c"), mine.contents, mine.flush), ("3", false, Duration::from_millis(100)));
    let Way::ClickHouse(address, table) = &clickhouse.way else { panic!("{clickhouse:?}") };
    assert_eq!((&**table, header(address, "x-clickhouse-key")), ("logs.calls", "p"));
}

#[test]
fn what_is_kept_and_told_is_off_unless_it_is_wanted() {
    let telemetry = |text: &str| load(text, &[]).setup.unwrap().telemetry;
    let usual = telemetry("");
    assert_eq!(usual, Telemetry { content_bytes: 256 << 10, ..Telemetry::default() });
    let wanted = telemetry(
        "general_settings: {store_prompts_in_spend_logs: true, store_prompts_max_kb: 1}\nlitellm_settings: \
         {turn_off_message_logging: true, forward_traceparent_to_llm_provider: true, allow_dynamic_callback_disabling: false}\n",
    );
    assert!(wanted.contents && wanted.redacted && wanted.propagates && wanted.unmutable && !wanted.sinks);
    assert_eq!(wanted.content_bytes, 1 << 10);
}

#[test]
fn who_cannot_be_told_is_said() {
    let text = |callbacks: &str| format!("{GOOD}litellm_settings: {{callbacks: [{callbacks}]}}\n");
    let nobody = |name: &str, why: &str| {
        format!(
            "config.yaml:2:32: warning: litellm_settings.callbacks: nobody is told by {name}: {why}; see docs/observability.md"
        )
    };
    for (name, why) in [
        ("otel", "OTEL_EXPORTER_OTLP_ENDPOINT is not set"),
        ("langfuse", "LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY are not set"),
        ("generic_api", "GENERIC_LOGGER_ENDPOINT is not set"),
        ("clickhouse", "CLICKHOUSE_URL is not set"),
        ("s3", "s3_callback_params has no s3_bucket_name"),
    ] {
        check(&text(name), &[&nobody(name, why)]);
    }
    check(
        &text("datadog"),
        &["config.yaml:2:32: warning: litellm_settings.callbacks: nobody is told by datadog: there are clickhouse, \
         generic_api, langfuse, otel, s3, s3_v2"],
    );
    check(
        &format!("{}callback_settings: {{prometheus: {{flush_interval: soon}}}}\n", text("prometheus")),
        &[
            "config.yaml:2:32: warning: litellm_settings.callbacks: prometheus gathers for 1s: its flush_interval is no \
         number of seconds; write a number from 0.05 to 3600",
        ],
    );
    assert!(load_text(&text("datadog")).management.sinks.all.is_empty());
}
