//! `guardrails`.

use super::Kind::*;
use super::{Key, Table, noted, on};

/// One guardrail.
pub static GUARDRAIL: Table = Table { name: "guardrails[]", keys: &[ENTRY], open: false };

/// What it does.
pub static GUARDRAIL_PARAMS: Table =
    Table { name: "guardrails[].litellm_params", keys: &[ANY, LOCAL, REMOTE], open: false };

/// A pattern.
pub static GUARDRAIL_PATTERN: Table =
    Table { name: "guardrails[].litellm_params.patterns[]", keys: &[PATTERN], open: false };

/// A word.
pub static GUARDRAIL_WORD: Table =
    Table { name: "guardrails[].litellm_params.blocked_words[]", keys: &[WORD], open: false };

/// A rule about tools.
pub static GUARDRAIL_RULE: Table = Table { name: "guardrails[].litellm_params.rules[]", keys: &[RULE], open: false };

#[rustfmt::skip]
const ENTRY: &[Key] = &[
    on("guardrail_name", Name, "its name, by which keys, teams and calls ask for it"),
    on("litellm_params", Map, "what it does"),
    noted("guardrail_info", Any, "what people want to know about it"),
];

#[rustfmt::skip]
const ANY: &[Key] = &[
    on("guardrail", Name, "what kind it is; `docs/guardrails.md` lists them"),
    on("mode", Texts, "when it is asked: `pre_call`, `during_call`, `post_call`, `logging_only`; `pre_call` unless given"),
    on("default_on", Flag, "asked for every call, named or not"),
    on("skip_system_message_in_guardrail", Flag, "system messages are not looked at"),
    on("skip_tool_message_in_guardrail", Flag, "what tools said is not looked at"),
];

#[rustfmt::skip]
const LOCAL: &[Key] = &[
    on("entities", Texts, "`pii`, `secrets`: classes to look for, or a group of them; all of the kind unless given"),
    on("pii_entities_config", Map, "what becomes of each class: `BLOCK`, `MASK`, `MASK_AND_UNMASK`, `LOG`"),
    on("action", Text, "what becomes of what is found and has no word of its own; `mask` for `pii` and `secrets`, else `block`"),
    on("output_parse_pii", Flag, "what is masked is put back into the answer"),
    on("names", Texts, "`pii`: names to look for, whoever has them"),
    on("patterns", List, "`litellm_content_filter`: classes and regular expressions"),
    on("blocked_words", List, "`litellm_content_filter`: words, found whole and in either case"),
    on("threshold", Count, "`prompt_injection`: how sure one must be, 1 to 20; 10 unless given"),
    on("rules", List, "`tool_permission`: rules in order; the first whose pattern fits decides"),
    on("default_action", Text, "`tool_permission`: `allow` or `deny` where no rule fits; `deny` unless given"),
    on("languages", Texts, "`language`: codes of the languages that may be spoken: `[en, de]`"),
    on("max_input_chars", Count, "`size`: characters of all texts of a request"),
    on("max_messages", Count, "`size`: messages of a request"),
    on("max_output_chars", Count, "`size`: characters of an answer"),
    on("schema", Any, "`json_schema`: what answers must fit; without it the form that the call itself asks for"),
];

#[rustfmt::skip]
const REMOTE: &[Key] = &[
    on("api_base", Text, "where it listens; Lakera's and OpenAI's own addresses unless given"),
    on("api_key", Secret, "the credential"),
    on("headers", Map, "more headers"),
    on("timeout", Limit, "seconds that it may take; 10 unless given, 30 for a judge"),
    on("unreachable_fallback", Text, "`fail_open` or `fail_closed`: what happens when it does not answer, or not sensibly; `fail_closed` unless given"),
    on("additional_provider_specific_params", Map, "`generic_guardrail_api`: what it is told beside the texts"),
    on("presidio_analyzer_api_base", Text, "`presidio`: where its analyzer listens"),
    noted("presidio_anonymizer_api_base", Any, "`presidio`: masking is done here"),
    on("presidio_language", Text, "`presidio`: language of the texts; `en` unless given"),
    on("project_id", Text, "`lakera_v2`: the project whose policy counts"),
    on("categories", Texts, "`azure/text_moderations`: `Hate`, `SelfHarm`, `Sexual`, `Violence`; all of them unless given"),
    on("severity_threshold", Count, "`azure/text_moderations`: the least severity that is refused, 0 to 6; 2 unless given"),
    on("guardrailIdentifier", Text, "`bedrock`: id or ARN of the guardrail"),
    on("guardrailVersion", Text, "`bedrock`: its version; `DRAFT` unless given"),
    on("aws_region_name", Text, "`bedrock`: its region; otherwise `AWS_REGION_NAME`, `AWS_REGION`, the profile's, us-west-2"),
    on("aws_access_key_id", Secret, "`bedrock`: key of Amazon's cloud; otherwise found as for models"),
    on("aws_secret_access_key", Secret, "`bedrock`: its secret"),
    on("aws_session_token", Secret, "`bedrock`: what belongs to a key that holds for a while"),
    on("aws_profile_name", Text, "`bedrock`: a profile"),
    on("aws_role_name", Text, "`bedrock`: a role that is taken"),
    on("aws_session_name", Text, "`bedrock`: what the session of the role is called"),
    on("aws_external_id", Text, "`bedrock`: what the owner of the role wants to be told"),
    on("aws_web_identity_token", Secret, "`bedrock`: token of an issuer that the role trusts, or the file that has it"),
    on("aws_sts_endpoint", Text, "`bedrock`: where roles are taken"),
    on("aws_bedrock_runtime_endpoint", Text, "`bedrock`: other name of `api_base`"),
    noted("mask_request_content", Any, "`bedrock`: what it masks is always masked"),
    noted("mask_response_content", Any, "`bedrock`: what it masks is always masked"),
    on("model", Text, "`openai_moderation`: its model; `llm_as_a_judge`: the group that judges"),
    on("prompt", Text, "`llm_as_a_judge`: the rules that it judges by"),
];

#[rustfmt::skip]
const PATTERN: &[Key] = &[
    on("pattern_type", Text, "`prebuilt` for a class, `regex` for an expression of your own; by what else is given, unless given"),
    on("pattern_name", Text, "the class"),
    on("pattern", Text, "the regular expression"),
    on("name", Text, "what verdicts call the expression; else its number"),
    on("action", Text, "`BLOCK`, `MASK`, `MASK_AND_UNMASK` or `LOG`; as the guardrail says unless given"),
    noted("description", Any, "what it is for"),
];

#[rustfmt::skip]
const WORD: &[Key] = &[
    on("keyword", Name, "the word, or several"),
    on("name", Text, "what verdicts call it; else its number"),
    on("action", Text, "`BLOCK`, `MASK`, `MASK_AND_UNMASK` or `LOG`; as the guardrail says unless given"),
    noted("description", Any, "what it is for"),
];

#[rustfmt::skip]
const RULE: &[Key] = &[
    on("id", Text, "what verdicts call it; else its number"),
    on("tool_name", Name, "names of tools: `*` is any text; a regular expression if it begins with `^`"),
    on("decision", Text, "`allow` or `deny`"),
    noted("description", Any, "what it is for"),
];
