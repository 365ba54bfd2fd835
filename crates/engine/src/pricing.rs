//! What an attempt costs, from the facts about a model.

use store::CostLines;
use types::{ModelFacts, Usage, Usd};

/// Prices of one deployment.
pub(crate) struct Tariff(ModelFacts);

/// What a price depends on beside the usage.
pub(crate) struct Bill {
    pub unix_ms: i64,
    pub duration_ms: u64,
}

/// A cost, whole and line by line.
#[derive(Clone, Copy, Default)]
pub(crate) struct Cost {
    pub total: Usd,
    pub lines: CostLines,
}

/// What a call may cost.
#[derive(Clone, Copy)]
pub(crate) struct Quote {
    pub input: Usd,
    pub output_picousd: u64,
}

impl Quote {
    pub fn tokens(&self, output: u64) -> Usd {
        Usd::from_picos(u128::from(output) * u128::from(self.output_picousd))
    }

    pub fn worst(&self, output: u64) -> Usd {
        self.input + self.tokens(output)
    }

    pub fn tokens_for(&self, amount: Usd) -> u64 {
        let left = (amount - self.input).or_zero().nanos() as u64;
        match self.output_picousd {
            0 => u64::MAX,
            price => left.saturating_mul(1000) / price,
        }
    }
}

impl Tariff {
    pub fn new(facts: ModelFacts) -> Self {
        Tariff(facts)
    }

    pub fn quote(&self, input: u64) -> Option<Quote> {
        let picos = u128::from(input) * u128::from(self.0.input_picousd?);
        Some(Quote { input: Usd::from_picos(picos), output_picousd: self.0.output_picousd? })
    }

    pub fn cost(&self, usage: &Usage, bill: &Bill) -> Option<Cost> {
        let _ = (bill.unix_ms, bill.duration_ms);
        let count = |tokens: Option<u64>| u128::from(tokens.unwrap_or_default());
        let price = |price: Option<u64>| price.map(u128::from);
        let input = price(self.0.input_picousd)?;
        let read = price(self.0.cache_read_picousd).unwrap_or(input);
        let picos =
            (count(usage.input).saturating_sub(count(usage.cache_read))) * input + count(usage.cache_read) * read;
        let output = count(usage.output) * price(self.0.output_picousd)?;
        let (input, output) = (Usd::from_picos(picos), Usd::from_picos(output));
        Some(Cost { total: input + output, lines: CostLines { input, output, ..CostLines::default() } })
    }
}
