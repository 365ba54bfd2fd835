use engine::Setup;

use super::*;
use crate::config::tests::{load_text, setup};

const TWO: &str = "
  - {model_name: small, litellm_params: {model: ollama/llama3, api_base: \"http://gpu-1:11434\", num_ctx: 16384}}
  - {model_name: small, litellm_params: {model: ollama_chat/llama3, api_base: \"http://gpu-2:11434/\"}}
";

fn with(models: &str, nodes: &str) -> Setup {
    setup(&format!("model_list:{models}\nrouter_settings: {{nodes: [{nodes}]}}"))
}

/// The addresses of each fleet's nodes.
fn fleets(setup: &Setup) -> Vec<Vec<String>> {
    let nodes = |fleet: &Arc<Fleet>| fleet.view().nodes.into_iter().map(|node| node.api_base).collect();
    setup.fleets.iter().map(nodes).collect()
}

#[test]
fn nodes_that_share_a_group_or_a_model_are_one_fleet() {
    let setup = with(
        &format!(
            "{TWO}
  - {{model_name: other, litellm_params: {{model: \"ollama/llama3:latest\", api_base: \"http://gpu-3:11434\"}}}}
  - {{model_name: alone, litellm_params: {{model: ollama/qwen, api_base: \"http://gpu-4:11434\"}}}}
  - {{model_name: any/*, litellm_params: {{model: ollama/*, api_base: \"http://gpu-5:11434\"}}}}
  - {{model_name: vllm, litellm_params: {{model: hosted_vllm/x, api_base: \"http://gpu-6:8000\"}}}}"
        ),
        "",
    );
    let [one, two, three, four, five] = [1, 2, 3, 4, 5].map(|nth| format!("http://gpu-{nth}:11434"));
    assert_eq!(fleets(&setup), [vec![one, two, three], vec![four], vec![five]]);
    let berth = setup.groups["small"].deployments[1].node.clone().unwrap();
    assert_eq!((berth.node, berth.most_ctx), (1, None));
    assert!(setup.groups["vllm"].deployments[0].node.is_none());
}

#[test]
fn what_runs_elsewhere_is_on_no_node() {
    let setup = with(
        "
  - {model_name: a, litellm_params: {model: ollama/llama3, api_base: \"https://ollama.com\"}}
  - {model_name: b, litellm_params: {model: \"ollama/gpt-oss:120b-cloud\", api_base: \"http://gpu-1:11434\"}}
  - {model_name: c, litellm_params: {model: ollama/llama3, api_base: \"http://gpu-1:11434\", mock_response: hello}}
  - {model_name: e, litellm_params: {model: ollama/llama3, api_base: \"http://balancer\", manage_node: false}}
  - {model_name: d, litellm_params: {model: openai/llama3, api_base: \"http://gpu-1:11434/v1\", api_key: none}}",
        "",
    );
    assert!(setup.fleets.is_empty() && setup.groups.values().all(|group| group.deployments[0].node.is_none()));
}

#[test]
fn a_node_is_what_the_operator_says() {
    let node = "{api_base: \"http://gpu-1:11434\", slots: 4, vram: 24GB}";
    let view = with(TWO, node).fleets[0].view();
    let facts = |at: usize| (view.nodes[at].slots, view.nodes[at].most_models, view.nodes[at].vram_bytes);
    assert_eq!((facts(0), facts(1)), ((4, 3, Some(24_000_000_000)), (1, 1, None)));
    let parallel = TWO.replace("num_ctx: 16384", "max_parallel_requests: 2");
    assert_eq!(with(&parallel, "").fleets[0].view().nodes[0].slots, 2);
}

#[test]
fn what_is_kept_loaded_stays_in_memory() {
    let kept = TWO.replace("num_ctx: 16384", "preload: 1");
    let setup = with(&kept, "");
    let of = |at: usize| setup.groups["small"].deployments[at].defaults.iter().map(|(name, _)| name.as_str());
    assert!(of(0).eq(["keep_alive"]) && of(1).next().is_none());
    let own = TWO.replace("num_ctx: 16384", "preload: 1, keep_alive: 24h");
    assert_eq!(with(&own, "").groups["small"].deployments[0].defaults[0].1.get(), "\"24h\"");
}

#[test]
fn amounts_of_memory_and_hardware_addresses_are_read() {
    for (text, expected) in [
        ("24GB", Some(24_000_000_000)),
        ("1.5 GiB", Some(1_610_612_736)),
        ("500", Some(500)),
        ("lots", None),
        ("24 apples", None),
        ("-1GB", None),
    ] {
        assert_eq!(bytes(text), expected, "{text}");
    }
    assert_eq!(hardware_address("a4:bb:6D:01:02:03"), Some([0xa4, 0xbb, 0x6d, 1, 2, 3]));
    assert_eq!(hardware_address("a4-bb-6d-01-02-03"), Some([0xa4, 0xbb, 0x6d, 1, 2, 3]));
    assert!(
        ["a4:bb", "", "a4:bb:6d:01:02:0x", "a4:bb:6d:01:02:003"].iter().all(|text| hardware_address(text).is_none())
    );
}

#[test]
fn mistakes_are_named() {
    for (node, expected) in [
        ("{api_base: gpu-1}", "an address must begin with http"),
        ("{slots: 2}", "nodes[0].api_base: is missing"),
        ("{api_base: \"http://gpu-1:11434\", vram: lots}", "not an amount of memory: \"lots\""),
        ("{api_base: \"http://gpu-1:11434\", mac: \"12:34\"}", "not a hardware address"),
        ("{api_base: \"http://gpu-1:11434\", wake_address: here}", "not an address with a port"),
        ("{api_base: \"http://gpu-9:11434\"}", "no engine that is managed here is called at http://gpu-9:11434"),
    ] {
        let text = format!("model_list:{TWO}\nrouter_settings: {{nodes: [{node}]}}");
        let found = load_text(&text).report.to_string();
        assert!(found.contains(expected), "{expected}: {found}");
    }
}
