use std::collections::HashMap;

use types::Effort;

use super::*;

fn lines() -> Vec<&'static str> {
    TEXT.lines().filter(|line| !line.starts_with('#')).collect()
}

#[test]
fn the_catalogue_is_sorted_and_every_line_can_be_read() {
    let keys: Vec<_> = lines().iter().map(|line| line.split('\t').next().unwrap()).collect();
    assert!(keys.len() > 3_500 && TEXT.len() < 600_000, "{} lines, {} bytes", keys.len(), TEXT.len());
    assert!(keys.windows(2).all(|pair| pair[0].as_bytes() < pair[1].as_bytes()));
    for line in lines() {
        assert_eq!(line.split('\t').count(), 13, "{line}");
        let entry = Entry::read(line).unwrap();
        assert!(!entry.key().is_empty() && !entry.provider().is_empty() && !entry.mode().is_empty(), "{line}");
        assert!(entry.columns.iter().all(|column| column.trim() == *column && column.is_ascii()), "{line}");
        for column in entry.columns[3..10].iter().filter(|column| !column.is_empty()) {
            assert!(column.parse::<u64>().is_ok(), "{line}");
        }
        let day = entry.deprecation_date().unwrap_or(20_260_101);
        assert!((20_200_101..21_000_101).contains(&day) && (101..=1231).contains(&(day % 10_000)), "{line}");
        assert!(entry.columns[11].chars().all(|flag| "rsabopfmjtvnixzd".contains(flag.to_ascii_lowercase())), "{line}");
        assert!(!entry.columns[12].split(' ').any(|item| !item.is_empty() && !item.contains('=')), "{line}");
    }
}

#[test]
fn everything_in_the_last_column_is_understood() {
    const SERVICES: [&str; 6] = ["", "flex", "priority", "batch", "balanced", "ultrafast"];
    for line in lines() {
        let entry = Entry::read(line).unwrap();
        let list = entry.prices();
        let kinds = Kind::ALL[5..].iter().filter(|kind| list.base.stated(**kind).is_some()).count();
        let fees = list.fees;
        let pieces = [fees.request, fees.second, fees.audio_second, fees.character];
        let images = [fees.image_read, fees.image_made, fees.pixel, fees.query];
        let fees = pieces.iter().chain(&images).flatten().count() + usize::from(fees.web_search.is_some());
        let items = entry.columns[12].split(' ').filter(|item| !item.is_empty()).count();
        let others = list.variants.len() + list.factors.len() + usize::from(list.off_peak.is_some());
        assert_eq!(kinds + fees + others, items, "{line}");
        for variant in &list.variants {
            assert!(SERVICES.contains(&&*variant.service) && !variant.rates.is_empty(), "{line}");
            assert!(variant.above_input_tokens < 10_000_000, "{line}");
        }
    }
}

#[test]
fn models_have_their_rarer_prices_too() {
    let prices = |provider, model| lookup(provider, model).unwrap().prices();
    let opus = prices("anthropic", "claude-opus-5");
    assert_eq!((opus.region_factor(Some("us")), opus.speed_factor(Some("fast"))), (1_100_000, 2_000_000));
    assert_eq!(opus.rates(Some("batch"), 1, false).price(Kind::CacheWriteLong), Some(5_000_000));
    let sol = prices("openai", "gpt-5.6").rates(Some("priority"), 272_001, false);
    assert_eq!((sol.price(Kind::CacheWriteLong), sol.price(Kind::Output)), (Some(40_000_000), Some(60_000_000)));
    let sound = prices("gemini", "gemini-2.5-flash").rates(Some("flex"), 1, false);
    assert_eq!(sound.price(Kind::AudioInput), Some(500_000));
    assert_eq!(prices("openai", "whisper-1").fees.audio_second, Some(100_000_000));
    assert_eq!(prices("openai", "tts-1").fees.character, Some(15_000_000));
    assert_eq!(prices("cohere", "rerank-v3.5").fees.query, Some(2_000_000_000));
    assert_eq!(prices("perplexity", "sonar").fees.web_search, Some([5, 8, 12].map(|price| price * 1_000_000_000)));
    // Exactly the size counts as large there.
    assert_eq!(prices("xai", "grok-4.20").sizes().collect::<Vec<_>>(), [199_999]);
    let deepseek = prices("deepseek", "deepseek-v4-pro");
    assert!(deepseek.off_peak.is_some() && deepseek.is_off_peak(0), "1970 began on a Thursday at midnight");
}

