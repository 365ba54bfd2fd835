use std::time::Duration;

use dialects::FRONTS;
use http::HeaderMap;
use jiff::tz::TimeZone;
use serde_json::{Value, json};
use store::Entry;
use store::coordination::Site;
use types::Operation;

use super::*;
use crate::rig::{
    Act, Rig, Script, counted, cut_stream, deployment, event, finish, piece, priced, setup, stream, text,
};
use crate::{Call, Caller, Deployment, Keyring, Meters, Spending};

/// A call as somebody makes it.
struct Asked<'a> {
    front: &'a str,
    operation: Operation,
    body: &'a str,
    headers: &'a [(&'static str, &'a str)],
    caller: Caller,
    scope: Scope,
    namespace: Option<&'a str>,
    path_stream: Option<bool>,
}

impl Default for Asked<'_> {
    fn default() -> Self {
        Asked {
            front: "openai",
            operation: Operation::Chat,
            body: r#"{"model":"demo","messages":[{"role":"user","content":"hi"}],"temperature":1}"#,
            headers: &[],
            caller: ada(),
            scope: Scope::Key,
            namespace: None,
            path_stream: None,
        }
    }
}

fn caller(key: &str, team: Option<&str>) -> Caller {
    let name = |id: &str| Some(id.to_owned());
    let mut caller = Caller::admin();
    (caller.key_hash, caller.team_id, caller.organization_id) = (key.to_owned(), team.and_then(name), name("acme"));
    caller
}

fn ada() -> Caller {
    caller("ada", Some("red"))
}

impl Asked<'_> {
    fn key(self) -> CacheKey {
        let setup = setup([("demo", vec![]), ("other", vec![])]);
        let mut headers = HeaderMap::new();
        for (name, value) in self.headers {
            headers.insert(*name, HeaderValue::from_str(value).unwrap());
        }
        let (caller, front) = (Arc::new(self.caller), FRONTS.iter().find(|front| front.name() == self.front).unwrap());
        let body = Bytes::from(self.body.to_owned());
        let call = Call {
            id: "call".to_owned(),
            front: *front,
            operation: self.operation,
            path_model: None,
            path_stream: self.path_stream,
            headers,
            body,
            caller: caller.clone(),
            ip: None,
        };
        let ask = Ask::read(call).unwrap();
        let keyring = Keyring::new(None, Arc::new(Meters::new(TimeZone::UTC)));
        let pass = Pass::draw(&keyring, Rc::new(|| 0), &setup, caller, &ask, "call").unwrap();
        let group = setup.find(&ask.model).unwrap().0;
        Question { setup: &setup, ask: &ask, pass: &pass, group: &group, scope: self.scope, namespace: self.namespace }
            .key()
    }
}

fn body(body: &str) -> CacheKey {
    Asked { body, ..Asked::default() }.key()
}

#[test]
fn the_list_of_fields_is_sorted_for_the_search_in_it() {
    assert!(key::BESIDE.is_sorted());
}

#[test]
fn what_does_not_shape_an_answer_does_not_change_its_key() {
    let usual = Asked::default().key();
    for same in [
        // The order of fields, and blanks.
        r#"{"temperature":1,"messages":[{"role":"user","content":"hi"}],"model":"demo"}"#,
        "{ \"model\" : \"demo\",\n\t\"messages\": [ {\"role\": \"user\", \"content\": \"hi\"} ], \"temperature\": 1 }\r\n",
        // A name that is written otherwise.
        r#"{"model":"demo","mess\u0061ges":[{"role":"user","content":"hi"}],"temperature":1}"#,
        r#"{"model":"demo","messages":[{"role":"user","content":"hi"}],"temperature":1,"stream":false,"user":"u",
            "metadata":{"a":1},"cache":{"ttl":5},"ttl":4,"num_retries":2,"timeout":3,"tags":["t"],"no-log":true}"#,
    ] {
        assert_eq!(body(same), usual, "{same}");
    }
    assert_eq!(Asked { headers: &[("user-agent", "x"), ("anthropic-beta", "y")], ..Asked::default() }.key(), usual);
}

