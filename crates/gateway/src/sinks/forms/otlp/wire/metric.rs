//! Numbers in OpenTelemetry's protocol: `opentelemetry/proto/metrics/v1/metrics.proto`. Sums and histograms count from the
//! beginning, so that what a collector misses is in what it gets next.

use serde_json::{Value as Json, json};

use super::{Attribute, Item, Message, attribute, json_attribute, nanos};

/// The number of those who count from the beginning.
const CUMULATIVE: u64 = 2;

/// A metric, and when it was looked at.
pub struct Metric {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// What its numbers are: a unit of UCUM, or what is counted in braces.
    pub unit: &'static str,
    /// When counting began, milliseconds since 1970.
    pub began_at_ms: i64,
    /// Now.
    pub now_ms: i64,
    /// The numbers.
    pub points: Points,
}

/// Numbers, each with what is said of it.
pub enum Points {
    /// How things stand.
    Gauge(Vec<(Vec<Attribute>, f64)>),
    /// What only grows.
    Sum(Vec<(Vec<Attribute>, f64)>),
    /// How often something was how much.
    Histogram(Vec<(Vec<Attribute>, Spread)>),
}

/// How often something was how much.
pub struct Spread {
    /// Bounds of the buckets.
    pub bounds: Vec<f64>,
    /// How many are within each bucket, and over all bounds.
    pub buckets: Vec<u64>,
    /// All of them together.
    pub sum: f64,
}

impl Spread {
    fn count(&self) -> u64 {
        self.buckets.iter().sum()
    }
}

impl Item for Metric {
    const NAMES: [&str; 3] = ["resourceMetrics", "scopeMetrics", "metrics"];

    fn message(&self) -> Message {
        let (mut out, mut data) = (Message::default(), Message::default());
        out.text(1, self.name);
        out.text(2, self.help);
        out.text(3, self.unit);
        let field = match &self.points {
            Points::Gauge(points) => {
                points.iter().for_each(|(said, value)| data.message(1, self.number(said, *value)));
                5
            }
            Points::Sum(points) => {
                points.iter().for_each(|(said, value)| data.message(1, self.number(said, *value)));
                data.int(2, CUMULATIVE);
                data.int(3, u64::from(true));
                7
            }
            Points::Histogram(points) => {
                points.iter().for_each(|(said, spread)| data.message(1, self.spread(said, spread)));
                data.int(2, CUMULATIVE);
                9
            }
        };
        out.message(field, data);
        out
    }

    fn json(&self) -> Json {
        let numbers = |points: &[(Vec<Attribute>, f64)]| -> Vec<Json> {
            points.iter().map(|(said, value)| self.json_point(said, json!({ "asDouble": value }))).collect()
        };
        let (kind, data) = match &self.points {
            Points::Gauge(points) => ("gauge", json!({ "dataPoints": numbers(points) })),
            Points::Sum(points) => {
                let points = numbers(points);
                ("sum", json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE, "isMonotonic": true }))
            }
            Points::Histogram(points) => {
                let points = points.iter().map(|(said, spread)| {
                    let buckets: Vec<String> = spread.buckets.iter().map(u64::to_string).collect();
                    let what = json!({
                        "count": spread.count().to_string(), "sum": spread.sum, "bucketCounts": buckets,
                        "explicitBounds": spread.bounds,
                    });
                    self.json_point(said, what)
                });
                let points: Vec<Json> = points.collect();
                ("histogram", json!({ "dataPoints": points, "aggregationTemporality": CUMULATIVE }))
            }
        };
        json!({ "name": self.name, "description": self.help, "unit": self.unit, kind: data })
    }
}

impl Metric {
    /// A point of a gauge or a sum.
    fn number(&self, said: &[Attribute], value: f64) -> Message {
        let mut out = self.point();
        out.fixed64(4, value.to_bits());
        said.iter().for_each(|(name, value)| out.message(7, attribute(name, value)));
        out
    }

    fn spread(&self, said: &[Attribute], spread: &Spread) -> Message {
        let mut out = self.point();
        out.fixed64(4, spread.count());
        out.fixed64(5, spread.sum.to_bits());
        out.packed(6, spread.buckets.iter().copied());
        out.packed(7, spread.bounds.iter().map(|bound| bound.to_bits()));
        said.iter().for_each(|(name, value)| out.message(9, attribute(name, value)));
        out
    }

    /// A point of any kind: when.
    fn point(&self) -> Message {
        let mut out = Message::default();
        out.fixed64(2, nanos(self.began_at_ms));
        out.fixed64(3, nanos(self.now_ms));
        out
    }

    fn json_point(&self, said: &[Attribute], mut point: Json) -> Json {
        let said: Vec<Json> = said.iter().map(|(name, value)| json_attribute(name, value)).collect();
        point["attributes"] = said.into();
        point["startTimeUnixNano"] = nanos(self.began_at_ms).to_string().into();
        point["timeUnixNano"] = nanos(self.now_ms).to_string().into();
        point
    }
}
