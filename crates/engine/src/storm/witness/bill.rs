//! What an attempt may cost, from what its provider was asked for and did.

use store::Entry;
use types::Usd;

use super::super::world::Host;
use super::Request;

/// Bytes for which a stream's hold has a token, on the careful side.
const BYTES_PER_TOKEN: u64 = 3;

/// What a provider billed beyond what it was asked for: input beyond the quote, output beyond the bound, and of a
/// stream tokens that it did not write.
pub fn explained(host: &Host, request: &Request, entry: &Entry, opened: &Entry) -> Usd {
    let (input, output) = (entry.usage.input.unwrap_or(0), entry.usage.output.unwrap_or(0));
    let quoted = opened.cost.unwrap_or_default();
    let written = request.stream.then_some(request.written / BYTES_PER_TOKEN);
    let earned = request.bound.into_iter().chain(written).min().unwrap_or(u64::MAX);
    let ceiling = |price: u64, count: u64| {
        let picos = u128::from(price) * u128::from(count);
        Usd::from_nanos(picos.div_ceil(1000) as i64)
    };
    (ceiling(host.input, input) - quoted).or_zero() + ceiling(host.output, output.saturating_sub(earned))
}

/// What is wrong with the booking of a whole answer.
pub fn wrong(host: &Host, request: &Request, entry: &Entry) -> Option<String> {
    let (input, output) = (entry.usage.input.unwrap_or(0), entry.usage.output.unwrap_or(0));
    let picos = u128::from(host.input) * u128::from(input) + u128::from(host.output) * u128::from(output);
    if entry.cost != Some(Usd::from_picos(picos)) {
        return Some(format!("{input} + {output} tokens are booked as {:?}", entry.cost));
    }
    let (said_input, said_output) = request.said;
    let differs = |said: Option<u64>, booked: u64| said.is_some_and(|said| said != booked);
    // Whoever leaves before the provider has counted gets an estimate.
    let differs = !entry.estimated && (differs(said_input, input) || differs(said_output, output));
    (!request.answered || differs)
        .then(|| format!("the provider said {:?}, booked is {input} + {output}", request.said))
}

impl Request {
    /// Most tokens that a stream can have brought at once: those of the bytes under way, and of the piece that is
    /// being written.
    pub fn burst(&self) -> u128 {
        u128::from(self.written.min(self.capacity + self.longest).div_ceil(BYTES_PER_TOKEN))
    }
}
