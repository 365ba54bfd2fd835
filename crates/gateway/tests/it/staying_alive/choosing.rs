//! Which deployment of a group gets the call, the next try, and none at all while it rests.

use std::time::{Duration, Instant};

use drill::mock::Mock;
use tokio::task::JoinSet;

use super::{chat, number};
use crate::backs::{Back, Config, mock};
use crate::callers::Front;
use crate::gateway::{Gateway, PATIENCE};

/// A weight that wins every time against 1.
const ALWAYS: &str = "weight: 1000000000";

/// A group `demo` in which `first` is chosen before `second`, as long as it may be.
fn pair(first: &Mock, second: &Mock) -> Config {
    Config::default().openai("demo", first, ALWAYS).openai("demo", second, "weight: 1")
}

#[tokio::test]
async fn calls_are_shared_out_by_weight() {
    let (small, large) = (mock("").await, mock("").await);
    let config = Config::default().openai("demo", &small, "weight: 1").openai("demo", &large, "weight: 3");
    let gateway = Gateway::start(&config.yaml()).await;
    let addr = gateway.addr;
    let mut callers = JoinSet::new();
    for _ in 0..20 {
        callers.spawn(async move {
            for _ in 0..50 {
                assert_eq!(Front::Chat.call("demo", "hello", false).send(addr).await.status(), 200);
            }
        });
    }
    callers.join_all().await;
    let (small, large) = (small.requests().len(), large.requests().len());
    assert_eq!(small + large, 1000);
    // Five and a half standard deviations: wrong once in 25 million runs.
    assert!((175..=325).contains(&small), "{small} of 1000 instead of 250 or so");
}

#[tokio::test]
async fn a_retry_goes_to_another_deployment_at_once() {
    let (broken, healthy) = (mock("status=500").await, mock("").await);
    let config = pair(&broken, &healthy).and("router_settings: {disable_cooldowns: true}");
    let gateway = Gateway::start(&config.yaml()).await;
    for front in Front::ALL {
        for stream in [false, true] {
            let answer = gateway.call(&front.call("demo", "hello", stream)).await;
            assert!(front.hear(&answer).is_success(), "{}", answer.text());
            assert_eq!(number(&answer, "x-litellm-attempted-retries"), 1);
            assert!(answer.took < Duration::from_millis(350), "paused before another deployment: {:?}", answer.took);
            if broken.requests().len() + healthy.requests().len() != 2 {
                panic!("{} and {} attempts", broken.requests().len(), healthy.requests().len());
            }
            broken.clear();
            healthy.clear();
        }
    }
}

#[tokio::test]
async fn a_refused_key_of_ours_is_tried_once_and_the_next_deployment_answers() {
    let (locked, healthy) = (mock("key=another-key").await, mock("").await);
    let gateway = Gateway::start(&pair(&locked, &healthy).yaml()).await;
    for _ in 0..10 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
    }
    assert_eq!(locked.requests().len(), 1, "a deployment with a wrong key rests at once");
}

#[tokio::test]
async fn a_callers_mistake_is_not_tried_elsewhere() {
    let (first, second) = (mock("status=400").await, mock("").await);
    let gateway = Gateway::start(&pair(&first, &second).yaml()).await;
    for round in 1..=10 {
        assert_eq!(chat(&gateway, "demo").await.status(), 400);
        assert_eq!(first.requests().len(), round, "nothing rests because of what a caller did");
    }
    assert_eq!(second.requests().len(), 0);
}

#[tokio::test]
async fn a_deployment_that_asks_for_a_rest_gets_no_call_until_it_is_over() {
    let (tired, healthy) = (mock("status=429,retry_after=1,fail_first=1").await, mock("").await);
    let gateway = Gateway::start(&pair(&tired, &healthy).yaml()).await;
    assert_eq!(chat(&gateway, "demo").await.status(), 200);
    let asked = Instant::now();
    while tired.requests().len() < 2 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
        assert!(asked.elapsed() < PATIENCE, "it is never called again");
    }
    let rested = asked.elapsed();
    assert!((900..1600).contains(&rested.as_millis()), "rested for {rested:?} instead of a second");
}