#[test]
fn every_entry_is_found_by_provider_and_model() {
    for line in lines() {
        let entry = Entry::read(line).unwrap();
        let found = lookup(entry.provider(), entry.model()).unwrap_or_else(|| panic!("{line}"));
        let namesake = found.key() != entry.key();
        assert!(!namesake || found.key().contains('/'), "{line} is hidden by {}", found.key());
    }
}

#[test]
fn a_look_up_reads_few_lines() {
    let mut most = 0;
    for key in lines().iter().map(|line| line.split('\t').next().unwrap()).chain(["", "zzz", "m", "\n", "gpt-4o "]) {
        let mut touched = 0;
        search(TEXT, key, |_| touched += 1);
        most = most.max(touched);
    }
    assert!(most <= 20, "{most} lines");
}

#[test]
fn search_works_in_any_text() {
    let check = |text: &str, key: &str, expected: Option<&str>| assert_eq!(search(text, key, |_| ()), expected);
    check("", "a", None);
    check("a\t1", "a", Some("a\t1"));
    check("a\t1\nb\t2\nc\t3\n", "a", Some("a\t1"));
    check("a\t1\nb\t2\nc\t3\n", "b", Some("b\t2"));
    check("a\t1\nb\t2\nc\t3", "c", Some("c\t3"));
    check("a\t1\nb\t2\n", "bb", None);
    check("ä\t1\nö\t2\n", "ö", Some("ö\t2"));
}

#[test]
fn known_models_have_the_expected_facts() {
    let check = |provider: &str, model: &str, window: u64, output: u64, prices: [Option<u64>; 5]| {
        let facts = facts(provider, model);
        assert_eq!((facts.max_input_tokens, facts.max_output_tokens), (Some(window), Some(output)), "{model}");
        let found = [
            facts.input_picousd,
            facts.output_picousd,
            facts.cache_read_picousd,
            facts.cache_write_picousd,
            facts.cache_write_long_picousd,
        ];
        assert_eq!(found, prices, "{model}");
    };
    let some = |prices: [u64; 5]| prices.map(Some);
    check("openai", "gpt-4o", 128_000, 16_384, [Some(2_500_000), Some(10_000_000), Some(1_250_000), None, None]);
    check(
        "anthropic",
        "claude-opus-5-5",
        1_000_000,
        128_000,
        some([4_000_000, 20_000_000, 200_000, 5_000_000, 8_000_000]),
    );
    check(
        "gemini",
        "gemini-2.5-pro",
        1_048_576,
        65_536,
        [Some(1_250_000), Some(10_000_000), Some(125_000), None, None],
    );
    check("ollama", "llama2", 4_096, 4_096, [Some(0), Some(0), None, None, None]);
    assert_eq!(facts("openai", "o3").deprecation_date, Some(20_261_211));
    assert_eq!(facts("openai", "text-embedding-3-small").input_picousd, Some(20_000));
}

#[test]
fn prices_change_with_size_and_service() {
    let prices = lookup("gemini", "gemini-2.5-pro").unwrap().prices();
    let check = |service, tokens, input, output| {
        let rates = prices.rates(service, tokens, false);
        let found = (rates.stated(Kind::Input), rates.stated(Kind::Output));
        assert_eq!(found, (Some(input), Some(output)), "{service:?} {tokens}");
    };
    assert_eq!(prices.fees.web_search, Some([35_000_000_000; 3]));
    check(None, 200_000, 1_250_000, 10_000_000);
    check(None, 200_001, 2_500_000, 15_000_000);
    check(Some("flex"), 1, 625_000, 5_000_000);
    check(Some("priority"), 300_000, 4_500_000, 27_000_000);
    let qwen = lookup("dashscope", "qwen-flash").unwrap().prices();
    assert_eq!(qwen.rates(None, 256_001, false).stated(Kind::Input), Some(250_000));
}

#[test]
fn only_the_documented_spellings_are_tried() {
    let check = |provider: &str, model: &str, key: Option<&str>| {
        assert_eq!(lookup(provider, model).map(|entry| entry.key()), key, "{provider} {model}");
    };
    check("openai", "gpt-4o", Some("gpt-4o"));
    check("azure", "gpt-4o", Some("azure/gpt-4o"));
    check("text-completion-openai", "gpt-3.5-turbo-instruct", Some("gpt-3.5-turbo-instruct"));
    check("gemini", "models/gemini-2.5-flash", Some("gemini/gemini-2.5-flash"));
    check("gemini", "gemini/gemini-2.5-flash", Some("gemini/gemini-2.5-flash"));
    check("ollama_chat", "llama2", Some("ollama/llama2"));
    check("amazon_nova", "nova-pro-v1", Some("amazon-nova/nova-pro-v1"));
    check("openai", "ft:gpt-4o-mini-2024-07-18:acme::abc123", Some("ft:gpt-4o-mini-2024-07-18"));
    check("groq", "gpt-4o", None);
    check("openai", "gpt-4o-2031-01-01", None);
    check("openai", "claude-opus-5", None);
    check("anthropic", "opus", None);
    for hostile in ["", "\t", "\n", "# Model catalogue.", "🦀", "ft::", "models/"] {
        check("openai", hostile, None);
        check(hostile, "gpt-4o", None);
    }
}

