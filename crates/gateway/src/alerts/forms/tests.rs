use super::*;
use crate::alerts::alert::{Level, Table};
use crate::config::AlertKind;

/// An alert whose names try to be markup everywhere.
fn evil() -> Alert {
    let name = "<!channel> @everyone [here](https://evil.example) ``` <b>&\"";
    let mut alert = Alert::new(AlertKind::Budgets, "budget_crossed", "key", Level::Grave);
    alert = alert.saying("Budget spent", format!("All is spent (key {name})"));
    alert.facts.push(("Key", name.to_owned()));
    alert.tables.push(Table { title: "By key", rows: vec![(name.to_owned(), "$5".to_owned())] });
    alert
}

#[test]
fn no_name_calls_anybody_or_leads_anywhere() {
    let slack = write(Form::Slack, &evil(), None).to_string();
    assert!(!slack.contains("<!channel>") && slack.contains("&lt;!channel&gt;"), "{slack}");
    let discord = write(Form::Discord, &evil(), None);
    assert_eq!(discord["allowed_mentions"]["parse"], serde_json::json!([]));
    let shown = discord["embeds"][0]["fields"][0]["value"].as_str().unwrap();
    assert!(shown.contains("\\[here\\](https"), "{shown}");
    let teams = write(Form::Teams, &evil(), None).to_string();
    assert!(!teams.contains("[here]("), "{teams}");
    let letter = letter(&evil(), None);
    let (html, text) = (letter.html(), letter.text());
    assert!(!html.contains("<b>") && html.contains("&lt;b&gt;&amp;&quot;"), "{html}");
    assert!(text.contains("By key\n"), "{text}");
}

#[test]
fn every_channel_shows_the_same_in_its_own_way() {
    let home = Some("https://gateway.example");
    let slack = write(Form::Slack, &evil(), home);
    let attachment = &slack["attachments"][0];
    assert_eq!(attachment["color"], "#e03131");
    assert_eq!(attachment["blocks"][0]["text"]["text"], "Budget spent");
    assert!(slack["text"].as_str().unwrap().starts_with("Budget spent: All is spent (key "));
    let discord = &write(Form::Discord, &evil(), home)["embeds"][0];
    assert_eq!((&discord["title"], &discord["color"]), (&"Budget spent".into(), &0xe0_3131.into()));
    assert_eq!(discord["url"], "https://gateway.example/ui/");
    let card = &write(Form::Teams, &evil(), home)["attachments"][0]["content"];
    assert_eq!((&card["type"], &card["body"][0]["color"]), (&"AdaptiveCard".into(), &"Attention".into()));
    assert_eq!(card["actions"][0]["url"], "https://gateway.example/ui/");
    let fields = write(Form::Webhook, &evil(), home);
    assert_eq!((&fields["event"], &fields["alert_type"]), (&"budget_crossed".into(), &"budget_alerts".into()));
    assert!(letter(&evil(), home).html().contains("href=\"https://gateway.example/ui/\""));
}

#[test]
fn no_name_begins_a_line_of_a_head() {
    let alert = evil().saying("One\r\nBcc: all@example.com", "a\nb");
    assert_eq!((&*alert.title, &*alert.message), ("One  Bcc: all@example.com", "a b"));
}

#[test]
fn what_is_long_stays_within_what_channels_take() {
    let mut alert = evil();
    let row = ("n".repeat(5_000), "$1".to_owned());
    alert = alert.saying("t".repeat(5_000), "&".repeat(5_000));
    alert.tables = vec![Table { title: "By key", rows: vec![row; 10] }; 8];
    alert.facts = vec![("Key", super::super::alert::short(&"k".repeat(5_000))); 30];
    let discord = write(Form::Discord, &alert, None);
    assert!(discord["embeds"][0]["description"].as_str().unwrap().chars().count() <= 4_096);
    assert!(discord["embeds"][0].to_string().chars().count() <= 8_000, "with JSON around it");
    let slack = write(Form::Slack, &alert, None);
    for block in slack["attachments"][0]["blocks"].as_array().unwrap() {
        assert!(block["text"]["text"].as_str().unwrap_or_default().len() <= 3_000);
        assert!(block["fields"].as_array().map_or(0, Vec::len) <= 10);
    }
    assert!(write(Form::Teams, &alert, None).to_string().len() < 28 << 10);
}
