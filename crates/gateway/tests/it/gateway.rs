//! The real binary as a process: started on a free port with a configuration of its own, listened to on both of its
//! outputs, told things by signals, and gone when the value is dropped.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::time::timeout;

use crate::client::{Answer, Call};
use crate::described;

/// Longest wait for anything the process should do soon.
pub const PATIENCE: Duration = Duration::from_secs(20);
/// Name of the configuration file in the folder in which the process runs.
const CONFIG: &str = "config.yaml";
/// What the gateway says when it can be called, in front of its address.
const LISTENING: [&str; 2] = ["listening on http://", "listening on https://"];

/// A folder of a test's own, gone when dropped.
pub struct Folder(PathBuf);

impl Folder {
    /// Makes a new one.
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!("lockgate-it-{}-{}", std::process::id(), NEXT.fetch_add(1, Relaxed));
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).expect("the folder for temporary files is writable");
        Folder(path)
    }

    /// Writes a file in it and says where it is.
    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).expect("a temporary file can be written");
        path
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind is the business of whoever cleans the folder for temporary files.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// The binary, with nothing of this environment but what a test gives it.
pub fn lockgate(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lockgate"));
    command.args(arguments).env_clear().stdin(Stdio::null()).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Runs the binary to its end; its exit code and both outputs.
pub async fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = timeout(PATIENCE, command.output()).await.expect("the command ends").expect("the binary runs");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

/// A gateway that listens.
pub struct Gateway {
    /// Where it listens.
    pub addr: SocketAddr,
    child: Child,
    stdout: watch::Receiver<String>,
    stderr: watch::Receiver<String>,
    folder: Folder,
}

impl Gateway {
    /// Starts with this text as configuration file.
    pub async fn start(config: &str) -> Self {
        Self::start_with(config, &[], &[]).await
    }

    /// Starts with this text as configuration file, more flags, and an environment.
    pub async fn start_with(config: &str, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let folder = Folder::new();
        folder.write(CONFIG, config);
        let flags = [&["--config", CONFIG, "--host", "127.0.0.1", "--num_workers", "2"], flags].concat();
        Self::spawn(folder, &flags, environment).await
    }

    /// Starts in this folder with these flags alone, on a free port.
    pub async fn spawn(folder: Folder, flags: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = lockgate(&[flags, &["--port", "0"]].concat());
        command.env("XDG_STATE_HOME", folder.path());
        let mut child =
            command.envs(environment.iter().copied()).current_dir(folder.path()).spawn().expect("it starts");
        let mut stdout = listen(child.stdout.take().expect("its output is a pipe"));
        let stderr = listen(child.stderr.take().expect("its errors are a pipe"));
        let said = wait_for(&mut stdout, "try: curl").await;
        let said = said.unwrap_or_else(|| panic!("it does not listen: {}", *stderr.borrow()));
        let address = |line| LISTENING.iter().find_map(|listening| str::strip_prefix(line, *listening));
        let line = said.lines().find_map(address).expect("a line begins so");
        let addr = line.trim().parse().expect("the line ends in an address");
        Gateway { addr, child, stdout, stderr, folder }
    }

    /// Makes a call on a connection of its own and reads the whole answer.
    pub async fn call(&self, call: &Call) -> Answer {
        let answer = call.send(self.addr).await;
        described::check(call.method(), call.path(), &answer).await;
        answer
    }

    /// Replaces the configuration file.
    pub fn reconfigure(&self, config: &str) {
        self.replace(CONFIG, config);
    }

    /// Replaces a file of its folder in one step, as editors and Kubernetes do.
    pub fn replace(&self, name: &str, text: &str) {
        let fresh = self.folder.write("fresh.yaml", text);
        std::fs::rename(fresh, self.folder.path().join(name)).expect("a file can be renamed");
    }

    /// Takes the configuration file away.
    pub fn lose_config(&self) {
        std::fs::remove_file(self.folder.path().join(CONFIG)).expect("a file can be removed");
    }

    /// Sends a signal by its name: `TERM`, `HUP`.
    pub async fn signal(&self, name: &str) {
        let mut kill = Command::new("sh");
        let sent = kill.args(["-c", "kill -s \"$0\" \"$1\"", name, &self.pid().to_string()]).status().await;
        assert!(sent.expect("there is a shell").success(), "signal {name} could not be sent");
    }

    /// Kills it, without a chance to do anything about it. Its folder stays.
    pub async fn kill(mut self) -> Folder {
        self.child.kill().await.expect("a child can be killed");
        self.folder
    }

    /// Where it keeps its files.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    fn pid(&self) -> u32 {
        self.child.id().expect("the process was not waited for")
    }

    /// Waits until the process has ended.
    pub async fn ended(&mut self, within: Duration) -> ExitStatus {
        let ended = timeout(within, self.child.wait()).await;
        let ended = ended.unwrap_or_else(|_| panic!("still running after {within:?}:\n{}", self.log()));
        ended.expect("a child can be waited for")
    }

    /// What it has said so far.
    pub fn said(&self) -> String {
        self.stdout.borrow().clone()
    }

    /// What it has complained about so far.
    pub fn log(&self) -> String {
        self.stderr.borrow().clone()
    }

    /// Waits until the log contains `text`.
    pub async fn logged(&self, text: &str) -> String {
        let found = wait_for(&mut self.stderr.clone(), text).await;
        found.unwrap_or_else(|| panic!("{text:?} is not in the log:\n{}", self.log()))
    }

    /// A line of the process's status in the kernel, in KiB: `VmRSS` is the memory it holds, `VmHWM` the most it
    /// ever held.
    pub fn memory_kib(&self, line: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("the process lives");
        let value = status.lines().find_map(|text| text.strip_prefix(line)?.strip_prefix(':'));
        let value = value.and_then(|value| value.trim().trim_end_matches("kB").trim().parse().ok());
        value.unwrap_or_else(|| panic!("no {line} in {status}"))
    }
}

/// Collects what comes out of a pipe, line by line.
fn listen(pipe: impl AsyncRead + Send + Unpin + 'static) -> watch::Receiver<String> {
    let (told, heard) = watch::channel(String::new());
    tokio::spawn(async move {
        let mut lines = BufReader::new(pipe).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            told.send_modify(|text| text.extend([&line, "\n"]));
        }
    });
    heard
}

/// Waits until a text contains `part`; `None` if it ends or takes too long before.
async fn wait_for(text: &mut watch::Receiver<String>, part: &str) -> Option<String> {
    let found = timeout(PATIENCE, text.wait_for(|text| text.contains(part))).await.ok()?.ok()?;
    Some(found.clone())
}