#[tokio::test]
async fn a_shorter_rest_never_cuts_a_longer_one() {
    let (tired, healthy) = (mock("").await, mock("").await);
    let (tired_base, healthy_base) = (Back::OpenAi.base(&tired.url()), Back::OpenAi.base(&healthy.url()));
    let config = Config::default().model("demo@*", "openai/demo@*", &tired_base, ALWAYS);
    let gateway = Gateway::start(&config.model("demo@*", "openai/plain", &healthy_base, "weight: 1").yaml()).await;
    // Both calls are under way when the first refusal, with the long rest, comes in.
    let long = chat(&gateway, "demo@status=429,retry_after=60,delay_ms=200");
    let short = chat(&gateway, "demo@status=429,retry_after=1,delay_ms=500");
    let (long, short) = tokio::join!(long, short);
    assert_eq!((long.status(), short.status(), tired.requests().len()), (200, 200, 2));
    let refused = Instant::now();
    while refused.elapsed() < Duration::from_millis(1200) {
        assert_eq!(chat(&gateway, "demo@chunks=1").await.status(), 200);
    }
    assert_eq!(tired.requests().len(), 2, "called again before the longer rest is over");
}

#[tokio::test]
async fn when_all_rest_at_their_own_request_the_caller_learns_for_how_long() {
    let (one, other) = (mock("status=429,retry_after=30").await, mock("status=429,retry_after=40").await);
    let config = pair(&one, &other).and("router_settings: {num_retries: 1}");
    let gateway = Gateway::start(&config.yaml()).await;
    let first = chat(&gateway, "demo").await;
    assert_eq!((first.status(), one.requests().len(), other.requests().len()), (429, 1, 1), "each was tried once");
    for front in Front::ALL {
        let answer = gateway.call(&front.call("demo", "hello", true)).await;
        let trouble = front.hear(&answer).trouble.expect("there is nobody to answer");
        assert_eq!((answer.status(), trouble.kind.as_str()), (429, front.kind("rate_limit_error")), "{trouble:?}");
        let wait = number(&answer, "retry-after");
        assert!((25..=30).contains(&wait), "the first one is back in 30 seconds, not in {wait}");
        assert!(answer.took < Duration::from_millis(200), "waited {:?} for nothing", answer.took);
    }
    assert_eq!((one.requests().len(), other.requests().len()), (1, 1), "nobody is called while all rest");
}

#[tokio::test]
async fn a_lone_deployment_never_rests_for_its_failures() {
    let broken = mock("status=500").await;
    let gateway = Gateway::start(&Config::of(&broken).and("router_settings: {num_retries: 0}").yaml()).await;
    for round in 1..=12 {
        assert_eq!(chat(&gateway, "demo").await.status(), 500);
        assert_eq!(broken.requests().len(), round);
    }
}

#[tokio::test]
async fn the_caller_decides_how_often_is_tried() {
    let mocks =
        [mock("status=500").await, mock("status=500").await, mock("status=500").await, mock("status=500").await];
    let group = |config: Config, mock: &Mock| config.openai("demo", mock, "");
    let config = mocks.iter().fold(Config::default(), group);
    let config = config.and("router_settings: {num_retries: 1, disable_cooldowns: true}");
    let gateway = Gateway::start(&config.yaml()).await;
    let asked = || mocks.iter().map(|mock| mock.requests().len()).sum::<usize>();
    for (header, field, attempts) in [
        (None, None, 2),
        (Some("0"), None, 1),
        (Some("3"), None, 4),
        (None, Some(2), 3),
        (Some("0"), Some(3), 1),
        (Some("nonsense"), None, 2),
    ] {
        let mut body = Front::Chat.body("demo", "hello", false);
        if let Some(retries) = field {
            body["num_retries"] = retries.into();
        }
        let call = Front::Chat.call_with(body);
        let call = header.map_or(call.clone(), |value| call.header("x-litellm-num-retries", value));
        let answer = gateway.call(&call).await;
        assert_eq!((answer.status(), asked()), (500, attempts), "header {header:?}, field {field:?}");
        assert_eq!(number(&answer, "x-litellm-attempted-retries"), attempts as u64 - 1);
        mocks.iter().for_each(Mock::clear);
    }
}

