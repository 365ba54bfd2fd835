//! Answers that are given again have nobody else's values in them.

use crate::backs::{Back, mock};
use crate::callers::Front;
use crate::gateway::Gateway;
use crate::manage::{Office, config};

#[tokio::test]
async fn an_answer_with_values_in_it_is_given_to_nobody_else() {
    let text = "For <EMAIL_1>.".bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let provider = mock(&format!("text={text}")).await;
    let base = Back::OpenAi.base(&provider.url());
    let model =
        format!("  - {{model_name: chat, litellm_params: {{model: openai/demo, api_base: '{base}', api_key: x}}}}\n");
    let settings = "litellm_settings: {cache: true, cache_params: {type: local}}\nguardrails:\n  \
        - {guardrail_name: pii, litellm_params: {guardrail: pii, mode: pre_call, default_on: true, output_parse_pii: true}}\n";
    let text = config(settings).replace("model_list:\n", &format!("model_list:\n{model}"));
    let office = Office { gateway: Gateway::start(&text).await };
    for stream in [false, true] {
        // To the provider, and so to a cache, these two ask the same.
        for mail in ["ada@example.org", "bob@example.org"] {
            let answer = office.master().send(&Front::Chat.call("chat", &format!("I am {mail}"), stream)).await;
            assert_eq!(Front::Chat.hear(&answer).text, format!("For {mail}."), "stream: {stream}");
        }
    }
    assert_eq!(provider.requests().len(), 4);
    for _ in 0..2 {
        office.master().send(&Front::Chat.call("chat", "nobody is named", false)).await;
    }
    assert_eq!(provider.requests().len(), 5, "what is masked nowhere is kept as always");
}
