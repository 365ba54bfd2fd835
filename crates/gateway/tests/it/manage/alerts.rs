//! Alerts, as they arrive where they are sent.

mod ear;
mod post;

use jiff::ToSpan;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::{MASTER, Office, Person, config};
use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::client::Call;
use crate::gateway::{Folder, Gateway};
use crate::servers::Postgres;
use ear::Ear;
use post::Post;

async fn spend(person: &Person<'_>, calls: usize) {
    for _ in 0..calls {
        let answer = person.send(&Front::Chat.call("paid", "hello", false)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
}

#[tokio::test]
async fn who_is_named_hears_once_that_a_budget_is_crossed_whatever_replica_sees_it() {
    let (ear, provider, folder) = (Ear::open().await, mock("").await, Folder::new());
    let settings = format!(
        "general_settings:\n  alerting: [slack, webhook]\n  alert_to_webhook_url: {{budget_alerts: '{}'}}\n",
        ear.url("/slack?secret=hidden")
    );
    let (webhook, database) = (ear.url("/fields"), format!("sqlite://{}", folder.path().join("shared.db").display()));
    let env = [("WEBHOOK_URL", &*webhook), ("DATABASE_URL", &*database)];
    let gateway = Gateway::start_with(&config(&settings), &[], &env).await;
    let _other = Gateway::start_with(&config(&settings), &[], &env).await;
    let office = Office { gateway };
    let master = office.master();
    let params = json!({ "model": "openai/demo", "api_base": Back::OpenAi.base(&provider.url()), "api_key": "k",
        "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_request": 0.01 });
    master.done("POST", "/model/new", json!({ "model_name": "paid", "litellm_params": params })).await;
    master.done("POST", "/budget/new", json!({ "budget_id": "soft", "soft_budget": 0.02 })).await;
    master.done("POST", "/team/new", json!({ "team_id": "red", "team_alias": "Red", "budget_id": "soft" })).await;
    let made = json!({ "team_id": "red", "key_alias": "mine", "soft_budget": 0.02, "max_budget": 0.04 });
    let key = office.key(made).await;
    spend(&office.with(&key), 2).await;
    let half = ear.hear("/fields", "threshold_crossed").await;
    assert_eq!((&half["spend"], &half["max_budget"], &half["level"]), (&json!(0.02), &json!(0.04), &json!("note")));

    let soft = ear.hear("/fields", "soft_budget_crossed").await;
    assert_eq!((&soft["spend"], &soft["soft_budget"]), (&json!(0.02), &json!(0.02)), "{soft}");
    spend(&office.with(&key), 2).await;
    let whole = ear.hear("/fields", "budget_crossed").await;
    assert_eq!(
        (&whole["event_group"], &whole["key_alias"], &whole["team_alias"]),
        (&json!("key"), &json!("mine"), &json!("Red"))
    );
    assert_eq!((&whole["spend"], &whole["max_budget"]), (&json!(0.04), &json!(0.04)));
    let groups: Vec<Value> =
        ear.of("/fields", "soft_budget_crossed").iter().map(|body| body["event_group"].clone()).collect();
    let mut sorted: Vec<&str> = groups.iter().filter_map(Value::as_str).collect();
    sorted.sort_unstable();
    assert_eq!(sorted, ["key", "team"], "each once, whichever of the two replicas saw it");
    let text = ear.hear("/slack?secret=hidden", "").await;
    assert!(text["text"].as_str().is_some_and(|text| text.contains("key mine")), "{text}");
    let log = office.gateway.log();
    assert!(!log.contains("hidden") && !log.contains("/fields"), "{log}");
}

#[tokio::test]
async fn who_is_named_hears_that_a_deployment_fails_or_is_slow() {
    let (ear, failing, slow) = (Ear::open().await, mock("status=500").await, mock("first_ms=1200").await);
    let settings = format!(
        "general_settings:\n  alerting: [webhook]\n  alerting_threshold: 1\n  alerting_args: {{minor_outage_alert_threshold: 3, \
         major_outage_alert_threshold: 4}}\nenvironment_variables: {{WEBHOOK_URL: '{}'}}\n",
        ear.url("/told")
    );
    let models = [("failing", &failing), ("slow", &slow)].map(|(name, mock)| {
        let base = Back::OpenAi.base(&mock.url());
        format!("  - {{model_name: {name}, litellm_params: {{model: openai/demo, api_base: '{base}', api_key: sk-any, num_retries: 0}}}}\n")
    });
    let config = config(&settings).replace("model_list:\n", &format!("model_list:\n{}", models.concat()));
    let gateway = Gateway::start(&config).await;
    let master = Person::of(&gateway, MASTER);
    for _ in 0..6 {
        master.send(&Front::Chat.call("failing", "hello", false)).await;
    }
    let answer = master.send(&Front::Chat.call("slow", "hello", false)).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    let outage = ear.hear("/told", "outage_alerts_major").await;
    assert_eq!((&outage["model_group"], &outage["event_group"]), (&json!("failing"), &json!("deployment")));
    assert!(outage["failed_calls"].as_u64().unwrap() >= 4, "{outage}");
    let slow = ear.hear("/told", "llm_too_slow").await;
    assert!(slow["model_group"] == "slow" && slow["seconds"].as_f64().unwrap() >= 1.2, "{slow}");
    assert_eq!(ear.of("/told", "outage_alerts_major").len(), 1, "once");
}

/// A configuration with these settings of alerts beside others.
fn alerting(general: &str) -> String {
    config(&format!("general_settings:\n{general}"))
}

#[tokio::test]
async fn whoever_tries_a_channel_out_hears_what_it_says() {
    let (well, ill) = (Ear::refusing(0, 200, "").await, Ear::refusing(usize::MAX, 403, "invalid_token").await);
    let settings = alerting("  alerting: [slack, discord, teams, webhook]\n");
    let (slack, discord, teams) = (well.url("/slack?key=hidden"), well.url("/discord"), well.url("/teams"));
    let webhook = ill.url("/hook?key=hidden");
    let env = [
        ("SLACK_WEBHOOK_URL", &*slack),
        ("DISCORD_WEBHOOK_URL", &*discord),
        ("TEAMS_WEBHOOK_URL", &*teams),
        ("WEBHOOK_URL", &*webhook),
        ("PROXY_BASE_URL", "https://gateway.example"),
    ];
    let office = Office { gateway: Gateway::start_with(&settings, &[], &env).await };
    let master = office.master();
    for service in ["slack", "discord", "teams", "slack_budget_alerts"] {
        let done = master.see(&format!("/health/services?service={service}")).await;
        assert_eq!(done["status"], "success", "{done}");
    }
    let block = &well.of("/slack?key=hidden", "")[0]["attachments"][0]["blocks"][0];
    assert_eq!(block["text"]["text"], "This is a test");
    assert_eq!(well.of("/discord", "")[0]["embeds"][0]["title"], "This is a test");
    let card = &well.of("/teams", "")[0]["attachments"][0]["content"];
    assert_eq!(
        (&card["type"], &card["actions"][0]["url"]),
        (&json!("AdaptiveCard"), &json!("https://gateway.example/ui/"))
    );

    let why = master.refused("GET", "/health/services?service=webhook", Value::Null, 502).await;
    assert!(why.contains("status 403: invalid_token") && !why.contains("hidden"), "{why}");
    let why = master.refused("GET", "/health/services?service=email", Value::Null, 400).await;
    assert!(why.contains("SMTP_HOST"), "{why}");
    let shown = master.see("/alerts").await;
    let channels = shown["channels"].as_array().expect("a list of channels");
    assert_eq!(channels.len(), 4, "{shown}");
    assert!(channels[0]["last_error"].is_null() && channels[0]["last_sent_at"].is_string(), "{shown}");
    assert!(channels[3]["last_error"].as_str().is_some_and(|why| why.contains("403")), "{shown}");
    let settings = master.see("/alerting/settings").await;
    assert_eq!(settings[0]["field_name"], "budget_alert_ttl");
    let key = office.key(json!({})).await;
    for path in ["/health/services?service=slack", "/alerts"] {
        assert_eq!(office.with(&key).ask("GET", path, Value::Null).await.status(), 403, "{path}");
    }
    let log = office.gateway.log();
    assert!(!shown.to_string().contains("hidden") && !log.contains("hidden"), "{log}");
}

#[tokio::test]
async fn a_channel_that_hangs_holds_nobody_up_and_too_many_alerts_become_one() {
    let (ear, silent) = (Ear::refusing(0, 200, "").await, TcpListener::bind("127.0.0.1:0").await.expect("a free port"));
    let hangs = format!("http://{}/hook", silent.local_addr().expect("it is bound"));
    let settings = alerting(&format!(
        "  alerting: [slack, webhook]\n  alert_to_webhook_url: {{budget_alerts: ['{hangs}', '{}']}}\n  \
         alerting_args: {{max_alerts_per_minute: 2}}\n",
        ear.url("/slack")
    ));
    let webhook = ear.url("/fields");
    let office = Office { gateway: Gateway::start_with(&settings, &[], &[("WEBHOOK_URL", &webhook)]).await };
    let provider = mock("").await;
    let params = json!({ "model": "openai/demo", "api_base": Back::OpenAi.base(&provider.url()), "api_key": "k",
        "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_request": 0.01 });
    office.master().done("POST", "/model/new", json!({ "model_name": "paid", "litellm_params": params })).await;
    for name in ["one", "two", "three", "four"] {
        let key = office.key(json!({ "key_alias": name, "soft_budget": 0.001 })).await;
        spend(&office.with(&key), 1).await;
    }
    ear.hear("/fields", "soft_budget_crossed").await;
    for name in ["one", "two", "three", "four"] {
        office.gateway.logged(&format!("(key {name})")).await;
    }
    ear.hear("/slack", "").await;
    let (fields, texts) = (ear.of("/fields", "soft_budget_crossed").len(), ear.of("/slack", "").len());
    assert!(fields <= 2 && texts <= 2, "the others are told as one, when the minute is over: {fields} {texts}");
}

#[tokio::test]
async fn who_fails_to_sign_in_again_and_again_is_told_of_but_not_what_they_typed() {
    let ear = Ear::refusing(0, 200, "").await;
    let settings = alerting("  alerting: [webhook]\n");
    let webhook = ear.url("/told");
    let gateway = Gateway::start_with(&settings, &[], &[("WEBHOOK_URL", &webhook)]).await;
    let words = json!({ "username": "my-secret-password", "password": "wrong-password" });
    for _ in 0..11 {
        let answer = gateway.call(&Call::post("/v2/login", &words)).await;
        assert!([401, 429].contains(&answer.status()), "{}", answer.text());
    }
    let told = ear.hear("/told", "failed_logins").await;
    assert_eq!((&told["ip"], &told["alert_type"]), (&json!("127.0.0.1"), &json!("failed_logins")));
    assert!(!told.to_string().contains("password"), "{told}");
    assert_eq!(ear.of("/told", "failed_logins").len(), 1, "an attack is one alert");
}

#[tokio::test]
async fn a_report_says_who_spent_what_on_which_model_and_what_failed() {
    let (ear, provider, failing) = (Ear::refusing(0, 200, "").await, mock("").await, mock("status=500").await);
    let settings = alerting("  alerting: [slack, webhook]\n");
    let (slack, webhook) = (ear.url("/slack"), ear.url("/fields"));
    let env = [("SLACK_WEBHOOK_URL", &*slack), ("WEBHOOK_URL", &*webhook)];
    let office = Office { gateway: Gateway::start_with(&settings, &[], &env).await };
    let master = office.master();
    for (name, provider) in [("paid", &provider), ("broken", &failing)] {
        let params = json!({ "model": format!("openai/{name}"), "api_base": Back::OpenAi.base(&provider.url()), "api_key": "k",
            "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_request": 0.01, "num_retries": 0 });
        master.done("POST", "/model/new", json!({ "model_name": name, "litellm_params": params })).await;
    }
    master.done("POST", "/team/new", json!({ "team_id": "red", "team_alias": "The Reds" })).await;
    let key = office.key(json!({ "team_id": "red", "key_alias": "mine" })).await;
    spend(&office.with(&key), 3).await;
    office.with(&key).send(&Front::Chat.call("broken", "hello", false)).await;
    let spent = json!({ "period": "daily", "date": today(&office).await });
    let report = master.done("POST", "/alerts/report", spent.clone()).await["report"].clone();
    assert_eq!((&report["event"], &report["spend"]), (&json!("daily_report"), &json!(0.03)), "{report}");
    assert_eq!(report["failures"], 1, "{report}");
    assert_eq!((&report["teams"][0]["team"], &report["teams"][0]["spend"]), (&json!("The Reds"), &json!(0.03)));
    assert_eq!((&report["keys"][0]["key"], &report["models"][0]["model"]), (&json!("mine"), &json!("openai/paid")));
    assert_eq!(ear.hear("/fields", "daily_report").await, report);
    let text = ear.hear("/slack", "").await.to_string();
    for part in ["The Reds", "mine", "openai/paid", "Errors by model", "openai/broken"] {
        assert!(text.contains(part), "{part} is missing: {text}");
    }
    assert!(!text.contains(&key) && !report.to_string().contains(&key), "{text}");
    let weekly = json!({ "period": "weekly", "date": spent["date"] });
    assert_eq!(master.done("POST", "/alerts/report", weekly).await["report"]["spend"], 0.03);
    let why = master.refused("POST", "/alerts/report", json!({ "date": "2001-01-01" }), 404).await;
    assert!(why.contains("Nobody called"), "{why}");
}

/// The day, in UTC, on which everything that was called is booked.
async fn today(office: &Office) -> String {
    let now = jiff::Timestamp::now();
    let (from, to) = (now - 48.hours(), now + 48.hours());
    let path = format!("/user/daily/activity?start_date={}&end_date={}", from.strftime("%F"), to.strftime("%F"));
    loop {
        let activity = office.master().see(&path).await;
        let day = &activity["results"][0];
        if day["metrics"]["api_requests"] == 4 {
            return day["date"].as_str().expect("a day has a date").to_owned();
        }
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_model_that_answers_for_the_first_time_is_told_of_once() {
    let (ear, folder) = (Ear::refusing(0, 200, "").await, Folder::new());
    let settings = alerting("  alerting: [webhook]\n  alert_types: [new_model_added]\n");
    let (webhook, database) = (ear.url("/told"), format!("sqlite://{}", folder.path().join("shared.db").display()));
    let env = [("WEBHOOK_URL", &*webhook), ("DATABASE_URL", &*database)];
    let office = Office { gateway: Gateway::start_with(&settings, &[], &env).await };
    let _other = Gateway::start_with(&settings, &[], &env).await;
    let master = office.master();
    let provider = mock("").await;
    // Whoever has not looked yet takes what is called for what always was.
    let mut number = 0;
    while ear.of("/told", "new_model_in_use").is_empty() {
        number += 1;
        let params = json!({ "model": format!("openai/new-{number}"), "api_key": "k",
            "api_base": Back::OpenAi.base(&provider.url()) });
        let name = format!("new-{number}");
        master.done("POST", "/model/new", json!({ "model_name": name, "litellm_params": params })).await;
        let answer = master.send(&Front::Chat.call(&name, "hello", false)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
        if number >= 20 {
            ear.hear("/told", "new_model_in_use").await;
        }
        tokio::time::timeout(std::time::Duration::from_secs(2), ear.hear("/told", "new_model_in_use")).await.ok();
    }
    let told = ear.of("/told", "new_model_in_use");
    let names: std::collections::HashSet<String> = told.iter().map(|body| body["model"].to_string()).collect();
    assert_eq!(names.len(), told.len(), "each once, whichever of the two replicas saw it: {told:?}");
}

#[tokio::test]
async fn a_database_that_is_away_and_a_ledger_that_is_late_are_told_of_until_they_are_back() {
    let (ear, server) = (Ear::refusing(0, 200, "").await, Postgres::start());
    let settings = alerting(
        "  alerting: [webhook]\n  alert_types: [db_exceptions, failed_tracking_spend]\n  \
         alerting_args: {ledger_lag_threshold: 1}\n",
    );
    let webhook = ear.url("/told");
    let env = [("WEBHOOK_URL", &*webhook), ("DATABASE_URL", &*server.url)];
    let office = Office { gateway: Gateway::start_with(&settings, &[], &env).await };
    let key = office.key(json!({})).await;
    server.pause();
    let call = Front::Chat.call("demo", "hello", false);
    assert_eq!(office.with(&key).send(&call).await.status(), 200, "calls go on");
    let late = ear.hear("/told", "failed_tracking_spend").await;
    assert!(late["lag_seconds"].as_f64() >= Some(1.0), "{late}");
    assert_eq!(ear.hear("/told", "db_exceptions").await["level"], "grave");
    server.resume();
    assert_eq!(ear.hear("/told", "db_back").await["level"], "good");
    ear.hear("/told", "spend_tracked").await;
    assert_eq!(
        (ear.of("/told", "db_exceptions").len(), ear.of("/told", "failed_tracking_spend").len()),
        (1, 1),
        "once"
    );
}

#[tokio::test]
async fn a_deployment_that_gets_no_calls_is_down_and_then_back() {
    let ear = Ear::refusing(0, 200, "").await;
    let (first, second) = (mock("status=401,fail_first=1").await, mock("").await);
    let models = [&first, &second].map(|mock| {
        let base = Back::OpenAi.base(&mock.url());
        format!(
            "  - {{model_name: pair, litellm_params: {{model: openai/demo, api_base: '{base}', api_key: sk-any}}}}\n"
        )
    });
    let settings =
        alerting("  alerting: [webhook]\n  alert_types: [cooldown_deployment]\nrouter_settings: {cooldown_time: 25}\n");
    let config = settings.replace("model_list:\n", &format!("model_list:\n{}", models.concat()));
    let webhook = ear.url("/told");
    let gateway = Gateway::start_with(&config, &[], &[("WEBHOOK_URL", &webhook)]).await;
    let master = Person::of(&gateway, MASTER);
    while first.requests().is_empty() {
        master.send(&Front::Chat.call("pair", "hello", false)).await;
    }
    let down = ear.hear("/told", "deployment_down").await;
    assert_eq!((&down["model_group"], &down["level"]), (&json!("pair"), &json!("grave")));
    while first.requests().len() < 3 {
        let answer = master.send(&Front::Chat.call("pair", "hello", false)).await;
        assert_eq!(answer.status(), 200, "{}", answer.text());
    }
    let back = ear.hear("/told", "deployment_back").await;
    assert_eq!((&back["model_id"], &back["level"]), (&down["model_id"], &json!("good")));
}

#[tokio::test]
async fn mail_goes_out_encrypted_to_those_whom_it_concerns_and_holds_no_key() {
    let post = Post::open(true).await;
    let folder = Folder::new();
    let trusted = folder.write("ca.pem", &post.certificate);
    let port = post.addr.port().to_string();
    let settings = alerting(
        "  alerting: [email]\n  alert_types: [budget_alerts]\n  alerting_args: {email_to: [ops@example.com]}\n",
    );
    let trusted = trusted.display().to_string();
    let env = [
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &*port),
        ("SMTP_USERNAME", "gateway"),
        ("SMTP_PASSWORD", "a-password"),
        ("SMTP_SENDER_EMAIL", "Lockgate <gateway@example.com>"),
        ("SSL_CERT_FILE", &*trusted),
        ("PROXY_BASE_URL", "https://gateway.example"),
    ];
    let office = Office { gateway: Gateway::start_with(&settings, &[], &env).await };
    let master = office.master();
    let done = master.see("/health/services?service=email").await;
    assert_eq!(done["status"], "success", "{done}");
    let test = post.letter("This is a test").await;
    assert!(test.to == ["ops@example.com"] && test.encrypted && test.signed_in, "{test:?}");
    assert!(test.text.contains("text/html") && test.text.contains("text/plain"), "{test:?}");

    let user = json!({ "user_id": "ana", "user_email": "ana@example.com", "send_invite_email": true });
    let made = master.done("POST", "/user/new", user).await;
    assert_eq!(made["email_sent"], true, "{made}");
    let invitation = post.letter("You are invited").await;
    assert_eq!(invitation.to, ["ana@example.com"]);
    let link = invitation.text.split("invitation_id=").nth(1).expect("there is a link");
    let id: String = link.chars().take_while(char::is_ascii_graphic).collect();
    let claim = json!({ "invitation_link": id, "password": "a good password" });
    let claimed = office.gateway.call(&Call::post("/onboarding/claim_token", &claim)).await;
    assert_eq!(claimed.status(), 200, "{}: {}", claimed.text(), invitation.text);

    let fields = json!({ "user_id": "ana", "key_alias": "of-ana", "send_invite_email": true, "soft_budget": 0.001 });
    let made = master.done("POST", "/key/generate", fields).await;
    assert_eq!(made["email_sent"], true, "{made}");
    let told = post.letter("A key was made for you").await;
    assert!(told.to == ["ana@example.com"] && told.text.contains("of-ana"), "{told:?}");
    let provider = mock("").await;
    let params = json!({ "model": "openai/demo", "api_base": Back::OpenAi.base(&provider.url()), "api_key": "k",
        "input_cost_per_token": 0, "output_cost_per_token": 0, "input_cost_per_request": 0.01 });
    master.done("POST", "/model/new", json!({ "model_name": "paid", "litellm_params": params })).await;
    let key = made["key"].as_str().expect("a new key is shown");
    spend(&office.with(key), 1).await;
    let mut readers =
        [post.letter("Soft budget crossed").await.to, post.letter("Soft budget crossed").await.to].concat();
    readers.sort();
    assert_eq!(readers, ["ana@example.com", "ops@example.com"]);
    let all = post.all();
    assert!(all.iter().all(|letter| !letter.text.contains(key) && letter.encrypted), "{all:?}");
    assert!(!office.gateway.log().contains("a-password"));
}

#[tokio::test]
async fn no_mail_goes_out_in_the_clear_unless_that_is_wanted() {
    let post = Post::open(false).await;
    let port = post.addr.port().to_string();
    let settings = alerting("  alerting: [email]\n  alerting_args: {email_to: [ops@example.com]}\n");
    let env = [
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_PORT", &*port),
        ("SMTP_USERNAME", "gateway"),
        ("SMTP_PASSWORD", "a-password"),
        ("SMTP_SENDER_EMAIL", "gateway@example.com"),
    ];
    let office = Office { gateway: Gateway::start_with(&settings, &[], &env).await };
    let why = office.master().refused("GET", "/health/services?service=email", Value::Null, 502).await;
    assert!(why.contains("STARTTLS"), "{why}");
    assert!(post.all().is_empty() && !post.heard().contains("AUTH"), "{}", post.heard());
    let open = [&env[..1], &env[1..2], &env[4..], &[("SMTP_TLS", "False")]].concat();
    let office = Office { gateway: Gateway::start_with(&settings, &[], &open).await };
    assert_eq!(office.master().see("/health/services?service=email").await["status"], "success");
    assert!(!post.letter("This is a test").await.encrypted);
}
