use super::super::tests::{check, setup};
use super::*;

fn read(text: &str) -> Guardrails {
    setup(&format!("model_list: [{{model_name: a, litellm_params: {{model: openai/gpt-4o}}}}]\n{text}")).guardrails
}

#[test]
fn guardrails_are_read_as_at_the_incumbent() {
    let found = read(
        r#"
litellm_settings: {skip_system_message_in_guardrail: true}
guardrails:
  - guardrail_name: pii
    litellm_params:
      guardrail: pii
      mode: [pre_call, post_call]
      default_on: true
      output_parse_pii: true
      pii_entities_config: {EMAIL_ADDRESS: MASK, CREDIT_CARD: BLOCK}
      names: [Falcon Nine]
    guardrail_info: {owner: us}
  - guardrail_name: secrets
    litellm_params: {guardrail: hide-secrets, mode: pre_call}
  - guardrail_name: filter
    litellm_params:
      guardrail: litellm_content_filter
      mode: during_call
      skip_system_message_in_guardrail: false
      patterns:
        - {pattern_type: prebuilt, pattern_name: us_ssn, action: BLOCK}
        - {pattern_type: regex, pattern: '\bEMP-\d{4}\b', name: employee, action: MASK}
      blocked_words: [{keyword: project x, action: BLOCK, description: hush}, sesame]
  - {guardrail_name: tricks, litellm_params: {guardrail: prompt_injection, threshold: 15}}
  - guardrail_name: tools
    litellm_params: {guardrail: tool_permission, default_action: allow, rules: [{id: no, tool_name: 'delete_*', decision: deny}]}
  - {guardrail_name: tongues, litellm_params: {guardrail: language, languages: [en, DE]}}
  - {guardrail_name: small, litellm_params: {guardrail: size, max_input_chars: 100}}
  - {guardrail_name: form, litellm_params: {guardrail: json_schema, schema: {type: object}}}
"#,
    );
    let modes: Vec<String> = found
        .all()
        .iter()
        .map(|guard| format!("{}: {}", guard.name, guard.modes.names().collect::<Vec<_>>().join(" ")))
        .collect();
    assert_eq!(
        modes,
        [
            "pii: pre_call post_call",
            "secrets: pre_call",
            "filter: during_call",
            "tricks: pre_call",
            "tools: pre_call",
            "tongues: pre_call",
            "small: pre_call",
            "form: post_call",
        ]
    );
    let [pii, secrets, filter, tricks, tools, tongues, small, form] = found.all() else { panic!("{found:?}") };
    assert!(pii.default_on && pii.skips_system && !secrets.default_on && !filter.skips_system);
    assert_eq!((&*secrets.kind, pii.skips_tools), ("hide-secrets", false));
    let said = |guard: &Guard, text: &str| {
        let hits = guard.check.finds(text);
        hits.into_iter().map(|(name, action)| format!("{name} {}", action.name())).collect::<Vec<_>>()
    };
    let text = "a@example.org 4111 1111 1111 1111 Falcon Nine, EMP-1234 Project X sesame 536-90-4399";
    assert_eq!(said(pii, text), ["email mask_and_unmask", "credit_card block", "name mask_and_unmask"]);
    assert_eq!(said(secrets, "token: 9aF3kL0zQ1xW8eR7tY6u"), ["secret mask"]);
    assert_eq!(said(filter, text), ["us_ssn block", "employee mask", "word 1 block", "word 2 block"]);
    assert!(matches!(tricks.check, Check::Injection(Injection { threshold: 15 })));
    let Check::Tools(permission) = &tools.check else { panic!("{tools:?}") };
    assert_eq!((permission.check("delete_all"), permission.check("list")), (Err(Some("no")), Ok(())));
    assert!(matches!(&tongues.check, Check::Language(codes) if codes[..] == ["en", "de"]));
    assert!(matches!(small.check, Check::Size(Size { input_chars: Some(100), messages: None, output_chars: None })));
    assert!(matches!(&form.check, Check::Form(Some(Format::Schema { .. }))));
}

#[test]
fn what_would_hold_back_less_than_it_says_is_a_mistake() {
    let one = |params: &str, expected: &[&str]| {
        let text = format!(
            "model_list: [{{model_name: a, litellm_params: {{model: openai/gpt-4o}}}}]\nguardrails: [{{guardrail_name: g, litellm_params: {{{params}}}}}]"
        );
        check(&text, expected);
    };
    let known = "known: pii, secrets, litellm_content_filter, prompt_injection, tool_permission, language, size, json_schema, \
         generic_guardrail_api, presidio, openai_moderation, lakera_v2, azure/prompt_shield, azure/text_moderations, bedrock, llm_as_a_judge";
    one(
        "guardrail: aporia",
        &[&format!(
            "config.yaml:2:51: error: guardrails[0].litellm_params.guardrail: there is no guardrail 'aporia' here: nothing would be held back by it; {known}"
        )],
    );
    one(
        "guardrail: pii, mode: pre_mcp_call",
        &[
            "config.yaml:2:67: error: guardrails[0].litellm_params.mode: there is no mode 'pre_mcp_call' here; pre_call, during_call, post_call, logging_only",
        ],
    );
    one(
        "guardrail: pii, action: drop",
        &[
            "config.yaml:2:67: error: guardrails[0].litellm_params.action: there is no action 'drop'; log, mask_and_unmask, mask, block",
        ],
    );
    one(
        "guardrail: size",
        &[
            "config.yaml:2:34: error: guardrails[0].litellm_params: it bounds nothing; write e.g. max_input_chars: 100000",
        ],
    );
    one(
        "guardrail: json_schema, mode: pre_call",
        &[
            "config.yaml:2:75: error: guardrails[0].litellm_params.mode: it looks at answers alone; write mode: post_call",
        ],
    );
    one(
        "guardrail: litellm_content_filter",
        &[
            "config.yaml:2:34: error: guardrails[0].litellm_params: it would find nothing; list `patterns` or `blocked_words`",
        ],
    );
    one(
        "guardrail: litellm_content_filter, patterns: [{pattern: '('}]",
        &[
            "config.yaml:2:34: error: guardrails[0].litellm_params: '(' is no regular expression: unclosed group; see docs/guardrails.md",
        ],
    );
    one(
        "guardrail: tool_permission, rules: [{tool_name: a}]",
        &[
            "config.yaml:2:87: error: guardrails[0].litellm_params.rules[0].decision: neither allow nor deny; write e.g. decision: deny",
        ],
    );
    check(
        "model_list: [{model_name: a, litellm_params: {model: openai/gpt-4o}}]\nguardrails: [{guardrail_name: 'a,b', litellm_params: {guardrail: pii}}]",
        &[
            "config.yaml:2:15: error: guardrails[0].guardrail_name: cannot be a name; at most 128 characters of ASCII, no comma",
        ],
    );
}
