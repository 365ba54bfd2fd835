//! Tools, choices and schemas on their way to Anthropic.

use serde_json::json;
use types::{Format, FunctionTool, Raw, Reasoning, Role, Tool, ToolChoice};

use super::words::*;
use super::*;

#[test]
fn tools_are_defined_the_way_anthropic_insists() {
    let tool = |parameters: Option<&str>, strict| {
        let parameters = parameters.map(Raw::new);
        Tool::Function(FunctionTool { name: "f".to_owned(), parameters, strict, ..FunctionTool::default() })
    };
    let sent = |tool, abilities| sent(Chat { tools: vec![tool], ..hello() }, abilities)["tools"][0].take();
    assert_eq!(sent(tool(None, None), old())["input_schema"], json!({"type": "object", "properties": {}}));
    assert_eq!(sent(tool(Some("{}"), None), old())["input_schema"], json!({"type": "object"}));
    let loose = r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}"#;
    assert_eq!(sent(tool(Some(loose), None), recent())["input_schema"]["properties"]["n"]["minimum"], 1);
    let strict = sent(tool(Some(loose), Some(true)), recent());
    assert_eq!(strict["strict"], true);
    assert_eq!(strict["input_schema"]["additionalProperties"], false);
    assert_eq!(sent(tool(Some(loose), Some(true)), old())["strict"], Value::Null);
    let fault = refusal(Chat { tools: vec![function("")], ..hello() }, old());
    assert_eq!(fault.param.as_deref(), Some("tools"));
    let foreign = Tool::Opaque { dialect: "openai", kind: "web_search".to_owned(), raw: Raw::new("{}") };
    assert!(refusal(Chat { tools: vec![foreign], ..hello() }, old()).message.contains("web_search"));
}

