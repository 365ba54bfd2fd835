//! Providers that LiteLLM knows and that are not in the table, each with the reason. Together with the table they are all
//! that it knows (version 1.109.1): a test compares the two with its list.

/// Names and reasons, sorted by name.
pub static OTHERS: &[(&str, &str)] = &[
    ("a2a", "is an agent behind an API of its own, not a model"),
    ("a2a_agent", "is a part of LiteLLM itself"),
    ("agentcore", "searches the web: no model answers"),
    ("anthropic_text", "its text completions have ended; `anthropic` is what there is"),
    ("apiserpent", "searches the web: no model answers"),
    ("auto_router", "is a part of LiteLLM itself"),
    ("aws_polly", "speaks or listens in an API of its own"),
    ("aws_textract", "reads documents: no model answers"),
    ("azure_ai/agents", "is an agent behind an API of its own, not a model"),
    ("azure_ai/doc-intelligence", "reads documents: no model answers"),
    ("azure_speech", "speaks or listens in an API of its own"),
    ("bespoke", "makes decisions in an API of its own, which is not published"),
    ("bing_grounding", "searches the web: no model answers"),
    ("black_forest_labs", "makes pictures or films in an API of its own, in the background"),
    ("brave", "searches the web: no model answers"),
    ("bytez", "has an API of its own, which is not spoken here"),
    ("chatgpt", "a person's subscription, which only that person's own programs may use"),
    ("cursor", "is a part of LiteLLM itself"),
    ("custom", "is a part of LiteLLM itself"),
    ("databricks_agent", "is an agent behind an API of its own, not a model"),
    ("dataforseo", "searches the web: no model answers"),
    ("dotprompt", "keeps prompts: no model answers"),
    ("duckduckgo", "searches the web: no model answers"),
    ("e2b", "runs code: no model answers"),
    ("eu_jev", "makes decisions in an API of its own, which is not published"),
    ("exa_ai", "searches the web: no model answers"),
    ("fal_ai", "makes pictures or films in an API of its own, in the background"),
    ("fastcrw", "searches the web: no model answers"),
    ("firecrawl", "searches the web: no model answers"),
    ("gdc", "how it is signed in to is not known here"),
    ("github_copilot", "a person's subscription; its servers answer editors alone"),
    ("google_pse", "searches the web: no model answers"),
    ("humanloop", "keeps prompts: no model answers"),
    ("langflow", "is an agent behind an API of its own, not a model"),
    ("langfuse", "keeps prompts: no model answers"),
    ("langgraph", "is an agent behind an API of its own, not a model"),
    ("laya", "makes decisions in an API of its own, which is not published"),
    ("linkup", "searches the web: no model answers"),
    ("litellm_agent", "is a part of LiteLLM itself"),
    ("manus", "is an agent behind an API of its own, not a model"),
    ("microsoft_365_copilot", "is an agent behind an API of its own, not a model"),
    ("milvus", "keeps vectors: no model answers"),
    ("mongodb", "keeps vectors: no model answers"),
    ("nace", "makes decisions in an API of its own, which is not published"),
    ("nimble", "searches the web: no model answers"),
    ("nlp_cloud", "has an API of its own, which is not spoken here"),
    ("nvidia_riva", "speaks or listens in an API of its own"),
    ("opensandbox", "runs code: no model answers"),
    ("opensearch", "keeps vectors: no model answers"),
    ("parallel_ai", "searches the web: no model answers"),
    ("petals", "has an API of its own, which is not spoken here"),
    ("pg_vector", "keeps vectors: no model answers"),
    ("predibase", "has an API of its own, which is not spoken here"),
    ("pydantic_ai_agents", "is an agent behind an API of its own, not a model"),
    ("ragflow", "an assistant with an id in the path, over documents of its own"),
    ("reducto", "reads documents: no model answers"),
    ("replicate", "has an API of its own, which is not spoken here"),
    ("runwayml", "makes pictures or films in an API of its own, in the background"),
    ("s3_vectors", "keeps vectors: no model answers"),
    ("sagemaker", "containers with a form of their own; those that speak OpenAI's are `sagemaker_chat`"),
    ("sap", "how its orchestration is asked is not known here"),
    ("scaledown", "has an API of its own, which is not spoken here"),
    ("searchapi", "searches the web: no model answers"),
    ("searxng", "searches the web: no model answers"),
    ("serper", "searches the web: no model answers"),
    ("soniox", "speaks or listens in an API of its own"),
    ("stability", "makes pictures or films in an API of its own, in the background"),
    ("strands_decider", "makes decisions in an API of its own, which is not published"),
    ("tavily", "searches the web: no model answers"),
    ("tinyfish", "searches the web: no model answers"),
    ("topaz", "makes pictures or films in an API of its own, in the background"),
    ("transcribe", "speaks or listens in an API of its own"),
    ("triton", "has an API of its own, which is not spoken here"),
    ("typesafe", "makes decisions in an API of its own, which is not published"),
    ("valkey", "keeps vectors: no model answers"),
    ("vertex_ai/agent_engine", "is an agent behind an API of its own, not a model"),
    ("watsonx_text", "text generation of before chats; `watsonx` is what there is"),
    ("you_com", "searches the web: no model answers"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;

    /// What LiteLLM 1.109.1 knows.
    const KNOWN: &str = include_str!("others/known.txt");

    #[test]
    fn every_provider_of_the_incumbent_is_served_or_named_with_the_reason_why_not() {
        assert_eq!(KNOWN.lines().count(), 220);
        for id in KNOWN.lines() {
            let reason = OTHERS.iter().find(|(name, _)| *name == id);
            assert_eq!(find(id).is_none(), reason.is_some(), "{id}");
        }
        for (id, reason) in OTHERS {
            assert!(KNOWN.lines().any(|known| known == *id) && !reason.is_empty(), "{id}");
        }
        assert!(OTHERS.is_sorted());
    }
}