#[test]
fn an_unlisted_model_has_no_price_but_may_have_abilities() {
    assert_eq!(lookup("openai", "gpt-99"), None);
    let believed = Abilities { reasoning: true, ..Abilities::default() };
    let nothing_known = ModelFacts { abilities: believed, ..ModelFacts::default() };
    assert_eq!(facts("hosted_vllm", "my-model"), nothing_known);
    let unlisted = facts("anthropic", "claude-opus-5-6");
    assert_eq!((unlisted.input_picousd, unlisted.max_input_tokens), (None, None));
    assert!(unlisted.abilities.adaptive_thinking && !unlisted.abilities.sampling);
}

#[test]
fn a_resold_model_has_the_windows_of_the_original_but_not_its_price() {
    let resold = facts("openrouter", "openai/gpt-5");
    assert_eq!((resold.max_input_tokens, resold.input_picousd), (Some(272_000), None));
    assert!(resold.abilities.reasoning && resold.abilities.sampling);
    assert!(facts("openrouter", "anthropic/claude-opus-5").abilities.system_anywhere);
}

#[test]
fn the_catalogue_and_the_names_of_claude_models_agree() {
    let mut odd: Vec<&str> = Vec::new();
    for entry in entries_of("anthropic") {
        let mut told = families::abilities("anthropic", entry.model());
        families::settle(&mut told);
        if told != entry.facts().abilities {
            odd.push(entry.key());
        }
    }
    assert_eq!(odd, Vec::<&str>::new());
}

#[test]
fn abilities_of_models_that_people_use() {
    let abilities = |provider, model| facts(provider, model).abilities;
    let sonnet = abilities("anthropic", "claude-sonnet-4-5");
    assert!(sonnet.sampling && sonnet.budget_thinking && sonnet.prefill && !sonnet.adaptive_thinking);
    let opus = abilities("anthropic", "claude-opus-4-6");
    assert!(opus.adaptive_thinking && opus.budget_thinking && !opus.prefill);
    assert_eq!((opus.max_effort, opus.effort_xhigh), (Effort::Max, false));
    let gpt = abilities("openai", "gpt-5.1");
    assert!(gpt.takes_sampling(None) && !gpt.takes_sampling(Some(Effort::Low)));
    assert_eq!(gpt.fit_effort(Effort::XHigh), Effort::High);
    let luna = abilities("openai", "gpt-6-luna");
    assert!(luna.effort_none && luna.takes_sampling(Some(Effort::None)) && !luna.takes_sampling(None));
    assert!(abilities("openai", "gpt-6-astra").thinking_always_on);
    assert!(!abilities("gemini", "gemini-3.8-flash").sampling);
    assert!(!abilities("openai", "gpt-4").structured_output && abilities("openai", "gpt-4o").structured_output);
    let resold = abilities("perplexity", "anthropic/claude-opus-4-7");
    assert!(!resold.reasoning && !resold.adaptive_thinking, "a reseller may switch reasoning off");
    let entry = lookup("openai", "gpt-3.5-turbo").unwrap();
    assert_eq!((entry.tools(), entry.vision()), (Some(true), None));
}

#[test]
fn a_provider_lists_its_models_as_it_spells_them() {
    let models = |provider| models_of(provider).collect::<Vec<_>>();
    assert!(models("openai").contains(&"gpt-4o") && !models("openai").contains(&"gpt-image-1"));
    assert!(models("gemini").contains(&"gemini-2.5-pro") && models("groq").len() >= 5);
    assert!(models("ollama_chat").contains(&"llama2"));
    assert_eq!(models("nobody"), Vec::<&str>::new());
    let by_provider = entries().fold(HashMap::new(), |mut count: HashMap<_, u32>, entry| {
        *count.entry(entry.provider()).or_default() += 1;
        count
    });
    assert!(by_provider.len() > 80 && !by_provider.keys().any(|provider| provider.contains("vertex_ai-")));
}
