//! Numbers by the conventions for generative models, as a collector reads them: they count from the beginning, come again and
//! again and once more at the end, and a collector that is away costs no call anything.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::ear::{Ear, Heard, until};
use super::metrics;
use super::protobuf::Message;
use crate::backs::{Config, mock};
use crate::callers::Front;
use crate::gateway::Gateway;

const PATH: &str = "/v1/metrics";
/// What a sum or a histogram says of itself that counts from the beginning.
const CUMULATIVE: u64 = 2;

/// A number of a metric as a collector reads it.
#[derive(Clone, Debug, Default, PartialEq)]
struct Point {
    said: BTreeMap<String, String>,
    began_at: u64,
    at: u64,
    /// Of gauges and sums.
    value: f64,
    /// Of histograms.
    count: u64,
    sum: f64,
    buckets: Vec<u64>,
    bounds: Vec<f64>,
}

/// A metric: its unit, its kind, its numbers.
type Known = BTreeMap<String, (String, &'static str, Vec<Point>)>;

fn said(attributes: &[Message]) -> BTreeMap<String, String> {
    attributes.iter().map(|one| (one.text(1), one.one(2).text(1))).collect()
}

/// Field numbers are those of `opentelemetry/proto/metrics`.
fn read(body: &[u8]) -> Known {
    let resource_metrics = Message::read(body).one(1);
    assert_eq!(said(&resource_metrics.one(1).all(1))["service.name"], "tests");
    let scope_metrics = resource_metrics.one(2);
    assert_eq!(scope_metrics.one(1).text(1), "lockgate");
    let double = |bits: Option<u64>| f64::from_bits(bits.unwrap_or_default());
    let number = |point: &Message| Point {
        said: said(&point.all(7)),
        began_at: point.number(2).expect("a start"),
        at: point.number(3).expect("a time"),
        value: double(point.number(4)),
        ..Point::default()
    };
    let spread = |point: &Message| Point {
        said: said(&point.all(9)),
        began_at: point.number(2).expect("a start"),
        at: point.number(3).expect("a time"),
        count: point.number(4).expect("a count"),
        sum: double(point.number(5)),
        buckets: point.packed(6),
        bounds: point.packed(7).into_iter().map(f64::from_bits).collect(),
        ..Point::default()
    };
    let metric = |metric: &Message| {
        let (gauges, sums, histograms) = (metric.all(5), metric.all(7), metric.all(9));
        assert_eq!(gauges.len() + sums.len() + histograms.len(), 1, "a metric is of one kind");
        let what = match (&gauges[..], &sums[..], &histograms[..]) {
            ([gauge], ..) => ("gauge", gauge.all(1).iter().map(number).collect()),
            (_, [sum], _) => {
                assert_eq!((sum.number(2), sum.number(3)), (Some(CUMULATIVE), Some(1)));
                ("sum", sum.all(1).iter().map(number).collect())
            }
            (.., histograms) => {
                assert_eq!(histograms[0].number(2), Some(CUMULATIVE));
                ("histogram", histograms[0].all(1).iter().map(spread).collect())
            }
        };
        (metric.text(1), (metric.text(3), what.0, what.1))
    };
    scope_metrics.all(2).iter().map(metric).collect()
}

/// The points of a metric that say all of this.
fn points(known: &Known, name: &str, labels: &[(&str, &str)]) -> Vec<Point> {
    let (.., points) = known.get(name).unwrap_or_else(|| panic!("no {name} among {:?}", known.keys()));
    let is_meant =
        |point: &&Point| labels.iter().all(|(label, value)| point.said.get(*label).is_some_and(|known| known == value));
    points.iter().filter(is_meant).cloned().collect()
}

/// The only one of them.
fn point(known: &Known, name: &str, labels: &[(&str, &str)]) -> Point {
    let points = points(known, name, labels);
    let [point] = &points[..] else { panic!("{name} {labels:?}: {points:?}") };
    assert!(point.said.values().all(|value| !value.is_empty()), "{point:?}");
    point.clone()
}

async fn start(ear: &Ear, models: Config, environment: &str) -> Gateway {
    let text = models
        .and("litellm_settings: {callbacks: [otel], num_retries: 0}")
        .and("callback_settings: {otel: {flush_interval: 0.1}}")
        .and(&format!(
            "environment_variables: {{OTEL_EXPORTER_OTLP_ENDPOINT: '{}', OTEL_SERVICE_NAME: tests{environment}}}",
            ear.url("")
        ))
        .and(&format!("general_settings: {{master_key: {}}}", crate::manage::MASTER));
    Gateway::start(&text.yaml()).await
}

/// Calls of a model, whole and streamed.
async fn calls(gateway: &Gateway, model: &str) -> Vec<u16> {
    let mut statuses = Vec::new();
    for stream in [false, true] {
        statuses.push(super::ask(gateway, &Front::Chat.call(model, "hello there", stream)).await.status());
    }
    statuses
}

#[tokio::test]
async fn numbers_of_calls_go_to_the_collector_again_and_again_and_count_from_the_beginning() {
    let (ear, well, broken) = (Ear::open().await, mock("").await, mock("status=500").await);
    let price = "input_cost_per_token: 0.001, output_cost_per_token: 0.001";
    let models = Config::default().openai("paid", &well, price).openai("broken", &broken, "");
    let gateway = start(&ear, models, ", OTEL_METRIC_EXPORT_INTERVAL: 100").await;
    assert_eq!(calls(&gateway, "paid").await, [200, 200]);
    assert!(calls(&gateway, "broken").await.iter().all(|status| *status >= 500));

    let whole = |heard: &[Heard]| {
        let known = read(&heard.last()?.body);
        let calls: u64 = points(&known, "gen_ai.server.request.duration", &[]).iter().map(|point| point.count).sum();
        (calls == 4).then_some(known)
    };
    let known = ear.hears(PATH, whole).await;
    let of = [("gen_ai.operation.name", "chat"), ("gen_ai.provider.name", "openai"), ("gen_ai.request.model", "demo")];
    for kind in ["input", "output"] {
        let tokens = point(&known, "gen_ai.client.token.usage", &[of[0], of[1], of[2], ("gen_ai.token.type", kind)]);
        assert!(tokens.count == 2 && tokens.sum >= 2.0, "{kind}: {tokens:?}");
        let bounds: Vec<f64> = (0..14).map(|power| 4_f64.powi(power)).collect();
        assert_eq!((tokens.bounds, tokens.buckets.len()), (bounds, 15));
        assert_eq!(tokens.buckets.iter().sum::<u64>(), 2);
    }
    let durations = points(&known, "gen_ai.client.operation.duration", &of);
    let (failed, answered): (Vec<&Point>, Vec<&Point>) =
        durations.iter().partition(|point| point.said.contains_key("error.type"));
    assert_eq!((failed.len(), answered.len()), (1, 1), "{durations:?}");
    assert_eq!((failed[0].count, answered[0].count), (2, 2));
    assert_eq!(
        (answered[0].bounds[0], answered[0].bounds.last(), answered[0].buckets.len()),
        (0.005, Some(&600.0), 18)
    );
    assert!(answered[0].sum > 0.0 && answered[0].sum < 60.0, "seconds: {answered:?}");
    assert_eq!(point(&known, "gen_ai.server.time_to_first_token", &of).count, 1, "one of them was streamed");
    assert_eq!(point(&known, "gen_ai.server.request.duration", &[("lockgate.model_group", "paid")]).count, 2);
    assert!(point(&known, "lockgate.cost", &of).value > 0.0);
    assert_eq!(points(&known, "lockgate.deployment.in_flight", &[]).len(), 2);
    assert_eq!(point(&known, "lockgate.held", &[]).value, 0.0);
    let units: BTreeMap<&str, &str> = known.iter().map(|(name, (unit, ..))| (&**name, &**unit)).collect();
    assert_eq!((units["gen_ai.client.operation.duration"], units["gen_ai.client.token.usage"]), ("s", "{token}"));

    // What comes later counts on from the same beginning, and says nothing of whose calls they were.
    assert_eq!(calls(&gateway, "paid").await, [200, 200]);
    let group = [("lockgate.model_group", "paid")];
    let later = ear
        .hears(PATH, |heard| {
            let known = read(&heard.last()?.body);
            let now = point(&known, "gen_ai.server.request.duration", &group);
            (now.count == 4).then_some(now)
        })
        .await;
    let before = point(&known, "gen_ai.server.request.duration", &group);
    assert!(later.began_at == before.began_at && later.at > before.at && later.sum >= before.sum, "{later:?}");
    assert_eq!(ear.heard(PATH)[0].header("content-type"), Some("application/x-protobuf"));
    let key = crate::manage::MASTER.as_bytes();
    assert!(ear.heard(PATH).iter().all(|heard| !heard.body.windows(key.len()).any(|bytes| bytes == key)));
}

#[tokio::test]
async fn numbers_have_an_address_a_form_and_headers_of_their_own_if_the_operator_says_so() {
    let (ear, provider) = (Ear::open().await, mock("").await);
    let own = format!(
        ", OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '{}', OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: http/json, \
         OTEL_EXPORTER_OTLP_METRICS_HEADERS: 'x-team=numbers', OTEL_METRIC_EXPORT_INTERVAL: 100",
        ear.url("/mine")
    );
    let gateway = start(&ear, Config::of(&provider), &own).await;
    assert_eq!(calls(&gateway, "demo").await, [200, 200]);
    let metric = |heard: &Heard, name: &str| -> Option<Value> {
        let told = heard.json();
        let metrics = told["resourceMetrics"][0]["scopeMetrics"][0]["metrics"].as_array().cloned();
        metrics.expect("a list").into_iter().find(|metric| metric["name"] == name)
    };
    let duration = ear
        .hears("/mine", |heard| {
            let histogram = metric(heard.last()?, "gen_ai.client.operation.duration")?["histogram"].clone();
            (histogram["dataPoints"][0]["count"] == "2").then_some(histogram)
        })
        .await;
    assert_eq!(duration["aggregationTemporality"], CUMULATIVE);
    let point = &duration["dataPoints"][0];
    let length = |name: &str| point[name].as_array().map(Vec::len);
    assert_eq!((length("bucketCounts"), length("explicitBounds")), (Some(18), Some(17)));
    assert!(point["startTimeUnixNano"].is_string() && point["sum"].is_f64(), "{point}");
    let heard = &ear.heard("/mine")[0];
    assert_eq!((heard.header("content-type"), heard.header("x-team")), (Some("application/json"), Some("numbers")));
    assert!(ear.heard(PATH).is_empty());
}

#[tokio::test]
async fn what_was_counted_is_told_once_more_at_the_end_unless_nobody_wants_numbers() {
    for (environment, times) in [(", OTEL_METRIC_EXPORT_INTERVAL: 3600000", 1), (", OTEL_METRICS_EXPORTER: none", 0)] {
        let (ear, provider) = (Ear::open().await, mock("").await);
        let mut gateway = start(&ear, Config::of(&provider), environment).await;
        assert_eq!(calls(&gateway, "demo").await, [200, 200]);
        // Traces show that the collector is known.
        ear.hears("/v1/traces", |heard| (!heard.is_empty()).then_some(())).await;
        gateway.signal("TERM").await;
        assert!(gateway.ended(Duration::from_secs(30)).await.success());
        let heard = ear.heard(PATH);
        assert_eq!(heard.len(), times, "{environment}");
        if let Some(heard) = heard.last() {
            let told = points(&read(&heard.body), "gen_ai.server.request.duration", &[]);
            assert_eq!(told.iter().map(|point| point.count).sum::<u64>(), 2);
        }
    }
}

#[tokio::test]
async fn a_collector_that_is_away_costs_no_call_anything_and_misses_nothing() {
    let (ear, provider) = (Ear::open().await, mock("").await);
    ear.refuse(3);
    let own = format!(
        ", OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: '{}', OTEL_METRIC_EXPORT_INTERVAL: 100, \
         OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'http://127.0.0.1:9/'",
        ear.url(PATH)
    );
    let gateway = start(&ear, Config::of(&provider), &own).await;
    let begun = Instant::now();
    assert_eq!(calls(&gateway, "demo").await, [200, 200]);
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    gateway.logged("a sink does not get the newest numbers: it answered with status 503").await;
    let failures = async || {
        let page = metrics(&gateway).await;
        let line = page.lines().find_map(|line| line.strip_prefix("lockgate_sink_failures_total{sink=\"otel\"} "));
        line.and_then(|count| count.parse::<u64>().ok()).filter(|count| *count >= 3)
    };
    until(failures).await;
    let told = |heard: &[Heard]| {
        let told = points(&read(&heard.last()?.body), "gen_ai.server.request.duration", &[]);
        (told.iter().map(|point| point.count).sum::<u64>() == 2).then_some(())
    };
    ear.hears(PATH, told).await;
}