#[test]
fn tool_choices_are_mapped() {
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    for (choice, parallel, expected) in [
        (None, None, Value::Null),
        (None, Some(false), json!({"type": "auto", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::Auto), Some(true), json!({"type": "auto"})),
        (Some(ToolChoice::None), Some(false), json!({"type": "none"})),
        (Some(ToolChoice::Required), Some(false), json!({"type": "any", "disable_parallel_tool_use": true})),
        (Some(ToolChoice::Tool("g".to_owned())), None, json!({"type": "tool", "name": "g"})),
        (Some(ToolChoice::Allowed { names: names(&["g"]), required: true }), None, json!({"type": "any"})),
    ] {
        let tools = vec![function("f"), function("g")];
        let filtered = matches!(choice, Some(ToolChoice::Allowed { .. }));
        let chat = Chat { tools, tool_choice: choice, parallel_tool_calls: parallel, ..hello() };
        let body = sent(chat, old());
        assert_eq!(body["tool_choice"], expected);
        assert_eq!(body["tools"].as_array().unwrap().len(), if filtered { 1 } else { 2 });
    }
    let none = Chat { tool_choice: Some(ToolChoice::Required), ..hello() };
    assert_eq!(refusal(none, old()).param.as_deref(), Some("tool_choice"));
}

#[test]
fn a_call_is_not_forced_on_a_model_that_thinks_or_cannot_be_forced() {
    let unforced = Abilities { forced_tool: false, ..recent() };
    let ask = |reasoning| Chat {
        tools: vec![function("f")],
        tool_choice: Some(ToolChoice::Required),
        parallel_tool_calls: Some(false),
        reasoning,
        ..hello()
    };
    for (chat, abilities) in [(ask(None), unforced), (ask(thinking(Effort::High)), recent())] {
        assert_eq!(refusal(chat.clone(), abilities).param.as_deref(), Some("tool_choice"));
        let (body, dropped) = send_chat(chat, abilities, true).unwrap();
        assert_eq!(dropped, ["tool_choice"]);
        assert_eq!(body["tool_choice"], json!({"type": "auto", "disable_parallel_tool_use": true}));
    }
}

#[test]
fn earlier_calls_keep_their_tools_defined() {
    let history = vec![user("1"), of(Role::Assistant, vec![call("a", "")]), of(Role::User, vec![result("a")])];
    let body = sent(chat(history), old());
    assert_eq!(body["tools"][0]["name"], "f");
    assert_eq!(body["tool_choice"], json!({"type": "none"}));
}

const SCHEMA: &str = r#"{"type":"object","properties":{"n":{"type":"integer","minimum":1}}}"#;

fn shaped(tools: Vec<Tool>, reasoning: Option<Reasoning>) -> Chat {
    let format = Format::Schema { name: None, description: None, schema: Raw::new(SCHEMA), strict: None };
    Chat { format: Some(format), tools, reasoning, ..hello() }
}

#[test]
fn a_schema_is_enforced_by_the_best_means_the_model_has() {
    let native = sent(shaped(vec![], None), recent());
    let expected = json!({"type": "json_schema", "schema": {
        "type": "object",
        "properties": {"n": {"type": "integer", "description": "Must satisfy: minimum: 1."}},
        "additionalProperties": false,
    }});
    assert_eq!(native["output_config"]["format"], expected);
    let tool = sent(shaped(vec![], None), old());
    assert_eq!(tool["tool_choice"], json!({"type": "tool", "name": "json_tool_call"}));
    assert_eq!(tool["tools"][0]["input_schema"], json(SCHEMA.as_bytes()));
    assert_eq!(sent(shaped(vec![function("f")], None), old())["tool_choice"], json!({"type": "any"}));
    let forced = Chat { tool_choice: Some(ToolChoice::Tool("f".to_owned())), ..shaped(vec![function("f")], None) };
    assert_eq!(sent(forced, old())["tools"].as_array().unwrap().len(), 1, "the answer will be this call");
    let thinks = Abilities { structured_output: false, ..budgeted() };
    let told = sent(shaped(vec![], thinking(Effort::High)), thinks);
    assert_eq!(told["tools"], Value::Null);
    assert!(told["system"].as_str().unwrap().ends_with(SCHEMA));
    let object = sent(Chat { format: Some(Format::Json), ..hello() }, recent());
    assert!(object["system"].as_str().unwrap().contains("JSON object"));
}

#[test]
fn what_the_decoder_cannot_enforce_becomes_words() {
    for (schema, expected) in [
        (
            r#"{"type":"string","format":"uuid","pattern":"^a+$"}"#,
            json!({"type": "string", "format": "uuid", "pattern": "^a+$"}),
        ),
        (
            r#"{"type":"string","description":"d","format":"phone","pattern":"(?=a)"}"#,
            json!({"type": "string", "description": "d\nMust satisfy: format: \"phone\"; pattern: \"(?=a)\"."}),
        ),
        (
            r#"{"oneOf":[{"type":"array","items":{"type":"number","maximum":5},"minItems":1},{"type":"null"}]}"#,
            json!({"anyOf": [
                {"type": "array", "items": {"type": "number", "description": "Must satisfy: maximum: 5."}, "minItems": 1},
                {"type": "null"},
            ]}),
        ),
        (
            r##"{"$defs":{"a":{"properties":{"minimum":{"type":"string"}}}},"$ref":"#/$defs/a"}"##,
            json!({
                "$defs": {"a": {"properties": {"minimum": {"type": "string"}}, "additionalProperties": false}},
                "$ref": "#/$defs/a",
            }),
        ),
        (
            r#"{"type":["object","null"],"additionalProperties":{"type":"string"}}"#,
            json!({
                "type": ["object", "null"],
                "additionalProperties": false,
                "description": "Must satisfy: additionalProperties: {\"type\":\"string\"}.",
            }),
        ),
        ("true", json!(true)),
    ] {
        let decodable = crate::anthropic::schema::decodable(&Raw::new(schema));
        assert_eq!(json(decodable.get().as_bytes()), expected, "{schema}");
    }
}