#[test]
fn what_shapes_an_answer_changes_its_key() {
    let mut seen = vec![Asked::default().key()];
    let mut differs = |what: &str, key: CacheKey| {
        assert!(!seen.contains(&key), "{what}");
        seen.push(key);
    };
    for (what, text) in [
        ("the model", r#"{"model":"other","messages":[{"role":"user","content":"hi"}],"temperature":1}"#),
        ("a parameter", r#"{"model":"demo","messages":[{"role":"user","content":"hi"}],"temperature":1.0}"#),
        ("one more", r#"{"model":"demo","messages":[{"role":"user","content":"hi"}],"temperature":1,"top_p":1}"#),
        ("one less", r#"{"model":"demo","messages":[{"role":"user","content":"hi"}]}"#),
        ("a blank within a text", r#"{"model":"demo","messages":[{"role":"user","content":"h i"}],"temperature":1}"#),
        ("behind a quote", r#"{"model":"demo","messages":[{"role":"user","content":"\" hi"}],"temperature":1}"#),
        ("behind another", r#"{"model":"demo","messages":[{"role":"user","content":"\"hi"}],"temperature":1}"#),
        ("a stream", r#"{"model":"demo","messages":[{"role":"user","content":"hi"}],"temperature":1,"stream":true}"#),
        (
            "the order of names that are there twice",
            r#"{"model":"demo","messages":[],"temperature":1,"temperature":2}"#,
        ),
        ("the other order", r#"{"model":"demo","messages":[],"temperature":2,"temperature":1}"#),
        ("what lies between fields", r#"{"model":"demo","messages":[],"a":"1","b":"2"}"#),
        ("elsewhere", r#"{"model":"demo","messages":[],"a":"1\",\"b\":\"2"}"#),
    ] {
        differs(what, body(text));
    }
    for (what, asked) in [
        ("the dialect", Asked { front: "anthropic", ..Asked::default() }),
        ("the kind of call", Asked { operation: Operation::Completion, ..Asked::default() }),
        ("a path that streams", Asked { front: "gemini", path_stream: Some(true), ..Asked::default() }),
        ("one that does not", Asked { front: "gemini", path_stream: Some(false), ..Asked::default() }),
        ("a beta", Asked { front: "anthropic", headers: &[("anthropic-beta", "x")], ..Asked::default() }),
        ("a namespace", Asked { namespace: Some("n"), ..Asked::default() }),
        ("an empty one", Asked { namespace: Some(""), ..Asked::default() }),
        ("the key", Asked { caller: caller("bob", Some("red")), ..Asked::default() }),
        ("its team", Asked { caller: caller("ada", Some("blue")), ..Asked::default() }),
        ("no team", Asked { caller: caller("ada", None), ..Asked::default() }),
        ("a team without a name", Asked { caller: caller("ada", Some("")), ..Asked::default() }),
    ] {
        differs(what, asked.key());
    }
}

#[test]
fn answers_are_shared_as_far_as_the_scope_says() {
    let shares = |scope: Scope, one: Caller, other: Caller| {
        let key = |caller: Caller| Asked { caller, scope, ..Asked::default() }.key();
        key(one) == key(other)
    };
    let (bob, eve) = (|| caller("bob", Some("red")), || caller("eve", Some("blue")));
    let alone = |key: &str| caller(key, None);
    for (scope, with_bob, with_eve) in [
        (Scope::Customer, false, false),
        (Scope::Key, false, false),
        (Scope::Team, true, false),
        (Scope::Organization, true, true),
        (Scope::Gateway, true, true),
    ] {
        assert!(shares(scope, ada(), ada()), "{scope:?}");
        assert_eq!((shares(scope, ada(), bob()), shares(scope, ada(), eve())), (with_bob, with_eve), "{scope:?}");
    }
    assert!(!shares(Scope::Team, alone("ada"), alone("bob")), "who has no team shares with nobody");
    assert!(!shares(Scope::Team, alone("ada"), caller("ada", Some("ada"))));
    let of_token = |customer: &str| {
        let mut caller = caller("token:admin", None);
        caller.customer_id = Some(customer.to_owned());
        caller
    };
    assert!(!shares(Scope::Key, of_token("carl"), of_token("cora")), "a token may be of a customer alone");
    let of_customer = |id: &str| {
        let headers: &[_] = &[("x-litellm-end-user-id", id)];
        Asked { scope: Scope::Customer, headers, ..Asked::default() }.key()
    };
    assert_ne!(of_customer("carl"), of_customer("cora"));
}

#[test]
fn a_key_is_read_as_it_is_written() {
    let key = Asked::default().key();
    assert_eq!(CacheKey::parse(&key.to_string()), Some(key));
    assert_eq!(CacheKey::parse(&key.text("a:b")), Some(key));
    for wrong in ["", "0", &"g".repeat(64), &"0".repeat(63), &"0".repeat(65), &"ä".repeat(32)] {
        assert_eq!(CacheKey::parse(wrong), None, "{wrong}");
    }
}

fn kept(text: &str, until_ms: i64) -> Kept {
    Kept {
        model: "openai/demo".to_owned(),
        provider: "openai".to_owned(),
        deployment_id: "one".to_owned(),
        api_base: "http://one".to_owned(),
        usage: types::Usage { input: Some(3), ..Default::default() },
        cost: None,
        at_ms: 5,
        until_ms,
        body: Bytes::from(text.to_owned()),
    }
}

#[test]
fn what_lies_elsewhere_is_read_again_if_it_is_ours_and_not_over() {
    let answer = kept("{\"a\":\n1}\n", 100);
    let bytes: Bytes = answer.pieces().concat().into();
    let read = Kept::read(bytes.clone(), 99).unwrap();
    assert_eq!(format!("{read:?}"), format!("{answer:?}"));
    assert!(Kept::read(bytes, 100).is_none());
    for strange in ["", "\n", "{}\n", "{}", "nonsense\n{}", "{\"ended_at\":\"x\"}\n"] {
        assert!(Kept::read(Bytes::from(strange.to_owned()), 0).is_none(), "{strange:?}");
    }
}

#[test]
fn memory_holds_no_more_than_it_has_room_for() {
    let memory = Memory::new(64 << 10, 8 << 10);
    let digest = |number: u32| CacheKey::parse(&format!("{number:064x}")).unwrap();
    for number in 0..1_000 {
        memory.put(digest(number), Arc::new(kept(&"x".repeat(1_000), 100)));
        assert!(memory.view().bytes <= 64 << 10);
    }
    assert!(memory.view().entries > 10);
    memory.put(digest(5_000), Arc::new(kept(&"x".repeat(1 << 20), 100)));
    assert!(memory.get(&digest(5_000), 0).is_none(), "what is larger than all of it is not there");
    let none = Memory::new(0, 1 << 20);
    none.put(digest(1), Arc::new(kept("x", 100)));
    assert!(none.get(&digest(1), 0).is_none());
}

/// A gateway with a cache on these terms, whose provider follows these scripts.
fn rig(terms: CacheTerms, scripts: impl IntoIterator<Item = Script>) -> Rig {
    rig_of(terms, Spending::default(), scripts)
}

fn rig_of(terms: CacheTerms, spending: Spending, scripts: impl IntoIterator<Item = Script>) -> Rig {
    let one = Deployment { pricing: priced(1_000, 2_000), ..deployment("one") };
    let cache = Some(Arc::new(Shelves::default().cache(terms, None).unwrap()));
    Rig::of(Setup { cache, spending, ..setup([("demo", vec![Arc::new(one)])]) }, scripts)
}

fn whole(said: &str, finish: &str) -> Script {
    let usage = json!({"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15});
    let message = json!({"role": "assistant", "content": said});
    let choices = json!([{"index": 0, "message": message, "finish_reason": finish}]);
    let body = json!({"id": "x", "object": "chat.completion", "model": "demo", "choices": choices, "usage": usage});
    let body = body.to_string();
    vec![Act::Write(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    ))]
}

fn streamed(said: &str) -> Script {
    vec![stream(), piece(0, said), piece(0, " and more"), finish(0), counted(10, 50)]
}

/// Asks twice; what was said, and how often the provider was asked.
async fn twice(rig: &Rig, one: Value, other: Value) -> (String, String, usize) {
    let first = text(rig.ask(one).await).await;
    let second = text(rig.ask(other).await).await;
    (first, second, rig.bodies().len())
}

#[tokio::test(start_paused = true)]
async fn whole_answers_and_streams_are_given_again_as_they_were() {
    let rig = rig(CacheTerms::default(), [whole("one", "stop"), streamed("two")]);
    let (first, second, asked) = twice(&rig, json!({}), json!({"user": "u"})).await;
    assert!(first.contains("one") && first == second && asked == 1, "{first} {second}");
    let (first, second, asked) = twice(&rig, json!({"stream": true}), json!({"stream": true})).await;
    assert!(first.ends_with("data: [DONE]\n\n") && first == second && asked == 2, "{first} {second}");
    let entries: Vec<Entry> = rig.entries.borrow().clone();
    let said = |entry: &Entry| (entry.cache_hit, entry.cost, entry.saved, entry.is_attempt(), entry.is_call());
    let [whole, whole_again, streamed, streamed_again] = &entries[..] else { panic!("{entries:?}") };
    for (first, again) in [(whole, whole_again), (streamed, streamed_again)] {
        assert_eq!(said(first), (false, first.cost, None, true, true));
        assert_eq!(said(again), (true, Some(Usd::ZERO), first.cost, true, true));
        assert_eq!(
            (&again.model, &again.deployment_id, again.usage),
            (&first.model, &first.deployment_id, first.usage)
        );
        assert!(first.cost.is_some() && first.cache_key.is_some() && first.cache_key == again.cache_key);
        assert!(again.charges.is_empty() && again.attempt_id != first.attempt_id);
    }
    assert_eq!((streamed_again.stream, whole_again.stream), (true, false));
}

#[tokio::test(start_paused = true)]
async fn only_what_ended_well_is_kept() {
    let error = || vec![Act::Write("HTTP/1.1 400 Bad Request\r\ncontent-length: 2\r\n\r\n{}".to_owned())];
    let cut = || vec![cut_stream(), piece(0, "half")];
    let broken = || {
        let trouble = event(json!({"error": {"message": "it broke", "type": "server_error"}}));
        vec![stream(), piece(0, "half"), trouble]
    };
    let failed = || {
        let end = event(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "error"}]}));
        vec![stream(), piece(0, "half"), end, counted(1, 1)]
    };
    let endless = || vec![stream(), piece(0, "half")];
    let long = || vec![stream(), piece(0, &"x".repeat(3_000)), finish(0), counted(1, 1)];
    for (what, stream, script) in [
        ("an error", false, error as fn() -> Script),
        ("a cut stream", true, cut),
        ("an error in a stream", true, broken),
        ("a stream without an end", true, endless),
        ("a whole answer that broke off", false, || whole("half", "error")),
        ("a stream that broke off", true, failed),
        ("a long answer", false, || whole(&"x".repeat(3_000), "stop")),
        ("a long stream", true, long),
    ] {
        let terms = CacheTerms { item_bytes: 2_048, ..CacheTerms::default() };
        let rig = rig(terms, [script(), script()]);
        let fields = json!({"stream": stream, "num_retries": 0});
        let asked = twice(&rig, fields.clone(), fields).await.2;
        assert_eq!(asked, 2, "{what} was kept");
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_cut_short_for_want_of_money_is_not_kept() {
    // Money for some 50 tokens of output.
    let budget = policy::Budget { limit: Usd::from_nanos(110), span: None, lenient: false };
    for (output, is_kept) in [(5, true), (1_000, false)] {
        let answer = || {
            let Act::Write(text) = whole("one", "length").remove(0) else { unreachable!() };
            let (head, body) = text.split_once("\r\n\r\n").unwrap();
            let body = body.replace("\"completion_tokens\":5", &format!("\"completion_tokens\":{output}"));
            let head = head.rsplit_once(' ').unwrap().0;
            vec![Act::Write(format!("{head} {}\r\n\r\n{body}", body.len()))]
        };
        let spending = Spending { budget: Some(budget), ..Spending::default() };
        let rig = rig_of(CacheTerms::default(), spending, [answer(), answer()]);
        let first = rig.ask(json!({})).await;
        assert!(first.headers.contains_key("x-lockgate-max-tokens"));
        let _ = (text(first).await, rig.ask(json!({})).await);
        assert_eq!(rig.entries.borrow().iter().any(|entry| entry.cache_hit), is_kept, "{output}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stream_whose_caller_leaves_is_not_kept() {
    let rig = rig(CacheTerms::default(), [streamed("one"), streamed("two")]);
    let reply = rig.ask(json!({"stream": true})).await;
    let crate::Content::Stream(mut delivery) = reply.content else { panic!("it is a stream") };
    std::future::poll_fn(|cx| delivery.poll_piece(cx)).await.unwrap();
    drop(delivery);
    let answer = text(rig.ask(json!({"stream": true})).await).await;
    assert!(answer.contains("two"), "{answer}");
}

#[tokio::test(start_paused = true)]
async fn what_is_one_of_a_kind_is_neither_kept_nor_given() {
    for fields in [
        json!({"store": true}),
        json!({"previous_response_id": "r"}),
        json!({"conversation": "c"}),
        json!({"background": true}),
        json!({"caching": false}),
        json!({"cache": {"no-cache": true}}),
        json!({"cache": {"no-store": true}}),
        json!({"cache": {"ttl": 0}}),
        json!({"ttl": "0"}),
    ] {
        let rig = rig(CacheTerms::default(), [whole("one", "stop"), whole("two", "stop")]);
        let (_, second, asked) = twice(&rig, fields.clone(), fields.clone()).await;
        assert!(second.contains("two") && asked == 2, "{fields}");
    }
    for fields in [json!({"store": false}), json!({"conversation": null}), json!({"cache": {}}), json!({"cache": null})]
    {
        let rig = rig(CacheTerms::default(), [whole("one", "stop")]);
        assert_eq!(twice(&rig, fields.clone(), fields.clone()).await.2, 1, "{fields}");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_say_how_long_and_how_old() {
    let rig = rig(
        CacheTerms { ttl: Duration::from_secs(100), ..CacheTerms::default() },
        [whole("one", "stop"), whole("two", "stop"), whole("three", "stop"), whole("four", "stop")],
    );
    let ask = async |fields: Value| text(rig.ask(fields).await).await;
    let wait = |seconds: u64| tokio::time::advance(Duration::from_secs(seconds));
    assert!(ask(json!({"cache": {"ttl": 10}})).await.contains("one"));
    wait(9).await;
    assert!(ask(json!({})).await.contains("one"));
    assert!(ask(json!({"cache": {"s-maxage": 9}})).await.contains("one"));
    wait(1).await;
    assert!(ask(json!({})).await.contains("two"), "it is over");
    wait(20).await;
    assert!(ask(json!({"cache": {"s-maxage": 19}})).await.contains("three"), "it is too old, and a new one is kept");
    assert!(ask(json!({"cache": {"s-maxage": 1}})).await.contains("three"));
    assert!(ask(json!({"cache": {"no-cache": true}})).await.contains("four"));
    assert!(ask(json!({})).await.contains("four"), "what was made anew takes the old one's place");
    for wrong in [json!({"cache": "yes"}), json!({"cache": {"ttl": -1}}), json!({"cache": {"namespace": 7}})] {
        assert_eq!(rig.ask(wrong.clone()).await.status, 400, "{wrong}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_answers_are_kept_on_request_nobody_else_gets_them() {
    let terms = CacheTerms { on_request: true, ..CacheTerms::default() };
    let rig = rig(terms, [whole("one", "stop"), whole("two", "stop"), whole("three", "stop")]);
    let wanted = json!({"cache": {"use-cache": true}});
    assert_eq!(twice(&rig, json!({}), json!({})).await.2, 2);
    let (first, second, asked) = twice(&rig, wanted.clone(), wanted).await;
    assert!(first == second && asked == 3, "{first} {second}");
}

#[tokio::test(start_paused = true)]
async fn kinds_of_calls_that_are_not_named_are_not_kept() {
    let terms = CacheTerms { call_types: Some(vec!["embedding".to_owned()]), ..CacheTerms::default() };
    let rig = rig(terms, [whole("one", "stop"), whole("two", "stop")]);
    assert_eq!(twice(&rig, json!({}), json!({})).await.2, 2);
}

#[tokio::test(start_paused = true)]
async fn headers_tell_of_the_callers_own_answer_and_of_nothing_else() {
    let rig = rig(CacheTerms::default(), [whole("one", "stop"), whole("two", "stop"), whole("three", "stop")]);
    let first = rig.ask(json!({})).await.headers;
    let again = rig.ask(json!({})).await.headers;
    let other = rig.ask(json!({"temperature": 2})).await.headers;
    assert_eq!([&first[SAID], &again[SAID], &other[SAID]], ["miss", "hit", "miss"]);
    assert_eq!(first[KEY], again[KEY]);
    assert_ne!(first[KEY], other[KEY]);
    assert_eq!(
        (&again["x-litellm-response-cost"], &again["x-litellm-model-id"]),
        (&"0".parse().unwrap(), &"one".parse().unwrap())
    );
    let headers = rig.ask(json!({"store": true})).await.headers;
    assert!(!headers.contains_key(SAID) && !headers.contains_key(KEY));
}

#[test]
fn a_reload_keeps_what_is_in_memory_unless_its_size_changes() {
    let shelves = Shelves::default();
    let cache = |bytes: u64| shelves.cache(CacheTerms { memory_bytes: bytes, ..CacheTerms::default() }, None).unwrap();
    let first = cache(1 << 20);
    first.memory.put(CacheKey::parse(&"0".repeat(64)).unwrap(), Arc::new(kept("x", 9)));
    assert_eq!(cache(1 << 20).view().entries, 1);
    assert_eq!(cache(2 << 20).view().entries, 0);
    let server = |url: &str| Elsewhere::Redis(Site::Server(url.to_owned()));
    let site = server("redis://r");
    let with = |site: &Elsewhere| shelves.cache(CacheTerms::default(), Some(site)).unwrap().depot.unwrap();
    let depot = with(&site);
    assert!(Arc::ptr_eq(&depot, &with(&site)));
    assert!(!Arc::ptr_eq(&depot, &with(&server("redis://other"))));
    assert!(shelves.cache(CacheTerms::default(), Some(&server("nonsense"))).is_err());
}