#[tokio::test]
async fn no_caller_can_make_the_gateway_try_without_end() {
    let broken = mock("status=500").await;
    let config = (0..30).fold(Config::default(), |config, _| config.openai("demo", &broken, ""));
    let gateway = Gateway::start(&config.and("router_settings: {disable_cooldowns: true}").yaml()).await;
    for retries in ["1000000", "1e300", "99999999999999999999", "-5", "NaN", "inf"] {
        let call = Front::Chat.call("demo", "hello", false).header("x-litellm-num-retries", retries);
        assert_eq!(gateway.call(&call).await.status(), 500);
        let attempts = broken.requests().len();
        assert!((1..=11).contains(&attempts), "{attempts} attempts for {retries} retries");
        broken.clear();
    }
}

#[tokio::test]
async fn a_lower_order_comes_first_and_a_higher_one_stands_in() {
    let (first, second, third) = (mock("status=500").await, mock("").await, mock("").await);
    let config = Config::default().openai("demo", &third, "order: 3").openai("demo", &first, "order: 1");
    let config = config.openai("demo", &second, "order: 2").and("router_settings: {disable_cooldowns: true}");
    let gateway = Gateway::start(&config.yaml()).await;
    for round in 1..=10 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
        let asked = [&first, &second, &third].map(|mock| mock.requests().len());
        assert_eq!(asked, [round, round, 0]);
    }
}

#[tokio::test]
async fn the_operator_decides_after_how_many_faults_a_deployment_rests_and_for_how_long() {
    let (broken, healthy) = (mock("status=500").await, mock("").await);
    let settings = "router_settings: {num_retries: 1, allowed_fails: 2, cooldown_time: 1}";
    let gateway = Gateway::start(&pair(&broken, &healthy).and(settings).yaml()).await;
    for _ in 0..10 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
    }
    assert_eq!(broken.requests().len(), 3, "two faults are allowed, the third one is too many");
    let rests = Instant::now();
    while broken.requests().len() == 3 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
        assert!(rests.elapsed() < PATIENCE, "it is never called again");
    }
    let rested = rests.elapsed();
    assert!((800..1600).contains(&rested.as_millis()), "rested for {rested:?} instead of a second");
}

#[tokio::test]
async fn the_caller_decides_how_long_it_waits() {
    let hanging = mock("fault=hang_headers").await;
    let gateway = Gateway::start(&Config::of(&hanging).and("router_settings: {num_retries: 0}").yaml()).await;
    let wishes = [
        (Some(("x-litellm-timeout", "0.3")), None, [true, true]),
        (Some(("x-litellm-stream-timeout", "0.3")), Some(("timeout", 1.0)), [false, true]),
        (None, Some(("timeout", 0.3)), [true, true]),
        (None, Some(("request_timeout", 0.3)), [true, true]),
        (Some(("x-litellm-timeout", "0.3")), Some(("timeout", 5.0)), [true, true]),
    ];
    for front in Front::ALL {
        for (header, field, quick) in &wishes {
            for stream in [false, true] {
                let mut body = front.body("demo", "hello", stream);
                if let Some((name, seconds)) = field {
                    body[*name] = (*seconds).into();
                }
                let call = front.call_with(body);
                let call = header.map_or(call.clone(), |(name, value)| call.header(name, value));
                let answer = gateway.call(&call).await;
                assert_eq!(answer.status(), 504, "{header:?} {field:?}");
                let expected = if quick[usize::from(stream)] { 250..900 } else { 950..1900 };
                let took = answer.took.as_millis();
                assert!(expected.contains(&took), "{front:?} {stream} {header:?} {field:?}: {took} ms");
            }
        }
    }
}

#[tokio::test]
async fn a_deployment_has_its_own_rest_and_each_kind_of_fault_its_own_patience() {
    let (broken, healthy) = (mock("status=500").await, mock("").await);
    let own = format!("{ALWAYS}, cooldown_time: 1");
    let config = Config::default().openai("demo", &broken, &own).openai("demo", &healthy, "weight: 1");
    let policy = "allowed_fails: 0, allowed_fails_policy: {InternalServerErrorAllowedFails: 2}";
    let settings = format!("router_settings: {{num_retries: 1, cooldown_time: 60, {policy}}}");
    let gateway = Gateway::start(&config.and(&settings).yaml()).await;
    for _ in 0..10 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
    }
    assert_eq!(broken.requests().len(), 3, "of this kind two faults are allowed");
    let rests = Instant::now();
    while broken.requests().len() == 3 {
        assert_eq!(chat(&gateway, "demo").await.status(), 200);
        assert!(rests.elapsed() < PATIENCE, "it rests as long as others would");
    }
}
