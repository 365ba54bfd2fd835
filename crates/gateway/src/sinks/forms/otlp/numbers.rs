//! What calls did and how things stand, as numbers by the conventions for generative models, and a few of our own. Nothing of
//! whose calls they were is among it. To add a histogram of calls: a row.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::wire::metric::{Metric, Points, Spread};
use super::wire::{Attribute, Value};
use super::{name, post_of, provider_name};
use crate::books::unix_ms;
use crate::config::{Numbers, Otlp};
use crate::live::Live;
use crate::metrics::{Block, Histogram, Labels, SIZES, TIMES, groups};
use crate::sinks::post::Post;
use crate::sinks::told::operation_of;

/// What is said of a number.
type Said = Vec<(&'static str, String)>;

/// A histogram of what calls did.
struct Row {
    name: &'static str,
    help: &'static str,
    unit: &'static str,
    bounds: &'static [u64],
    /// What a unit of the counts is.
    scale: f64,
    parts: &'static [Part],
}

/// Counts, and what is said of them.
type Part = (fn(&Block) -> &Histogram, fn(&Labels) -> Said);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    Row { name: "gen_ai.client.operation.duration", help: "what attempts took", unit: "s", bounds: &TIMES, scale: 1e-6, parts: &[(|block| &block.attempt_time, of_attempt)] },
    Row { name: "gen_ai.client.token.usage", help: "tokens of attempts", unit: "{token}", bounds: &SIZES, scale: 1.0, parts: &[(|block| &block.input_size, of_input), (|block| &block.output_size, of_output)] },
    Row { name: "gen_ai.server.request.duration", help: "what calls took", unit: "s", bounds: &TIMES, scale: 1e-6, parts: &[(|block| &block.call_time, of_call)] },
    Row { name: "gen_ai.server.time_to_first_token", help: "what streams took until they had content", unit: "s", bounds: &TIMES, scale: 1e-6, parts: &[(|block| &block.first_token_time, of_attempt)] },
];

/// The request that tells how things stand now.
pub fn post(otlp: &Otlp, numbers: &Numbers, live: &Live) -> Post {
    post_of(&numbers.address, numbers.json, &otlp.resource, &all(live), 0)
}

fn all(live: &Live) -> Vec<Metric> {
    let (sums, began_at_ms, now_ms) = (live.metrics.sums(), live.metrics.began_at_ms(), unix_ms());
    let metric = |name, help, unit, points| Metric { name, help, unit, began_at_ms, now_ms, points };
    let of_row = |row: &Row| metric(row.name, row.help, row.unit, Points::Histogram(spreads(row, &sums)));
    let mut metrics: Vec<Metric> = ROWS.iter().map(of_row).collect();

    let mut costs = BTreeMap::<Said, f64>::new();
    for (labels, block) in &sums {
        let cost = block.spend_nanousd.get();
        if cost > 0 {
            *costs.entry(of_model(labels)).or_default() += cost as f64 * 1e-9;
        }
    }
    metrics.push(metric("lockgate.cost", "dollars that attempts cost", "USD", Points::Sum(attributed(costs))));

    let setup = live.setup();
    let (mut flying, mut rests, mut waiting) = <(BTreeMap<_, _>, BTreeMap<_, _>, BTreeMap<_, _>)>::default();
    for group in groups(&setup) {
        let queued: usize = group.lines.view(0).iter().map(|line| line.waiting).sum();
        waiting.insert(vec![("lockgate.model_group", group.name.clone())], queued as f64);
        for deployment in &group.deployments {
            let said = vec![
                ("gen_ai.provider.name", provider_name(deployment.provider).to_owned()),
                ("gen_ai.request.model", deployment.model.clone()),
                ("lockgate.deployment.id", deployment.id.clone()),
            ];
            flying.insert(said.clone(), f64::from(deployment.health.busy()));
            rests.insert(said, deployment.health.rest_left().as_secs_f64());
        }
    }
    let held = BTreeMap::from([(Vec::new(), live.meters.held().dollars())]);
    metrics.extend(
        [
            ("lockgate.deployment.in_flight", "attempts under way", "{attempt}", flying),
            ("lockgate.deployment.rest", "how much longer a deployment gets no calls", "s", rests),
            ("lockgate.queue.waiting", "calls that wait for a place", "{call}", waiting),
            ("lockgate.held", "dollars held for attempts under way, at everybody who pays", "USD", held),
        ]
        .map(|(name, help, unit, values)| metric(name, help, unit, Points::Gauge(attributed(values)))),
    );
    metrics
}

/// The counts of a row, added up for whatever is said of them.
fn spreads(row: &Row, sums: &HashMap<Arc<Labels>, Block>) -> Vec<(Vec<Attribute>, Spread)> {
    let mut known = BTreeMap::<Said, (Vec<u64>, u64)>::new();
    for (labels, block) in sums {
        for (of, say) in row.parts {
            let histogram = of(block);
            if histogram.count() > 0 {
                let (buckets, sum) = known.entry(say(labels)).or_default();
                buckets.resize(row.bounds.len() + 1, 0);
                buckets.iter_mut().zip(histogram.buckets()).for_each(|(known, more)| *known += more);
                *sum = sum.saturating_add(histogram.sum());
            }
        }
    }
    let bounds: Vec<f64> = row.bounds.iter().map(|bound| *bound as f64 * row.scale).collect();
    let spread = |(buckets, sum)| Spread { bounds: bounds.clone(), buckets, sum: sum as f64 * row.scale };
    known.into_iter().map(|(said, counts)| (attributes(said), spread(counts))).collect()
}

fn attributed(values: BTreeMap<Said, f64>) -> Vec<(Vec<Attribute>, f64)> {
    values.into_iter().map(|(said, value)| (attributes(said), value)).collect()
}

/// Nothing that is empty.
fn attributes(said: Said) -> Vec<Attribute> {
    said.into_iter().filter(|(_, text)| !text.is_empty()).map(|(name, text)| (name, Value::Text(text))).collect()
}

fn of_model(labels: &Labels) -> Said {
    let model = labels.model.split_once('/').map_or(&*labels.model, |(_, model)| model);
    vec![
        ("gen_ai.operation.name", name(operation_of(&labels.call_type)).to_owned()),
        ("gen_ai.provider.name", provider_name(&labels.provider).to_owned()),
        ("gen_ai.request.model", model.to_owned()),
    ]
}

fn of_attempt(labels: &Labels) -> Said {
    let mut said = of_model(labels);
    said.push(("error.type", error(labels)));
    said
}

/// A call has the name that was asked for, and who answered it in the end.
fn of_call(labels: &Labels) -> Said {
    let mut said = of_attempt(labels);
    said.push(("lockgate.model_group", labels.group.clone()));
    said
}

fn of_input(labels: &Labels) -> Said {
    let mut said = of_model(labels);
    said.push(("gen_ai.token.type", "input".to_owned()));
    said
}

fn of_output(labels: &Labels) -> Said {
    let mut said = of_model(labels);
    said.push(("gen_ai.token.type", "output".to_owned()));
    said
}

/// What went wrong, if something did.
fn error(labels: &Labels) -> String {
    labels.fault.clone().filter(|_| !labels.succeeded).unwrap_or_default()
}
