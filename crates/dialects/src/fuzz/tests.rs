//! The targets over the fixtures, over what was found before (`fixtures/finds`), and over mutations of both. A seed decides
//! about everything, so that a run can be repeated; `LOCKGATE_FUZZ_SECONDS=600` looks for longer, with seeds that go on where
//! those of the tests end.

mod mutation;

use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::{TARGETS, Target};
use mutation::{Mutator, Random};

/// Mutations of each target in a usual run.
const USUAL: u64 = 1000;
/// How long one input may take. Most take less than a hundredth of a second.
const PATIENCE: Duration = Duration::from_secs(30);

/// All files of the fixtures, with what tests say beside them.
fn corpus() -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures")];
    while let Some(folder) = folders.pop() {
        let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        paths.sort();
        for path in paths {
            match path.is_dir() {
                true => folders.push(path),
                false => found.push(std::fs::read(path).unwrap()),
            }
        }
    }
    found
}

/// What is run next, and by which seed it was made up.
struct Inputs {
    corpus: Vec<Vec<u8>>,
    mutator: Mutator,
    next: u64,
}

impl Inputs {
    fn of(corpus: Vec<Vec<u8>>) -> Self {
        Inputs { mutator: Mutator::of(&corpus), corpus, next: 0 }
    }

    fn next(&mut self) -> (u64, Vec<u8>) {
        let number = self.next;
        self.next += 1;
        let known = usize::try_from(number).ok().and_then(|at| self.corpus.get(at));
        (number, known.cloned().unwrap_or_else(|| self.mutator.make(&self.corpus, &mut Random::of(number))))
    }
}

/// Runs a target on a thread of its own, so that what does not come to an end is told.
fn check(target: &'static str) {
    let (_, run): Target = *TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    let seconds = std::env::var("LOCKGATE_FUZZ_SECONDS").ok().map(|text| text.parse().unwrap());
    let until = seconds.map(|seconds| Instant::now() + Duration::from_secs(seconds));
    let only = std::env::var("LOCKGATE_FUZZ_INPUT").ok();
    let mut inputs = Inputs::of(only.map_or_else(corpus, |path| vec![std::fs::read(path).unwrap()]));
    let most = if inputs.corpus.len() == 1 { 1 } else { inputs.corpus.len() as u64 + USUAL };
    let (say, hear) = channel();
    let worker = std::thread::spawn(move || {
        while until.map_or(inputs.next < most, |until| Instant::now() < until) {
            let (number, input) = inputs.next();
            // Nobody listens any more where this took too long.
            if say.send((number, input.clone())).is_err() {
                return;
            }
            run(&input);
        }
    });
    let mut last = (0, Vec::new());
    loop {
        match hear.recv_timeout(PATIENCE) {
            Ok(next) => last = next,
            Err(RecvTimeoutError::Timeout) => panic!("{} does not come to an end", kept(target, &last)),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    assert!(worker.join().is_ok(), "{} breaks a promise", kept(target, &last));
}

/// Keeps an input, to be looked at, made shorter, and put among the finds.
fn kept(target: &str, (number, input): &(u64, Vec<u8>)) -> String {
    let path = std::env::temp_dir().join(format!("lockgate-fuzz-{target}-{number}"));
    std::fs::write(&path, input).unwrap();
    format!("{target}: input {number}, kept as {}:", path.display())
}

#[test]
fn json_is_read_as_others_read_it_and_fields_change_alone() {
    check("json");
}

#[test]
fn requests_are_refused_or_written_for_every_provider() {
    check("requests");
}

#[test]
fn answers_are_faults_or_written_for_every_caller() {
    check("answers");
}

#[test]
fn streams_are_the_same_wherever_they_are_cut_and_keep_their_order() {
    check("streams");
}

#[test]
fn forms_are_refused_or_stay_forms() {
    check("forms");
}
