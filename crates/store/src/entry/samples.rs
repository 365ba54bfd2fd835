//! Entries for tests.

use super::*;

/// An entry that says something in every field.
pub fn full(id: &str, status: Status) -> Entry {
    Entry {
        aside: None,
        attempt_id: id.to_owned(),
        call_id: format!("call-{id}"),
        session_id: Some("session".to_owned()),
        status,
        started_at: 1_793_491_200_000,
        first_token_at: Some(1_793_491_200_250),
        ended_at: Some(1_793_491_201_000),
        call_type: "acompletion".to_owned(),
        stream: true,
        key: "4f".repeat(32),
        key_alias: Some("prod \"1\"".to_owned()),
        user_id: Some("ada".to_owned()),
        team_id: Some("analysts".to_owned()),
        organization_id: Some("acme".to_owned()),
        customer_id: Some("customer-17".to_owned()),
        tags: vec!["batch".to_owned(), "grün".to_owned()],
        model_group: "gpt-4o".to_owned(),
        model: "openai/gpt-4o-2024-11-20".to_owned(),
        provider: "openai".to_owned(),
        deployment_id: "d-0123456789".to_owned(),
        api_base: "https://api.openai.com/v1".to_owned(),
        usage: Usage {
            input: Some(1200),
            cache_read: Some(1000),
            cache_write: Some(10),
            cache_write_long: Some(20),
            output: Some(300),
            reasoning: Some(100),
            audio_input: Some(1),
            audio_output: Some(2),
            billed_input: Some(1100),
            billed_output: Some(290),
            web_searches: Some(3),
            image_input: Some(3),
            image_output: Some(5),
            images_read: Some(1),
            images_made: Some(2),
            pixels: Some(1024),
            characters: Some(9),
            audio_ms: Some(1500),
            queries: Some(1),
            stated_picousd: Some(140_000_000),
            tier: Some(types::Tier::Flex),
        },
        estimated: true,
        cost: Some(Usd::from_nanos(1_234_567)),
        lines: CostLines {
            input: Usd::from_nanos(1),
            cache_read: Usd::from_nanos(2),
            cache_write: Usd::from_nanos(3),
            output: Usd::from_nanos(4),
            reasoning: Usd::from_nanos(5),
            other: Usd::from_nanos(6),
        },
        energy_mj: Some(4_500),
        cache_hit: true,
        cache_key: Some("0011".to_owned()),
        similarity: Some(0.96875),
        saved: Some(Usd::from_nanos(7_000)),
        fault: Some(EntryFault {
            kind: "overloaded".to_owned(),
            status: 529,
            message: "the provider\nis busy".to_owned(),
        }),
        ip: Some("192.0.2.1".to_owned()),
        metadata: Some(r#"{"job":7}"#.to_owned()),
        charges: vec![Charge { subject: "team:analysts".to_owned(), period: "30d@1793491200".to_owned() }],
        story: Some(Story {
            alone: false,
            received_at: 1_793_491_199_990,
            attempts: 2,
            fallbacks: 1,
            queue_ms: 4,
            overhead_us: 350,
            route: Some("model=gpt-4o; rule".to_owned()),
            guardrails: vec![Verdict {
                name: "pii".to_owned(),
                mode: "pre_call".to_owned(),
                verdict: "masked".to_owned(),
                found: vec![("email".to_owned(), 2)],
                took_us: 12,
            }],
            dropped: vec!["logit_bias".to_owned()],
            events: 9,
        }),
    }
}

/// An entry as most are.
pub fn usual(id: &str, status: Status) -> Entry {
    let full = full(id, status);
    Entry {
        session_id: None,
        customer_id: None,
        tags: Vec::new(),
        usage: Usage { input: Some(1200), output: Some(300), cache_read: Some(0), ..Usage::default() },
        estimated: false,
        cache_hit: false,
        cache_key: None,
        similarity: None,
        saved: None,
        fault: None,
        metadata: None,
        ..full
    }
}
