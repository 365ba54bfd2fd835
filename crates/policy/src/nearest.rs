//! "Did you mean ...?": the candidate that a mistyped word was most likely meant to be.

/// Words longer than this are never compared: nobody mistypes them, and hostile ones would cost time.
const LONGEST: usize = 64;

/// The candidate with the smallest edit distance to `word` (insert, delete, replace, swap neighbours; case does
/// not count), if it is close enough to be what was meant: about one slip per three characters. The first of
/// equally near candidates wins.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = fold(word)?;
    let limit = (word.len() / 3).max(1);
    candidates
        .into_iter()
        .filter_map(|candidate| Some((distance(&word, &fold(candidate)?), candidate)))
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.chars().count())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

fn fold(word: &str) -> Option<Vec<char>> {
    let folded: Vec<char> = word.chars().take(LONGEST + 1).flat_map(char::to_lowercase).collect();
    (1..=LONGEST).contains(&folded.len()).then_some(folded)
}

/// Optimal string alignment distance: three rows of the table suffice, as a swap looks back by two.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let replaced = above[j] + usize::from(x != y);
            let mut cost = replaced.min(above[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                cost = cost.min(before[j - 1] + 1);
            }
            row.push(cost);
        }
        before = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests;
