//! What a request says about its own price: the service tier, the region and how much context searches bring.

use std::sync::Arc;

use dialects::json::Json;
use policy::price::{Bill, Context};

use crate::ask::Ask;
use crate::{Deployment, Gauge};

/// What a request says about its own price.
#[derive(Debug, Default)]
pub(crate) struct Asked {
    service: Option<String>,
    region: Option<String>,
    context: Context,
    gauge: Option<Arc<Gauge>>,
}

impl Asked {
    /// What `ask` says, or else `deployment` says for it.
    pub fn of(ask: &Ask, deployment: &Deployment) -> Self {
        let usual = |name: &str| {
            let (_, value) = deployment.defaults.iter().find(|(known, _)| known == name)?;
            Some(value.get().trim_matches('"').to_owned())
        };
        let asked = ask.body.with(Asked::read);
        Asked {
            service: asked.service.or_else(|| usual("service_tier")),
            region: asked.region.or_else(|| usual("inference_geo")),
            context: asked.context,
            gauge: deployment.gauge.clone(),
        }
    }

    fn read(root: Json) -> Self {
        let text = |name: &str| root.get_some(name).and_then(|value| value.as_string());
        // Anthropic's speed is a tier in the words of others.
        let fast = text("speed").filter(|speed| speed == "fast");
        let size = root.get_some("web_search_options").and_then(|options| {
            options.inside(|options| options.get("search_context_size").and_then(|size| size.as_string()))?
        });
        Asked {
            service: fast.or_else(|| text("service_tier")),
            region: text("inference_geo"),
            context: match size.as_deref() {
                Some("low") => Context::Low,
                Some("high") => Context::High,
                _ => Context::Medium,
            },
            gauge: None,
        }
    }

    /// The service tier.
    pub fn service(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// What the cost of an attempt depends on that was sent at `started_ms` and took `lasted_ms`.
    pub fn bill(&self, started_ms: i64, lasted_ms: u64) -> Bill<'_> {
        let ended_ms = started_ms.saturating_add_unsigned(lasted_ms);
        Bill {
            at: started_ms.div_euclid(1000),
            lasted_ms,
            service: self.service(),
            region: self.region.as_deref(),
            context: self.context,
            milliwatts: self.gauge.as_ref().and_then(|gauge| gauge.milliwatts(started_ms, ended_ms)),
        }
    }
}

#[cfg(test)]
mod tests {
    use dialects::json::Object;

    use super::*;

    #[test]
    fn a_request_says_what_its_price_depends_on() {
        let check = |body: &'static str, service: Option<&str>, region: Option<&str>, context| {
            let asked = Object::parse(body.into()).unwrap().with(Asked::read);
            let bill = asked.bill(-1, 7);
            assert_eq!((bill.service, bill.region, bill.context), (service, region, context), "{body}");
            assert_eq!((bill.at, bill.lasted_ms), (-1, 7));
        };
        check("{}", None, None, Context::Medium);
        check(r#"{"service_tier": "flex", "inference_geo": "us"}"#, Some("flex"), Some("us"), Context::Medium);
        check(r#"{"service_tier": "auto", "speed": "fast"}"#, Some("fast"), None, Context::Medium);
        check(r#"{"service_tier": 5, "speed": "standard", "inference_geo": null}"#, None, None, Context::Medium);
        check(r#"{"web_search_options": {"search_context_size": "high"}}"#, None, None, Context::High);
        check(r#"{"web_search_options": {"search_context_size": "low"}}"#, None, None, Context::Low);
        check(r#"{"web_search_options": []}"#, None, None, Context::Medium);
    }
}
